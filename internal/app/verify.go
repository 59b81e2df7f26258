package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"slices"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/metrics"
)

// verification derives every story beside the poller, after a start from what was kept,
// to compare the two.
type verification struct {
	cancel context.CancelFunc
	done   chan struct{} // is closed when it has ended
	engine *measure.Engine
	err    error // may be read once done is closed
}

// dry is a store to which a derivation writes nothing. It notes what one would count.
type dry struct {
	*store.Store
	uncounted int
}

// Count implements measure.Store.
func (d *dry) Count(_ context.Context, entries []latency.Entry, _ latency.Standing, _ bool, _ *jiradata.Kept) ([]latency.Entry, error) {
	d.uncounted += len(entries)
	return nil, nil
}

// verify begins to derive every story, if the numbers began with what was kept. No
// cycle may be under way.
func (s *Service) verify(ctx context.Context) {
	n := s.numbers
	if !n.uncompared || n.rules == nil || n.report() == nil {
		return
	}
	running, cancel := context.WithCancel(ctx)
	v := &verification{cancel: cancel, done: make(chan struct{}), engine: measure.NewEngine(&dry{Store: s.store}, n.cfg().Metrics.OpenWaitsPerOwner)}
	n.verification = v
	r, fingerprint, asOf := n.rules, rules.Fingerprint(n.cfg()), n.report().DataTimestamp
	v.engine.ConfirmBy(s.confirm)
	go func() {
		defer close(v.done)
		v.err = n.prepare(running, v.engine, r, fingerprint, asOf)
	}()
}

// unverified gives up a comparison that has not ended. It is safe to call while the
// poller runs.
func (n *numbers) unverified() {
	n.counting.mu.Lock()
	v := n.verification
	n.verification = nil
	n.counting.mu.Unlock()
	if v != nil {
		v.cancel()
		<-v.done
		n.stopNoting()
	}
}

// compare compares the numbers with those that were derived of every story, once they
// are. Those are right: where they differ, all is derived anew. It is called with
// counting held.
func (n *numbers) compare(ctx context.Context, asOf latency.Instant) error {
	v := n.verification
	switch {
	case v == nil:
		return nil
	case !n.uncompared: // a later derivation of every story has replaced what the start began with
		v.cancel()
	case n.engine.Unconfirmed(): // what is not confirmed is in none of the two for long
		return nil
	}
	select {
	case <-v.done:
	default:
		return nil
	}
	n.verification = nil
	beside, changed := n.counting.beside, n.counting.changed
	n.counting.end(n.engine)
	if !n.uncompared {
		return nil
	}
	n.uncompared = false
	if v.err != nil {
		if ctx.Err() == nil {
			n.log.Warn("comparing the numbers with a derivation of every story failed; the next start tries again", zap.Error(v.err))
		}
		return nil
	}
	v.engine.Rename(n.rules) // they read every history as those of the start do, or everything was derived since
	whole, err := v.engine.Follow(ctx, changed, beside, asOf, n.derived)
	if err != nil {
		return err
	}
	diff, err := differ(whole, n.report())
	if err != nil {
		return err
	}
	n.self.Observe(metrics.Compared{Equal: len(diff) == 0})
	if len(diff) == 0 {
		n.log.Info("the numbers that the start began with are those of a derivation of every story")
		return nil
	}
	n.log.Error("the numbers that the start began with are not those of a derivation of every story, which is repeated now and stands",
		zap.Int("lines", len(diff)), zap.Strings("first", diff[:min(len(diff), 5)]))
	n.forget()
	_, err = n.deriveEverything(ctx, asOf)
	return err
}

// differ returns the lines in which two reports differ: their metrics, and what only
// pages and answers show.
func differ(want, got *latency.Report) (lines []string, err error) {
	var sums [2]hash.Hash
	for i, r := range []*latency.Report{want, got} {
		sums[i] = sha256.New()
		if err := metrics.WriteText(sums[i], r); err != nil {
			return nil, err
		}
	}
	equal := bytes.Equal(sums[0].Sum(nil), sums[1].Sum(nil))
	var shown [2][]string
	for i, r := range []*latency.Report{want, got} {
		if !equal { // there may be millions of lines
			var b bytes.Buffer
			if err := metrics.WriteText(&b, r); err != nil {
				return nil, err
			}
			for line := range bytes.Lines(b.Bytes()) {
				shown[i] = append(shown[i], string(bytes.TrimSpace(line)))
			}
		}
		for _, w := range r.Queue {
			text, err := json.Marshal(w) // what it exports: the rest bears accounts, whatever owners are called
			if err != nil {
				return nil, err
			}
			shown[i] = append(shown[i], "open wait: "+string(text))
		}
		for key, id := range r.Moved {
			shown[i] = append(shown[i], fmt.Sprintf("former key: %s of the story %d", key, id))
		}
		for key, ids := range r.Odd {
			shown[i] = append(shown[i], fmt.Sprintf("stories with the finding %s in %s: %d", key.Reason, key.Project, ids))
		}
		slices.Sort(shown[i])
	}
	a, b := shown[0], shown[1]
	for len(a)+len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			lines, a = append(lines, "of every story: "+a[0]), a[1:]
		case len(a) == 0 || b[0] < a[0]:
			lines, b = append(lines, "kept: "+b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	return lines, nil
}

// Comparison is what a store keeps of the last derivation, compared with one of every
// story.
type Comparison struct {
	Doubt     error    // why a start would not use what is kept; nil: it would
	Uncounted int      // things that a derivation of every story would count now
	Lines     []string // in which the two differ
}

// CompareKept compares what a store keeps of the last derivation with a derivation of
// every story, and writes nothing. Nothing else may write to the store meanwhile.
func CompareKept(ctx context.Context, cfg *config.Config, st *store.Store) (Comparison, error) {
	var out Comparison
	state, err := st.State(ctx)
	if err != nil {
		return out, err
	}
	facts, err := query.Facts(ctx, st)
	if err != nil {
		return out, err
	}
	r, err := query.Rules(cfg, facts)
	if err != nil {
		return out, err
	}
	facts.Meta.At = 0
	kept, all := &dry{Store: st}, &dry{Store: st}
	e := measure.NewEngine(kept, cfg.Metrics.OpenWaitsPerOwner)
	e.KeepAs(identity(binary(), cfg, facts))
	got, err := e.Restore(ctx, r.Rules, rules.Fingerprint(cfg), state.DataTimestamp)
	if err != nil {
		if out.Doubt = err; ctx.Err() != nil {
			return out, ctx.Err()
		}
		return out, nil
	}
	want, err := measure.NewEngine(all, cfg.Metrics.OpenWaitsPerOwner).Load(ctx, r.Rules, rules.Fingerprint(cfg), state.DataTimestamp, nil)
	if err != nil {
		return out, fmt.Errorf("deriving every story: %w", err)
	}
	out.Uncounted = all.uncounted - kept.uncounted
	out.Lines, err = differ(want, got)
	return out, err
}
