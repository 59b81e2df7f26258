package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// exchange is a request of yourturn and the answer that a proxy gives to it: the
// simulated Jira's, until the proxy changes it.
type exchange struct {
	flavor  jirasim.Flavor
	what    string // the path, without the context path, with N in the place of ids
	request *http.Request
	asked   []byte // the request's body
	victim  string // the id of the story that a mode is about
	status  int
	header  http.Header
	reply   []byte
	write   func(http.ResponseWriter) // answers in the place of the reply; nil: the reply is written
}

// proxy stands between yourturn and a simulated Jira.
type proxy struct {
	to     http.Handler
	flavor jirasim.Flavor
	victim string

	mu    sync.Mutex
	spoil func(*exchange) // nil: it passes everything on
	hosts map[string]bool // that were asked for
}

var longNumber = regexp.MustCompile(`\d{2,}`)

// ServeHTTP implements http.Handler.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	p.to.ServeHTTP(rec, r)
	x := &exchange{
		flavor: p.flavor, what: longNumber.ReplaceAllString(strings.TrimPrefix(r.URL.Path, "/jira"), "N"), request: r, asked: body, victim: p.victim,
		status: rec.Code, header: rec.Header(), reply: rec.Body.Bytes(),
	}
	p.mu.Lock()
	p.hosts[r.Host] = true
	spoil := p.spoil
	p.mu.Unlock()
	if spoil != nil {
		spoil(x)
	}
	maps.Copy(w.Header(), x.header)
	if x.write != nil {
		x.write(w)
		return
	}
	w.WriteHeader(x.status)
	w.Write(x.reply) //nolint:errcheck // the reader went away
}

// mode makes the proxy spoil what it passes on; nil ends that.
func (p *proxy) mode(spoil func(*exchange)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spoil = spoil
}

// is reports whether the exchange is of one of some endpoints.
func (x *exchange) is(parts ...string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(x.what, part) })
}

// search reports whether the exchange is a search for stories.
func (x *exchange) search() bool {
	return strings.HasSuffix(x.what, "/search/jql") || strings.HasSuffix(x.what, "/api/2/search")
}

// stories reports whether the exchange is about stories as a whole; wide, whether it
// asks for more than a field of them.
func (x *exchange) stories() bool {
	return (x.search() || x.is("/issue/bulkfetch", "/issue/N")) && x.status == 200
}

func (x *exchange) wide() bool {
	return x.stories() && (bytes.Contains(x.asked, []byte("assignee")) || strings.Contains(x.request.URL.RawQuery, "assignee"))
}

// holds reports whether the reply is about the victim.
func (x *exchange) holds() bool {
	return bytes.Contains(x.reply, []byte(`"id":"`+x.victim+`"`)) || bytes.Contains(x.reply, []byte(`"issueId":"`+x.victim+`"`))
}

// edit changes the document of the reply.
func (x *exchange) edit(f func(doc map[string]any)) {
	dec := json.NewDecoder(bytes.NewReader(x.reply))
	dec.UseNumber()
	var doc map[string]any
	if dec.Decode(&doc) != nil {
		return // a list
	}
	f(doc)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		panic(err)
	}
	x.reply = out.Bytes()
	x.header.Del("Content-Length")
}

// list returns the objects of a list in a document.
func list(doc map[string]any, name string) (out []map[string]any) {
	values, ok := doc[name].([]any)
	if !ok {
		return nil
	}
	for _, v := range values {
		if one, ok := v.(map[string]any); ok {
			out = append(out, one)
		}
	}
	return out
}

