package latency

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSpans(t *testing.T) {
	same := func(name string, got, want []Span) {
		t.Helper()
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	same("union of none", union(nil), nil)
	same("union", union([]Span{{5, 9}, {1, 3}, {2, 4}, {4, 5}, {20, 30}}), []Span{{1, 9}, {20, 30}})
	same("one within another", union([]Span{{1, 9}, {2, 3}}), []Span{{1, 9}})
	for at, want := range map[Instant]Instant{0: -1, 1: 9, 8: 9, 9: -1, 20: 30} {
		if end, ok := within([]Span{{4, 5}, {5, 9}, {1, 4}, {20, 30}}, at); ok != (want >= 0) || ok && end != want {
			t.Errorf("%d is within a span: %t, until %d; want %d", at, ok, end, want)
		}
	}
	same("subtract from the middle", subtract([]Span{{1, 9}}, Span{3, 5}), []Span{{1, 3}, {5, 9}})
	same("subtract all", subtract([]Span{{3, 5}}, Span{1, 9}), nil)
	same("subtract beside", subtract([]Span{{3, 5}}, Span{5, 9}), []Span{{3, 5}})
	same("subtract across two", subtract([]Span{{1, 4}, {6, 9}}, Span{3, 7}), []Span{{1, 3}, {7, 9}})
	same("cut nothing", cutOut(nil, Span{1, 9}, nil), []Span{{1, 9}})
	same("cut", cutOut(nil, Span{1, 9}, []Span{{-5, 0}, {0, 2}, {4, 5}, {8, 12}, {20, 30}}), []Span{{2, 4}, {5, 8}})
	same("cut all", cutOut(nil, Span{1, 9}, []Span{{0, 10}}), nil)
	same("cut to the end", cutOut(nil, Span{1, 9}, []Span{{5, 9}}), []Span{{1, 5}})
	same("cut behind others", cutOut([]Span{{0, 1}}, Span{1, 9}, []Span{{1, 3}}), []Span{{0, 1}, {3, 9}})
	for at, want := range map[Instant]bool{0: false, 1: true, 8: true, 9: false} {
		if (Span{1, 9}).Contains(at) != want {
			t.Errorf("%d in [1, 9): %t", at, !want)
		}
	}
	if !Always.Contains(0) || Always.Contains(Never) {
		t.Error("all time has every instant except Never")
	}
}
