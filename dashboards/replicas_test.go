package dashboards

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/suite"
)

// The history of TestReplicas: 30 days with a sample an hour, and then half a day with a
// scrape every 30 seconds, whose instants are hours since denseBegins.
const (
	denseDays   = 30
	scrapeEvery = 30 * time.Second
	bGone       = 2.0  // b is lost,
	cComes      = 4.0  // and replaced by a pod of another name and address,
	cAnswers    = 4.5  // which answers after half an hour.
	refused     = 5.0  // Jira refuses the token,
	limited     = 6.5  // then limits requests,
	mended      = 7.0  // and then polls are complete again.
	takenOver   = 8.0  // The lease goes from a to c.
	doubted     = 8.5  // Jira's clock is doubted,
	believed    = 9.2  // and believed again,
	stopped     = 9.2  // a census is stopped,
	complete    = 9.6  // and the next one is complete; a finding appears.
	allGone     = 10.5 // Nothing is scraped any more.
	denseEnds   = 12.0
	// seenFor is how long Prometheus sees a series after its last sample here: the samples
	// are imported, without the mark that a scrape leaves where a series ends.
	seenFor = 65.0/60 + 0.05
)

// denseBegins is the first instant of what is scraped.
var denseBegins = pastBegins.AddDate(0, 0, denseDays)

// atHour is an instant h hours after denseBegins.
func atHour(h float64) time.Time {
	return denseBegins.Add(time.Duration(h * float64(time.Hour))).Truncate(time.Minute).Add(55 * time.Second)
}

// polled is the end of the last poll before h, both in hours since pastBegins: polls end
// 20 seconds after each minute. All replicas export what that poll came to, so that two
// that are scraped at different instants have the same values between two polls.
func polled(h float64) float64 { return (math.Floor((h*3600-20)/60)*60 + 20) / 3600 }

// span is a range of hours since denseBegins.
type span struct{ from, to float64 }

// minutes returns how many polls that end within one of the spans ended by h.
func minutes(h float64, in ...span) (n float64) {
	for _, s := range in {
		n += math.Max(0, math.Round(60*(math.Min(h, s.to)-s.from)))
	}
	return n
}

// replica is a target of Prometheus: one of those that share a store, or the only one.
type replica struct {
	labels string
	late   time.Duration // its scrapes come so long after those of others
	up     []span        // when it is scraped; it has been since pastBegins if from is 0
	down   span          // when it is a target and does not answer
	polls  span          // when it holds the lease
}

// isUp reports whether the replica is scraped.
func (r replica) isUp(h float64) bool {
	return slices.ContainsFunc(r.up, func(s span) bool { return (s.from == 0 || h >= s.from) && h < s.to })
}

