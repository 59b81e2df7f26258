package app

import (
	"context"
	"errors"
	"reflect"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// followEvery is how often a process that follows looks whether there are other numbers,
// and whether the lease is free.
const followEvery = 250 * time.Millisecond

// followRest is how long a process that follows waits after a derivation that failed, which
// has to begin anew.
const followRest = 10 * time.Second

// wantedEvery is how often the process that asks Jira looks for what webhooks named to
// others.
const wantedEvery = time.Second

// errFollower is what a process that follows answers to what only the other one can do.
var errFollower = errors.New("this replica shows what another one polls and counts, and does neither: ask that one")

// following derives the numbers of a store that another process writes to. Its engine
// stands at a revision of the store, and goes on to a later one by what changed between. It
// publishes what it derived where the other process had derived all there is by then, and
// nothing was written meanwhile: then both show the same.
type following struct {
	numbers *numbers
	engine  *measure.Engine // nil: the next derivation is one of every story
	rules   *rules.Result
	facts   rules.Facts
	at      store.Standing // of the engine
	shown   int64          // the revision of what is published
	rest    time.Time      // until then nothing is derived: it has failed
}

// derive derives the numbers at a revision, as of when they were last published. What was
// written later may be in them.
func (f *following) derive(ctx context.Context, at store.Standing) (*latency.Report, error) {
	n := f.numbers
	facts, err := n.factsNow(ctx)
	if err != nil {
		return nil, err
	}
	r, err := query.Rules(n.cfg(), facts)
	if err != nil {
		return nil, err
	}
	if f.engine == nil || at.Derivation != f.at.Derivation || !reflect.DeepEqual(facts, f.facts) && !rules.SameReading(f.rules.Rules, r.Rules) {
		n.self.Observe(metrics.Derivation{From: metrics.FromStories})
		f.engine = measure.NewFollower(n.store.At(at.Revision), n.cfg().Metrics.OpenWaitsPerOwner)
		f.rules, f.facts, f.at = r, facts, at
		return f.engine.Load(ctx, r.Rules, rules.Fingerprint(n.cfg()), at.AsOf, n.derived)
	}
	stories, counted, err := n.store.Since(ctx, f.at.Revision, at.Revision)
	if err != nil {
		return nil, err
	}
	n.self.Observe(metrics.Derivation{From: metrics.FromChanges})
	f.engine.Rename(r.Rules)
	f.engine.On(n.store.At(at.Revision))
	f.engine.AddCounted(counted)
	f.rules, f.facts, f.at = r, facts, at
	return f.engine.Refresh(ctx, stories, at.AsOf)
}

// step brings the numbers up to where the store is.
func (f *following) step(ctx context.Context, now store.Standing) error {
	n := f.numbers
	if now.Revision < f.at.Revision { // another server of the database has taken over, and lacks something
		f.engine, f.shown = nil, 0
	}
	if time.Now().Before(f.rest) || now.Published == 0 || now.Published == f.shown && now.Derivation == f.at.Derivation || f.shown != 0 && now.Revision != now.Published {
		return nil
	}
	for {
		report, err := f.derive(ctx, now)
		if err != nil {
			f.engine, f.rest = nil, time.Now().Add(followRest)
			return err
		}
		after, err := n.store.Standing(ctx)
		switch {
		case err != nil:
			return err
		case after.Revision != now.Revision && after.Revision == after.Published:
			now = after // something was written meanwhile, and all of it is derived
			continue
		case after.Revision == now.Revision && (now.Revision == now.Published || f.shown == 0):
			// The process that writes may have failed in the middle of a poll. Numbers with
			// what it has read, as a start of its own shows them, are better than none.
			n.put(report)
			n.status.progress("")
			f.shown = now.Revision
		}
		return nil
	}
}

// follow shows the numbers that another process derives, until this one has the lease of
// the store or ctx ends. Where this process writes to the store already it returns at once.
func (s *Service) follow(ctx context.Context, wanted <-chan []int64) error {
	lock, ok := s.lock.(*leaseLock)
	if !ok {
		return nil
	}
	var said followState
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for !lock.Held() {
		s.status.alive(s.cfg().Jira.PollInterval)
		now, err := s.look(ctx, lock)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the service is stopping
		}
		s.say(now, &said, err)
		if lock.Held() {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.reloads.wake:
			if s.reloadFollowing(ctx, lock) {
				s.follower.engine, s.follower.shown = nil, 0
			}
		case r := <-s.wanted:
			r.answer <- answer{err: errFollower}
		case ids := <-wanted:
			if err := s.store.Want(ctx, ids); err != nil && ctx.Err() == nil {
				s.log.Warn("a webhook could not be handed to the replica that polls Jira; its next poll finds the same changes", zap.Error(err))
			}
		}
	}
	return s.lead(ctx)
}

