package jira

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/andygrunwald/go-jira"
	"github.com/hashicorp/go-retryablehttp"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/yourturn/yourturn/internal/redact"
)

const (
	tries          = 4                // of one request
	requestTimeout = 90 * time.Second // of one try, its body included
	minWait        = 2 * time.Second  // before the second try; doubles from there
	maxWait        = 30 * time.Second
	// patience is the longest time that a request waits. When Jira asks for more the
	// cycle fails, and the next one comes later.
	patience = 2 * time.Minute
	// maxHeader is how many bytes the headers of a reply may have: Jira's have two
	// thousand.
	maxHeader = 64 << 10
)

var (
	errForeignRedirect = errors.New("redirected to another host, to which the token must not be sent")
	errManyRedirects   = errors.New("redirected more than 5 times")
)

// endpointKey is the context key under which a request's endpoint travels to
// the transport.
type endpointKey struct{}

func withEndpoint(ctx context.Context, endpoint string) context.Context {
	return context.WithValue(ctx, endpointKey{}, endpoint)
}

func endpointOf(ctx context.Context) string {
	s, _ := ctx.Value(endpointKey{}).(string)
	return s
}

// newHTTPClient returns the client all requests go through. From the outside
// in: retries, redirects, the token, and single tries. closeIdle ends what
// connections it does not use.
func newHTTPClient(o *Options) (client *http.Client, closeIdle func(), err error) {
	base, closeIdle := o.Transport, func() {} // a transport of others is theirs to close
	if base == nil {
		own, err := newTransport(o.ProxyURL, o.CAFile)
		if err != nil {
			return nil, nil, err
		}
		base, closeIdle = own, own.CloseIdleConnections
	}
	var auth http.RoundTripper
	single := &try{base: base, throttle: o.Throttle, allowed: o.Allowed, limiter: rate.NewLimiter(rate.Limit(o.RequestsPerSecond), o.RequestsPerSecond), observe: o.Observe, now: o.Now, redact: o.Redact, redacted: o.Redacted}
	if o.Email != "" {
		auth = &jira.BasicAuthTransport{Username: o.Email, Password: o.Token, Transport: single}
	} else {
		auth = &jira.PATAuthTransport{Token: o.Token, Transport: single}
	}
	retrying := &retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: auth, CheckRedirect: sameHost},
		RetryWaitMin: minWait, RetryWaitMax: maxWait, RetryMax: tries - 1,
		CheckRetry: func(ctx context.Context, resp *http.Response, err error) (bool, error) {
			if o.OneShot && !single.answered.Load() && ctx.Err() == nil && err != nil && unconnected(err) {
				return false, nil
			}
			if errors.As(err, new(notAllowed)) {
				return false, nil
			}
			return worthRetrying(ctx, resp, err, o.Now())
		},
		Backoff: func(low, high time.Duration, attempt int, resp *http.Response) time.Duration {
			return backoff(low, high, attempt, resp, o.Now())
		},
		RequestLogHook: func(_ retryablehttp.Logger, req *http.Request, retry int) {
			if retry > 0 {
				o.Logger.Info("Jira gave no answer and is asked again", zap.String("jira", o.URL), zap.String("endpoint", endpointOf(req.Context())), zap.Int("try", retry+1))
			}
		},
		ErrorHandler: func(resp *http.Response, err error, _ int) (*http.Response, error) {
			if err != nil { // a RoundTripper returns a response or an error
				return nil, err
			}
			return resp, nil
		},
	}
	return &http.Client{Transport: &retryablehttp.RoundTripper{Client: retrying}}, closeIdle, nil
}

// newTransport returns a transport that trusts the certificates in caFile
// beside the system's, and uses proxyURL, or the environment's proxy if it is "".
func newTransport(proxyURL, caFile string) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = maxHeader
	if proxyURL != "" {
		u, err := url.Parse(proxyURL)
		if err != nil || u.Host == "" {
			return nil, errors.New("jira.proxy_url is no URL: write it as http://host:port")
		}
		t.Proxy = http.ProxyURL(u)
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("jira.ca_file: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("jira.ca_file %s: no certificate in it: it must hold them in PEM form", caFile)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return t, nil
}

// sameHost follows redirects within one host only: the token is set on every
// request, on redirected ones too, and no other host may see it.
func sameHost(req *http.Request, via []*http.Request) error {
	from := via[0].URL
	if req.URL.Host != from.Host || req.URL.Scheme != from.Scheme {
		return fmt.Errorf("%w: %s", errForeignRedirect, req.URL.Scheme+"://"+req.URL.Host)
	}
	if len(via) >= 5 {
		return errManyRedirects
	}
	return nil
}

// worthRetrying reports whether another try may succeed. All requests only read, so
// each of them may be repeated.
func worthRetrying(ctx context.Context, resp *http.Response, err error, now time.Time) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		var held *Error
		return !errors.Is(err, errForeignRedirect) && !errors.Is(err, errManyRedirects) && !errors.Is(err, errTooLong) && !errors.As(err, &held) && !hopeless(err), nil
	}
	if resp.StatusCode != http.StatusTooManyRequests && (resp.StatusCode < 500 || resp.StatusCode == http.StatusNotImplemented) {
		return false, nil
	}
	wait, _ := retryAfter(resp.StatusCode, resp.Header, now)
	return wait <= patience, nil
}

// backoff doubles the wait from try to try, spread so that several pollers do
// not come back at once; what Jira asks for is the least.
func backoff(low, high time.Duration, attempt int, resp *http.Response, now time.Time) time.Duration {
	wait := min(low<<attempt, high)
	wait = time.Duration(float64(wait) * (0.7 + 0.6*rand.Float64()))
	if resp != nil {
		if asked, ok := retryAfter(resp.StatusCode, resp.Header, now); ok {
			return max(wait, asked)
		}
	}
	return wait
}

