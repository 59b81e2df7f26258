package web

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/latency"
)

// inOffice returns rules of PAY, with office hours from 09:00 to 17:00 in UTC.
func inOffice(t testing.TB) *latency.Rules {
	t.Helper()
	week := calendar.Week{}
	for day := time.Monday; day <= time.Friday; day++ {
		week[day] = []calendar.Interval{{From: 9 * 60, To: 17 * 60}}
	}
	hours, err := calendar.New(calendar.Spec{Zone: time.UTC, Week: week})
	if err != nil {
		t.Fatal(err)
	}
	return &latency.Rules{
		Projects: map[string]*latency.Project{"1": {ID: "1", Key: "PAY", TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour, Calendar: hours}},
		Names:    map[string]string{"ada": "Ada <Ohm>"},
	}
}

// monday is the instant as of which the tests' reports are: Monday 2 March 2026, noon.
const monday = latency.Instant(1772452800000)

// openWait is an open wait of ada's on PAY.
func openWait(id int64, kind latency.Kind, working time.Duration, forgotten bool) latency.Part {
	p := latency.Part{
		Wait:      latency.Wait{StoryID: id, Story: fmt.Sprintf("PAY-%d", id), Kind: kind, Since: monday - 1000, Rule: latency.EnteredAcceptance},
		ProjectID: "1", Owner: "ada", Start: monday - 1000, End: latency.Never, Working: working, StoryWorking: working, BreachAt: 1, Target: 8 * time.Hour, Forgotten: forgotten,
	}
	if kind == latency.Question {
		p.Rule, p.Target = latency.ByMention, 4*time.Hour
		p.Steps = []latency.Step{{At: p.Since, ID: 4711, Rank: latency.RankCommentAdded, Rule: latency.ByMention}}
	}
	return p
}

// reportOf returns a report of open waits.
func reportOf(t testing.TB, rules *latency.Rules, waits ...latency.Part) func() *latency.Report {
	t.Helper()
	report := latency.NewReport(rules, monday, latency.NewTotals(), waits, nil, &latency.Statistics{}, 20)
	return func() *latency.Report { return report }
}

// inOrder fails unless a page has texts in this order.
func inOrder(t *testing.T, body string, want ...string) {
	t.Helper()
	rest := body
	for _, text := range want {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("%q is not on the page, or not in its place:\n%s", text, body)
			return
		}
		rest = after
	}
}

func TestPageShowsWaitsAndEscapesNames(t *testing.T) {
	const hour = time.Hour
	hostile := "<script>alert(1)</script>\n\u202e" + strings.Repeat("long ", 2000)
	s := serving(Sources{
		Report: reportOf(t, inOffice(t), openWait(1, latency.Question, hour, false), openWait(2, latency.Acceptance, 9*hour, false), openWait(3, latency.Acceptance, hour, false)),
		Status: func() Status { return Status{JiraURL: "https://example.org/jira/", LastErr: "no route"} },
		Titles: func(context.Context, []int64) (map[int64]string, error) {
			return map[int64]string{1: "Which currency?", 3: hostile}, nil
		},
	})
	_, body := get(s, "/")
	inOrder(t, body, "3 waits are open: 1 is due today, 1 is new and 1 is past target.", "The last poll failed.", "no route", "due today",
		`href="https://example.org/jira/browse/PAY-1?focusedCommentId=4711"`, "Which currency?", "PAY-1 · Question", "Due <time datetime=\"2026-03-02T15:00:00.000Z\" data-brief=\"today\">15:00 UTC</time>",
		"1 working hour<span class=\"exact\"> (1 h of working time)</span>", "Ada &lt;Ohm&gt;")
	inOrder(t, body, `href="https://example.org/jira/browse/PAY-2"`, "PAY-2", "past target", "9 h of working time", "1 working day", "By owner, in alphabetical order")
	for _, never := range []string{"<script>", "orgotten:", "Nothing waits"} {
		if strings.Contains(body, never) {
			t.Errorf("the page has %q", never)
		}
	}
	if !strings.Contains(body, "&lt;script&gt;alert(1)") || len(body) > 30_000 {
		t.Errorf("the title is not shown as it is, or not cut: the page has %d bytes", len(body))
	}
}

