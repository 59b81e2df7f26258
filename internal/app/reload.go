package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/query"
)

// reload asks the poller to put the config's file in force. The answer is nil, or
// why the old config stays.
type reload struct{ answer chan<- error }

// Reload reads the config's file again and puts it in force. If anything is
// wrong with it the old one stays, and the error says what.
func (s *Service) Reload(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case s.reloads <- reload{answer}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// supervise waits until the poller ends, or another config is in force, or a cycle
// that was requested has run. It reports whether the poller must start again.
func (s *Service) supervise(ctx context.Context, stop func(), done <-chan error) (err error, again bool) { //nolint:revive // the flag belongs behind the error
	for {
		select {
		case err := <-done:
			return err, false
		case r := <-s.reloads:
			next, err := s.prepare(ctx)
			s.polls.reloaded(err)
			if err != nil {
				r.answer <- err
				continue
			}
			// Nothing can fail any more. A first sync continues where it was.
			stop()
			if err := <-done; err != nil {
				r.answer <- err
				return err, false
			}
			if err := s.change(ctx, next); err != nil && ctx.Err() == nil {
				s.log.Error("deriving the numbers by the new config failed; the old numbers stay until a cycle succeeds", zap.Error(err))
			}
			r.answer <- nil
			return nil, true
		case r := <-s.wanted:
			stop() // a cycle under way ends, and what it has not read is read by this one
			if err := <-done; err != nil {
				r.answer <- answer{err: err}
				return err, false
			}
			done, err := r.run(ctx)
			r.answer <- answer{done, err}
			return nil, true
		}
	}
}

// change is another config and what is needed to put it in force.
type change struct {
	cfg    *config.Config
	poller *collector.Collector
	meta   *jiradata.Meta // how Jira describes itself now; nil: it was not asked
}

// change puts another config in force, and derives the numbers by it. No cycle
// may be under way.
func (s *Service) change(ctx context.Context, c change) error {
	var err error
	if c.meta != nil {
		err = s.store.SaveMeta(ctx, *c.meta)
	}
	s.adopt(c.cfg, c.poller)
	return errors.Join(err, s.resume(ctx))
}

// prepare reads the config's file, makes what it needs, and finds out whether Jira
// accepts it. It asks Jira only if what the store knows is not enough.
func (s *Service) prepare(ctx context.Context) (change, error) {
	load := s.opts.Load
	if load == nil {
		load = LoadConfig
	}
	next, err := load(s.cfg.File())
	if err != nil {
		return change{}, err
	}
	if err := restartNeeded(s.cfg, next); err != nil {
		return change{}, err
	}
	client, poller, err := s.newCollector(next)
	if err != nil {
		return change{}, err
	}
	known, err := query.Facts(ctx, s.store)
	if err != nil {
		return change{}, err
	}
	var unknown error // names in the config that the store does not know
	if len(known.Meta.Statuses) > 0 {
		_, unknown = query.Rules(next, known)
	}
	if unknown == nil && reflect.DeepEqual(s.asked, askedBy(next)) {
		return change{next, poller, nil}, nil
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
	return change{next, poller, &meta}, nil
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
		{"log", old.Log != next.Log},
	} {
		if k.changed {
			errs = append(errs, fmt.Errorf("%s:%d: %s: has changed; restart to use the new value", next.File(), next.Line(k.key), k.key))
		}
	}
	return errors.Join(errs...)
}
