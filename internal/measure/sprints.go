package measure

import (
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// reportedSprints is how many sprints of a project a report holds.
const reportedSprints = 12

// lastSprints returns the sprints that a report holds, of the projects that
// rules measure.
func lastSprints(rules *latency.Rules, stored []jiradata.Sprint) []latency.Sprint {
	var list []latency.Sprint
	for _, sp := range stored {
		if p := rules.Projects[sp.ProjectID]; p != nil {
			list = append(list, latency.Sprint{Project: p.Key, Name: sp.Name, Start: sp.Start, End: sp.End})
		}
	}
	return latency.LastSprints(list, reportedSprints)
}
