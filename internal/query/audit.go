package query

import (
	"context"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// Finding is the stable JSON form of a finding of the audit.
type Finding struct {
	Reason  string `json:"reason"`
	Story   string `json:"story"`
	Project string `json:"project"`
	At      string `json:"at"`
	Detail  string `json:"detail"`
}

// Audit returns what is odd in the data as of an instant, of the project and the
// story that f names.
func (r *Reader) Audit(ctx context.Context, f Filter, asOf latency.Instant) ([]Finding, error) {
	found, err := measure.Audit(ctx, r.Store, r.Rules, asOf)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(one latency.Finding) bool {
		// The ledger is as of the last poll: with an earlier instant it cannot be compared.
		early := one.Reason == latency.FindCorrected && asOf < r.State.DataTimestamp
		return early || f.Project != "" && r.Project(one.ProjectID) != f.Project ||
			f.Story != "" && !strings.EqualFold(one.Story, f.Story)
	})
	out := make([]Finding, 0, len(found))
	for _, one := range found {
		out = append(out, Finding{one.Reason, one.Story, r.Project(one.ProjectID), Stamp(one.At), one.Detail})
	}
	return out, nil
}
