package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// hostile are names as nobody should give them.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{.Status}}`, "a\nb\r\n<b>c", "\u202eevil\u202c", "שלום עולם", "مرحبا", "👩‍👩‍👧‍👦 review 🎉",
		strings.Repeat("x", 10000), strings.Repeat("<b>", 3000), "\x00\x07", " ", "\ufeff", "'; DROP TABLE story; --", "</title><script>", "&lt;b&gt;",
	}
}

// hostileStory is a story whose every status, name and field is hostile.
func hostileStory(id int64, key string) (jiradata.Story, []jiradata.User) {
	st := asking(id, key, "1", "a")
	var users []jiradata.User
	at := answersFrom.Add(2 * time.Hour)
	for i, name := range hostile() {
		who := fmt.Sprint("h", i)
		users = append(users, jiradata.User{ID: who, DisplayName: name, Active: true})
		st.History.Events = append(st.History.Events, latency.Event{
			At: at.Add(time.Duration(i) * 20 * time.Minute), Rank: latency.RankRecord, ID: int64(1000 + i), Actor: who,
			Changes: []latency.Change{
				{Field: latency.FieldStatus, From: latency.Value{ID: fmt.Sprint("x", i), Name: name}, To: latency.Value{ID: fmt.Sprint("x", i+1), Name: name}},
				{Field: latency.FieldLabels, From: latency.Value{}, To: latency.Value{Name: name}},
			},
		})
	}
	return st, users
}

// TestStoryPageWithHostileNames holds that nothing that Jira says is read as anything but
// text, and that it stays within bounds.
func TestStoryPageWithHostileNames(t *testing.T) {
	st, users := hostileStory(3, "PAY-3")
	s := storyServer(t, users, st)
	for _, path := range []string{"/stories/PAY-3", "/stories/PAY-3?life=whole", "/stories/PAY-3?events=1&life=%3Cb%3E"} {
		code, body := get(s, path)
		if code != 200 {
			t.Fatalf("%s: %d", path, code)
		}
		sound(t, path, body)
	}
}

// sound fails unless a page holds no markup of others, no control characters, no direction
// that goes on, and is of a size that can be read.
func sound(t *testing.T, path, body string) {
	t.Helper()
	if len(body) > 100_000 {
		t.Errorf("%s has %d bytes", path, len(body))
	}
	for _, bad := range []string{"<script>alert", "<img", "<b>", "onerror=alert(1)>", "\x00", "\x07", "\u202e", strings.Repeat("x", 400), "ZgotmplZ"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s holds %.20q", path, bad)
		}
	}
	if !utf8.ValidString(body) {
		t.Errorf("%s is no UTF-8", path)
	}
	if strings.Count(body, "\u2068") != strings.Count(body, "\u2069") {
		t.Errorf("%s: %d names begin, and %d end", path, strings.Count(body, "\u2068"), strings.Count(body, "\u2069"))
	}
}

// storyServer returns a server of the stories of answering, and of more.
func storyServer(t *testing.T, users []jiradata.User, more ...jiradata.Story) *Server {
	t.Helper()
	report := twoTeams(t)
	report.DataTimestamp = answersFrom.Add(30 * time.Hour)
	reader := answering(t, report, users, more...)
	return serving(Sources{
		Report: func() *latency.Report { return report }, Reader: func(context.Context) (*query.Reader, error) { return reader, nil },
		Status: func() Status { return Status{JiraURL: "https://jira.example/"} },
	})
}

// TestStoryPageOfALongHistory has a story of eight years with thousands of events.
func TestStoryPageOfALongHistory(t *testing.T) {
	st := asking(3, "PAY-3", "1", "a")
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	status := func(i int) latency.Value {
		return latency.Value{ID: strconv.Itoa(1 + i%3), Name: []string{"Open", "PO Review", "Done"}[i%3]}
	}
	at := answersFrom.Add(-8 * 365 * 24 * time.Hour)
	st.History.Events[0].At = at
	const moves = 4000
	for i := range moves {
		at = at.Add(time.Duration(random.IntN(60*30)) * time.Minute)
		st.History.Events = append(st.History.Events, latency.Event{
			At: at, Rank: latency.RankRecord, ID: int64(1000 + i), Actor: []string{"d", "a"}[random.IntN(2)], Changes: []latency.Change{{Field: latency.FieldStatus, From: status(i), To: status(i + 1)}},
		})
	}
	st.History.Now[latency.FieldStatus] = []latency.Value{status(moves)}
	s := storyServer(t, nil, st)
	for _, path := range []string{"/stories/PAY-3", "/stories/PAY-3?life=whole", "/stories/PAY-3?life=whole&events=1", "/stories/PAY-3?events=50", "/stories/PAY-3?events=-1"} {
		code, body := get(s, path)
		if code != 200 {
			t.Fatalf("%s: %d", path, code)
		}
		sound(t, path, body)
		if !strings.Contains(body, "4002") || !strings.Contains(body, "<svg role=\"img\"") {
			t.Errorf("%s does not say how many events there are, or has no picture", path)
		}
	}
	_, first := get(s, "/stories/PAY-3?events=1")
	if !strings.Contains(first, `<p>1 to 2 of 4002</p>`) || !strings.Contains(first, "events=2#events") || strings.Contains(first, `rel="prev"`) {
		t.Error("the first page of events leads nowhere, or back")
	}
	_, last := get(s, "/stories/PAY-3")
	if !strings.Contains(last, `<p>3963 to 4002 of 4002</p>`) || !strings.Contains(last, "events=100#events") || strings.Contains(last, `rel="next"`) {
		t.Error("the last page of events leads nowhere, or on")
	}
}