// self returns what the replica exports of itself. If it does not hold the lease, what
// it says of polls is 0, or not there, or what it was when it had the lease.
func (r replica) self() []pastFamily {
	led := func(s span) span {
		return span{math.Max(s.from, r.polls.from), math.Max(s.from, math.Min(s.to, r.polls.to))}
	}
	ok := []span{led(span{-1, refused}), led(span{mended, doubted}), led(span{believed, denseEnds})}
	bad := []span{led(span{refused, mended}), led(span{doubted, believed})}
	polls := func(h float64) bool { return h >= r.polls.from && h < r.polls.to }
	good := func(h float64) bool { return h < refused || h >= mended && h < doubted || h >= believed }
	lastGood := func(h float64) float64 { // by whichever replica
		switch {
		case h >= refused && h < mended:
			h = refused
		case h >= doubted && h < believed:
			h = doubted
		}
		return float64(denseBegins.Unix()) + math.Floor(h*60)*60
	}
	one := func(name, kind, suffix, labels string, shown func(float64) bool, value func(float64) float64) pastFamily {
		since := func(f func(float64) float64) func(float64) float64 {
			return func(h float64) float64 { return f(h - 24*denseDays) }
		}
		s := pastSeries{suffix: suffix, labels: labels, value: since(value), shown: func(h float64) bool {
			return h >= 24*denseDays && (shown == nil || shown(h-24*denseDays))
		}}
		return pastFamily{name: name, kind: kind, series: []pastSeries{s}}
	}
	gauge := func(name, labels string, value func(float64) float64) pastFamily {
		return one(name, "gauge", "", labels, nil, value)
	}
	// ifPolls is value while the replica polls, else 0.
	ifPolls := func(value func(float64) float64) func(float64) float64 {
		return func(h float64) float64 {
			if !polls(h) {
				return 0
			}
			return value(h)
		}
	}
	within := func(s span, v float64) func(float64) float64 {
		return ifPolls(func(h float64) float64 {
			if h >= s.from && h < s.to {
				return v
			}
			return 0
		})
	}
	has := func(h float64) bool { return h >= r.polls.from } // of what exists from the first poll on
	counter := func(name, labels string, shown func(float64) bool, perPoll float64, in ...span) pastFamily {
		return one(name, "counter", "_total", labels, shown, func(h float64) float64 { return perPoll * minutes(h, in...) })
	}
	list := []pastFamily{
		gauge("yourturn_build_info", `version="v1",revision="r",goversion="go"`, fixed(1)),
		gauge("yourturn_jira_info", `url="https://jira.example.com"`, fixed(1)),
		gauge("yourturn_poll_interval_seconds", "", fixed(60)),
		gauge("yourturn_data_timestamp_seconds", "", lastGood),
		one("yourturn_poll_last_success_timestamp_seconds", "gauge", "", "", has, func(h float64) float64 { return lastGood(math.Min(h, r.polls.to)) }),
		gauge("yourturn_poll_success", "", ifPolls(func(h float64) float64 {
			if good(h) {
				return 1
			}
			return 0
		})),
		gauge("yourturn_poll_duration_seconds", "", ifPolls(fixed(3))),
		gauge("yourturn_jira_clock_doubt_seconds", "", within(span{doubted, believed}, 7200)),
		gauge("yourturn_census_stopped", "", within(span{stopped, complete}, 1)),
		one("yourturn_jira_rate_limit_requests", "gauge", "", `endpoint="search/jql"`, nil, ifPolls(fixed(1000))),
		one("yourturn_jira_rate_limit_remaining_requests", "gauge", "", `endpoint="search/jql"`, nil, ifPolls(wave(300, 900, 0.2, 0))),
		counter("yourturn_poll_stories", "", nil, 7, ok...),
		counter("yourturn_poll_failures", `reason="rate_limited"`, has, 1, led(span{limited, mended})),
		gauge("process_resident_memory_bytes", "", fixed(float64(len(r.labels))*1e6)),
		counter("process_cpu_seconds", "", nil, float64(len(r.labels))/10, span{-1, denseEnds}),
		gauge("process_start_time_seconds", "", fixed(float64(denseBegins.Unix()))),
		gauge("up", "", fixed(1)),
	}
	series := func(f pastFamily, more ...pastFamily) {
		for _, m := range more {
			f.series = append(f.series, m.series...)
		}
		list = append(list, f)
	}
	series(counter("yourturn_poll_cycles", `result="complete"`, nil, 1, ok...), counter("yourturn_poll_cycles", `result="failed"`, nil, 1, bad...))
	requests := func(endpoint, code string, in ...span) pastFamily {
		return counter("yourturn_jira_requests", `endpoint="`+endpoint+`",code="`+code+`"`, has, 3, in...)
	}
	series(requests("search/jql", "200", append(ok, led(span{doubted, believed}))...),
		requests("myself", "401", led(span{refused, limited})), requests("search/jql", "429", led(span{limited, mended})))
	took := pastFamily{name: "yourturn_jira_request_duration_seconds", kind: "histogram"}
	for _, b := range []struct {
		suffix, labels string
		perPoll        float64
	}{{"_bucket", `,le="0.1"`, 1}, {"_bucket", `,le="1"`, 2}, {"_bucket", `,le="+Inf"`, 3}, {"_sum", "", 2}, {"_count", "", 3}} {
		took.series = append(took.series, one("", "", b.suffix, `endpoint="search/jql"`+b.labels, has, func(h float64) float64 { return b.perPoll * minutes(h, append(ok, bad...)...) }).series...)
	}
	return append(list, took)
}

