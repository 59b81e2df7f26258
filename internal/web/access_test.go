package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// twoTeams is a report of PAY, whose owner is ada, and WEB, whose owner is grace;
// each has one open wait.
func twoTeams(t testing.TB) *latency.Report {
	t.Helper()
	rules := inOffice(t)
	web := *rules.Projects["1"]
	web.ID, web.Key = "2", "WEB"
	rules.Projects["2"], rules.Names = &web, map[string]string{"ada": "Ada Ohm", "grace": "Grace Ampere"}
	wait := func(id int64, story, project, owner string) latency.Part {
		return latency.Part{
			Wait: latency.Wait{StoryID: id, Story: story, Kind: latency.Question}, ProjectID: project, Owner: owner, Start: monday - 1000, End: latency.Never,
			Working: 2 * time.Hour, StoryWorking: 2 * time.Hour, Target: 4 * time.Hour,
		}
	}
	// Others of theirs took 41 minutes longer, and 42: then answers to these are expected.
	var past latency.Trace
	for i := range int64(24) {
		took, project, owner := 2*time.Hour+41*time.Minute, "1", "ada"
		if i%2 == 1 {
			took, project, owner = took+time.Minute, "2", "grace"
		}
		past.Samples = append(past.Samples, latency.Sample{
			StoryID: 10 + i, Kind: latency.Question, ProjectID: project, Owner: owner, Start: monday - 1_000_000, End: monday - 1000, Response: true, Working: took,
		})
	}
	past.Verdict.At = latency.Never
	statistics := latency.NewStatistics(rules, latency.Rolling(monday), slices.Values([]*latency.Trace{&past}))
	return latency.NewReport(rules, monday, latency.NewTotals(), []latency.Part{wait(1, "PAY-1", "1", "ada"), wait(2, "WEB-2", "2", "grace")},
		map[latency.AuditKey]int{{Project: "PAY", Reason: latency.FindExitByDefault}: 1, {Project: "WEB", Reason: latency.FindExitByDefault}: 1}, statistics, 20)
}

// identified is a policy under which the proxy 10.1.2.3 says who asks.
func identified() *Policy {
	one := func(user string) Grant { return Grant{Users: []string{user}} }
	return &Policy{
		Hosts: []string{"yourturn.example.com"},
		Identity: &Identity{
			Header: "X-Forwarded-User", GroupsHeader: "X-Forwarded-Groups", Proxies: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
			Verified: func(user string) bool { return user == "prometheus" },
			Operator: Grant{Users: []string{"prometheus"}, Groups: []string{"sre"}},
			Lead:     map[string]Grant{"PAY": one("lin"), "WEB": one("lou"), "NEW": one("ned")}, // nothing of NEW is read yet
			Member:   map[string]Grant{"PAY": {Groups: []string{"team-pay"}}, "WEB": {Groups: []string{"team-web"}}},
			Owner:    map[string]string{"ada@example.com": "ada", "grace@example.com": "grace"},
		},
	}
}

// A sender is who sends a request, and how.
type sender struct {
	name string
	sign func(*http.Request)
}

// named lets a proxy at an address name a user, in groups.
func named(address, user, groups string) func(*http.Request) {
	return func(r *http.Request) {
		r.RemoteAddr = address + ":4711"
		if user != "" {
			r.Header.Add("X-Forwarded-User", user)
		}
		if groups != "" {
			r.Header.Set("X-Forwarded-Groups", groups)
		}
	}
}

const proxy = "10.1.2.3"

