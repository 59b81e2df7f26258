package web

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// waitingPage is what the page of what waits now shows.
type waitingPage struct {
	Loading   string // while there are no numbers
	Outside   string // to a caller who sees no project
	Tiles     []tile
	Filter    filter
	ListTitle string
	Nothing   string // where nothing is selected
	waitList
	Forgotten forgottenList
	Teams     []team
	Rows      []row
	MoreRows  int      // how many more there are
	Notes     []string // about the people of a demo
}

// waitList is a list of open waits, a page of it.
type waitList struct {
	Waits   []waitRow
	Whom    bool // it shows on whom they wait
	Expects bool // some of them have an expected answer
	Pager   pager
}

// forgottenList is the list of forgotten waits.
type forgottenList struct {
	waitList
	Total int
	Open  bool // it is not folded
}

// waitRow is an open wait on a page.
type waitRow struct {
	ID, Story, Title, URL string
	Why                   string // the page that explains the story; "": there is none
	What                  string // it waits for
	Badge                 *badge
	Overdue, Paused       bool
	DueToday              bool // by the owner's clock
	Passed, Due           *moment
	Since                 moment
	Working, Target, Day  time.Duration
	HandedOver            bool          // others had it before
	StoryWorking          time.Duration // for them all
	Owner, OwnerPath      string
	Absent                bool
	AbsentUntil           *moment
	MayAnswer             []standIn
	Expected              *expectation

	owner string // label
}

// standIn is who else may answer.
type standIn struct {
	Name  string
	Until *moment
}

// expectation is when an answer is expected.
type expectation struct {
	Half, Most forecast
	May        string // that it passes its target before; ""
}

// forecast is one of its instants.
type forecast struct {
	Within        phrase
	At            *moment // nil: it is not known
	Later, Stands bool
}

// waiting serves the page of what waits now (/).
func (s *Server) waiting() http.Handler {
	page := page("waiting.html", nil, "waits.html")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, report, st := callerOf(r), s.from.Report(), s.from.Status()
		data := waitingPage{}
		v := view{Title: waitsNow, Notices: s.state(c)}
		if c.everything { // they are about all owners
			data.Notes = st.Notes
		}
		switch {
		case !c.SeesSome():
			data.Outside = outside
		case report == nil:
			data.Loading = waitingForNumbers(st)
		default:
			answer, err := s.fillWaiting(r, report, &data)
			if err != nil {
				s.unanswered(w, r, err)
				return
			}
			v.Lead = answer
		}
		if s.looked(w, r, data.owners()...) {
			v.Page = data
			s.show(w, r, page, v)
		}
	})
}

