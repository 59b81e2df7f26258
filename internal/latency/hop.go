package latency

// isHop reports whether a record ends a mere hop: a visit of the acceptance set
// that is shorter than the minimum dwell, was never paused, and that automation
// ends in nobody's stead.
func (r *replay) isHop(rec *record, role Responder) bool {
	w := &r.acc
	return role == ByAutomation && rec.At.Sub(w.start) < r.now.project.MinDwell && !w.pauses.any()
}

// forgetVisit makes the running acceptance wait one that never was.
func (r *replay) forgetVisit() {
	w := &r.acc
	w.open = false
	if w.firstVisit {
		r.visited = false
	}
	r.forgetCycleTime(w.start)
}
