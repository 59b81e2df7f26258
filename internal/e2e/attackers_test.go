package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// kind is a kind of attack and how often it was done.
type kind struct {
	name  string
	many  int                                   // at a time
	every rate.Limit                            // in a second, all together
	once  func(context.Context, *mathrand.Rand) // until the other side ends it, or the context
	count *atomic.Int64
}

// kinds lists what is done.
func (a *attackers) kinds() []kind {
	list := []kind{
		{"connections that say nothing", a.idle, 1000, a.silent, nil},
		{"slow readers of metrics", 500, 200, a.slowReader("/metrics"), nil},
		{"slow readers of a page", 100, 50, a.slowReader("/sync"), nil},
		{"heads that drip", 100, 50, a.drip("GET / HTTP/1.1\r\nHost: localhost\r\nX: "), nil},
		{"bodies that drip", 100, 50, a.drip("POST /webhook/jira HTTP/1.1\r\nHost: localhost\r\nX-Hub-Signature: " + unsigned + "\r\nContent-Length: 1000000\r\n\r\n"), nil},
		{"webhooks of 4 MiB", 20, 20, a.webhook(4 << 20), nil},
		{"webhooks of 900 KiB", 20, 20, a.webhook(900 << 10), nil},
		{"small webhooks", 20, 200, a.webhook(300), nil},
		{"requests of noise", 20, 200, a.noise, nil},
		{"large heads", 20, 50, a.largeHead, nil},
		{"reloads", 4, rate.Inf, a.request(http.MethodPost, "/-/reload"), nil},
		{"scrapes", 4, 50, a.request(http.MethodGet, "/metrics"), nil},
		{"pages", 4, 50, a.request(http.MethodGet, "/"), nil},
	}
	for i := range list {
		list[i].count = &atomic.Int64{}
	}
	return list
}

// unsigned is the form of a signature.
var unsigned = "sha256=" + strings.Repeat("0", 64)

// attackVariable makes the test binary attack an address for a while. It holds
// both. In the end it prints how often it did what.
const attackVariable = "YOURTURN_TEST_ATTACK"

// attackers send what a service must stand.
type attackers struct {
	address string
	idle    int // connections that say nothing
}

// attackMain attacks as the value of attackVariable says.
func attackMain(value string) {
	address, text, _ := strings.Cut(value, " ")
	length, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	a := &attackers{address, 10_000}
	if length < time.Minute {
		a.idle = 1_000
	}
	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	kinds := a.kinds()
	a.run(ctx, kinds)
	var done []string
	for _, k := range kinds {
		done = append(done, fmt.Sprintf("%s %d", k.name, k.count.Load()))
	}
	fmt.Println(strings.Join(done, ", "))
}

// run attacks until a context ends.
func (a *attackers) run(ctx context.Context, kinds []kind) {
	var all sync.WaitGroup
	defer all.Wait()
	for i, k := range kinds {
		pace := rate.NewLimiter(k.every, k.many)
		for j := range k.many {
			all.Go(func() {
				rng := mathrand.New(mathrand.NewPCG(uint64(i), uint64(j))) //nolint:gosec // no secret
				for pace.Wait(ctx) == nil {
					k.count.Add(1)
					k.once(ctx, rng)
				}
			})
		}
	}
}

// dialled opens a connection that ends with the context; nil if there is none.
func (a *attackers) dialled(ctx context.Context) (c net.Conn, end func()) {
	d := net.Dialer{Timeout: 10 * time.Second}
	c, err := d.DialContext(ctx, "tcp", a.address)
	if err != nil {
		return nil, func() {}
	}
	stop := context.AfterFunc(ctx, func() { c.Close() }) //nolint:errcheck // an attacker does not look
	return c, func() { stop(); c.Close() }               //nolint:errcheck // likewise
}

// silent opens a connection and waits until the other side ends it.
func (a *attackers) silent(ctx context.Context, _ *mathrand.Rand) {
	c, end := a.dialled(ctx)
	defer end()
	if c != nil {
		c.Read(make([]byte, 1)) //nolint:errcheck // it is to end
	}
}

