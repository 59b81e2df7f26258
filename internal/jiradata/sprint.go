package jiradata

import "github.com/yourturn/yourturn/internal/latency"

// Sprint is a sprint that has begun, of a board that shows a project.
type Sprint struct {
	ID        int64
	ProjectID string
	Name      string
	Board     int64           // id of the board that it was made on, whichever shows it; 0: Jira does not say
	Start     latency.Instant // when it was started
	End       latency.Instant // when it was completed; until then, when it is to end
}