// TestStoryPageSaysWhy reads the first lines of the page.
func TestStoryPageSaysWhy(t *testing.T) {
	s := storyServer(t, nil)
	_, body := get(s, "/stories/PAY-1")
	for _, want := range []string{
		`It has been waiting for an answer from <bdi>Ada Ohm</bdi> since <time datetime="2026-03-02T10:00:00.000Z">Mon 2 Mar, 10:00 UTC</time> (1½ working days, past its target of 4 working hours), because a comment asks the owner (asked by <bdi>Dev</bdi>).`,
		`href="https://jira.example/browse/PAY-1"`, `href="https://jira.example/browse/PAY-1?focusedCommentId=101"`, `<a href="/how#ask-mention">a comment asks the owner</a>`,
		`<span class="badge late">past target</span>`, "asks Ada Ohm", `<p>an answer from <bdi>Ada Ohm</bdi>: less than a minute`, "<title id=\"chart-title\">The life of PAY-1", "nobody",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	for path, want := range map[string]string{"/stories/pay-1": "/stories/PAY-1", "/stories/PaY-1?life=whole": "/stories/PAY-1?life=whole"} {
		code, body := get(s, path)
		if code != 302 || !strings.Contains(body, `href="`+want+`"`) {
			t.Errorf("%s: %d %s, want a redirection to %s", path, code, body, want)
		}
	}
	for path, hint := range map[string]string{
		"/stories/PAY-77": "the store holds no such story", "/stories/PYA-1": "did you mean PAY-1?", "/stories/7": "a story is named by its key", "/stories/%3Cb%3E-1": "the store holds no project",
	} {
		code, body := get(s, path)
		if code != 404 || !strings.Contains(body, hint) {
			t.Errorf("%s: %d, and not %q:\n%s", path, code, hint, body)
		}
		sound(t, path, body)
	}
}

// TestJoinedBoxes holds that a crowd of boxes is joined, and nothing of it lost.
func TestJoinedBoxes(t *testing.T) {
	var boxes []box
	for i := range 1000 {
		boxes = append(boxes, box{from: float64(i) / 20, to: float64(i+1) / 20, Class: "status"})
	}
	boxes = append(boxes, box{from: 50, to: 100, Class: "status", Text: "Done"})
	got := placed(boxes)
	if len(got) > crowd || got[0].from != 0 || got[len(got)-1].to != 100 || got[len(got)-1].Fits != "any" {
		t.Errorf("%d boxes from %v to %v", len(got), got[0].from, got[len(got)-1].to)
	}
	for i := 1; i < len(got); i++ {
		if got[i].from-got[i-1].to > 0.001 {
			t.Errorf("a gap between %v and %v", got[i-1].to, got[i].from)
		}
	}
	if few := placed(boxes[:crowd]); len(few) != crowd {
		t.Errorf("%d boxes of %d are left", len(few), crowd)
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " a  b\n c ": "a b c", "\u202eabc\u202c": "abc", "\xff": "�", strings.Repeat("é", 11): strings.Repeat("é", 9) + "…", strings.Repeat("é", 10): strings.Repeat("é", 10), "👩‍👩‍👧": "👩‍👩‍👧",
	} {
		if got := plain(text, 10); got != want {
			t.Errorf("%.20q: %q, want %q", text, got, want)
		}
	}
}

// TestBetweenWorkingHours holds what of a stretch lies outside working hours.
func TestBetweenWorkingHours(t *testing.T) {
	of := func(at ...query.Time) (out []query.Stretch) {
		for i := 0; i < len(at); i += 2 {
			out = append(out, query.Stretch{From: at[i], To: at[i+1]})
		}
		return out
	}
	hours := of(10, 20, 30, 40)
	for _, tc := range []struct {
		stretch, want []query.Stretch
	}{
		{of(0, 50), of(0, 10, 20, 30, 40, 50)},
		{of(12, 18), nil},
		{of(10, 20), nil},
		{of(15, 35), of(20, 30)},
		{of(22, 28), of(22, 28)},
		{of(45, 60), of(45, 60)},
	} {
		if got := between(hours, tc.stretch[0]); !slices.Equal(got, tc.want) {
			t.Errorf("of %v: %v, want %v", tc.stretch, got, tc.want)
		}
	}
	if got := between(nil, query.Stretch{From: 1, To: 2}); got != nil {
		t.Errorf("without working hours: %v", got)
	}
}
