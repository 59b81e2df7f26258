package team

import (
	"container/heap"
	"context"
	"iter"
	"maps"
	"math/rand"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// Options say which organisation is generated, and over which time.
type Options struct {
	Seed       int64
	Flavor     jirasim.Flavor
	Start, End time.Time // of the generated history; zero: the 180 days up to Now
	MinStories int       // 0: 200
	Now        func() time.Time
	// SlipWindow is how soon a move is taken back, and how long a part of a wait
	// is at least; 0: 5 minutes. A fast life needs less.
	SlipWindow time.Duration
	// Losses lets stories be deleted, hidden for a while, and moved for good to
	// where no collector looks.
	Losses bool
	// Ordinary makes an organisation that one would believe: most stories are built,
	// reviewed, tested and accepted, a few waits are forgotten, and what is odd is rare.
	// Without it every scene is about as frequent as any other.
	Ordinary bool
}

// Team is a generated organisation. Its methods are not for concurrent use,
// but the Site may be served while Live runs.
type Team struct {
	opts     Options
	rng      *rand.Rand
	site     *jirasim.Site
	owners   map[string]*owner
	refs     []string // of owners, in order
	devs     []*jirasim.User
	admin    *jirasim.User
	robot    *jirasim.User
	standIns []standIn
	office   *owner // the hours of whom the config does not know
	projects []*project
	lab      *project // that is not watched
	deck     []card
	left     int // how many of the forgotten waits have begun
	scenes   map[string]int

	now    time.Time
	speed  float64 // 0: history is being made
	agenda agenda
	turn   int
	lives  []*life
	stops  []func()
}

// quiet is the time before the end of the history without any act, so that every
// ending is final.
const quiet = 10 * time.Minute

// New generates an organisation and its history. The same options give the same.
func New(o Options) (*Team, error) {
	t, err := Begin(o)
	if err != nil {
		return nil, err
	}
	t.Until(t.opts.End)
	return t, nil
}

// Begin generates an organisation on the first day of its history, before the first
// act.
func Begin(o Options) (*Team, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.End.IsZero() {
		o.End = o.Now()
	}
	o.End = o.End.Truncate(time.Second)
	if o.Start.IsZero() {
		o.Start = o.End.AddDate(0, 0, -180)
	}
	if o.MinStories == 0 {
		o.MinStories = 200
	}
	if o.SlipWindow == 0 {
		o.SlipWindow = slipWindow
	}
	t := &Team{
		opts: o, rng: rand.New(rand.NewSource(o.Seed)), site: jirasim.NewSite(o.Flavor, o.Now), //nolint:gosec // repeatable on purpose
		owners: map[string]*owner{}, now: o.Start, scenes: map[string]int{},
	}
	if err := t.hire(); err != nil {
		return nil, err
	}
	t.organise()
	t.spawn(nil, t.arrivals)
	return t, nil
}

// Until lets the history go on up to an instant, which becomes now. The number of
// calls makes no difference to the history.
func (t *Team) Until(at time.Time) {
	t.runUntil(earlier(at, t.opts.End.Add(-quiet)))
	t.now = at
}

// Start returns when the history begins.
func (t *Team) Start() time.Time { return t.opts.Start }

// Site returns the simulated Jira.
func (t *Team) Site() *jirasim.Site { return t.site }

// Scenes returns how often each scene was played that cannot be counted by the
// waits alone.
func (t *Team) Scenes() map[string]int { return maps.Clone(t.scenes) }

// entry is when something goes on.
type entry struct {
	at     time.Time
	turn   int   // of two at the same instant, the one that was put down first
	of     *life // or nil
	resume func() (time.Time, bool)
}

// agenda is a heap of entries.
type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].turn < a[j].turn
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	old := *a
	e := old[len(old)-1]
	*a = old[:len(old)-1]
	return e
}

// script is what somebody does over time. It calls sleep with the instant at which
// it goes on, and ends when sleep returns false.
type script func(sleep func(until time.Time) bool)

// spawn starts a script now, of a life or of none.
func (t *Team) spawn(l *life, s script) {
	next, stop := iter.Pull(func(yield func(time.Time) bool) { s(yield) })
	t.stops = append(t.stops, stop)
	t.put(t.now, l, next)
}

