package web

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// The limits of what a page lists of a long story.
const (
	momentsListed = 40 // events on a page
	partsListed   = 20 // the latest waits
	oddListed     = 20 // findings
)

// storyPage is what the page of one story shows (/stories/KEY).
type storyPage struct {
	Loading string
	Jira    string // where the story is in Jira; "": not known
	Key     string
	Open    []waitSection
	Chart   chart
	Moments []momentRow
	Pager   pager
	Parts   []partRow
	Omitted int // waits before those
	Odd     []oddFinding
	OddMore int
	Rules   bool   // there is a page that the rules lead to
	Project string // that the caller sees; ""
}

// waitSection is what is waited for.
type waitSection struct {
	query.OpenWait
	Heading                string
	Since, From            moment
	Waits, Story, Target   phrase
	Elapsed                phrase
	Badges                 []badge
	Also                   string
	Comment                string // leads to the comment that asks; ""
	Back                   string // when the owner is back; "": not away, or not known
	Counts, Half           *moment
	HalfWithin, MostWithin *phrase
	Most                   *moment
}

// momentRow is an event.
type momentRow struct {
	At          moment
	Event, What string
	Actor       string
	Rules       []query.KindRule
	Clocks      []clockRow
	Path        string // of the comment in Jira; "": none
	Of          bool   // a rule used it
}

// clockRow is what a clock showed.
type clockRow struct {
	Kind, Owner string
	Shows       phrase
}

// partRow is one owner's part of a wait.
type partRow struct {
	Kind, Owner string
	From        moment
	To          *moment // nil: open
	Outcome     string
	Working     phrase
	Late        bool
}

// oddFinding is a finding of the audit.
type oddFinding struct {
	Reason, Meaning, Remedy, Detail string
	At                              moment
	Doubtful                        bool
}

// story serves the page of one story (/stories/KEY).
func (s *Server) story() http.Handler {
	page := page("story.html", nil, "chart.html")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.PathValue("story")
		reader, err := s.reader(r)
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		if reader == nil {
			s.show(w, r, page, view{
				Title: "Why " + plain(asked, nameLength), Notices: s.state(callerOf(r)), Page: storyPage{Loading: waitingForNumbers(s.from.Status())},
			})
			return
		}
		why, err := reader.Why(r.Context(), asked, reader.Report.DataTimestamp, callerOf(r))
		if unknown := (query.UnknownError{}); errors.As(err, &unknown) {
			if !callerOf(r).SeesProject(projectOf(asked)) { // an owner learns nothing of others' stories
				s.refuseStory(w, r)
				return
			}
			s.fail(w, r, http.StatusNotFound, "No such story", "There is no story "+isolated(asked)+": "+unknown.Hint+".", s.menu(r)...)
			return
		}
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		c := callerOf(r)
		if !readsStory(c, why) {
			s.refuseStory(w, r)
			return
		}
		if why.Story != asked { // another case, or a key that it had before it was moved
			to := url.URL{Path: "/stories/" + why.Story, RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, to.String(), http.StatusFound)
			return
		}
		if !s.looked(w, r, expecting(why)...) {
			return
		}
		v, p := s.whyView(why, reader.Report, r.URL.Query())
		if why.Project != "" && c.SeesProject(why.Project) {
			p.Project = why.Project
		}
		v.Page = p
		v.Notices = s.projectState(c, reader.Report, why.Project)
		s.show(w, r, page, v)
	})
}

// expecting returns the owners of whom an explanation says when they answer, as a rule.
func expecting(why *query.Why) []string {
	var out []string
	for i := range why.Open {
		if why.Open[i].Expected != nil {
			out = append(out, why.Open[i].Owner.Label)
		}
	}
	return out
}

// reader returns what answers questions about the store; nil until there are numbers.
func (s *Server) reader(r *http.Request) (*query.Reader, error) {
	if s.from.Report() == nil {
		return nil, nil
	}
	return s.from.Reader(r.Context())
}

