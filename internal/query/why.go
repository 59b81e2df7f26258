package query

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// Why is one story explained: whether its team waits, on whom, since when and why, and
// what happened before. Names, titles and statuses are Jira's: untrusted text.
type Why struct {
	Story   string     `json:"story"`
	StoryID string     `json:"story_id"`
	Project string     `json:"project"` // "" if no watched project has the story
	Title   string     `json:"title"`   // untrusted text; "": none is kept
	URL     string     `json:"url"`     // in Jira; "": not known
	Status  string     `json:"status"`
	AsOf    Time       `json:"as_of"`
	Open    []OpenWait `json:"open"`  // what is waited for
	Waits   []Part     `json:"waits"` // all, by owner's part

	Timeline Timeline  `json:"timeline"`
	Events   []Moment  `json:"events"` // in the order in which they happened
	Findings []Finding `json:"findings"`

	owners []string // labels of all who own a part, whether the answer names them or not
}

// OpenWait is an open wait.
type OpenWait struct {
	Kind    string  `json:"kind"`
	Owner   Person  `json:"owner"`
	Since   Time    `json:"since"` // the team began to wait then
	From    Time    `json:"from"`  // it waits for this owner since then
	Because Meaning `json:"because"`
	By      Person  `json:"by"`     // who brought the story there, or asked; empty: nobody is named
	Detail  string  `json:"detail"` // of the event that began it: the change, or whom it asks
	URL     string  `json:"url"`    // of the comment that asks, else of the story

	Working      Seconds `json:"working_seconds"` // on the owner's clock
	StoryWorking Seconds `json:"story_working_seconds"`
	StoryElapsed Seconds `json:"story_elapsed_seconds"`
	Target       Seconds `json:"target_seconds"`
	Overdue      bool    `json:"overdue"`
	Forgotten    bool    `json:"forgotten"`
	Zone         string  `json:"zone"`                // of the working hours that count
	Day          Seconds `json:"working_day_seconds"` // how long a working day is by them

	Stands   *Meaning  `json:"stands"`       // why the clock stands; null while it runs
	Absent   bool      `json:"absent"`       // the owner is away
	Back     Time      `json:"absent_until"` // when the absence ends; null if the owner is not away, or no end is known
	Also     []StandIn `json:"may_answer"`   // besides the owner
	Pending  *Pending  `json:"pending"`
	Asks     int       `json:"asks"` // of a question: how many asks it holds
	Expected *Expected `json:"expected"`

	part latency.Part
}

// Pending is an ending that does not count yet, because it may still be taken back.
type Pending struct {
	Outcome Meaning `json:"outcome"`
	At      Time    `json:"at"`
	Counts  Time    `json:"counts"` // from when on it counts, if it is not taken back
}

// Moment is an event of a story, or an instant at which time alone changed a wait.
type Moment struct {
	At     Time        `json:"at"`
	Event  string      `json:"event"` // record, comment, …; "" where only time passed
	ID     string      `json:"id,omitempty"`
	URL    string      `json:"url,omitempty"` // of a comment, in Jira
	Actor  Person      `json:"actor"`
	What   string      `json:"what"`
	Rules  []KindRule  `json:"rules"`
	Clocks []ClockSays `json:"clocks"` // of the waits that were open then, or ended then
}

// KindRule is a rule that used an event, and for which kind of wait; "" for both.
type KindRule struct {
	Kind string `json:"kind"`
	Meaning
}

// ClockSays is what the owner's clock of a wait showed.
type ClockSays struct {
	Kind    string  `json:"kind"`
	Owner   Person  `json:"owner"`
	Working Seconds `json:"working_seconds"`
	Elapsed Seconds `json:"elapsed_seconds"`
}

// Concerns reports whether an owner, by label, has or had a part of the story's waits.
func (w *Why) Concerns(owner string) bool { return slices.Contains(w.owners, owner) }