// slowReader asks for something and reads a little of it now and then.
func (a *attackers) slowReader(path string) func(context.Context, *mathrand.Rand) {
	return func(ctx context.Context, _ *mathrand.Rand) {
		c, end := a.dialled(ctx)
		defer end()
		if c == nil {
			return
		}
		c.(*net.TCPConn).SetReadBuffer(2048) //nolint:errcheck // then it is not so slow
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
		slowly := rate.NewLimiter(2, 1)
		for slowly.Wait(ctx) == nil {
			if _, err := c.Read(make([]byte, 10)); err != nil {
				return
			}
		}
	}
}

// drip sends the beginning of a request, and then a byte at a time.
func (a *attackers) drip(beginning string) func(context.Context, *mathrand.Rand) {
	return func(ctx context.Context, _ *mathrand.Rand) {
		c, end := a.dialled(ctx)
		defer end()
		if c == nil {
			return
		}
		io.WriteString(c, beginning) //nolint:errcheck // the next write fails too
		slowly := rate.NewLimiter(5, 1)
		for slowly.Wait(ctx) == nil {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
		}
	}
}

// do sends a request and reads the answer.
func (a *attackers) do(ctx context.Context, method, path string, body io.Reader, header http.Header) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+a.address+path, body)
	if err != nil {
		return
	}
	req.Header = header
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body) //nolint:errcheck // an attacker does not look
}

// request sends requests.
func (a *attackers) request(method, path string) func(context.Context, *mathrand.Rand) {
	return func(ctx context.Context, _ *mathrand.Rand) { a.do(ctx, method, path, nil, http.Header{}) }
}

// webhook sends webhooks of a size with a signature that is none.
func (a *attackers) webhook(size int) func(context.Context, *mathrand.Rand) {
	body := []byte(`{"timestamp":1,"issue":{"id":"1","fields":{"description":"` + strings.Repeat("x", size) + `"}}}`)
	return func(ctx context.Context, _ *mathrand.Rand) {
		a.do(ctx, http.MethodPost, "/webhook/jira", bytes.NewReader(body), http.Header{"X-Hub-Signature": {unsigned}})
	}
}

// noise sends what is no request, or a strange one.
func (a *attackers) noise(ctx context.Context, rng *mathrand.Rand) {
	junk := make([]byte, 1+rng.IntN(200))
	rand.Read(junk) //nolint:errcheck // it does not fail
	word := hex.EncodeToString(junk)
	paths := []string{"/", "/" + word, "/%00%ff", "/../../etc/passwd", "//", "/metrics?" + word, "/assets/" + word, "/-/" + word, "/owners/" + word, "/" + strings.Repeat("a/", 500), "/sync?x=" + word}
	methods := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X" + word[:1]}
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-User: %s\r\nAccept: %s\r\nAccept-Encoding: gzip;q=%s\r\nContent-Length: %d\r\n\r\n%s",
		methods[rng.IntN(len(methods))], paths[rng.IntN(len(paths))], []string{"localhost", "evil.example", word, ""}[rng.IntN(4)],
		word, "application/openmetrics-text;version="+word, word, len(junk), junk)
	if rng.IntN(4) == 0 {
		text = string(junk)
	}
	c, end := a.dialled(ctx)
	defer end()
	if c != nil {
		c.SetDeadline(time.Now().Add(5 * time.Second)) //nolint:errcheck // then it lasts longer
		io.WriteString(c, text)                        //nolint:errcheck // the read fails too
		c.Read(make([]byte, 4096))                     //nolint:errcheck // an attacker does not look
	}
}

// largeHead sends the largest head that fits.
func (a *attackers) largeHead(ctx context.Context, _ *mathrand.Rand) {
	c, end := a.dialled(ctx)
	defer end()
	if c != nil {
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s", strings.Repeat("x", 900_000))
		c.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // then it lasts longer
		c.Read(make([]byte, 4096))                      //nolint:errcheck // an attacker does not look
	}
}
