package web

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/api"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// pageOf is what the answer of a list has beside it.
type pageOf struct {
	// Next is the cursor of the next page; null: there is none.
	Next *string `json:"next"`
}

// apiWaiting lists what waits now, in the order in which to look at it.
func (s *Server) apiWaiting(call *apiCall) ([]byte, error) {
	const list = "waiting"
	f := query.WaitingFilter{Kind: latency.Kind(call.params.OneOf("kind", "acceptance", "question"))}
	call.params.Cursor(list, &f.Offset)
	limit := call.params.Limit()
	var states []string
	for _, state := range latency.WaitStates() {
		states = append(states, string(state))
	}
	f.State = latency.WaitState(call.params.OneOf("state", states...))
	var err error
	if f.Project, err = call.project(s.concerned(call.caller, call.reader.Report)); err != nil {
		return nil, err
	}
	if f.Owner, err = call.label(); err != nil {
		return nil, err
	}
	if err := call.params.Err(); err != nil {
		return nil, err
	}
	f.Limit = limit
	all, err := s.now(call.Request, call.reader.Report).Waiting(call.Context(), f)
	if err != nil {
		return nil, err
	}
	return api.Fit(limit, func(limit int) (any, error) {
		short := *all
		found := &short
		found.Waits = all.Waits[:min(limit, len(all.Waits))]
		call.owners = nil
		for i := range found.Waits {
			if found.Waits[i].Expected != nil {
				call.owners = append(call.owners, found.Waits[i].Owner)
			}
		}
		out := struct {
			*query.WaitingList
			pageOf
		}{WaitingList: found}
		if end := found.Offset + len(found.Waits); end < found.Total {
			out.Next = api.Cursor(list, end)
		}
		return out, nil
	})
}

// apiWaits lists waits, all that there are.
func (s *Server) apiWaits(call *apiCall) ([]byte, error) {
	const list = "waits"
	var at query.ListPlace
	call.params.Cursor(list, &at)
	f, limit := query.Filter{Kind: call.params.OneOf("kind", "acceptance", "question")}, call.params.Limit()
	switch call.params.OneOf("open", "true", "false") {
	case "true":
		f.Open = true
	case "false":
		f.Ended = true
	}
	var err error
	if f.Project, err = call.project(s.concerned(call.caller, call.reader.Report)); err != nil {
		return nil, err
	}
	if f.Owner, err = call.owner(); err != nil {
		return nil, err
	}
	if err := call.params.Err(); err != nil {
		return nil, err
	}
	all, err := call.reader.WaitsFrom(call.Context(), f, call.caller, at, limit)
	if err != nil {
		return nil, err
	}
	return api.Fit(limit, func(limit int) (any, error) {
		found := all.First(limit)
		call.owners = found.Owners()
		out := struct {
			*query.WaitsPage
			pageOf
		}{WaitsPage: found}
		if found.More != nil {
			out.Next = api.Cursor(list, found.More)
		}
		return out, nil
	})
}

// storyAnswer is the answer about a story.
type storyAnswer struct {
	*query.Why
	Decides *query.Decides `json:"decides"`
	Omitted omitted        `json:"omitted"`
	pageOf
}

// omitted is how much of a long story its answer leaves out.
type omitted struct {
	Waits    int `json:"waits"`    // the first ones
	Statuses int `json:"statuses"` // likewise, and likewise of the timeline's bars
	Findings int `json:"findings"` // the last ones
}

// apiStory explains one story.
func (s *Server) apiStory(call *apiCall) ([]byte, error) {
	const list = "events"
	from, limit := 0, call.params.Limit()
	call.params.Cursor(list, &from)
	if err := call.params.Err(); err != nil {
		return nil, err
	}
	asked := call.PathValue("story")
	asOf := call.reader.Report.DataTimestamp
	why, err := call.reader.Why(call.Context(), asked, asOf, call.caller)
	if unknown := (query.UnknownError{}); errors.As(err, &unknown) {
		if !call.caller.SeesProject(projectOf(asked)) { // an owner learns nothing of others' stories
			return nil, s.notYours()
		}
		return nil, &api.Problem{Kind: api.NotFound(), Detail: fmt.Sprintf("there is no story %.60q: %s", asked, unknown.Hint), Remedy: "Ask for a story by the key that it has in Jira."}
	}
	if err != nil {
		return nil, err
	}
	if !readsStory(call.caller, why) {
		return nil, s.notYours()
	}
	call.owners = expecting(why)
	decides, err := call.reader.Decides(call.Context(), why.Story, asOf)
	if err != nil {
		return nil, err
	}
	return api.Fit(limit, func(limit int) (any, error) {
		short := *why
		out := storyAnswer{Why: &short, Decides: decides}
		from := min(from, len(why.Events))
		short.Events = why.Events[from:min(from+limit, len(why.Events))]
		if from+limit < len(why.Events) {
			out.Next = api.Cursor(list, from+limit)
		}
		short.Waits, out.Omitted.Waits = latest(why.Waits, limit)
		short.Timeline.Statuses, out.Omitted.Statuses = latest(why.Timeline.Statuses, limit)
		short.Timeline.Bars, _ = latest(why.Timeline.Bars, limit)
		short.Timeline.Changes, _ = latest(why.Timeline.Changes, limit)
		short.Findings = why.Findings[:min(limit, len(why.Findings))]
		out.Omitted.Findings = len(why.Findings) - len(short.Findings)
		return out, nil
	})
}