// Why explains the story with a key as of an instant. The key may have any case and,
// beside a service, may be one that the story had before it was moved. An UnknownError
// says that there is no such story. What an owner's other waits say is told to those who
// may see it; nil may see everything.
func (r *Reader) Why(ctx context.Context, key string, asOf latency.Instant, see Sight) (*Why, error) {
	h, err := r.found(ctx, key)
	if err != nil {
		return nil, err
	}
	e, err := r.explain(ctx, h, asOf)
	if err != nil {
		return nil, err
	}
	e.see = see
	if e.findings, err = r.findingsOf(ctx, e); err != nil {
		return nil, err
	}
	titles, err := r.Titles(ctx, []int64{h.ID})
	if err != nil {
		return nil, err
	}
	why := e.why()
	why.Title, why.URL = titles[h.ID], Link(r.jira, h.Key, 0)
	for i := range why.Waits {
		why.Waits[i].Title = why.Title
	}
	return why, nil
}

// found returns the history of the story that a key names.
func (r *Reader) found(ctx context.Context, key string) (*latency.History, error) {
	key = strings.ToUpper(strings.TrimSpace(key))
	h, err := r.Store.Story(ctx, key)
	if err == nil && h == nil && r.Report != nil && r.Report.Moved[key] != 0 {
		h, err = r.Store.StoryByID(ctx, r.Report.Moved[key])
	}
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, UnknownError{"story", key, r.noStory(key)}
	}
	return h, nil
}

// explained is a story's history and what it amounts to.
type explained struct {
	*Reader
	h        *latency.History
	deriver  *latency.Deriver
	res      *latency.Result
	asOf     latency.Instant
	findings []latency.Finding
	see      Sight
}

// explain derives one story, and reads nothing but what it needs.
func (r *Reader) explain(ctx context.Context, h *latency.History, asOf latency.Instant) (*explained, error) {
	ancestors, err := measure.AncestorsOf(ctx, r.Store, h)
	if err != nil {
		return nil, err
	}
	e := &explained{Reader: r, h: h, deriver: latency.NewDeriver(r.Rules, ancestors), asOf: asOf}
	e.res = e.deriver.Story(h, asOf)
	return e, nil
}

// findingsOf returns what the audit finds in the story alone. What only several stories
// show, as a bulk change, is not among it.
func (r *Reader) findingsOf(ctx context.Context, e *explained) ([]latency.Finding, error) {
	counted, err := r.Store.LedgerOf(ctx, []int64{e.h.ID})
	if err != nil {
		return nil, err
	}
	notes, err := r.Store.NotesOf(ctx, e.h.ID)
	if err != nil {
		return nil, err
	}
	found := slices.Clone(e.res.Findings)
	if e.asOf >= r.State.DataTimestamp { // the ledger is as of the last poll
		found = append(found, r.Rules.Corrections(e.h, slices.Collect(r.Rules.Entries(e.h.ID, e.res, e.asOf)), counted)...)
	}
	return append(found, measure.Noted(r.Rules, notes)...), nil
}

// why makes the answer.
func (e *explained) why() *Why {
	key := e.h.Key
	out := &Why{
		Story: key, StoryID: strconv.FormatInt(e.h.ID, 10), AsOf: Time(e.asOf), Open: []OpenWait{}, Waits: []Part{}, Events: []Moment{}, Findings: []Finding{},
	}
	if e.res.Home.ProjectID != "" {
		out.Project = e.Project(e.res.Home.ProjectID)
	}
	occasions := e.occasions(e.h, e.res, e.asOf)
	for i := range e.res.Parts {
		p := &e.res.Parts[i]
		if label := e.Rules.Pseudonym(p.Owner); !slices.Contains(out.owners, label) {
			out.owners = append(out.owners, label)
		}
		out.Waits = append(out.Waits, e.Part(p, ""))
		if p.Open() && !e.replaced(p) {
			out.Open = append(out.Open, e.waiting(p, occasions))
		}
	}
	for i := range occasions {
		out.Events = append(out.Events, e.moment(&occasions[i]))
	}
	for _, f := range e.findings {
		out.Findings = append(out.Findings, Finding{f.Reason, f.Story, e.Project(f.ProjectID), Stamp(f.At), f.Detail})
	}
	out.Timeline = e.timeline()
	if n := len(out.Timeline.Statuses); n > 0 {
		out.Status = out.Timeline.Statuses[n-1].Status
	}
	return out
}

