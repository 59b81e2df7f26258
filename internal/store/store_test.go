package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

func TestMain(m *testing.M) { stack.Main(m) }

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), stack.StoreURL(t, path), ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// blob is the type of bodies.
func blob() string {
	if stack.OnPostgres() {
		return "BYTEA"
	}
	return "BLOB"
}

// bytesOf returns what the files of a store hold.
func bytesOf(t *testing.T, s *Store) string {
	t.Helper()
	if p, ok := s.kind.(*postgres); ok {
		return stack.StartPostgres(t).Bytes(t, p.config.Database)
	}
	var all strings.Builder
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(s.path + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// story is a story with a record and a comment.
func story(id int64, key string) jiradata.Story {
	return jiradata.Story{
		History: latency.History{
			ID: id, Key: key,
			Now: latency.Snapshot{latency.FieldStatus: {{ID: "2", Name: "Doing"}}, latency.FieldParent: {{ID: "900"}}},
			Events: []latency.Event{
				{At: 1000, Rank: latency.RankCreated, Actor: "dev"},
				{At: 2000, Rank: latency.RankRecord, ID: 7, Actor: "dev", Changes: []latency.Change{{Field: latency.FieldStatus, From: latency.Value{ID: "1", Name: "Open"}, To: latency.Value{ID: "2", Name: "Doing"}}}},
				{At: 3000, Rank: latency.RankCommentAdded, ID: 8, Actor: "bot", ActorType: latency.App, Comment: &comment.Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po"}, Head: "ok?"}},
			},
		},
		Updated: 3000,
		Users:   []jiradata.User{{ID: "dev", Name: "dev.name", DisplayName: "Dev", Active: true}},
	}
}

func save(t *testing.T, s *Store, b jiradata.Batch) jiradata.Changed {
	t.Helper()
	c, err := s.SaveStories(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kept returns a copy of a history that lasts.
func kept(h *latency.History) latency.History {
	c := latency.History{ID: h.ID, Key: h.Key, Now: latency.Snapshot{}}
	for field, values := range h.Now {
		c.Now[field] = slices.Clone(values)
	}
	for _, ev := range h.Events {
		ev.Changes = slices.Clone(ev.Changes)
		if ev.Comment != nil {
			facts := *ev.Comment
			facts.Asked, facts.Mentioned = slices.Clone(facts.Asked), slices.Clone(facts.Mentioned)
			ev.Comment = &facts
		}
		c.Events = append(c.Events, ev)
	}
	return c
}

func histories(t *testing.T, s *Store, ids []int64) []latency.History {
	t.Helper()
	var out []latency.History
	for h, err := range s.Histories(t.Context(), ids) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, kept(h))
	}
	return out
}

func TestStoriesComeBackAsTheyWere(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	one, two := story(10, "PAY-1"), story(11, "PAY-2")
	state := jiradata.State{Account: "me", FirstDone: true, DataTimestamp: 5000}
	got := save(t, s, jiradata.Batch{Stories: []jiradata.Story{two, one}, State: state})
	if want := (jiradata.Changed{Stories: []int64{11, 10}, Events: 6}); !cmp.Equal(got, want) {
		t.Errorf("changed %+v, want %+v", got, want)
	}
	if d := cmp.Diff([]latency.History{one.History, two.History}, histories(t, s, nil)); d != "" {
		t.Errorf("histories (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]latency.History{two.History}, histories(t, s, []int64{11, 12})); d != "" {
		t.Errorf("histories by id (-want +got):\n%s", d)
	}
	if st, err := s.State(t.Context()); err != nil || !cmp.Equal(st, state) {
		t.Errorf("state %+v, %v", st, err)
	}
	counts, err := s.Counts(t.Context())
	if want := (Counts{Stories: 2, Records: 2, Comments: 2}); err != nil || counts != want {
		t.Errorf("counts %+v, %v; want %+v", counts, err, want)
	}
}

func TestTheSameBatchTwiceChangesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
	if got := save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}}); got.Events != 0 || len(got.Stories) != 0 {
		t.Errorf("changed %+v", got)
	}
	moved := story(10, "WEB-1")
	if got := save(t, s, jiradata.Batch{Stories: []jiradata.Story{moved}}); len(got.Stories) != 1 {
		t.Errorf("a new key changed %+v", got)
	}
}

