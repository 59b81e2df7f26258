package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// aboutStory is what a question about one story has.
type aboutStory struct {
	Story string `json:"story" jsonschema:"the key of a story, such as PAY-7"`
}

// aboutWaits is what waits are listed by.
type aboutWaits struct {
	Project string `json:"project,omitempty" jsonschema:"only this project, by its key, such as PAY"`
	Owner   string `json:"owner,omitempty" jsonschema:"only waits for this owner: a label, or a display name"`
	Kind    string `json:"kind,omitempty" jsonschema:"only acceptance, or only question"`
	State   string `json:"state,omitempty" jsonschema:"only this state: overdue_since_yesterday, due_today, new, overdue (for longer too), waiting, paused or forgotten; without one all but the forgotten ones"`
	Limit   int    `json:"limit,omitempty" jsonschema:"how many waits at most: 1 to 100, else 25"`
	Offset  int    `json:"offset,omitempty" jsonschema:"how many of the first waits to leave out"`
}

// aboutOwner is what a question about one owner has.
type aboutOwner struct {
	Owner string `json:"owner" jsonschema:"a label, or a display name"`
}

// aboutRange is what a retrospective is made of.
type aboutRange struct {
	Project string `json:"project,omitempty" jsonschema:"only this project, by its key; a sprint needs it"`
	Sprint  string `json:"sprint,omitempty" jsonschema:"the name of a sprint of the project"`
	From    string `json:"from,omitempty" jsonschema:"the first day, such as 2026-03-02"`
	To      string `json:"to,omitempty" jsonschema:"the last day"`
}

// aboutProject is what a question about a project may have.
type aboutProject struct {
	Project string `json:"project,omitempty" jsonschema:"only this project, by its key"`
}

// addTools adds every tool.
func (s *Server) addTools() {
	add(s, "who_decides", "Who decides on a story",
		`Says who decides on a story: on whom it waits now or, if it does not wait, whose a wait would be that began now; who may answer in their stead; whether they are away and until when.`,
		func(ctx context.Context, r *query.Reader, in aboutStory) (any, error) {
			return r.Decides(ctx, in.Story, r.State.DataTimestamp)
		})
	add(s, "why_waiting", "Is a story waiting, on whom, since when, why",
		`Says whether a story waits, for what, on whom, since when and by which rule, what its clocks show, and all its waits before. "open" is empty if it does not wait.`,
		func(ctx context.Context, r *query.Reader, in aboutStory) (any, error) {
			return whyOf(ctx, r, in.Story)
		})
	add(s, "when_answered", "When an answer may come",
		`Says when the open waits of a story may end, by how long the waits of the same owner and kind took in the last 90 days: half are over by "half", 85 of 100 by "most". It is never a promise. It says nothing where too few waits tell, and why.`,
		func(ctx context.Context, r *query.Reader, in aboutStory) (any, error) {
			return expectedOf(ctx, r, in.Story)
		})
	add(s, "list_waits", "What waits",
		`Lists open waits in the order in which to look at them, with who else may answer, when each is due, and when an answer is expected.`,
		listWaits)
	add(s, "owner_load", "What waits for an owner",
		`Says what waits for one owner, what to look at first, and how long such waits took in the last 28 and 90 days, by project and kind. It is for planning with that owner, and ranks nobody.`,
		func(ctx context.Context, r *query.Reader, in aboutOwner) (any, error) {
			return turnOf(ctx, r, in.Owner)
		})
	add(s, "retrospective", "What a sprint or some days were like",
		`Looks back on a sprint of a project, or on whole days, by default the last 14: what waited and how long, what became of it, compared with the three ranges before, and questions to talk about. It may take seconds.`,
		retro)
	add(s, "agreement", "How it is measured here",
		`Says the rules with this config filled in: what counts as waiting in each project, targets, owners, stand-ins, absences.`,
		func(ctx context.Context, r *query.Reader, in aboutProject) (any, error) {
			f, err := r.Named(ctx, query.Filter{Project: in.Project})
			if err != nil {
				return nil, err
			}
			return r.Agreement(ctx, r.State.DataTimestamp, func(key string) bool { return f.Project == "" || key == f.Project })
		})
}

// mostEvents is how many of the latest events and waits an answer about a story has.
const mostEvents = 25

// storyWaits is whether and why a story waits.
type storyWaits struct {
	Story   string           `json:"story"`
	Project string           `json:"project"`
	Status  string           `json:"status"`
	AsOf    query.Time       `json:"as_of"`
	Open    []query.OpenWait `json:"open"`
	Waits   []query.Part     `json:"waits"`  // the latest
	Events  []query.Moment   `json:"events"` // likewise
	Omitted int              `json:"omitted"`
}

// whyOf says why a story waits.
func whyOf(ctx context.Context, r *query.Reader, key string) (*storyWaits, error) {
	why, err := r.Why(ctx, key, r.State.DataTimestamp, nil)
	if err != nil {
		return nil, err
	}
	out := &storyWaits{Story: why.Story, Project: why.Project, Status: why.Status, AsOf: why.AsOf, Open: why.Open, Waits: why.Waits, Events: why.Events}
	if n := len(out.Waits) - mostEvents; n > 0 {
		out.Waits, out.Omitted = out.Waits[n:], n
	}
	if n := len(out.Events) - mostEvents; n > 0 {
		out.Events, out.Omitted = out.Events[n:], out.Omitted+n
	}
	return out, nil
}

