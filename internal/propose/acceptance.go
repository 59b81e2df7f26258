package propose

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
)

// Confidence is how sure a part of the proposal is.
type Confidence string

// The confidences.
const (
	High   Confidence = "high"
	Medium Confidence = "medium"
	Low    Confidence = "low"
)

// The thresholds of the rule. docs/first-hour.md gives the reason of each.
const (
	fewestVisits   = 10   // a status that people left less often says nothing
	fewestForHigh  = 20   // and is not proposed with high confidence below this
	fewestHandOffs = 0.35 // the share of hand-offs from which on a status can be one of acceptance
	manyHandOffs   = 0.5
	fewestForward  = 0.4 // the share of its exits that lead to done
	fewestAgree    = 0.6 // the share of the decisions that the owner of the story gave
	mostBuilders   = 0.8 // the share of its exits by people who build: above it, it is a review among peers
	fewestFinished = 30  // finished stories that show that a project has no acceptance step
	enough         = 0.62
	margin         = 0.08 // by which the best candidate leads for high confidence
)

// candidate is a set of statuses that may be the acceptance step.
type candidate struct {
	flow  *flow
	owner source
	score float64
	word  bool // a status of it is named as acceptance
	other bool // a status of it is named as something else
}

// candidates judges every status, and every pair of which one leads to the
// other under the same hands; the best first.
func (p *project) candidates() []candidate {
	var out []candidate
	for status := range p.stays {
		if c, ok := p.judge(status); ok {
			out = append(out, c)
		}
		for next := range p.stays {
			if p.together(status, next) {
				if c, ok := p.judge(status, next); ok {
					c.score += 0.05 // the longer wait is the whole one
					out = append(out, c)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b candidate) int {
		switch {
		case a.score != b.score:
			return int(math.Copysign(1, b.score-a.score))
		case len(a.flow.statuses) != len(b.flow.statuses):
			return len(b.flow.statuses) - len(a.flow.statuses)
		}
		return strings.Compare(a.flow.statuses[0], b.flow.statuses[0])
	})
	return out
}

// together reports whether most visits of status end in next, and the same few
// people end both: the first waits for somebody, in the second somebody looks.
func (p *project) together(status, next string) bool {
	if status == next || p.category(next) == latency.CategoryDone || p.category(status) == latency.CategoryDone {
		return false
	}
	a := p.flowOf(status)
	e := a.targets[next]
	if e == nil || share(e.count, a.ended+a.botEnded+a.bulked) < 0.5 {
		return false
	}
	came := 0
	for _, v := range p.stays[next] {
		if v.from == status {
			came++
		}
	}
	b := p.flowOf(next)
	if b.ended < fewestVisits || share(came, len(p.stays[next])) < 0.6 {
		return false
	}
	same := 0
	for who, n := range b.enders {
		if share(a.enders[who], a.ended) >= 0.05 {
			same += n
		}
	}
	return share(same, b.ended) >= 0.7 && share(b.built, b.ended) < mostBuilders
}

// judge scores a set of statuses; ok is false where it cannot be an acceptance
// step.
func (p *project) judge(statuses ...string) (candidate, bool) {
	c := candidate{flow: p.flowOf(statuses...)}
	f := c.flow
	for _, s := range statuses {
		if p.category(s) == latency.CategoryNew {
			return c, false // nobody has built anything yet
		}
		c.word = c.word || p.lexicon.hints(p.name(s), hintAcceptance)
		c.other = c.other || p.named(s)
	}
	handOff, forward := share(f.handed, f.ended), share(f.forward, f.ended)
	if f.ended < fewestVisits || handOff < fewestHandOffs || forward < fewestForward {
		return c, false
	}
	c.owner = p.bestSource(f)
	built := share(f.built, f.ended)
	if built > mostBuilders && !c.word && c.owner.agreement() < fewestAgree {
		return c, false // a review among peers
	}
	few := 1 - min(1, share(len(f.enders)-1, max(1, len(f.starters))))
	c.score = 0.25*min(1, handOff/0.8) + 0.2*forward + 0.15*few + 0.25*c.owner.agreement() + 0.15*(1-built)
	switch {
	case c.word:
		c.score += 0.2
	case c.other:
		c.score -= 0.25
	}
	return c, true
}

// named reports whether a status is named as a review, a test or another step
// that is not acceptance.
func (p *project) named(status string) bool {
	for _, h := range []hint{hintReview, hintTest, hintQuestion, hintPaused} {
		if p.lexicon.hints(p.name(status), h) && !p.lexicon.hints(p.name(status), hintAcceptance) {
			return true
		}
	}
	return false
}

// confidence says how sure it is that the best of the candidates is the
// acceptance step.
func (p *project) confidence(list []candidate) Confidence {
	c := list[0]
	lead := c.score
	for _, other := range list[1:] {
		if !overlaps(c.flow.statuses, other.flow.statuses) {
			lead = c.score - other.score
			break
		}
	}
	backed := c.word || c.owner.agreement() >= fewestAgree && c.owner.says()
	switch {
	case c.score >= enough && c.flow.ended >= fewestForHigh && share(c.flow.handed, c.flow.ended) >= manyHandOffs && backed && !c.other && lead >= margin:
		return High
	case c.score >= enough && !c.other:
		return Medium
	}
	return Low
}

func overlaps(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// noStep reports whether the project plainly has no acceptance step: enough
// stories were finished, no status is named as one, and none is handed over
// to people who do not build.
func (p *project) noStep(list []candidate) (bool, string) {
	if p.finished < fewestFinished {
		return false, fmt.Sprintf("only %d stories were finished: too few to tell", p.finished)
	}
	for status, stays := range p.stays {
		if len(stays) >= 3 && p.lexicon.hints(p.name(status), hintAcceptance) {
			return false, fmt.Sprintf("%q is named as acceptance, and too little happens in it to tell", p.name(status))
		}
	}
	if len(list) > 0 {
		return false, ""
	}
	// The busiest candidate that was not one, for whoever doubts it.
	var most *flow
	for status := range p.stays {
		f := p.flowOf(status)
		if p.category(status) == latency.CategoryNew || f.ended < fewestVisits {
			continue
		}
		if most == nil || f.handed > most.handed || f.handed == most.handed && status < most.statuses[0] {
			most = f
		}
	}
	if most == nil {
		return true, fmt.Sprintf("%d stories were finished, and hardly any status was left to somebody else", p.finished)
	}
	return true, fmt.Sprintf("%d stories were finished, and no status looks like a verdict; the nearest is %s: of %d visits somebody else than began them ended %d (%d %%), %d went on to done, and %d were ended by people who build stories themselves",
		p.finished, p.quoted(most.statuses), most.ended, most.handed, percent(most.handed, most.ended), most.forward, most.built)
}
