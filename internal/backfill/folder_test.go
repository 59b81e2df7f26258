package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// day returns the instant some hours after a day's first one.
func day(t *testing.T, text string, hours ...int) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hours {
		at = at.Add(time.Duration(h) * time.Hour)
	}
	return at
}

// TestParts cuts what is missing at the first steps of months, and at so many
// steps that memory holds, around what is there.
func TestParts(t *testing.T) {
	hour := time.Hour
	for _, tc := range []struct {
		name     string
		step     time.Duration
		from, to time.Time
		kept     []File
		want     []string
	}{
		{"months", 6 * hour, day(t, "2025-12-30", 6), day(t, "2026-02-01"), nil, []string{
			"2025-12-30T0600_2025-12-31T1800.om 7", "2026-01.om 124", "2026-02-01T0000_2026-02-01T0000.om 1",
		}},
		{"a fine step", 30 * time.Minute, day(t, "2026-01-01"), day(t, "2026-01-31", 23), nil, []string{
			"2026-01-01T0000_2026-01-16T1130.om 744", "2026-01-16T1200_2026-01-31T2300.om 743",
		}},
		{"around what is there", hour, day(t, "2026-01-01"), day(t, "2026-03-31", 23), []File{
			{First: day(t, "2026-02-01"), Last: day(t, "2026-02-28", 23)}, {First: day(t, "2026-03-10"), Last: day(t, "2026-03-11")},
		}, []string{"2026-01.om 744", "2026-03-01T0000_2026-03-09T2300.om 216", "2026-03-11T0100_2026-03-31T2300.om 503"}},
		{"after what is there", hour, day(t, "2026-01-01"), day(t, "2026-01-31", 23), []File{
			{First: day(t, "2025-12-01"), Last: day(t, "2026-01-30")},
		}, []string{"2026-01-30T0100_2026-01-31T2300.om 47"}},
		{"all is there", hour, day(t, "2026-01-02"), day(t, "2026-01-03"), []File{{First: day(t, "2026-01-01"), Last: day(t, "2026-01-31", 23)}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, m := range missing(tc.kept, Options{From: tc.from, To: tc.to, Step: tc.step}) {
				got = append(got, fmt.Sprint(m.name(), " ", m.steps))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("parts (-want +got):\n%s", d)
			}
		})
	}
}

// nothing is a Jira without a story. When it is asked for parents it waits, if
// it has a channel to wait for.
type nothing struct {
	wait   chan struct{}
	asking *atomic.Int32
}

func (nothing) Shards(context.Context, int) ([]jiradata.Shard, error) {
	return []jiradata.Shard{{}}, nil
}

func (nothing) HistoriesIn(context.Context, jiradata.Shard) iter.Seq2[*latency.History, error] {
	return func(func(*latency.History, error) bool) {}
}

func (nothing) Histories(context.Context, []int64) iter.Seq2[*latency.History, error] {
	return func(func(*latency.History, error) bool) {}
}

func (n nothing) Parents(context.Context) iter.Seq2[*latency.History, error] {
	if n.wait != nil {
		n.asking.Add(1)
		<-n.wait
		n.asking.Add(-1)
	}
	return func(func(*latency.History, error) bool) {}
}

func (nothing) Notes(context.Context) ([]jiradata.Note, error)     { return nil, nil }
func (nothing) Sprints(context.Context) ([]jiradata.Sprint, error) { return nil, nil }

// ofNothing is a past with one series.
func ofNothing(dir string, from, to time.Time) Options {
	return Options{
		Rules: &latency.Rules{}, From: from, To: to, Step: time.Hour, Dir: dir, Config: "c", Version: "v",
		Labels: []Label{{"instance", "i"}, {"job", "j"}},
	}
}

