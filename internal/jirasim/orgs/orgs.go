// Package orgs generates small organisations on a simulated Jira. They differ
// in language, workflow, owner field, team size, automation and noise, and each
// knows the truth about itself: which statuses wait for acceptance, who
// decides, and when those people work. A tool that proposes a config from a
// Jira's history is judged by that truth.
//
// The generator knows nothing of the product and of how it guesses.
package orgs

import (
	"fmt"
	"math/rand"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// Options say how an organisation is generated.
type Options struct {
	Flavor jirasim.Flavor
	Seed   int64
	Now    func() time.Time // the Jira's clock; the history ends there. nil: time.Now
	Days   int              // how long the history is; 0: 150
}

// Org is a generated organisation with the truth about it.
type Org struct {
	Name  string
	What  string // what is special about it, in a sentence
	Site  *jirasim.Site
	Truth Truth
}

// Truth is what holds in an organisation.
type Truth struct {
	Projects   map[string]*Project // by key
	Hours      map[string]Hours    // of the people who decide, by account
	Automation []string            // accounts
}

// Project is the truth about a project. Statuses are ids.
type Project struct {
	Living     bool // somebody works in it
	Acceptance []string
	Accepted   []string
	Withdrawn  []string
	Paused     []string
	Question   []string

	Owner      OwnerSource
	OwnerField string            // id, where Owner is OwnerByField
	Components map[string]string // account by component name, where Owner is OwnerByComponent
	Deciders   []string          // accounts of the people who give verdicts, the busiest first
}

// OwnerSource is what says who owns a story.
type OwnerSource string

// The sources of an owner.
const (
	OwnerByField     OwnerSource = "field"
	OwnerByReporter  OwnerSource = "reporter"
	OwnerByComponent OwnerSource = "component"
	OwnerByLead      OwnerSource = "lead"
	OwnerByHabit     OwnerSource = "habit"  // no field says it; the same people decide
	OwnerByNobody    OwnerSource = "nobody" // there is no acceptance step
)

// Hours are when somebody works, on weekdays.
type Hours struct {
	Zone     string // IANA name
	From, To int    // minutes of the local day
}

// Names lists the organisations.
func Names() []string {
	var names []string
	for _, p := range plans() {
		names = append(names, p.name)
	}
	return names
}

// New generates the organisation of that name. The same options give the same.
func New(name string, o Options) (*Org, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Days == 0 {
		o.Days = 150
	}
	for _, p := range plans() {
		if p.name == name {
			g := &generator{
				plan: p, opts: o, rng: rand.New(rand.NewSource(o.Seed + int64(len(name)))), //nolint:gosec // repeatable on purpose
				site: jirasim.NewSite(o.Flavor, o.Now), end: o.Now().Truncate(time.Second),
			}
			g.start = g.end.AddDate(0, 0, -o.Days)
			if err := g.generate(); err != nil {
				return nil, fmt.Errorf("organisation %s: %w", name, err)
			}
			return &Org{Name: p.name, What: p.what, Site: g.site, Truth: g.truth}, nil
		}
	}
	return nil, fmt.Errorf("no organisation %q: there are %v", name, Names())
}
