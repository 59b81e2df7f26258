package latency

import "iter"

// EntryType is what an entry of the ledger counts.
type EntryType string

// The types of entry.
const (
	EntryEnded    EntryType = "ended"    // a part of a wait ended
	EntryBreached EntryType = "breached" // an owner's clock passed the target
	EntryMet      EntryType = "met"      // a verdict or answer came before it
	EntrySlip     EntryType = "slip"     // a slip was undone
	EntryBypass   EntryType = "bypass"   // a story was done with no acceptance
)

// Entry is one thing that is counted once and stays counted, with the labels
// and clocks it had then. Counters and histograms are sums over entries.
type Entry struct {
	ID        EntryID
	Type      EntryType
	Project   string // key
	Owner     string // person; "" where no owner is concerned
	Outcome   Outcome
	Responder Responder
	Working   int64 // milliseconds on the owner's clock
	Elapsed   int64 // milliseconds
	At        Instant
}

// EntryID identifies an entry: the same happening, derived again, has the
// same identity whatever its labels and clocks are now.
type EntryID struct {
	StoryID int64
	Kind    Kind // "" where no wait is concerned
	Topic   string
	At      Instant // of the ending, or of the start for what a wait does once
}

// The topics of identities. A wait is breached or met, never both, so both
// share one.
const (
	topicEnded  = "ended"
	topicTarget = "target"
	topicSlip   = "slip"
	topicBypass = "bypass"
)

// Entries yields what of a result is final as of asOf and so to be counted.
func (r *Rules) Entries(storyID int64, res *Result, asOf Instant) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range res.Waits {
			w := &res.Waits[i]
			p := r.watched(w.ProjectID)
			if p == nil {
				continue
			}
			e := Entry{
				Project: p.Key, Owner: w.Owner, Working: w.Working, Elapsed: w.Elapsed,
				ID: EntryID{StoryID: storyID, Kind: w.Kind},
			}
			if w.Final {
				ended := e
				ended.Type, ended.Outcome, ended.Responder, ended.At = EntryEnded, w.Outcome, w.Responder, w.End
				ended.ID.Topic, ended.ID.At = topicEnded, w.End
				if !yield(ended) {
					return
				}
			}
			e.ID.Topic, e.ID.At = topicTarget, w.Origin
			switch {
			case w.Breached && w.BreachAt.Add(p.SlipWindow) <= asOf:
				e.Type, e.At = EntryBreached, w.BreachAt
			case !w.Breached && w.Final && w.Outcome.IsResponse():
				e.Type, e.At = EntryMet, w.End
			default:
				continue
			}
			if !yield(e) {
				return
			}
		}
		for _, marks := range []struct {
			topic string
			typ   EntryType
			list  []Mark
		}{{topicSlip, EntrySlip, res.Slips}, {topicBypass, EntryBypass, res.Bypassed}} {
			for _, m := range marks.list {
				p := r.watched(m.ProjectID)
				if p == nil || m.At.Add(p.SlipWindow) > asOf {
					continue
				}
				id := EntryID{StoryID: storyID, Topic: marks.topic, At: m.At}
				if !yield(Entry{ID: id, Type: marks.typ, Project: p.Key, At: m.At}) {
					return
				}
			}
		}
	}
}

// IsResponse tells whether an outcome is a verdict or an answer: what ends a
// wait because it was responded to.
func (o Outcome) IsResponse() bool { return o == Accepted || o == Rejected || o == Answered }