// retryAfter returns how long a refusal asks to wait, the longest time at most.
// A Retry-After of 0, or none, is made up for by when the budget is filled:
// Cloud names the instant, Data Center the time from one filling to the next.
func retryAfter(status int, h http.Header, now time.Time) (time.Duration, bool) {
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0, false
	}
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		now = t // the instants below are Jira's too
	}
	text := h.Get("Retry-After")
	wait, ok := seconds(text)
	if t, err := http.ParseTime(text); err == nil {
		wait, ok = min(max(0, t.Sub(now)), longest), true
	}
	if wait > 0 || status != http.StatusTooManyRequests {
		return wait, ok
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, h.Get("X-RateLimit-Reset")); err == nil {
			return min(max(0, t.Sub(now)), longest), true
		}
	}
	if interval, ok := seconds(h.Get("X-RateLimit-Interval-Seconds")); ok {
		return interval, true
	}
	return wait, ok
}

// easy is how long the next request waits while Cloud has little left.
const easy = time.Second

// easing returns how long the next request should wait so that it is not
// refused, after an answer that is no refusal: its budget is all but used. The
// answer to that request says whether the one after it should wait too.
//
// Data Center's budget is filled at intervals, so that one can go on to its end,
// and says with each answer how long it is to the next filling: 0 while there is
// some left. Cloud's are filled all the time, and others draw from them as well.
func easing(h http.Header) time.Duration {
	left, given := amount(h.Get("X-RateLimit-Remaining"))
	if interval, ok := seconds(h.Get("X-RateLimit-Interval-Seconds")); ok {
		if !given || left >= 1 {
			return 0
		}
		if wait, _ := seconds(h.Get("Retry-After")); wait > 0 {
			interval = wait
		}
		return min(interval, patience) // then the refusal says how long it really is
	}
	size, sized := amount(h.Get("X-RateLimit-Limit"))
	if strings.EqualFold(h.Get("X-RateLimit-NearLimit"), "true") || given && sized && left < size/5 {
		return easy
	}
	return 0
}

// amount reads a number of requests; NaN and the infinite are none.
func amount(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// seconds reads a number of seconds, the longest time at most.
func seconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // what is too large for a number is large
		return 0, false
	}
	return time.Duration(min(n, uint64(longest/time.Second))) * time.Second, true
}

// notAllowed is why Jira was not asked. It says nothing about Jira.
type notAllowed struct{ error }

// try makes one try of a request: it waits for its turn, bounds the time and
// the length of the reply, reads it whole (so that a cut reply is a failed
// try), heeds what it asks for, and reports it.
type try struct {
	base     http.RoundTripper
	throttle *Throttle
	allowed  func() error
	limiter  *rate.Limiter
	observe  func(endpoint string, code int, took time.Duration, h http.Header)
	now      func() time.Time
	redact   *redact.Redactor
	redacted func(endpoint string)
	answered atomic.Bool // Jira has answered once
}

// RoundTrip implements http.RoundTripper.
func (t *try) RoundTrip(req *http.Request) (*http.Response, error) {
	endpoint := endpointOf(req.Context())
	if err := t.throttle.wait(req.Context(), endpoint, t.now); err != nil {
		return nil, err
	}
	if err := t.limiter.Wait(req.Context()); err != nil {
		return nil, err
	}
	if t.allowed != nil {
		if err := t.allowed(); err != nil {
			return nil, notAllowed{err}
		}
	}
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	defer cancel()
	req = req.Clone(ctx)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "yourturn")
	begin := t.now()
	resp, err := t.base.RoundTrip(req)
	if err == nil {
		t.answered.Store(true)
		t.throttle.remember(endpoint, resp.StatusCode, resp.Header, t.now())
		err = t.readWhole(endpoint, resp)
	}
	if t.observe != nil {
		code, h := 0, http.Header{}
		if err == nil {
			code, h = resp.StatusCode, resp.Header
		}
		t.observe(endpoint, code, t.now().Sub(begin), h)
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// replyBody is the body of a reply that was read whole. Whoever has read it leaves
// the text for others: a call of the library reads a refusal and does not say all
// that it read.
type replyBody struct {
	io.Reader
	text []byte
}

// Close implements io.Closer.
func (*replyBody) Close() error { return nil }

// textOf returns the whole text of a reply, whether it was read before or not.
func textOf(resp *http.Response) ([]byte, error) {
	if body, ok := resp.Body.(*replyBody); ok {
		return body.text, nil
	}
	return io.ReadAll(resp.Body)
}

// readWhole replaces the body of resp by what it holds. Whatever Jira, or a proxy
// before it, repeats of the program's secrets ends here: nothing behind it, be it an
// error, a page or the store, ever has them.
func (t *try) readWhole(endpoint string, resp *http.Response) error {
	repeats := false
	for _, values := range resp.Header {
		for i, v := range values {
			values[i] = t.redact.String(v)
			repeats = repeats || values[i] != v
		}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return fmt.Errorf("reading the reply: %w", err)
	}
	// Texts hold commas too, so this counts a few values too many.
	if len(body) > maxReply || bytes.Count(body, []byte{','}) > maxValues {
		return errTooLong
	}
	clean := t.redact.Bytes(body)
	if repeats = repeats || !bytes.Equal(clean, body); repeats {
		t.redacted(endpoint)
	}
	body = clean
	resp.Body = &replyBody{bytes.NewReader(body), body}
	resp.ContentLength = int64(len(body))
	return nil
}
