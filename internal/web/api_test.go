package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/api"
	"github.com/yourturn/yourturn/internal/api/apitest"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/store"
)

// holds holds an answer to the document of the API.
func holds(t *testing.T, d *apitest.Document, r *http.Request, rec *httptest.ResponseRecorder) {
	t.Helper()
	if wrong := d.Wrong(r, rec.Code, rec.Header(), rec.Body.Bytes()); len(wrong) > 0 {
		t.Errorf("%s: %d is not what the document says: %q: %.1000s", r.URL, rec.Code, wrong, rec.Body)
	}
}

// apiRequest returns a request of the API, by a sender.
func apiRequest(target string, sign func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "yourturn.example.com"
	sign(r)
	return r
}

// TestAPIIsWhatTheDocumentSays asks every route for every status that the document knows,
// and holds routes, statuses and answers to the document, and the document to them.
func TestAPIIsWhatTheDocumentSays(t *testing.T) {
	d, seen := apitest.New(t), map[string]bool{}
	s, list, _ := tabled(t, identified(), func(string) {})
	s.from.Retro = retroOf(t, s)
	early, _, _ := tabled(t, &Policy{}, func(string) {})
	early.from.Report = func() *latency.Report { return nil }
	early.from.Reader = func(context.Context) (*query.Reader, error) { return nil, store.ErrEmpty }
	open, _, _ := tabled(t, &Policy{}, func(string) {})
	lead := named(proxy, "lin", "")
	var routes []string
	for _, rt := range list {
		path, ok := strings.CutPrefix(rt.pattern, "GET ")
		if !ok || !strings.HasPrefix(path, api.Prefix) {
			continue
		}
		routes = append(routes, path)
		target := func(one string) string {
			return strings.NewReplacer("{owner}", one, "{project}", one, "{story}", one).Replace(path)
		}
		there := strings.NewReplacer("{owner}", "ada", "{project}", "PAY", "{story}", "PAY-1").Replace(path)
		ask := func(s *Server, target string, sign func(*http.Request), code int) *httptest.ResponseRecorder {
			t.Helper()
			r := apiRequest(target, sign)
			rec := httptest.NewRecorder()
			s.ServeHTTP(rec, r)
			if rec.Code != code {
				t.Errorf("%s is answered with %d, want %d: %s", target, rec.Code, code, rec.Body)
			}
			holds(t, d, r, rec)
			seen[fmt.Sprint(path, " ", code)] = true
			return rec
		}
		tag := ask(s, there, lead, http.StatusOK).Header().Get("ETag")
		ask(s, there, func(r *http.Request) { lead(r); r.Header.Set("If-None-Match", `"another", W/`+tag) }, http.StatusNotModified)
		ask(s, there+"?colour=blue", lead, http.StatusBadRequest)
		ask(s, there, named(proxy, "", ""), http.StatusForbidden)
		if target("x") != path {
			ask(open, target("NOPE-1"), func(r *http.Request) { r.Host = "localhost" }, http.StatusNotFound)
		}
		if !strings.HasSuffix(path, "openapi.json") {
			rec := ask(early, there, func(*http.Request) {}, http.StatusServiceUnavailable)
			if rec.Header().Get("Retry-After") == "" {
				t.Errorf("%s: not ready, and nobody says for how long", path)
			}
		}
		head := httptest.NewRecorder()
		r := apiRequest(there, lead)
		r.Method = http.MethodHead
		s.ServeHTTP(head, r)
		if head.Code != http.StatusOK || head.Header().Get("ETag") != tag {
			t.Errorf("HEAD %s: %d, %v", there, head.Code, head.Header())
		}
	}
	paths := map[string]bool{}
	for _, a := range d.Answers(t) {
		paths[a.Path] = true
		if !seen[a.Path+" "+a.Status] && a.Status != "500" {
			t.Errorf("%s: the document has %s, and no answer had", a.Path, a.Status)
		}
		delete(seen, a.Path+" "+a.Status)
	}
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		t.Errorf("an answer is not in the document: %s", what)
	}
	slices.Sort(routes)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(paths)), routes); diff != "" {
		t.Errorf("routes (-document +server):\n%s", diff)
	}
}