// reported is what all replicas export of the teams: what dashboards show, with more
// waits past their target, and findings.
func reported() (shared, own []pastFamily) {
	for _, f := range pastFamilies() {
		switch {
		case strings.Contains(f.name, ":"):
			own = append(own, f) // Prometheus' own
			continue
		case strings.HasPrefix(f.name, "ALERTS"):
			for i := range f.series {
				f.series[i].shown = func(h float64) bool { return h >= 24*denseDays+refused && h < 24*denseDays+mended }
			}
			own = append(own, f) // Prometheus' own
			continue
		case f.name == "yourturn_data_timestamp_seconds":
			for i := range f.series { // in what is scraped, self has it
				f.series[i].shown = func(h float64) bool { return h < 24*denseDays }
			}
		case f.name == "po_delegation_active":
			f.series[0].shown = func(h float64) bool { return h >= 24*denseDays+limited }
		case f.name == "po_waits_breached":
			for i := range f.series {
				f.series[i].value = grows(2)
			}
		case f.name == "po_audit_findings":
			f.series = append(f.series, pastSeries{labels: `project="WEB",reason="mostly_unowned"`, value: fixed(3)})
			f.series[1].value = func(h float64) float64 {
				if h < 24*denseDays+complete {
					return 2
				}
				return 3
			}
		}
		shared = append(shared, f)
	}
	return shared, own
}

// firstSync are families of a job that has run for long and has no numbers yet, by
// whether its searches succeed.
func (r replica) firstSync(succeeds bool) []pastFamily {
	var list []pastFamily
	code := "503"
	if succeeds {
		code = "200"
	}
	for _, f := range r.self() {
		switch f.name {
		case "yourturn_build_info", "yourturn_jira_info", "yourturn_poll_interval_seconds", "process_start_time_seconds", "up":
			list = append(list, f)
		case "yourturn_jira_requests":
			f.series = f.series[:1]
			f.series[0].labels = `endpoint="search/jql",code="` + code + `"`
			list = append(list, f)
		}
	}
	return list
}

// startReplicas starts a Prometheus that has scraped these targets.
func startReplicas(t *testing.T, replicas ...replica) stack.Prometheus {
	t.Helper()
	end := denseBegins.Add(time.Duration(denseEnds * float64(time.Hour)))
	var pasts []past
	shared, own := reported()
	for _, r := range replicas {
		of := func(job string, families []pastFamily) {
			var list []pastFamily
			for _, f := range families {
				series := slices.Clone(f.series)
				for i, s := range series {
					series[i].value = func(h float64) float64 { return s.value(polled(h)) }
					series[i].shown = func(h float64) bool {
						return r.isUp(h-24*denseDays) && (s.shown == nil || s.shown(polled(h)))
					}
					if f.name == "up" {
						series[i].value = func(h float64) float64 {
							if r.isUp(h - 24*denseDays) {
								return 1
							}
							return 0
						}
						series[i].shown = func(h float64) bool {
							h -= 24 * denseDays
							return r.isUp(h) && h >= 0 || h >= r.down.from && h < r.down.to
						}
					}
				}
				f.series = series
				list = append(list, f)
			}
			labels := `job="` + job + `",namespace="yourturn",` + r.labels
			if job == "yourturn" {
				pasts = append(pasts, past{from: pastBegins.Add(r.late), to: denseBegins, step: time.Hour, labels: labels, families: list})
			}
			pasts = append(pasts, past{from: denseBegins.Add(r.late), to: end, step: scrapeEvery, labels: labels, families: list})
		}
		of("yourturn", slices.Concat(shared, r.self()))
		of("new", r.firstSync(false))
		of("large", r.firstSync(true))
	}
	pasts = append(pasts, past{from: denseBegins, to: end, step: time.Minute, labels: `job="yourturn"`, families: own})
	return startOnPast(t, pasts...)
}

// uncertain reports whether Prometheus may see something else of two targets than of one
// at h: a target that is lost is seen for a while, and what counts polls is counted from
// the first scrape on by which the replica that took over has polled.
func uncertain(h float64, expr string, window time.Duration) bool {
	return h > bGone && h < bGone+seenFor || h > allGone && h < allGone+seenFor ||
		regexp.MustCompile(`(rate|increase)\(yourturn_`).MatchString(expr) && (h > takenOver && h < takenOver+window.Hours()+0.1)
}

// ofProcesses are the panels that are about single processes and show each replica, with
// what the one process of a single target shows.
var ofProcesses = map[string]string{
	"Memory":    "how much a process needs: the sum would be the memory of no machine, and the largest alone hides the others",
	"Processor": "how much a process needs, as Memory",
}

