// Package jira reads a Jira, Cloud or Data Center, and turns what it answers
// into the domain's events. Everything about Jira's interfaces is here: their
// paging, their limits, what they leave out, and how they spell things.
//
// # What is used of go-jira
//
// Requests go through github.com/andygrunwald/go-jira v1.17.0: its Client with the
// base URL, its authentication transports (BasicAuthTransport, PATAuthTransport),
// NewRequestWithContext and Do for every request, and its typed calls where they
// lose nothing: User.GetSelf (Myself) and Board.GetAllBoards with BoardListOptions
// (Sprints).
//
// Its other typed calls are not used, each for what its types drop or its decoding
// refuses:
//
//   - Issue.Search and SearchPages ask /search, which Cloud answers with 410, and
//     page by offset, which skips issues that move meanwhile. SearchPages never ends
//     where Jira answers a page size of 0.
//   - Issue.SearchV2JQL is a GET, which long lists of ids do not fit, and drops the
//     warnings of a search. Decoding into Issue fails a page of 100 issues for one
//     that it does not understand, drops the totals of changelogs and comments, by
//     which a list that was cut is known, and drops the field ids of changelog items.
//   - Issue.Get is the same for one issue.
//   - Field.GetList drops untranslatedName and scope; Status.GetAllStatuses and
//     IssueType drop scope: team-managed projects have fields, statuses and types of
//     the same name. IssueType drops the hierarchy level too.
//   - Board.GetAllSprintsWithOptions drops activatedDate, and fails for the offset
//     +0100, in which older Data Centers write dates.
//   - Project.ListWithOptions drops the lead. Project.Get decodes versions and
//     components too, and fails for anything unusual in them.
//   - User.Get asks by account id, and Data Center wants the key or the name.
//     User.Find does not escape what it is given.
//   - Its Time, for instants, fails for the offsets Z and +01:00.
//
// And it has no call for serverInfo, permissions, project/search, changelogs and
// issues in bulk, the changelog and the comments of one issue, and counts. It does
// not retry, limit its rate or classify errors: that is in transport.go, throttle.go
// and errors.go.
package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/andygrunwald/go-jira"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/redact"
)

// Options describe the Jira to read and how.
type Options struct {
	URL      string          // base URL, with the context path if there is one
	Flavor   jiradata.Flavor // "" or "auto": ask Jira
	Email    string          // of an API token of Jira Cloud; "" makes Token a personal access token
	Token    string
	ProxyURL string // "": the environment's
	CAFile   string // certificates to trust beside the system's, PEM

	// Components are the keys of the projects whose components Meta reads.
	Components []string

	// Titles has stories come with their titles, unless they have a security level.
	Titles bool

	// Transport replaces the network; ProxyURL and CAFile are not used then.
	Transport http.RoundTripper
	// RequestsPerSecond limits all requests together; 0: 50. As a rule one is in
	// flight, so few Jiras answer faster, and Cloud allows a tenant a hundred a
	// second of each endpoint: half of that is left to others.
	RequestsPerSecond int
	// Throttle remembers how long Jira asked to be left alone; clients of one Jira
	// share it. nil: one of its own.
	Throttle *Throttle
	// Allowed, which may be nil, is asked before every try of a request. Its error is the
	// try's.
	Allowed func() error
	// OneShot says that somebody waits for the answer: while Jira has not answered
	// once, a connection that cannot be made is not tried again.
	OneShot bool
	// Logger may be nil.
	Logger *zap.Logger
	// Observe, which may be nil, is called for every try of a request; code is 0
	// and h empty where no answer came.
	Observe func(endpoint string, code int, took time.Duration, h http.Header)
	// Now is the local clock; nil: time.Now.
	Now func() time.Time
	// Redact takes the program's secrets out of what Jira answers; nil: one of its
	// own, for Token alone.
	Redact *redact.Redactor
	// Redacted, which may be nil, is called for every reply in which that was needed.
	Redacted func(endpoint string)
}

// Client reads one Jira. It is safe for concurrent use.
type Client struct {
	jira      *jira.Client
	closeIdle func()
	base      string
	log       *zap.Logger
	now       func() time.Time
	redact    *redact.Redactor

	components []string // keys of the projects whose components Meta reads
	titles     bool     // stories come with their titles

	mu      sync.Mutex
	flavor  jiradata.Flavor // "" until known
	account string          // whom Jira answered as (Cloud); "" until known
	user    string          // its user name (Data Center); "" until known
	signs   bool            // its replies say whom they are for
	zone    string          // of its profile
	literal literal         // of instants in queries
	schema  *schema         // nil until fields were read
	clocks  clocks          // as replies show them
	site    string          // where people find it; "" until known
	at      latency.Instant // Jira's clock when it answered who asks; 0: not yet
	atLocal time.Time       // the local clock then
	warned  map[string]bool // warnings of searches that were logged
}

