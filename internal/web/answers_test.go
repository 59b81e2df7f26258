package web

import (
	"path/filepath"
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
			{At: answersFrom.Add(time.Hour), Rank: latency.RankCommentAdded, ID: 100 + id, Actor: "d", Comment: &comment.Facts{Question: true, Asked: []string{whom}, Mentioned: []string{whom}}},
		},
	}, Updated: answersFrom}
}
