package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestMerge holds what becomes of an event that comes again.
func TestMerge(t *testing.T) {
	change := func(field, from, to string) latency.Change {
		return latency.Change{Field: field, From: latency.Value{ID: from}, To: latency.Value{ID: to}}
	}
	record := func(changes ...latency.Change) latency.Event { return latency.Event{Actor: "ada", Changes: changes} }
	says := func(head string) latency.Event {
		return latency.Event{Actor: "ada", Comment: &comment.Facts{Head: head}}
	}
	by := func(actor string, kind latency.AccountType) latency.Event {
		return latency.Event{Actor: actor, ActorType: kind}
	}
	const older, same = 1, 2 // the reading that is stored; what comes is of reading 2
	for _, tc := range []struct {
		name              string
		before, now, want latency.Event
		reading           int
	}{
		{"an equal record", record(change("status", "1", "2")), record(change("status", "1", "2")), record(change("status", "1", "2")), same},
		{"somebody is named where nobody was", by("", latency.Person), by("ada", latency.App), by("ada", latency.App), same},
		{"an account that was anonymised", by("ada", latency.Person), by("jirauser80900", latency.Person), by("ada", latency.Person), older},
		{"an account that is gone", by("ada", latency.App), by("", latency.Person), by("ada", latency.App), older},
		{"a person who is an app", by("ada", latency.Person), by("ada", latency.App), by("ada", latency.App), same},
		{"an app whose type is not given", by("ada", latency.App), by("ada", latency.Person), by("ada", latency.App), older},
		{"another person's type", by("ada", latency.Person), by("bo", latency.App), by("ada", latency.Person), older},
		{
			"a field that was not read, before those that were",
			record(change("status", "1", "2")), record(change("import", "", ""), change("status", "1", "2")),
			record(change("import", "", ""), change("status", "1", "2")), same,
		},
		{
			"a field that is not given any more",
			record(change("cf", "ada", "bo"), change("status", "1", "2")), record(change("status", "1", "2")),
			record(change("cf", "ada", "bo"), change("status", "1", "2")), older,
		},
		{
			"one field of each, and one that holds an anonymised account",
			record(change("old", "", "x"), change("assignee", "ada", "bo")), record(change("assignee", "jirauser1", "jirauser2"), change("new", "", "y")),
			record(change("assignee", "ada", "bo"), change("new", "", "y"), change("old", "", "x")), older,
		},
		{
			"a field that changed twice in one record",
			record(change("label", "", "a"), change("label", "a", "b")), record(change("label", "", "a"), change("new", "", "y"), change("label", "a", "b")),
			record(change("label", "", "a"), change("label", "a", "b"), change("new", "", "y")), same,
		},
		{"equal facts", says("hm"), says("hm"), says("hm"), older},
		{"other facts by a newer reading", says("hm"), says("hm?"), says("hm?"), older},
		{"other facts by the same reading", says("hm"), says("hm?"), says("hm"), same},
		{"other facts by an older reading", says("hm"), says("hm?"), says("hm"), same + 1},
		{"no facts", says("hm"), by("ada", latency.Person), says("hm"), older},
		{
			"Jira's own instant where a poll had observed it",
			latency.Event{Actor: "ada", Observed: true},
			by("ada", latency.Person), by("ada", latency.Person), same,
		},
		{
			"an observation of what Jira gives an instant of",
			by("ada", latency.Person),
			latency.Event{Actor: "ada", Observed: true},
			by("ada", latency.Person), older,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, differs := merge(&tc.before, &tc.now, tc.reading, same)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if want := !cmp.Equal(tc.before, tc.want); differs != want {
				t.Errorf("it differs: %t, want %t", differs, want)
			}
			if again, differs := merge(&got, &tc.now, max(tc.reading, same), same); differs {
				t.Errorf("once more it becomes %+v", again)
			}
		})
	}
}

// older writes a story as a program with an older reading left it: all in form
// 1, with other facts of its comments.
func older(t *testing.T, s *Store, st jiradata.Story, head string) {
	t.Helper()
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{st}})
	for _, ev := range st.History.Events {
		if ev.Comment != nil {
			ev.Comment = &comment.Facts{Head: head}
		}
		if _, err := s.db.ExecContext(t.Context(), `UPDATE event SET body = $1 WHERE story = $2 AND at = $3 AND rank = $4`,
			firstForm(&ev), st.History.ID, int64(ev.At), ev.Rank); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFormsSideBySide reads a store that two versions of the program wrote, and
// then one with a row of a version that is not known yet.
func TestFormsSideBySide(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	first, second := story(10, "PAY-1"), story(11, "PAY-2")
	older(t, s, first, "old")
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{second}})
	want := []latency.History{first.History, second.History}
	want[0].Events[2].Comment = &comment.Facts{Head: "old"}
	if d := cmp.Diff(want, histories(t, s, nil)); d != "" {
		t.Errorf("histories (-want +got):\n%s", d)
	}
	known, err := s.Known(t.Context(), []int64{10, 11})
	if err != nil || known[10].Comments[8].Reading != 1 || known[11].Comments[8].Reading != jiradata.Reading {
		t.Errorf("known %+v, %v", known, err)
	}
	if _, err := s.db.ExecContext(t.Context(), `UPDATE event SET body = CAST($1 || SUBSTR(body, 2) AS `+blob()+`) WHERE story = 11 AND rank = 2`, []byte{3}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Known(t.Context(), []int64{11})
	for _, streamed := range s.Histories(t.Context(), nil) {
		err = errors.Join(err, streamed)
	}
	_, saved := s.SaveStories(t.Context(), jiradata.Batch{Stories: []jiradata.Story{second}})
	for i, err := range []error{err, saved} {
		if !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) {
			t.Errorf("reading %d of a form of a newer program: %v", i, err)
		}
	}
}

// TestANewFactReachesStoredComments holds that a story changes once when a newer
// reading gives more of its comments, and not again.
func TestANewFactReachesStoredComments(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	older(t, s, story(10, "PAY-1"), "old")
	older(t, s, story(11, "PAY-2"), "ok?")
	same := story(11, "PAY-2") // the newer reading finds the same in it
	same.History.Events[2].Comment = &comment.Facts{Head: "ok?"}
	batch := jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1"), same}}
	if d := cmp.Diff(jiradata.Changed{Stories: []int64{10}, Mended: 1}, save(t, s, batch)); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]latency.History{story(10, "PAY-1").History, same.History}, histories(t, s, nil)); d != "" {
		t.Errorf("histories (-want +got):\n%s", d)
	}
	older(t, s, story(12, "PAY-3"), "old")
	twice := story(12, "PAY-3") // doubles are allowed
	twice.History.Events = append(twice.History.Events, twice.History.Events...)
	if d := cmp.Diff(jiradata.Changed{Stories: []int64{12}, Mended: 1}, save(t, s, jiradata.Batch{Stories: []jiradata.Story{twice}})); d != "" {
		t.Errorf("an event that comes twice changed (-want +got):\n%s", d)
	}
	for range 2 {
		if d := cmp.Diff(jiradata.Changed{}, save(t, s, batch)); d != "" {
			t.Errorf("the same once more changed (-want +got):\n%s", d)
		}
	}
	// Another endpoint gives the text in another form.
	other := story(10, "PAY-1")
	other.History.Events[2].Comment = &comment.Facts{Head: "ok ?"}
	if d := cmp.Diff(jiradata.Changed{}, save(t, s, jiradata.Batch{Stories: []jiradata.Story{other}})); d != "" {
		t.Errorf("another form of the same text changed (-want +got):\n%s", d)
	}
}
