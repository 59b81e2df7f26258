package e2e

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// facts are what the commands and the metrics say as of the data timestamp of a service.
type facts struct {
	config  string // its file
	cfg     *config.Config
	at      time.Time // the data timestamp
	list    []query.Part
	open    []*query.Part // the newest of its kind on its story
	states  map[*query.Part]string
	paused  map[*query.Part]bool
	then    map[partID]float64 // the owner's clock 90 days before
	odd     []query.Finding
	metrics numbers
	keys    *regexp.Regexp // of stories
	retros  map[string]*retroTold
	clocks  map[string][]string // lines of events, by story
}

func newFacts(t *testing.T, file, base string) *facts {
	cfg, err := app.LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &facts{config: file, cfg: cfg, states: map[*query.Part]string{}, paused: map[*query.Part]bool{}, then: map[partID]float64{}, retros: map[string]*retroTold{}, clocks: map[string][]string{}}
	w.metrics = scrapedNumbers(t, await(t, base+"/metrics", func(status int, _ string) bool { return status == http.StatusOK }))
	w.at = time.UnixMilli(int64(math.Round(w.sum("yourturn_data_timestamp_seconds") * 1000))).UTC()
	l := newLists(file)
	w.list = l.asOf(t, w.at)
	for _, p := range l.asOf(t, w.at.AddDate(0, 0, -90)) {
		w.then[partOf(&p)] = p.WorkingSeconds
	}
	newest := newestOpen(w.list)
	for i := range w.list {
		if p := &w.list[i]; p.End == nil && newest[p.StoryID+p.Kind] == p {
			w.open = append(w.open, p)
			w.states[p] = w.stateOf(t, l, p)
		}
	}
	if err := json.Unmarshal([]byte(yourturn(t, 0, "waits", "--config.file", file, "--audit", "--format", "json")), &w.odd); err != nil {
		t.Fatal(err)
	}
	projects := map[string]bool{}
	for _, n := range w.metrics.where("po_acceptance_configured") {
		projects[n.labels["project"]] = true
	}
	var names []string
	for project := range projects {
		names = append(names, regexp.QuoteMeta(project))
	}
	w.keys = regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)-\d+\b`)
	return w
}

// scrapedNumbers reads what a scrape is answered with.
func scrapedNumbers(t *testing.T, text string) (out numbers) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			n := number{name, map[string]string{}, m.GetGauge().GetValue()}
			if f.GetType() == dto.MetricType_COUNTER {
				n.value = m.GetCounter().GetValue()
			}
			for _, l := range m.GetLabel() {
				n.labels[l.GetName()] = l.GetValue()
			}
			out = append(out, n)
		}
	}
	return out
}

// sum adds up the series of a metric that have labels.
func (w *facts) sum(metric string, labels ...string) (total float64) {
	for _, n := range w.metrics.where(metric, labels...) {
		total += n.value
	}
	return total
}

// whole is sum as a page writes it.
func (w *facts) whole(metric string, labels ...string) string {
	return words.Number(int(math.Round(w.sum(metric, labels...))))
}

// calendar returns the working hours of an owner in a project.
func (w *facts) calendar(owner, project string) *calendar.Calendar {
	if cal := w.cfg.OwnerCalendar(owner); cal != nil {
		return cal
	}
	return w.cfg.ProjectCalendar(project)
}

// seconds is a length of time.
func seconds(s float64) time.Duration { return time.Duration(math.Round(s*1000)) * time.Millisecond }

// long says working time in days of an owner, and exactly.
func (w *facts) long(s float64, owner, project string) []string {
	return inWords(s, w.calendar(owner, project).Day())
}

// inWords says working time in days of a length, and exactly.
func inWords(s float64, day time.Duration) []string {
	d := seconds(s)
	return []string{words.Working(d, day), words.Exact(d)}
}

// stateOf returns the state of an open wait, by what `waits` lists as of the owner's
// midnights: that before the last working day, and the one to come.
func (w *facts) stateOf(t *testing.T, l *lists, p *query.Part) string {
	today := w.calendar(p.Owner, p.Project).Today(calendar.At(w.at))
	then := func(at calendar.Instant) *query.Part {
		list := l.asOf(t, at.Time())
		if i := slices.IndexFunc(list, func(o query.Part) bool { return partOf(&o) == partOf(p) }); i >= 0 {
			return &list[i]
		}
		return nil
	}
	tonight := then(today.To)
	w.paused[p] = tonight != nil && tonight.End == nil && tonight.StoryElapsedSeconds == p.StoryElapsedSeconds
	switch {
	case p.Forgotten:
		return "forgotten"
	case p.WorkingSeconds > p.TargetSeconds:
		if before := then(today.Before); before != nil && before.WorkingSeconds >= before.TargetSeconds {
			return "overdue"
		}
		return "overdue_since_yesterday"
	case w.paused[p]:
		return "paused"
	case tonight != nil && tonight.WorkingSeconds >= tonight.TargetSeconds:
		return "due_today"
	case !parsed(p.Start).Before(today.Left.Time()):
		return "new"
	}
	return "waiting"
}

// selected returns the open waits of a project, an owner and a kind; "" is all.
func (w *facts) selected(project, owner, kind string) (out []*query.Part) {
	for _, p := range w.open {
		if (project == "" || p.Project == project) && (owner == "" || p.Owner == owner) && (kind == "" || p.Kind == kind) {
			out = append(out, p)
		}
	}
	return out
}

// count counts the waits that are so.
func count(list []*query.Part, so func(*query.Part) bool) (n int) {
	for _, p := range list {
		if so(p) {
			n++
		}
	}
	return n
}

func forgotten(p *query.Part) bool { return p.Forgotten }
func pressing(p *query.Part) bool  { return !p.Forgotten }
func late(p *query.Part) bool      { return pressing(p) && p.WorkingSeconds > p.TargetSeconds }

// in counts waits in some states.
func (w *facts) in(list []*query.Part, states ...string) int {
	return count(list, func(p *query.Part) bool { return slices.Contains(states, w.states[p]) })
}

// listed reports whether a list of a state has a wait.
func (w *facts) listed(p *query.Part, state string) bool {
	switch state {
	case "":
		return !p.Forgotten
	case "overdue":
		return late(p)
	}
	return w.states[p] == state
}

// target returns the target of a kind of wait in a project, in seconds.
func (w *facts) target(kind, project string) float64 {
	return w.sum("po_wait_target_seconds", "kind", kind, "project", project)
}

// quantile says within what a share of the waits of a window is answered; "" where that is
// not known or not reached.
func (w *facts) quantile(metric, q, window string, day time.Duration, labels ...string) []string {
	list := w.metrics.where(metric, append(labels, "window", window, "q", q)...)
	if len(list) != 1 || math.IsInf(list[0].value, 1) {
		return nil
	}
	return inWords(list[0].value, day)
}

// events returns, of each event of a story in order, what the clocks showed as `waits`
// prints it, such as "acceptance of ada 19:30".
func (w *facts) events(t *testing.T, story string) []string {
	if known, ok := w.clocks[story]; ok {
		return known
	}
	out := []string{}
	for line := range strings.SplitSeq(yourturn(t, 0, "waits", "--config.file", w.config, "--story", story), "\n") {
		if regexp.MustCompile(`^\d{4}-\d\d-\d\dT`).MatchString(line) {
			out = append(out, line)
		}
	}
	w.clocks[story] = out
	return out
}

// minutes returns the clocks at the end of a line of events, as minutes.
func minutes(line string) (out []int) {
	for _, m := range regexp.MustCompile(`(?:acceptance|question) of \S.*? (\d+):(\d\d)/\d+:\d\d`).FindAllStringSubmatch(line, -1) {
		h, _ := strconv.Atoi(m[1]) //nolint:errcheck // digits
		min, _ := strconv.Atoi(m[2])
		out = append(out, 60*h+min)
	}
	return out
}