// readsStory reports whether a caller may read a story: it is of a project that they see, or
// a wait on it is or was theirs.
func readsStory(c Caller, why *query.Why) bool {
	return c.SeesProject(why.Project) || c.SeesProject(projectOf(why.Story)) || c.owner != "" && why.Concerns(c.owner)
}

// refuseStory refuses a story that is not the caller's, whether there is one or not.
func (s *Server) refuseStory(w http.ResponseWriter, r *http.Request) {
	s.from.Refused(NoRole)
	s.fail(w, r, http.StatusForbidden, "Not for you", "This story is of no project that you see, and no wait on it is yours.", s.menu(r)...)
}

// projectOf returns the key of the project that a story's key names.
func projectOf(key string) string {
	return strings.ToUpper(key[:max(0, strings.LastIndexByte(key, '-'))])
}

// whyView makes the page of a story of its explanation.
func (s *Server) whyView(why *query.Why, report *latency.Report, choice url.Values) (view, storyPage) {
	st := s.from.Status()
	zone := st.zone()
	if z, err := time.LoadLocation(why.Timeline.Zone); err == nil && why.Timeline.Zone != "" { // else of nobody in particular
		zone = z
	}
	m := storyMaker{why: why, zone: zone, now: why.AsOf.Instant().Time(), states: map[string]latency.WaitState{}}
	for i := range report.Queue {
		if w := &report.Queue[i]; w.Story == why.Story {
			m.states[string(w.Kind)] = w.State
		}
	}
	p := storyPage{Key: why.Story, Jira: why.URL, Rules: s.serves("GET /how")}
	for i := range why.Open {
		p.Open = append(p.Open, m.open(&why.Open[i]))
	}
	within := why.Timeline.Focus
	whole := query.Stretch{From: why.Timeline.From, To: why.Timeline.To}
	timeline := why.Timeline
	var other menuEntry
	switch {
	case within == whole:
	case choice.Get("life") == "whole":
		within, timeline.Hours = whole, nil
		other = menuEntry{Name: "Show the last wait alone", Path: "/stories/" + url.PathEscape(why.Story)}
	default:
		other = menuEntry{Name: "Show its whole life", Path: "/stories/" + url.PathEscape(why.Story) + "?life=whole"}
	}
	p.Chart = newChart(why.Story, &timeline, within, zone)
	p.Chart.Other = other
	p.Moments, p.Pager = m.moments(choice)
	for i := len(why.Timeline.Bars) - 1; i >= 0; i-- {
		if len(p.Parts) == partsListed {
			p.Omitted = i + 1
			break
		}
		p.Parts = append(p.Parts, m.part(&why.Timeline.Bars[i]))
	}
	p.Odd, p.OddMore = m.odd()
	title := why.Story
	if why.Title != "" {
		title += " · " + "\u2068" + plain(why.Title, titleLength) + "\u2069"
	}
	return view{Title: title, Lead: m.answer()}, p
}

// storyMaker makes the parts of the page of a story.
type storyMaker struct {
	why    *query.Why
	zone   *time.Location
	now    time.Time
	states map[string]latency.WaitState // of its open waits, by kind, as lists have them
}

func (m *storyMaker) at(t query.Time) moment { return momentOf(t.Instant(), m.now, m.zone) }

// maybe is at for an instant that may not be known.
func (m *storyMaker) maybe(t query.Time) *moment {
	if !t.Known() {
		return nil
	}
	at := m.at(t)
	return &at
}

// waitsFor says what a story waits for, before the name of its owner.
func waitsFor(kind string) string {
	if kind == string(latency.Question) {
		return "an answer from"
	}
	return "acceptance by"
}

