package latency

import (
	"iter"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/survival"
)

// Window is a stretch of time that statistics are made over, by the name that
// the label window shows.
type Window struct {
	Name string
	Span
}

// longest is the name of the longest rolling window, by which pace is told.
const longest = "90d"

// LongestWindow is the length of the longest rolling window.
const LongestWindow = 90 * 24 * time.Hour

// Rolling returns the rolling windows that end at asOf.
func Rolling(asOf Instant) []Window {
	day := 24 * time.Hour
	return []Window{
		{"7d", Span{asOf.Add(-7 * day), asOf}},
		{"28d", Span{asOf.Add(-28 * day), asOf}},
		{longest, Span{asOf.Add(-LongestWindow), asOf}},
	}
}

// Quantiles are those that are shown of each distribution.
func Quantiles() []float64 { return []float64{0.5, 0.75, 0.85, 0.95} }

// leastBlocked is the share of the cycle time that the longest stage must have
// to be called the largest blocker.
const leastBlocked = 0.05

// fewest is how many waits, or stories, a comparison needs.
const fewest = 5

// WaitsKey is whose waits a distribution is of: Project "" means all of an
// owner's, Owner "" all of a project's.
type WaitsKey struct {
	Kind           Kind
	Project, Owner string
	Window         string
}

// Distribution is how long waits take, with those that still run or were
// taken away counted as what they are: not yet answered.
type Distribution struct {
	Ended, Open, Censored int // responded to; still running; ended in another way
	Began                 int // of them all, within the window

	curve   *survival.Curve
	overrun bool // some wait has run past its target

	// The samples of the longest window over all projects of an owner, for comparing
	// one of them with the others: those that do not change, and each other one with
	// whose it is.
	still survival.Ages
	moves []survival.Sample
	whose []waitOf
}

// waitOf is which wait a sample is of.
type waitOf struct {
	story int64
	start Instant
}

// compares reports whether waits are compared with those of a key.
func (k WaitsKey) compares() bool { return k.Project == "" && k.Window == longest }

// Quantile returns the smallest age, on the owner's working clock, by which the
// share q of waits is responded to. never reports whether it is not reached
// although some wait has run past its target. If neither is true it is too early to
// say.
func (d *Distribution) Quantile(q float64) (age time.Duration, reached, never bool) {
	age, reached = d.curve.Quantile(q)
	return age, reached, !reached && d.overrun
}

// ProjectWindow is a project in a window.
type ProjectWindow struct{ Project, Window string }

// OwnerWindow is an owner in a project and a window.
type OwnerWindow struct{ Project, Owner, Window string }

// StageWindow is a stage in a project and a window.
type StageWindow struct {
	Project string
	Stage   Stage
	Window  string
}

// Share is how much of the cycle time of an owner's stories the team waited
// for the owner, in the project's working time.
type Share struct {
	Owner, Question, Total Milliseconds
}

// Low is the share in which the story stood until the owner acted; High that
// in which anything of the owner's was open.
func (s Share) Low() float64 { return float64(s.Owner) / float64(s.Total) }

// High is the upper bound; see Low.
func (s Share) High() float64 { return float64(s.Owner+s.Question) / float64(s.Total) }

// ProjectShare returns the share of all owners of a project in a window.
func (s *Statistics) ProjectShare(project, window string) Share {
	var sum Share
	for k, share := range s.Shares {
		if k.Project == project && k.Window == window {
			sum.Owner += share.Owner
			sum.Question += share.Question
			sum.Total += share.Total
		}
	}
	return sum
}

// Blocker is the stage in which a project's stories stood the longest.
type Blocker struct {
	Stage Stage   // "": none is long enough
	Share float64 // of the cycle time of the project's stories in the window
}

// FirstPass is how many of the stories with a first verdict were accepted by it.
type FirstPass struct {
	Accepted int `json:"accepted"`
	Stories  int `json:"stories"`
}

// Fields is on how many of a project's stories the owner field is empty.
type Fields struct{ Empty, Stories int }

