package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// Story is one story explained as of an instant.
type Story struct {
	ID        int64
	Key       string
	AsOf      latency.Instant
	Parts     []latency.Part
	Occasions []Occasion // in the order in which they happened
	Findings  []latency.Finding
}

// Occasion is an event of a story, or an instant at which time alone changed a wait.
type Occasion struct {
	At    latency.Instant
	Rank  latency.Rank
	ID    int64          // of the record or the comment; 0: it has none
	Event string         // what kind of event it was; "" where only time passed
	Actor string         // who did it, as the rules name them
	by    string         // the person
	ev    *latency.Event // nil where only time passed
	What  string         // what it changed or said, in a few words
	Rules []string
	// Clocks are the owners' clocks of the waits that were open, or had just ended.
	Clocks []Clock
}

// Clock is what the owner's clock of a wait showed.
type Clock struct {
	Kind             latency.Kind
	Owner, Name      string
	Working, Elapsed time.Duration
}

// Story explains the story with a key as of an instant: its waits, and each of
// its events with the rules that used it and what the clocks showed.
func (r *Reader) Story(ctx context.Context, key string, asOf latency.Instant) (*Story, error) {
	h, err := r.history(ctx, key)
	if err != nil {
		return nil, err
	}
	e, err := r.explain(ctx, h, asOf)
	if err != nil {
		return nil, err
	}
	return &Story{ID: h.ID, Key: h.Key, AsOf: asOf, Parts: e.res.Parts, Occasions: r.occasions(h, e.res, asOf), Findings: e.res.Findings}, nil
}

// occasions lists the events up to asOf and what time alone did, in order.
func (r *Reader) occasions(h *latency.History, res *latency.Result, asOf latency.Instant) []Occasion {
	var out []Occasion
	add := func(st latency.Step, what string, rules ...string) {
		out = append(out, Occasion{At: st.At, Rank: st.Rank, ID: st.ID, Event: EventName(st), Actor: r.who(st.Actor), by: r.Rules.Person(st.Actor), What: what, Rules: rules})
	}
	for i := range h.Events {
		ev := &h.Events[i]
		if ev.At <= asOf {
			add(latency.Step{At: ev.At, Rank: ev.Rank, ID: ev.ID, Actor: ev.Actor}, r.describe(ev))
			out[len(out)-1].ev = ev
		}
	}
	for i := range res.Parts {
		for _, st := range res.Parts[i].Steps {
			rule := string(res.Parts[i].Kind) + ": " + string(st.Rule)
			j := slices.IndexFunc(out, func(o Occasion) bool { return o.At == st.At && o.Rank == st.Rank && o.ID == st.ID })
			switch {
			case j < 0: // only time passed
				add(st, "", rule)
			case !slices.Contains(out[j].Rules, rule): // the parts of one wait share their steps
				out[j].Rules = append(out[j].Rules, rule)
			}
		}
	}
	for _, m := range res.Marks {
		if i := slices.IndexFunc(out, func(o Occasion) bool { return o.At == m.At }); i >= 0 {
			out[i].Rules = append(out[i].Rules, string(m.Type))
		}
	}
	slices.SortStableFunc(out, func(a, b Occasion) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
	})
	for i := range out {
		out[i].Clocks = r.clocks(res.Parts, out[i].At)
	}
	return out
}

// who returns what an account is called in the explanation of one story.
func (r *Reader) who(account string) string { return r.Rules.Pseudonym(r.Rules.Person(account)) }

// people is who for several accounts.
func (r *Reader) people(accounts []string) string {
	out := make([]string, len(accounts))
	for i, a := range accounts {
		out[i] = a
		if r.Rules.Pseudonyms != nil {
			out[i] = r.Rules.Pseudonym(r.Rules.Mentioned(a))
		}
	}
	return strings.Join(out, ", ")
}

// Owner returns what the owner of a part is called in the explanation of one story,
// and the display name. Where owners are not told apart, only an open wait names its
// owner: somebody has to know whom to ask.
func (r *Reader) Owner(w *latency.Part) (label, name string) {
	if r.Rules.Together && !w.Open() {
		return latency.All, latency.All
	}
	return r.Rules.Pseudonym(w.Owner), r.Rules.Name(w.Owner)
}

// describe says in a few words what an event changed or said.
func (r *Reader) describe(ev *latency.Event) string {
	var out []string
	for _, c := range ev.Changes {
		if r.Rules.Pseudonyms != nil && latency.HoldsPeople(c.Field) {
			c.From.Name, c.To.Name = r.people(accounts(c.From)), r.people(accounts(c.To))
		}
		out = append(out, fmt.Sprintf("%s: %s → %s", c.Field, cmp.Or(c.From.Name, c.From.ID, "none"), cmp.Or(c.To.Name, c.To.ID, "none")))
	}
	if f := ev.Comment; f != nil {
		switch {
		case len(f.Asked) > 0:
			out = append(out, "asks "+r.people(f.Asked))
		case len(f.Mentioned) > 0:
			out = append(out, "mentions "+r.people(f.Mentioned))
		case f.Question:
			out = append(out, "has a question mark")
		}
	}
	if ev.Observed {
		out = append(out, "as the poll saw it")
	}
	return strings.Join(out, "; ")
}

// clocks returns what the owners' clocks showed at an instant, for the parts of waits
// that were open then or ended then.
func (r *Reader) clocks(parts []latency.Part, at latency.Instant) []Clock {
	var out []Clock
	for i := range parts {
		if w := &parts[i]; w.Start <= at && at <= w.End {
			elapsed, working := r.Rules.ClockAt(w, at)
			owner, name := r.Owner(w)
			out = append(out, Clock{w.Kind, owner, name, working, elapsed})
		}
	}
	return out
}

// accounts returns the accounts that a value of a user field holds.
func accounts(v latency.Value) []string {
	if v.ID == "" {
		return nil
	}
	list := strings.Split(v.ID, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
