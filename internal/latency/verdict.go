package latency

// WaitingVerdict is an answer to whether a project's teams wait for their owner too much,
// from a share of the cycle time on.
type WaitingVerdict struct {
	From  float64 // the least share of waiting for the owner, by its lower bound
	Words string  // is the owner the bottleneck?
}

// WaitingVerdicts returns the answers in order. Pages and dashboards give the same.
func WaitingVerdicts() []WaitingVerdict {
	return []WaitingVerdict{{0, "no"}, {0.05, "a little"}, {0.1, "in part"}, {0.2, "yes"}}
}

// WaitingVerdictOn returns the answer for a share.
func WaitingVerdictOn(share float64) WaitingVerdict {
	all := WaitingVerdicts()
	answer := all[0]
	for _, v := range all {
		if share >= v.From {
			answer = v
		}
	}
	return answer
}
