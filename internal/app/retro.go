package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/web"
)

const (
	// keptRetros is how many retrospectives are kept, and wait to be made, at most.
	keptRetros = 8
	// keptWaits is how many waits all of them list at most; the last is kept anyway.
	keptWaits = 50_000
	// retroPatience is for how long a retrospective that nobody asks for any more stays in
	// the queue: a page asks every few seconds.
	retroPatience = time.Minute
	// longestWaits is how many of the longest waits a retrospective lists.
	longestWaits = 10
)

// retros makes retrospectives in the background, one at a time: each once for what is
// asked, the rules in force and the data timestamp. Whoever asks meanwhile waits for the same. It
// is safe for concurrent use.
type retros struct {
	log    *zap.Logger
	report func(ctx context.Context, ask web.RetroAsk, progress func()) (*retrospective.Report, error)
	wake   chan struct{} // holds a value while something is wanted

	mu   sync.Mutex
	list []*retro // those asked for last come last
}

// edition is what a retrospective is made of.
type edition struct {
	data  latency.Instant // the data timestamp
	rules *latency.Rules
}

// retro is one retrospective, and what becomes of it.
type retro struct {
	ask   web.RetroAsk
	name  string    // of what is asked
	want  edition   // that is wanted
	asked time.Time // when it was asked for last

	made   *retrospective.Report // nil: none yet
	of     edition               // that made, or failed, is
	failed error                 // why there is none of that time
	making bool
	read   atomic.Int64 // stories, of the one that is being made
}

func newRetros(log *zap.Logger, answers *answers) *retros {
	return &retros{log: log, wake: make(chan struct{}, 1), report: answers.retrospective}
}

// ask returns the retrospective that is asked for as far as it is made, and has it made,
// or made anew if there are newer data. It never waits.
func (q *retros) ask(ask web.RetroAsk, want edition) web.Retro {
	q.mu.Lock()
	defer q.mu.Unlock()
	name := strings.Join(append([]string{ask.Sprint, ask.From.Format(time.DateOnly), ask.To.Format(time.DateOnly)}, ask.Projects...), "\x00")
	var out web.Retro
	i := slices.IndexFunc(q.list, func(r *retro) bool { return r.name == name })
	var r *retro
	switch {
	case i >= 0:
		r = q.list[i]
		q.list = append(slices.Delete(q.list, i, i+1), r)
	case !q.room():
		out.Making, out.Progress = true, "others are made first"
		return out
	default:
		r = &retro{ask: ask, name: name}
		q.list = append(q.list, r)
	}
	r.asked, r.want = time.Now(), want
	out.Report = r.made
	if r.of == want {
		out.Err = r.failed
		return out
	}
	out.Making = true
	if out.Progress = "it waits for its turn"; r.making {
		out.Progress = fmt.Sprintf("%d stories are read", r.read.Load())
	}
	select {
	case q.wake <- struct{}{}:
	default: // the maker knows already
	}
	return out
}

// room reports whether another retrospective can be wanted. Of those that nobody waits for
// it forgets as many as are too many, or list too many waits: those asked for first.
func (q *retros) room() bool {
	waits := 0
	for _, r := range q.list {
		waits += r.waits()
	}
	var kept []*retro
	for i, r := range q.list {
		idle := !r.making && (r.of == r.want || time.Since(r.asked) > retroPatience)
		if left := len(kept) + len(q.list) - i; idle && (left >= keptRetros || waits > keptWaits) {
			waits -= r.waits()
			continue
		}
		kept = append(kept, r)
	}
	q.list = kept
	return len(kept) < keptRetros
}

// waits returns how many waits a retrospective lists.
func (r *retro) waits() int {
	if r.made == nil {
		return 0
	}
	return len(r.made.Open)
}

// forget forgets what was made: the store, or the config, does not say it any more.
func (q *retros) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = nil
}

// run makes what is wanted until ctx is done.
func (q *retros) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.wake:
		}
		for r := q.next(); r != nil && ctx.Err() == nil; r = q.next() {
			q.make(ctx, r)
		}
	}
}

// next returns what is made next: what was asked for first. nil: nothing is wanted.
func (q *retros) next() *retro {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.list {
		if r.of != r.want && time.Since(r.asked) <= retroPatience {
			r.making = true
			r.read.Store(0)
			return r
		}
	}
	return nil
}

// make makes a retrospective.
func (q *retros) make(ctx context.Context, r *retro) {
	q.mu.Lock()
	want := r.want
	q.mu.Unlock()
	made, err := q.report(ctx, r.ask, func() { r.read.Add(1) })
	if ctx.Err() != nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	r.making, r.of, r.failed = false, want, nil
	unknown, early := query.UnknownError{}, query.TooEarlyError{}
	switch {
	case err == nil:
		r.made = made
	case errors.As(err, &unknown): // which names a flag
		r.failed = errors.New(unknown.Hint)
	case errors.As(err, &early):
		r.failed = early
	default:
		r.failed = errors.New("making the report failed; the service's log says why")
		q.log.Error("making a retrospective failed; it is tried again with newer data", zap.Strings("projects", r.ask.Projects), zap.Error(err))
	}
}

// retrospective makes a retrospective of what is published.
func (a *answers) retrospective(ctx context.Context, ask web.RetroAsk, progress func()) (*retrospective.Report, error) {
	reader, err := a.reader(ctx)
	if err != nil {
		return nil, err
	}
	opts := retrospective.Options{Projects: ask.Projects, PerOwner: true, Longest: longestWaits}
	wanted := query.Wanted{Projects: ask.Projects, Sprint: ask.Sprint, From: ask.From, To: ask.To}
	if opts.Range, opts.Before, err = reader.Ranges(ctx, wanted, retroZone(a.cfg(), ask.Projects)); err != nil {
		return nil, err
	}
	return reader.Retrospective(ctx, opts, progress)
}

// retroZone returns the zone whose days a retrospective has: the project's, or the global
// one for several.
func retroZone(cfg *config.Config, projects []string) *time.Location {
	if len(projects) == 1 {
		return cfg.ProjectZone(projects[0])
	}
	return cfg.Zone()
}

// retro answers the page about retrospectives. Without days it is about the last ones.
func (s *Service) retro(ask web.RetroAsk) web.Retro {
	report := s.numbers.report()
	if report == nil {
		return web.Retro{Making: true, Progress: cmp.Or(s.status.get().Progress, "there are no numbers yet")}
	}
	out := s.retros.ask(ask, edition{report.DataTimestamp, report.Rules()})
	out.Zone = retroZone(s.cfg(), ask.Projects)
	return out
}
