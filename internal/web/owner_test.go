package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// turnReport is a report of ada, who owns PAY and WEB, and of grace, who owns WEB too.
// ada's questions took an hour in the last 28 days, and eight in the 62 days before.
func turnReport(t testing.TB) func() *latency.Report {
	rules := inOffice(t)
	web := *rules.Projects["1"]
	web.ID, web.Key = "2", "WEB"
	rules.Projects["2"] = &web
	rules.Names = map[string]string{"ada": "Ada Ohm", "grace": "Grace Ampere", "hal": "Hal Volt"}
	rules.Owners = map[string]*latency.Owner{"ada": {Key: "ada"}, "grace": {Key: "grace"}}
	rules.Delegates = []latency.Delegation{{Owner: "ada", Delegate: "hal", Span: latency.Span{From: 0, To: monday.Add(24 * time.Hour)}}}
	var past latency.Trace
	for i := range int64(60) {
		s := latency.Sample{
			StoryID: 100 + i, Kind: latency.Question, ProjectID: "1", Owner: "ada", Response: true, Working: time.Hour,
			Start: monday.Add(-10 * 24 * time.Hour), End: monday.Add(-9 * 24 * time.Hour),
		}
		if i >= 20 {
			s.Working, s.Start, s.End = 8*time.Hour, monday.Add(-50*24*time.Hour), monday.Add(-48*24*time.Hour)
		}
		past.Samples = append(past.Samples, s)
	}
	past.Verdict.At = latency.Never
	totals := latency.NewTotals()
	add := func(n int, project, owner string, typ latency.EntryType, outcome latency.Outcome, by latency.Responder) {
		kind := latency.Acceptance
		if outcome == latency.Answered {
			kind = latency.Question
		}
		for range n {
			totals.Add(latency.Entry{ID: latency.EntryID{Kind: kind}, Type: typ, Project: project, Owner: owner, Outcome: outcome, Responder: by})
		}
	}
	add(41, "PAY", "ada", latency.EntryEnded, latency.Answered, latency.ByOwner)
	add(7, "PAY", "ada", latency.EntryEnded, latency.Answered, latency.ByDelegate)
	add(13, "WEB", "ada", latency.EntryEnded, latency.Accepted, latency.ByOther)
	add(977, "WEB", "grace", latency.EntryEnded, latency.Answered, latency.ByOwner)
	add(3, "PAY", "ada", latency.GuardAskedAgain, "", "")
	add(2, "WEB", "ada", latency.GuardReopened, "", "")
	add(911, "WEB", "grace", latency.GuardReopened, "", "")
	elsewhere, colleague := openWait(2, latency.Acceptance, time.Hour, false), openWait(3, latency.Question, time.Hour, false)
	elsewhere.ProjectID, elsewhere.Story = "2", "WEB-2"
	colleague.ProjectID, colleague.Story, colleague.Owner = "2", "WEB-3", "grace"
	waits := []latency.Part{openWait(1, latency.Question, time.Hour, false), elsewhere, colleague}
	statistics := latency.NewStatistics(rules, latency.Rolling(monday), slices.Values([]*latency.Trace{&past}))
	report := latency.NewReport(rules, monday, totals, waits, nil, statistics, 20)
	return func() *latency.Report { return report }
}

