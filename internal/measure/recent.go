package measure

import "github.com/yourturn/yourturn/internal/latency"

// recentEvents is how many events of unsettled stories are kept in memory at most:
// about 40 MB. Of more than that the store is asked at every poll.
const recentEvents = 200_000

// recent is what the store holds of unsettled stories: they are derived anew at every
// poll, and most of them have not changed.
type recent struct {
	stories map[int64]*stored
	events  int
}

// stored is a story and what the ledger holds of it.
type stored struct {
	history *latency.History
	ledger  []latency.Counted
}

// of returns what is kept of a story, or nil.
func (r *recent) of(id int64) *stored { return r.stories[id] }

// set keeps a story, if there is room.
func (r *recent) set(id int64, st *stored) {
	r.forget(id)
	if n := len(st.history.Events); r.events+n <= recentEvents {
		if r.stories == nil {
			r.stories = map[int64]*stored{}
		}
		r.stories[id], r.events = st, r.events+n
	}
}

// forget drops stories.
func (r *recent) forget(ids ...int64) {
	for _, id := range ids {
		if st := r.stories[id]; st != nil {
			r.events -= len(st.history.Events)
			delete(r.stories, id)
		}
	}
}

// remember keeps what is stored of a story that was derived, if it will be derived
// again. What is about to be counted changes its ledger.
func (e *Engine) remember(s *story) {
	switch {
	case !s.unsettled || len(s.entries) > 0:
		e.recent.forget(s.id)
	case s.stored != nil:
		e.recent.set(s.id, s.stored)
	}
}
