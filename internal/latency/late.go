package latency

import "time"

// Standing is the derivation that a ledger is brought up to date by.
type Standing struct {
	AsOf        Instant
	Fingerprint string   // of the config and the rules
	Reading     int      // the version with which the stories were read
	Projects    []string // keys of the projects that are watched
	// Windows are their slip windows, by key: what happened is final so much later.
	Windows map[string]time.Duration
}

// finalAfter returns how long after it happened an entry is final.
func (s *Standing) finalAfter(e *Entry) time.Duration {
	window := s.Windows[e.Project]
	if e.Type == GuardSilentRejection {
		return max(silence, window)
	}
	return window
}

// LedgerState is what a ledger was brought up to date by last.
type LedgerState struct {
	AsOf        Instant `json:"as_of"`
	Fingerprint string  `json:"fingerprint"`
	Reading     int     `json:"reading,omitempty"` // 0: before versions were noted
	// Projects are those that were ever watched, by key: true if they were at the
	// last derivation. nil in a ledger that did not note them.
	Projects map[string]bool `json:"projects,omitempty"`
}

// Late reports whether an entry comes up after its time, so that it is entered
// and not counted: a counter must not jump for the past. That is so where another
// config, other rules or a newer reading of the stories brings up what happened
// before the ledger's last instant, and was final by then, and for what happened in a
// project while it was not watched. A project that is watched for the first time begins with its
// whole history.
func (l LedgerState) Late(e *Entry, by Standing) bool {
	if e.At.Add(by.finalAfter(e)) > l.AsOf {
		return false
	}
	if l.Projects != nil {
		watched, known := l.Projects[e.Project]
		if !known {
			return false // its counters begin now
		}
		if !watched {
			return true // they began, and it was not watched meanwhile
		}
	}
	return l.Fingerprint != by.Fingerprint || l.Reading != by.Reading
}

// Advanced returns the state after a derivation was counted.
func (l LedgerState) Advanced(by Standing) LedgerState {
	next := LedgerState{AsOf: by.AsOf, Fingerprint: by.Fingerprint, Reading: by.Reading, Projects: map[string]bool{}}
	for key := range l.Projects {
		next.Projects[key] = false
	}
	for _, key := range by.Projects {
		next.Projects[key] = true
	}
	return next
}