// Statistics are made over windows of time, from the traces of stories.
type Statistics struct {
	Waits     map[WaitsKey]*Distribution
	Shares    map[OwnerWindow]Share
	Stages    map[StageWindow]Milliseconds // of the project's working time
	Stories   map[ProjectWindow]int        // with cycle time in the window
	Blockers  map[ProjectWindow]Blocker    // of projects with enough stories in the window
	FirstPass map[OwnerWindow]FirstPass
	Fields    map[string]Fields // by project, of the stories that the longest window sees
	Unowned   map[string]int    // by project, waits that ran in the longest window and have no owner

	rules *Rules
}

// NewStatistics makes statistics over windows. All traces are as of one
// instant, which no window passes.
func NewStatistics(rules *Rules, windows []Window, traces iter.Seq[*Trace]) *Statistics {
	b := newStatisticsBuilder(rules, newLabels(rules))
	for t := range traces {
		b.field(t.Home)
		for _, w := range windows {
			for i := range t.Samples {
				b.sample(w, &t.Samples[i])
			}
			b.stages(w, t.Stages, nil)
			b.verdict(w, t.Verdict)
		}
	}
	return b.build(windows, &survival.Estimator{})
}

// statisticsBuilder collects one Statistics.
type statisticsBuilder struct {
	rules  *Rules
	labels *labels
	out    *Statistics
}

func newStatisticsBuilder(rules *Rules, labels *labels) *statisticsBuilder {
	return &statisticsBuilder{rules: rules, labels: labels, out: &Statistics{
		Waits: map[WaitsKey]*Distribution{}, Shares: map[OwnerWindow]Share{}, Stages: map[StageWindow]Milliseconds{},
		Stories: map[ProjectWindow]int{}, Blockers: map[ProjectWindow]Blocker{}, FirstPass: map[OwnerWindow]FirstPass{},
		Fields: map[string]Fields{}, Unowned: map[string]int{}, rules: rules,
	}}
}

// build returns the statistics of what was collected.
func (b *statisticsBuilder) build(windows []Window, curves *survival.Estimator) *Statistics {
	for key, d := range b.out.Waits {
		d.curve = curves.CurveOf(d.still, d.moves)
		if !key.compares() {
			d.still, d.moves = survival.Ages{}, nil
		}
	}
	b.blockers(windows)
	return b.out
}

// distribution returns the distribution of a key.
func (b *statisticsBuilder) distribution(key WaitsKey) *Distribution {
	d := b.out.Waits[key]
	if d == nil {
		d = &Distribution{}
		b.out.Waits[key] = d
	}
	return d
}

// sample adds a sample to the distributions it belongs to, if it ran in the window.
func (b *statisticsBuilder) sample(w Window, r *Sample) {
	p := b.rules.watched(r.ProjectID)
	s, ok := b.rules.InWindow(w.Span, r)
	if !ok {
		return
	}
	overrun := r.Working > r.Target && (s.Began || s.Age > s.Entry)
	for _, key := range waitsKeys(r.Kind, p.Key, b.labels.of(r.Owner), w.Name) {
		d := b.distribution(key)
		switch {
		case r.End == Never:
			d.Open++
		case r.Response:
			d.Ended++
		default:
			d.Censored++
		}
		if s.Began {
			d.Began++
		}
		d.overrun = d.overrun || overrun
		d.moves = append(d.moves, s)
		if key.compares() {
			d.whose = append(d.whose, waitOf{r.StoryID, r.Start})
		}
	}
	if w.Name == longest && r.Owner == Unowned {
		b.out.Unowned[p.Key]++
	}
}

// InWindow returns what a window sees of a sample, on the owner's clock: it is at risk
// from the age that the clock had at the window's beginning. ok is false where it did
// not run in the window, or its kind is not measured in its project. A window does not
// pass the instant as of which the sample is.
func (r *Rules) InWindow(w Span, of *Sample) (s survival.Sample, ok bool) {
	p := r.watched(of.ProjectID)
	if p == nil || !p.Measures(of.Kind) || of.Start >= w.To || of.End <= w.From {
		return survival.Sample{}, false
	}
	s = survival.Sample{Began: of.Start >= w.From, Age: of.Working, Event: of.Response}
	if !s.Began {
		s.Entry = of.age(r.calendar(p, of.Owner), w.From)
	}
	return s, true
}