// latest returns at most so many of the last elements of a list, and how many it leaves out.
func latest[T any](list []T, most int) (last []T, left int) {
	left = max(0, len(list)-most)
	return list[left:], left
}

// notYours refuses a story that is not the caller's, whether there is one or not.
func (s *Server) notYours() error {
	s.from.Refused(NoRole)
	return refusal(NoRole, "this story is of no project that you see, and no wait on it is yours")
}

// apiOwners lists the owners whose statistics the caller may see.
func apiOwners(call *apiCall) ([]byte, error) {
	const list = "owners"
	at, limit := "", call.params.Limit()
	call.params.Cursor(list, &at)
	if err := call.params.Err(); err != nil {
		return nil, err
	}
	all := call.reader.Owners(call.caller)
	return api.Fit(limit, func(limit int) (any, error) {
		page, next := after(all, list, at, limit, func(o *query.OwnerSummary) string { return o.Name + "\x00" + o.Owner })
		call.owners = nil
		for i := range page {
			call.owners = append(call.owners, page[i].Owner)
		}
		return struct {
			AsOf   query.Time           `json:"as_of"`
			Owners []query.OwnerSummary `json:"owners"`
			pageOf
		}{query.Time(call.reader.Report.DataTimestamp), page, pageOf{next}}, nil
	})
}

// apiOwner is what one owner has to do, and how it went.
func (s *Server) apiOwner(call *apiCall) ([]byte, error) {
	owner := call.PathValue("owner")
	turn, err := s.turn(call.Request, call.reader.Report, owner)
	if err != nil {
		return nil, err
	}
	if turn == nil {
		return nil, &api.Problem{
			Kind: api.NotFound(), Detail: fmt.Sprintf("there is no owner %.60q", owner), Remedy: "Use one of those in known.", Known: query.OwnersOf(call.reader.Report, call.caller),
		}
	}
	call.owners = []string{owner}
	return api.Fit(len(turn.Looks), func(looks int) (any, error) {
		short := *turn
		short.Looks = turn.Looks[:min(looks, len(turn.Looks), api.MaxLimit)]
		return short, nil
	})
}

// apiProjects lists the projects that the caller sees.
func apiProjects(call *apiCall) ([]byte, error) {
	const list = "projects"
	at, limit := "", call.params.Limit()
	call.params.Cursor(list, &at)
	if err := call.params.Err(); err != nil {
		return nil, err
	}
	all := call.reader.Projects(call.caller)
	return api.Fit(limit, func(limit int) (any, error) {
		page, next := after(all, list, at, limit, func(p *query.ProjectLoad) string { return p.Project })
		return struct {
			AsOf     query.Time          `json:"as_of"`
			Projects []query.ProjectLoad `json:"projects"`
			pageOf
		}{query.Time(call.reader.Report.DataTimestamp), page, pageOf{next}}, nil
	})
}

// apiProject is where the time goes in one project.
func apiProject(call *apiCall) ([]byte, error) {
	asked := call.PathValue("project")
	flow, ok := call.reader.Flow(asked)
	if !ok {
		problem := &api.Problem{Kind: api.NotFound(), Detail: fmt.Sprintf("there is no project %.60q", asked), Remedy: "Use one of those in known."}
		for _, p := range call.reader.Projects(call.caller) {
			problem.Known = append(problem.Known, p.Project)
		}
		return nil, problem
	}
	return api.Fit(1, func(int) (any, error) { return flow, nil })
}

// audited returns of which projects the caller asks what is odd, and whether what is about
// no project is asked for too.
func (call *apiCall) audited() (sees func(project string) bool, whole bool, err error) {
	c := call.caller
	of := func(key string) bool { return c.Operates() || c.SeesProject(key) }
	project, err := call.project(of)
	if err != nil {
		return nil, false, err
	}
	return func(key string) bool { return (project == "" || key == project) && of(key) }, project == "" && c.Operates(), call.params.Err()
}

// apiAudit lists what is odd in the data, all that there is.
func apiAudit(call *apiCall) ([]byte, error) {
	const list = "audit"
	var at query.ListPlace
	call.params.Cursor(list, &at)
	limit := call.params.Limit()
	sees, whole, err := call.audited()
	if err != nil {
		return nil, err
	}
	// Where roles are in force, what was counted for an owner is for who is recorded.
	all, err := call.reader.AuditFrom(call.Context(), sees, whole, call.caller.everything, at, limit)
	if err != nil {
		return nil, err
	}
	return api.Fit(limit, func(limit int) (any, error) {
		found := all.First(limit)
		out := struct {
			*query.AuditPage
			pageOf
		}{AuditPage: found}
		if found.More != nil {
			out.Next = api.Cursor(list, found.More)
		}
		return out, nil
	})
}

