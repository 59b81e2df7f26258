package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

func TestHealthyMeansThatThePollerRuns(t *testing.T) {
	var until time.Time
	s := serving(Sources{Status: func() Status { return Status{AliveUntil: until} }})
	if code, body := get(s, "/-/healthy"); code != http.StatusServiceUnavailable || !strings.Contains(body, "not started") {
		t.Errorf("before it starts: %d %s", code, body)
	}
	until = time.Now().Add(time.Hour)
	if code, _ := get(s, "/-/healthy"); code != http.StatusOK {
		t.Errorf("while it runs: %d", code)
	}
	until = time.Now().Add(-time.Minute)
	if code, body := get(s, "/-/healthy"); code != http.StatusServiceUnavailable || !strings.Contains(body, "1m0s ago") {
		t.Errorf("when it is late: %d %s", code, body)
	}
}

func TestReadyMeansThatThereAreNumbers(t *testing.T) {
	var report *latency.Report
	s := serving(Sources{
		Report: func() *latency.Report { return report },
		Status: func() Status { return Status{Progress: "the full sync has read 7 stories"} },
	})
	if code, body := get(s, "/-/ready"); code != http.StatusServiceUnavailable || !strings.Contains(body, "7 stories") {
		t.Errorf("before the first report: %d %s", code, body)
	}
	if code, body := get(s, "/"); code != http.StatusOK || !strings.Contains(body, "7 stories") {
		t.Errorf("the page before the first report: %d %s", code, body)
	}
	report = latency.NewReport(&latency.Rules{}, 1000, latency.NewTotals(), nil, nil, &latency.Statistics{}, 1)
	if code, body := get(s, "/-/ready"); code != http.StatusOK {
		t.Errorf("with a report: %d %s", code, body)
	}
	if code, _ := get(s, "/nothing"); code != http.StatusNotFound {
		t.Errorf("no page: %d", code)
	}
}