// senders are the columns of the table of routes, in their order.
func senders() []sender {
	operator := named(proxy, "sam", "staff, sre")
	as := func(change func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) { operator(r); change(r) }
	}
	return []sender{
		{"no identity", named(proxy, "", "")},
		{"groups alone", named(proxy, "", "sre")},
		{"no role", named(proxy, "sam", "staff")},
		{"operator", operator},
		{"lead of PAY", named(proxy, "lin", "")},
		{"lead of WEB", named(proxy, "lou", "")},
		{"the owner ada", named(proxy, "ada@example.com", "")},
		{"the owner grace", named(proxy, "grace@example.com", "")},
		{"member of PAY", named(proxy, "kim", "team-pay")},
		{"member of WEB", named(proxy, "kai", "team-web")},
		{"with a password", func(r *http.Request) { named("192.0.2.1", "", "")(r); r.SetBasicAuth("prometheus", "checked before") }},
		{"with a password nobody asked for", func(r *http.Request) { named("192.0.2.1", "", "")(r); r.SetBasicAuth("lin", "x") }},
		{"wrong CIDR", named("10.2.2.3", "sam", "sre")},
		{"forged header", as(func(r *http.Request) { r.Header.Add("X-Forwarded-User", "lin") })},
		{"foreign Host", as(func(r *http.Request) { r.Host = "evil.example" })},
		{"foreign Origin", as(func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })},
		{"foreign page", as(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })},
	}
}

// expected is what each route answers to each sender, in the order of senders. A
// route that is missing fails the test: whoever adds one decides who may see it.
var expected = map[string]string{
	//                      none group role | oper | lead lead | ownr ownr | memb memb | pass pass | cidr forg | host orig page
	"GET /{$}":                "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /assets/":            "200 200 200 200 200 200 200 200 200 200 200 200 200 200 403 200 200",
	"GET /metrics":            "403 403 403 200 403 403 403 403 403 403 200 403 403 403 200 200 200",
	"GET /-/healthy":          "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200",
	"GET /-/ready":            "200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200 200",
	"GET /retro":              "403 403 403 403 200 200 403 403 200 200 403 403 403 403 403 403 403",
	"GET /sync":               "403 403 403 200 403 403 403 403 403 403 200 403 403 403 403 200 200",
	"GET /-/support":          "403 403 403 200 403 403 403 403 403 403 200 403 403 403 403 200 200",
	"POST /-/reload":          "403 403 403 200 403 403 403 403 403 403 200 403 403 403 403 403 403",
	"POST /webhook/jira":      "202 202 202 202 202 202 202 202 202 202 202 202 202 202 403 403 403",
	"GET /owners/{owner}":     "403 403 403 403 200 403 200 403 403 403 403 403 403 403 403 403 403",
	"GET /projects/{project}": "403 403 403 403 200 403 403 403 200 403 403 403 403 403 403 403 403",
	"GET /stories/{story}":    "403 403 403 403 200 403 200 403 200 403 403 403 403 403 403 403 403",
	"GET /how":                "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /data":               "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",

	"GET /api/v1/waiting":            "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/waits":              "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/stories/{story}":    "403 403 403 403 200 403 200 403 200 403 403 403 403 403 403 403 403",
	"GET /api/v1/owners":             "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/owners/{owner}":     "403 403 403 403 200 403 200 403 403 403 403 403 403 403 403 403 403",
	"GET /api/v1/projects":           "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/projects/{project}": "403 403 403 403 200 403 403 403 200 403 403 403 403 403 403 403 403",
	"GET /api/v1/audit":              "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/data":               "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/report":             "403 403 403 403 503 503 403 403 503 503 403 403 403 403 403 403 403",
	"GET /api/v1/agreement":          "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"GET /api/v1/openapi.json":       "403 403 403 200 200 200 200 200 200 200 200 403 403 403 403 200 200",
	"/api/":                          "403 403 403 404 404 404 404 404 404 404 404 403 403 403 403 404 404",
}

// changes counts what requests changed.
type changes struct{ reloads, webhooks, looks int }

func (c *changes) RecordLook(context.Context, string, string, string, time.Time) error {
	c.looks++
	return nil
}

