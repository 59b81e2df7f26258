package latency

import "time"

// A wait is forgotten when it is older than so many targets and the story has
// been silent for so many working days of its project.
const (
	forgottenTargets = 10
	forgottenDays    = 15
)

// forgotten reports whether an open wait whose story's clock shows age is
// forgotten: it is older than ten targets, and since the last event of its story
// fifteen whole working days of the project have passed. Time alone can bring it
// about; any event ends it.
func (r *replay) forgotten(p *Project, kind Kind, age time.Duration) bool {
	if age <= forgottenTargets*p.Target(kind) {
		return false
	}
	from, ok := p.Calendar.AfterDays(r.lastEvent, forgottenDays)
	return ok && from <= r.asOf
}