// object returns an object in a document; an empty one where there is none.
func object(doc map[string]any, name string) map[string]any {
	one, ok := doc[name].(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return one
}

// issue changes the victim wherever the reply shows it with more than a field.
func (x *exchange) issue(f func(issue map[string]any)) {
	if !x.wide() || !x.holds() {
		return
	}
	x.edit(func(doc map[string]any) {
		for _, issue := range append(list(doc, "issues"), doc) {
			if issue["id"] == x.victim && issue["fields"] != nil {
				f(issue)
			}
		}
	})
}

// records changes the records of the victim's history, in each form that Jira gives.
func (x *exchange) records(f func(record map[string]any)) {
	all := func(records []map[string]any) {
		for _, r := range records {
			f(r)
		}
	}
	switch {
	case x.is("/changelog/bulkfetch") && x.holds():
		x.edit(func(doc map[string]any) {
			for _, log := range list(doc, "issueChangeLogs") {
				if log["issueId"] == x.victim {
					all(list(log, "changeHistories"))
				}
			}
		})
	case x.flavor == jirasim.DataCenter:
		x.issue(func(issue map[string]any) { all(list(object(issue, "changelog"), "histories")) })
	}
}

// comments changes the comments of the victim, as they come with it.
func (x *exchange) comments(f func(comment map[string]any)) {
	x.issue(func(issue map[string]any) {
		for _, c := range list(object(object(issue, "fields"), "comment"), "comments") {
			f(c)
		}
	})
}

// field sets a field of the victim.
func (x *exchange) field(name string, value any) {
	x.issue(func(issue map[string]any) { object(issue, "fields")[name] = value })
}

// pad makes the reply, which must be an object, longer by n bytes that are never held.
func (x *exchange) pad(n int) {
	reply := bytes.TrimSpace(x.reply)
	x.write = func(w http.ResponseWriter) {
		w.WriteHeader(x.status)
		piece := []byte(strings.Repeat("a", 1<<16))
		io.WriteString(w, `{"padding":"`) //nolint:errcheck // the reader went away
		for range n / len(piece) {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
		io.WriteString(w, `",`+string(reply[1:])) //nolint:errcheck // likewise
	}
}

// says makes the reply another one.
func (x *exchange) says(status int, kind, text string) {
	x.status, x.reply = status, []byte(text)
	x.header.Set("Content-Type", kind)
	x.header.Del("Content-Length")
}

// pipes is a network without sockets, which a bubble of synctest understands.
type pipes struct {
	dialed chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{dialed: make(chan net.Conn), closed: make(chan struct{})} }

// dial returns a connection to the listener.
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.dialed <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialed:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error { p.once.Do(func() { close(p.closed) }); return nil }

// Addr implements net.Listener.
func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9818} }

// proxied starts the service of a rig on its Jira behind a proxy. It must run in a
// bubble of synctest.
func (p *rig) proxied() *proxy {
	between := &proxy{to: p.server, flavor: p.site.Flavor, hosts: map[string]bool{}}
	wires := newPipes()
	srv := &http.Server{Handler: between, ErrorLog: zap.NewStdLog(zap.NewNop())} //nolint:gosec // nobody else reaches it
	go srv.Serve(wires)                                                          //nolint:errcheck // it ends with the test
	network := &http.Transport{DialContext: wires.dial, MaxResponseHeaderBytes: 64 << 10}
	p.opts.Transport, p.level = network, zap.DebugLevel
	p.Cleanup(func() {
		network.CloseIdleConnections()
		if err := srv.Close(); err != nil {
			p.Error(err)
		}
	})
	p.on("http://jira.example", "projects: [PAY, OPS]", "")
	return between
}

// passes lets time pass, for Jira and for this machine.
func (p *rig) passes(d time.Duration) {
	p.later(d)
	time.Sleep(d)
}

