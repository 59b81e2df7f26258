package app

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/listen"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/untrusted"
	"github.com/yourturn/yourturn/internal/words"
)

// unwatched is the time within which systemd is told that the service is alive where
// it watches for no such sign: a start that takes long needs one all the same.
const unwatched = time.Minute

// systemd tells systemd how the service is, by the protocol of sd_notify(3). It does
// nothing in a process that systemd does not listen to. It is safe for concurrent use.
type systemd struct {
	log *zap.Logger

	mu      sync.Mutex
	ready   bool   // it was told that the service is ready
	line    string // that it was told last
	reloads int    // that are under way
	failed  bool   // the last message did not reach it, and the log has that
}

// listens reports whether systemd wants to be told.
func (d *systemd) listens() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

// send sends one message of some variables. mu must be held.
func (d *systemd) send(variables ...string) {
	_, err := daemon.SdNotify(false, strings.Join(variables, "\n"))
	if err != nil && !d.failed {
		d.log.Warn("telling systemd how the service is failed; it may end the service (NOTIFY_SOCKET)", zap.Error(err))
	}
	d.failed = err != nil
}

// show reports to systemd that the service is ready, once, and a line about the service
// whenever it changes.
func (d *systemd) show(ready bool, line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	line = untrusted.Line(line) // a second line would be a variable of its own
	var tell []string
	if ready && !d.ready {
		d.ready = true
		tell = append(tell, daemon.SdNotifyReady)
	}
	if line != d.line {
		d.line = line
		tell = append(tell, "STATUS="+line)
	}
	if tell != nil {
		d.send(tell...)
	}
}

// beat reports that the service is alive. systemd expects the next report within holds.
// Until the service is ready, a report extends the time that systemd allows for the start.
func (d *systemd) beat(holds time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	tell := []string{daemon.SdNotifyWatchdog}
	if !d.ready {
		tell = append(tell, fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", holds.Microseconds()))
	}
	d.send(tell...)
}

// reloading reports that a reload begins, and reloaded that count reloads have ended.
// Before the service is ready neither is reported.
func (d *systemd) reloading() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reloads++
	if d.ready {
		d.send(append([]string{daemon.SdNotifyReloading}, monotonic()...)...)
	}
}

func (d *systemd) reloaded(count int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reloads -= count
	if d.ready && d.reloads == 0 && count > 0 {
		d.send(daemon.SdNotifyReady)
	}
}

// stopping reports that the service stops.
func (d *systemd) stopping() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.send(daemon.SdNotifyStopping, "STATUS=stopping")
}

// tellSystemd tells systemd how the service is until ctx ends: whether it is ready, one
// line about it, and that it is alive while it is.
func (s *Service) tellSystemd(ctx context.Context) {
	if !s.systemd.listens() {
		return
	}
	holds, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("systemd does not say how often it must be told that the service is alive; remove WatchdogSec= from the unit, or mend it", zap.Error(err))
	}
	holds = cmp.Or(holds, unwatched)
	tick := time.NewTicker(holds / 2)
	defer tick.Stop()
	var beats sync.WaitGroup
	defer beats.Wait()
	beats.Go(func() { s.beats(ctx, tick.C, holds) })
	for {
		s.systemd.show(s.numbers.report() != nil, s.line())
		select {
		case <-ctx.Done():
			s.systemd.stopping()
			return
		case <-s.status.changed:
		}
	}
}

// beats tells systemd that the service is alive, at once and at every tick until ctx
// ends, as long as it is. A sign of life holds for a while, and systemd restarts the
// service when none came for so long.
func (s *Service) beats(ctx context.Context, tick <-chan time.Time, holds time.Duration) {
	dead := false
	for {
		// An answer that comes later than this comes too late.
		limit, stop := context.WithTimeout(ctx, holds/2)
		err := s.isAlive(limit)
		stop()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			dead = false
			s.systemd.beat(holds)
		case !dead:
			dead = true
			s.log.Error("the service does not work and stops its sign of life, so that systemd restarts it (WatchdogSec=): report this with the log", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// isAlive returns nil if a restart would mend nothing: the poller begins its cycles in
// time, whether Jira answers or not, and the web server answers.
func (s *Service) isAlive(ctx context.Context) error {
	if late := time.Since(s.status.get().AliveUntil); late > 0 {
		return fmt.Errorf("the poller should have begun a cycle %s ago", late.Round(time.Second))
	}
	address, _ := s.address.Load().(string)
	return listen.Answers(ctx, address)
}

// line returns one line about the service for everybody on this machine. Why something
// failed is for those who may read the log.
func (s *Service) line() string {
	now := s.status.get()
	report := s.numbers.report()
	line := "not ready: " + cmp.Or(now.Progress, "the first sync has not started")
	if report != nil {
		line = fmt.Sprintf("data of %s; %s", report.DataTimestamp.Time().UTC().Format(time.RFC3339), words.Count(len(report.Waiting), "story waits", "stories wait"))
	}
	if now.LastErr != "" {
		line += "; the last poll failed, see the log"
	}
	return line
}

// standsBy is how often systemd is told that a process stands by.
const standsBy = 20 * time.Second

// TellStandingBy tells systemd until ctx ends that this process waits for another one to
// leave the store: it is not ready, and systemd must not take it for one that does not
// start.
func TellStandingBy(ctx context.Context, log *zap.Logger, holder storelock.Holder) {
	d := systemd{log: log}
	if !d.listens() {
		return
	}
	for {
		d.show(false, fmt.Sprintf("stands by: %s writes to the store", holder))
		d.beat(3 * standsBy)
		select {
		case <-ctx.Done():
			return
		case <-time.After(standsBy):
		}
	}
}
