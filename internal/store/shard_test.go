package store

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestShardsHoldEveryStoryOnce cuts stores of several sizes.
func TestShardsHoldEveryStoryOnce(t *testing.T) {
	for _, stories := range []int64{0, 1, 2, 7} {
		s := open(t, filepath.Join(t.TempDir(), "s.db"))
		var b jiradata.Batch
		for id := range stories {
			b.Stories = append(b.Stories, jiradata.Story{History: latency.History{ID: id*3 + 5, Key: "PAY-1", Events: []latency.Event{{At: 1, Actor: "dev"}}}})
		}
		if _, err := s.SaveStories(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		shards, err := s.Shards(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		var n, last int64
		for i, shard := range shards {
			if i > 0 && shard.From != shards[i-1].To || shard.From >= shard.To {
				t.Errorf("%d stories: shards %v", stories, shards)
			}
			for h, err := range s.HistoriesIn(t.Context(), shard) {
				if err != nil || h.ID <= last || h.ID < shard.From || h.ID >= shard.To {
					t.Errorf("story %d after %d in %v, %v", h.ID, last, shard, err)
				}
				last = h.ID
				n++
			}
		}
		if n != stories || len(shards) != int(max(1, min(3, stories))) {
			t.Errorf("%d stories: %d in %d shards", stories, n, len(shards))
		}
	}
}

// saveGenerated saves n generated stories, an issue that is only a parent
// among them, and returns the stories in order of id.
func saveGenerated(t *testing.T, s *Store, n int) []latency.History {
	t.Helper()
	g := newGenerator()
	var b jiradata.Batch
	var want []latency.History
	for i := range n {
		st := g.story(i)
		if st.ParentOnly = i == n/2; !st.ParentOnly {
			want = append(want, st.History)
		}
		b.Stories = append(b.Stories, st)
	}
	slices.Reverse(b.Stories)
	save(t, s, b)
	return want
}

// TestShardsTogetherAreTheStore reads stories and ledger by shards, and by id.
func TestShardsTogetherAreTheStore(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	want := saveGenerated(t, s, 50)
	var ids []int64
	var ledger []latency.Counted
	for _, h := range want {
		ids = append(ids, h.ID)
		for i := range latency.Instant(3) {
			ledger = append(ledger, latency.Counted{Entry: entry(h.ID, 100*i), Counted: i != 1})
		}
	}
	for i, c := range []string{"a", "b"} { // of a second config only what is new is counted
		var list []latency.Entry
		for _, e := range ledger {
			if e.Counted == (i == 0) {
				list = append(list, e.Entry)
			}
		}
		if _, err := s.Count(t.Context(), list, latency.Standing{AsOf: 1000, Fingerprint: c}, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	shards, err := s.Shards(t.Context(), 4)
	if err != nil || len(shards) != 4 {
		t.Fatalf("shards %v, %v", shards, err)
	}
	var stories []latency.History
	var counted []latency.Counted
	for _, shard := range shards {
		for h, err := range s.HistoriesIn(t.Context(), shard) {
			if err != nil {
				t.Fatal(err)
			}
			stories = append(stories, kept(h))
		}
		for e, err := range s.LedgerIn(t.Context(), shard) {
			if err != nil {
				t.Fatal(err)
			}
			counted = append(counted, e)
		}
	}
	if d := cmp.Diff(want, stories); d != "" {
		t.Errorf("stories of all shards (-want +got):\n%s", d)
	}
	if d := cmp.Diff(ledger, counted); d != "" {
		t.Errorf("ledger of all shards (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, histories(t, s, ids)); d != "" {
		t.Errorf("stories by id (-want +got):\n%s", d)
	}
	some, err := s.LedgerOf(t.Context(), []int64{1, ids[1], ids[2]})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(ledger[3:9], some); d != "" {
		t.Errorf("ledger of two stories (-want +got):\n%s", d)
	}
}

// TestShardsHaveAboutEquallyManyEvents cuts a store whose old stories have ten
// times as many events as its young ones, and more stories than are looked at.
func TestShardsHaveAboutEquallyManyEvents(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	const stories, shards = 2000, 4
	var b jiradata.Batch
	total := 0
	for id := range int64(stories) {
		n := 1
		if id < stories/2 {
			n = 10
		}
		h := latency.History{ID: id, Key: "PAY-1"}
		for i := range n {
			h.Events = append(h.Events, latency.Event{At: latency.Instant(i), Rank: latency.RankRecord})
		}
		total += n
		b.Stories = append(b.Stories, jiradata.Story{History: h})
	}
	save(t, s, b)
	got, err := s.Shards(t.Context(), shards)
	if err != nil || len(got) != shards {
		t.Fatalf("shards %v, %v", got, err)
	}
	for _, shard := range got {
		events := 0
		for h, err := range s.HistoriesIn(t.Context(), shard) {
			if err != nil {
				t.Fatal(err)
			}
			events += len(h.Events)
		}
		if share := total / shards; events < share*9/10 || events > share*11/10 {
			t.Errorf("%v has %d of %d events", shard, events, total)
		}
	}
}

// TestStreamsDoNotWaitForEachOther holds many streams open at once, and reads
// and writes beside them.
func TestStreamsDoNotWaitForEachOther(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	want := saveGenerated(t, s, 20)
	var next []func() (*latency.History, error, bool)
	for range 10 {
		pull, stop := iter.Pull2(s.HistoriesIn(t.Context(), everything()))
		defer stop()
		if h, err, _ := pull(); err != nil || h.ID != want[0].ID {
			t.Fatalf("%v, %v", h, err)
		}
		next = append(next, pull)
		_, stopLedger := iter.Pull2(s.LedgerIn(t.Context(), everything()))
		defer stopLedger()
	}
	if _, err := s.Counts(t.Context()); err != nil {
		t.Error(err)
	}
	// What is written now, the streams that began before do not see: neither
	// in stories nor in events.
	st := newGenerator().story(1)
	st.History.Key = "PAY-1"
	st.History.Events = append(st.History.Events, latency.Event{At: st.Updated + 1, Rank: latency.RankGone})
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{st}})
	for _, pull := range next {
		h, err, _ := pull()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want[1], kept(h)); d != "" {
			t.Errorf("the second story (-want +got):\n%s", d)
		}
	}
	if got := histories(t, s, []int64{st.History.ID}); len(got) != 1 || got[0].Key != "PAY-1" || len(got[0].Events) != 11 {
		t.Errorf("a new stream reads %+v", got)
	}
}

// TestStreamsEnd ends streams early: by their reader, and by their context.
func TestStreamsEnd(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	want := saveGenerated(t, s, 20)
	for h, err := range s.Histories(t.Context(), nil) {
		if err != nil || h.ID != want[0].ID {
			t.Fatalf("%v, %v", h, err)
		}
		break
	}
	if _, err := s.Count(t.Context(), []latency.Entry{entry(1, 1), entry(1, 2)}, latency.Standing{AsOf: 3}, true, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, last := 0, error(nil)
	for _, err := range s.HistoriesIn(ctx, everything()) {
		cancel()
		n, last = n+1, err
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d stories after the context ended, %v", n-1, last)
	}
	for _, err := range s.LedgerIn(ctx, everything()) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the ledger was read after the context ended, %v", err)
		}
	}
	if open := s.scan.Stats().InUse; open != 0 {
		t.Errorf("%d connections are still in use", open)
	}
}

// TestADamagedRowNamesItsStory writes into the file what is no body.
func TestADamagedRowNamesItsStory(t *testing.T) {
	for text, body := range map[string][]byte{`UPDATE event SET body = $1 WHERE story = 10001`: {1, 0}, `UPDATE story SET now = $1 WHERE id = 10001`: {1}} {
		s := open(t, filepath.Join(t.TempDir(), "s.db"))
		want := saveGenerated(t, s, 20)
		if _, err := s.db.ExecContext(t.Context(), text, body); err != nil {
			t.Fatal(err)
		}
		n, last := 0, error(nil)
		for _, err := range s.Histories(t.Context(), nil) {
			n, last = n+1, err
		}
		if n != 2 || !errors.Is(last, ErrDamaged) || !strings.Contains(last.Error(), s.path) || !strings.Contains(last.Error(), want[1].Key) {
			t.Errorf("%s: %d stories, %v", text, n-1, last)
		}
	}
}

// TestAStreamKeepsOneStory looks at the lists that a stream decodes into: they
// are as long as the longest story needs, however many stories there are.
func TestAStreamKeepsOneStory(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	want := saveGenerated(t, s, 50)
	dec := newDecoder()
	n := 0
	stream(t.Context(), s.merge, dec, selection{story: `parent_only = 0`, event: `true`}, func(_ *latency.History, err error) bool {
		n++
		return err == nil && len(dec.comments) == 3 && len(dec.changes) <= 10
	})
	if n != len(want) {
		t.Errorf("at story %d the lists hold %d comments and %d changes", n, len(dec.comments), len(dec.changes))
	}
}

func TestADamagedEntryNamesItsStory(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	if _, err := s.Count(t.Context(), []latency.Entry{entry(1, 1), entry(2, 1)}, latency.Standing{AsOf: 3}, true, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.ExecContext(t.Context(), `UPDATE ledger SET body = $1 WHERE story = 2`, []byte{1, 0}); err != nil {
		t.Fatal(err)
	}
	n, last := 0, error(nil)
	for _, err := range s.LedgerIn(t.Context(), everything()) {
		n, last = n+1, err
	}
	if n != 2 || !errors.Is(last, ErrDamaged) || !strings.Contains(last.Error(), s.path) || !strings.Contains(last.Error(), "story 2") {
		t.Errorf("%d entries, %v", n-1, last)
	}
	if list, err := s.LedgerOf(t.Context(), []int64{1, 2}); !errors.Is(err, ErrDamaged) {
		t.Errorf("%v, %v", list, err)
	}
}
