package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yourturn/yourturn/internal/latency"
)

func nothing() *latency.Report { return nil }

func TestHealthyMeansThatThePollerTurns(t *testing.T) {
	s := New(prometheus.NewRegistry(), nothing)
	if code, body := get(s, "/-/healthy"); code != http.StatusServiceUnavailable || !strings.Contains(body, "not begun") {
		t.Errorf("before it begins to turn: %d %s", code, body)
	}
	s.SetAlive(time.Now().Add(time.Hour))
	if code, _ := get(s, "/-/healthy"); code != http.StatusOK {
		t.Errorf("while it turns: %d", code)
	}
	s.SetAlive(time.Now().Add(-time.Minute))
	if code, body := get(s, "/-/healthy"); code != http.StatusServiceUnavailable || !strings.Contains(body, "1m0s ago") {
		t.Errorf("when it does not: %d %s", code, body)
	}
}

func TestSyncPage(t *testing.T) {
	var page Sync
	var failure error
	s := New(prometheus.NewRegistry(), nothing)
	s.HandleSync(func(*http.Request) (Sync, error) { return page, failure })
	if _, body := get(s, "/sync"); !strings.Contains(body, "None since the start") || !strings.Contains(body, "never") {
		t.Errorf("before the first cycle:\n%s", body)
	}
	page = Sync{
		Data: time.Now(), LastEnd: time.Now(), LastErr: "<no route>", Late: 2, Reload: "the old one stays",
		Requests: []Requests{{"search/jql", 200, 7, "349 of 350"}, {"myself", 0, 1, ""}},
		Census:   &Census{Stories: 9, Stored: 10, Stopped: true}, Odd: []Odd{{Key: "PAY-1", Reason: "invisible"}, {Reason: "census_guard"}}, OddOmitted: 3,
	}
	_, body := get(s, "/sync")
	for _, want := range []string{"&lt;no route&gt;", "2 of them shown late", "the old one stays", "349 of 350", "no answer", "removed none", "PAY-1", "all of Jira", "And 3 more"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	failure = errors.New("the disk is full")
	if code, body := get(s, "/sync"); code != http.StatusInternalServerError || !strings.Contains(body, "the disk is full") {
		t.Errorf("without a store: %d %s", code, body)
	}
}

func TestReloadSaysWhatIsWrong(t *testing.T) {
	var failure error
	s := New(prometheus.NewRegistry(), nothing)
	s.HandleReload(func(*http.Request) error { return failure })
	post := func() (int, string) {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/-/reload", nil))
		return rec.Code, rec.Body.String()
	}
	if code, _ := post(); code != http.StatusOK {
		t.Errorf("right: %d", code)
	}
	failure = errors.New("unknown key wbe")
	if code, body := post(); code != http.StatusInternalServerError || !strings.Contains(body, "unknown key wbe") {
		t.Errorf("wrong: %d %s", code, body)
	}
	if code, _ := get(s, "/-/reload"); code != http.StatusMethodNotAllowed {
		t.Errorf("a reload by GET: %d", code)
	}
}
