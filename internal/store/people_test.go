package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// TestLooks holds that looks are kept for 400 days, and are the owner's.
func TestLooks(t *testing.T) {
	st := opened(t)
	day := func(n int) time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 700, time.UTC).AddDate(0, 0, n) }
	for _, l := range []struct {
		owner, by, what string
		at              time.Time
	}{
		{"ada", "lin@example.com", "/owners/ada", day(0)},
		{"ada", "lin@example.com", "/owners/ada", day(0).Add(time.Millisecond)},
		{"ada", "sre", "/api/v1/owners/ada", day(1)},
		{"grace", "ada@example.com", "/owners/grace", day(1)},
	} {
		if err := st.RecordLook(t.Context(), l.owner, l.by, l.what, l.at); err != nil {
			t.Fatal(err)
		}
	}
	at := func(n int) latency.Instant { return latency.At(day(n).Truncate(time.Second)) }
	got, err := st.Looks(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	want := []Look{{at(1), "sre", "/api/v1/owners/ada"}, {at(0), "lin@example.com", "/owners/ada"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("looks at ada (-want +got):\n%s", diff)
	}
	for _, tc := range []struct{ now, left int }{{400, 2}, {401, 1}, {402, 0}} {
		if err := st.ForgetLooks(t.Context(), day(tc.now).Truncate(time.Second)); err != nil {
			t.Fatal(err)
		}
		if got, err := st.Looks(t.Context(), "ada"); len(got) != tc.left || err != nil {
			t.Errorf("after %d days there are %d looks, want %d (%v)", tc.now, len(got), tc.left, err)
		}
	}
}

// opened returns an empty store.
func opened(t *testing.T) *Store {
	t.Helper()
	st, err := Open(t.Context(), stack.StoreURL(t, filepath.Join(t.TempDir(), "store.db")), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() }) //nolint:errcheck // the test is over
	return st
}

// TestEraseCleansTheFile erases a person of whom every table holds something, and
// looks for them in the bytes of the store: in rows, in free pages and in the journal.
func TestEraseCleansTheFile(t *testing.T) {
	const (
		ada, name, display = "557058:f58131cb-b67d", "alovelace", "Ada Lovelace"
		words              = "words that nobody else has written"
	)
	st := opened(t)
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	story := func(id int64) jiradata.Story {
		return jiradata.Story{
			History: latency.History{
				ID: id, Key: "PAY-1", Now: latency.Snapshot{latency.FieldAssignee: {{ID: ada, Name: display}}, latency.FieldSprint: {{ID: "1", Name: display + " 1"}}},
				Events: []latency.Event{
					{At: 1, Rank: latency.RankCreated, Actor: ada},
					{At: 2, Rank: latency.RankCommentAdded, ID: 7, Actor: ada, Comment: &comment.Facts{Head: words}},
					{At: 3, Rank: latency.RankCommentAdded, ID: 8, Actor: "dev", Comment: &comment.Facts{Head: display + "?", Mentioned: []string{name}}},
				},
			},
			Updated: 3, Users: []jiradata.User{{ID: ada, Name: name, DisplayName: display, Active: true}, {ID: "dev", DisplayName: "Developer"}},
		}
	}
	batch := jiradata.Batch{
		At: 5, State: jiradata.State{Account: "bot", DataTimestamp: 100},
		Quarantined: []jiradata.Quarantined{{ID: 99, Key: "PAY-99", Reason: "assignee " + name + ": unreadable"}},
	}
	for id := range int64(500) {
		batch.Stories = append(batch.Stories, story(id+1))
	}
	_, err := st.SaveStories(t.Context(), batch)
	write(err)
	meta := jiradata.Meta{At: 5, Users: []jiradata.User{{ID: ada, Name: name, DisplayName: display}}, Projects: []jiradata.Project{{ID: "1", Key: "PAY", Lead: ada, Components: map[string]string{"3": display}}}}
	write(st.SaveMeta(t.Context(), meta))
	write(st.SaveSprints(t.Context(), "1", []jiradata.Sprint{{ID: 1, ProjectID: "1", Name: display + " 1"}}))
	write(st.SaveNotes(t.Context(), jiradata.NoteLate, []jiradata.Note{{Story: 1, Key: "PAY-1", At: 5, Detail: "as " + display + " said"}}, nil))
	write(st.SaveOwners(t.Context(), map[string][]string{"adakey": {ada}, "dev": {"dev"}, "kept": {ada}}))
	entry := func(owner string, at latency.Instant) latency.Entry {
		return latency.Entry{ID: latency.EntryID{StoryID: 1, Kind: latency.Question, Topic: "ended", At: at}, Type: latency.EntryEnded, Project: "PAY", Owner: owner, At: at}
	}
	_, err = st.Count(t.Context(), []latency.Entry{entry(ada, 1), entry("adakey", 2), entry("kept", 3), entry("dev", 4)}, latency.Standing{AsOf: 100}, true, nil)
	write(err)
	for _, l := range [][3]string{{"adakey", "sre", "/owners/adakey"}, {ada, "sre", "/owners/" + ada}, {"dev", "ada@example.com", "/owners/dev"}} {
		write(st.RecordLook(t.Context(), l[0], l[1], l[2], time.UnixMilli(5000)))
	}
	// What is removed lies in free pages.
	_, err = st.db.ExecContext(t.Context(), `DELETE FROM story WHERE id > 100`)
	write(err)
	_, err = st.db.ExecContext(t.Context(), `DELETE FROM event WHERE story > 100`)
	write(err)

	needles := []string{ada, display, name, words, "adakey", "ada@example.com"}
	held := func() (out []string) {
		t.Helper()
		data := bytesOf(t, st)
		for _, n := range needles {
			if strings.Contains(data, n) {
				out = append(out, n)
			}
		}
		return out
	}
	if got := held(); len(got) != len(needles) {
		t.Fatalf("the store holds %q alone: mend the test", got)
	}
	before, err := st.Ledger(t.Context())
	write(err)
	done, err := st.Erase(t.Context(), Erasure{Account: strings.ToUpper(name), Names: []string{"ada@example.com"}, Kept: []string{"kept"}, At: time.UnixMilli(7000)})
	write(err)
	if got := held(); len(got) > 0 {
		t.Errorf("the store still holds %q", got)
	}
	for what, n := range done.Left {
		if n != 0 {
			t.Errorf("the search found %q %d times", what, n)
		}
	}
	for _, table := range []string{"event", "story", "account", "lead", "ledger", "note", "quarantine", "sprint", "meta", "owner", "look"} {
		if done.Changed[table] == 0 {
			t.Errorf("nothing was changed in the table %s: %v", table, done.Changed)
		}
	}
	after, err := st.Ledger(t.Context())
	write(err)
	if after.Start <= before.Start || after.AsOf != before.AsOf {
		t.Errorf("the ledger began at %d before, and at %d after; it stands at %d, want %d", before.Start, after.Start, after.AsOf, before.AsOf)
	}
	list, err := st.LedgerOf(t.Context(), []int64{1})
	write(err)
	var owners []string
	for _, e := range list {
		owners = append(owners, e.Owner)
	}
	if len(owners) != 4 || owners[0] != done.Tombstone || !strings.HasPrefix(owners[1], "erased-") || owners[1] == owners[0] || owners[2] != "kept" || owners[3] != "dev" {
		t.Errorf("the ledger's owners are %q", owners)
	}
	looks, err := st.Looks(t.Context(), "dev")
	write(err)
	if len(looks) != 1 || looks[0].By != done.Tombstone {
		t.Errorf("looks at another owner are %v", looks)
	}

	// All of it comes again.
	changed, err := st.SaveStories(t.Context(), jiradata.Batch{At: 6, Stories: []jiradata.Story{story(1)}, State: batch.State, Quarantined: batch.Quarantined})
	write(err)
	if changed.Events+changed.Mended+len(changed.Stories) > 0 {
		t.Errorf("the same story again changed %+v", changed)
	}
	meta.Projects[0].Lead = ada
	write(st.SaveMeta(t.Context(), meta))
	write(st.SaveOwners(t.Context(), map[string][]string{"adakey": {ada}}))
	write(st.RecordLook(t.Context(), "dev", "ada@example.com", "/owners/dev", time.UnixMilli(9000)))
	if got := held(); len(got) > 0 {
		t.Errorf("what came again is in the store: %q", got)
	}
	again, err := st.Erase(t.Context(), Erasure{Account: ada})
	if err != nil || !again.Again || again.Tombstone != done.Tombstone {
		t.Errorf("erased again: %+v, %v", again, err)
	}
	unknown := (*UnknownAccountError)(nil)
	if _, err := st.Erase(t.Context(), Erasure{Account: "dve1"}); !errors.As(err, &unknown) {
		t.Errorf("nobody is erased: %v", err)
	}
	if _, err := st.Erase(t.Context(), Erasure{Account: "bot"}); !errors.Is(err, ErrPolling) {
		t.Errorf("the account that polls: %v", err)
	}
}

