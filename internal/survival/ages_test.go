package survival

import (
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
