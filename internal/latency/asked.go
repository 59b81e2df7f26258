package latency

// AskedIn returns the id of the comment that asks the question that w waits for: the
// oldest that still stands. It is 0 for a wait for acceptance, and for a question that
// a status, a label or an assignment asks.
func (w *Wait) AskedIn() int64 {
	if w.Rule != ByMention && w.Rule != ByMarker {
		return 0
	}
	for _, st := range w.Steps {
		if st.At == w.Since && (st.Rule == w.Rule || st.Rule == Joined) {
			return st.ID
		}
	}
	return 0
}
