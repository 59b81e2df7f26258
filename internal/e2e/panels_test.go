package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/stack"
)

// said is a panel of a bundled dashboard whose numbers can be recomputed from `waits`.
type said struct {
	board, title string
	mine         bool           // it shows one owner's
	counts       bool           // it shows what was counted over a time, and not what is
	over         string         // how long, of what counts; "": the range shown
	targets      []func(l look) // what each of its queries is to show
	exprs        []string       // its queries
}

// look is one look at a panel: the numbers now and at the beginning of the time over
// which it counts, and the chosen owner. want is what the panel must show.
type look struct {
	now, before numbers
	owner       string
	want        map[string]float64
}

// part returns the samples of a metric that the panel selects.
func (l look) part(n numbers, metric string, labels ...string) numbers {
	return n.where(metric, append(labels, "owner", l.owner)...)
}

// show adds values that must be shown.
func (l look) show(values map[string]float64) {
	for id, v := range values {
		l.want[id] = v
	}
}

// counted returns what was counted in the time of the panel.
func (l look) counted(metric string, by []string, labels ...string) map[string]float64 {
	out := l.part(l.now, metric, labels...).fold(plus, by...)
	for id, v := range l.part(l.before, metric, labels...).fold(plus, by...) {
		out[id] -= v
	}
	return out
}

// times multiplies.
func times(values map[string]float64, by float64) map[string]float64 {
	out := map[string]float64{}
	for id, v := range values {
		out[id] = v * by
	}
	return out
}

// per divides by the value with the same labels, where that is above 0.
func per(values, by map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for id, v := range values {
		if by[id] > 0 {
			out[id] = v / by[id]
		}
	}
	return out
}

const panelWindow = "28d"

// The targets of the generated organisation are the defaults, in hours.
const (
	acceptanceHours = 8
	questionHours   = 4
)

func targetHours(kind string) float64 {
	if kind == "acceptance" {
		return acceptanceHours
	}
	return questionHours
}

// ofTargets gives every pair of labels in values its target.
func ofTargets(values map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for id := range values {
		kind, _, _ := strings.Cut(strings.TrimPrefix(id[strings.Index(id, "kind="):], "kind="), ",")
		out[id] = targetHours(kind)
	}
	return out
}

// timesTheTarget returns the listed open waits on their stories' clocks, as multiples
// of their targets.
func timesTheTarget(l look) map[string]float64 {
	hours := times(l.now.where("po_open_wait_seconds").fold(math.Max, "kind", "project", "owner", "story"), 1.0/3600)
	return per(hours, ofTargets(hours))
}

