package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/query"
)

// reloadGap is the least time between two reloads: those that are asked for
// meanwhile are one.
const reloadGap = 100 * time.Millisecond

// reload is a reading of the config's file that somebody waits for.
type reload struct {
	by   []string // who asks for it, each once
	done chan struct{}
	err  error // why the old config stays; may be read once done is closed
}

// reloads keeps the one reload that the poller has not begun yet: whoever asks
// before it begins waits for the same. It is safe for concurrent use.
type reloads struct {
	wake chan struct{} // holds a value while one waits

	mu      sync.Mutex
	pending *reload
	last    time.Time // when the poller took one
}

func newReloads() *reloads { return &reloads{wake: make(chan struct{}, 1)} }

// ask returns the reload that begins next.
func (q *reloads) ask(by string) *reload {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pending == nil {
		q.pending = &reload{done: make(chan struct{})}
		wake := func() {
			select {
			case q.wake <- struct{}{}:
			default: // the poller knows already
			}
		}
		if wait := time.Until(q.last.Add(reloadGap)); wait > 0 {
			time.AfterFunc(wait, wake)
		} else {
			wake()
		}
	}
	if !slices.Contains(q.pending.by, by) {
		q.pending.by = append(q.pending.by, by)
	}
	return q.pending
}

// take returns the reload that waits, which nobody joins any more; nil if none does.
func (q *reloads) take() *reload {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.pending
	q.pending, q.last = nil, time.Now()
	return r
}