// gateway is the path of Jira in Atlassian's gateway for tokens with scopes: an
// address for programs, which people cannot open.
var gateway = regexp.MustCompile(`^/ex/jira/[^/]+$`)

// IsGateway reports whether an address is Atlassian's gateway, which takes tokens
// with scopes, and not a site, which takes those without.
func IsGateway(address string) bool {
	u, err := url.Parse(address)
	return err == nil && gateway.MatchString(strings.TrimRight(u.Path, "/"))
}

// New returns a client. It makes no request: errors are about the options.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("jira.url is not a URL: write it as https://example.atlassian.net")
	}
	if u.User != nil {
		return nil, errors.New("jira.url holds a user name or password: use jira.email and jira.token_file")
	}
	u.RawQuery, u.Fragment = "", ""
	flavor := o.Flavor
	switch flavor {
	case "auto":
		flavor = ""
	case "", jiradata.Cloud, jiradata.DataCenter:
	default:
		return nil, fmt.Errorf("jira.flavor %q: it is auto, cloud or datacenter", o.Flavor)
	}
	// Secrets read from files end in a newline, which no header may hold.
	if o.Token = strings.TrimSpace(o.Token); o.Token == "" {
		return nil, errors.New("there is no token for Jira: set jira.token_file or YOURTURN_JIRA_TOKEN")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Throttle == nil {
		o.Throttle = &Throttle{}
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Redact == nil {
		o.Redact = redact.New()
	}
	o.Redact.Add(o.Token)
	if o.Email != "" {
		o.Redact.Add(o.Email + ":" + o.Token)
	}
	o.Redacted = onceLogged(o.Logger, o.Redacted)
	o.RequestsPerSecond = cmp.Or(o.RequestsPerSecond, 50)
	hc, closeIdle, err := newHTTPClient(&o)
	if err != nil {
		return nil, err
	}
	base := strings.TrimRight(u.String(), "/")
	jc, err := jira.NewClient(hc, base+"/")
	if err != nil {
		return nil, fmt.Errorf("jira.url: %w", err)
	}
	c := &Client{jira: jc, closeIdle: closeIdle, base: base, log: o.Logger, now: o.Now, redact: o.Redact, components: o.Components, titles: o.Titles, flavor: flavor, warned: map[string]bool{}}
	if !gateway.MatchString(strings.TrimRight(u.Path, "/")) {
		c.site = base
	}
	return c, nil
}

// CloseIdleConnections ends the connections to Jira on which nothing is asked now. The
// client may go on; whoever replaces it by another one calls this.
func (c *Client) CloseIdleConnections() { c.closeIdle() }

// onceLogged returns a function that calls f, if it is not nil, and logs, once for each
// endpoint, that a reply of it repeats a secret.
func onceLogged(log *zap.Logger, f func(endpoint string)) func(endpoint string) {
	var logged sync.Map
	return func(endpoint string) {
		if f != nil {
			f(endpoint)
		}
		if _, before := logged.LoadOrStore(endpoint, true); !before {
			log.Warn("a reply of Jira repeats a secret of this config, which was taken out: look at the proxy before Jira, and whether somebody wrote it into an issue", zap.String("endpoint", endpoint))
		}
	}
}

// get asks for path with query and decodes the answer into out.
func (c *Client) get(ctx context.Context, endpoint, path string, query url.Values, out any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	_, err := c.do(ctx, endpoint, http.MethodGet, path, nil, out)
	return err
}

// post sends body as JSON and decodes the answer into out.
func (c *Client) post(ctx context.Context, endpoint, path string, body, out any) error {
	_, err := c.do(ctx, endpoint, http.MethodPost, path, body, out)
	return err
}

// do sends a request and decodes the answer into out; it returns the answer's
// header.
func (c *Client) do(ctx context.Context, endpoint, method, path string, body, out any) (http.Header, error) {
	req, err := c.jira.NewRequestWithContext(withEndpoint(ctx, endpoint), method, path, body)
	if err != nil {
		return nil, fmt.Errorf("jira %s: %w", endpoint, err)
	}
	resp, err := c.jira.Do(req, nil)
	if err = c.check(ctx, endpoint, resp, err); err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := textOf(resp.Response)
	if err != nil {
		return nil, &Error{Endpoint: endpoint, Status: resp.StatusCode, Detail: err.Error(), kind: ErrBadReply}
	}
	if err := decode(text, out); err != nil {
		return nil, broken(endpoint, resp, err)
	}
	return resp.Header, nil
}

// call makes a call of the library, f, and classifies its answer as do does.
func call[T any](ctx context.Context, c *Client, endpoint string, f func(context.Context) (T, *jira.Response, error)) (v T, header http.Header, err error) {
	v, resp, err := f(withEndpoint(ctx, endpoint))
	if checkErr := c.check(ctx, endpoint, resp, err); checkErr != nil {
		return v, nil, checkErr
	}
	if err != nil {
		return v, nil, broken(endpoint, resp, err)
	}
	return v, resp.Header, nil
}

// broken returns the error of an answer that is not a whole JSON document.
func broken(endpoint string, resp *jira.Response, err error) error {
	return &Error{Endpoint: endpoint, Status: resp.StatusCode, Detail: "the JSON is broken or cut: " + err.Error(), kind: ErrBadReply}
}

// splitter is a long document that is checked once, and then split into its parts
// instead of decoded.
type splitter interface {
	split(doc json.RawMessage) error
}

// decode decodes a document into out.
func decode(text []byte, out any) error {
	if s, ok := out.(splitter); ok && json.Valid(text) {
		return s.split(text)
	}
	return json.Unmarshal(text, out)
}

// check returns the classified error of an exchange, or nil if its answer is JSON
// for this account. It leaves the body open then.
func (c *Client) check(ctx context.Context, endpoint string, resp *jira.Response, err error) error {
	if resp == nil || resp.Response == nil {
		if ctx.Err() != nil {
			return fmt.Errorf("jira %s: %w", endpoint, ctx.Err())
		}
		return c.networkError(endpoint, err)
	}
	h := resp.Header
	failure := func(kind error, detail string) error {
		resp.Body.Close()
		return &Error{Endpoint: endpoint, Status: resp.StatusCode, Detail: shorten(detail), kind: kind}
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close()
		body, err := textOf(resp.Response)
		if err != nil {
			body = nil // the status says enough
		}
		// Without an account, what is hidden does not exist, and no project is known.
		if why := c.whyForeign(endpoint, h); why != "" && (resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusBadRequest) {
			return failure(ErrUnauthorized, why)
		}
		e := statusError(endpoint, resp.StatusCode, h, body, c.now())
		if resp.StatusCode == http.StatusBadRequest && strings.HasPrefix(c.base, "http://") && wantsTLS.Match(body) {
			return &Error{Endpoint: endpoint, Address: c.base, Status: e.Status, Detail: "HTTPS is spoken there", kind: ErrBadReply, toDo: "write https:// in jira.url"}
		}
		e.proof = e.proof && c.signed(h)
		return e
	}
	// Jira answers a refused token with status 200 and what everybody may see, which
	// on most sites is nothing.
	if why := c.whyForeign(endpoint, h); why != "" {
		return failure(ErrUnauthorized, why)
	}
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err != nil || kind != "application/json" {
		return failure(ErrBadReply, fmt.Sprintf("content of type %q instead of JSON", h.Get("Content-Type")))
	}
	return nil
}

// namesUser reports whether an answer of Data Center may be for a user: it names no
// other. Names with more than letters are encoded, and case does not count.
func namesUser(h http.Header, user string) bool {
	name := h.Get("X-AUSERNAME")
	if name == "" || user == "" || strings.EqualFold(name, user) {
		return true
	}
	decoded, err := url.QueryUnescape(name)
	return err == nil && strings.EqualFold(decoded, user)
}

// whyForeign returns why a reply is not for this account; "" if it may be.
func (c *Client) whyForeign(endpoint string, h http.Header) string {
	if reason := h.Get("X-Seraph-LoginReason"); reason != "" && !strings.EqualFold(reason, "OK") {
		return "login reason " + reason
	}
	if strings.EqualFold(h.Get("X-AUSERNAME"), "anonymous") {
		return "Jira answered anonymously"
	}
	c.mu.Lock()
	account, user := c.account, c.user
	c.mu.Unlock()
	if id, err := url.QueryUnescape(h.Get("X-AAccountId")); err == nil && id != "" && account != "" && id != account {
		return "Jira answered another account than before"
	}
	// A user who is renamed is still the same: what myself says counts.
	if endpoint != myself && !namesUser(h, user) {
		return "Jira answered another user than before"
	}
	return ""
}

// signed reports whether a reply says whom it is for, or comes from a Jira whose
// replies do not.
func (c *Client) signed(h http.Header) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.signs || h.Get("X-AAccountId") != "" || h.Get("X-AUSERNAME") != ""
}

// networkError classifies a request that got no answer, or was not sent. It leaves
// out the URL, whose query may name people.
func (c *Client) networkError(endpoint string, err error) error {
	base := c.base
	var held *Error
	if errors.As(err, &held) {
		return held
	}
	var no notAllowed
	if errors.As(err, &no) {
		return no.error
	}
	for {
		var ue *url.Error
		if !errors.As(err, &ue) {
			break
		}
		err = ue.Err
	}
	kind := ErrUnavailable
	switch {
	case errors.Is(err, errTooLong):
		return &Error{Endpoint: endpoint, kind: errTooLong}
	case errors.Is(err, errForeignRedirect), errors.Is(err, errManyRedirects):
		kind = ErrBadReply
	}
	e := &Error{Endpoint: endpoint, Address: base, kind: kind}
	e.Detail, e.toDo = unreachable(base, err)
	e.Detail = shorten(c.redact.String(e.Detail)) // a reply that is not HTTP is quoted in it
	return e
}
