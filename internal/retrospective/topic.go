package retrospective

import (
	"fmt"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/words"
)

// Topic is a question to talk about: about the work and the agreement, never about
// what a person is worth.
type Topic struct {
	Rule     string `json:"rule"`
	Project  string `json:"project"`
	Question string `json:"question"`
	Evidence string `json:"evidence"`
}

// topicRule asks a question where the numbers of a project pass a threshold.
type topicRule struct {
	name      string
	threshold string // as docs/report.md says it
	question  string
	evidence  func(*Project, *Report) string // "" where the threshold is not passed
}

// each returns the evidence of the first kind of wait that has some.
func each(find func(w *Waits, c *Cell) string) func(*Project, *Report) string {
	return func(p *Project, _ *Report) string {
		for i := range p.Waits {
			if s := find(&p.Waits[i], &p.Waits[i].Cells[0]); s != "" {
				return s
			}
		}
		return ""
	}
}

// topicRules lists the rules in the order in which their questions are asked.
func topicRules() []topicRule {
	return []topicRule{
		{"share", "waiting for the owner is at least 10 % of the cycle time, by the lower bound", "What would let the team go on while it waits, or wait less?", func(p *Project, _ *Report) string {
			if s := p.Share[0]; s.Low >= 0.1 {
				return fmt.Sprintf("stories stood for %s of their cycle time until the owner acted", words.Between(s.Low, s.High))
			}
			return ""
		}},
		{"other_blocker", "the largest blocker is another stage", "What keeps stories in that stage, and who could help there?", func(p *Project, _ *Report) string {
			s := p.Share[0]
			if s.Blocker == "" || s.Blocker == latency.StageOwner {
				return ""
			}
			return fmt.Sprintf("%.0f %% of the cycle time was %s", 100*s.BlockedBy, s.Blocker)
		}},
		{"target", "at least 10 waits, and 20 % of those judged, passed their target", "Is the target what the team and the owner agreed on, and is there time set aside for it?", each(func(w *Waits, c *Cell) string {
			if judged := c.Met + c.Breached; judged >= fewest && 5*c.Breached >= judged {
				return fmt.Sprintf("%d of %d %s waits passed their target of %s", c.Breached, judged, w.Kind, plain(w.Target.Duration))
			}
			return ""
		})},
		{"later", "the median is later than in the ranges before, and the interval of the difference is above 0", "What was different in this range?", each(func(w *Waits, _ *Cell) string {
			if w.Change.Direction == Later {
				return fmt.Sprintf("half of the %s waits took at most %s longer than before", w.Kind, plain(w.Change.Difference.Duration))
			}
			return ""
		})},
		{"absence", "waits stood for a working day or more in absences with nobody to stand in", "Who stands in next time?", func(p *Project, r *Report) string {
			var sum time.Duration
			for _, s := range r.WhatIf {
				if s.Project == p.Key && s.Owner == "" {
					sum += s.Absent.Duration
				}
			}
			if sum >= 8*time.Hour {
				return fmt.Sprintf("waits stood for %s of working time while the owner was away", plain(sum))
			}
			return ""
		}},
		{"rejected", "at least 10 verdicts, and a quarter of the stories, were not accepted at the first try", "Is it clear before work begins what will be accepted?", each(func(_ *Waits, c *Cell) string {
			if f := c.FirstPass; f.Stories >= fewest && 4*(f.Stories-f.Accepted) >= f.Stories {
				return fmt.Sprintf("%d of %d stories were accepted at the first try", f.Accepted, f.Stories)
			}
			return ""
		})},
		{"silent", "a story was sent back without a comment", "What does the team need to know when a story comes back?", counted(func(g Guards) int { return g.SilentRejections }, "sent back without a comment")},
		{"reopened", "a story was reopened within 14 days of its acceptance", "What was seen too late, and how could it have been seen?", counted(func(g Guards) int { return g.Reopened }, "reopened within 14 days of acceptance")},
		{"bypassed", "3 stories or more were done without acceptance", "Which stories need the owner's acceptance, and which do not?", func(p *Project, _ *Report) string {
			if n := p.Guards[0].Bypassed; n >= 3 {
				return fmt.Sprintf("%d stories were done without acceptance", n)
			}
			return ""
		}},
		{"asked_again", "somebody asked again within a working day of an answer", "What made the first answer fall short?", counted(func(g Guards) int { return g.AskedAgain }, "asked about again soon after an answer")},
		{"open", "waits are open at the end of the range", "What can be decided now, together?", func(p *Project, r *Report) string {
			n := 0
			for _, w := range r.Open {
				if w.Project == p.Key {
					n++
				}
			}
			if n == 0 {
				return ""
			}
			return fmt.Sprintf("%s still open", count(n, "wait is", "waits are"))
		}},
	}
}

// counted asks where at least one story was counted.
func counted(of func(Guards) int, what string) func(*Project, *Report) string {
	return func(p *Project, _ *Report) string {
		if n := of(p.Guards[0]); n > 0 {
			return fmt.Sprintf("%s %s", count(n, "story was", "stories were"), what)
		}
		return ""
	}
}

// topics returns the questions that the numbers ask, project by project.
func topics(r *Report) []Topic {
	out := []Topic{}
	for i := range r.Projects {
		p := &r.Projects[i]
		for _, rule := range topicRules() {
			if evidence := rule.evidence(p, r); evidence != "" {
				out = append(out, Topic{rule.name, p.Key, rule.question, evidence})
			}
		}
	}
	return out
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// plain writes a length of working time.
func plain(d time.Duration) string {
	switch {
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 10*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	default:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
}