// day says the day of an instant by the owner's clock, and the time unless it is midnight.
func (m *storyMaker) day(t query.Time) string {
	at := t.Instant().Time().In(m.zone)
	form := "Mon 2 Jan"
	if at.Year() != m.now.In(m.zone).Year() {
		form += " 2006"
	}
	if at.Hour() != 0 || at.Minute() != 0 {
		form += ", 15:04 MST"
	}
	return at.Format(form)
}

// answer says in a sentence whether the story waits, on whom, since when and why.
func (m *storyMaker) answer() template.HTML {
	var t told
	for i := range m.why.Open {
		m.tell(&t, &m.why.Open[i])
	}
	if len(m.why.Open) > 0 {
		return t.html()
	}
	last := m.last()
	switch {
	case last != nil:
		t.say("It waits for nobody. It last waited for " + waitsFor(last.Kind) + " ")
		m.tellOwner(&t, last.Owner)
		t.say(", until ")
		t.time(m.at(last.To))
		t.say(": " + query.MeaningOf(latency.Kind(last.Kind), latency.Rule(last.Outcome)).Words + m.by(last.By) + ".")
	case m.why.Project == "":
		t.say("It waits for nobody: it is in no project that is watched, is of no type that counts, or can no longer be seen.")
	default:
		t.say("It waits for nobody, and it never has.")
	}
	return t.html()
}

// tell says an open wait in a sentence, and who else may answer.
func (m *storyMaker) tell(t *told, w *query.OpenWait) {
	day, shown := w.Day.Duration(), w.StoryWorking.Duration()
	t.say("It has been waiting for " + waitsFor(w.Kind) + " ")
	m.tellOwner(t, w.Owner)
	t.say(" since ")
	t.time(m.at(w.Since))
	say := func(d time.Duration) string { return words.Working(d, day) }
	if say(shown) == say(w.Target.Duration()) { // what is rounded would be the same
		say = words.Exact
	}
	of := " of "
	if shown > w.Target.Duration() {
		of = ", past "
	}
	t.say(" (" + say(shown) + of + "its target of " + say(w.Target.Duration()) + ")")
	if w.Because.Words != "" {
		t.say(", because " + w.Because.Words)
	}
	if w.By.Name != "" {
		by, end := " by ", ""
		if w.Kind == string(latency.Question) {
			by, end = " (asked by ", ")"
		}
		t.say(by)
		t.name(w.By.Name)
		t.say(end)
	}
	t.say(". ")
	switch {
	case w.Pending != nil:
		t.say("It has just ended: " + w.Pending.Outcome.Words + ". ")
	case w.Stands != nil:
		t.say("Now " + w.Stands.Words + ". ")
	}
	m.tellOthers(t, w)
}

// tellOthers says who else may answer an open wait, and that its owner is away.
func (m *storyMaker) tellOthers(t *told, w *query.OpenWait) {
	if w.Absent {
		t.name(w.Owner.Name)
		if t.say(" is away"); w.Back.Known() {
			t.say(" and will be back on " + m.day(w.Back))
		}
		if len(w.Also) == 0 {
			t.say("; nobody stands in. ")
			return
		}
		t.say("; ")
	}
	for i, who := range w.Also {
		if i > 0 && i+1 == len(w.Also) {
			t.say(" and ")
		} else if i > 0 {
			t.say(", ")
		}
		t.name(who.Name)
	}
	if len(w.Also) > 0 {
		t.say(" may answer too. ")
	}
}

// tellOwner names the owner of a wait.
func (m *storyMaker) tellOwner(t *told, who query.Person) {
	switch who.Label {
	case latency.Unowned:
		t.say("nobody, because it has no owner,")
	case latency.All:
		t.say("its owner")
	default:
		t.name(who.Name)
	}
}

// owner names the owner of a wait.
func (m *storyMaker) owner(who query.Person) string {
	switch who.Label {
	case latency.Unowned:
		return "nobody: it has no owner"
	case latency.All:
		return "its owner"
	}
	return isolated(who.Name)
}

