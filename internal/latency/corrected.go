package latency

import "slices"

// FindCorrected is the reason of a finding that the ledger shows: what was counted
// is no longer what the events say.
const FindCorrected = "corrected"

// Corrections returns what the ledger holds of a story and the derivation no
// longer says: entries that are gone or have other labels or clocks, and what
// came up after its time and was not counted.
func (r *Rules) Corrections(h *History, derived []Entry, ledger []Counted) []Finding {
	var out []Finding
	for _, c := range ledger {
		if c.ID.StoryID != h.ID {
			continue
		}
		i := slices.IndexFunc(derived, func(e Entry) bool { return e.ID == c.ID })
		detail := ""
		switch {
		case i < 0 && c.Counted:
			detail = "counted " + r.describe(&c.Entry) + ", which is no longer so"
		case i >= 0 && !c.Counted:
			detail = "not counted: " + r.describe(&c.Entry) + " came up after its time"
		case i >= 0 && derived[i] != c.Entry:
			detail = "counted " + r.describe(&c.Entry) + ", now " + r.describe(&derived[i])
		default:
			continue
		}
		out = append(out, Finding{Reason: FindCorrected, StoryID: h.ID, Story: h.Key, ProjectID: r.ProjectID(c.Project), At: c.At, Detail: detail})
	}
	return out
}

// describe returns what an entry counts, in words.
func (r *Rules) describe(e *Entry) string {
	text := string(e.Type)
	if e.Outcome != "" {
		text = string(e.Outcome)
	}
	if e.Responder != "" {
		text += " by " + string(e.Responder)
	}
	if e.Owner != "" && !r.Together {
		text += " for " + r.Label(e.Owner)
	}
	return text + " in " + e.Project + " at " + e.At.Time().Format(findingTime)
}
