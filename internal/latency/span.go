package latency

import (
	"cmp"
	"math"
	"slices"
)

// Span is the half-open interval [From, To).
type Span struct{ From, To Instant }

// Always is the span of all time.
var Always = Span{From: math.MinInt64, To: Never} //nolint:gochecknoglobals // a constant in all but name

// Contains reports whether t lies in the span.
func (s Span) Contains(t Instant) bool { return s.From <= t && t < s.To }

// union returns the spans in order and disjoint.
func union(spans []Span) []Span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	var out []Span
	for _, s := range sorted {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// within returns when the time that holds t and that the spans cover without a gap
// ends; ok is false if no span holds t.
func within(spans []Span, t Instant) (end Instant, ok bool) {
	for _, s := range union(spans) {
		if s.Contains(t) {
			return s.To, true
		}
	}
	return 0, false
}

// subtract removes cut from disjoint spans.
func subtract(spans []Span, cut Span) []Span {
	var out []Span
	for _, s := range spans {
		if left := (Span{s.From, min(s.To, cut.From)}); left.From < left.To {
			out = append(out, left)
		}
		if right := (Span{max(s.From, cut.To), s.To}); right.From < right.To {
			out = append(out, right)
		}
	}
	return out
}

// cutOut appends to out what is left of s without the cuts, which are in
// order and disjoint.
func cutOut(out []Span, s Span, cuts []Span) []Span {
	at := s.From
	for _, c := range cuts {
		if c.To <= at {
			continue
		}
		if c.From >= s.To {
			break
		}
		if c.From > at {
			out = append(out, Span{at, c.From})
		}
		at = c.To
	}
	if at < s.To {
		out = append(out, Span{at, s.To})
	}
	return out
}