// Reload reads the config's file again and puts it in force, because by asks for
// it. If anything is wrong with it the old one stays, and the error says what.
func (s *Service) Reload(ctx context.Context, by string) error {
	r := s.reloads.ask(by)
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer tells everybody who waits for reloads how they ended.
func (s *Service) answer(waiting []*reload, err error) {
	for _, r := range waiting {
		if err != nil {
			s.audit.Warn("a reload of the config failed", zap.Strings("by", r.by), zap.Error(err))
		} else {
			s.audit.Info("the config was reloaded", zap.Strings("by", r.by))
		}
		r.err = err
		close(r.done)
	}
	s.systemd.reloaded(len(waiting))
}

// supervise waits until the poller ends, or another config is in force, or a cycle
// that was requested has run. It reports whether the poller must start again.
func (s *Service) supervise(ctx context.Context, stop func(), done <-chan error) (err error, again bool) { //nolint:revive // the flag belongs behind the error
	var beside *preparation
	for {
		select {
		case err := <-done:
			s.answer(s.abandon(beside), errors.Join(err, ctx.Err()))
			return err, false
		case <-s.reloads.wake:
			r := s.reloads.take()
			if r == nil {
				continue
			}
			s.systemd.reloading()
			next, err := s.prepare(ctx)
			s.polls.reloaded(err)
			if err != nil {
				s.answer([]*reload{r}, err)
				continue
			}
			waiting := append(s.abandon(beside), r)
			if beside = nil; next.cfg == nil {
				s.answer(waiting, nil)
				continue
			}
			if beside = s.prepareBeside(ctx, next, waiting); beside == nil {
				return s.exchange(ctx, &preparation{next: next, waiting: waiting}, stop, done)
			}
		case <-beside.ended():
			return s.exchange(ctx, beside, stop, done)
		case r := <-s.wanted:
			waiting := s.abandon(beside)
			s.numbers.unverified()
			stop() // a cycle under way ends, and what it has not read is read by this one
			if err := <-done; err != nil {
				s.answer(waiting, err)
				r.answer <- answer{err: err}
				return err, false
			}
			done, err := r.run(ctx)
			r.answer <- answer{done, err}
			if waiting != nil { // what was derived for them is of the time before
				s.change(ctx, beside.next, nil)
				s.answer(waiting, nil)
			}
			return nil, true
		}
	}
}

// exchange stops the poller and puts another config in force. A first sync continues
// where it was.
func (s *Service) exchange(ctx context.Context, p *preparation, stop func(), done <-chan error) (err error, again bool) { //nolint:revive // as above
	ended, over := s.pace.spared()
	select {
	case <-ended:
	case <-over:
	case <-ctx.Done():
	}
	stop()
	if err := <-done; err != nil {
		s.answer(p.waiting, err)
		return err, false
	}
	s.pace.interrupt()
	s.change(ctx, p.next, p.numbers)
	s.answer(p.waiting, nil)
	return nil, true
}

// change is another config and what is needed to put it in force.
type change struct {
	cfg    *config.Config
	client *jira.Client
	poller *collector.Collector
	meta   *jiradata.Meta // how Jira describes itself now; nil: it was not asked
}

// change puts another config in force, and shows its numbers, which may be derived
// already. Nothing can fail any more; what does is logged. No cycle may be under way.
func (s *Service) change(ctx context.Context, c change, numbers *prepared) {
	s.numbers.unverified() // it reads the store as it was, which would keep titles there that are erased now
	var err error
	if c.meta != nil {
		err = s.store.SaveMeta(ctx, *c.meta)
	}
	err = errors.Join(err, s.keepTitles(ctx, c.cfg))
	s.adopt(c.cfg, c.client, c.poller)
	done := false
	if numbers != nil {
		var failed error
		done, failed = s.takeOver(ctx, numbers)
		err = errors.Join(err, failed)
	}
	if !done {
		err = errors.Join(err, s.resume(ctx))
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("deriving the numbers by the new config failed; the old numbers stay until a cycle succeeds", zap.Error(err))
	}
}

// prepare reads the config's file, makes what it needs, and finds out whether Jira
// accepts it. It asks Jira only if what the store knows is not enough. The change is
// zero if the config in force is the same.
func (s *Service) prepare(ctx context.Context) (_ change, err error) {
	load := s.opts.Load
	if load == nil {
		load = LoadConfig
	}
	next, err := load(s.cfg().File())
	if err != nil {
		return change{}, err
	}
	if err := restartNeeded(s.cfg(), next); err != nil {
		return change{}, err
	}
	if _, err := CheckWeb(next); err != nil {
		return change{}, err
	}
	if s.cfg().Same(next) && reflect.DeepEqual(s.asked, askedBy(next)) {
		return change{}, nil
	}
	client, poller, err := s.newCollector(ctx, next)
	if err != nil {
		return change{}, err
	}
	defer func() {
		if err != nil {
			client.CloseIdleConnections()
		}
	}()
	known, err := query.Facts(ctx, s.store)
	if err != nil {
		return change{}, err
	}
	var unknown error // names in the config that the store does not know
	if len(known.Meta.Statuses) > 0 {
		_, unknown = query.Rules(next, known)
	}
	if unknown == nil && reflect.DeepEqual(s.asked, askedBy(next)) {
		return change{next, client, poller, nil}, nil
	}
	if !s.lock.Held() { // whoever polls asks Jira, and what it says is followed
		return change{next, client, poller, nil}, nil
	}
	state, err := s.store.State(ctx)
	if err != nil {
		return change{}, err
	}
	lost := state.Lost
	if !poller.Covers(state) {
		lost = nil // a new scope may only name projects that exist
	}
	meta, err := ask(ctx, client, next, state, lost, s.now())
	if err != nil {
		return change{}, errors.Join(unknown, err)
	}
	for _, p := range known.Meta.Projects { // a lost project stays as it was described
		// If the config names no projects, the collector finds out which were lost.
		if slices.Contains(meta.Missing, p.Key) || len(next.Jira.Projects) == 0 && !slices.ContainsFunc(meta.Projects, func(m jiradata.Project) bool { return m.ID == p.ID }) {
			meta.Projects = append(meta.Projects, p)
		}
	}
	meta.Missing = nil
	known.Meta, known.Users = meta, append(known.Users, meta.Users...)
	if _, err := query.Rules(next, known); err != nil {
		return change{}, err
	}
	return change{next, client, poller, &meta}, nil
}

// restartNeeded returns an error for each key that changed and is only read at a start.
func restartNeeded(old, next *config.Config) error {
	var errs []error
	for _, k := range []struct {
		key     string
		changed bool
	}{
		{"jira.url", old.Jira.URL != next.Jira.URL},
		{"store.url", old.Store.URL != next.Store.URL},
		{"web.listen_address", old.Web.ListenAddress != next.Web.ListenAddress},
		{"web.probe_address", old.Web.ProbeAddress != next.Web.ProbeAddress},
		{"web.probe_metrics", old.Web.ProbeMetrics != next.Web.ProbeMetrics},
		{"web.config_file", old.Web.ConfigFile != next.Web.ConfigFile},
		{"log", old.Log != next.Log},
	} {
		if k.changed {
			errs = append(errs, fmt.Errorf("%s:%d: %s: has changed; restart to use the new value", next.File(), next.Line(k.key), k.key))
		}
	}
	return errors.Join(errs...)
}
