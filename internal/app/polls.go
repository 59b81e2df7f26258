package app

import (
	"cmp"
	"context"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// oddShown is how many odd stories the page lists.
const oddShown = 100

// pollRecord owns what is known since the start about cycles, requests, webhooks
// and reloads, and shows it: in the log, as metrics, and on the page about the
// synchronisation. It is safe for concurrent use.
type pollRecord struct {
	log      *zap.Logger
	store    *store.Store
	self     *metrics.Self
	throttle *jira.Throttle
	now      func() time.Time // this machine's clock

	mu       sync.Mutex
	shown    web.Sync // without what the maps below and the store hold
	requests map[exchange]int
	budgets  map[string]web.Budget // by endpoint
	webhooks map[string]int        // by what became of them
	skew     time.Duration         // how far this machine's clock is ahead of Jira's, as the last complete cycle found it
	census   time.Duration         // from one to the next
}

// exchange is a kind of exchange with Jira.
type exchange struct {
	endpoint string
	code     int
}

func newPollRecord(log *zap.Logger, st *store.Store, self *metrics.Self, throttle *jira.Throttle, now func() time.Time) *pollRecord {
	return &pollRecord{
		log: log, store: st, self: self, throttle: throttle, now: now,
		requests: map[exchange]int{}, budgets: map[string]web.Budget{}, webhooks: map[string]int{},
	}
}

// request counts a request.
func (r *pollRecord) request(endpoint string, code int, took time.Duration, h http.Header) {
	r.self.Observe(metrics.Request{Endpoint: endpoint, Code: code, Took: took, Header: h})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[exchange{endpoint, code}]++
	if left := count(h.Get("X-RateLimit-Remaining")); left != "" {
		r.budgets[endpoint] = web.Budget{Endpoint: endpoint, Left: left, Limit: count(h.Get("X-RateLimit-Limit")), At: time.Now()}
	}
}

// count returns a number in a header as it is written; "" for anything else.
func count(text string) string {
	if v, err := strconv.ParseFloat(text, 64); err != nil || math.IsNaN(v) || math.IsInf(v, 0) || len(text) > 20 {
		return ""
	}
	return text
}

// webhook counts a webhook by what became of it.
func (r *pollRecord) webhook(result string) {
	r.self.Observe(metrics.Webhook{Result: result})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.webhooks[result]++
	r.shown.Webhooks.Last = time.Now()
}

// adopted records that a config is in force.
func (r *pollRecord) adopted(cfg *config.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown.Read, r.shown.Webhooks.Taken, r.census = time.Now(), cfg.Webhook.Secret != "", cfg.Jira.CensusInterval
}

// reloaded records how a reload of the config ended.
func (r *pollRecord) reloaded(err error) {
	now := time.Now()
	text := "reloaded at " + now.UTC().Format(time.RFC3339)
	if err != nil {
		r.log.Error("the config was not reloaded; the old one stays", zap.Error(err))
		text = "not reloaded at " + now.UTC().Format(time.RFC3339) + ", the old one stays: " + err.Error()
	}
	r.self.Observe(metrics.Reload{At: now, Err: err})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown.Reload = text
}

// ended records how a cycle ended. The next one is due after an interval from
// its beginning, or when Jira may be asked again.
func (r *pollRecord) ended(ctx context.Context, c cycle, interval time.Duration) {
	r.note(c, interval)
	r.self.Observe(c)
	if c.Err != nil {
		return
	}
	if c.Census != nil {
		r.self.Observe(census{begun: c.AsOf.Time(), found: c.Census, stopped: c.Census.Stopped})
	}
	r.countOdd(ctx)
	r.log.Info("poll complete", c.logFields()...)
}

// note keeps what the page shows about a cycle.
func (r *pollRecord) note(c cycle, interval time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.shown
	p.Last = web.Cycle{End: c.End, Took: c.Duration}
	p.Next = c.End.Add(max(0, interval-c.Duration, collector.Patience(c.Err)))
	if c.Err != nil {
		p.Last.Err = c.Err.Error()
		return
	}
	p.Complete, p.Facts, r.skew = p.Last, c.pageRows(), c.Skew
	if c.Census != nil {
		p.Census.Found = censusRows(c.Census)
	}
	switch {
	case c.Checks.Err != nil:
		p.Census.Failure, p.Census.FailureAt = c.Checks.Err.Error(), c.End
	case c.Checks.Done:
		p.Census.Failure = ""
	}
}

// clock returns Jira's clock, as the last complete cycle found it.
func (r *pollRecord) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now().Add(-r.skew)
}

