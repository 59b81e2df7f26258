package query

import (
	"context"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// scanned is how many stories one page of waits, or of findings, derives at most. A page of a filter that
// selects little ends there, and the next one goes on: no answer takes long.
const scanned = 250

// ListPlace is where a list of waits, or of findings, goes on: at the stories whose id is
// not less than Story, and on the one with that id after so many of its elements. It is one
// for as long as the store exists, whatever is polled meanwhile.
type ListPlace struct {
	Story int64
	After int
}

// WaitsPage is a page of waits in the order in which stories were created in Jira, and for
// each story in that of their start.
type WaitsPage struct {
	AsOf  Time   `json:"as_of"`
	Waits []Part `json:"waits"`

	More *ListPlace `json:"-"` // nil: there are no more

	places []ListPlace // of the waits
}

// First returns the page that ends after the first n of the waits.
func (p *WaitsPage) First(n int) *WaitsPage {
	if n >= len(p.Waits) {
		return p
	}
	return &WaitsPage{AsOf: p.AsOf, Waits: p.Waits[:n], More: &p.places[n], places: p.places[:n]}
}

// Owners returns the owners of ended waits in the page, each once: these are statistics of
// theirs.
func (p *WaitsPage) Owners() []string {
	var out []string
	for i := range p.Waits {
		if w := &p.Waits[i]; w.End != nil && w.Owner != "" && !slices.Contains(out, w.Owner) {
			out = append(out, w.Owner)
		}
	}
	return out
}

// WaitsFrom returns the waits from a place on, as of the Reader's data timestamp, that f
// selects, but for its story, and somebody may see: at most limit, and fewer, even none, where f selects few of
// many stories; then More is not nil. Whose an ended wait was, and who did what, is left out
// where somebody may not see the owner's statistics: of many waits these could be made.
func (r *Reader) WaitsFrom(ctx context.Context, f Filter, see Sight, at ListPlace, limit int) (*WaitsPage, error) {
	out := &WaitsPage{AsOf: Time(r.State.DataTimestamp), Waits: []Part{}}
	ids, rest, err := r.idsFrom(ctx, &f, at)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, ids, limit, func(h *latency.History, d *latency.Deriver) (full bool, err error) {
		res := d.Story(h, r.State.DataTimestamp)
		for i := range res.Parts {
			p := &res.Parts[i]
			if h.ID == at.Story && i < at.After || !r.shows(&f, see, p) {
				continue
			}
			if len(out.Waits) == limit {
				rest = &ListPlace{h.ID, i}
				return true, nil
			}
			out.Waits, out.places = append(out.Waits, r.seenPart(see, p)), append(out.places, ListPlace{h.ID, i})
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	stories := make([]int64, len(out.places))
	for i, place := range out.places {
		stories[i] = place.Story
	}
	titles, err := r.Titles(ctx, slices.Compact(stories))
	for i := range out.Waits {
		out.Waits[i].Title = titles[out.places[i].Story]
	}
	out.More = rest
	return out, err
}

// each reads stories, whose ids rise, and calls f with each and what derives it, until f
// reports that a page of at most limit elements is full. A history is valid during the call.
func (r *Reader) each(ctx context.Context, ids []int64, limit int, f func(*latency.History, *latency.Deriver) (full bool, err error)) error {
	snapshot, err := r.Store.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close() //nolint:errcheck // it only read
	lineage := measure.NewLineage(r.Store)
	// The store sorts what it is asked for before it gives the first story: it is asked for
	// about as much as the page has.
	for chunk := range slices.Chunk(ids, limit+1) {
		for h, err := range snapshot.Histories(ctx, chunk) {
			if err != nil {
				return err
			}
			ancestors, err := lineage.Of(ctx, h)
			if err != nil {
				return err
			}
			if full, err := f(h, latency.NewDeriver(r.Rules, ancestors)); full || err != nil {
				return err
			}
		}
	}
	return nil
}

// idsFrom returns the ids of the stories to look at for a page, and where the next page
// begins if it is not full before; nil: there are no more stories. Of open waits a service's
// report knows the stories.
func (r *Reader) idsFrom(ctx context.Context, f *Filter, at ListPlace) (ids []int64, rest *ListPlace, err error) {
	if f.Open && r.Report != nil {
		for i := range r.Report.Queue {
			w := &r.Report.Queue[i]
			if w.StoryID >= at.Story && (f.Owner == "" || w.Owner == r.Rules.Label(f.Owner)) {
				ids = append(ids, w.StoryID)
			}
		}
		slices.Sort(ids)
		ids = slices.Compact(ids)
	} else if ids, err = r.Store.StoryIDs(ctx, at.Story, scanned+1); err != nil {
		return nil, nil, err
	}
	if len(ids) > scanned {
		rest, ids = &ListPlace{Story: ids[scanned]}, ids[:scanned]
	}
	if ids == nil {
		ids = []int64{} // and not all
	}
	return ids, rest, nil
}

// shows reports whether f selects a part, and somebody may see that it does.
func (r *Reader) shows(f *Filter, see Sight, p *latency.Part) bool {
	owner, project := r.Rules.Label(p.Owner), r.Project(p.ProjectID)
	if !f.matches(p, r.Rules, r.State.DataTimestamp) || !sees(see, owner, project) {
		return false
	}
	return f.Owner == "" || p.Open() || see.SeesOwner(owner, project)
}

// seenPart returns the stable form of a part as somebody may see it.
func (r *Reader) seenPart(see Sight, p *latency.Part) Part {
	out := r.Part(p, "")
	if p.Open() || see.SeesOwner(out.Owner, out.Project) {
		return out
	}
	out.Owner, out.OwnerName, out.Addressed = "", "", ""
	for i := range out.Events {
		out.Events[i].Actor = ""
	}
	return out
}