// expectedAnswers is when the open waits of a story may end.
type expectedAnswers struct {
	Story   string           `json:"story"`
	AsOf    query.Time       `json:"as_of"`
	Waiting bool             `json:"waiting"`
	Answers []expectedAnswer `json:"answers"`
	Caution string           `json:"caution"`
}

// expectedAnswer is when one wait may end.
type expectedAnswer struct {
	Kind     string          `json:"kind"`
	Owner    query.Person    `json:"owner"`
	Since    query.Time      `json:"since"`
	Expected *query.Expected `json:"expected"` // null: too few waits tell
	Basis    string          `json:"basis"`
	Ended    int             `json:"ended"`   // of the waits that it is based on, those that were responded to
	Running  int             `json:"running"` // those that still run, this one left out
	Censored int             `json:"censored"`
}

const caution = "This is how such waits went before, if nobody takes this one away: no promise, and nothing to hold against anybody. Half take longer than half."

// expectedOf says when the open waits of a story may end.
func expectedOf(ctx context.Context, r *query.Reader, key string) (*expectedAnswers, error) {
	why, err := r.Why(ctx, key, r.State.DataTimestamp, nil)
	if err != nil {
		return nil, err
	}
	out := &expectedAnswers{Story: why.Story, AsOf: why.AsOf, Waiting: len(why.Open) > 0, Answers: []expectedAnswer{}, Caution: caution}
	for i := range why.Open {
		w := &why.Open[i]
		a := expectedAnswer{Kind: w.Kind, Owner: w.Owner, Since: w.Since, Expected: w.Expected}
		if d := r.Report.Statistics.Waits[latency.WaitsKey{Kind: latency.Kind(w.Kind), Owner: w.Owner.Label, Window: longest}]; d != nil {
			a.Ended, a.Running, a.Censored = d.Ended, max(0, d.Open-1), d.Censored
		}
		a.Basis = "the waits of this kind for this owner in the last 90 days, in all projects, without this one"
		if a.Expected == nil {
			a.Basis = "nothing is said: it needs 10 waits of this kind for this owner in the last 90 days that were responded to, and 3 that lasted as long as this one"
		}
		out.Answers = append(out.Answers, a)
	}
	return out, nil
}

// longest is the name of the longest rolling window.
const longest = "90d"

// listWaits lists open waits in the order in which to look at them.
func listWaits(ctx context.Context, r *query.Reader, in aboutWaits) (any, error) {
	if in.Kind != "" && in.Kind != string(latency.Acceptance) && in.Kind != string(latency.Question) {
		return nil, errors.New("kind is acceptance or question")
	}
	if in.State != "" && !slices.Contains(latency.WaitStates(), latency.WaitState(in.State)) {
		return nil, fmt.Errorf("state is one of %v", latency.WaitStates())
	}
	limit := cmp.Or(in.Limit, query.DefaultPage)
	if limit < 1 || limit > query.MaxPage || in.Offset < 0 {
		return nil, fmt.Errorf("limit is 1 to %d, and offset 0 or more", query.MaxPage)
	}
	f, err := r.Named(ctx, query.Filter{Project: in.Project, Owner: in.Owner})
	if err != nil {
		return nil, err
	}
	return now(r).Waiting(ctx, query.WaitingFilter{
		Project: f.Project, Owner: r.Rules.Label(f.Owner), Kind: latency.Kind(in.Kind), State: latency.WaitState(in.State), Offset: in.Offset, Limit: limit,
	})
}

// turnOf says what waits for an owner.
func turnOf(ctx context.Context, r *query.Reader, owner string) (any, error) {
	person, err := r.PersonOf(owner)
	if err != nil {
		return nil, err
	}
	turn, err := now(r).Turn(ctx, r.Rules.Label(person), nil)
	if err == nil && turn == nil {
		err = query.UnknownError{What: "owner", Value: owner, Hint: "nothing ever waited for them"}
	}
	return turn, err
}

// now answers what is so as of the data timestamp.
func now(r *query.Reader) query.Now {
	return query.Now{Report: r.Report, See: query.Everything{}, Titles: r.Titles, JiraURL: r.JiraURL()}
}

// retro looks back on a range.
func retro(ctx context.Context, r *query.Reader, in aboutRange) (any, error) {
	named, err := r.Named(ctx, query.Filter{Project: in.Project})
	if err != nil {
		return nil, err
	}
	opts := retrospective.Options{PerOwner: true, Longest: 10}
	wanted := query.Wanted{Sprint: in.Sprint}
	if named.Project != "" {
		opts.Projects, wanted.Projects = []string{named.Project}, []string{named.Project}
	}
	switch {
	case in.Sprint != "" && (in.From != "" || in.To != ""):
		return nil, errors.New("a sprint has its own days: give sprint, or from and to")
	case in.Sprint != "" && named.Project == "":
		return nil, errors.New("a sprint needs its project: give project too")
	case in.From != "" || in.To != "":
		if wanted.From, err = day("from", in.From); err == nil {
			wanted.To, err = day("to", in.To)
		}
		if err == nil && wanted.To.Before(wanted.From) {
			err = errors.New("to is before from")
		}
	}
	if err == nil {
		opts.Range, opts.Before, err = r.Ranges(ctx, wanted, r.ZoneOf(named.Project))
	}
	if err != nil {
		return nil, err
	}
	return r.Retrospective(ctx, opts, nil)
}