// by says the role of whoever ended a wait.
func (m *storyMaker) by(responder string) string {
	switch latency.Responder(responder) {
	case latency.ByOwner:
		return ", by the owner"
	case latency.ByDelegate:
		return ", by a stand-in"
	case latency.ByAutomation:
		return ", by automation"
	case latency.ByOther:
		return ", by somebody else"
	}
	return ""
}

// last returns the part of a wait that ended last; nil if none has ended.
func (m *storyMaker) last() *query.WaitBar {
	var last *query.WaitBar
	for i := range m.why.Timeline.Bars {
		if b := &m.why.Timeline.Bars[i]; !b.Open && (last == nil || b.To >= last.To) {
			last = b
		}
	}
	return last
}

// open makes what the page says of an open wait.
func (m *storyMaker) open(w *query.OpenWait) waitSection {
	day := w.Day.Duration()
	working := func(d query.Seconds) phrase { return workingTime(d.Duration(), day) }
	o := waitSection{
		OpenWait: *w, Heading: "Waits for " + waitsFor(w.Kind) + " " + m.owner(w.Owner), Since: m.at(w.Since), From: m.at(w.From),
		Waits: working(w.Working), Story: working(w.StoryWorking), Target: working(w.Target), Elapsed: elapsedTime(w.StoryElapsed.Duration()),
	}
	if w.Back.Known() {
		o.Back = m.day(w.Back)
	}
	switch {
	case w.Pending != nil:
		o.Badges = append(o.Badges, badge{"new", "has just ended"})
		o.Counts = m.maybe(w.Pending.Counts)
	case w.Stands != nil:
		o.Badges = append(o.Badges, badge{"", "clock stopped"})
	}
	switch {
	case w.Forgotten:
		o.Badges = append(o.Badges, badge{"", "forgotten"})
	case w.Overdue && m.states[w.Kind] == latency.StateOverdueSince:
		o.Badges = append(o.Badges, *stateBadge(latency.StateOverdueSince))
	case w.Overdue:
		o.Badges = append(o.Badges, *stateBadge(latency.StateOverdue))
	case m.states[w.Kind] == latency.StateDueToday, m.states[w.Kind] == latency.StateNew:
		o.Badges = append(o.Badges, *stateBadge(m.states[w.Kind]))
	default:
		o.Badges = append(o.Badges, badge{"good", "within target"})
	}
	var names []string
	for _, who := range w.Also {
		name := isolated(who.Name)
		if who.Until.Known() {
			name += " (before " + m.day(who.Until) + ")"
		}
		names = append(names, name)
	}
	o.Also = words.List(names)
	if w.URL != m.why.URL {
		o.Comment = w.URL
	}
	if e := w.Expected; e != nil {
		half, most := working(e.Half.Within), working(e.Most.Within)
		o.HalfWithin, o.MostWithin, o.Half, o.Most = &half, &most, m.maybe(e.Half.At), m.maybe(e.Most.At)
	}
	return o
}

// moments returns the events of the page that is asked for, in order, and what leads to
// the others. The last page is the first that is shown.
func (m *storyMaker) moments(choice url.Values) ([]momentRow, pager) {
	all := m.why.Events
	pages := max(1, (len(all)+momentsListed-1)/momentsListed)
	number, err := strconv.Atoi(choice.Get("events"))
	if err != nil || number < 1 || number > pages {
		number = pages
	}
	// The last page is full, and the first one holds the rest.
	to := len(all) - (pages-number)*momentsListed
	from := max(0, to-momentsListed)
	p := pager{}
	if pages > 1 {
		path := func(n int) string {
			q := url.Values{}
			if life := choice.Get("life"); life != "" {
				q.Set("life", "whole")
			}
			if n < pages {
				q.Set("events", strconv.Itoa(n))
			}
			to := url.URL{Path: "/stories/" + m.why.Story, RawQuery: q.Encode(), Fragment: "events"}
			return to.String()
		}
		p = pager{Name: "Events", From: from + 1, To: to, Total: len(all)}
		if number > 1 {
			p.Before = path(number - 1)
		}
		if number < pages {
			p.After = path(number + 1)
		}
	}
	day := m.why.Timeline.Day.Duration()
	rows := make([]momentRow, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, m.moment(&all[i], day))
	}
	return rows, p
}

