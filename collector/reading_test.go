package collector_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// talkedAbout is a story with comments that were read at different times: asked
// was never edited, mended was edited before it was read, changed after it was.
type talkedAbout struct {
	id                     int64
	asked, mended, changed int64
	edit                   latency.Instant // of changed
}

// talk makes such a story, which came from another Jira, and has it collected as
// it becomes what it is.
func (w *world) talk() (s talkedAbout) {
	w.Helper()
	s.id = w.create(w.pay)
	to, on := "1328716563210", "Sat Feb 04 07:56:03 UTC 2012"
	w.site.Change(w.now(), w.dev, s.id, nil, jirasim.Item{Field: "ProjectImport", FieldType: "jira", To: &to, ToString: &on})
	who := w.po.Mention(w.site.Flavor)
	s.asked = w.site.Comment(w.now(), w.dev, s.id, who+" which *currency* is it?")
	s.mended = w.site.Comment(w.now(), w.dev, s.id, "no question")
	s.changed = w.site.Comment(w.now(), w.dev, s.id, "Q: first text")
	w.later(time.Minute)
	w.site.EditComment(w.now(), s.id, s.mended, who+" and which rate?", true)
	w.later(time.Hour)
	w.sync()
	s.edit = latency.At(w.now())
	w.site.EditComment(w.now(), s.id, s.changed, who+" which one, then?", true)
	w.later(time.Hour)
	w.sync()
	return s
}

// facts returns the facts of a story's comments by the comment's id, those of
// its creation and of its last edit, and which fields its records changed.
func (w *world) facts(id int64) (first, last map[int64]comment.Facts, fields []string) {
	w.Helper()
	first, last = map[int64]comment.Facts{}, map[int64]comment.Facts{}
	for _, ev := range w.history(id).Events {
		switch ev.Rank {
		case latency.RankCommentAdded:
			first[ev.ID] = *ev.Comment
		case latency.RankCommentEdited:
			last[ev.ID] = *ev.Comment
		default:
		}
		for _, c := range ev.Changes {
			fields = append(fields, c.Field)
		}
	}
	return first, last, fields
}

// in makes the collector use the store at path.
func (w *world) in(path string) {
	w.Helper()
	st, err := store.Open(w.Context(), stack.StoreURL(w.T, path), store.ReadWrite)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { st.Close() })
	w.store = st
	w.restart()
}