// saidByPanels returns the panels with their committed queries.
func saidByPanels(t testing.TB) []said {
	t.Helper()
	const hour = 1.0 / 3600
	most := func(metric string, factor float64, by ...string) func(look) {
		return func(l look) { l.show(times(l.part(l.now, metric).fold(math.Max, by...), factor)) }
	}
	sum := func(metric string, by ...string) func(look) {
		return func(l look) { l.show(l.part(l.now, metric).fold(plus, by...)) }
	}
	counted := func(metric string, by []string, labels ...string) func(look) {
		return func(l look) { l.show(l.counted(metric, by, labels...)) }
	}
	quantileOf := func(metric, q string, by []string, labels ...string) func(look) {
		return func(l look) {
			chosen := l.part(l.now, metric, append([]string{"window", panelWindow, "q", q}, labels...)...)
			l.show(times(chosen.fold(math.Max, by...), hour))
		}
	}
	reached := func(metric, q, by string, labels ...string) func(look) {
		return func(l look) {
			quantileOf(metric, q, []string{by}, labels...)(l)
			for id, v := range l.want {
				if math.IsInf(v, 1) {
					delete(l.want, id)
				}
			}
		}
	}
	fixed := func(kinds ...string) func(look) {
		return func(l look) {
			for _, kind := range kinds {
				l.want["kind="+kind] = targetHours(kind)
			}
		}
	}
	samples := func(state string) func(look) {
		return func(l look) {
			l.show(l.part(l.now, "po_wait_rolling_samples", "window", panelWindow, "state", state).fold(plus, "kind", "project"))
		}
	}
	censored := func(l look) {
		all := func(states string) map[string]float64 {
			return l.part(l.now, "po_wait_rolling_samples", "window", panelWindow, "state", states).fold(plus, "kind", "project")
		}
		l.show(per(all("censored"), all("ended|open|censored")))
	}
	kp, responses := []string{"kind", "project"}, "accepted|rejected|answered"
	list := []said{
		{board: "waiting", title: "Past target", targets: []func(look){sum("po_waits_overdue")}},
		{board: "waiting", title: "Due next", targets: []func(look){func(l look) {
			n := 0.0
			for _, times := range timesTheTarget(l) {
				if times >= 0.5 && times < 1 {
					n++
				}
			}
			l.show(map[string]float64{"": n})
		}}},
		{board: "waiting", title: "Stories that wait, without the forgotten", targets: []func(look){
			nil, func(l look) { l.show(timesTheTarget(l)) }, nil, nil,
		}},
		{board: "waiting", title: "Owners", targets: []func(look){
			func(l look) {
				for id, v := range l.now.where("po_waits_open").fold(plus, "owner") {
					if v > 0 {
						l.want[id] = v
					}
				}
			},
			func(l look) {
				open := l.now.where("po_waits_open").fold(plus, "owner")
				for id, v := range l.now.where("po_waits_overdue").fold(plus, "owner") {
					if open[id] > 0 {
						l.want[id] = v
					}
				}
			}, nil, nil,
		}},
		{board: "waiting", title: "Open and past target", targets: []func(look){sum("po_waits_open"), sum("po_waits_overdue"), nil}},
		{board: "owner", title: "Open", mine: true, targets: []func(look){sum("po_waits_open", "kind")}},
		{board: "owner", title: "Past target", mine: true, targets: []func(look){sum("po_waits_overdue", "kind")}},
		{board: "owner", title: "Forgotten, of open", mine: true, targets: []func(look){sum("po_waits_forgotten", "kind")}},
		{board: "owner", title: "Stories that wait, without the forgotten", mine: true, targets: []func(look){
			most("po_open_wait_seconds", hour, "kind", "project", "owner", "story"), nil, nil, nil, nil,
		}},
		{board: "owner", title: "Waiting times", mine: true, targets: []func(look){
			quantileOf("po_wait_rolling_seconds", "0.5", kp), quantileOf("po_wait_rolling_seconds", "0.85", kp), nil, nil,
			samples("ended"), samples("open"), censored,
		}},
		{board: "owner", title: "Time to a verdict", mine: true, targets: []func(look){
			reached("po_owner_wait_rolling_seconds", "0.5", "q", "kind", "acceptance"), reached("po_owner_wait_rolling_seconds", "0.85", "q", "kind", "acceptance"), fixed("acceptance"), nil,
		}},
		{board: "owner", title: "Time to an answer", mine: true, targets: []func(look){
			reached("po_owner_wait_rolling_seconds", "0.5", "q", "kind", "question"), reached("po_owner_wait_rolling_seconds", "0.85", "q", "kind", "question"), fixed("question"), nil,
		}},
		{board: "owner", title: "Accepted at the first try", mine: true, targets: []func(look){func(l look) {
			l.show(l.part(l.now, "po_first_pass_ratio", "window", panelWindow).fold(math.Max, "project"))
		}, nil, nil}},
		{board: "owner", title: "Verdicts and answers by role", mine: true, counts: true, over: panelWindow, targets: []func(look){counted("po_waits_ended_total", []string{"responder"}, "outcome", responses)}},
		{board: "owner", title: "Time to a verdict by role", mine: true, counts: true, over: panelWindow, targets: []func(look){func(l look) {
			by := []string{"responder"}
			l.show(times(per(l.counted("po_acceptance_latency_seconds_sum", by), l.counted("po_acceptance_latency_seconds_count", by)), hour))
		}, counted("po_acceptance_latency_seconds_count", []string{"responder"})}},
		{board: "bottleneck", title: "Waiting times", targets: []func(look){
			quantileOf("po_project_wait_rolling_seconds", "0.5", kp), quantileOf("po_project_wait_rolling_seconds", "0.85", kp), nil, nil,
			samples("ended"), samples("open"), censored,
		}},
		{board: "bottleneck", title: "$project: verdicts", targets: []func(look){
			reached("po_project_wait_rolling_seconds", "0.5", "project", "kind", "acceptance"), reached("po_project_wait_rolling_seconds", "0.85", "project", "kind", "acceptance"), fixed("acceptance"), nil,
		}},
		{board: "retrospective", title: "Ended", counts: true, targets: []func(look){counted("po_waits_ended_total", []string{"kind"}, "outcome", responses)}},
		{board: "retrospective", title: "Went past target", counts: true, targets: []func(look){counted("po_waits_breached_total", []string{"kind"})}},
		{board: "retrospective", title: "How waits ended", counts: true, targets: []func(look){counted("po_waits_ended_total", []string{"kind", "outcome"})}},
		{board: "retrospective", title: "Still open", targets: []func(look){sum("po_waits_open", "kind")}},
		{board: "retrospective", title: "Open at the end", targets: []func(look){
			sum("po_waits_open", "kind", "project"), sum("po_waits_overdue", "kind", "project"), sum("po_waits_forgotten", "kind", "project"), func(l look) {
				most("po_story_wait_oldest_seconds", hour, "kind", "project")(l)
				open := l.now.where("po_waits_open").fold(plus, "kind", "project")
				maps.DeleteFunc(l.want, func(id string, _ float64) bool { return open[id] == 0 }) // there is a dash
			},
		}},
		{board: "retrospective", title: "Open over time", targets: []func(look){sum("po_waits_open", "kind")}},
		{board: "retrospective", title: "Past target over time", targets: []func(look){sum("po_waits_overdue", "kind")}},
	}
	for i := range list {
		list[i].read(t)
	}
	return list
}

