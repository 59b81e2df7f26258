package latency

import "container/heap"

// schedule says which stories are due at an instant. A story is due once.
type schedule struct {
	at    map[int64]Instant
	queue dueQueue // holds what is in at, and what no longer is
}

// due is when a story is.
type due struct {
	at    Instant
	story int64
}

func newSchedule() schedule { return schedule{at: map[int64]Instant{}} }

// set makes a story due at an instant, and not at the one that was set before; Never
// takes it out.
func (s *schedule) set(story int64, at Instant) {
	before, ok := s.at[story]
	switch {
	case at == Never:
		delete(s.at, story)
		return
	case ok && before == at:
		return
	}
	s.at[story] = at
	heap.Push(&s.queue, due{at, story})
	if len(s.queue) > 2*len(s.at)+64 { // most of it is no longer so
		s.queue = s.queue[:0]
		for story, at := range s.at {
			s.queue = append(s.queue, due{at, story})
		}
		heap.Init(&s.queue)
	}
}

// pop takes out a story that is due by an instant; ok is false if none is.
func (s *schedule) pop(by Instant) (story int64, ok bool) {
	for len(s.queue) > 0 && s.queue[0].at <= by {
		d := heap.Pop(&s.queue).(due)
		if at, ok := s.at[d.story]; ok && at == d.at {
			delete(s.at, d.story)
			return d.story, true
		}
	}
	return 0, false
}

// dueQueue is a heap.
type dueQueue []due

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q dueQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)        { *q = append(*q, x.(due)) }

func (q *dueQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
