package command

import (
	"context"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
	"github.com/yourturn/yourturn/internal/jirasim/team"
)

// simulate returns a simulated Jira, and what keeps its team working, if any.
func simulate(f jirasimFlags, flavor jirasim.Flavor) (*jirasim.Site, func(context.Context), error) {
	if f.data != "" {
		site, err := jirasim.LoadExport(f.data, flavor, time.Now)
		return site, nil, err
	}
	if f.organisation != "" {
		org, err := orgs.New(f.organisation, orgs.Options{Flavor: flavor, Seed: f.seed})
		if err != nil {
			return nil, nil, err
		}
		return org.Site, nil, nil
	}
	t, err := team.New(team.Options{Seed: f.seed, Flavor: flavor})
	if err != nil {
		return nil, nil, err
	}
	return t.Site(), func(ctx context.Context) {
		defer t.Close()
		t.Live(ctx, f.speed) //nolint:errcheck // it ends with ctx
	}, nil
}
