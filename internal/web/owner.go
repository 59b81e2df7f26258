package web

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// mostLooks is how many looks the page lists.
const mostLooks = 20

// turnPage is what the page of one owner shows. It holds nothing of another owner.
type turnPage struct {
	Loading string // while there are no numbers
	Own     bool   // the caller is the owner
	Name    string // of the owner; "": nobody in particular
	Tiles   []tile
	waitList
	All       *menuEntry // leads to all their waits; nil: they are all here
	Nothing   string     // where nothing waits
	Forgotten *menuEntry // leads to the forgotten ones; nil: there are none
	Parts     []turnPart
	StandIns  []standIn
	Guards    []turnGuard
	ShowLooks bool // it is the owner's to know
	Looks     []lookRow
	MoreLooks int
}

// turnPart is a line about a project and a kind of wait.
type turnPart struct {
	ID, Project, What      string
	Recent, Longer         turnWindow
	Target                 phrase
	Says                   string // of the owner's own past and target
	PerWeek, PerWeekLonger string // waits that began
	Open, Forgotten        int    // Open without the forgotten
	StoodIn                string
}

// turnWindow is what a window says of waits.
type turnWindow struct {
	Half   measured
	Sample string
}

// turnGuard is what a guard says.
type turnGuard struct{ ID, Count, Says string }

// lookRow is a look at the owner's numbers.
type lookRow struct {
	At       moment
	By, What string
}

// owner serves the page of one owner (/owners/O).
func (s *Server) owner() http.Handler {
	page := page("owner.html", nil, "waits.html")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, report, owner := callerOf(r), s.from.Report(), r.PathValue("owner")
		if report == nil {
			s.show(w, r, page, view{Title: "Your turn", Notices: s.state(c), Page: turnPage{Loading: waitingForNumbers(s.from.Status())}})
			return
		}
		turn, err := s.turn(r, report, owner)
		switch {
		case err != nil:
			s.unanswered(w, r, err)
		case turn == nil:
			s.noOwner(w, r, report)
		default:
			title, answer := turnTitle(c, turn)
			s.show(w, r, page, view{Title: title, Lead: answer, Notices: append(s.state(c), turnNotices(report, turn)...), Page: s.turnPage(report, turn, c)})
		}
	})
}

// turn returns the turn of an owner as the caller may see it; nil if there is none. Who
// looked is for the owner alone.
func (s *Server) turn(r *http.Request, report *latency.Report, owner string) (*query.Turn, error) {
	var looks []query.Look
	if callerOf(r).Is(owner) && s.from.LooksAt != nil {
		var err error
		if looks, err = s.from.LooksAt(r.Context(), owner); err != nil {
			return nil, err
		}
	}
	return s.now(r, report).Turn(r.Context(), owner, looks)
}

// noOwner answers that nobody is called so, and who there is.
func (s *Server) noOwner(w http.ResponseWriter, r *http.Request, report *latency.Report) {
	var there []menuEntry
	for _, owner := range query.OwnersOf(report, callerOf(r)) {
		there = append(there, menuEntry{Name: report.DisplayName(owner), Path: s.ownerPath(owner)})
	}
	s.fail(w, r, http.StatusNotFound, "No such owner", "No owner with waits has this name. Owners are named by their keys in the config, or by their accounts:", there...)
}

// turnTitle returns the heading of an owner's page, and its answer.
func turnTitle(c Caller, t *query.Turn) (title string, answer template.HTML) {
	title = "Your turn"
	switch {
	case t.Owner == latency.Unowned:
		title = "Nobody's turn: waits without an owner"
	case t.Owner == latency.All:
		title = "All owners"
	case !c.Is(t.Owner):
		title += ": " + short(t.Name)
	}
	return title, waitingAnswer(t.Totals, forgottenOf(t.Owner))
}

// forgottenOf returns the address of the forgotten waits of an owner.
func forgottenOf(owner string) string {
	return address(url.Values{"owner": {owner}}, "", "state", string(latency.StateForgotten))
}

// turnNotices say that the owner is away.
func turnNotices(report *latency.Report, t *query.Turn) []notice {
	if !t.Absent {
		return nil
	}
	n := notice{Kind: "info", ID: "absent", Title: "Away.", Text: "Nobody stands in, so the owner's clock is stopped. The stories wait on."}
	if len(t.StandIns) > 0 {
		n.Text = "Stand-ins may answer meanwhile, and the clock runs on for what they may answer."
	}
	if t.AbsentUntil.Known() {
		n.Text = "Until " + words.Instant(t.AbsentUntil.Instant().Time(), report.DataTimestamp.Time(), zoneOf(report, t.Owner, "")) + ". " + n.Text
	}
	return []notice{n}
}