// retroOf returns a retrospective of what a server shows.
func retroOf(t *testing.T, s *Server) func(RetroAsk) Retro {
	t.Helper()
	reader, err := s.from.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	opts := retrospective.Options{PerOwner: true, Longest: 10}
	opts.Range, opts.Before = query.Days(answersFrom.Time(), answersFrom.Time(), time.UTC)
	report, err := reader.Retrospective(t.Context(), opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(RetroAsk) Retro { return Retro{Report: report, Zone: time.UTC} }
}

// exampleRequest is a request of the route with a path.
func exampleRequest(path string) *http.Request {
	return apiRequest(strings.NewReplacer("{owner}", "ada", "{project}", "PAY", "{story}", "PAY-7").Replace(path), func(*http.Request) {})
}

// TestExamplesOfTheDocument holds every example of an answer to its schema, and that there
// is one.
func TestExamplesOfTheDocument(t *testing.T) {
	d := apitest.New(t)
	for _, a := range d.Answers(t) {
		status, err := strconv.Atoi(a.Status)
		if err != nil {
			t.Fatal(err)
		}
		if a.Example == nil {
			if a.Type != "" && !strings.HasSuffix(a.Path, "openapi.json") {
				t.Errorf("%s %s has no example", a.Path, a.Status)
			}
			continue
		}
		if wrong := d.Wrong(exampleRequest(a.Path), status, http.Header{"Content-Type": {a.Type}}, a.Example); len(wrong) > 0 {
			t.Errorf("the example of %s %s: %q", a.Path, a.Status, wrong)
		}
	}
}

// TestTheDocumentTellsWrongAnswers holds that the tests above can fail: it changes the
// examples everywhere, one place at a time.
func TestTheDocumentTellsWrongAnswers(t *testing.T) {
	d := apitest.New(t)
	for _, a := range d.Answers(t) {
		if a.Example == nil || a.Status != "200" {
			continue
		}
		var tree map[string]any
		if err := json.Unmarshal(a.Example, &tree); err != nil {
			t.Fatal(err)
		}
		check := func(what string) {
			text, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Wrong(exampleRequest(a.Path), http.StatusOK, http.Header{"Content-Type": {a.Type}}, text)) == 0 {
				t.Errorf("%s: nobody sees %s", a.Path, what)
			}
		}
		var change func(name string, v any)
		change = func(name string, v any) {
			switch v := v.(type) {
			case map[string]any:
				if name != ".totals.states" && !strings.HasSuffix(name, ".outcomes") { // they have what is counted
					v["colour"] = "blue"
					check("another field of " + name)
					delete(v, "colour")
				}
				for key, was := range v {
					v[key] = []any{[]any{"blue"}}
					check("another type of " + name + "." + key)
					v[key] = was
					change(name+"."+key, was)
				}
			case []any:
				if len(v) > 0 {
					change(name+"[0]", v[0])
				}
			}
		}
		change("", tree)
	}
}

// problemOf asks, and returns the problem that the answer is.
func problemOf(t *testing.T, s *Server, target string, sign func(*http.Request), code int) (p struct {
	Type, Title, Detail, Instance, Remedy string
	Status                                int
	Known                                 []string
},
) {
	t.Helper()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, apiRequest(target, sign))
	if rec.Code != code || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d %s, want %d: %s", target, rec.Code, rec.Header().Get("Content-Type"), code, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil || p.Status != code || p.Remedy == "" || p.Detail == "" || p.Title == "" {
		t.Errorf("%s: the problem lacks something (%v): %s", target, err, rec.Body)
	}
	return p
}

