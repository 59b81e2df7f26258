package calendar

import (
	"cmp"
	"slices"
)

// span is the time from one instant to another, the latter excluded.
type span struct{ from, to int64 }

// spans are spans in order that neither meet nor overlap, as columns: a search
// reads one of them alone.
type spans struct {
	from, to []int64
	sum      []int64 // the length of all spans before this one
}

// merge returns what list covers, each instant once. It sorts list; spans that
// end before they begin, or then, cover nothing.
func merge(list []span) spans {
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	merged := list[:0]
	for _, s := range list {
		switch last := len(merged) - 1; {
		case s.from >= s.to:
		case last >= 0 && s.from <= merged[last].to:
			merged[last].to = max(merged[last].to, s.to)
		default:
			merged = append(merged, s)
		}
	}
	n := len(merged)
	out := spans{from: make([]int64, n), to: make([]int64, n), sum: make([]int64, n)}
	var sum int64
	for i, s := range merged {
		out.from[i], out.to[i], out.sum[i] = s.from, s.to, sum
		sum += s.to - s.from
	}
	return out
}

// before returns how much of the time before at the spans cover.
func (s *spans) before(at int64) int64 {
	i, _ := slices.BinarySearch(s.from, at)
	if i == 0 {
		return 0
	}
	i-- // the last span that begins before at
	return s.sum[i] + min(at, s.to[i]) - s.from[i]
}

// contain reports whether at lies in one of the spans.
func (s *spans) contain(at int64) bool {
	i, found := slices.BinarySearch(s.from, at)
	return found || i > 0 && at < s.to[i-1]
}

// reach returns the earliest instant before which the spans cover done and
// more, where more is positive; ok is false if they never do.
func (s *spans) reach(done, more int64) (at int64, ok bool) {
	last := len(s.sum) - 1
	if last < 0 || more > s.sum[last]+s.to[last]-s.from[last]-done {
		return 0, false
	}
	i, _ := slices.BinarySearch(s.sum, done+more)
	i-- // the last span that begins before that much is covered
	return s.from[i] + done + more - s.sum[i], true
}
