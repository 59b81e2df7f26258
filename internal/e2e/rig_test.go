package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
)

// rig is a service that reads a small Jira, cycle by cycle.
type rig struct {
	*testing.T
	site     *jirasim.Site
	server   *jirasim.Server
	svc      *app.Service
	opts     app.Options  // that the service is started with
	db       *store.Store // opened when it is first read
	log      *output
	level    zapcore.Level // of the log; info by default
	clock    atomic.Int64  // Jira's, ms
	skew     atomic.Int64  // how far this machine's clock is ahead of it, ns
	fault    atomic.Pointer[func(*http.Request) *jirasim.Fault]
	blind    func(issue int64) bool
	lost     func(issue, record int64) bool
	pay, ops *jirasim.Project
	dev, po  *jirasim.User
}

// flavors runs f side by side for both flavours of Jira.
func flavors(t *testing.T, f func(t *testing.T, flavor jirasim.Flavor)) {
	t.Helper()
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			f(t, flavor)
		})
	}
}

// rigs runs a test side by side against both flavours of Jira.
func rigs(t *testing.T, limits jirasim.Options, f func(*rig)) {
	t.Helper()
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) { f(newRig(t, flavor, limits, "")) })
}

// newRig returns a service on a Jira with limits; more is appended to its config.
func newRig(t *testing.T, flavor jirasim.Flavor, limits jirasim.Options, more string) *rig {
	p := rigJira(t, flavor, limits)
	p.serveJira(more)
	return p
}

// serveJira serves the Jira over HTTP and starts a service on it.
func (p *rig) serveJira(more ...string) {
	srv := httptest.NewServer(p.server)
	p.Cleanup(srv.Close)
	p.on(srv.URL, "projects: [PAY, OPS]", strings.Join(more, ""))
}

// rigJira returns a rig with a Jira that is not served yet, and no service.
func rigJira(t *testing.T, flavor jirasim.Flavor, limits jirasim.Options) *rig {
	p := &rig{T: t, log: &output{}, opts: app.Options{RequestsPerSecond: 10000}}
	p.clock.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixMilli())
	p.opts.Now = func() time.Time { return p.now().Add(time.Duration(p.skew.Load())) }
	s := jirasim.NewSite(flavor, p.now)
	p.site = s
	user := func(ref, kind string) *jirasim.User {
		return s.AddUser(&jirasim.User{
			Ref: ref, AccountID: "acc-" + ref, Name: ref, Key: "JIRAUSER-" + ref,
			DisplayName: strings.ToUpper(ref), AccountType: kind, Active: true, TimeZone: "Europe/Berlin",
		})
	}
	p.dev, p.po, s.Self = user("dev", "atlassian"), user("po", "atlassian"), user("bot", "atlassian")
	for _, st := range []jirasim.Status{{ID: "1", Name: "Open", Category: "new"}, {ID: "2", Name: "PO Review", Category: "indeterminate"}, {ID: "3", Name: "Done", Category: "done"}} {
		s.AddStatus(&st)
	}
	s.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	s.AddField(&jirasim.Field{ID: "customfield_10050", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
	p.pay = s.AddProject(&jirasim.Project{ID: "100", Key: "PAY", Name: "Payments", Lead: p.po, IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})
	p.ops = s.AddProject(&jirasim.Project{ID: "101", Key: "OPS", Name: "Operations", Lead: p.po, IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})

	limits.Token, limits.Email = "t0k3n", "bot@example.com"
	if flavor == jirasim.DataCenter {
		limits.Email, limits.ContextPath = "", "/jira"
	}
	limits.Unindexed = func(id int64) bool { return p.blind != nil && p.blind(id) }
	limits.LoseRecord = func(issue, record int64) bool { return p.lost != nil && p.lost(issue, record) }
	limits.Fault = func(r *http.Request) *jirasim.Fault {
		if fault := p.fault.Load(); fault != nil && *fault != nil {
			return (*fault)(r)
		}
		return nil
	}
	p.server = jirasim.NewServer(s, limits)
	return p
}

// faulty has Jira answer with the faults that f returns from now on; nil is none. A
// service may ask meanwhile.
func (p *rig) faulty(f func(*http.Request) *jirasim.Fault) { p.fault.Store(&f) }

// on starts the service on the Jira at a URL. scope is added to the config's jira
// section, and more to its end.
func (p *rig) on(url, scope, more string) {
	p.start(p.configured(p.TempDir(), url, scope, more))
	p.Cleanup(func() { p.svc.Close() }) //nolint:errcheck // the test is over
}

// configured writes such a config to a folder, with the store in rig.db there, and
// returns its file.
func (p *rig) configured(dir, url, scope, more string) string {
	flavor := p.site.Flavor
	write(p, filepath.Join(dir, "token"), "t0k3n\n")
	email, path := "bot@example.com", ""
	if flavor == jirasim.DataCenter {
		email, path = "", "/jira"
	}
	text := fmt.Sprintf("jira: {url: %q, flavor: %s, email: %q, token_file: token, %s}\n", url+path, flavor, email, scope) +
		fmt.Sprintf("store: {url: %q}\n", "sqlite:"+filepath.Join(dir, "rig.db")) +
		"calendar: {time_zone: UTC, hours: {mon-sun: [\"00:00-24:00\"]}}\n" +
		"defaults: {owner_field: Product Owner}\n" +
		fmt.Sprintf("owners: {po: {accounts: [%s]}}\n", p.po.ID(flavor)) + more
	file := filepath.Join(dir, "yourturn.yml")
	write(p, file, text)
	return file
}

// start starts the service of a config.
func (p *rig) start(config string) {
	p.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		p.Fatal(err)
	}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(p.log), p.level))
	if p.svc, err = app.Open(p.Context(), cfg, log, p.opts); err != nil {
		p.Fatal(err)
	}
}

