package measure

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/latency"
)

// TestEarliest sets and takes back at random where something happened first, and
// compares the first of each project with those of all stories. Where it says that the
// first one is lost it says nothing else.
func TestEarliest(t *testing.T) {
	lost, kept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		e, all := newEarliest(), map[int64]map[string]latency.Instant{}
		for id := range int64(30) {
			all[id] = map[string]latency.Instant{"PAY": latency.Instant(id % 4)}
			e.set(id, all[id])
		}
		stories := rapid.Int64Range(0, 29)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			id, most := stories.Draw(t, "story"), 2
			if r := e.projects["PAY"]; r != nil && len(r.Stories) > 0 && rapid.IntRange(0, 2).Draw(t, "take back the first") > 0 {
				id, most = r.Stories[0].Story, 0
			}
			all[id] = rapid.MapOfN(rapid.SampledFrom([]string{"PAY", "WEB"}), rapid.Map(rapid.IntRange(0, 3), func(n int) latency.Instant { return latency.Instant(n) }), 0, most).Draw(t, "at")
			e.set(id, all[id])
			if e.lost {
				lost++
				e = newEarliest()
				for id, at := range all {
					e.set(id, at)
				}
			} else {
				kept++
			}
			if rapid.IntRange(0, 9).Draw(t, "start") == 0 {
				r := newEarliest()
				r.restore(e.projects)
				e = r
			}
			want := map[string]latency.Instant{}
			for _, at := range all {
				latency.FirstWaits(want).Add(at)
			}
			if d := cmp.Diff(want, e.first()); d != "" {
				t.Fatalf("-all +held:\n%s", d)
			}
			for project, r := range e.projects {
				if len(r.Stories) > earliestMost {
					t.Fatalf("%s holds %d stories", project, len(r.Stories))
				}
			}
		}
	})
	if lost == 0 || kept < lost {
		t.Errorf("the first was lost %d times, and kept %d times", lost, kept)
	}
}