// followState is what was said of a process that follows.
type followState struct {
	holder            string
	outdated, failing bool
}

// look takes the lease if it is free, or else brings the numbers up to where the store is.
func (s *Service) look(ctx context.Context, lock *leaseLock) (now followState, err error) {
	at, outdated, err := lock.try(ctx)
	if now.holder, now.outdated = at.Holder, outdated; err != nil || lock.Held() {
		return now, err
	}
	before, derivation := s.follower.shown, s.follower.at.Derivation
	err = s.follower.step(ctx, at)
	if s.follower.at.Derivation != derivation {
		s.retros.forget()
	}
	if s.follower.shown != before {
		err = errors.Join(err, s.polls.recall(ctx))
	}
	s.self.Observe(metrics.Replica{Outdated: now.outdated, Revision: s.follower.shown})
	return now, err
}

// CatchUp shows the numbers that the process that writes to the store has published, as Run
// does repeatedly. This process must not be that one.
func (s *Service) CatchUp(ctx context.Context) error {
	at, err := s.store.Standing(ctx)
	if err != nil {
		return err
	}
	return s.follower.step(ctx, at)
}

// say logs and shows what is new of a process that follows.
func (s *Service) say(now followState, said *followState, err error) {
	if failing := err != nil; failing != said.failing {
		said.failing = failing
		if failing {
			s.log.Warn("the numbers of the replica that polls Jira cannot be followed; the old ones stay, and this is tried again", zap.Error(err))
		}
		s.status.set(func(v *web.Status) {
			if v.LastErr = ""; failing {
				v.LastErr = err.Error()
			}
		})
	}
	if err != nil {
		return
	}
	if now.outdated != said.outdated {
		said.outdated = now.outdated
		if now.outdated {
			s.log.Warn("the store is counted by a newer config than this replica's, which therefore neither polls nor counts: restart or reload it with the newer config; " +
				"a config that is to be in force again counts once no replica has a newer one")
		}
	}
	if now.holder != said.holder && now.holder != "" {
		said.holder = now.holder
		holder := storelock.HolderOf(now.holder).String()
		s.log.Info("another process polls Jira and writes to the store: this one shows its numbers, and takes over when that ends", zap.String("holder", holder))
		s.status.set(func(v *web.Status) { v.Follows = holder })
		if s.numbers.report() == nil {
			s.status.progress("the numbers of " + holder + " are shown once it has some")
		}
	}
}

// reloadFollowing puts the config of the file in force. It reports whether that is another
// one.
func (s *Service) reloadFollowing(ctx context.Context, lock *leaseLock) (changed bool) {
	r := s.reloads.take()
	if r == nil {
		return false
	}
	s.systemd.reloading()
	next, err := s.prepare(ctx)
	s.polls.reloaded(err)
	if changed = err == nil && next.cfg != nil; changed {
		s.adopt(next.cfg, next.client, next.poller)
		lock.fingerprint = decides(next.cfg)
	}
	s.answer([]*reload{r}, err)
	return changed
}

// lead has this process, which holds the lease now, do what only the one that writes does.
func (s *Service) lead(ctx context.Context) error {
	s.log.Info("this process polls Jira and writes to the store from now on")
	s.status.set(func(v *web.Status) { v.Follows, v.LastErr = "", "" })
	if err := s.store.Migrate(ctx); err != nil { // a newer program may have been here
		return err
	}
	s.follower.engine = nil
	s.self.Observe(metrics.Replica{Writes: true, Revision: s.follower.shown})
	s.numbers.adopt(s.confirm) // what was derived by following is not counted by
	return s.keepTitles(ctx, s.cfg())
}

// takeWanted reads at once what webhooks named to replicas that do not ask Jira.
func (s *Service) takeWanted(ctx context.Context, wanted chan<- []int64) {
	if _, ok := s.lock.(*leaseLock); !ok {
		return
	}
	tick := time.NewTicker(wantedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		ids, err := s.store.TakeWanted(ctx)
		if err != nil || len(ids) == 0 { // the polls say what is wrong with the database
			continue
		}
		select {
		case <-ctx.Done():
			return
		case wanted <- ids:
		}
	}
}
