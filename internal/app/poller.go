package app

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/web"
)

// Read runs one cycle of reading Jira into the store and derives nothing.
func (s *Service) Read(ctx context.Context) (collector.Result, error) {
	res, err := s.collector.Sync(ctx)
	logCensus(s.log, res.Census)
	return res, err
}

// Measure derives the numbers anew after a complete cycle, counts what became
// final, and publishes them.
func (s *Service) Measure(ctx context.Context, res collector.Result) error {
	return s.numbers.measure(ctx, res)
}

// Recount begins a new ledger: every counter starts anew from the whole history.
func (s *Service) Recount(ctx context.Context) error { return s.store.NewLedger(ctx) }

// errOnce ends the poller after one cycle.
var errOnce = errors.New("one cycle is over")

// Poll runs one cycle as Run does repeatedly: it reads, derives, and records how
// the cycle ended. failed is why the cycle, or a check in it, or deriving, failed. err is
// an error that ends Run.
func (s *Service) Poll(ctx context.Context) (failed, err error) {
	_, failed, err = s.cycle(ctx)
	return failed, err
}

// cycle runs one cycle, as Poll does, and returns what it read.
func (s *Service) cycle(ctx context.Context) (read collector.Result, failed, err error) {
	err = s.collector.Run(ctx, collector.Schedule{Interval: s.cfg().Jira.PollInterval, After: func(res collector.Result, err error) error {
		why, err := s.afterCycle(ctx, res, err)
		read, failed = res, errors.Join(why, res.Checks.Err)
		if err != nil {
			return err
		}
		return errOnce
	}})
	if errors.Is(err, errOnce) {
		err = nil
	}
	return read, failed, err
}

// poll runs cycles until ctx ends. Between two cycles it puts another config in force.
func (s *Service) poll(ctx context.Context, wanted <-chan []int64) error {
	defer s.numbers.unverified()
	for {
		s.verify(ctx)
		run, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() {
			done <- s.collector.Run(run, collector.Schedule{
				Interval: s.cfg().Jira.PollInterval, Wanted: wanted, Before: s.pace.begin,
				After: func(res collector.Result, err error) error {
					_, err = s.afterCycle(run, res, err)
					if run.Err() == nil {
						s.pace.end()
					}
					return err
				},
			})
		}()
		err, again := s.supervise(ctx, stop, done)
		stop()
		if !again {
			return err
		}
	}
}

// afterCycle derives the numbers after a complete cycle and records how the cycle
// ended. failed is why the cycle failed, or why deriving did. err is an error only if no
// later cycle can succeed.
func (s *Service) afterCycle(ctx context.Context, res collector.Result, ended error) (failed, err error) {
	s.status.alive(max(s.cfg().Jira.PollInterval, collector.Patience(ended)))
	logCensus(s.log, res.Census)
	failed = ended
	if failed == nil {
		if failed = s.numbers.measure(ctx, res); failed != nil {
			s.numbers.forget() // the next cycle derives everything, including what changed in this one
		}
		if ctx.Err() != nil {
			return failed, nil // the service, or this poller, is stopping
		}
		if failed != nil {
			s.log.Error("deriving the numbers failed; the old numbers stay", zap.Error(failed))
		}
	}
	s.polls.ended(ctx, cycle{Result: res, End: time.Now(), Err: failed}, s.cfg().Jira.PollInterval)
	if failed != nil {
		s.status.set(func(v *web.Status) { v.LastErr = failed.Error() })
		if s.numbers.report() == nil && needsSomebody(failed) {
			return failed, failed // there are no old numbers to serve
		}
		return failed, nil
	}
	if state, err := s.store.State(ctx); err == nil {
		s.showSite(state)
	}
	if err := s.store.ForgetLooks(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.log.Warn("forgetting old entries of the access log failed; the next poll tries again", zap.Error(err))
	}
	s.status.set(func(v *web.Status) { v.LastErr, v.Progress = "", "" })
	return nil, nil
}