// bubbles runs a test side by side against both flavours, each in a bubble of synctest,
// where waiting takes no time, and without sockets.
func bubbles(t *testing.T, limits jirasim.Options, f func(*rig)) {
	t.Helper()
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		synctest.Test(t, func(t *testing.T) {
			p := rigJira(t, flavor, limits)
			p.opts.Transport = handled{p.server}
			p.on("http://jira.example", "projects: [PAY, OPS]", "")
			f(p)
		})
	})
}

// handled is a network of one handler.
type handled struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (h handled) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if v := recover(); v == http.ErrAbortHandler { //nolint:errorlint // it is a value of panic
			resp, err = nil, errors.New("connection reset by peer")
		} else if v != nil {
			panic(v)
		}
	}()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp = rec.Result()
	resp.Request = r
	return resp, nil
}

// now returns Jira's clock; later moves it.
func (p *rig) now() time.Time        { return time.UnixMilli(p.clock.Load()).UTC() }
func (p *rig) later(d time.Duration) { p.clock.Add(d.Milliseconds()) }

// create creates a story, open and owned by po.
func (p *rig) create(project *jirasim.Project) int64 {
	return p.site.CreateIssue(p.now(), p.dev, project, map[string]any{
		"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"},
		"status": map[string]any{"id": "1", "name": "Open"}, "customfield_10050": p.po,
	})
}

// names are the names of the statuses, by id.
var names = map[string]string{"1": "Open", "2": "PO Review", "3": "Done"}

// move moves a story between statuses and returns the record.
func (p *rig) move(actor *jirasim.User, id int64, from, to string, more ...jirasim.Item) int64 {
	before, after := names[from], names[to]
	items := append([]jirasim.Item{{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &before, To: &to, ToString: &after}}, more...)
	return p.site.Change(p.now(), actor, id, map[string]any{"status": map[string]any{"id": to, "name": after}}, items...)
}

// cycle runs one cycle as the service does and returns why it, or a check in it,
// failed.
func (p *rig) cycle() error {
	p.Helper()
	failed, err := p.svc.Poll(p.Context())
	if err != nil && failed == nil {
		p.Fatal(err)
	}
	return failed
}

// stored returns the service's store, opened for reading.
func (p *rig) stored() *store.Store {
	p.Helper()
	if p.db == nil {
		p.db = openStore(p.T, p.svc.Config(), store.ReadOnly)
	}
	return p.db
}

// fine runs a cycle that must be complete.
func (p *rig) fine() {
	p.Helper()
	if err := p.cycle(); err != nil {
		p.Fatal(err)
	}
}

// settle runs a cycle after the slip window of everything before.
func (p *rig) settle() {
	p.Helper()
	p.later(10 * time.Minute)
	p.fine()
}

// restart ends the service, changes its config, and starts it on the same store.
func (p *rig) restart(change func(config string) string) {
	p.Helper()
	file := p.svc.Config().File()
	if err := p.svc.Close(); err != nil {
		p.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		p.Fatal(err)
	}
	write(p.T, file, change(string(text)))
	p.start(file)
	if err := p.svc.Resume(p.Context()); err != nil {
		p.Fatal(err)
	}
}

// replaced returns a change of a config. It fails if the config lacks old.
func (p *rig) replaced(old, with string) func(string) string {
	return func(config string) string {
		p.Helper()
		if !strings.Contains(config, old) {
			p.Fatalf("the config has no %s:\n%s", old, config)
		}
		return strings.Replace(config, old, with, 1)
	}
}

// asItWas changes nothing.
func asItWas(config string) string { return config }

// running is a service that serves and polls.
type running struct {
	base  string // where it serves
	stop  context.CancelFunc
	ended chan error
}

// serve serves and polls until the test ends, or stop.
func (p *rig) serve() *running {
	p.Helper()
	l, err := (&net.ListenConfig{}).Listen(p.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.Fatal(err)
	}
	ctx, stop := context.WithCancel(p.Context())
	r := &running{base: "http://" + l.Addr().String(), stop: stop, ended: make(chan error, 1)}
	svc := p.svc
	go func() { r.ended <- svc.Run(ctx, l) }()
	p.Cleanup(stop)
	return r
}

