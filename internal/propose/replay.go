package propose

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
)

// replayWindow is how much of the past a replay looks at: the longest rolling
// window.
const replayWindow = "90d"

// Replay is what a config would have measured on the sample's stories in the
// last 90 days, by project key.
type Replay map[string]*Measured

// Measured is what was measured in one project.
type Measured struct {
	Acceptance, Question Waits
	Bypassed             int
	Unowned              int // parts of waits that belong to nobody
	Parts                int
	Check                []Example // stories to check by hand
}

// Waits are the waits of a kind that ran in the window.
type Waits struct {
	Ended, Open, Other int           // responded to; still open; over in another way
	Median             time.Duration // of the owner's working time; valid where Known
	Known              bool
	Target             time.Duration // the shortest usual target that 75 % met; 0: too few to tell
}

// All returns how many waits there were.
func (w Waits) All() int { return w.Ended + w.Open + w.Other }

// Example is a story whose wait somebody can compare with what they remember.
type Example struct {
	Story string // key
	What  string // in a sentence
}

// usualTargets are the targets that are proposed: landmarks of working time.
func usualTargets() []time.Duration {
	return []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 40 * time.Hour, 80 * time.Hour}
}

// NewReplay derives the sample's waits by a config, as of the sample. name is
// the name of the config in errors.
func NewReplay(s *Sample, name string, text []byte) (Replay, error) {
	cfg, err := config.Parse(name, text, nil)
	if err != nil {
		return nil, err
	}
	facts := rules.Facts{Meta: s.Meta}
	for _, u := range s.Users {
		facts.Users = append(facts.Users, u)
	}
	r := rules.New(cfg, facts)
	if bad := r.Errors(); len(bad) > 0 {
		return nil, fmt.Errorf("%s: %s", name, bad[0])
	}
	out := Replay{}
	for _, p := range cfg.Jira.Projects {
		out[p] = &Measured{}
	}
	since := s.AsOf.Add(-latency.LongestWindow)
	d := latency.NewDeriver(r.Rules, nil)
	var traces []*latency.Trace
	examples := map[string][]latency.Part{}
	for i := range s.Stories {
		h := s.Stories[i].History
		h.Events = slices.Clone(h.Events)
		res := d.Story(&h, s.AsOf)
		t := res.Trace(since)
		traces = append(traces, &t)
		for _, m := range res.Marks {
			if p := r.Rules.Projects[m.ProjectID]; m.Type == latency.EntryBypass && m.At > since && p != nil {
				out[p.Key].Bypassed++
			}
		}
		for _, part := range res.Parts {
			p := r.Rules.Projects[part.ProjectID]
			if p == nil || part.End <= since {
				continue
			}
			out[p.Key].Parts++
			if part.Owner == latency.Unowned {
				out[p.Key].Unowned++
			}
			if part.Kind == latency.Acceptance {
				examples[p.Key] = append(examples[p.Key], part)
			}
		}
	}
	statistics := latency.NewStatistics(r.Rules, latency.Rolling(s.AsOf), slices.Values(traces))
	for key, m := range out {
		for kind, w := range map[latency.Kind]*Waits{latency.Acceptance: &m.Acceptance, latency.Question: &m.Question} {
			if dist := statistics.Waits[latency.WaitsKey{Kind: kind, Project: key, Window: replayWindow}]; dist != nil {
				*w = waitsOf(dist)
			}
		}
		m.Check = pickExamples(examples[key], r.Rules)
	}
	return out, nil
}

// waitsOf sums up a distribution.
func waitsOf(d *latency.Distribution) Waits {
	w := Waits{Ended: d.Ended, Open: d.Open, Other: d.Censored}
	w.Median, w.Known, _ = d.Quantile(0.5)
	if q, ok, _ := d.Quantile(0.75); ok && d.Ended >= fewestVisits {
		for _, t := range usualTargets() {
			if w.Target = t; t >= q {
				break
			}
		}
	}
	return w
}

// pickExamples picks the last accepted wait, the last rejected one and the
// longest open one.
func pickExamples(parts []latency.Part, r *latency.Rules) []Example {
	slices.SortFunc(parts, func(a, b latency.Part) int {
		return cmp.Or(-cmp.Compare(a.Start, b.Start), cmp.Compare(a.StoryID, b.StoryID))
	})
	var out []Example
	for _, outcome := range []latency.Outcome{latency.Accepted, latency.Rejected} {
		for i := range parts {
			if p := &parts[i]; p.Outcome == outcome {
				out = append(out, Example{p.Story, fmt.Sprintf("waited from %s UTC, %s by %s after %s of working time", stamp(p.Start), p.Outcome, r.Name(p.Owner), round(p.Working))})
				break
			}
		}
	}
	longest := -1
	for i := range parts {
		if parts[i].Open() && (longest < 0 || parts[i].StoryWorking > parts[longest].StoryWorking) {
			longest = i
		}
	}
	if longest >= 0 {
		p := &parts[longest]
		out = append(out, Example{p.Story, fmt.Sprintf("waits for %s since %s UTC, %s of working time", r.Name(p.Owner), stamp(p.Start), round(p.Working))})
	}
	return out
}

func stamp(at latency.Instant) string { return at.Time().Format("2006-01-02 15:04") }

// round renders a duration to the minute below an hour, and to tenths of hours
// above.
func round(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

// Targets writes the targets that a replay speaks for into the draft.
func (d *Draft) Targets(r Replay, least Confidence) {
	for i := range d.Projects {
		p := &d.Projects[i]
		m := r[p.Key]
		if m == nil || m.Acceptance.Target == 0 && m.Question.Target == 0 {
			continue
		}
		s := Setting{Key: "targets", Confidence: High, Evidence: "75 % of the waits of the last 90 days ended within these working hours"}
		switch {
		case m.Question.Target == 0:
			s.Value = fmt.Sprintf("{acceptance: %s}", hours(m.Acceptance.Target))
		case m.Acceptance.Target == 0:
			s.Value = fmt.Sprintf("{question: %s}", hours(m.Question.Target))
		default:
			s.Value = fmt.Sprintf("{acceptance: %s, question: %s}", hours(m.Acceptance.Target), hours(m.Question.Target))
		}
		s.On = rank(s.Confidence) >= rank(least)
		p.Set(s)
	}
}

func hours(d time.Duration) string { return fmt.Sprintf("%dh", int(d.Hours())) }