// moment makes the row of an event.
func (m *storyMaker) moment(e *query.Moment, day time.Duration) momentRow {
	row := momentRow{
		At: m.at(e.At), Event: eventWords(e.Event), What: plain(e.What, detailLength), Actor: plain(e.Actor.Name, nameLength),
		Rules: e.Rules, Of: len(e.Rules) > 0, Path: e.URL,
	}
	for _, c := range e.Clocks {
		row.Clocks = append(row.Clocks, clockRow{waitsFor(c.Kind), plain(c.Owner.Name, nameLength), workingTime(c.Working.Duration(), day)})
	}
	return row
}

// eventWords says what an event was.
func eventWords(event string) string {
	switch event {
	case "":
		return "time passed"
	case "record":
		return "changed"
	case "comment":
		return "comment"
	case "comment_edited":
		return "comment edited"
	case "comment_deleted":
		return "comment deleted"
	case "gone":
		return "can no longer be seen"
	case "returned":
		return "can be seen again"
	}
	return event
}

// part makes the row of one owner's part of a wait.
func (m *storyMaker) part(b *query.WaitBar) partRow {
	row := partRow{Kind: strings.ToLower(whatFor(latency.Kind(b.Kind))), Owner: m.owner(b.Owner), From: m.at(b.From), Outcome: "open", Working: workingTime(b.Working.Duration(), m.why.Timeline.Day.Duration()), Late: b.Late.Known()}
	if !b.Open {
		row.To = m.maybe(b.To)
		row.Outcome = query.MeaningOf(latency.Kind(b.Kind), latency.Rule(b.Outcome)).Words + m.by(b.By)
	}
	return row
}

// odd makes what the audit finds, the latest first.
func (m *storyMaker) odd() (rows []oddFinding, more int) {
	reasons := measure.Reasons()
	for _, f := range slices.Backward(m.why.Findings) {
		if len(rows) == oddListed {
			return rows, len(m.why.Findings) - oddListed
		}
		row := oddFinding{Reason: f.Reason, Detail: plain(f.Detail, detailLength)}
		if at, err := time.Parse(time.RFC3339, f.At); err == nil {
			row.At = momentOf(latency.At(at), m.now, m.zone)
		}
		if i := slices.IndexFunc(reasons, func(reason measure.Reason) bool { return reason.Code == f.Reason }); i >= 0 {
			row.Meaning, row.Remedy, row.Doubtful = reasons[i].Meaning, reasons[i].Remedy, reasons[i].Doubtful
		}
		rows = append(rows, row)
	}
	return rows, 0
}

// workingTime says working time by the length of a working day.
func workingTime(d, day time.Duration) phrase {
	return phrase{words.Working(d, day), words.Exact(d) + " of working time"}
}

// elapsedTime says wall time.
func elapsedTime(d time.Duration) phrase { return phrase{words.Elapsed(d), words.Exact(d)} }

// code writes as HTML a text of our own in which `…` marks what is written as in a file,
// and *…* a term. It begins with a capital letter.
func code(text string) template.HTML {
	var b strings.Builder
	r, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(r)) + text[size:]
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + template.HTMLEscapeString(part) + "</code>")
			continue
		}
		for j, term := range strings.Split(part, "*") {
			if j%2 == 1 {
				b.WriteString("<em>" + template.HTMLEscapeString(term) + "</em>")
			} else {
				b.WriteString(template.HTMLEscapeString(term))
			}
		}
	}
	return template.HTML(b.String()) //nolint:gosec // every part of it is escaped
}