// TestPageShowsForgottenWaitsApart has forgotten waits, with and without others.
func TestPageShowsForgottenWaitsApart(t *testing.T) {
	const hour = time.Hour
	old, older := openWait(1, latency.Acceptance, 200*hour, true), openWait(2, latency.Acceptance, 300*hour, true)
	beside := serving(Sources{Report: reportOf(t, inOffice(t), old, openWait(3, latency.Acceptance, hour, false), older)})
	_, body := get(beside, "/")
	inOrder(t, body, "1 wait is open, and it is new. <a href=\"/?state=forgotten\">2 more are forgotten</a>.", `id="tile-overdue"`, `<span class="number">0</span>`, `id="tile-forgotten"`, `<span class="number">2</span>`,
		"What to look at", "PAY-3", "<details id=\"forgotten\">", "Forgotten: 2", "PAY-2", "PAY-1", "1 to 2 of 2", "By owner", `<td role="cell" data-label="Open" class="n">1 <span class="soft">and 2 forgotten</span></td><td role="cell" data-label="Past target" class="n">0</td>`)
	alone := serving(Sources{Report: reportOf(t, inOffice(t), old, older)})
	_, body = get(alone, "/")
	inOrder(t, body, "Nothing waits except <a href=\"/?state=forgotten\">2 forgotten waits</a>.", "What to look at", "Only forgotten waits are open.", "PAY-2")
	_, body = get(alone, "/?state=forgotten")
	inOrder(t, body, `<option value="forgotten" selected>`, "What to look at", "PAY-2", "PAY-1", "1 to 2 of 2", "By owner")
	if strings.Contains(body, "<details id=\"forgotten\"") {
		t.Error("forgotten waits are listed twice")
	}
	_, body = get(serving(Sources{Report: reportOf(t, inOffice(t))}), "/")
	inOrder(t, body, "Nothing waits.", `class="empty">Nothing waits.`)
}

// TestPagesOfWhatWaits leads through more waits than a page has, and back.
func TestPagesOfWhatWaits(t *testing.T) {
	var waits []latency.Part
	for id := range int64(60) {
		waits = append(waits, openWait(id+1, latency.Acceptance, time.Hour, false))
	}
	s := serving(Sources{Report: reportOf(t, inOffice(t), waits...)})
	seen := map[string]bool{}
	for path, pages := "/?kind=acceptance&project=", 1; ; pages++ {
		_, body := get(s, path)
		for _, id := range regexp.MustCompile(`id="wait-\d+-acceptance"`).FindAllString(body, -1) {
			if seen[id] {
				t.Errorf("%s is listed again on %s", id, path)
			}
			seen[id] = true
		}
		next := regexp.MustCompile(`rel="next" href="([^"]*)"`).FindStringSubmatch(body)
		if next == nil {
			inOrder(t, body, "51 to 60 of 60", `rel="prev" href="/?kind=acceptance&amp;page=2"`)
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
		path = html.UnescapeString(next[1])
	}
	if len(seen) != 60 {
		t.Errorf("%d of 60 waits are listed", len(seen))
	}
	_, body := get(s, "/?page=9999999999999999999999")
	inOrder(t, body, "1 to 25 of 60")
	_, body = get(s, "/?page=99")
	inOrder(t, body, "51 to 60 of 60")
	_, body = get(s, "/?state=%3Cb%3E&owner=nobody")
	inOrder(t, body, "No open wait matches your choice.", "Show everything", "No open wait matches your choice.")
}

// TestNothingIsSentTwice asks again for a page that has not changed, and for one that
// has.
func TestNothingIsSentTwice(t *testing.T) {
	waits := []latency.Part{openWait(1, latency.Question, time.Hour, false)}
	report := reportOf(t, inOffice(t), waits...)
	s := serving(Sources{Report: func() *latency.Report { return report() }})
	ask := func(tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", tag)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		return rec
	}
	tag := ask("").Header().Get("ETag")
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag} {
		if rec := ask(known); rec.Code != http.StatusNotModified || rec.Body.Len() > 0 || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("with %s: answered with %d", known, rec.Code)
		}
	}
	report = reportOf(t, inOffice(t), append(waits, openWait(2, latency.Question, time.Hour, false))...)
	if rec := ask(tag); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "PAY-2") || rec.Header().Get("ETag") == tag {
		t.Errorf("a changed page is answered with %d", rec.Code)
	}
}

// TestTitlesThatCannotBeRead holds that the page says so.
func TestTitlesThatCannotBeRead(t *testing.T) {
	s := serving(Sources{
		Report: reportOf(t, inOffice(t), openWait(1, latency.Question, time.Hour, false)),
		Titles: func(context.Context, []int64) (map[int64]string, error) { return nil, errors.New("the disk <is> full") },
	})
	if code, body := get(s, "/"); code != http.StatusInternalServerError || !strings.Contains(body, "the disk &lt;is&gt; full") {
		t.Errorf("answered with %d: %s", code, body)
	}
}

// TestNamesInListsAreOneLine holds that a title turns the direction of nothing else.
func TestNamesInListsAreOneLine(t *testing.T) {
	for text, want := range map[string]string{"a \u202eb\r\nc\u0007": "a b c", strings.Repeat("é", 200): strings.Repeat("é", 159) + "…"} {
		if got := short(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