// tabled returns a server with every route there is.
func tabled(t testing.TB, policy *Policy, refused func(string)) (*Server, []route, *changes) {
	t.Helper()
	report, done := twoTeams(t), &changes{}
	reader := answering(t, report, nil)
	s := serving(Sources{
		Reader: func(context.Context) (*query.Reader, error) { return reader, nil },
		Report: func() *latency.Report { return report },
		Status: func() Status { return Status{AliveUntil: time.Now().Add(time.Hour)} },
		Policy: func() *Policy { return policy }, Refused: refused, Looks: done,
		Retro:   func(RetroAsk) Retro { return Retro{Zone: time.UTC, Making: true} },
		Sync:    func(context.Context) (Sync, error) { return Sync{}, nil },
		Reload:  func(context.Context, string) error { done.reloads++; return nil },
		Support: func(context.Context, string) ([]byte, error) { return []byte("a bundle"), nil },
		Webhooks: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			done.webhooks++
			w.WriteHeader(http.StatusAccepted)
		}),
		WebhooksTaken: func() bool { return true },
	})
	return s, s.routes(), done
}

// requestOf returns a request of a route.
func requestOf(rt route) *http.Request {
	method, path, ok := strings.Cut(rt.pattern, " ")
	if !ok { // of any method
		method, path = http.MethodGet, rt.pattern
	}
	path = strings.NewReplacer("{$}", "", "{owner}", "ada", "{project}", "PAY", "{story}", "PAY-1").Replace(path)
	if strings.HasSuffix(path, "/assets/") {
		path += "page.css"
	}
	r := httptest.NewRequest(method, path, nil)
	r.Host = "yourturn.example.com:443"
	return r
}

// TestEveryRouteAndEverySender tries every route with every sender.
func TestEveryRouteAndEverySender(t *testing.T) {
	refused := map[string]int{}
	s, list, done := tabled(t, identified(), func(reason string) { refused[reason]++ })
	var lines []string
	for _, rt := range list {
		want, ok := expected[rt.pattern]
		if !ok {
			t.Errorf("%s is not in the table: say who may see it", rt.pattern)
			continue
		}
		var got []string
		for _, from := range senders() {
			r := requestOf(rt)
			from.sign(r)
			before, count := *done, refused[ForeignHost]+refused[ForeignOrigin]+refused[NoRole]
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, r)
			got = append(got, strconv.Itoa(rec.Code))
			if rec.Code == http.StatusForbidden && *done != before {
				t.Errorf("%s by %s is refused, and was done", rt.pattern, from.name)
			}
			if counted := refused[ForeignHost]+refused[ForeignOrigin]+refused[NoRole] > count; counted != (rec.Code == http.StatusForbidden) {
				t.Errorf("%s by %s: the refusal is counted: %t", rt.pattern, from.name, counted)
			}
			secured(t, rt, rec)
		}
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s (%s), by sender (-want +got):\n%s", rt.pattern, rt.audience.name, diff)
		}
		lines = append(lines, fmt.Sprintf("%-24s %s", rt.pattern, strings.Join(got, " ")))
	}
	for pattern := range expected {
		if !slices.ContainsFunc(list, func(rt route) bool { return rt.pattern == pattern }) {
			t.Errorf("%s is in the table, and there is no such route", pattern)
		}
	}
	if want := 2 * len(list); refused[Forged] < want-len(list) { // wrong CIDR and forged header, but where the host or origin is looked at before
		t.Errorf("%d headers of others are counted, want %d", refused[Forged], want)
	}
	if done.looks == 0 || done.reloads != 2 {
		t.Errorf("%+v was done", *done)
	}
	var names []string
	for i, from := range senders() {
		names = append(names, fmt.Sprintf("%d %s", i+1, from.name))
	}
	figures.Note(t, "the table of routes; senders: %s\n%s\nrefused: %v", strings.Join(names, ", "), strings.Join(lines, "\n"), refused)
}

