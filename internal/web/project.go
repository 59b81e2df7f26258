package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// projectPage is where the time goes in a project (/projects/P).
type projectPage struct {
	Loading string
	Flow    *query.Flow
	Tiles   []tile
	Bounds  string // the share of waiting for the owner
	Bars    []stageBar
	Total   phrase
	Kinds   []kindRow
	Needs   []needLine
	Rules   bool
}

// stageBar is a stage in the bar of the cycle time.
type stageBar struct {
	box
	ID                string // the stage
	Name, Share, Said string
	Time              phrase
	Is                string
	Largest           bool
}

// kindRow is how a kind of wait goes.
type kindRow struct {
	Others int // open waits without the forgotten, which stand apart
	query.FlowKind
	Name                 string
	Target, Oldest       phrase
	Forgot               string // the oldest of the forgotten; "": none is
	Half, Most           string
	Path, LatePath       string
	ForgottenPath        string
	Counted              int
	CutShort             bool // more than a fifth ended without a verdict or an answer
	HalfExact, MostExact string
}

// needLine is what the team needs, and the evidence.
type needLine struct {
	What           string // verdicts, answers or a stage
	Text, Evidence string
	Sure           bool
}

// project serves the page of where the time goes in a project (/projects/P).
func (s *Server) project() http.Handler {
	page := page("project.html", nil, "chart.html")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, asked := callerOf(r), r.PathValue("project")
		reader, err := s.reader(r)
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		if reader == nil {
			s.show(w, r, page, view{Title: plain(asked, nameLength), Notices: s.state(c), Page: projectPage{Loading: waitingForNumbers(s.from.Status())}})
			return
		}
		flow, ok := reader.Flow(asked)
		if !ok {
			var known []menuEntry
			for project := range reader.Report.Configured {
				if c.SeesProject(project) {
					known = append(known, menuEntry{Name: project, Path: "/projects/" + url.PathEscape(project)})
				}
				if strings.EqualFold(project, asked) && c.SeesProject(project) {
					http.Redirect(w, r, "/projects/"+url.PathEscape(project), http.StatusFound)
					return
				}
			}
			slices.SortFunc(known, func(a, b menuEntry) int { return strings.Compare(a.Name, b.Name) })
			s.fail(w, r, http.StatusNotFound, "No such project", "There is no project "+isolated(asked)+" here: it is not watched any more, or it was never read.", known...)
			return
		}
		p := newProjectPage(flow, reader.Report)
		p.Rules = s.serves("GET /how")
		s.show(w, r, page, view{Title: asked, Answer: flowAnswer(flow), Notices: s.projectState(c, reader.Report, asked), Page: p})
	})
}

// projectState returns the notices of a page about one project.
func (s *Server) projectState(c Caller, report *latency.Report, project string) []notice {
	out := slices.DeleteFunc(s.state(c), func(n notice) bool { return strings.HasPrefix(n.ID, "misfit-") })
	for i, text := range misfitsOf(report, func(other string) bool { return other == project }) {
		out = append(out, notice{Kind: "warning", ID: fmt.Sprint("misfit-", i), Title: "The config may not fit.", Text: text})
	}
	return out
}

// tenths writes a share to the tenth of a percent.
func tenths(of float64) string { return fmt.Sprintf("%.1f", 100*of) + " %" }

// flowAnswer says in a sentence where the time goes.
func flowAnswer(f *query.Flow) string {
	if !f.BlockerKnown {
		return fmt.Sprintf("Too few stories to tell where the time goes: %s in the last 28 days, and at least five are needed.", words.Count(f.Stories, "story", "stories"))
	}
	text := "Is the owner the bottleneck? " + strings.ToUpper(f.Bottleneck[:1]) + f.Bottleneck[1:] + ": " + words.Between(f.Low, f.High) + " of the cycle time of the last 28 days was waiting for the owner. "
	switch f.Blocker {
	case "":
		return text + "No stage outside development and backlog stands out."
	case string(latency.StageOwner):
		return text + "That is the largest blocker" + levelWith(f) + "."
	}
	return text + "The largest blocker is " + stageName(f.Blocker) + ", with " + tenths(f.BlockerShare) + levelWith(f) + "."
}

// levelShare is how far apart two shares of the cycle time are at most that are about level.
const levelShare = 0.01

// levelWith says with which stage the largest blocker is about level; "" if with none.
func levelWith(f *query.Flow) string {
	next := query.Lived{}
	for _, l := range f.Stages {
		if l.Blocks && l.Stage != f.Blocker && l.Share > next.Share {
			next = l
		}
	}
	if next.Share == 0 || f.BlockerShare-next.Share >= levelShare {
		return ""
	}
	return ", about level with " + stageName(next.Stage) + " (" + tenths(next.Share) + ")"
}

// aboutHours says working time in hours of three figures: a sum over many stories is no more
// exact.
func aboutHours(d time.Duration) string {
	hours := d.Round(time.Hour) / time.Hour
	unit := time.Duration(1)
	for hours/unit >= 1000 {
		unit *= 10
	}
	if hours < 10 {
		return words.Working(d, 0)
	}
	return "about " + words.Number(int((hours+unit/2)/unit*unit)) + " working hours"
}

// stageName says a stage in words.
func stageName(stage string) string {
	switch stage {
	case string(latency.StageOwner):
		return "waiting for the owner"
	case string(latency.StageOwnerQuestion):
		return "question open, work may go on"
	}
	return stage
}

