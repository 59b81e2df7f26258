package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/backfill"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/rules"
)

// HeadOfPrometheus is how far back a Prometheus that runs still writes samples itself.
// Blocks that are imported must end before.
const HeadOfPrometheus = 3 * time.Hour

// Past is what a config's store knows of the past, for samples that Prometheus imports.
type Past struct {
	Reader *query.Reader
	Begins backfill.Beginning
	// Latest is the last instant of which a sample may be written, and Why the reason.
	Latest time.Time
	Why    string

	cfg *config.Config
}

// OpenPast opens the store of a config. head is how far back the Prometheus that imports the
// samples writes samples itself: HeadOfPrometheus, or 0 if it has none yet. The store must
// hold a story.
func OpenPast(ctx context.Context, cfg *config.Config, now time.Time, head time.Duration) (_ *Past, err error) {
	r, err := query.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	p := &Past{Reader: r, cfg: cfg, Latest: now.Add(-head), Why: "now"}
	if head > 0 {
		p.Why = fmt.Sprintf("%.0f hours ago", head.Hours())
	}
	if data := r.State.DataTimestamp.Time(); data.Before(p.Latest) {
		p.Latest, p.Why = data, "when the last complete poll began"
	}
	exposed, ok, err := r.Store.Exposed(ctx)
	if err != nil {
		return nil, err
	}
	// The step must be over before the first scrape.
	if first := exposed.Time().Add(-time.Second); ok && first.Before(p.Latest) {
		p.Latest, p.Why = first, "before the service first had something to be scraped"
	}
	p.Latest = p.Latest.UTC()
	if p.Begins, err = backfill.Begin(ctx, r.Store, r.Rules); err != nil {
		return nil, err
	}
	if p.Begins.First == latency.Never {
		return nil, errors.New("the store holds no story of a watched project: there is no past to write")
	}
	return p, nil
}

// Close closes the store.
func (p *Past) Close() error { return p.Reader.Close() }

// First returns the first step from an instant on at which there is a story.
func (p *Past) First(from time.Time, step time.Duration) time.Time {
	if begins := p.Begins.First.Time(); begins.After(from) {
		from = begins
	}
	if first := from.Truncate(step); first.Equal(from) {
		return first
	}
	return from.Truncate(step).Add(step)
}

// Options returns how to write the samples from one instant to another, which are multiples
// of step, into a folder, with the labels of the live scrape. An instance that is "" is the
// config's web.listen_address.
func (p *Past) Options(ctx context.Context, from, to time.Time, step time.Duration, dir, job, instance string) (backfill.Options, error) {
	if instance == "" {
		instance = p.cfg.Web.ListenAddress
	}
	ledger, err := query.LedgerBy(ctx, p.Reader.Store, p.cfg)
	if err != nil {
		return backfill.Options{}, err
	}
	fingerprint, naming, start := rules.Fingerprint(p.cfg), rules.Naming(p.cfg), ledger.Start
	if ledger.StartedBy != fingerprint || ledger.Naming != naming {
		start = 0 // it began with another past than this one, or other names
	}
	b := BuildInfo()
	return backfill.Options{
		Rules: p.Reader.Rules, From: from, To: to, Step: step, Begins: p.Begins, Dir: dir,
		OpenWaits: p.cfg.Metrics.OpenWaitsPerOwner, LeftOut: p.cfg.Metrics.LeftOut(),
		Labels: []backfill.Label{{Name: "instance", Value: instance}, {Name: "job", Value: job}},
		// A store that begins at another instant is another Jira's, whatever its config.
		Config: strings.TrimSpace(fmt.Sprintf("%s %d %d %s", fingerprint, p.Begins.First, start, naming)), LedgerStart: start, Version: b.Version + " " + b.Revision,
	}, nil
}