// TestProblemsSayWhatToDo asks for what is wrong.
func TestProblemsSayWhatToDo(t *testing.T) {
	s, _, _ := tabled(t, identified(), func(string) {})
	lead, member := named(proxy, "lin", ""), named(proxy, "kim", "team-pay")
	for _, tc := range []struct {
		target string
		sign   func(*http.Request)
		code   int
		says   string
		known  []string
	}{
		{"/api/v1/waits?owner=adda", lead, 400, `"adda"`, []string{"ada"}},
		{"/api/v1/waits?owner=grace", lead, 400, `"grace"`, []string{"ada"}}, // of a project that lin does not see
		{"/api/v1/waits?project=WEB", lead, 400, `"WEB"`, []string{"PAY"}},
		{"/api/v1/waits?colour=blue", lead, 400, `"colour"`, []string{"project", "owner", "kind", "open", "limit", "cursor"}},
		{"/api/v1/waits?kind=verdict", lead, 400, "kind=verdict", []string{"acceptance", "question"}},
		{"/api/v1/waits?open=yes", lead, 400, "open=yes", []string{"true", "false"}},
		{"/api/v1/waits?limit=0", lead, 400, "limit=0", nil},
		{"/api/v1/waits?limit=101", lead, 400, "limit=101", nil},
		{"/api/v1/waits?limit=1&limit=2", lead, 400, "2 times", nil},
		{"/api/v1/waits?limit=%zz", lead, 400, "cannot be read", nil},
		{"/api/v1/waits?owner=" + strings.Repeat("a", 1001), lead, 400, "longer", nil},
		{"/api/v1/waits?cursor=x", lead, 400, "cursor", nil},
		{"/api/v1/waits?cursor=" + *api.Cursor("owners", "a"), lead, 400, "cursor", nil},
		{"/api/v1/waits?cursor=" + *api.Cursor("waits", "a"), lead, 400, "cursor", nil},
		{"/api/v1/stories/WEB-2", lead, 403, "not for you", nil},
		{"/api/v1/stories/PAY-99", lead, 404, `"PAY-99"`, nil},
		{"/api/v1/owners/ada", member, 403, "not for you", nil},
		{"/api/v1/projects/WEB", lead, 403, "not for you", nil},
		{"/api/v1/nothing", lead, 404, "no such route", []string{"/api/v1/waiting", "/api/v1/waits", "/api/v1/stories/{story}", "/api/v1/owners", "/api/v1/owners/{owner}", "/api/v1/projects", "/api/v1/projects/{project}", "/api/v1/audit", "/api/v1/data", "/api/v1/agreement", "/api/v1/openapi.json", "/api/v1/report"}},
		{"/api/v2/waits", lead, 404, "no such route", nil},
		{"/api/v1/waits", func(r *http.Request) { lead(r); r.Method = http.MethodPost }, 405, `"POST"`, nil},
		{"/api/v1/waits", func(r *http.Request) { lead(r); r.Host = "evil.example" }, 403, "web.hosts", nil},
		{"/api/v1/waits", named(proxy, "", ""), 403, "web.roles", nil},
	} {
		p := problemOf(t, s, tc.target, tc.sign, tc.code)
		if !strings.Contains(p.Detail, tc.says) || !strings.HasPrefix(p.Instance, tc.target[:min(len(tc.target), 100)]) || !strings.Contains(p.Type, "docs/api.md#") {
			t.Errorf("%.80s: %+v", tc.target, p)
		}
		if tc.known != nil {
			if diff := cmp.Diff(tc.known, p.Known); diff != "" {
				t.Errorf("%s: known (-want +got):\n%s", tc.target, diff)
			}
		}
	}
	// Who looks cannot be recorded: the log says why, and a lead learns that it does.
	s.from.Looks = failing{}
	for _, target := range []string{"/api/v1/owners", "/api/v1/owners/ada"} {
		var logged string
		s.from.Failed = func(path string, err error) { logged = path + ": " + err.Error() }
		if p := problemOf(t, s, target, lead, 500); strings.Contains(p.Detail, "disk") || !strings.Contains(p.Detail, "The log of the service says why") {
			t.Errorf("%s: %+v", target, p)
		}
		if !strings.HasPrefix(logged, target+": ") || !strings.Contains(logged, "disk is full") {
			t.Errorf("%s: the log says %q", target, logged)
		}
	}
}