// turnPage fills the page.
func (s *Server) turnPage(report *latency.Report, t *query.Turn, c Caller) turnPage {
	own := c.Is(t.Owner)
	p := turnPage{Own: own, Nothing: "Nothing waits.", ShowLooks: own && s.from.LooksAt != nil}
	if t.Owner != latency.Unowned && t.Owner != latency.All {
		p.Name = short(t.Name)
	}
	for i := range t.First {
		p.Waits = append(p.Waits, s.waitRow(report, &t.First[i])) // when an answer is expected is for those who wait
	}
	choice := map[string][]string{"owner": {t.Owner}}
	f := query.WaitingFilter{Owner: t.Owner, State: "–"} // none of the tiles is this page
	p.Tiles = waitingTiles(t.Totals, f, choice)
	if listed := t.Totals.Open - t.Totals.Forgotten; listed > len(t.First) {
		p.All = &menuEntry{Name: "All " + words.Number(listed) + " in this order", Path: address(choice, "")}
	}
	if n := t.Totals.Forgotten; n > 0 {
		p.Nothing = "Only forgotten waits are open."
		p.Forgotten = &menuEntry{Name: words.Count(n, "forgotten wait", "forgotten waits"), Path: forgottenOf(t.Owner)}
	}
	for _, part := range t.Parts {
		p.Parts = append(p.Parts, turnPartOf(part))
	}
	now, zone := report.DataTimestamp.Time(), zoneOf(report, t.Owner, "")
	for _, d := range t.StandIns {
		p.StandIns = append(p.StandIns, standIn{short(d.Name), known(d.Until, now, zone)})
	}
	for _, g := range t.Guards {
		p.Guards = append(p.Guards, guardOf(g))
	}
	for _, l := range t.Looks[:min(len(t.Looks), mostLooks)] {
		p.Looks = append(p.Looks, lookRow{momentOf(l.At.Instant(), now, zone), short(l.By), short(l.What)})
	}
	p.MoreLooks = len(t.Looks) - len(p.Looks)
	return p
}

// zoneOf returns the zone of an owner's hours in a project; in any, if the project is "".
func zoneOf(report *latency.Report, owner, project string) *time.Location {
	if project == "" {
		for k := range report.Open {
			if k.Owner == owner && (project == "" || k.Project < project) {
				project = k.Project
			}
		}
	}
	if cal := report.Calendar(owner, project); cal != nil {
		return cal.Zone()
	}
	return time.UTC
}

// turnPartOf makes a line of a part.
func turnPartOf(t query.TurnPart) turnPart {
	day := t.Day.Duration()
	target := t.Target.Duration()
	p := turnPart{
		ID: "part-" + t.Project + "-" + string(t.Kind), Project: t.Project, What: whatFor(t.Kind),
		Recent: windowOf(t.Recent, day), Longer: windowOf(t.Longer, day), Target: phrase{words.Working(target, day), words.Exact(target) + " of working time"},
		Says: courseOf(t), PerWeek: perWeek(t.Recent), PerWeekLonger: perWeek(t.Longer), Open: t.Open - t.Forgotten, Forgotten: t.Forgotten,
	}
	p.StoodIn = words.Number(t.Responses.Delegate) + " of " + words.Number(t.Responses.All())
	return p
}

// windowOf says what a window says of waits.
func windowOf(w query.Windowed, day time.Duration) turnWindow {
	out := turnWindow{Half: measured{Text: "too early to tell"}, Sample: fmt.Sprintf("%s: %s answered, %s open", words.Count(w.Answered+w.Open+w.Censored, "wait", "waits"), words.Number(w.Answered), words.Number(w.Open))}
	if w.Censored > 0 {
		out.Sample += ", " + words.Number(w.Censored) + " ended without an answer"
	}
	switch {
	case w.Half != nil:
		half := w.Half.Duration()
		out.Half = measured{Time: &phrase{words.Working(half, day), words.Exact(half) + " of working time"}}
	case w.Overrun:
		out.Half.Text = "not reached yet"
	case w.Answered+w.Open+w.Censored == 0:
		out.Half.Text = "nothing waited"
	}
	return out
}

// perWeek says how many waits began in a week of a window.
func perWeek(w query.Windowed) string {
	return strconv.FormatFloat(float64(w.Begun)*7/float64(w.Days), 'f', 1, 64)
}

// courseOf compares the last 28 days with the owner's own last 90, and with the target.
func courseOf(t query.TurnPart) string {
	recent := t.Recent
	if recent.Answered+recent.Open+recent.Censored == 0 {
		return "Nothing waited in the last 28 days."
	}
	if recent.Half == nil && recent.Overrun {
		return "Half are not answered yet, and some are past target."
	}
	if !recent.Enough() {
		return "Too few answers to compare: " + words.Number(recent.Answered) + "."
	}
	if recent.Half == nil || t.Longer.Half == nil {
		return "Too early to tell."
	}
	out := "The same as in the last 90 days"
	day, now, before := t.Day.Duration(), recent.Half.Duration(), t.Longer.Half.Duration()
	// What reads the same is the same: a difference that the page rounds away tells nothing.
	switch same := words.Working(now, day) == words.Working(before, day); {
	case same:
	case now < before:
		out = "Shorter than in the last 90 days"
	default:
		out = "Longer than in the last 90 days"
	}
	if now <= t.Target.Duration() {
		return out + ", and within target."
	}
	return out + ", and past target."
}

// guardOf says what a guard found, and what may help.
func guardOf(g query.TurnGuard) turnGuard {
	of := cmp.Or(map[latency.EntryType]string{
		latency.GuardReopened:          "accepted stories were reopened within 14 days. What was noticed too late?",
		latency.GuardSilentRejection:   "rejections came without a comment. A sentence on what is missing saves the team guessing.",
		latency.GuardInstantAcceptance: "acceptances came within a minute of the story's move into acceptance. That is fine where they were agreed beforehand.",
		latency.GuardAskedAgain:        "answers were followed by another question from the same person within 8 working hours. Was something left open?",
	}[g.Guard], string(g.Guard))
	return turnGuard{string(g.Guard), words.Number(g.Count), "of " + words.Number(g.Of) + " " + of}
}