// ofReplicas are the alerts that are about single replicas.
var ofReplicas = map[string]string{
	"YourturnReplicaDown": "a replica is down, or lags behind, while others serve: with one target there are no others",
}

// answers has what a query answers with, by labels and Unix time.
type answers map[string]map[int64]float64

// answersOf returns what Prometheus answers, without the instants that are uncertain.
func answersOf(list []stack.Answer, expr string, window time.Duration) answers {
	out := answers{}
	for _, a := range list {
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
			labels = append(labels, fmt.Sprintf("%s=%q", name, a.Labels[name]))
		}
		values := map[int64]float64{}
		for at, v := range a.Values {
			if !uncertain(time.Unix(at, 0).Sub(denseBegins).Hours(), expr, window) {
				values[at] = v
			}
		}
		if len(values) > 0 {
			out[strings.Join(labels, ",")] = values
		}
	}
	return out
}

// differ returns the first difference between two answers; "" if there is none.
func differ(one, two answers) string {
	for _, labels := range slices.Sorted(maps.Keys(one)) {
		for _, at := range slices.Sorted(maps.Keys(one[labels])) {
			a := one[labels][at]
			b, ok := two[labels][at]
			if !ok || math.IsNaN(a) != math.IsNaN(b) || a != b && math.Abs(a-b) > 1e-9+0.01*math.Abs(a) {
				return fmt.Sprintf("{%s} at %.2f h is %v of one target, and %v (%v) of two", labels, time.Unix(at, 0).Sub(denseBegins).Hours(), a, b, ok)
			}
		}
	}
	for _, labels := range slices.Sorted(maps.Keys(two)) {
		for _, at := range slices.Sorted(maps.Keys(two[labels])) {
			if _, ok := one[labels][at]; !ok {
				return fmt.Sprintf("{%s} at %.2f h is nothing of one target, and %v of two", labels, time.Unix(at, 0).Sub(denseBegins).Hours(), two[labels][at])
			}
		}
	}
	return ""
}

