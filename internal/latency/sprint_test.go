package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLastSprints(t *testing.T) {
	list := []Sprint{
		{"PAY", "3", 30, 39},
		{"PAY", "1", 10, 19},
		{"OPS", "1", 5, 9},
		{"PAY", "2", 20, 29},
		{"PAY", "3", 3, 4}, // of a year before, or of another board
		{"PAY", "2", 20, 25},
	}
	before := append([]Sprint(nil), list...)
	for _, tc := range []struct {
		name  string
		limit int
		want  []Sprint
	}{
		{"all", 12, []Sprint{{"OPS", "1", 5, 9}, {"PAY", "3", 30, 39}, {"PAY", "2", 20, 29}, {"PAY", "1", 10, 19}}},
		{"of each project", 2, []Sprint{{"OPS", "1", 5, 9}, {"PAY", "3", 30, 39}, {"PAY", "2", 20, 29}}},
		{"none", 0, []Sprint{}},
	} {
		if diff := cmp.Diff(tc.want, LastSprints(list, tc.limit)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if diff := cmp.Diff(before, list); diff != "" {
		t.Errorf("the list given was changed (-want +got):\n%s", diff)
	}
}