// secured fails unless an answer has the headers of every answer, and those about
// people are kept by no cache.
func secured(t *testing.T, rt route, rec *httptest.ResponseRecorder) {
	t.Helper()
	h := rec.Header()
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "style-src 'self';", "script-src 'self';", "connect-src 'self';", "img-src 'self';", "form-action 'self';",
	} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s: the policy is %q, and lacks %s", rt.pattern, policy, want)
		}
	}
	if strings.Contains(policy, "unsafe-inline") {
		t.Errorf("%s: the policy allows styles or scripts in pages", rt.pattern)
	}
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%s: headers are missing: %v", rt.pattern, h)
	}
	if stored := h.Get("Cache-Control") != "no-store"; rt.personal == stored {
		t.Errorf("%s: Cache-Control is %q", rt.pattern, h.Get("Cache-Control"))
	}
	if strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		body := rec.Body.String()
		if strings.Contains(body, "<style") || strings.Contains(body, "style=") || strings.Count(body, "<script") != 1 || !strings.Contains(body, `<script src="`+asset("page.js")+`" defer></script>`) {
			t.Errorf("%s: the page has styles or scripts of its own", rt.pattern)
		}
	}
}

// TestUnknownRoutesAreSecuredToo asks for what is not there.
func TestUnknownRoutesAreSecuredToo(t *testing.T) {
	s, _, _ := tabled(t, identified(), func(string) {})
	for _, target := range []string{"/nothing", "/assets/", "/assets/none.css", "/-/", "/-/poll", "/%2e%2e/etc/passwd"} {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Host = "localhost"
		s.ServeHTTP(rec, r)
		if rec.Code != http.StatusNotFound {
			t.Errorf("%s is answered with %d", target, rec.Code)
		}
		secured(t, route{pattern: target}, rec)
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodDelete, "/sync", nil))
	if rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("DELETE /sync is answered with %d", rec.Code)
	}
	secured(t, route{pattern: "DELETE /sync"}, rec)
}

// TestEverythingIsOpenWithoutConfiguration holds what a first start on loopback
// allows, and what it refuses all the same.
func TestEverythingIsOpenWithoutConfiguration(t *testing.T) {
	s, list, done := tabled(t, &Policy{Hosts: []string{}}, func(string) {})
	for _, rt := range list {
		for _, tc := range []struct {
			name, host, origin string
			refused            bool
		}{
			{"this machine", "localhost:9817", "", false},
			{"its address", "127.0.0.1:9817", "http://127.0.0.1:9817", false},
			{"its other address", "[::1]:9817", "", false},
			{"a name that leads here", "evil.example:9817", "", !rt.anyHost},
			{"a page elsewhere", "localhost:9817", "https://evil.example", rt.changes},
			{"a name like it", "127.0.0.1.evil.example", "", !rt.anyHost},
		} {
			r := requestOf(rt)
			r.Host = tc.host
			if tc.origin != "" {
				r.Header.Set("Origin", tc.origin)
			}
			r.Header.Set("X-Forwarded-User", "anybody") // nobody is asked
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, r)
			if got := rec.Code == http.StatusForbidden; got != tc.refused || !got && rec.Code >= 300 && rt.pattern != "/api/" && rt.pattern != "GET /api/v1/report" { // where nothing is, and what is being made
				t.Errorf("%s of %s: answered with %d", rt.pattern, tc.name, rec.Code)
			}
		}
	}
	if done.looks != 0 {
		t.Error("looks of unknown people are kept")
	}
}

// TestNoWebhookWithoutASecret holds that there is no address then.
func TestNoWebhookWithoutASecret(t *testing.T) {
	taken := false
	s := serving(Sources{
		Webhooks:      http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }),
		WebhooksTaken: func() bool { return taken },
	})
	for _, want := range []int{http.StatusNotFound, http.StatusAccepted} {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/webhook/jira", io.NopCloser(strings.NewReader("{}"))))
		if rec.Code != want {
			t.Errorf("with a secret %t: answered with %d, want %d", taken, rec.Code, want)
		}
		taken = true
	}
}