// read takes the panel's queries from the dashboard.
func (p *said) read(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile("../../dashboards/grafana/yourturn-" + p.board + ".json")
	if err != nil {
		t.Fatal(err)
	}
	type panel struct {
		Title   string
		Targets []struct{ Expr string }
	}
	var board struct {
		Panels []struct {
			panel
			Panels []panel // of a row: what is folded in it
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	var panels []panel
	for _, p := range board.Panels {
		panels = append(append(panels, p.panel), p.Panels...)
	}
	for _, panel := range panels {
		if panel.Title == p.title {
			for _, target := range panel.Targets {
				p.exprs = append(p.exprs, target.Expr)
			}
		}
	}
	if len(p.exprs) != len(p.targets) {
		t.Fatalf("dashboard %s, panel %q has %d queries, and the test knows %d: mend it", p.board, p.title, len(p.exprs), len(p.targets))
	}
}

// query returns a query of the panel over a range, for all owners or for one.
func (p *said) query(i int, owner string, over time.Duration) string {
	if !p.mine {
		owner = ".*"
	}
	seconds := fmt.Sprintf("%ds", int(over.Seconds()))
	return strings.NewReplacer(
		"${project:regex}", ".*", "${owner:regex}", owner, "${kind:regex}", ".*", "${job:regex}", ".*", "$kind", ".*", "$job", ".*",
		"$window", panelWindow, "$__range_s", strings.TrimSuffix(seconds, "s"), "$__range", seconds, "$__interval", "1h", "$__rate_interval", "1h",
	).Replace(p.exprs[i])
}

// chosenLabels returns the labels that identify waits, without the names and
// addresses that panels add.
func chosenLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"kind", "project", "owner", "story", "outcome", "responder", "q"} {
		out[name] = labels[name]
	}
	return out
}

// TestPanelsOnTheDemo scrapes the demo with a real Prometheus, and compares every
// number and every query of the panels with what `waits --as-of` the data
// timestamp of that scrape gives. It leaves the panels that count to TestBackfill:
// an ending counts five minutes later, so a short look sees nothing counted.
func TestPanelsOnTheDemo(t *testing.T) {
	t.Parallel() // it waits more than it works
	ctx, stop := context.WithCancel(t.Context())
	var out output
	ended := make(chan int, 1)
	kept := filepath.Join(t.TempDir(), "demo.db")
	go func() {
		ended <- command.Run(ctx, []string{"demo", "--web.listen-address", "127.0.0.1:0", "--jira.listen-address", "127.0.0.1:0", "--speed", "6000", "--store", kept}, command.Env{In: strings.NewReader(""), Out: &out, Err: &out})
	}()
	defer func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("stopped, the demo ended with %d:\n%s", code, out.String())
		}
	}()
	base := started(t, &out, ended, `open +(http://\S+)/ `)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "prometheus.yml"), "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: yourturn, static_configs: [{targets: [\""+
		strings.TrimPrefix(base, "http://")+"\"], labels: {instance: \"yourturn:9817\"}}]}]\n")
	prometheus := stack.StartPrometheus(t, dir)
	// The instant after a scrape that is known to be there, some polls after the first.
	var at time.Time
	stack.Eventually(t, "three polls and a scrape", func(context.Context) bool {
		now := time.Now()
		for _, a := range prometheus.Instant(t, `timestamp(yourturn_data_timestamp_seconds) and changes(yourturn_data_timestamp_seconds[1h]) >= 3`, now) {
			at = time.Unix(int64(math.Ceil(a.Values[now.Unix()])), 0)
		}
		return !at.IsZero() && time.Now().After(at)
	})
	data := prometheus.Instant(t, "yourturn_data_timestamp_seconds", at)
	if len(data) != 1 {
		t.Fatalf("%d data timestamps at %s", len(data), at)
	}
	asOf := time.UnixMilli(int64(math.Round(data[0].Values[at.Unix()] * 1000))).UTC()
	want := newLists(kept+".yml").numbers(t, asOf)
	compared := same(t, "as of the data timestamp", want.values(), answered(t, prometheus, at).values())
	panels := slices.DeleteFunc(saidByPanels(t), func(p said) bool { return p.counts })
	for _, owner := range []string{"ada", "cy", "gil"} {
		compared += lookAt(t, prometheus, panels, at, owner, want, nil)
	}
	t.Logf("%d numbers of %d panels, as of %s, scraped until %s", compared, len(panels), asOf, at.UTC())
}