// replaced reports whether a newer wait of its kind has begun before the ending of this
// one is final: then that one counts.
func (e *explained) replaced(p *latency.Part) bool {
	return slices.ContainsFunc(e.res.Parts, func(o latency.Part) bool { return o.Kind == p.Kind && o.Open() && o.Start > p.Start })
}

// waiting says of an open wait what people ask.
func (e *explained) waiting(p *latency.Part, occasions []Occasion) OpenWait {
	label, name := e.Owner(p)
	w := OpenWait{
		Kind: string(p.Kind), Owner: Person{label, name}, Since: Time(p.Since), From: Time(p.Start), Because: MeaningOf(p.Kind, p.Rule),
		Working: Seconds(p.Working), StoryWorking: Seconds(p.StoryWorking), StoryElapsed: Seconds(p.StoryElapsed), Target: Seconds(p.Target),
		URL: e.Link(&p.Wait), Overdue: p.Overdue(), Forgotten: p.Forgotten, Asks: p.Asks,
		Back: Time(latency.Never), Also: e.standIns(p), part: *p,
	}
	if cal := e.Rules.CalendarOf(p.ProjectID, p.Owner); cal != nil {
		w.Zone, w.Day = cal.Zone().String(), Seconds(cal.Day())
	}
	if len(p.Steps) > 0 {
		first, last := p.Steps[0], p.Steps[len(p.Steps)-1]
		if !e.Rules.Together {
			w.By = e.person(e.Rules.Person(first.Actor))
		}
		if i := slices.IndexFunc(occasions, func(o Occasion) bool { return o.At == first.At && o.Rank == first.Rank && o.ID == first.ID }); i >= 0 {
			w.Detail = e.told(&occasions[i])
		}
		w.stands(p)
		if ends(last.Rule) {
			slip := latency.Never
			if project := e.Rules.Projects[p.ProjectID]; project != nil {
				slip = last.At.Add(project.SlipWindow)
			}
			w.Pending = &Pending{MeaningOf(p.Kind, last.Rule), Time(last.At), Time(slip)}
		}
	}
	if until, away := e.Rules.AwayUntil(p.Owner, e.asOf); away && !e.Rules.Together {
		w.Absent, w.Back = true, Time(until)
	}
	if e.see == nil || e.see.SeesOwner(e.Rules.Label(p.Owner), e.Project(p.ProjectID)) {
		w.Expected = e.expected(p)
	}
	return w
}

// stands says why the clock of an open wait stands.
func (w *OpenWait) stands(p *latency.Part) {
	if !p.PausedNow {
		return
	}
	m := MeaningOf(p.Kind, latency.Paused)
	for i := len(p.Steps) - 1; i >= 0; i-- {
		if rule := p.Steps[i].Rule; rule == latency.OwnerAsks || rule == latency.Paused {
			m = MeaningOf(p.Kind, rule)
			break
		}
	}
	w.Stands = &m
}

// ends reports whether a rule ends a wait.
func ends(rule latency.Rule) bool {
	switch latency.Outcome(rule) {
	case latency.Accepted, latency.Rejected, latency.Recalled, latency.Answered, latency.Resolved, latency.Withdrawn, latency.Obsolete, latency.Lapsed:
		return true
	default:
		return false
	}
}

// standIns returns who else may answer an open part: by the config, and by the story's
// delegate field.
func (e *explained) standIns(p *latency.Part) []StandIn {
	out := []StandIn{}
	if e.Rules.Together { // nobody is shown as a stand-in
		return out
	}
	seen := map[string]bool{p.Owner: true}
	for _, d := range e.Rules.StandingIn(p.Owner, p.ProjectID, p.Kind, e.asOf) {
		seen[d.Delegate] = true
		out = append(out, e.standIn(d.Delegate, d.Until))
	}
	for id := range strings.SplitSeq(e.res.Delegates, ",") {
		if who := e.Rules.Person(strings.TrimSpace(id)); who != "" && !seen[who] {
			seen[who] = true
			out = append(out, e.standIn(who, latency.Never))
		}
	}
	return out
}

