package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// oddShown is how many odd stories the page lists.
const oddShown = 100

// syncRecord is what the page about the synchronisation shows beside the store.
type syncRecord struct {
	mu       sync.Mutex
	page     web.Sync
	requests map[exchange]int
	budgets  map[string]web.Budget // by endpoint
	webhooks map[string]int        // by what became of them
	census   time.Duration         // from one to the next
}

// exchange is a kind of exchange with Jira.
type exchange struct {
	endpoint string
	code     int
}

func newSyncRecord() *syncRecord {
	return &syncRecord{requests: map[exchange]int{}, budgets: map[string]web.Budget{}, webhooks: map[string]int{}}
}

// request counts a request.
func (r *syncRecord) request(endpoint string, code int, h http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[exchange{endpoint, code}]++
	if left := h.Get("X-RateLimit-Remaining"); left != "" {
		r.budgets[endpoint] = web.Budget{Endpoint: endpoint, Left: left, Limit: h.Get("X-RateLimit-Limit"), At: time.Now()}
	}
}

// webhook counts a webhook by what became of it.
func (r *syncRecord) webhook(result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.webhooks[result]++
	r.page.Webhooks.Last = time.Now()
}

// adopted notes that a config is in force.
func (r *syncRecord) adopted(cfg *config.Config) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.page.Read, r.page.Webhooks.Taken, r.census = time.Now(), cfg.Webhook.Secret != "", cfg.Jira.CensusInterval
}

// reloaded notes what came of a reload of the config.
func (r *syncRecord) reloaded(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.page.Reload = text
}

// cycle notes how a cycle ended, and that the next one is due after an interval
// from its beginning, or when Jira may be asked again.
func (r *syncRecord) cycle(end time.Time, res collector.Result, err error, interval time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.page
	p.Last = web.Cycle{End: end, Took: res.Duration}
	p.Next = end.Add(max(0, interval-res.Duration, collector.Patience(err)))
	if err != nil {
		p.Last.Err = err.Error()
		return
	}
	p.Complete = p.Last
	p.Stories, p.Unchanged, p.Changed, p.Late, p.Skew, p.DateAhead = res.Stories, res.Unchanged, len(res.Changed), len(res.Late), res.Skew, res.DateAhead
	if c := res.Census; c != nil {
		p.Census.Found = &web.Found{
			Stories: c.Shown, Stored: c.Stored, Gone: c.Gone, Moved: c.Moved, Invisible: c.Invisible, Late: c.Late, Returned: c.Returned,
		}
	}
	switch {
	case res.Checks.Err != nil:
		p.Census.Failure, p.Census.FailureAt = res.Checks.Err.Error(), end
	case res.Checks.Done:
		p.Census.Failure = ""
	}
}

// view returns what was noted, and how long it is from one census to the next.
func (r *syncRecord) view() (page web.Sync, census time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	page = r.page
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

// clock returns Jira's clock, as far as the last complete cycle tells it.
func (r *syncRecord) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(-r.page.Skew)
}