// rows returns what the store holds of stories and what was counted of them, a row a
// line.
func (p *rig) rows() []string {
	p.Helper()
	db, err := sql.Open("sqlite", p.storePath())
	if err != nil {
		p.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it only read
	var out []string
	for _, query := range []string{
		`SELECT id, key, updated, gone, parent_only, hex(now) FROM story`, `SELECT story, at, rank, id, hex(body) FROM event`,
		`SELECT id, child FROM parent`, `SELECT id FROM account`, `SELECT id, reason FROM quarantine`, `SELECT story FROM outside`,
		`SELECT story, kind, topic, at, counted FROM ledger`, `SELECT id, name FROM sprint`,
	} {
		out = append(out, p.found(db, query)...)
	}
	slices.Sort(out)
	return out
}

// found returns what a query finds, a line for each row that begins with the last word
// of the query.
func (p *rig) found(db *sql.DB, query string) (out []string) {
	p.Helper()
	rows, err := db.QueryContext(p.Context(), query)
	if err != nil {
		p.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		p.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			p.Fatal(err)
		}
		line := query[strings.LastIndex(query, " ")+1:]
		for _, v := range values {
			line += fmt.Sprintf(" %v", v)
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		p.Fatal(err)
	}
	return out
}

func (p *rig) storePath() string { return strings.TrimPrefix(p.svc.Config().Store.URL, "sqlite:") }

// secretsIn fails if a form of the token is in the log, which is at the level debug,
// on a page, in the metrics, in the audit, or in the files of the store.
func (p *rig) secretsIn() {
	p.Helper()
	texts := map[string]string{"the log": p.log.String(), "the audit": yourturn(p.T, 0, "waits", "--audit", "--config.file", p.svc.Config().File())}
	for _, path := range []string{"/", "/sync", "/metrics", "/-/ready", "/-/healthy"} {
		rec := httptest.NewRecorder()
		p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, path, nil))
		texts[path] = rec.Body.String() + fmt.Sprint(rec.Header())
	}
	files, err := filepath.Glob(p.storePath() + "*")
	if err != nil || len(files) == 0 {
		p.Fatal(files, err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			texts[filepath.Base(file)] = string(text)
		}
	}
	for _, form := range tokenForms() {
		for where, text := range texts {
			if i := strings.Index(text, form); i >= 0 {
				p.Errorf("%s is in %s: %q", form, where, text[max(0, i-80):min(len(text), i+80)])
			}
		}
	}
}

// tokenForms returns the forms of the rig's token that must be nowhere. Of base64 the
// digits that the token alone decides are enough.
func tokenForms() []string {
	const token = "t0k3n"
	forms := []string{token, hex.EncodeToString([]byte(token)), base64.RawStdEncoding.EncodeToString([]byte(token))[:6]}
	for _, user := range []string{"bot@example.com:", "x", "xy"} {
		whole := base64.RawStdEncoding.EncodeToString([]byte(user + token))
		forms = append(forms, whole[(len(user)*8+5)/6:len(whole)-1])
	}
	return forms
}

// peak measures how far the heap grows, garbage included, until it is stopped.
func peak() (stop func() (mib int)) {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	var most atomic.Uint64
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		mine := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(mine)
			most.Store(max(most.Load(), mine[0].Value.Uint64()))
			select {
			case <-ticker.C:
			case <-done:
				return
			}
		}
	}()
	return func() int {
		close(done)
		<-ended
		return int((most.Load() - min(before, most.Load())) >> 20) //nolint:gosec // it is far less
	}
}

// reasons returns why polls failed, as the metrics count it.
func (p *rig) reasons() []string {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/metrics", nil))
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^yourturn_poll_failures_total\{reason="(\w+)"\} [1-9]`).FindAllStringSubmatch(rec.Body.String(), -1) {
		out = append(out, m[1])
	}
	return out
}

// id returns an id as Jira writes one.
func id(n int64) string { return strconv.FormatInt(n, 10) }

// labelled reports whether a stored story has a label.
func (p *rig) labelled(story int64, label string) bool {
	p.Helper()
	for h, err := range p.stored().Histories(p.Context(), []int64{story}) {
		if err != nil {
			p.Fatal(err)
		}
		return slices.ContainsFunc(h.Now[latency.FieldLabels], func(v latency.Value) bool { return v.Name == label })
	}
	return false
}

// redacted returns at how many endpoints a secret was repeated, as the metrics count it.
func (p *rig) redacted() int {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/metrics", nil))
	return len(regexp.MustCompile(`(?m)^yourturn_jira_redacted_replies_total\{endpoint="[^"]+"\} [1-9]`).FindAllString(rec.Body.String(), -1))
}
