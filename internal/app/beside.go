package app

import (
	"context"
	"errors"
	"sync"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/metrics"
)

// preparation derives the numbers by another config while the poller goes on by the one
// in force, so that a reload of a large store stops no poll.
type preparation struct {
	next    change
	waiting []*reload // who waits for it
	cancel  context.CancelFunc
	done    chan struct{} // is closed when it has ended
	numbers *prepared     // may be read once done is closed; nil: everything has to be derived when the config is put in force
}

// prepared are numbers by another config.
type prepared struct {
	engine *measure.Engine
	rules  *rules.Result
	facts  rules.Facts
}

// ended returns what is closed when p has ended; nil if there is none.
func (p *preparation) ended() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.done
}

// abandon ends a preparation, if there is one, and returns who waits for it.
func (s *Service) abandon(p *preparation) []*reload {
	if p == nil {
		return nil
	}
	p.cancel()
	<-p.done
	s.numbers.stopNoting()
	return p.waiting
}

// prepareBeside begins to derive the numbers by another config, if that takes a
// derivation of everything and is possible beside the poller; else it returns nil.
func (s *Service) prepareBeside(ctx context.Context, next change, waiting []*reload) *preparation {
	state, err := s.store.State(ctx)
	if err != nil || next.meta != nil || !next.poller.Covers(state) || s.numbers.report() == nil {
		return nil
	}
	facts, err := query.Facts(ctx, s.store)
	if err != nil {
		return nil
	}
	r, err := query.Rules(next.cfg, facts)
	if err != nil || rules.Fingerprint(next.cfg) == rules.Fingerprint(s.cfg()) {
		return nil // what is kept is of the same config: to begin with it takes no time
	}
	if ledger, err := query.LedgerBy(ctx, s.store, next.cfg); err != nil || ledger.Renewed(state.DataTimestamp) {
		return nil
	}
	s.numbers.unverified()
	running, cancel := context.WithCancel(ctx)
	p := &preparation{next: next, waiting: waiting, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer cancel()
		engine := measure.NewEngine(s.store, next.cfg.Metrics.OpenWaitsPerOwner)
		engine.ConfirmBy(s.confirm)
		engine.KeepAs("not known yet") // not "", so that what it comes to is kept; take knows the identity
		err := s.numbers.prepare(running, engine, r.Rules, rules.Fingerprint(next.cfg), state.DataTimestamp)
		switch {
		case err == nil:
			p.numbers = &prepared{engine, r, facts}
		case running.Err() == nil:
			s.log.Warn("deriving the numbers by the new config beside the polls failed; they stand still while it is put in force", zap.Error(err))
		}
	}()
	return p
}

// takeOver shows prepared numbers.
func (s *Service) takeOver(ctx context.Context, p *prepared) (done bool, err error) {
	defer s.numbers.stopNoting()
	state, err := s.store.State(ctx)
	if err != nil {
		return false, err
	}
	return s.numbers.take(ctx, p, state.DataTimestamp)
}

// counting is what the numbers share with a preparation beside them.
type counting struct {
	mu      sync.Mutex // is held while anything is counted
	beside  *measure.Beside
	changed []int64 // the stories that were derived since the preparation began
}

// note notes what is about to be derived, if that matters to a preparation.
func (c *counting) note(changed []int64) {
	if c.beside != nil {
		c.changed = append(c.changed, changed...)
	}
}

// begin makes e note what it counts from now on, and end no longer.
func (c *counting) begin(e *measure.Engine) {
	c.beside, c.changed = &measure.Beside{}, nil
	e.Note(c.beside)
}

// end makes e note nothing any more. mu must be held.
func (c *counting) end(e *measure.Engine) {
	c.beside, c.changed = nil, nil
	e.Note(nil)
}

// stopNoting ends what prepare began. It is safe to call while the poller runs.
func (n *numbers) stopNoting() {
	n.counting.mu.Lock()
	defer n.counting.mu.Unlock()
	n.counting.end(n.engine)
}

// prepare makes an engine derive everything by other rules, and notes from then on what
// the one in force derives and counts. It is safe to call while the poller runs.
func (n *numbers) prepare(ctx context.Context, e *measure.Engine, r *latency.Rules, fingerprint string, asOf latency.Instant) error {
	if n.binary == "" { // then the store does not note what is written
		return errors.New("the program's file cannot be read")
	}
	c := &n.counting
	c.mu.Lock()
	began := sync.OnceFunc(c.mu.Unlock)
	defer began()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.begin(n.engine)
	if err := e.Prepare(ctx, r, fingerprint, asOf, began); err != nil {
		began()
		n.stopNoting()
		return err
	}
	return nil
}

// take puts prepared numbers in force, as of an instant, and publishes them. The config
// must be adopted. It reports whether it could: Jira's description of itself may be
// another one by now.
func (n *numbers) take(ctx context.Context, p *prepared, asOf latency.Instant) (done bool, err error) {
	if err := n.noteNames(ctx, p.rules); err != nil {
		return false, err
	}
	now, err := n.factsNow(ctx)
	if err != nil {
		return false, err
	}
	r, err := query.Rules(n.cfg(), now)
	if err != nil || !rules.SameReading(p.rules.Rules, r.Rules) {
		return false, err
	}
	touched, err := n.store.Touched(ctx)
	if err != nil {
		return false, err
	}
	if err := n.rename(ctx, asOf); err != nil {
		return false, err
	}
	if err := n.putInForce(ctx); err != nil {
		return false, err
	}
	n.engine = p.engine
	n.engine.Rename(r.Rules)
	n.engine.KeepAs(identity(n.binary, n.cfg(), now))
	report, err := n.engine.Follow(ctx, append(n.counting.changed, touched...), n.counting.beside, asOf, n.derived)
	if err != nil {
		return false, err
	}
	n.self.Observe(metrics.Derivation{From: metrics.FromStories})
	n.rules, n.facts, n.whole = r.Rules, &now, true
	n.warn(r.Problems)
	return true, n.publish(ctx, report)
}

// noteNames notes in the store what the names in a config mean.
func (n *numbers) noteNames(ctx context.Context, r *rules.Result) error {
	if err := n.store.SaveResolved(ctx, r.Resolved); err != nil {
		return err
	}
	keys := map[string][]string{}
	for key, owner := range n.cfg().Owners {
		keys[key] = owner.Accounts
	}
	return n.store.SaveOwners(ctx, keys)
}

// factsNow returns what the store knows about the Jira. Reading meta again without
// finding anything new changes no rule.
func (n *numbers) factsNow(ctx context.Context) (rules.Facts, error) {
	now, err := query.Facts(ctx, n.store)
	now.Meta.At = 0
	return now, err
}
