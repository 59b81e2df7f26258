package dashboards

import (
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/suite"
)

// real is a Prometheus with the imported past of an organisation, a sample an
// hour, and what the command line says of the same store.
type real struct {
	stack.Prometheus
	binary, config string
	from, to       time.Time // the first and the last sample
	lists          map[time.Time][]listed
	told           int // comparisons of which there were enough waits
}

// pastDays is over how many days the past of an organisation is written: with
// YOURTURN_TEST=full so many that the longest range, 90 days, is in it; else so
// many that the panels see the three ranges of two weeks before the one shown.
func pastDays() int {
	if suite.Full() {
		return 100
	}
	return 60
}

// startOnReal collects a generated organisation from its simulated Jira,
// backfills its last days and imports them.
func startOnReal(t *testing.T) *real {
	t.Helper()
	promtool := stack.Program(t, "prometheus", "promtool")
	end := time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC)
	organisation, err := team.New(team.Options{Seed: 3, Flavor: jirasim.Cloud, End: end, Now: func() time.Time { return end }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(organisation.Close)
	jira := httptest.NewServer(jirasim.NewServer(organisation.Site(), jirasim.Options{Token: "t0k3n", Email: "bot@example.com"}))
	t.Cleanup(jira.Close)
	dir := t.TempDir()
	r := &real{
		binary: binary(t), config: filepath.Join(dir, "yourturn.yml"),
		from: end.AddDate(0, 0, -pastDays()).Truncate(time.Hour), to: end.Truncate(time.Hour), lists: map[time.Time][]listed{},
	}
	token := filepath.Join(dir, "token")
	put(t, token, "t0k3n\n")
	// Two of its four projects: the time goes with the number of series.
	config := organisation.ConfigYAML(team.Setup{JiraURL: jira.URL, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: token})
	if !strings.Contains(config, "projects: [PAY, WEB, OPS, APP]\n") {
		t.Fatalf("the organisation has other projects: mend the test\n%s", config)
	}
	config = strings.Replace(config, "[PAY, WEB, OPS, APP]", "[WEB, APP]", 1)
	put(t, r.config, regexp.MustCompile(`(?m)^  (PAY|OPS):\n(    .*\n)+`).ReplaceAllString(config, ""))
	r.command(t, "sync", "--config.file", r.config)
	past := filepath.Join(dir, "past")
	line := r.command(t, "backfill", "--config.file", r.config, "--from", r.from.Format(time.RFC3339), "--out", past, "--instance", "yourturn:9817")
	line = strings.ReplaceAll(strings.ReplaceAll(line, "PROMETHEUS_DATA", filepath.Join(dir, "data")), "promtool ", promtool+" ")
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	put(t, filepath.Join(dir, "prometheus.yml"), "")
	r.Prometheus = stack.StartPrometheus(t, dir, "--storage.tsdb.retention.time=100y", "--query.lookback-delta=65m")
	return r
}

// command runs yourturn and returns what it printed.
func (r *real) command(t *testing.T, args ...string) string {
	t.Helper()
	var said strings.Builder
	c := exec.CommandContext(t.Context(), r.binary, args...)
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("yourturn %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out)
}

// listed is a wait, or one owner's part of it, as `waits` lists it.
type listed struct {
	Project, Kind, Owner, Outcome, Responder string
	End                                      *string
	Final, Breached                          bool
	Working                                  float64 `json:"working_seconds"`
}

// waits is what `waits` lists as of an instant.
func (r *real) waits(t *testing.T, at time.Time) []listed {
	t.Helper()
	at = at.UTC()
	if list, ok := r.lists[at]; ok {
		return list
	}
	var list []listed
	if err := json.Unmarshal([]byte(r.command(t, "waits", "--config.file", r.config, "--format", "json", "--as-of", at.Format(time.RFC3339))), &list); err != nil {
		t.Fatal(err)
	}
	r.lists[at] = list
	return list
}

// ended reports whether the wait has ended, in one of the outcomes if any are given.
func (l *listed) ended(kind string, outcomes ...string) bool {
	if l.End == nil || !l.Final || kind != "" && l.Kind != kind {
		return false
	}
	for _, o := range outcomes {
		if l.Outcome == o {
			return true
		}
	}
	return len(outcomes) == 0
}