// stopped stops the service, and fails unless it ends without an error.
func (p *rig) stopped(r *running) {
	p.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		p.Errorf("stopped, it ended with: %v", err)
	}
}

// hang makes Jira not answer the requests that so selects. reached receives when the
// first of them arrives.
func (p *rig) hang(so func(*http.Request) bool) (reached <-chan struct{}) {
	first := make(chan struct{}, 1)
	p.faulty(func(r *http.Request) *jirasim.Fault {
		if !so(r) {
			return nil
		}
		select {
		case first <- struct{}{}:
		default:
		}
		return &jirasim.Fault{Delay: time.Hour}
	})
	return first
}

// reload writes a config, makes the service reload it, and returns the answer.
func (p *rig) reload(r *running, config string) (status int, answer string) {
	p.Helper()
	write(p.T, p.svc.Config().File(), config)
	return post(p.T, r.base+"/-/reload", "")
}

// completed returns how many cycles the service has completed since its start.
func (p *rig) completed() int {
	p.Helper()
	return max(0, int(p.metric(`yourturn_poll_cycles_total{result="complete"}`))) // -1: there was none
}

// completes waits until the service has completed a cycle more than before.
func (p *rig) completes(r *running, before int) {
	p.Helper()
	await(p.T, r.base+"/metrics", func(_ int, body string) bool { return cycles(body) > before })
}

// metric returns the value of a series as /metrics shows it; -1 if it is not there.
func (p *rig) metric(series string) float64 {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/metrics", nil))
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(rec.Body.String())
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// shows fails unless a series has a value.
func (p *rig) shows(series string, want float64) {
	p.Helper()
	if got := p.metric(series); got != want {
		p.Errorf("%s is %v, want %v", series, got, want)
	}
}

// logs fails unless the log says something, or does not.
func (p *rig) logs(text string, want bool) {
	p.Helper()
	if got := strings.Contains(p.log.String(), text); got != want {
		p.Errorf("the log says %q: %t, want %t:\n%s", text, got, want, p.log)
	}
}

// notes counts the notes of the collector in the audit, by reason.
func (p *rig) notes() map[string]int {
	p.Helper()
	list, err := p.stored().Notes(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	out := map[string]int{}
	for _, n := range list {
		out[n.Reason]++
	}
	return out
}

// lists fails unless yourturn waits --audit lists findings of a reason, or does not.
func (p *rig) lists(reason string, want bool) {
	p.Helper()
	text := yourturn(p.T, 0, "waits", "--audit", "--config.file", p.svc.Config().File())
	if got := strings.Contains(text, reason); got != want {
		p.Errorf("the audit lists %q: %t, want %t:\n%s", reason, got, want, text)
	}
}

// waits returns the waits of a story as the command prints them.
func (p *rig) waits(id int64) []query.Part {
	p.Helper()
	var all []query.Part
	if err := json.Unmarshal([]byte(yourturn(p.T, 0, "waits", "--format", "json", "--config.file", p.svc.Config().File())), &all); err != nil {
		p.Fatal(err)
	}
	return slices.DeleteFunc(all, func(w query.Part) bool { return w.StoryID != strconv.FormatInt(id, 10) })
}

// begins fails unless a story has one wait, from an instant on.
func (p *rig) begins(id int64, at time.Time) {
	p.Helper()
	w := p.waits(id)
	if want := at.UTC().Format("2006-01-02T15:04:05.000Z"); len(w) != 1 || w[0].Start != want {
		p.Errorf("story %d: got waits %+v, want one from %s on", id, w, want)
	}
}

func (p *rig) state() jiradata.State {
	p.Helper()
	st, err := p.stored().State(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	return st
}

// events returns the stored events of a story.
func (p *rig) events(id int64) []latency.Event {
	p.Helper()
	for h, err := range p.stored().Histories(p.Context(), []int64{id}) {
		if err != nil {
			p.Fatal(err)
		}
		return slices.Clone(h.Events)
	}
	return nil
}

// has returns how many events of a rank a story has.
func (p *rig) has(id int64, rank latency.Rank) int {
	p.Helper()
	n := 0
	for _, ev := range p.events(id) {
		if ev.Rank == rank {
			n++
		}
	}
	return n
}

// finding returns the series of a finding in PAY.
func finding(reason string) string {
	return fmt.Sprintf(`po_audit_findings{project="PAY",reason=%q}`, reason)
}

// open and questions are the series of open waits in PAY.
const (
	open      = `po_waits_open{kind="acceptance",owner="po",project="PAY"}`
	questions = `po_waits_open{kind="question",owner="po",project="PAY"}`
)

// ended is the series of accepted stories of a project, openIn that of its open
// acceptance waits.
func ended(project string) string {
	return fmt.Sprintf(`po_waits_ended_total{kind="acceptance",outcome="accepted",owner="po",project=%q,responder="owner"}`, project)
}

func openIn(project string) string {
	return fmt.Sprintf(`po_waits_open{kind="acceptance",owner="po",project=%q}`, project)
}
