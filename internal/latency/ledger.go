package latency

import (
	"iter"
	"strconv"
	"time"
)

// EntryType is what an entry of the ledger counts.
type EntryType string

// The types of entry.
const (
	EntryEnded    EntryType = "ended"    // a part of a wait ended
	EntryBreached EntryType = "breached" // an owner's clock passed the target
	EntryMet      EntryType = "met"      // a verdict or an answer came before
	EntrySlip     EntryType = "slip"     // a slip was undone
	EntryBypass   EntryType = "bypass"   // a story was done with no acceptance
)

// The guards: what haste leaves behind.
const (
	GuardReopened          EntryType = "reopened"           // within 14 days of its acceptance
	GuardSilentRejection   EntryType = "silent_rejection"   // with no comment
	GuardInstantAcceptance EntryType = "instant_acceptance" // within a minute of the move in by somebody else
	GuardAskedAgain        EntryType = "asked_again"        // by the same asker, within a working day of the answer
)

// Guards lists the guards.
func Guards() []EntryType {
	return []EntryType{GuardReopened, GuardSilentRejection, GuardInstantAcceptance, GuardAskedAgain}
}

// Milliseconds is a length of time in the ledger's precision. Sums over many
// waits are in it: those of a time.Duration end at 292 years.
type Milliseconds int64

// MillisecondsOf returns d, truncated to the millisecond.
func MillisecondsOf(d time.Duration) Milliseconds { return Milliseconds(d.Milliseconds()) }

// Seconds returns m in seconds.
func (m Milliseconds) Seconds() float64 { return float64(m) / 1000 }

// Entry is one thing that is counted once and stays counted, with the labels
// and clocks it had then. Counters and histograms are sums over entries.
type Entry struct {
	ID        EntryID
	Type      EntryType
	Project   string // key
	Owner     string // person; "" where no owner is concerned
	Outcome   Outcome
	Responder Responder
	Working   Milliseconds // on the owner's clock
	Elapsed   Milliseconds
	At        Instant
}

// Ledger is where a ledger stands.
type Ledger struct {
	// Start is the data timestamp as of which it began; 0 if it has not begun, or
	// began before that was noted. No two ledgers of a store have the same.
	Start       Instant
	StartedBy   string  // the fingerprint of the config that it began with
	AsOf        Instant // that it was brought up to date as of last; 0: not yet
	Fingerprint string  // of the config that it was brought up to date by last
	Naming      string  // what people were called when it began (rules.Naming)
}

// CountedByAnother reports whether the ledger was counted by another config, or by other
// rules, than those of a fingerprint.
func (l *Ledger) CountedByAnother(fingerprint string) bool {
	// A ledger that was begun and not finished is one of the config it began with.
	by := l.Fingerprint
	if l.AsOf == 0 {
		by = l.StartedBy
	}
	return by != "" && by != fingerprint
}

// firstGuess is for how much data timestamp after the first complete sync a changed config
// begins a new ledger: a first config is a guess, and what it counted must not stay.
const firstGuess = 24 * time.Hour

// RenewedUntil returns the data timestamp before which a changed config begins a new ledger
// by itself, of a store whose first complete sync was as of an instant; 0 if it had none.
func RenewedUntil(firstComplete Instant) Instant {
	if firstComplete == 0 {
		return 0
	}
	return firstComplete.Add(firstGuess)
}

// Counted is an entry of the ledger. What a changed config brought up after
// its time is entered and not counted: no counter jumps for it.
type Counted struct {
	Entry
	Counted bool
}

// EntryID identifies an entry: the same happening, derived again, has the
// same identity whatever its ending, labels and clocks are now. A wait is known
// by where it began, so that one whose ending is corrected is not counted twice.
type EntryID struct {
	StoryID int64
	Kind    Kind // "" where no wait is concerned
	Topic   string
	At      Instant
}

// The topics of a part's identities; those of marks are their types. A part is
// breached or met, never both, so both share one.
const (
	topicEnded  = "ended"
	topicTarget = "target"
)

// Entries yields what of a result is final as of asOf and so to be counted.
func (r *Rules) Entries(storyID int64, res *Result, asOf Instant) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range res.Parts {
			if !r.entriesOf(storyID, res.Parts[:i+1], asOf, yield) {
				return
			}
		}
		for i, m := range res.Marks {
			p := r.watched(m.ProjectID)
			if p == nil || m.Final > asOf {
				continue
			}
			nth := 1
			for _, other := range res.Marks[:i] {
				if other.Type == m.Type && other.At == m.At {
					nth++
				}
			}
			id := EntryID{StoryID: storyID, Topic: topic(string(m.Type), nth), At: m.At}
			if !yield(Entry{ID: id, Type: m.Type, Project: p.Key, Owner: m.Owner, At: m.At}) {
				return
			}
		}
	}
}

// entriesOf yields the entries of the last of a story's parts, which come in order of
// their beginnings. It reports whether to go on.
func (r *Rules) entriesOf(storyID int64, parts []Part, asOf Instant, yield func(Entry) bool) bool {
	w := &parts[len(parts)-1]
	p := r.watched(w.ProjectID)
	if p == nil {
		return true
	}
	nth := 1
	for i := range parts[:len(parts)-1] {
		if parts[i].Kind == w.Kind && parts[i].Origin == w.Origin {
			nth++
		}
	}
	e := Entry{
		Project: p.Key, Owner: w.Owner, Working: MillisecondsOf(w.Working), Elapsed: MillisecondsOf(w.Elapsed),
		ID: EntryID{StoryID: storyID, Kind: w.Kind, Topic: topic(topicTarget, nth), At: w.Origin},
	}
	if w.Final {
		ended := e
		ended.Type, ended.Outcome, ended.Responder, ended.At = EntryEnded, w.Outcome, w.Responder, w.End
		ended.ID.Topic = topic(topicEnded, nth)
		if !yield(ended) {
			return false
		}
	}
	switch {
	case w.Breached:
		// Its project and its clocks are those of that instant, wherever the story
		// goes and however long the part goes on.
		p := r.watched(w.BreachProjectID)
		if p == nil || w.BreachAt.Add(p.SlipWindow) > asOf {
			return true
		}
		e.Type, e.Project, e.At, e.Working, e.Elapsed = EntryBreached, p.Key, w.BreachAt, MillisecondsOf(p.Target(w.Kind)), 0
		for _, s := range w.Clock {
			e.Elapsed += max(0, Milliseconds(min(s.To, w.BreachAt)-s.From))
		}
	case !w.Breached && w.Final && w.Outcome.IsResponse():
		e.Type, e.At = EntryMet, w.End
	default:
		return true
	}
	return yield(e)
}

// topic returns the topic of the nth of several things of one name that happen to
// a story at one instant.
func topic(name string, nth int) string {
	if nth == 1 {
		return name
	}
	return name + "#" + strconv.Itoa(nth)
}

// IsResponse reports whether an outcome is a verdict or an answer: what ends a
// wait because it was responded to.
func (o Outcome) IsResponse() bool { return o == Accepted || o == Rejected || o == Answered }