// field counts a story by what its owner field holds.
func (b *statisticsBuilder) field(h Home) {
	p := b.rules.watched(h.ProjectID)
	if p == nil || h.Field == NoField {
		return
	}
	f := b.out.Fields[p.Key]
	if f.Stories++; h.Field == FieldEmpty {
		f.Empty++
	}
	b.out.Fields[p.Key] = f
}

// stages adds the cycle time of a story that lies in the window. counted are the projects
// in which the story is counted already.
func (b *statisticsBuilder) stages(w Window, spans []StageSpan, counted []string) {
	var room [4]string // it seldom moves
	in := append(room[:0], counted...)
	for _, s := range spans {
		p := b.rules.watched(s.ProjectID)
		from, to := max(s.From, w.From), min(s.To, w.To)
		if p == nil || from >= to {
			continue
		}
		lived := MillisecondsOf(p.Calendar.Working(from, to))
		if lived == 0 {
			continue
		}
		b.out.Stages[StageWindow{p.Key, s.Stage, w.Name}] += lived
		key := OwnerWindow{p.Key, b.labels.of(s.Owner), w.Name}
		share := Share{Total: lived}
		share.note(s.Stage)
		addShare(b.out.Shares, key, share)
		if !slices.Contains(in, p.Key) {
			in = append(in, p.Key)
			b.out.Stories[ProjectWindow{p.Key, w.Name}]++
		}
	}
}

// verdict counts a first verdict that fell into the window.
func (b *statisticsBuilder) verdict(w Window, v Verdict) {
	p := b.rules.watched(v.ProjectID)
	if p == nil || p.NoAcceptance || v.At <= w.From || v.At > w.To {
		return
	}
	key := OwnerWindow{p.Key, b.labels.of(v.Owner), w.Name}
	fp := b.out.FirstPass[key]
	if fp.Stories++; v.Accepted {
		fp.Accepted++
	}
	b.out.FirstPass[key] = fp
}

// blockers finds the longest stage in which nobody worked on a project's
// stories, if it is long enough. In a tie it is never the owner.
func (b *statisticsBuilder) blockers(windows []Window) {
	for _, p := range b.rules.Projects {
		for _, w := range windows {
			key := ProjectWindow{p.Key, w.Name}
			if b.out.Stories[key] < fewest {
				continue
			}
			var total, worst Milliseconds
			var longest Blocker
			for _, stage := range Stages() {
				lived := b.out.Stages[StageWindow{p.Key, stage, w.Name}]
				total += lived
				if Blocks(stage) && lived > worst {
					worst, longest.Stage = lived, stage
				}
			}
			if longest.Share = float64(worst) / float64(total); longest.Share < leastBlocked {
				longest = Blocker{}
			}
			b.out.Blockers[key] = longest
		}
	}
}

// Pace returns the share of its owner's waits of the last 90 days, itself left
// out, that were over before the age w has now: it waits longer than they did.
// ok is false if there are too few waits to compare with.
func (s *Statistics) Pace(w *Part) (share float64, ok bool) {
	d := s.compared(w)
	if d == nil {
		return 0, false
	}
	var room [2]survival.Sample
	own := d.own(room[:0], w)
	if d.count()-len(own) < fewest {
		return 0, false
	}
	return 1 - d.curve.BeforeWithout(w.Working, own...), true
}

// own appends to a list what the samples have of a wait itself: of all that began on its
// story at its instant.
func (d *Distribution) own(list []survival.Sample, w *Part) []survival.Sample {
	for i, of := range d.whose {
		if of.story == w.StoryID && of.start == w.Start {
			list = append(list, d.moves[i])
		}
	}
	return list
}

// compared returns the waits that a wait is compared with: those of its owner and kind
// that the longest window sees; nil if there are none. Where owners are not told apart
// they are everybody's.
func (s *Statistics) compared(w *Part) *Distribution {
	if s.rules == nil { // of no trace
		return nil
	}
	return s.Waits[WaitsKey{w.Kind, "", s.rules.Label(w.Owner), longest}]
}