func TestKnownTellsTheLatestOfComments(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	st := story(10, "PAY-1")
	edited := comment.Facts{Head: "never mind"}
	st.History.Events = append(st.History.Events,
		latency.Event{At: 4000, Rank: latency.RankCommentEdited, ID: 8, Actor: "bot", Comment: &edited},
		latency.Event{At: 5000, Rank: latency.RankCommentAdded, ID: 9, Actor: "dev", Comment: &comment.Facts{}},
		latency.Event{At: 6000, Rank: latency.RankCommentDeleted, ID: 9, Observed: true})
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{st}})
	known, err := s.Known(t.Context(), []int64{10, 11})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]jiradata.Known{10: {Updated: 3000, Comments: map[int64]jiradata.KnownComment{
		8: {First: *story(10, "").History.Events[2].Comment, Facts: edited, Reading: jiradata.Reading, Edits: []jiradata.KnownEdit{{At: 4000, Reading: jiradata.Reading}}},
		9: {Reading: jiradata.Reading, Deleted: true},
	}}}
	if d := cmp.Diff(want, known); d != "" {
		t.Errorf("known (-want +got):\n%s", d)
	}
}

// entry is something counted.
func entry(story int64, at latency.Instant) latency.Entry {
	return latency.Entry{
		ID:   latency.EntryID{StoryID: story, Kind: latency.Acceptance, Topic: "ended", At: at},
		Type: latency.EntryEnded, Project: "PAY", Owner: "po", Outcome: latency.Accepted, Responder: latency.ByOwner, Working: 10, Elapsed: 20, At: at,
	}
}

func ledger(t *testing.T, s *Store) (out []latency.Entry) {
	t.Helper()
	for e, err := range s.LedgerIn(t.Context(), everything()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Counted {
			out = append(out, e.Entry)
		}
	}
	return out
}

func TestTheLedgerCountsOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	count := func(config string, asOf latency.Instant, entries ...latency.Entry) []latency.Entry {
		added, err := s.Count(t.Context(), entries, latency.Standing{AsOf: asOf, Fingerprint: config}, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	first := entry(1, 100)
	if got := count("a", 1000, first); len(got) != 1 {
		t.Fatalf("counted %d", len(got))
	}
	corrected := first
	corrected.Owner, corrected.Working = "other", 99
	if got := count("a", 2000, corrected); len(got) != 0 {
		t.Errorf("counted again: %+v", got)
	}
	late := entry(2, 1500)
	if got := count("a", 2000, late); len(got) != 1 {
		t.Error("what Jira showed late was not counted")
	}
	old, fresh := entry(3, 1500), entry(4, 2500)
	if got := count("b", 3000, old, fresh); len(got) != 1 || got[0].ID != fresh.ID {
		t.Errorf("after a change of the config %+v was counted, want only what is new", got)
	}
	if got := count("b", 3000, old); len(got) != 0 {
		t.Error("what a changed config brought up was counted later")
	}
	if d := cmp.Diff([]latency.Entry{first, late, fresh}, ledger(t, s)); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
	if err := s.NewLedger(t.Context()); err != nil || len(ledger(t, s)) != 0 {
		t.Errorf("recount left %d entries, %v", len(ledger(t, s)), err)
	}
}

// TestTheLedgerCountsOnceOfMany counts more than one statement writes, with some that the
// ledger has, and some that are there twice.
func TestTheLedgerCountsOnceOfMany(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	count := func(entries []latency.Entry) []latency.Entry {
		added, err := s.Count(t.Context(), entries, latency.Standing{AsOf: 1000, Fingerprint: "a"}, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	var old, all, want []latency.Entry
	for story := range int64(300) {
		e := entry(story, 100)
		if all = append(all, e); story%3 == 0 {
			old = append(old, e)
		} else {
			want = append(want, e)
		}
		if story%5 == 0 {
			e.Owner = "whoever is second"
			all = append(all, e)
		}
	}
	if got := count(old); !slices.Equal(got, old) {
		t.Errorf("of %d entries %d were counted", len(old), len(got))
	}
	if d := cmp.Diff(want, count(all)); d != "" {
		t.Errorf("counted of many, some of them twice or there before (-want +got):\n%s", d)
	}
	if d := cmp.Diff(append(want, old...), ledger(t, s), cmpopts.SortSlices(func(a, b latency.Entry) bool { return a.ID.StoryID < b.ID.StoryID })); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
}

// TestANewReadingMovesNoCounter holds that what is brought up from before by
// reading all stories once more is entered and not counted, once.
func TestANewReadingMovesNoCounter(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	counts := func(asOf latency.Instant, want int, entries ...latency.Entry) {
		t.Helper()
		if got, err := s.Count(t.Context(), entries, latency.Standing{AsOf: asOf, Fingerprint: "a"}, true, nil); err != nil || len(got) != want {
			t.Errorf("as of %d %+v was counted, %v; want %d", asOf, got, err, want)
		}
	}
	counts(1000, 1, entry(1, 100))
	save(t, s, jiradata.Batch{State: jiradata.State{Reading: jiradata.Reading}})
	counts(1000, 0, entry(2, 500))
	counts(2000, 1, entry(2, 500), entry(3, 1500))
	counts(3000, 1, entry(4, 1800)) // Jira showed it late
	if got := len(ledger(t, s)); got != 3 {
		t.Errorf("%d entries are counted, want 3", got)
	}
}

// TestPollsThatFindNothingWriteNoLedger holds that time alone moves the ledger
// now and then and not with each poll; whatever is counted does.
func TestPollsThatFindNothingWriteNoLedger(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	begin := latency.At(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	for _, step := range []struct {
		at, want time.Duration
		config   string
		entries  []latency.Entry
		projects []string
	}{
		{0, 0, "a", nil, nil},
		{time.Minute, 0, "a", nil, nil},
		{14 * time.Minute, 0, "a", nil, nil},
		{15 * time.Minute, 15 * time.Minute, "a", nil, nil},
		{16 * time.Minute, 16 * time.Minute, "a", []latency.Entry{entry(1, 100)}, nil},
		{17 * time.Minute, 17 * time.Minute, "b", nil, nil},
		{18 * time.Minute, 17 * time.Minute, "b", nil, nil},
		{19 * time.Minute, 19 * time.Minute, "b", nil, []string{"PAY"}},
	} {
		if _, err := s.Count(t.Context(), step.entries, latency.Standing{AsOf: begin.Add(step.at), Fingerprint: step.config, Projects: step.projects}, true, nil); err != nil {
			t.Fatal(err)
		}
		got, err := s.Ledger(t.Context())
		if err != nil || got.AsOf != begin.Add(step.want) {
			t.Errorf("after %s the ledger is as of %s, %v, want %s", step.at, got.AsOf.Time(), err, begin.Add(step.want).Time())
		}
	}
}

// TestAProjectsCountersBeginOnce: a project that is watched for the first time
// is counted whole, whatever the config; one that was watched before is not
// counted for the time in which it was not watched.
func TestAProjectsCountersBeginOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	of := func(project string, story int64, at latency.Instant) latency.Entry {
		e := entry(story, at)
		e.Project = project
		return e
	}
	step := func(what string, by latency.Standing, want int, entries ...latency.Entry) {
		t.Helper()
		added, err := s.Count(t.Context(), entries, by, true, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(added) != want {
			t.Errorf("%s: counted %d, want %d", what, len(added), want)
		}
	}
	pay, both := []string{"PAY"}, []string{"PAY", "WEB"}
	step("the first project", latency.Standing{AsOf: 1000, Fingerprint: "a", Projects: pay}, 1, of("PAY", 1, 100))
	step("a second one, by another config", latency.Standing{AsOf: 2000, Fingerprint: "b", Projects: both}, 2,
		of("PAY", 2, 500), of("WEB", 3, 500), of("WEB", 4, 1500))
	step("what comes late of it, by the same config", latency.Standing{AsOf: 3000, Fingerprint: "b", Projects: both}, 1, of("WEB", 5, 1500))
	step("its past by another config", latency.Standing{AsOf: 3000, Fingerprint: "c", Projects: both}, 0, of("WEB", 6, 1500))
	step("without it", latency.Standing{AsOf: 5000, Fingerprint: "c", Projects: pay}, 0)
	step("with it again, by the same config", latency.Standing{AsOf: 6000, Fingerprint: "c", Projects: both}, 1, of("WEB", 7, 4000), of("WEB", 8, 5500))
	step("and from then on", latency.Standing{AsOf: 7000, Fingerprint: "c", Projects: both}, 1, of("WEB", 9, 5500))
}

func TestLeadsAreNotedWhenTheyChange(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	for at, lead := range []string{"ada", "ada", "bo", "ada"} {
		m := jiradata.Meta{At: latency.Instant(at), Projects: []jiradata.Project{{ID: "1", Key: "PAY", Lead: lead}}}
		if err := s.SaveMeta(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Leads(t.Context())
	want := []jiradata.Lead{{Project: "1", Account: "ada"}, {Project: "1", At: 2, Account: "bo"}, {Project: "1", At: 3, Account: "ada"}}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("leads %v, %v; want %v", got, err, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	stack.NeedsFile(t)
	dir := t.TempDir()
	newer := filepath.Join(dir, "newer.db")
	s := open(t, newer)
	if _, err := s.db.ExecContext(t.Context(), `INSERT INTO schema_version (version) VALUES (99)`); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short.txt")
	if err := os.WriteFile(short, []byte("jira: {url: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE moz_places (id INTEGER)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, url string
		mode      Mode
		want      error  // nil: only the text says it
		text      string // that the error holds, of the remedy
	}{
		{"no folder", "sqlite:" + filepath.Join(dir, "no", "s.db"), ReadWrite, nil, "there is no folder"},
		{"nothing to read", "sqlite:" + filepath.Join(dir, "none.db"), ReadOnly, os.ErrNotExist, "yourturn sync"},
		{"another scheme", "mysql://x", ReadWrite, nil, "write sqlite:FILE or postgres://"},
		{"a newer schema", "sqlite:" + newer, ReadWrite, ErrNewer, newer},
		{"a newer schema to read", "sqlite:" + newer, ReadOnly, ErrNewer, newer},
		{"no database", "sqlite:" + garbage, ReadWrite, ErrNoStore, garbage},
		{"a text file", "sqlite:" + short, ReadWrite, ErrNoStore, short + ": the file is no database: set store.url"},
		{"a text file to read", "sqlite:" + short, ReadOnly, ErrNoStore, short + ": the file is no database: set store.url"},
		{"another program's database", "sqlite:" + foreign, ReadWrite, ErrNoStore, "moz_places"},
		{"another program's database to read", "sqlite:" + foreign, ReadOnly, ErrNoStore, "moz_places"},
		{"an empty file to read", "sqlite:" + empty, ReadOnly, ErrEmpty, empty},
		{"a folder", "sqlite:" + dir, ReadWrite, nil, "it is a folder: set store.url to a file in it"},
		{"a folder to read", "sqlite:" + dir, ReadOnly, ErrDisk, dir},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Open(t.Context(), tc.url, tc.mode)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("%v: is no %q", err, tc.want)
			}
			if !strings.Contains(err.Error(), tc.text) {
				t.Errorf("%v: does not say %q", err, tc.text)
			}
		})
	}
}

// TestNarrow holds that a store that every user could read, with its journal, is its
// owner's and its group's afterwards, and so is what the database makes later.
func TestNarrow(t *testing.T) {
	stack.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path) // its journal is there as long as it is open
	files := []string{path, path + "-wal", path + "-shm"}
	for _, name := range files {
		if err := os.Chmod(name, 0o666); err != nil { //nolint:gosec // as an old version or a copy left it
			t.Fatal(err)
		}
	}
	check := func(want os.FileMode) {
		t.Helper()
		for _, name := range files {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has mode %v (%v), want %v", name, info.Mode(), err, want)
			}
		}
	}
	if narrowed, err := Narrow(path); err != nil || !narrowed {
		t.Errorf("narrowed: %t, %v", narrowed, err)
	}
	check(0o660)
	if narrowed, err := Narrow(path); err != nil || narrowed {
		t.Errorf("a second time, narrowed: %t, %v", narrowed, err)
	}
	s.Close()
	open(t, path)
	check(0o660)
	if narrowed, err := Narrow(filepath.Join(t.TempDir(), "none.db")); err != nil || narrowed {
		t.Errorf("of a store that is not there: %t, %v", narrowed, err)
	}
}

// TestALockedStoreSaysSo holds that who waits in vain for a lock of another program
// is told what to do, and not the database's own words.
func TestALockedStoreSaysSo(t *testing.T) {
	stack.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	tx, err := s.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // the test is over
	other, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close() //nolint:errcheck // the test is over
	_, busy := other.ExecContext(t.Context(), `DELETE FROM meta`)
	if got := s.explain(busy); !errors.Is(got, ErrBusy) || strings.Contains(got.Error(), "database is locked") || !strings.Contains(got.Error(), path) {
		t.Errorf("%v is told as: %v", busy, got)
	}
}

// TestWritingToAStoreThatIsReadOnly holds that a refusal of the database is known
// by its code.
func TestWritingToAStoreThatIsReadOnly(t *testing.T) {
	stack.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "s.db")
	open(t, path)
	s, err := Open(t.Context(), "sqlite:"+path, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.SaveStories(t.Context(), jiradata.Batch{}); !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v, want %v", err, ErrReadOnly)
	}
}

// TestAFullDiskWritesNothing lets a batch grow past what the file may hold.
func TestAFullDiskWritesNothing(t *testing.T) {
	stack.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}, State: jiradata.State{Cursor: "10"}})
	if _, err := s.db.ExecContext(t.Context(), `PRAGMA max_page_count = 40`); err != nil {
		t.Fatal(err)
	}
	var big jiradata.Batch
	big.State.Cursor = "2000"
	for id := int64(11); id < 2000; id++ {
		big.Stories = append(big.Stories, story(id, "PAY-2"))
	}
	_, err := s.SaveStories(context.WithoutCancel(t.Context()), big)
	if !errors.Is(err, ErrNoSpace) || !strings.Contains(err.Error(), path) {
		t.Fatalf("error %v: does not name the store, or the remedy", err)
	}
	if got := histories(t, s, nil); len(got) != 1 {
		t.Errorf("%d stories are in the store, want the one from before", len(got))
	}
	if st, err := s.State(t.Context()); err != nil || st.Cursor != "10" {
		t.Errorf("the state moved to %+v, %v", st, err)
	}
}