// apiData counts what is odd in the data, with examples.
func apiData(call *apiCall) ([]byte, error) {
	const list = "quarantine"
	from, limit := 0, call.params.Limit()
	call.params.Cursor(list, &from)
	sees, whole, err := call.audited()
	if err != nil {
		return nil, err
	}
	odd, err := call.reader.Odd(call.Context(), sees, whole)
	if err != nil {
		return nil, err
	}
	return api.Fit(limit, func(limit int) (any, error) {
		short := *odd
		out := struct {
			*query.Odd
			Omitted int `json:"omitted_projects"` // of reasons that are found in many
			pageOf
		}{Odd: &short}
		from := min(from, len(odd.Quarantine))
		short.Quarantine = odd.Quarantine[from:min(from+limit, len(odd.Quarantine))]
		if from+limit < len(odd.Quarantine) {
			out.Next = api.Cursor(list, from+limit)
		}
		short.Reasons = slices.Clone(odd.Reasons)
		for i := range short.Reasons {
			reason := &short.Reasons[i]
			out.Omitted += max(0, len(reason.Projects)-limit)
			reason.Projects = reason.Projects[:min(limit, len(reason.Projects))]
		}
		return out, nil
	})
}

// apiAgreement is how it is measured in the projects that the caller sees.
func (s *Server) apiAgreement(call *apiCall) ([]byte, error) {
	const list = "agreement"
	at, limit := "", call.params.Limit()
	call.params.Cursor(list, &at)
	sees := s.concerned(call.caller, call.reader.Report)
	project, err := call.project(sees)
	if err != nil {
		return nil, err
	}
	if err := call.params.Err(); err != nil {
		return nil, err
	}
	var keys []string
	for key := range call.reader.Report.Configured {
		if sees(key) && (project == "" || key == project) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, strings.Compare)
	return api.Fit(limit, func(limit int) (any, error) {
		page, next := after(keys, list, at, limit, func(key *string) string { return *key })
		agreement, err := call.reader.Agreement(call.Context(), call.reader.Report.DataTimestamp, func(key string) bool { return slices.Contains(page, key) })
		return struct {
			*query.Agreement
			pageOf
		}{agreement, pageOf{next}}, err
	})
}

// apiReport looks back on a range, by what is made of it in the background.
func (s *Server) apiReport(call *apiCall) ([]byte, error) {
	wrong := func(err error) error {
		return &api.Problem{Kind: api.BadParameter(), Detail: err.Error(), Remedy: "Give project and sprint, or from and to, or neither for the last whole days."}
	}
	if call.params.Has("sprint") && (call.params.Has("from") || call.params.Has("to")) {
		return nil, wrong(errors.New("a sprint has its own days"))
	}
	_, ask, err := s.asked(call.Request)
	if err != nil {
		return nil, wrong(err)
	}
	answer := s.from.Retro(ask)
	early := query.TooEarlyError{}
	unknown := query.UnknownError{}
	switch {
	case answer.Report != nil:
	case errors.As(answer.Err, &unknown), errors.As(answer.Err, &early):
		return nil, wrong(answer.Err)
	case answer.Err != nil:
		return nil, answer.Err
	default:
		return nil, &api.Problem{
			Kind: api.NotReady(), Detail: "the report is being made: " + cmp.Or(answer.Progress, "it has begun"), Remedy: "Ask again after the time in Retry-After.", Again: notReadyFor,
		}
	}
	var report *retrospective.Report
	report, call.owners = answer.Report.For(call.caller.SeesOwner)
	return api.Fit(api.MaxLimit, func(limit int) (any, error) {
		short := *report
		out := struct {
			*retrospective.Report
			Omitted int `json:"omitted"` // elements of lists
		}{Report: &short}
		short.Projects = first(slices.Clone(report.Projects), limit, &out.Omitted)
		for i := range short.Projects {
			short.Projects[i].Owners = first(short.Projects[i].Owners, limit, &out.Omitted)
		}
		short.Longest, short.Open = first(report.Longest, limit, &out.Omitted), first(report.Open, limit, &out.Omitted)
		short.Delegations, short.WhatIf = first(report.Delegations, limit, &out.Omitted), first(report.WhatIf, limit, &out.Omitted)
		short.CycleTime, short.Talk = first(report.CycleTime, limit, &out.Omitted), first(report.Talk, limit, &out.Omitted)
		short.LeftOut = first(report.LeftOut, limit, &out.Omitted)
		return out, nil
	})
}

// first returns at most so many of the first elements of a list, and adds how many it leaves
// out.
func first[T any](list []T, most int, left *int) []T {
	*left += max(0, len(list)-most)
	return list[:min(most, len(list))]
}