// older makes of a store what a program with an older reading left: comments in
// the first form of a row, without mention and question, records without the
// import, and a state that says nothing of readings.
func older(t *testing.T, path string) {
	t.Helper()
	db := stack.OpenSQL(t, stack.StoreURL(t, path))
	change := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := db.QueryContext(t.Context(), `SELECT story, rank, id, body FROM event`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var story, id int64
		var rank latency.Rank
		var body []byte
		if err := rows.Scan(&story, &rank, &id, &body); err != nil {
			t.Fatal(err)
		}
		// Behind form and flags stands the actor, with a length of a byte.
		who := string(body[2 : 3+body[2]])
		text := "\x01" + string(body[1:2]) + who + "\x00" // no changes
		if rank == latency.RankCommentAdded || rank == latency.RankCommentEdited {
			text = "\x01\x02" + who + "\x03old\x00\x00\x00" // a head, no one asked or mentioned, no changes
		}
		change(`UPDATE event SET body = $1 WHERE story = $2 AND rank = $3 AND id = $4`, []byte(text), story, rank, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	var state map[string]json.RawMessage
	var text []byte
	if err := db.QueryRowContext(t.Context(), `SELECT value FROM meta WHERE key = 'state'`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	delete(state, "reading")
	if text, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	change(`UPDATE meta SET value = $1 WHERE key = 'state'`, string(text))
}

// unchanged runs polls, with another reading of the story by id among them, which
// must bring nothing.
func (w *world) unchanged(s talkedAbout) {
	w.Helper()
	w.restart(func(o *collector.Options) {
		o.OpenQuestions = func(context.Context) ([]int64, error) { return []int64{s.id}, nil }
	})
	for range 3 {
		w.later(2 * time.Hour)
		if r := w.sync(); r.Full || len(r.Changed) > 0 || r.Events+r.Mended > 0 {
			w.Errorf("a poll without a change: %s, mended %d", summary(r), r.Mended)
		}
	}
}

// TestANewReadingReachesWhatIsStored holds that a program that reads more of a
// story than the one that filled the store reads every story once more, and that
// each comment gets the facts of the text that it had.
func TestANewReadingReachesWhatIsStored(t *testing.T) {
	each(t, func(w *world) {
		path := filepath.Join(t.TempDir(), "old.db")
		w.in(path)
		s := w.talk()
		firstWant, lastWant, fieldsWant := w.facts(s.id)
		older(w.T, path)
		firstOld, _, fields := w.facts(s.id)
		if firstOld[s.asked].Question || len(fields) > 0 {
			w.Fatalf("the store is no older one: %+v, %v", firstOld, fields)
		}

		w.restart()
		r := w.sync()
		if !r.Full || !slices.Equal(r.Changed, []int64{s.id}) || r.Events != 0 || r.Mended != 4 {
			w.Errorf("the first cycle: %s, mended %d; want all read once more, and 3 comments and a record mended", summary(r), r.Mended)
		}
		if st := w.state(); st.Reading != jiradata.Reading || st.Rereading || !w.collector.Covers(st) {
			w.Errorf("the state is %+v", st)
		}
		first, last, fields := w.facts(s.id)
		firstWant[s.changed] = firstOld[s.changed] // its first text is gone
		if diff := cmp.Diff(firstWant, first); diff != "" {
			w.Errorf("facts of the comments when they were made (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(lastWant, last); diff != "" {
			w.Errorf("facts of the edits (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(fieldsWant, fields); diff != "" {
			w.Errorf("fields of records (-want +got):\n%s", diff)
		}
		w.unchanged(s)
	})
}

// TestTheReporterReachesWhatIsStored holds that a store that was filled before
// reporters were kept gets them, with the records of their changes.
func TestTheReporterReachesWhatIsStored(t *testing.T) {
	each(t, func(w *world) {
		path := filepath.Join(t.TempDir(), "old.db")
		w.in(path)
		id := w.create(w.pay)
		dev, po := w.dev.ID(w.site.Flavor), w.po.ID(w.site.Flavor)
		w.site.Change(w.now(), w.dev, id, map[string]any{"reporter": w.po}, jirasim.Item{Field: "reporter", FieldType: "jira", FieldID: "reporter", From: &dev, To: &po})
		w.later(time.Hour)
		w.sync()
		older(w.T, path)
		w.restart()
		if r := w.sync(); !r.Full || r.Mended != 1 {
			w.Errorf("the first cycle: %s, mended %d; want the record of the reporter mended", summary(r), r.Mended)
		}
		h := w.history(id)
		want := []latency.Change{{Field: latency.FieldReporter, From: latency.Value{ID: dev}, To: latency.Value{ID: po}}}
		if diff := cmp.Diff(want, h.Events[len(h.Events)-1].Changes); diff != "" {
			w.Errorf("the changes of the record (-want +got):\n%s", diff)
		}
		for field, want := range map[string]string{latency.FieldReporter: po, latency.FieldCreator: dev} {
			if got := h.Now[field]; len(got) != 1 || got[0].ID != want {
				w.Errorf("the %s is %v, want %s", field, got, want)
			}
		}
	})
}

// TestAnInterruptedNewReadingGoesOn stops the reading of an older store's stories
// half way, and lets a project go before it goes on: what is lost stays as it is.
func TestAnInterruptedNewReadingGoesOn(t *testing.T) {
	each(t, func(w *world) {
		path := filepath.Join(t.TempDir(), "old.db")
		w.in(path)
		w.both()
		s := w.talk()
		other := w.create(w.ops)
		w.later(time.Hour)
		w.sync()
		complete := w.state().Complete
		older(w.T, path)

		ctx, stop := context.WithCancel(w.Context())
		defer stop()
		w.restart(func(o *collector.Options) {
			o.Projects, o.Progress = []string{"PAY", "OPS"}, func(collector.Progress) { stop() }
		})
		if _, err := w.collector.Sync(ctx); err == nil || !w.state().Rereading {
			w.Fatalf("it was not interrupted: %v", err)
		}
		w.site.Archive(w.ops, true)
		w.both() // a new process
		if r := w.sync(); !r.Full {
			w.Errorf("the cycle after the interruption: %s", summary(r))
		}
		if first, _, _ := w.facts(s.id); !first[s.asked].Question {
			w.Errorf("the facts of the question are %+v", first[s.asked])
		}
		st := w.state()
		if st.Reading != jiradata.Reading || st.Rereading || !slices.Equal(st.Complete, complete) || !slices.Contains(w.live(), other) {
			w.Errorf("the state is %+v, the stories %v", st, w.live())
		}
	})
}

// TestAStoreOfReadingOne takes over stores that the program of reading 1 made of
// what talk tells: they come to hold what a store of today holds. (They were made
// at the commit before Reading, by talk and a VACUUM.)
func TestAStoreOfReadingOne(t *testing.T) {
	stack.NeedsFile(t)
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, flavor)
			s := w.talk()
			want := w.history(s.id)
			wantEvents := slices.Clone(want.Events)

			path := filepath.Join(t.TempDir(), "old.db")
			unpack(t, filepath.Join("testdata", "reading1", name+".db.gz"), path)
			w.in(path)
			if _, _, fields := w.facts(s.id); len(fields) > 0 {
				t.Fatalf("the old store knows of changes of %v", fields)
			}
			w.in(path)
			if r := w.sync(); !r.Full || !slices.Equal(r.Changed, []int64{s.id}) || r.Events != 0 || r.Mended != 1 {
				t.Errorf("the first cycle: %s, mended %d; want the record of the import mended", summary(r), r.Mended)
			}
			if diff := cmp.Diff(wantEvents, w.history(s.id).Events); diff != "" {
				t.Errorf("events (-as a store of today has them +got):\n%s", diff)
			}
			w.unchanged(s)
		})
	}
}

// unpack decompresses a file.
func unpack(t *testing.T, from, to string) {
	t.Helper()
	packed, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