// TestYourTurn reads the page of ada as ada, as a lead of PAY, and without identity.
func TestYourTurn(t *testing.T) {
	var failure error
	s := serving(Sources{
		Report: turnReport(t), Policy: identified, Looks: &changes{},
		Status: func() Status { return Status{JiraURL: "https://jira.example"} },
		LooksAt: func(context.Context, string) ([]query.Look, error) {
			return []query.Look{{At: query.Time(monday - 1000), By: "lin", What: "/owners/ada"}}, failure
		},
	})
	ask := func(user, path string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "localhost"
		named(proxy, user, "")(r)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		return rec.Code, rec.Body.String()
	}
	_, own := ask("ada@example.com", "/owners/ada")
	inOrder(t, own, `<a href="/owners/ada" aria-current="page">Your turn</a>`, "<h1>Your turn</h1>", "2 waits are open: 1 is due today and 1 is new.", "What to do first",
		`href="https://jira.example/browse/PAY-1?focusedCommentId=4711"`, "due today", `href="https://jira.example/browse/WEB-2"`, "new",
		"Your waits, lately", `id="part-PAY-question"`, "1 working hour", "20 waits: 20 answered, 0 open", "1 working day", "60 waits: 60 answered, 0 open", "4 working hours",
		"Shorter than in the last 90 days, and within target.",
		"How much there is to do", "Question", "5.0", "4.7", "7 of 48", "Hal Volt", "may answer until", "Tue 3 Mar, 12:00 UTC",
		"<strong>2</strong> of 13 accepted stories were reopened", "<strong>3</strong> of 48 answers", "Who looked at your numbers", "lin", "/owners/ada")
	_, lead := ask("lin", "/owners/ada")
	inOrder(t, lead, "<h1>Your turn: Ada Ohm</h1>", "PAY-1", "Waits for <bdi>Ada Ohm</bdi>, lately", "by", "<bdi>Ada Ohm</bdi>'s own hours", `id="part-PAY-question"`, "<strong>0</strong> of 0 accepted stories")
	for body, never := range map[string][]string{own: {"grace", "Grace", "WEB-3", "977", "911"}, lead: {"grace", "Grace", "WEB-3", "977", "911", "WEB", "Who looked"}} {
		for _, text := range never {
			if strings.Contains(body, text) {
				t.Errorf("the page has %q:\n%s", text, body)
			}
		}
	}
	failure = errors.New("the disk is full")
	var logged error
	s.from.Failed = func(_ string, err error) { logged = err }
	if code, body := ask("ada@example.com", "/owners/ada"); code != http.StatusInternalServerError || strings.Contains(body, "disk") || !strings.Contains(body, "The log of the service says why") {
		t.Errorf("without the looks: %d %s", code, body)
	}
	if !errors.Is(logged, failure) {
		t.Errorf("without the looks: the log says %v", logged)
	}
	s.from.Policy = func() *Policy { return &Policy{} }
	code, body := ask("", "/owners/nobody")
	if code != http.StatusNotFound {
		t.Errorf("an unknown owner: %d", code)
	}
	inOrder(t, body, "No such owner", `<a href="/owners/ada">Ada Ohm</a>`, `<a href="/owners/grace">Grace Ampere</a>`)
	inOrder(t, second(ask("", "/")), `id="owner-ada-PAY-question"`, `<a href="/owners/ada">`)
}

func second[A, B any](_ A, b B) B { return b }

// TestYourTurnSaysWhatItCannotTell has too few answers, and none.
func TestYourTurnSaysWhatItCannotTell(t *testing.T) {
	seconds := func(h float64) *query.Seconds {
		s := query.Seconds(h * float64(time.Hour))
		return &s
	}
	part := func(recent, longer query.Windowed) query.TurnPart {
		return query.TurnPart{Target: query.Seconds(4 * time.Hour), Day: query.Seconds(8 * time.Hour), Recent: recent, Longer: longer}
	}
	for want, p := range map[string]query.TurnPart{
		"Nothing waited in the last 28 days.":                  part(query.Windowed{}, query.Windowed{Answered: 30, Half: seconds(1)}),
		"Too few answers to compare: 1.":                       part(query.Windowed{Answered: 1, Half: seconds(1)}, query.Windowed{Answered: 30, Half: seconds(1)}),
		"Too few answers to compare: 9.":                       part(query.Windowed{Answered: 9, Half: seconds(1)}, query.Windowed{Answered: 30, Half: seconds(1)}),
		"Half are not answered yet, and some are past target.": part(query.Windowed{Answered: 1, Open: 3, Overrun: true}, query.Windowed{}),
		"Too early to tell.":                                   part(query.Windowed{Answered: 10, Open: 20}, query.Windowed{Answered: 10, Open: 20}),
		"The same as in the last 90 days, and within target.":  part(query.Windowed{Answered: 10, Half: seconds(4)}, query.Windowed{Answered: 30, Half: seconds(4.1)}),
		"Longer than in the last 90 days, and past target.":    part(query.Windowed{Answered: 10, Half: seconds(9)}, query.Windowed{Answered: 30, Half: seconds(5)}),
		"Shorter than in the last 90 days, and past target.":   part(query.Windowed{Answered: 10, Half: seconds(5)}, query.Windowed{Answered: 30, Half: seconds(9)}),
	} {
		if got := courseOf(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