// syncPage returns what the page about the synchronisation shows.
func (s *service) syncPage(ctx context.Context) (web.Sync, error) {
	page, census := s.sync.view()
	if v := s.status.Load(); v != nil {
		page.Progress = v.Progress
	}
	alone := s.hold.Until(time.Now())
	for _, endpoint := range slices.Sorted(maps.Keys(alone)) {
		page.Alone = append(page.Alone, web.Alone{Endpoint: endpoint, Until: alone[endpoint]})
	}
	state, err := s.store.State(ctx)
	if err != nil {
		return page, err
	}
	if state.FirstDone {
		page.Data = state.DataTimestamp.Time()
		page.Lag = s.sync.clock().Sub(page.Data)
	}
	if state.Census != 0 {
		page.Census.Last = state.Census.Time()
		page.Census.Next = page.Census.Last.Add(census)
	}
	notes, err := s.store.Notes(ctx)
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

// observe shows how a cycle ended, on the page and as metrics.
func (s *service) observe(ctx context.Context, res collector.Result, err error) {
	end := time.Now()
	s.sync.cycle(end, res, err, s.cfg.Jira.PollInterval)
	s.self.ObservePoll(metrics.Poll{
		End: end, Took: res.Duration, Stories: res.Stories, Late: res.Late, Skew: res.Skew, DateAhead: res.DateAhead, Failure: failure(err), Unlooked: res.Checks.Err != nil, Zoned: res.Zoned, Warnings: len(res.Warnings),
	})
	if err != nil {
		return
	}
	if state, err := s.store.State(ctx); err == nil {
		s.tellSite(state)
	}
	if c := res.Census; c != nil {
		found := map[string]int{}
		for _, n := range c.Counts() {
			found[n.Result] = n.Count
		}
		s.self.ObserveCensus(res.AsOf.Time(), found, c.Stopped)
	}
	s.tellOdd(ctx)
}

// tellOdd shows how many stories are odd, as metrics.
func (s *service) tellOdd(ctx context.Context) {
	notes, err := s.store.Notes(ctx)
	if err != nil {
		s.log.Warn("what is odd could not be counted", zap.Error(err))
		return
	}
	odd := map[string]int{
		jiradata.NoteInvisible: 0, jiradata.NoteCommentsShort: 0, jiradata.NoteMistimed: 0, jiradata.NoteQuarantined: 0, jiradata.NoteCensusGuard: 0, jiradata.NoteLate: 0,
	}
	for _, n := range notes {
		if _, ok := odd[n.Reason]; ok { // the others are no stories, and have metrics of their own
			odd[n.Reason]++
		}
	}
	s.self.SetOdd(odd)
}

// tellSite shows where people find Jira: not at jira.url where that is a gateway.
func (s *service) tellSite(state jiradata.State) {
	if state.SiteURL == "" || state.BaseURL != strings.TrimRight(s.cfg.Jira.URL, "/") {
		return // it is another one, or nobody has asked yet
	}
	s.setStatus(func(v *web.Status) { v.JiraURL = state.SiteURL })
	s.self.SetJira(state.SiteURL)
}

// recall shows what was found before the start, as metrics.
func (s *service) recall(ctx context.Context) error {
	state, err := s.store.State(ctx)
	if err != nil || !state.FirstDone {
		return err
	}
	s.tellOdd(ctx)
	if state.Census == 0 {
		return nil
	}
	notes, err := s.store.Notes(ctx)
	if err != nil {
		return err
	}
	stopped := slices.ContainsFunc(notes, func(n jiradata.Note) bool { return n.Reason == jiradata.NoteCensusGuard })
	s.self.ObserveCensus(state.Census.Time(), nil, stopped)
	return nil
}

// tellAudit logs what the audit found since the last report, where it may mean
// that Jira showed less, or something else, than there was.
func (s *service) tellAudit(report *latency.Report) {
	found := map[string]int{}
	for k, n := range report.Audit {
		found[k.Reason] += n
	}
	for _, reason := range slices.Sorted(maps.Keys(found)) {
		if n, before := found[reason], s.audited[reason]; n > before && reason != latency.FindExitByDefault && reason != latency.FindSameInstant {
			s.log.Warn("the audit found what may make numbers wrong: yourturn waits --audit lists it",
				zap.String("reason", reason), zap.Int("findings", n), zap.Int("before", before))
		}
	}
	s.audited = found
}

// failure says in a word why a cycle failed; "" if it did not.
func failure(err error) string {
	if err == nil {
		return ""
	}
	for _, f := range []struct {
		kind error
		word string
	}{
		{jira.ErrUnauthorized, "unauthorized"},
		{collector.ErrOtherAccount, "other_account"},
		{collector.ErrBlind, "blind"},
		{jiradata.ErrIncomplete, "incomplete"},
		{jira.ErrForbidden, "forbidden"},
		{jira.ErrNotFound, "not_found"},
		{collector.ErrUnknownProject, "not_found"},
		{jira.ErrGone, "endpoint_gone"},
		{jira.ErrRefused, "refused"},
		{jira.ErrRateLimited, "rate_limited"},
		{jira.ErrUnavailable, "unavailable"},
		{jira.ErrBadReply, "bad_reply"},
	} {
		if errors.Is(err, f.kind) {
			return f.word
		}
	}
	var names namesError
	if errors.As(err, &names) {
		return "names"
	}
	return "other"
}

// warn tells what the config names and this Jira does not have, or has several
// times.
func (s *service) warn(problems []rules.Problem) {
	n := 0
	for _, p := range problems {
		if p.Warning {
			n++
			s.log.Warn("the config names what this Jira does not have, or has several times", zap.String("where", place(s.cfg, p)))
		}
	}
	s.self.SetWarnings(n)
}