// TestEraseBesideAReader erases while another process reads: what was overwritten stays
// in the journal, which is told, and erasing again cleans it.
func TestEraseBesideAReader(t *testing.T) {
	stack.NeedsFile(t)
	st := opened(t)
	batch := jiradata.Batch{Stories: []jiradata.Story{{
		History: latency.History{ID: 1, Key: "PAY-1", Events: []latency.Event{{At: 1, Actor: "5b10ac8d"}}}, Users: []jiradata.User{{ID: "5b10ac8d", DisplayName: "Ada Lovelace"}},
	}}}
	if _, err := st.SaveStories(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if _, err := st.db.ExecContext(t.Context(), `PRAGMA busy_timeout(20)`); err != nil {
		t.Fatal(err)
	}
	reader, err := st.scan.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM account`).Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	done, err := st.Erase(t.Context(), Erasure{Account: "5b10ac8d"})
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "erase again to clean it") {
		t.Fatalf("beside a reader: %v", err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	again, err := st.Erase(t.Context(), Erasure{Account: "5b10ac8d"})
	if err != nil || again.Tombstone != done.Tombstone || again.Left["5b10ac8d"] != 0 {
		t.Errorf("after it: %+v, %v", again, err)
	}
}

// TestSearchFindsWhatSpansBlocks holds that a text is found wherever it stands.
func TestSearchFindsWhatSpansBlocks(t *testing.T) {
	for _, at := range []int{0, 1, searchBlock - 3, searchBlock - 1, searchBlock, 2*searchBlock - 2, 2*searchBlock + 5} {
		text := strings.Repeat(".", at) + "needle" + strings.Repeat(".", 10)
		found := map[string]int{"needle": 0, "needles": 0, "n": 0}
		if err := count(strings.NewReader(text), found); err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"needle": 1, "needles": 0, "n": 1}; !cmp.Equal(found, want) {
			t.Errorf("at %d: %v, want %v", at, found, want)
		}
	}
}
