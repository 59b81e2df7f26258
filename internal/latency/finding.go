package latency

// findingTime is how findings write instants, in UTC.
const findingTime = "2006-01-02T15:04:05Z"

// Finding is something odd that the audit shows; it drops nothing.
type Finding struct {
	Reason    string
	StoryID   int64
	Story     string
	ProjectID string
	At        Instant
	Detail    string
}

// The reasons of findings that the derivation of one story makes.
const (
	FindLastStatus    = "last_status"
	FindBrokenChain   = "broken_chain"
	FindUnknownStatus = "unknown_status"
	FindStatusName    = "status_name" // a status bears the name that is another one's today
	FindSameInstant   = "same_instant"
	FindBeforeCreated = "before_created" // an event is older than the story
	FindMigration     = "migration"
	FindExitByDefault = "exit_by_default"
	FindGone          = "gone"
	FindNoParent      = "parent_invisible" // the owner was looked for at a parent that cannot be seen
	FindInactiveOwner = "inactive_owner"   // somebody waits for an owner whose account is closed
	FindNoActor       = "unresolved_actor" // Jira names nobody for what was done or said
)

// The reasons of findings about a config that does not fit a project.
const (
	FindNoAcceptance    = "no_acceptance"     // no story ever waited for acceptance
	FindOwnerFieldEmpty = "owner_field_empty" // the owner field is empty on most stories
	FindMostlyUnowned   = "mostly_unowned"    // half of the waits or more are unowned
)

func (r *replay) find(reason string, at Instant, detail string) {
	f := Finding{Reason: reason, StoryID: r.h.ID, Story: r.key, ProjectID: r.st.project.ID, At: at, Detail: detail}
	r.d.result.Findings = append(r.d.result.Findings, f)
}

// checkStatus finds a status that Jira does not list.
func (r *replay) checkStatus(at Instant) {
	if r.d.rules.watched(r.st.project.ID) == nil {
		return
	}
	if _, ok := r.d.rules.Statuses[r.st.status.ID]; !ok {
		r.find(FindUnknownStatus, at, r.st.status.Name+" ("+r.st.status.ID+")")
	}
}

// checkActor finds what nobody did: it cannot be anybody's verdict or answer.
func (r *replay) checkActor(ev *Event) {
	if r.now.inScope && ev.Actor == "" {
		r.find(FindNoActor, ev.At, "")
	}
}

// checkMove finds a status move, in the nth event, that bears the name of another
// status, or does not begin where the last one ended.
func (r *replay) checkMove(n int, rec *record, c *Change) {
	from := r.d.readStatus(c.From)
	if r.now.inScope {
		switch {
		case len(from.bearing) > 0:
			r.find(FindStatusName, rec.At, c.From.Name+" ("+c.From.ID+")")
		case rec.move.odd:
			r.find(FindStatusName, rec.At, c.To.Name+" ("+c.To.ID+")")
		}
		if r.choose(n, &from) != r.chain {
			r.find(FindBrokenChain, rec.At, "a move begins in "+c.From.Name)
		}
	}
	r.chain = rec.move.to
}

// compareWithJira finds where the events and what Jira says now disagree.
func (r *replay) compareWithJira() {
	if !r.now.inScope {
		return
	}
	if now := r.h.Now[FieldStatus]; len(now) > 0 && r.d.rules.StatusID(now[0]) != r.chain {
		r.find(FindLastStatus, r.asOf, "Jira says "+now[0].Name)
	}
	for i := 1; i < len(r.h.Events); i++ {
		a, b := &r.h.Events[i-1], &r.h.Events[i]
		if a.At == b.At && a.Rank == RankRecord && b.Rank == RankRecord {
			r.find(FindSameInstant, b.At, "")
		}
	}
}
