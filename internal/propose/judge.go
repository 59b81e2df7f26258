package propose

import (
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// Judgement is what the history of a project says of the statuses that a config
// lists as acceptance.
type Judgement struct {
	Listed Statuses // the listed statuses that stories visited, with what happened there
	Ended  int      // visits of them that people ended one by one
	Handed int      // of those, ended by somebody else than began them
	Others []Statuses

	// What the statuses mean to which stories go from the listed ones, as a
	// proposal would say it. Accepted is empty where the built-in rule knows them.
	Accepted, Withdrawn, Paused Statuses
}

// Judge returns, by project id, what the history says of the statuses that are
// listed as acceptance, and which others look like acceptance too: at least as
// much as the listed ones, or by their name. Each of Others has at least medium
// confidence; the likeliest is the first. used are the statuses that the config
// gives another meaning: those are no others.
func Judge(s *Sample, listed, used map[string]latency.Set) (map[string]Judgement, error) {
	lex, err := readLexicon()
	if err != nil {
		return nil, err
	}
	at, kinds := acts(s)
	bots := ids(s.automation(at, kinds, lex))
	out := map[string]Judgement{}
	for _, meta := range s.Meta.Projects {
		p := newProject(s, meta, bots, lex)
		out[meta.ID] = p.judgement(listed[meta.ID], used[meta.ID])
	}
	return out, nil
}

func (p *project) judgement(listed, used latency.Set) Judgement {
	var out Judgement
	best := 0.0
	if visited := slices.DeleteFunc(slices.Sorted(maps.Keys(listed)), func(id string) bool { return len(p.stays[id]) == 0 }); len(visited) > 0 {
		c, ok := p.judge(visited...)
		if ok {
			best = c.score
		}
		out.Listed, out.Ended, out.Handed = p.statuses(c, Low), c.flow.ended, c.flow.handed
		out.Accepted, out.Withdrawn, out.Paused = p.accepted(c.flow), p.withdrawn(c.flow), p.paused(c.flow)
	}
	rest := slices.DeleteFunc(p.candidates(), func(c candidate) bool {
		return slices.ContainsFunc(c.flow.statuses, func(id string) bool { return listed[id] || used[id] })
	})
	for i, c := range rest {
		if overlapsAny(c.flow.statuses, out.Others) || c.score < best && !c.word {
			continue
		}
		if confidence := p.confidence(rest[i:]); confidence != Low {
			out.Others = append(out.Others, p.statuses(c, confidence))
		}
	}
	return out
}

func overlapsAny(ids []string, list []Statuses) bool {
	return slices.ContainsFunc(list, func(s Statuses) bool { return overlaps(ids, s.IDs) })
}