// TestReplicas holds that dashboards and rules say the same of one target and of two that
// share a store, of which one is lost and replaced, and the lease goes from one to the
// other.
func TestReplicas(t *testing.T) {
	always := []span{{0, allGone}}
	one := startReplicas(t, replica{labels: `instance="one:9817"`, late: 3 * time.Second, up: always, polls: span{-1, denseEnds}})
	two := startReplicas(t,
		replica{labels: `instance="10.0.0.1:9819",pod="yourturn-0"`, up: always, polls: span{-1, takenOver}},
		replica{labels: `instance="10.0.0.2:9819",pod="yourturn-1"`, late: 7 * time.Second, up: []span{{0, bGone}}, polls: span{denseEnds, denseEnds}},
		replica{labels: `instance="10.0.0.3:9819",pod="yourturn-another"`, late: 11 * time.Second, up: []span{{cAnswers, allGone}}, down: span{cComes, cAnswers}, polls: span{takenOver, denseEnds}})
	everybody := choice{"project": everything, "owner": everything, "kind": everything, "job": everything}
	end := atHour(denseEnds)
	hours := []float64{4.3, 6.9, 10.2}
	if suite.Full() {
		hours = []float64{1.5, 4.3, 5.9, 6.9, 8.2, 9, 10.2, 11.8}
	}
	t.Run("panels", func(t *testing.T) {
		compared, answered := 0, map[string]bool{}
		same := func(t *testing.T, where, expr string, window time.Duration, ask func(stack.Prometheus) []stack.Answer) {
			compared++
			a := answersOf(ask(one), expr, window)
			answered[where] = answered[where] || len(a) > 0
			if d := differ(a, answersOf(ask(two), expr, window)); d != "" {
				t.Errorf("%s: %s\n%.600s", where, d, expr)
			}
		}
		for _, b := range boards(t) {
			t.Run(b.UID, func(t *testing.T) {
				query := func(where, expr string, instant bool, c choice, at []float64) {
					c.withWindows(expr, func(c choice) {
						if instant {
							const step = 30 * time.Minute
							q := c.fill(expr, 7*24*time.Hour, step)
							for _, h := range at {
								same(t, where, q, step, func(s stack.Prometheus) []stack.Answer { return s.Instant(t, q, atHour(h)) })
							}
							return
						}
						const step = 30 * time.Minute
						q := c.fill(expr, 12*time.Hour, step)
						same(t, where, q, step, func(s stack.Prometheus) []stack.Answer { return s.Course(t, q, atHour(0.5), end, step) })
					})
				}
				for _, tc := range []struct {
					choice
					hours []float64
				}{
					{everybody, hours},
					{choice{"project": "WEB", "owner": "ada", "kind": "acceptance", "job": "yourturn"}, []float64{8.2}},
				} {
					for _, p := range b.Panels {
						for _, q := range p.Targets {
							if ofProcesses[p.Title] == "" {
								query(fmt.Sprintf("%s, %q, query %s", b.Title, p.Title, q.RefID), q.Expr, q.Instant, tc.choice, tc.hours)
							}
						}
					}
					for _, a := range b.Annotations.List {
						query(b.Title+", annotation "+a.Name, a.Expr, false, tc.choice, nil)
					}
				}
				for _, v := range b.Templating.List {
					if v.Type != "query" {
						continue
					}
					for _, h := range []float64{1.5, 4.5, 9} {
						if a, b := namedValues(t, one, v, atHour(h)), namedValues(t, two, v, atHour(h)); len(a) == 0 || !slices.Equal(a, b) {
							t.Errorf("the variable %s has the values %v of one target, and %v of two", v.Name, a, b)
						}
					}
				}
			})
		}
		t.Logf("%d answers of %d queries compared", compared, len(answered))
		for where, is := range answered {
			if !is {
				t.Errorf("%s has no answer at all: mend the test", where)
			}
		}
	})
	t.Run("processes", func(t *testing.T) {
		for title := range ofProcesses {
			q := everybody.fill(queryOf(t, "yourturn-service", title, "A"), time.Hour, 10*time.Minute)
			for name, tc := range map[string]struct {
				s    stack.Prometheus
				h    float64
				want int
			}{"one": {one, 9, 1}, "two": {two, 9, 2}, "the only one of two": {two, 3.8, 1}} {
				var values []float64
				for _, a := range tc.s.Instant(t, strings.ReplaceAll(q, everything, "yourturn"), atHour(tc.h)) {
					values = append(values, a.Values[atHour(tc.h).Unix()])
				}
				if len(values) != tc.want || len(slices.Compact(values)) != tc.want {
					t.Errorf("%q has of %s the values %v", title, name, values)
				}
			}
		}
	})
	t.Run("rules", func(t *testing.T) { sameRules(t, one, two) })
}

// sameRules compares what rules record and what alerts are about, and holds that each of
// them is seen in the history.
func sameRules(t *testing.T, one, two stack.Prometheus) {
	names, err := filepath.Glob("prometheus/rules/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no rules: %v", err)
	}
	recorded := map[string]string{}
	type rule struct{ name, expr string }
	var list []rule
	for _, name := range names {
		var file struct {
			Groups []struct {
				Rules []struct{ Record, Alert, Expr string } `yaml:"rules"`
			} `yaml:"groups"`
		}
		load(t, name, &file)
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				list = append(list, rule{r.Record + r.Alert, r.Expr})
				if r.Record != "" {
					recorded[r.Record] = "(\n" + r.Expr + "\n)"
				}
			}
		}
	}
	name := regexp.MustCompile(`[a-z_]+:[a-z_]+:[a-z0-9]+`)
	for _, r := range list {
		for name.MatchString(r.expr) { // Prometheus has recorded nothing here
			r.expr = name.ReplaceAllStringFunc(r.expr, func(n string) string { return recorded[n] })
		}
		ask := func(s stack.Prometheus) answers {
			return answersOf(s.Course(t, r.expr, atHour(0.5), atHour(denseEnds), 5*time.Minute), r.expr, 2*time.Hour)
		}
		a, b := ask(one), ask(two)
		if ofReplicas[r.name] != "" {
			if len(a) > 0 || len(b) == 0 {
				t.Errorf("%s: %v of one target, and %v of two", r.name, a, b)
			}
			continue
		}
		if len(a) == 0 {
			t.Errorf("%s has no answer in all of the history: mend the test", r.name)
		}
		if d := differ(a, b); d != "" {
			t.Errorf("%s: %s", r.name, d)
		}
	}
}
