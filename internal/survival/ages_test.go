package survival

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestAgesAreSamples compares curves of samples in order, with others beside them, and
// curves that leave samples out, with those of the plain list.
func TestAgesAreSamples(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var began, others []Sample
		for _, s := range someSamples().Draw(rt, "samples") {
			if s.Began {
				s.Entry = 0
				began = append(began, s)
			} else {
				others = append(others, s)
			}
		}
		gone := someSamples().Draw(rt, "gone")
		for i := range gone {
			gone[i].Began, gone[i].Entry = true, 0
		}
		cut := rapid.IntRange(0, len(began)).Draw(rt, "first")
		kept := Ages{}.With(slices.Concat(began[:cut], gone), nil).With(began[cut:], gone)
		if kept.Len() != len(began) {
			rt.Fatalf("%d ages, want %d", kept.Len(), len(began))
		}
		all := slices.AppendSeq(slices.Clone(others), kept.All())
		var e Estimator
		curve := e.CurveOf(kept, others)
		if diff := cmp.Diff(New(slices.Concat(began, others)).steps, curve.steps, cmp.AllowUnexported(step{}), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("steps (-of a list +of ages):\n%s", diff)
		}
		out := rapid.IntRange(0, min(2, len(all))).Draw(rt, "without")
		all = rapid.Permutation(all).Draw(rt, "order")
		age := ages(0, rapid.SampledFrom([]time.Duration{3, 20, 1_000_000_000_000}).Draw(rt, "most")).Draw(rt, "age")
		if got, want := curve.BeforeWithout(age, all[:out]...), New(all[out:]).Before(age); got != want {
			rt.Fatalf("before %v without %v: %v, want %v", age, all[:out], got, want)
		}
	})
}

// TestCurveOfAges takes samples into a list in order and out of it, and has others beside them.
func TestCurveOfAges(t *testing.T) {
	ages := Ages{}.With([]Sample{began(6*hour, true), began(2*hour, true), began(9*hour, true), began(4*hour, false)}, nil)
	ages = ages.With([]Sample{began(2*hour, false), began(5*hour, true), began(7*hour, true)}, []Sample{began(7*hour, true), began(4*hour, false)})
	want := []Sample{began(2*hour, false), began(2*hour, true), began(5*hour, true), began(6*hour, true), began(9*hour, true)}
	if diff := cmp.Diff(want, slices.Collect(ages.All())); diff != "" {
		t.Fatalf("samples (-want +got):\n%s", diff)
	}
	var e Estimator
	curve := e.CurveOf(ages, []Sample{late(hour, 3*hour, true), late(4*hour, 6*hour, true), late(4*hour, 8*hour, false)})
	for age, want := range map[time.Duration]float64{1: 1, 2: 5. / 6, 3: 5. / 8, 4: 5. / 8, 5: 1. / 2, 6: 1. / 4, 9: 0} {
		near(t, fmt.Sprintf("S after %d hours", age), curve.Survival(age*hour), want, 1e-12)
	}
}

// TestWatchedOfAges puts some samples in order and leaves others beside them.
func TestWatchedOfAges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		ages   []time.Duration // hours, of those in order
		beside []Sample
		from   time.Duration // hours
		least  int
		want   time.Duration // hours; 0: fewer are at risk from the beginning
	}{
		{"one of two ends at the age", []time.Duration{5, 10}, nil, 5, 1, 10},
		{"too few are left after it", []time.Duration{5, 10}, nil, 5, 2, 0},
		{"one beside them ends last", []time.Duration{1, 2, 3, 4}, []Sample{began(10*hour, true)}, 0, 3, 3},
		{"one beside them ends after the first", []time.Duration{5}, []Sample{began(10*hour, false)}, 0, 2, 5},
		{"one beside them ends first", []time.Duration{10}, []Sample{began(5*hour, false)}, 0, 2, 5},
		{"one beside them enters late", []time.Duration{5, 6}, []Sample{late(4*hour, 12*hour, true)}, 0, 2, 6},
		{"one beside them enters too late", []time.Duration{5, 6}, []Sample{late(5*hour+1, 12*hour, true)}, 0, 2, 5},
		{"one beside them entered before", []time.Duration{5}, []Sample{late(2*hour, 12*hour, true)}, 3, 2, 5},
		{"one beside them enters at the age", []time.Duration{5}, []Sample{late(3*hour, 12*hour, true)}, 3, 2, 5},
		{"none is asked for", []time.Duration{5, 6}, []Sample{began(5*hour, false)}, 0, 0, 0},
	} {
		var list []Sample
		for _, age := range tc.ages {
			list = append(list, began(age*hour, true))
		}
		tau, ok := Ages{}.With(list, nil).Watched(tc.beside, tc.from*hour, tc.least)
		if tau != tc.want*hour || ok != (tc.want > 0) {
			t.Errorf("%s: %v %t, want %dh", tc.name, tau, ok, tc.want)
		}
		if plain, known := Watched(slices.Concat(list, tc.beside), tc.from*hour, tc.least); plain != tau || known != ok {
			t.Errorf("%s: %v %t, of one list %v %t", tc.name, tau, ok, plain, known)
		}
	}
}

// TestBeforeWithout leaves samples out of a curve that falls to 3/4, 1/2, 1/3 and 0 after 2, 4,
// 6 and 10 hours.
func TestBeforeWithout(t *testing.T) {
	first, enters := began(2*hour, true), late(4*hour, 10*hour, true)
	curve := New([]Sample{first, began(4*hour, true), began(6*hour, true), began(8*hour, false), enters})
	for _, tc := range []struct {
		name    string
		age     time.Duration
		without []Sample
		want    float64
	}{
		{"of all, at the first event", 2 * hour, nil, 1},
		{"of all, at the second", 4 * hour, nil, 3. / 4},
		{"of all, after it", 4*hour + 1, nil, 1. / 2},
		{"without the first event", 6 * hour, []Sample{first}, 2. / 3},
		{"without one that enters then", 4 * hour, []Sample{enters}, 3. / 4},
		{"without one that entered before", 6*hour + 1, []Sample{enters}, 1. / 4},
		{"without the first event, whose entry has no meaning", 6 * hour, []Sample{{Entry: 5 * hour, Began: true, Age: 2 * hour, Event: true}}, 2. / 3},
		{"without both", 11 * hour, []Sample{first, enters}, 1. / 3},
		{"without one that was never at risk", 6 * hour, []Sample{first, late(5*hour, 5*hour, true)}, 2. / 3},
	} {
		near(t, tc.name, curve.BeforeWithout(tc.age, tc.without...), tc.want, 1e-12)
	}
}
