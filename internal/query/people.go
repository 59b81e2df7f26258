package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// OwnerSummary is how much waits for an owner in the projects in which somebody may see
// their statistics. Their Turn says more.
type OwnerSummary struct {
	Owner       string   `json:"owner"`
	Name        string   `json:"owner_name"`
	Absent      bool     `json:"absent"`
	AbsentUntil Time     `json:"absent_until"` // null: the owner is not absent, or no end is known
	Projects    []string `json:"projects"`     // in order
	Open        int      `json:"open"`
	Overdue     int      `json:"overdue"`
	Forgotten   int      `json:"forgotten"` // of the open ones
}

// ProjectLoad is what waits in a project.
type ProjectLoad struct {
	Project    string     `json:"project"`
	Configured bool       `json:"configured"` // its acceptance statuses fit it, or it has none
	Kinds      []FlowKind `json:"kinds"`
}

// Owners returns the owners whose statistics somebody may see, in order of name: a list
// ranks nobody. It is answered from a service's report.
func (r *Reader) Owners(see Sight) []OwnerSummary {
	of := map[string]*OwnerSummary{}
	for k, open := range r.Report.Open {
		if !see.SeesOwner(k.Owner, k.Project) {
			continue
		}
		o := of[k.Owner]
		if o == nil {
			o = &OwnerSummary{Owner: k.Owner, Name: r.Report.DisplayName(k.Owner), Absent: r.Report.Absent[k.Owner], AbsentUntil: Time(latency.Never)}
			if until, away := r.Report.AbsentUntil[k.Owner]; away {
				o.AbsentUntil = Time(until)
			}
			of[k.Owner] = o
		}
		if !slices.Contains(o.Projects, k.Project) {
			o.Projects = append(o.Projects, k.Project)
		}
		o.Open += open.Open
		o.Overdue += open.Overdue
		o.Forgotten += open.Forgotten
	}
	out := make([]OwnerSummary, 0, len(of))
	for _, o := range of {
		slices.Sort(o.Projects)
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b OwnerSummary) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Owner, b.Owner)) })
	return out
}

// Projects returns the projects that somebody may see, in order of key. It is answered from
// a service's report.
func (r *Reader) Projects(see Sight) []ProjectLoad {
	out := []ProjectLoad{}
	for _, key := range slices.Sorted(maps.Keys(r.Report.Configured)) {
		p := r.Rules.Projects[r.Rules.ProjectID(key)]
		if p == nil || !see.SeesProject(key) {
			continue
		}
		load := ProjectLoad{Project: key, Configured: r.Report.Configured[key], Kinds: []FlowKind{}}
		for _, kind := range []latency.Kind{latency.Acceptance, latency.Question} {
			if p.Measures(kind) {
				load.Kinds = append(load.Kinds, flowKind(r.Report, key, kind))
			}
		}
		out = append(out, load)
	}
	return out
}

// OwnerLabels returns the labels by which somebody may ask for waits of owners: of those
// who have waits in projects that they see, in order.
func (r *Reader) OwnerLabels(see Sight) []string {
	found := latency.Set{}
	for k := range r.Report.Open {
		if sees(see, k.Owner, k.Project) {
			found[k.Owner] = true
		}
	}
	for k := range r.Report.Statistics.Waits {
		if k.Owner != "" && see.SeesOwner(k.Owner, k.Project) {
			found[k.Owner] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// PersonOf returns the person whom a label means. Where owners are not told apart it fails
// with an UnknownError.
func (r *Reader) PersonOf(label string) (string, error) { return r.owner(label) }

// Decides is who decides on a story.
type Decides struct {
	Story   string `json:"story"`
	Project string `json:"project"` // "" if no watched project has the story
	AsOf    Time   `json:"as_of"`
	Owner   Person `json:"owner"` // empty if no watched project has the story
	// Waiting reports whether the story waits for the owner; else a wait that began now
	// would be theirs.
	Waiting bool      `json:"waiting"`
	Absent  bool      `json:"absent"`
	Back    Time      `json:"absent_until"` // null: the owner is not away, or no end is known
	Also    []StandIn `json:"may_answer"`   // who may answer in their stead
}

// Decides returns who decides on the story with a key as of an instant: on whom it waits,
// or whose a wait would be that began then. Where owners are not told apart, it names
// nobody on a story that does not wait. An UnknownError says that there is no such story.
func (r *Reader) Decides(ctx context.Context, key string, asOf latency.Instant) (*Decides, error) {
	h, err := r.found(ctx, key)
	if err != nil {
		return nil, err
	}
	e, err := r.explain(ctx, h, asOf)
	if err != nil {
		return nil, err
	}
	owner := e.deriver.Decides()
	out := &Decides{Story: h.Key, AsOf: Time(asOf), Back: Time(latency.Never), Also: []StandIn{}}
	if e.res.Home.ProjectID == "" {
		return out, nil
	}
	out.Project = r.Project(e.res.Home.ProjectID)
	asked := &latency.Part{Wait: latency.Wait{Kind: latency.Acceptance}, ProjectID: e.res.Home.ProjectID, Owner: owner, End: asOf}
	for i := range e.res.Parts {
		if p := &e.res.Parts[i]; p.Open() && !e.replaced(p) {
			asked, out.Waiting = p, true
			break
		}
	}
	out.Owner.Label, out.Owner.Name = r.Owner(asked)
	out.Also = e.standIns(asked)
	if until, away := r.Rules.AwayUntil(asked.Owner, asOf); away && !r.Rules.Together {
		out.Absent, out.Back = true, Time(until)
	}
	return out, nil
}
