package collector

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// Run runs a cycle now and then every interval until ctx ends, when it returns
// nil. after, which may be nil, is told how each cycle ended; its error ends
// Run and is returned. A failed cycle is retried at the next turn, and logged
// when it fails in another way than the one before.
func (c *Collector) Run(ctx context.Context, interval time.Duration, after func(Result, error) error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	failure := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		begin := time.Now()
		result, err := c.Sync(ctx)
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case err != nil && err.Error() != failure:
			failure = err.Error()
			c.log.Warn("a poll cycle failed; the numbers stay as they are until one succeeds", zap.Error(err))
		case err == nil && failure != "":
			failure = ""
			c.log.Info("polling works again")
		}
		if after != nil {
			if err := after(result, err); err != nil {
				return err
			}
		}
		timer.Reset(max(0, interval-time.Since(begin), patience(err)))
	}
}

// patience returns how long a source asks to be left alone.
func patience(err error) time.Duration {
	var w interface{ Wait() time.Duration }
	if errors.As(err, &w) {
		return w.Wait()
	}
	return 0
}