// TestBegin checks that a project begins with its first story, even if that is in
// another project now.
func TestBegin(t *testing.T) {
	project := func(id string) latency.Value { return latency.Value{ID: id} }
	rules := &latency.Rules{Projects: map[string]*latency.Project{
		"1": {ID: "1", Key: "OLD"}, "2": {ID: "2", Key: "NEW"}, "3": {ID: "3", Key: "LATE", HistoryFrom: 900}, "4": {ID: "4", Key: "NONE"},
	}}
	b := Beginning{First: latency.Never, Projects: map[string]latency.Instant{}}
	for _, h := range []*latency.History{
		{Now: latency.Snapshot{latency.FieldProject: {project("2")}}, Events: []latency.Event{
			{At: 500, Changes: []latency.Change{{Field: latency.FieldProject, From: project("1"), To: project("2")}}}, {At: 300},
		}},
		{Now: latency.Snapshot{latency.FieldProject: {project("2")}}, Events: []latency.Event{{At: 600}}},
		{Now: latency.Snapshot{latency.FieldProject: {project("3")}}, Events: []latency.Event{{At: 100}}},
		{Now: latency.Snapshot{latency.FieldProject: {project("of nobody's")}}, Events: []latency.Event{{At: 10}}},
	} {
		b.take(h, rules)
	}
	want := Beginning{First: 300, Projects: map[string]latency.Instant{"OLD": 300, "NEW": 500, "LATE": 900}}
	if d := cmp.Diff(want, b); d != "" {
		t.Errorf("beginning (-want +got):\n%s", d)
	}
	for _, tc := range []struct {
		project string
		at      latency.Instant
		want    bool
	}{{"", 299, false}, {"", 300, true}, {"NEW", 499, false}, {"NEW", 500, true}, {"NONE", 1000, false}} {
		if got := b.begun(tc.project, tc.at); got != tc.want {
			t.Errorf("%q is told at %d: %t", tc.project, tc.at, got)
		}
	}
}

// TestFilesSideBySide checks that a limited number of files is held in memory,
// however many cores there are.
func TestFilesSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(6))
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source := nothing{wait: make(chan struct{}), asking: &atomic.Int32{}}
		ended := make(chan error)
		go func() {
			_, err := Write(t.Context(), source, ofNothing(dir, day(t, "2026-01-01"), day(t, "2026-06-30", 23)))
			ended <- err
		}()
		synctest.Wait()
		if n := source.asking.Load(); n != sideBySide {
			t.Errorf("%d files are written side by side, want %d", n, sideBySide)
		}
		// Each derives once when it asks what parents there are, and once when it begins.
		close(source.wait)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestFolder goes on with what a folder holds, or says why not.
