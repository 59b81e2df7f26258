package diagnose

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
)

// Subject is what is diagnosed.
type Subject struct {
	Config *config.Config
	Client *jira.Client // of the config
	Now    func() time.Time
	// Progress is called with what is being done, in a few words; it may be nil.
	Progress func(text string)
}

// Diagnosis is what was found.
type Diagnosis struct {
	Lines []Line

	// What the config means for the Jira, for whoever lists it: the zero Facts
	// and a nil Rules where Jira could not be asked.
	Facts     rules.Facts
	Watched   []jiradata.Project
	Rules     *rules.Result
	Workflows map[string][]jiradata.Status // by project id; nil where Jira does not list it
}

// check looks at one thing. Its error is a failure of Jira or the store, which
// becomes a broken line.
type check struct {
	topic  string
	online bool // it asks Jira, and is left out once Jira is known not to answer
	run    func(*examination, context.Context) ([]Line, error)
}

// checks are all of them, in order.
func checks() []check {
	return []check{
		{"address", true, (*examination).address},
		{"token", true, (*examination).token},
		{"clock", true, (*examination).clock},
		{"projects", true, (*examination).projects},
		{"permissions", true, (*examination).permissions},
		{"statuses", true, (*examination).statuses},
		{"fields", true, (*examination).fields},
		{"owners", true, (*examination).owners},
		{"calendars", false, (*examination).calendars},
		{"sprints", true, (*examination).sprints},
		{"secrets", false, (*examination).secrets},
		{"webhook", false, (*examination).webhook},
		{"pages", false, (*examination).pages},
		{"store", false, (*examination).writable},
		{"history", true, (*examination).history},
	}
}

// examination is one diagnosis under way. Each check may add to what the next
// ones know.
type examination struct {
	Subject
	dead bool // Jira cannot be asked

	flavor    jiradata.Flavor
	me        jiradata.Identity
	watched   []jiradata.Project
	facts     rules.Facts
	rules     *rules.Result
	workflows map[string][]jiradata.Status
	accepts   map[string]bool // by project id: an acceptance status is in its workflow
	store     *store.Store    // nil: there is none, or it cannot be read
	state     jiradata.State
	past      *past // a sample that was read before the history was looked at
}

// Run makes the checks in order. tell, which may be nil, is given the lines of
// each as soon as they are known. The error is the context's; whatever else
// fails is a line.
func Run(ctx context.Context, s Subject, tell func([]Line)) (*Diagnosis, error) {
	if s.Progress == nil {
		s.Progress = func(string) {}
	}
	e := &examination{Subject: s, workflows: map[string][]jiradata.Status{}, accepts: map[string]bool{}}
	e.openStore(ctx)
	if e.store != nil {
		defer e.store.Close()
	}
	out := &Diagnosis{Workflows: e.workflows}
	left := false
	for _, c := range checks() {
		if c.online && e.dead {
			left = true
			continue
		}
		lines, err := c.run(e, ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			text, remedy := explain(err)
			lines = append(lines, Line{Topic: c.topic, Grade: Broken, Text: text, Remedy: remedy})
			e.dead = e.dead || c.online && e.rules == nil
		}
		lines = fold(lines, len(e.watched))
		out.Lines = append(out.Lines, lines...)
		if tell != nil {
			tell(lines)
		}
	}
	if left {
		rest := []Line{{Topic: "the rest", Grade: Look, Text: "the other checks of Jira, and of the history, were skipped", Remedy: "mend what is broken, and run this again"}}
		out.Lines = append(out.Lines, rest...)
		if tell != nil {
			tell(rest)
		}
	}
	out.Facts, out.Rules, out.Watched = e.facts, e.rules, e.watched
	return out, nil
}

// explain returns what an error says, and its remedy apart where it has one.
func explain(err error) (text, remedy string) {
	var refusal *jira.Error
	if !errors.As(err, &refusal) {
		return err.Error(), ""
	}
	text, remedy = err.Error(), refusal.Remedy()
	if remedy == "" {
		return text, ""
	}
	if head, ok := strings.CutSuffix(text, "; "+remedy); ok {
		return head, remedy
	}
	return text, ""
}