// TestHomeShowsWhatTheRoleAllows reads the page of what waits as each role.
func TestHomeShowsWhatTheRoleAllows(t *testing.T) {
	s, _, done := tabled(t, identified(), func(string) {})
	const (
		payStory, webStory = ">PAY-1<", ">WEB-2<"
		statistics         = "By owner"
		payOwner           = `id="owner-ada-PAY-question"`
		webOwner           = `id="owner-grace-WEB-question"`
		payTeam            = `rowheader">PAY</th><td role="cell" data-label="Kind">question`
		webTeam            = `rowheader">WEB</th><td role="cell" data-label="Kind">question`
		operates           = `href="/sync"`
		payExpected        = ">12:41 UTC<"
		webExpected        = ">12:42 UTC<"
	)
	all := []string{payExpected, webExpected, payStory, webStory, statistics, payOwner, webOwner, payTeam, webTeam, operates}
	for _, tc := range []struct {
		name  string
		sign  func(*http.Request)
		sees  []string
		looks int
	}{
		{"operator", named(proxy, "sam", "sre"), []string{operates}, 0},
		{"lead", named(proxy, "lin", ""), []string{payStory, payExpected, statistics, payOwner}, 1},
		{"lead, and member of the other", named(proxy, "lin", "team-web"), []string{payStory, payExpected, statistics, payOwner, webStory, webTeam}, 1},
		{"owner", named(proxy, "ada@example.com", ""), []string{payStory, payExpected, statistics, payOwner}, 0},
		{"owner, and member of the other", named(proxy, "ada@example.com", "team-web"), []string{payStory, payExpected, statistics, payOwner, webStory, webTeam}, 0},
		{"member", named(proxy, "kim", "team-pay"), []string{payStory, payTeam}, 0},
		{"password, and groups of nobody", func(r *http.Request) { named(proxy, "", "team-pay")(r); r.SetBasicAuth("prometheus", "checked before") }, []string{operates}, 0},
	} {
		before := done.looks
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "yourturn.example.com"
		tc.sign(r)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		for _, text := range all {
			if got, want := strings.Contains(rec.Body.String(), text), slices.Contains(tc.sees, text); got != want {
				t.Errorf("%s sees %q: %t, want %t:\n%s", tc.name, text, got, want, rec.Body)
			}
		}
		if done.looks-before != tc.looks {
			t.Errorf("%s: %d looks are kept, want %d", tc.name, done.looks-before, tc.looks)
		}
	}
}

// failing keeps no look.
type failing struct{}

func (failing) RecordLook(context.Context, string, string, string, time.Time) error {
	return errors.New("the disk is full")
}

// TestNobodyLooksUnrecorded holds that a look that cannot be kept is none.
func TestNobodyLooksUnrecorded(t *testing.T) {
	s, _, _ := tabled(t, identified(), func(string) {})
	s.from.Looks = failing{}
	for _, target := range []string{"/", "/owners/ada"} {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Host = "localhost"
		named(proxy, "lin", "")(r)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "PAY-1") {
			t.Errorf("%s is answered with %d: %s", target, rec.Code, rec.Body)
		}
	}
}

// TestWhyThereIsNoAnswer asks for pages and answers while the store cannot be read.
func TestWhyThereIsNoAnswer(t *testing.T) {
	s, _, _ := tabled(t, identified(), func(string) {})
	s.from.Reader = func(context.Context) (*query.Reader, error) {
		return nil, errors.New("/var/lib/x.db: the disk is full")
	}
	for _, tc := range []struct {
		target string
		sign   func(*http.Request)
		told   bool
	}{
		{"/data", named(proxy, "sam", "sre"), true},
		{"/api/v1/audit", named(proxy, "sam", "sre"), true},
		{"/how", named(proxy, "lin", ""), false},
		{"/api/v1/waits", named(proxy, "lin", ""), false},
	} {
		var logged string
		s.from.Failed = func(path string, err error) { logged = path + ": " + err.Error() }
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, apiRequest(tc.target, tc.sign))
		if says := strings.Contains(rec.Body.String(), "the disk is full"); rec.Code != http.StatusInternalServerError || says != tc.told || says == strings.Contains(rec.Body.String(), "The log of the service says why") {
			t.Errorf("%s: %d, told why: %t, want %t: %s", tc.target, rec.Code, says, tc.told, rec.Body)
		}
		if logged != tc.target+": /var/lib/x.db: the disk is full" {
			t.Errorf("%s: the log says %q", tc.target, logged)
		}
	}
}
