package store

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
)

func TestSprints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	s := open(t, path)
	put := func(project string, list ...jiradata.Sprint) {
		t.Helper()
		if err := s.SaveSprints(t.Context(), project, list); err != nil {
			t.Fatal(err)
		}
	}
	shared := jiradata.Sprint{ID: 1, ProjectID: "1", Name: "one", Start: 10, End: 20}
	other := shared
	other.ProjectID = "2"
	later := jiradata.Sprint{ID: 2, ProjectID: "1", Name: "Sprint „2“ 'x'", Board: 7, Start: 20, End: 30}
	put("1", shared)
	put("2", other)
	put("1", later, shared)
	put("3", jiradata.Sprint{ID: 9, ProjectID: "3", Name: "gone"})
	put("3")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	got, err := s.Sprints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]jiradata.Sprint{shared, later, other}, got); diff != "" {
		t.Errorf("sprints after a restart (-want +got):\n%s", diff)
	}
	if err := s.SaveSprints(t.Context(), "1", []jiradata.Sprint{{ID: 5}, {ID: 5}}); err == nil {
		t.Error("one sprint twice was stored")
	}
	if got, err = s.Sprints(t.Context()); err != nil || len(got) != 3 {
		t.Errorf("a failed write left %v, %v; want what was stored before", got, err)
	}
}