// ending is a context that ends while a batch is written: when it was asked
// three times whether it has.
type ending struct {
	context.Context
	asked atomic.Int64 // database/sql asks too, from goroutines of its own
}

func (e *ending) Err() error {
	if e.asked.Add(1) > 3 {
		return context.Canceled
	}
	return nil
}

func TestAContextThatEndsWritesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	var b jiradata.Batch
	var entries []latency.Entry
	for id := range int64(10) {
		b.Stories = append(b.Stories, story(id+1, "PAY-1"))
	}
	for id := range int64(10 * s.kind.rowsAtOnce()) {
		entries = append(entries, entry(id+1, 100))
	}
	if _, err := s.SaveStories(&ending{Context: t.Context()}, b); !errors.Is(err, context.Canceled) {
		t.Errorf("saving stories: %v", err)
	}
	if _, err := s.Count(&ending{Context: t.Context()}, entries, latency.Standing{AsOf: 1000, Fingerprint: "a"}, true, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("counting: %v", err)
	}
	if len(histories(t, s, nil)) != 0 || len(ledger(t, s)) != 0 {
		t.Error("something was written")
	}
}

// TestEndOfAContextInAWrite ends the context of a write, which closes the statements that
// it has prepared: the error is that the context has ended.
func TestEndOfAContextInAWrite(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	ctx, end := context.WithCancel(t.Context())
	err := s.write(ctx, func(tx *sql.Tx) error {
		one, err := tx.PrepareContext(ctx, `SELECT 1`)
		if err != nil {
			return err
		}
		defer one.Close() //nolint:errcheck // it is closed
		end()
		for {
			if _, err := one.ExecContext(t.Context()); err != nil && !errors.Is(err, sql.ErrTxDone) {
				return err
			}
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}