// Close ends all that its people were about to do. The Site stays.
func (t *Team) Close() {
	for _, stop := range t.stops {
		stop()
	}
	t.stops, t.agenda = nil, nil
}

// put adds an entry to the agenda.
func (t *Team) put(at time.Time, l *life, resume func() (time.Time, bool)) {
	t.turn++
	heap.Push(&t.agenda, entry{at.Truncate(time.Millisecond), t.turn, l, resume}) // Jira knows no finer instants
}

// runUntil plays all entries before end.
func (t *Team) runUntil(end time.Time) {
	for len(t.agenda) > 0 && t.agenda[0].at.Before(end) {
		e := heap.Pop(&t.agenda).(entry)
		t.now = e.at
		if at, more := e.resume(); more {
			t.put(at, e.of, e.resume)
		}
	}
}

// Live goes on from the end of the history in the time of the clock, until ctx
// ends. speed divides the time between acts; stamps are always Now, and owners work
// in their hours of the real day.
func (t *Team) Live(ctx context.Context, speed float64) error {
	t.speed = speed
	begun := t.opts.Now()
	for i, e := range t.agenda { // what was to happen later happens sooner
		d := max(0, e.at.Sub(t.opts.End))
		if e.of == nil || !e.of.due || !t.opts.Ordinary {
			d = time.Duration(float64(d) / speed)
		}
		t.agenda[i].at = begun.Add(d)
	}
	heap.Init(&t.agenda)
	for {
		if len(t.agenda) == 0 {
			<-ctx.Done()
			return nil
		}
		if !t.await(ctx) {
			return nil
		}
		t.next()
	}
}

// await waits until something goes on; it reports whether that was before ctx ended.
func (t *Team) await(ctx context.Context) bool {
	if d := t.agenda[0].at.Sub(t.opts.Now()); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}

// next plays the next entry now.
func (t *Team) next() {
	e := heap.Pop(&t.agenda).(entry)
	t.now = t.opts.Now().Truncate(time.Millisecond)
	if at, more := e.resume(); more {
		t.put(at, e.of, e.resume)
	}
}

// Settle ends what Live began: what must not be left half done, such as a move that
// is about to be undone, is finished, and nothing new begins. Nothing happens
// afterwards.
func (t *Team) Settle(ctx context.Context) {
	t.agenda = slices.DeleteFunc(t.agenda, func(e entry) bool { return e.of == nil || e.of.midway == "" })
	now := t.opts.Now()
	for i := range t.agenda { // without the usual delays
		t.agenda[i].at = earlier(t.agenda[i].at, now.Add(2*time.Second))
	}
	heap.Init(&t.agenda)
	for len(t.agenda) > 0 && t.await(ctx) {
		l := t.agenda[0].of
		t.next()
		if l.midway == "" {
			t.agenda = slices.DeleteFunc(t.agenda, func(e entry) bool { return e.of == l })
			heap.Init(&t.agenda)
		}
	}
	t.now = t.opts.Now().Truncate(time.Millisecond)
}

// arrivals creates stories, at an even pace, which is faster in life.
func (t *Team) arrivals(sleep func(time.Time) bool) {
	gap := t.opts.End.Sub(t.opts.Start) * 19 / 20 / time.Duration(t.opts.MinStories)
	for {
		pause := time.Duration((0.5 + t.rng.Float64()) * float64(gap))
		switch {
		case t.speed > 0 && t.opts.Ordinary:
			pause = time.Duration(float64(pause) / t.speed)
		case t.speed > 0:
			pause = time.Duration((0.5 + t.rng.Float64()) * float64(90*time.Minute) / t.speed)
		}
		l := t.newLife()
		t.spawn(l, l.run)
		if !sleep(t.now.Add(pause)) {
			return
		}
	}
}

// chance returns true with a probability.
func (t *Team) chance(p float64) bool { return t.rng.Float64() < p }

// pick returns one of list.
func pick[T any](t *Team, list []T) T { return list[t.rng.Intn(len(list))] }