// standIn returns somebody who may answer, until an instant.
func (e *explained) standIn(who string, until latency.Instant) StandIn {
	p := e.person(who)
	return StandIn{Person: p.Label, Name: p.Name, Until: Time(until)}
}

// expected returns when an answer comes; nil if too few waits tell.
func (e *explained) expected(p *latency.Part) *Expected {
	if e.Report == nil || e.Report.DataTimestamp != e.asOf {
		return nil
	}
	found, ok := e.Report.Statistics.Expect(e.deriver, p, e.asOf)
	if !ok {
		return nil
	}
	return expectedOf(found)
}

// moment returns an event in the form of the answer.
func (e *explained) moment(o *Occasion) Moment {
	m := Moment{At: Time(o.At), Event: o.Event, What: e.told(o), Rules: []KindRule{}, Clocks: []ClockSays{}}
	if o.ID != 0 {
		m.ID = strconv.FormatInt(o.ID, 10)
	}
	if o.Rank == latency.RankCommentAdded || o.Rank == latency.RankCommentEdited {
		m.URL = Link(e.jira, e.h.Key, o.ID)
	}
	if !e.Rules.Together {
		m.Actor = e.person(o.by)
	}
	for _, rule := range o.Rules {
		kind, name, ok := strings.Cut(rule, ": ")
		if !ok {
			kind, name = "", rule
		}
		m.Rules = append(m.Rules, KindRule{kind, MeaningOf(latency.Kind(kind), latency.Rule(name))})
	}
	for _, c := range o.Clocks {
		m.Clocks = append(m.Clocks, ClockSays{string(c.Kind), Person{c.Owner, c.Name}, Seconds(c.Working), Seconds(c.Elapsed)})
	}
	return m
}

// told says in a few words what an event changed or said, as a page does: people and fields
// by their names.
func (e *explained) told(o *Occasion) string {
	if o.ev == nil {
		return o.What
	}
	names := func(accounts []string) string {
		out := make([]string, len(accounts))
		for i, account := range accounts {
			out[i] = e.Rules.Name(e.Rules.Mentioned(account))
		}
		return strings.Join(out, ", ")
	}
	ev := *o.ev
	ev.Changes = slices.Clone(ev.Changes)
	for i := range ev.Changes {
		c := &ev.Changes[i]
		if latency.HoldsPeople(c.Field) {
			if c.From.Name, c.To.Name = names(accounts(c.From)), names(accounts(c.To)); e.Rules.Together {
				c.From, c.To = latency.Value{ID: "…"}, latency.Value{ID: "…"}
			}
		}
		c.Field = e.fieldName(c.Field)
	}
	if f := ev.Comment; f != nil {
		facts := *f
		facts.Asked, facts.Mentioned = named(names, f.Asked, e.Rules.Together), named(names, f.Mentioned, e.Rules.Together)
		ev.Comment = &facts
	}
	plain := *e.Reader
	rules := *e.Rules
	plain.Rules, rules.Pseudonyms = &rules, nil // they are named already
	return plain.describe(&ev)
}

// named returns some people by their names, as one; where owners are not told apart nobody
// has a name.
func named(names func([]string) string, people []string, together bool) []string {
	switch {
	case len(people) == 0:
		return nil
	case together:
		return []string{"somebody"}
	}
	return []string{names(people)}
}

// fieldName returns what the config calls a field, or Jira's name.
func (e *explained) fieldName(field string) string {
	p := e.Rules.Projects[e.res.Home.ProjectID]
	if p == nil {
		return field
	}
	c := e.config.Project(p.Key)
	switch {
	case field == p.OwnerField && c.OwnerField != "":
		return c.OwnerField
	case field == p.DelegateField && c.DelegateField != "":
		return c.DelegateField
	}
	return field
}
