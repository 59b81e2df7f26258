package web

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
)

// answersFrom is when the first story of answering was created.
var answersFrom = latency.At(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)) //nolint:gochecknoglobals // a constant in all but name

// answering returns what answers questions about a store of its own, in which stories of PAY
// wait for ada, and of WEB for grace: PAY-1 and WEB-2, and what else is given.
func answering(t testing.TB, report *latency.Report, users []jiradata.User, more ...jiradata.Story) *query.Reader {
	t.Helper()
	cfg, err := config.Parse("yourturn.yml", []byte(`jira: {url: "https://jira.example", projects: [PAY, WEB]}
defaults: {owner_field: ""}
projects: {PAY: {owner: ada}, WEB: {owner: grace}}
owners: {ada: {accounts: [a]}, grace: {accounts: [g]}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "web.db"), store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() }) //nolint:errcheck // the test is over
	meta := jiradata.Meta{
		At:       answersFrom,
		Statuses: []jiradata.Status{{ID: "1", Name: "Open", Category: latency.CategoryNew}, {ID: "2", Name: "PO Review", Category: latency.CategoryIndeterminate}, {ID: "3", Name: "Done", Category: latency.CategoryDone}},
		Types:    []jiradata.IssueType{{ID: "10", Name: "Story"}},
		Projects: []jiradata.Project{{ID: "1", Key: "PAY", Name: "Payments", Workflow: []string{"1", "2", "3"}}, {ID: "2", Key: "WEB", Name: "Web", Workflow: []string{"1", "2", "3"}}},
		Users:    []jiradata.User{{ID: "a", DisplayName: "Ada Ohm", Active: true}, {ID: "g", DisplayName: "Grace Ampere", Active: true}, {ID: "d", DisplayName: "Dev", Active: true}},
	}
	meta.Users = append(meta.Users, users...)
	if err := st.SaveMeta(t.Context(), meta); err != nil {
		t.Fatal(err)
	}
	batch := jiradata.Batch{Stories: append([]jiradata.Story{asking(1, "PAY-1", "1", "a"), asking(2, "WEB-2", "2", "g")}, more...), State: jiradata.State{FirstDone: true}, At: answersFrom}
	if _, err := st.SaveStories(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	facts, err := query.Facts(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	running := query.Running{Store: st}
	reader, err := running.Reader(t.Context(), cfg, report)
	if err != nil {
		t.Fatal(err)
	}
	reader.Rules = rules.New(cfg, facts).Rules
	return reader
}

// asking is a story on which a developer asks somebody.
func asking(id int64, key, project, whom string) jiradata.Story {
	value := func(id, name string) []latency.Value { return []latency.Value{{ID: id, Name: name}} }
	return jiradata.Story{History: latency.History{
		ID: id, Key: key,
		Now: latency.Snapshot{latency.FieldStatus: value("1", "Open"), latency.FieldType: value("10", "Story"), latency.FieldProject: value(project, key[:3])},
		Events: []latency.Event{
			{At: answersFrom, Rank: latency.RankCreated, Actor: "d"},
			{At: answersFrom.Add(2 * time.Hour), Rank: latency.RankCommentAdded, ID: 100 + id, Actor: "d", Comment: &comment.Facts{Question: true, Asked: []string{whom}, Mentioned: []string{whom}}},
		},
	}, Updated: answersFrom}
}

// TestExpectedAnswersOnAStory holds that what an owner's other waits say is shown to those
// who may see it, and that looking at it is kept.
func TestExpectedAnswersOnAStory(t *testing.T) {
	s, _, done := tabled(t, identified(), func(string) {})
	for name, tc := range map[string]struct {
		sign  func(*http.Request)
		shown bool
		looks int
	}{
		"lead":   {named(proxy, "lin", ""), true, 1},
		"owner":  {named(proxy, "ada@example.com", ""), true, 0},
		"member": {named(proxy, "kim", "team-pay"), false, 0},
	} {
		before := done.looks
		r := httptest.NewRequest(http.MethodGet, "/stories/PAY-1", nil)
		r.Host = "yourturn.example.com"
		tc.sign(r)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK || strings.Contains(rec.Body.String(), "When to expect") != tc.shown || done.looks-before != tc.looks {
			t.Errorf("%s: %d, %d looks kept, want %d, and the expected answer shown: %t\n%s", name, rec.Code, done.looks-before, tc.looks, tc.shown, rec.Body)
		}
	}
}

// TestAnOwnerSeesTheirStoriesAlone holds that to an owner a story of others and one that
// there is not are the same.
func TestAnOwnerSeesTheirStoriesAlone(t *testing.T) {
	s, _, _ := tabled(t, identified(), func(string) {})
	texts := map[string]bool{}
	for _, path := range []string{"/stories/WEB-2", "/stories/web-2", "/stories/WEB-777", "/stories/PAY-777", "/stories/x"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "yourturn.example.com"
		named(proxy, "ada@example.com", "")(r)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if rec.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, rec.Code)
		}
		texts[strings.ReplaceAll(rec.Body.String(), path, "")] = true
	}
	if len(texts) != 1 {
		t.Errorf("the answers differ: %v", texts)
	}
}