// view returns what was recorded, and how long it is from one census to the next.
func (r *pollRecord) view() (page web.Sync, census time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	page = r.shown
	keys := slices.SortedFunc(maps.Keys(r.requests), func(a, b exchange) int {
		return cmp.Or(cmp.Compare(a.endpoint, b.endpoint), cmp.Compare(a.code, b.code))
	})
	for _, k := range keys {
		page.Requests = append(page.Requests, web.Requests{Endpoint: k.endpoint, Code: k.code, Count: r.requests[k]})
	}
	for _, endpoint := range slices.Sorted(maps.Keys(r.budgets)) {
		page.Budgets = append(page.Budgets, r.budgets[endpoint])
	}
	for _, result := range slices.Sorted(maps.Keys(r.webhooks)) {
		page.Webhooks.Results = append(page.Webhooks.Results, web.Count{Result: result, Count: r.webhooks[result]})
	}
	return page, r.census
}

// page returns what the page about the synchronisation shows.
func (r *pollRecord) page(ctx context.Context) (web.Sync, error) {
	page, census := r.view()
	alone := r.throttle.Until(time.Now())
	for _, endpoint := range slices.Sorted(maps.Keys(alone)) {
		page.Alone = append(page.Alone, web.Alone{Endpoint: endpoint, Until: alone[endpoint]})
	}
	state, err := r.store.State(ctx)
	if err != nil {
		return page, err
	}
	if state.FirstDone {
		page.Data = state.DataTimestamp.Time()
		page.Lag = r.clock().Sub(page.Data)
	}
	if state.Census != 0 {
		page.Census.Last = state.Census.Time()
		page.Census.Next = page.Census.Last.Add(census)
	}
	notes, err := r.store.Notes(ctx)
	if err != nil {
		return page, err
	}
	for _, n := range notes {
		odd := web.Odd{Key: n.Key, Reason: n.Reason, Detail: n.Detail, At: n.At.Time()}
		switch {
		case n.Reason == jiradata.NoteCensusGuard:
			page.Census.Stopped = n.Detail
		case n.Reason == jiradata.NoteQuarantined && len(page.Quarantine) == oddShown:
			page.QuarantineOmitted++
		case n.Reason == jiradata.NoteQuarantined:
			page.Quarantine = append(page.Quarantine, odd)
		case len(page.Odd) == oddShown:
			page.OddOmitted++
		default:
			page.Odd = append(page.Odd, odd)
		}
	}
	return page, nil
}

// countOdd counts the stories that are odd, as metrics.
func (r *pollRecord) countOdd(ctx context.Context) {
	notes, err := r.store.Notes(ctx)
	if err != nil {
		r.log.Warn("counting the odd stories failed", zap.Error(err))
		return
	}
	odd := metrics.OddStories{}
	for _, reason := range measure.Reasons() {
		if !reason.Noted {
			continue
		}
		odd[reason.Code] = 0
		for _, n := range notes {
			if n.Reason == reason.Code {
				odd[reason.Code]++
			}
		}
	}
	r.self.Observe(odd)
}

// recall sets the metrics of what was found before the start, or by another process, and
// takes over how far this machine's clock was ahead.
func (r *pollRecord) recall(ctx context.Context) error {
	state, err := r.store.State(ctx)
	if err != nil || !state.FirstDone {
		return err
	}
	r.mu.Lock()
	r.skew = state.Skew
	r.mu.Unlock()
	r.countOdd(ctx)
	if state.Census == 0 || state.Census > latency.At(r.now().Add(collector.ClockBound-state.Skew)) {
		return nil // there was none, or a wrong clock says when
	}
	notes, err := r.store.Notes(ctx)
	if err != nil {
		return err
	}
	stopped := slices.ContainsFunc(notes, func(n jiradata.Note) bool { return n.Reason == jiradata.NoteCensusGuard })
	r.self.Observe(census{begun: state.Census.Time(), stopped: stopped})
	return nil
}