// stageIs says what it means that a story is in a stage.
func stageIs(l query.Lived) string {
	switch {
	case l.Stage == string(latency.StageOwnerQuestion):
		return "waiting for the owner's answer, while work may go on"
	case l.Waiting:
		return "for acceptance, or for an answer without which work cannot go on"
	case l.Stage == string(latency.StageReview):
		return "waiting for review, or in it"
	case l.Stage == string(latency.StageTest):
		return "waiting for a test, or in it"
	case l.Stage == string(latency.StageBlocked):
		return "held up by something else"
	case l.Stage == string(latency.StageRelease):
		return "waiting for the release, or in it"
	case l.Stage == string(latency.StageBacklog):
		return "put back, to be done later"
	}
	return "in work"
}

// newProjectPage makes the page of a flow.
func newProjectPage(f *query.Flow, report *latency.Report) projectPage {
	p := projectPage{Flow: f, Bounds: words.Between(f.Low, f.High), Total: phrase{aboutHours(f.CycleTime.Duration()), words.Exact(f.CycleTime.Duration())}}
	at := 0.0
	for _, l := range f.Stages {
		b := stageBar{
			box: box{Class: "stage " + l.Stage, Text: stageName(l.Stage), from: at, to: at + 100*l.Share},
			ID:  l.Stage, Name: stageName(l.Stage), Share: tenths(l.Share), Time: phrase{words.Working(l.Time.Duration(), 0), words.Exact(l.Time.Duration())},
			Is: stageIs(l), Largest: l.Stage == f.Blocker,
		}
		switch l.Stage { // the table has the whole name
		case string(latency.StageOwnerQuestion):
			b.Text = "question open"
		case string(latency.StageOwner):
			b.Text = "owner"
		}
		b.Title = b.Name + ": " + b.Share
		at = b.to
		b.box = placed([]box{b.box})[0]
		p.Bars = append(p.Bars, b)
	}
	for _, k := range f.Kinds {
		p.Kinds = append(p.Kinds, newKindRow(f.Project, k, report))
		row := p.Kinds[len(p.Kinds)-1]
		tone := ""
		if row.OverdueOthers > 0 {
			tone = "late"
		}
		label := words.Count(row.Others, "story waits for ", "stories wait for ")
		label = label[strings.IndexByte(label, ' ')+1:] + map[string]string{string(latency.Acceptance): "acceptance", string(latency.Question): "an answer"}[k.Kind]
		p.Tiles = append(p.Tiles, tile{ID: "open-" + k.Kind, Number: words.Number(row.Others), Label: label, Path: row.Path},
			tile{ID: "late-" + k.Kind, Number: words.Number(row.OverdueOthers), Label: "of these past target", Tone: tone, Path: row.LatePath})
	}
	for _, n := range f.Needs {
		p.Needs = append(p.Needs, newNeed(n))
	}
	return p
}

// newKindRow makes the row of a kind of wait.
func newKindRow(project string, k query.FlowKind, report *latency.Report) kindRow {
	day := workingDay(report, "", project)
	row := kindRow{
		FlowKind: k, Others: k.Open - k.Forgotten, Name: whatFor(latency.Kind(k.Kind)),
		Target: workingTime(k.Target.Duration(), day), Oldest: workingTime(k.OldestOthers.Duration(), day),
		Counted: k.Ended + k.Running + k.Censored,
	}
	if k.Forgotten > 0 {
		row.Forgot = words.Working(k.OldestForgotten.Duration(), day)
	}
	row.CutShort = 5*k.Censored > row.Counted
	say := func(q *query.QuantileOf) (text, exact string) {
		switch {
		case q == nil:
			return "too early to tell", ""
		case !q.Reached:
			return "not reached: too many are open past target", ""
		}
		return words.Working(q.Within.Duration(), day), words.Exact(q.Within.Duration())
	}
	row.Half, row.HalfExact = say(k.Half)
	row.Most, row.MostExact = say(k.Most)
	q := url.Values{"project": {project}, "kind": {k.Kind}}
	row.Path = "/?" + q.Encode()
	q.Set("state", string(latency.StateOverdue))
	row.LatePath = "/?" + q.Encode()
	q.Set("state", string(latency.StateForgotten))
	row.ForgottenPath = "/?" + q.Encode()
	return row
}

// newNeed says what a team needs, and by which evidence.
func newNeed(n query.Need) needLine {
	line := needLine{What: n.What, Sure: n.Sure}
	switch n.What {
	case query.NeedVerdicts, query.NeedAnswers:
		what := map[string]string{query.NeedVerdicts: "acceptance", query.NeedAnswers: "answers"}[n.What]
		line.Text = map[string]string{query.NeedVerdicts: "Acceptance sooner", query.NeedAnswers: "Answers sooner"}[n.What]
		switch {
		case !n.Sure:
			line.Text = "Too few waits to tell about " + what
			line.Evidence = fmt.Sprintf("%s in the last 28 days, and at least ten are needed", words.Count(n.Waits, "wait", "waits"))
		case n.Most == 0:
			line.Evidence = fmt.Sprintf("so many are open past target that 85 of 100 are not over yet; based on %s", words.Count(n.Waits, "wait", "waits"))
		default:
			line.Evidence = fmt.Sprintf("85 of 100 are over within %.1f times the target; based on %s", n.Most, words.Count(n.Waits, "wait", "waits"))
		}
	default:
		line.Text = "Less time in " + stageName(n.What)
		if n.What == string(latency.StageOwner) {
			line.Text = "Less waiting for the owner"
		}
		line.Evidence = fmt.Sprintf("the longest stage outside development and backlog, with %s of the cycle time; based on %s", tenths(n.Share), words.Count(n.Stories, "story", "stories"))
	}
	return line
}
