package propose

import (
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// Statuses is a proposed list of statuses with its evidence.
type Statuses struct {
	IDs        []string
	Confidence Confidence
	Evidence   string // a sentence with counts
}

// accepted returns where acceptance leads, if the product's defaults do not
// know it: statuses that are not of category done and not of a usual name.
func (p *project) accepted(f *flow) Statuses {
	var out Statuses
	usual := p.usualRelease()
	needed := false
	for _, to := range slices.Sorted(maps.Keys(f.targets)) {
		e := f.targets[to]
		if e.count < 3 || p.withdraws(to, e) || share(e.finished, e.count) < 0.7 || p.category(to) == latency.CategoryNew || !p.onward(to) {
			continue
		}
		out.IDs = append(out.IDs, to)
		if p.category(to) != latency.CategoryDone && !usual[to] {
			needed = true
			out.Evidence = fmt.Sprintf("%d of %d stories that left acceptance to %q went on to done with no more work", e.finished, e.count, p.name(to))
			out.Confidence = High
			if e.count < fewestForHigh {
				out.Confidence = Medium
			}
		}
	}
	if !needed {
		return Statuses{} // category done and stage release are the default
	}
	return out
}

// onward reports whether stories go on from a status to done, and hardly ever
// back to work.
func (p *project) onward(status string) bool {
	if p.category(status) == latency.CategoryDone {
		return true
	}
	ended, done := 0, 0
	for _, v := range p.stays[status] {
		if v.to == "" {
			continue
		}
		ended++
		if p.category(v.to) == latency.CategoryDone {
			done++
		}
	}
	return share(done, ended) >= 0.7
}

// usualRelease returns the statuses that the product takes for accepted by their
// names.
func (p *project) usualRelease() latency.Set {
	names := latency.Set{}
	for _, n := range latency.StageNames()[latency.StageRelease] {
		names[latency.Fold(n)] = true
	}
	out := latency.Set{}
	for id, st := range p.names {
		if names[latency.Fold(st.Name)] {
			out[id] = true
		}
	}
	return out
}

// withdraws reports whether a status is where stories go that are dropped.
func (p *project) withdraws(status string, e *exit) bool {
	return p.lexicon.hints(p.name(status), hintWithdrawn) || share(e.dropped, e.count) >= 0.7
}

// withdrawn returns where stories go that nobody wants any more: named so, or
// entered with a resolution that says so.
func (p *project) withdrawn(f *flow) Statuses {
	var out Statuses
	entered, dropped := 0, 0
	for _, id := range slices.Sorted(maps.Keys(p.names)) {
		if p.category(id) != latency.CategoryDone || f != nil && slices.Contains(f.statuses, id) {
			continue
		}
		in, drops := 0, 0
		for _, stays := range p.stays {
			for _, v := range stays {
				if v.to == id {
					in++
					if v.drops {
						drops++
					}
				}
			}
		}
		word := p.lexicon.hints(p.name(id), hintWithdrawn)
		if in == 0 || !word && share(drops, in) < 0.7 {
			continue
		}
		out.IDs = append(out.IDs, id)
		entered, dropped = entered+in, dropped+drops
		if out.Confidence = High; !word || share(drops, in) < 0.5 {
			out.Confidence = Medium
		}
	}
	if len(out.IDs) > 0 {
		out.Evidence = fmt.Sprintf("%d stories went there, %d of them with a resolution that withdraws", entered, dropped)
	}
	return out
}

// paused returns where stories are parked during acceptance: they come from it
// and go back to it.
func (p *project) paused(f *flow) Statuses {
	var out Statuses
	for _, id := range slices.Sorted(maps.Keys(f.targets)) {
		e := f.targets[id]
		stays := p.stays[id]
		back, from, ended := 0, 0, 0
		for _, v := range stays {
			if slices.Contains(f.statuses, v.from) {
				from++
			}
			if v.to == "" {
				continue
			}
			ended++
			if slices.Contains(f.statuses, v.to) {
				back++
			}
		}
		if e.count < 3 || share(from, len(stays)) < 0.7 || share(back, ended) < 0.7 {
			continue
		}
		out.IDs = append(out.IDs, id)
		out.Evidence = fmt.Sprintf("%d stories went from acceptance to %q, and %d of %d came back to it", e.count, p.name(id), back, ended)
		if out.Confidence = Medium; e.count >= 8 || p.lexicon.hints(p.name(id), hintPaused) {
			out.Confidence = High
		}
	}
	return out
}

// question returns where stories wait for an answer of their owner: the team
// puts them there, the owner comments or moves them on, and they go back to
// where they came from.
func (p *project) question(f *flow, owners latency.Set) Statuses {
	var out Statuses
	for _, id := range slices.Sorted(maps.Keys(p.stays)) {
		if f != nil && slices.Contains(f.statuses, id) || p.category(id) != latency.CategoryIndeterminate {
			continue
		}
		stays := p.stays[id]
		ended, back, answered := 0, 0, 0
		for _, v := range stays {
			if v.to == "" {
				continue
			}
			ended++
			if v.to == v.from {
				back++
			}
			if owners[v.ended.by] || p.commented(v, owners) {
				answered++
			}
		}
		word := p.lexicon.hints(p.name(id), hintQuestion)
		if ended < 5 || share(back, ended) < 0.6 || share(answered, ended) < 0.6 || p.named(id) && !word {
			continue
		}
		out.IDs = append(out.IDs, id)
		out.Evidence = fmt.Sprintf("of %d visits of %q the owner answered or ended %d, and %d went back to where they came from", ended, p.name(id), answered, back)
		if out.Confidence = Medium; word && ended >= fewestVisits {
			out.Confidence = High
		}
	}
	return out
}

// commented reports whether an owner commented during a visit.
func (p *project) commented(v visit, owners latency.Set) bool {
	for _, ev := range p.stories[v.story].source.History.Events {
		if ev.Rank == latency.RankCommentAdded && ev.At > v.began.at && ev.At <= v.ended.at && owners[ev.Actor] {
			return true
		}
	}
	return false
}

// stages places statuses that neither the product's names nor their categories
// place right: reviews and tests in other languages.
func (p *project) stages(taken latency.Set) map[latency.Stage][]string {
	usual := latency.Set{}
	for _, names := range latency.StageNames() {
		for _, n := range names {
			usual[latency.Fold(n)] = true
		}
	}
	out := map[latency.Stage][]string{}
	for _, id := range slices.Sorted(maps.Keys(p.stays)) {
		name := p.name(id)
		if taken[id] || usual[latency.Fold(name)] || p.category(id) != latency.CategoryIndeterminate {
			continue
		}
		switch {
		case p.lexicon.hints(name, hintReview):
			out[latency.StageReview] = append(out[latency.StageReview], id)
		case p.lexicon.hints(name, hintTest):
			out[latency.StageTest] = append(out[latency.StageTest], id)
		case p.lexicon.hints(name, hintPaused):
			out[latency.StageBlocked] = append(out[latency.StageBlocked], id)
		}
	}
	return out
}
