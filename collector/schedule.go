package collector

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/latency"
)

// Schedule is when cycles run, and what is called after each.
type Schedule struct {
	Interval time.Duration
	// Wanted, which may be nil, brings stories that are worth reading now, by id:
	// they are read at once, and a cycle runs after them.
	Wanted <-chan []int64
	// Before, which may be nil, is called when a cycle begins.
	Before func()
	// After, which may be nil, is called with how each cycle ended. Its error ends
	// Run and is returned.
	After func(Result, error) error
}

// Run runs a cycle now and then every interval until ctx ends, when it returns
// nil. A failed cycle is retried at the next turn, and logged when it fails in
// another way than the one before.
func (c *Collector) Run(ctx context.Context, s Schedule) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	failure := ""
	var budget time.Time // since when unknown issues that webhooks name are counted
	wanted := s.Wanted
	var due latency.Instant // of the newest change of wanted stories, until a cycle has come that far
	for {
		var ids []int64
		select {
		case <-ctx.Done():
			return nil
		case ids = <-wanted:
		case <-timer.C:
		}
		begin := time.Now()
		if s.Before != nil {
			s.Before()
		}
		if begin.Sub(budget) >= s.Interval {
			budget = begin
			c.dueAgain()
		}
		result, newest, err := c.turn(ctx, ids)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			result.Duration = time.Since(begin)
		}
		switch {
		case err != nil && err.Error() != failure:
			failure = err.Error()
			c.log.Warn("a poll cycle failed; the numbers stay as they are until one succeeds", zap.Error(err))
		case err == nil && failure != "":
			failure = ""
			c.log.Info("polling works again")
		}
		if s.After != nil {
			if err := s.After(result, err); err != nil {
				return err
			}
		}
		wanted = s.Wanted
		alone := Patience(err)
		if alone > 0 {
			wanted = nil // Jira asked to be left alone, whichever story is wanted
		}
		next := s.Interval - time.Since(begin)
		due = max(due, newest)
		if err == nil && (due <= result.AsOf || due > result.AsOf.Add(instantMargin)) {
			due = 0 // it is shown, or Jira's clocks differ
		}
		if err == nil && due != 0 {
			next = min(next, clockStep)
		}
		timer.Reset(max(0, next, alone))
	}
}

// clockStep is how exactly a cycle knows Jira's time, which is cut to the second:
// a cycle does not show what happened in the second in which it began.
const clockStep = time.Second

// turn reads the stories that are wanted now and runs a cycle; newest is when the
// last of them was updated. Polls find the stories that cannot be read now, as they
// find all others.
func (c *Collector) turn(ctx context.Context, wanted []int64) (result Result, newest latency.Instant, err error) {
	if len(wanted) > 0 {
		switch newest, err = c.readWanted(ctx, wanted); {
		case err == nil:
		case ctx.Err() != nil || Patience(err) > 0:
			return Result{}, 0, err
		default:
			c.log.Warn("stories that webhooks named could not be read at once; polls find what changed", zap.Int("stories", len(wanted)), zap.Error(err))
		}
	}
	result, err = c.Sync(ctx)
	return result, newest, err
}

// Patience returns how long a source asks to be left alone after an error; 0 if it
// does not say.
func Patience(err error) time.Duration {
	var w interface{ Wait() time.Duration }
	if errors.As(err, &w) {
		return w.Wait()
	}
	return 0
}
