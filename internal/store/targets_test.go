package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// TestTargets holds since when a target holds, over changes, projects that come and go, and
// a restart.
func TestTargets(t *testing.T) {
	url := stack.StoreURL(t, filepath.Join(t.TempDir(), "targets.db"))
	st, err := store.Open(t.Context(), url, store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	pay := latency.StoryKey{Kind: latency.Acceptance, Project: "PAY"}
	web := latency.StoryKey{Kind: latency.Question, Project: "WEB"}
	for _, step := range []struct {
		asOf latency.Instant
		now  map[latency.StoryKey]time.Duration
		want map[latency.StoryKey]store.Target
	}{
		{1, nil, map[latency.StoryKey]store.Target{}},
		{2, map[latency.StoryKey]time.Duration{pay: 8 * time.Hour}, map[latency.StoryKey]store.Target{pay: {Target: 8 * time.Hour, Since: 2, First: true}}},
		{3, map[latency.StoryKey]time.Duration{pay: 8 * time.Hour, web: time.Hour}, map[latency.StoryKey]store.Target{pay: {Target: 8 * time.Hour, Since: 2, First: true}, web: {Target: time.Hour, Since: 3, First: true}}},
		{4, map[latency.StoryKey]time.Duration{pay: 4 * time.Hour}, map[latency.StoryKey]store.Target{pay: {Target: 4 * time.Hour, Since: 4}, web: {Target: time.Hour, Since: 3, First: true}}},
		{5, map[latency.StoryKey]time.Duration{pay: 4 * time.Hour, web: time.Hour}, map[latency.StoryKey]store.Target{pay: {Target: 4 * time.Hour, Since: 4}, web: {Target: time.Hour, Since: 3, First: true}}},
	} {
		if err := st.SaveTargets(t.Context(), step.now, step.asOf); err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		if st, err = store.Open(t.Context(), url, store.ReadWrite); err != nil {
			t.Fatal(err)
		}
		got, err := st.Targets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("as of %d (-want +got):\n%s", step.asOf, diff)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}
