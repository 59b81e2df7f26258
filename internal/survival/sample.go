package survival

import "time"

// Sample is one observation: from when on it was watched, and how it ended.
// Ages are of whatever clock its caller measures them by.
type Sample struct {
	// Entry is the age at which watching began: the sample is at risk at the
	// ages after it. It has no meaning where Began is true.
	Entry time.Duration
	// Began reports whether the sample was watched from its beginning: it is at risk
	// at every age up to its end, age 0 included.
	Began bool
	// Age is the age at the end, or now if there has been none.
	Age time.Duration
	// Event reports whether the end is the event whose age is estimated. All else is
	// right-censored: it lasted for Age, and nobody knows how much longer.
	Event bool
}

// watched reports whether the sample was at risk at any age at all.
func (s Sample) watched() bool { return s.Began || s.Entry < s.Age }

// Watched returns the largest age tau such that at least least samples are at risk at
// every age after from, up to and including tau. ok is false where fewer are at risk
// right after from. What is said of ages beyond tau rests on fewer samples.
func Watched(samples []Sample, from time.Duration, least int) (tau time.Duration, ok bool) {
	return Ages{}.Watched(samples, from, least)
}