// apiAnswer asks, and returns the answer.
func apiAnswer(t *testing.T, s *Server, target string, sign func(*http.Request)) (out map[string]any, tag string) {
	t.Helper()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, apiRequest(target, sign))
	if rec.Code != http.StatusOK {
		t.Fatalf("%s: %d: %s", target, rec.Code, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out, rec.Header().Get("ETag")
}

// TestAPIShowsWhatTheRoleAllows asks for lists as each role.
func TestAPIShowsWhatTheRoleAllows(t *testing.T) {
	s, _, done := tabled(t, identified(), func(string) {})
	reader, err := s.from.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Store.SaveStories(t.Context(), jiradata.Batch{Quarantined: []jiradata.Quarantined{
		{ID: 901, Key: "PAY-901", Reason: "no status"}, {ID: 902, Key: "WEB-902", Reason: "no status"}, {ID: 903, Key: "OLD-903", Reason: "no status"},
	}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name                  string
		sign                  func(*http.Request)
		stories, owners       string
		projects, agreed, odd string
		found                 string
		looks                 int
	}{
		{"operator", named(proxy, "sam", "sre"), "", "", "", "", "PAY WEB", "PAY-901 WEB-902 OLD-903", 0},
		{"lead", named(proxy, "lin", ""), "PAY-1", "ada", "PAY", "PAY", "PAY", "PAY-901", 1},
		{"lead, and member of the other", named(proxy, "lin", "team-web"), "PAY-1 WEB-2", "ada", "PAY WEB", "PAY WEB", "PAY WEB", "PAY-901 WEB-902", 1},
		{"owner", named(proxy, "ada@example.com", ""), "PAY-1", "ada", "", "PAY", "", "", 0},
		{"member", named(proxy, "kim", "team-pay"), "PAY-1", "", "PAY", "PAY", "PAY", "PAY-901", 0},
	} {
		before := done.looks
		listed := func(target, list string, name func(map[string]any) any) string {
			answer, _ := apiAnswer(t, s, target, tc.sign)
			var out []string
			for _, e := range answer[list].([]any) {
				out = append(out, fmt.Sprint(name(e.(map[string]any))))
			}
			return strings.Join(out, " ")
		}
		data, _ := apiAnswer(t, s, "/api/v1/data", tc.sign)
		for _, got := range []struct{ what, got, want string }{
			{"waits", listed("/api/v1/waits", "waits", func(w map[string]any) any { return w["story"] }), tc.stories},
			{"owners", listed("/api/v1/owners", "owners", func(o map[string]any) any { return o["owner"] }), tc.owners},
			{"projects", listed("/api/v1/projects", "projects", func(p map[string]any) any { return p["project"] }), tc.projects},
			{"data", auditedIn(data), tc.odd},
			{"audit", listed("/api/v1/audit", "findings", func(f map[string]any) any { return f["story"] }), tc.found},
			{"agreement", listed("/api/v1/agreement", "owners", func(p map[string]any) any { return p["project"] }), tc.agreed},
		} {
			if got.got != got.want {
				t.Errorf("%s sees %s %q, want %q", tc.name, got.what, got.got, got.want)
			}
		}
		if done.looks-before != tc.looks {
			t.Errorf("%s: %d looks are kept, want %d", tc.name, done.looks-before, tc.looks)
		}
		for _, project := range strings.Fields(tc.odd) { // each may be asked for alone
			answer, _ := apiAnswer(t, s, "/api/v1/data?project="+project, tc.sign)
			if got := auditedIn(answer); got != project {
				t.Errorf("%s sees what is odd in %q, want %q", tc.name, got, project)
			}
		}
	}
}

// auditedIn lists the projects in an answer about the data.
func auditedIn(answer map[string]any) string {
	var out []string
	for _, reason := range answer["reasons"].([]any) {
		for _, in := range reason.(map[string]any)["projects"].([]any) {
			out = append(out, fmt.Sprint(in.(map[string]any)["project"]))
		}
	}
	return strings.Join(out, " ")
}

// TestTagsTellAnswersApart holds that an answer has its tag as long as nothing changes of
// what it depends on.
func TestTagsTellAnswersApart(t *testing.T) {
	s, _, _ := tabled(t, identified(), func(string) {})
	seen := map[string]string{}
	ask := func(name, target string, sign func(*http.Request)) string {
		_, tag := apiAnswer(t, s, target, sign)
		if other, ok := seen[tag]; ok {
			t.Errorf("%s has the tag of %s", name, other)
		}
		seen[tag] = name
		return tag
	}
	lead := named(proxy, "lin", "")
	first := ask("a lead", "/api/v1/waiting", lead)
	if _, again := apiAnswer(t, s, "/api/v1/waiting", named(proxy, "lin", "staff")); again != first {
		t.Error("a group without a role changes the tag")
	}
	ask("a member", "/api/v1/waiting", named(proxy, "kim", "team-pay")) // who sees no expected answer
	ask("a lead who is a member", "/api/v1/waiting", named(proxy, "lin", "team-web"))
	ask("another filter", "/api/v1/waiting?kind=question", lead)
	ask("another route", "/api/v1/projects", lead)
	s.from.Report().DataTimestamp++
	ask("newer numbers", "/api/v1/waiting", lead)
}

// TestMembersSeeNoStatistics holds that an ended wait says to a member neither whose it was
// nor who did what.
func TestMembersSeeNoStatistics(t *testing.T) {
	ended := asking(3, "PAY-3", "1", "a")
	ended.History.Events = append(ended.History.Events, latency.Event{At: answersFrom.Add(3 * time.Hour), Rank: latency.RankCommentAdded, ID: 203, Actor: "a", Comment: &comment.Facts{}})
	report := twoTeams(t)
	reader := answering(t, report, nil, ended)
	s := serving(Sources{
		Reader: func(context.Context) (*query.Reader, error) { return reader, nil }, Report: func() *latency.Report { return report },
		Policy: func() *Policy { return identified() },
	})
	for _, tc := range []struct {
		name  string
		sign  func(*http.Request)
		owner string
		found int
	}{
		{"lead", named(proxy, "lin", ""), "ada", 1},
		{"owner", named(proxy, "ada@example.com", ""), "ada", 1},
		{"member", named(proxy, "kim", "team-pay"), "", 0},
	} {
		answer, _ := apiAnswer(t, s, "/api/v1/waits?open=false", tc.sign)
		waits := answer["waits"].([]any)
		if len(waits) != 1 {
			t.Fatalf("%s: %v", tc.name, waits)
		}
		wait := waits[0].(map[string]any)
		actors := ""
		for _, e := range wait["events"].([]any) {
			actors += e.(map[string]any)["actor"].(string)
		}
		if wait["owner"] != tc.owner || (actors == "") != (tc.owner == "") || wait["outcome"] != "answered" {
			t.Errorf("%s sees %v", tc.name, wait)
		}
		answer, _ = apiAnswer(t, s, "/api/v1/waits?open=false&owner=ada", tc.sign)
		if n := len(answer["waits"].([]any)); n != tc.found {
			t.Errorf("%s finds %d by their owner, want %d", tc.name, n, tc.found)
		}
	}
}
