package jiradata

import "github.com/yourturn/yourturn/internal/latency"

// Sprint is a sprint that has begun, of a board that shows a project.
type Sprint struct {
	ID        int64
	ProjectID string
	Name      string
	Start     latency.Instant // when it was started
	End       latency.Instant // when it was completed; until then, when it is to end
}