// owners returns the owners of whom the page has a statistic.
func (p *waitingPage) owners() []string {
	var out []string
	for _, line := range p.Rows {
		out = append(out, line.Owner)
	}
	for _, w := range slices.Concat(p.Waits, p.Forgotten.Waits) {
		if w.Expected != nil {
			out = append(out, w.owner)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// me is the owner in the address of the page that stands for the caller.
const me = "me"

// fillWaiting fills the page with what waits, and returns its answer in a sentence.
func (s *Server) fillWaiting(r *http.Request, report *latency.Report, data *waitingPage) (template.HTML, error) {
	c, q := callerOf(r), r.URL.Query()
	f := query.WaitingFilter{Project: q.Get("project"), Owner: q.Get("owner"), Kind: latency.Kind(q.Get("kind")), State: latency.WaitState(q.Get("state"))}
	if f.Owner == me {
		f.Owner = cmp.Or(c.owner, "–") // nobody is called so
	}
	list, err := s.list(r, report, f, "page")
	if err != nil {
		return "", err
	}
	forgotten := f
	forgotten.State = latency.StateForgotten
	folded := &query.WaitingList{}
	if f.State == "" {
		if folded, err = s.list(r, report, forgotten, "forgotten"); err != nil {
			return "", err
		}
	}
	data.waitList = s.waitList(report, list, q, "page", "")
	data.Forgotten = forgottenList{s.waitList(report, folded, q, "forgotten", "forgotten"), folded.Total, q.Has("forgotten")}
	data.Tiles = waitingTiles(list.Totals, f, q)
	data.Filter = waitingFilter(report, c, f, q)
	data.ListTitle, data.Nothing = "What to look at, in this order", nothing(list.Totals, f)
	data.Rows, data.MoreRows = s.rows(report, c, f)
	data.Teams = teams(report, c, f)
	if list.Totals.Open == 0 {
		return template.HTML(template.HTMLEscapeString(data.Nothing)), nil //nolint:gosec // it is escaped
	}
	return waitingAnswer(list.Totals, address(q, "", "state", string(latency.StateForgotten), "page", "", "forgotten", "")), nil
}

// list returns a page of waits, by the number that the address has under a name.
func (s *Server) list(r *http.Request, report *latency.Report, f query.WaitingFilter, name string) (*query.WaitingList, error) {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err == nil && n > 1 && n < 1_000_000 {
		f.Offset = (n - 1) * query.DefaultPage
	}
	return s.now(r, report).Waiting(r.Context(), f)
}

// now answers the sender of a request.
func (s *Server) now(r *http.Request, report *latency.Report) query.Now {
	return query.Now{Report: report, See: callerOf(r), Titles: s.from.Titles, JiraURL: s.from.Status().JiraURL, Estimates: &s.estimates}
}

// waitList makes the rows and the pager of a list.
func (s *Server) waitList(report *latency.Report, list *query.WaitingList, q url.Values, name, anchor string) waitList {
	out := waitList{Whom: true, Pager: pager{Name: "Pages of waits", Total: list.Total, From: list.Offset + 1, To: list.Offset + len(list.Waits)}}
	if anchor != "" {
		out.Pager.Name = "Pages of " + anchor + " waits"
	}
	page := list.Offset/query.DefaultPage + 1
	if page > 1 {
		out.Pager.Before = address(q, anchor, name, strconv.Itoa(page-1))
	}
	if out.Pager.To < list.Total {
		out.Pager.After = address(q, anchor, name, strconv.Itoa(page+1))
	}
	for i := range list.Waits {
		w := s.waitRow(report, &list.Waits[i])
		out.Expects = out.Expects || w.Expected != nil
		out.Waits = append(out.Waits, w)
	}
	return out
}

// address returns the address of the first page with other choices: pairs of names and
// values. A value that is "" takes the choice away.
func address(q url.Values, anchor string, pairs ...string) string {
	next := url.Values{}
	for name, values := range q {
		next[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		if next.Del(pairs[i]); pairs[i+1] != "" {
			next.Set(pairs[i], pairs[i+1])
		}
	}
	for name := range next {
		if next.Get(name) == "" {
			next.Del(name)
		}
	}
	out := "/"
	if text := next.Encode(); text != "" {
		out += "?" + text
	}
	if anchor != "" {
		out += "#" + anchor
	}
	return out
}

// longestTitle is how many characters of a title a list shows.
const longestTitle = 160

// short returns text of others as one line that is not longer than a list shows.
func short(text string) string { return plain(text, longestTitle) }

// waitRow makes a row of an open wait.
func (s *Server) waitRow(report *latency.Report, w *query.Waiting) waitRow {
	now, zone := report.DataTimestamp.Time(), time.UTC
	if cal := report.Calendar(w.Owner, w.Project); cal != nil {
		zone = cal.Zone()
	}
	when := func(t query.Time) *moment { return known(t, now, zone) }
	row := waitRow{
		ID: "wait-" + w.StoryID + "-" + string(w.Kind), Story: w.Story, Title: short(w.Title), URL: w.URL, What: whatFor(w.Kind), Badge: stateBadge(w.State),
		Overdue: w.Passed.Known(), Paused: w.Paused, DueToday: w.State == latency.StateDueToday, Passed: when(w.Passed), Due: when(w.Due), Since: *when(w.Since),
		Working: w.Working.Duration(), Target: w.Target.Duration(), Day: w.Day.Duration(),
		HandedOver: w.Start.Instant() > w.Since.Instant(), StoryWorking: w.StoryWorking.Duration(),
		Owner: short(w.OwnerName), Absent: w.Absent, AbsentUntil: when(w.AbsentUntil), owner: w.Owner,
	}
	if s.serves("GET /stories/{story}") {
		row.Why = "/stories/" + url.PathEscape(w.Story)
	}
	for _, d := range w.MayAnswer {
		row.MayAnswer = append(row.MayAnswer, standIn{short(d.Name), when(d.Until)})
	}
	if e := w.Expected; e != nil {
		row.OwnerPath = s.ownerPath(w.Owner)
		of := func(f query.Forecast) forecast {
			within := f.Within.Duration()
			return forecast{phrase{words.Working(within, row.Day), words.Exact(within) + " of working time"}, when(f.At), f.Later, e.Stands}
		}
		row.Expected = &expectation{of(e.Half), of(e.Most), mayPass(w)}
	}
	return row
}

// mayPass says that a wait that is not past its target may pass it before an answer comes, as
// a rule.
func mayPass(w *query.Waiting) string {
	after := func(f query.Forecast) bool {
		return w.Due.Known() && f.At.Known() && f.At.Instant() > w.Due.Instant()
	}
	switch {
	case after(w.Expected.Half):
		return "It will probably pass its target."
	case after(w.Expected.Most):
		return "It may pass its target."
	}
	return ""
}

// ownerPath returns the address of an owner's page; "" if there is none.
func (s *Server) ownerPath(owner string) string {
	if !s.serves("GET /owners/{owner}") {
		return ""
	}
	return "/owners/" + url.PathEscape(owner)
}

// whatFor says what a team waits for.
func whatFor(k latency.Kind) string {
	if k == latency.Question {
		return "Question"
	}
	return "Acceptance"
}

// stateBadge returns the badge of a state; nil: it needs none.
func stateBadge(s latency.WaitState) *badge {
	switch s {
	case latency.StateOverdueSince:
		return &badge{"late", "newly past target"}
	case latency.StateOverdue:
		return &badge{"late", "past target"}
	case latency.StateDueToday:
		return &badge{"today", "due today"}
	case latency.StateNew:
		return &badge{"new", "new"}
	case latency.StatePaused:
		return &badge{"", "paused"}
	case latency.StateForgotten:
		return &badge{"", "forgotten"}
	default:
		return nil
	}
}

// waitingTiles are the counts of a filter, each of which leads to what it counts.
func waitingTiles(t query.WaitingTotals, f query.WaitingFilter, q url.Values) []tile {
	of := func(state latency.WaitState, n int, tone, label string) tile {
		out := tile{
			ID: "tile-" + cmp.Or(string(state), "open"), Number: words.Number(n), Label: label, Here: f.State == state,
			Path: address(q, "", "state", string(state), "page", "", "forgotten", ""),
		}
		if n > 0 {
			out.Tone = tone
		}
		return out
	}
	since := t.States[latency.StateOverdueSince]
	out := []tile{
		of(latency.StateOverdueSince, since, "late", "newly past target"),
		of(latency.StateDueToday, t.States[latency.StateDueToday], "today", "due today"),
		of(latency.StateNew, t.States[latency.StateNew], "new", "new"),
		of(latency.StateOverdue, since+t.States[latency.StateOverdue], "late", "past target in all"),
		of("", t.Open-t.Forgotten, "", "open"),
	}
	if t.Forgotten > 0 {
		out = append(out, of(latency.StateForgotten, t.Forgotten, "", "forgotten"))
	}
	return out
}

// waitingAnswer says in a sentence or two what is open, and how many waits are forgotten,
// which leads to them.
func waitingAnswer(t query.WaitingTotals, forgotten string) template.HTML {
	var out told
	switch t.Open {
	case 0:
		out.say("Nothing waits.")
	case t.Forgotten:
		out.say("Nothing waits except ")
		out.link(forgotten, words.Count(t.Forgotten, "forgotten wait", "forgotten waits"))
		out.say(".")
	default:
		out.say(openSentence(t))
		if t.Forgotten > 0 {
			out.say(" ")
			out.link(forgotten, words.Count(t.Forgotten, "more is forgotten", "more are forgotten"))
			out.say(".")
		}
	}
	return out.html()
}

// openSentence says how many waits are open that are not forgotten, and how pressing they are.
func openSentence(t query.WaitingTotals) string {
	open := t.Open - t.Forgotten
	text := words.Count(open, "wait is open", "waits are open")
	late := "past target"
	if t.States[latency.StateOverdueSince] > 0 {
		late += " for longer"
	}
	var states []string
	for _, p := range []struct {
		state latency.WaitState
		what  string
	}{{latency.StateOverdueSince, "newly past target"}, {latency.StateDueToday, "due today"}, {latency.StateNew, "new"}, {latency.StateOverdue, late}} {
		switch n := t.States[p.state]; {
		case n == open && n == 1:
			return text + ", and it is " + p.what + "."
		case n == open:
			return text + ", all " + p.what + "."
		case n > 0:
			states = append(states, words.Count(n, "is ", "are ")+p.what)
		}
	}
	if len(states) == 0 {
		return text + ". None is past target, due today or new."
	}
	return text + ": " + words.List(states) + "."
}

// nothing says why a list is empty.
func nothing(t query.WaitingTotals, f query.WaitingFilter) string {
	switch {
	case f == (query.WaitingFilter{}) && t.Forgotten > 0:
		return "Only forgotten waits are open."
	case f == (query.WaitingFilter{}):
		return "Nothing waits."
	default:
		return "No open wait matches your choice."
	}
}

// waitingFilter is the form that chooses waits, of what the caller may see.
func waitingFilter(report *latency.Report, c Caller, f query.WaitingFilter, q url.Values) filter {
	projects, owners := map[string]bool{}, map[string]bool{}
	for k := range report.Open {
		if c.SeesProject(k.Project) || c.SeesOwner(k.Owner, k.Project) {
			projects[k.Project], owners[k.Owner] = true, true
		}
	}
	chosen := func(name, label, all string, values []option) field {
		out := field{Name: name, Label: label, Options: append([]option{{"", all, false}}, values...)}
		for i := range out.Options {
			out.Options[i].Chosen = out.Options[i].Value == q.Get(name)
		}
		return out
	}
	var ofProject, ofOwner []option
	for project := range projects {
		ofProject = append(ofProject, option{Value: project, Text: project})
	}
	for owner := range owners {
		ofOwner = append(ofOwner, option{Value: owner, Text: short(report.DisplayName(owner))})
	}
	byText := func(a, b option) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Value, b.Value)) }
	slices.SortFunc(ofProject, byText)
	slices.SortFunc(ofOwner, byText)
	if c.owner != "" {
		ofOwner = append([]option{{Value: me, Text: "me"}}, ofOwner...)
	}
	out := filter{Name: "Choose waits", Action: "/"}
	if len(ofProject) > 1 {
		out.Fields = append(out.Fields, chosen("project", "Project", "all", ofProject))
	}
	if len(ofOwner) > 1 {
		out.Fields = append(out.Fields, chosen("owner", "Owner", "all", ofOwner))
	}
	out.Fields = append(out.Fields,
		chosen("kind", "Kind", "all", []option{{Value: string(latency.Acceptance), Text: "acceptance"}, {Value: string(latency.Question), Text: "question"}}),
		chosen("state", "State", "all but forgotten", stateOptions()))
	if f != (query.WaitingFilter{}) {
		out.Clear = "/"
	}
	return out
}

// stateOptions are the states that can be chosen.
func stateOptions() []option {
	texts := map[latency.WaitState]string{
		latency.StateOverdueSince: "newly past target", latency.StateDueToday: "due today", latency.StateNew: "new", latency.StateOverdue: "past target",
		latency.StateWaiting: "within target", latency.StatePaused: "paused", latency.StateForgotten: "forgotten",
	}
	var out []option
	for _, s := range latency.WaitStates() {
		out = append(out, option{Value: string(s), Text: texts[s]})
	}
	return out
}