func TestFolder(t *testing.T) {
	jan, end := day(t, "2026-01-01"), day(t, "2026-03-31", 23)
	feb, march := day(t, "2026-02-01"), day(t, "2026-03-01")
	write := func(t *testing.T, o Options) (told []string, holes []Hole, err error) {
		t.Helper()
		o.Progress = func(f File) {
			told = append(told, filepath.Base(f.Path)+map[bool]string{true: " kept"}[f.Kept])
		}
		done, err := Write(t.Context(), nothing{}, o)
		if err == nil {
			var inOrder []File
			for _, f := range done.Files {
				if n := len(inOrder); n > 0 && !inOrder[n-1].Last.Add(o.Step).Equal(f.First) {
					t.Errorf("%s does not go on where %s ends", f.Path, inOrder[n-1].Path)
				}
				inOrder = append(inOrder, f)
			}
			if f := inOrder[0]; f.First.After(o.From) || inOrder[len(inOrder)-1].Last.Before(o.To) {
				t.Errorf("the files go from %s to %s, want from %s to %s", f.First, inOrder[len(inOrder)-1].Last, o.From, o.To)
			}
		}
		return told, done.Holes, err
	}
	same := func(t *testing.T, want, got []string) {
		t.Helper()
		if d := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); d != "" {
			t.Errorf("files (-want +got):\n%s", d)
		}
	}
	t.Run("a later month is there", func(t *testing.T) {
		dir := t.TempDir()
		if _, _, err := write(t, ofNothing(dir, march, end)); err != nil {
			t.Fatal(err)
		}
		told, _, err := write(t, ofNothing(dir, jan, end))
		if err != nil || told[0] != "2026-03.om kept" || len(told) != 3 {
			t.Errorf("told %v (%v), want January and February beside the March that was there", told, err)
		}
	})
	t.Run("a later end", func(t *testing.T) {
		dir := t.TempDir()
		if _, _, err := write(t, ofNothing(dir, jan, day(t, "2026-01-20", 15))); err != nil {
			t.Fatal(err)
		}
		told, _, err := write(t, ofNothing(dir, jan, day(t, "2026-01-20", 18)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, []string{"2026-01-01T0000_2026-01-20T1500.om kept", "2026-01-20T1600_2026-01-20T1800.om"}, told)
	})
	t.Run("a hole", func(t *testing.T) {
		dir := t.TempDir()
		if _, _, err := write(t, ofNothing(dir, jan, feb)); err != nil {
			t.Fatal(err)
		}
		_, holes, err := write(t, ofNothing(dir, march, end))
		if want := []Hole{{feb.Add(time.Hour), march.Add(-time.Hour)}}; err != nil || !cmp.Equal(want, holes) {
			t.Errorf("holes %v (%v), want %v", holes, err, want)
		}
	})
	t.Run("a file that was removed", func(t *testing.T) {
		dir := t.TempDir()
		if _, _, err := write(t, ofNothing(dir, march, end)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "2026-03.om")); err != nil {
			t.Fatal(err)
		}
		told, _, err := write(t, ofNothing(dir, march, end))
		if err != nil {
			t.Fatal(err)
		}
		same(t, []string{"2026-03.om"}, told)
	})
	until := day(t, "2026-03-31", 22)
	const file = "2026-03-01T0000_2026-03-31T2200.om"
	for _, tc := range []struct {
		name, reason string
		change       func(t *testing.T, dir string, o *Options)
		force        bool // helps
	}{
		{"another step", "was written with --step 1h0m0s", func(_ *testing.T, _ string, o *Options) { o.Step = 2 * time.Hour }, true},
		{"another label", `was written for other labels, instance="i",job="j"`, func(_ *testing.T, _ string, o *Options) { o.Labels = o.Labels[:1] }, true},
		{"another config", "was written by another config", func(_ *testing.T, _ string, o *Options) { o.Config = "d" }, true},
		{"other open waits", "was written with metrics.open_waits_per_owner 0", func(_ *testing.T, _ string, o *Options) { o.OpenWaits = 1 }, true},
		{"other families", "was written with other families left out by metrics.families (none)", func(_ *testing.T, _ string, o *Options) { o.LeftOut = []string{"po_waits_open"} }, true},
		{"another version", "was written by yourturn v", func(_ *testing.T, _ string, o *Options) { o.Version = "w" }, true},
		{"a file that was cut", "was changed since it was written", func(t *testing.T, dir string, _ *Options) {
			if err := os.Truncate(filepath.Join(dir, file), 10); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"no record", "is there, and backfill.json does not say what it holds", func(t *testing.T, dir string, _ *Options) {
			if err := os.Remove(filepath.Join(dir, manifestName)); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"no record that can be read", "cannot be read", func(t *testing.T, dir string, _ *Options) {
			if err := os.WriteFile(filepath.Join(dir, manifestName), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a part of it", "holds more than is to be written anew", func(_ *testing.T, _ string, o *Options) { o.From, o.Overwrite = march.AddDate(0, 0, 5), true }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, _, err := write(t, ofNothing(dir, march, until)); err != nil {
				t.Fatal(err)
			}
			o := ofNothing(dir, march, until)
			tc.change(t, dir, &o)
			var conflict *ConflictError
			if _, _, err := write(t, o); !errors.As(err, &conflict) || !strings.Contains(err.Error(), tc.reason) {
				t.Errorf("got %v, want %s", err, tc.reason)
			}
			o.Overwrite = true
			if told, _, err := write(t, o); (err == nil) != tc.force || tc.force && (len(told) != 1 || strings.Contains(told[0], "kept")) {
				t.Errorf("with --force: %v, %v", told, err)
			}
		})
	}
}
