package metrics

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Self are the metrics of the service about itself.
type Self struct {
	jira      *prometheus.GaugeVec
	jiraURL   atomic.Pointer[string] // that jira shows
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	limit     *prometheus.GaugeVec
	remaining *prometheus.GaugeVec

	census       *prometheus.GaugeVec
	censusTime   prometheus.Gauge
	censusStop   prometheus.Gauge
	unlooked     prometheus.Counter
	late         prometheus.Histogram
	skew         prometheus.Gauge
	dateAhead    prometheus.Gauge
	zoned        prometheus.Gauge
	warned       prometheus.Gauge
	success      prometheus.Gauge
	failures     *prometheus.CounterVec
	odd          *prometheus.GaugeVec
	webhooks     *prometheus.CounterVec
	reloaded     prometheus.Gauge
	reloadTime   prometheus.Gauge
	warnings     prometheus.Gauge
	tokenTime    prometheus.Gauge
	polls        *prometheus.CounterVec
	pollDuration prometheus.Gauge
	lastSuccess  *prometheus.GaugeVec // without labels: absent until there was one
	interval     prometheus.Gauge
	pollStories  prometheus.Counter
}

// NewSelf registers the service's metrics with reg. jiraURL is where people find
// the Jira that is polled, until SetJira says otherwise; version is the binary's.
func NewSelf(reg prometheus.Registerer, jiraURL, version, revision, goVersion string) *Self {
	f := promauto.With(reg)
	f.NewGauge(prometheus.GaugeOpts{
		Name: "yourturn_build_info", Help: "What this binary was built from.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": goVersion},
	}).Set(1)
	s := &Self{
		jira: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "yourturn_jira_info", Help: "The Jira that is polled, for links to its stories.",
		}, []string{"url"}),
		census: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "yourturn_census_stories", Help: "What the last census found: stories that Jira shows and that the store holds, those gone, moved, invisible or returned, and those no search had shown.",
		}, []string{"result"}),
		censusTime: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_census_timestamp_seconds", Help: "When the last complete census began, in Jira's clock.",
		}),
		censusStop: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_census_stopped", Help: "1 if the last census would have removed too many stories, and removed none.",
		}),
		unlooked: f.NewCounter(prometheus.CounterOpts{
			Name: "yourturn_census_failures_total", Help: "Censuses, and looks at open questions, that were due and failed.",
		}),
		late: f.NewHistogram(prometheus.HistogramOpts{
			Name: "yourturn_poll_late_seconds", Help: "How long after a change Jira's search first showed it, where the cycle before should have seen it.",
			Buckets: []float64{60, 120, 300, 600, 1200, 3600, 21600},
		}),
		skew: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_clock_skew_seconds", Help: "How far this machine's clock is ahead of Jira's.",
		}),
		dateAhead: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_jira_date_ahead_seconds", Help: "How far the Date of Jira's replies, which a proxy may write, is ahead of Jira's own clock.",
		}),
		zoned: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_poll_zone_literals", Help: "1 if Jira does not understand instants in queries, and is asked in the zone of the account's profile.",
		}),
		warned: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_poll_search_warnings", Help: "Of how much Jira warned about the searches of the last complete poll cycle; the log says what.",
		}),
		success: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_poll_success", Help: "1 if the last poll cycle was complete.",
		}),
		failures: f.NewCounterVec(prometheus.CounterOpts{
			Name: "yourturn_poll_failures_total", Help: "Poll cycles that failed, by why.",
		}, []string{"reason"}),
		odd: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "yourturn_odd_stories", Help: "Stories that are odd though none of their events shows it, by why.",
		}, []string{"reason"}),
		webhooks: f.NewCounterVec(prometheus.CounterOpts{
			Name: "yourturn_webhooks_total", Help: "Webhooks of Jira, by what became of them.",
		}, []string{"result"}),
		reloaded: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_config_last_reload_successful", Help: "1 if the config in force is the one of the file when it was read last.",
		}),
		reloadTime: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_config_last_reload_success_timestamp_seconds", Help: "When the config in force was read.",
		}),
		warnings: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_config_warnings", Help: "What the config names and this Jira does not have, or has several times; the log says what.",
		}),
		tokenTime: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_jira_token_timestamp_seconds", Help: "When the file with the token was written last; tokens expire.",
		}),
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "yourturn_jira_requests_total", Help: "Requests to Jira; code 0 where no answer came.",
		}, []string{"endpoint", "code"}),
		durations: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "yourturn_jira_request_duration_seconds", Help: "How long Jira took to answer.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, []string{"endpoint"}),
		limit: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "yourturn_jira_rate_limit_requests", Help: "The size of Jira's request budget, as it said last.",
		}, []string{"endpoint"}),
		remaining: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "yourturn_jira_rate_limit_remaining_requests", Help: "What was left of Jira's request budget, as it said last.",
		}, []string{"endpoint"}),
		polls: f.NewCounterVec(prometheus.CounterOpts{
			Name: "yourturn_poll_cycles_total", Help: "Poll cycles, by how they ended.",
		}, []string{"result"}),
		pollDuration: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_poll_duration_seconds", Help: "How long the last poll cycle took, complete or not.",
		}),
		lastSuccess: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "yourturn_poll_last_success_timestamp_seconds", Help: "When the last complete poll cycle ended, in this machine's clock; absent before there was one.",
		}, nil),
		interval: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_poll_interval_seconds", Help: "How long the config lets pass between two polls.",
		}),
		pollStories: f.NewCounter(prometheus.CounterOpts{
			Name: "yourturn_poll_stories_total", Help: "Stories that polls brought in, changed or not.",
		}),
	}
	s.reloaded.Set(1)
	s.SetJira(jiraURL)
	return s
}

// SetJira shows where people find the Jira that is polled.
func (s *Self) SetJira(url string) {
	s.jira.WithLabelValues(url).Set(1)
	if former := s.jiraURL.Swap(&url); former != nil && *former != url {
		s.jira.DeleteLabelValues(*former)
	}
}

// ObserveRequest counts a request to Jira; code is 0 where no answer came.
func (s *Self) ObserveRequest(endpoint string, code int, took time.Duration, h http.Header) {
	s.requests.WithLabelValues(endpoint, strconv.Itoa(code)).Inc()
	s.durations.WithLabelValues(endpoint).Observe(took.Seconds())
	if v, err := strconv.ParseFloat(h.Get("X-RateLimit-Limit"), 64); err == nil {
		s.limit.WithLabelValues(endpoint).Set(v)
	}
	if v, err := strconv.ParseFloat(h.Get("X-RateLimit-Remaining"), 64); err == nil {
		s.remaining.WithLabelValues(endpoint).Set(v)
	}
}

// Poll is how a poll cycle ended.
type Poll struct {
	End     time.Time // in this machine's clock
	Took    time.Duration
	Stories int             // read
	Late    []time.Duration // how late stories were shown
	Skew    time.Duration
	// DateAhead is how far the Date of Jira's replies is ahead of Jira's clock.
	DateAhead time.Duration
	Failure   string // why it failed, in a word; "": it was complete
	Zoned     bool   // Jira was asked in the account's zone
	Warnings  int    // of how much Jira warned about the searches
	// Unlooked tells that a census, or another look at open questions, failed.
	Unlooked bool
}

// ObservePoll counts a poll cycle.
func (s *Self) ObservePoll(p Poll) {
	s.pollDuration.Set(p.Took.Seconds())
	if p.Failure != "" {
		s.success.Set(0)
		s.polls.WithLabelValues("failed").Inc()
		s.failures.WithLabelValues(p.Failure).Inc()
		return
	}
	s.success.Set(1)
	s.polls.WithLabelValues("complete").Inc()
	s.pollStories.Add(float64(p.Stories))
	s.lastSuccess.WithLabelValues().Set(unixSeconds(p.End))
	s.skew.Set(p.Skew.Seconds())
	s.dateAhead.Set(p.DateAhead.Seconds())
	s.zoned.Set(0)
	if p.Zoned {
		s.zoned.Set(1)
	}
	s.warned.Set(float64(p.Warnings))
	for _, d := range p.Late {
		s.late.Observe(d.Seconds())
	}
	if p.Unlooked {
		s.unlooked.Inc()
	}
}

// ObserveCensus shows what a census that began at an instant found, by result.
func (s *Self) ObserveCensus(begun time.Time, found map[string]int, stopped bool) {
	s.censusTime.Set(unixSeconds(begun))
	for result, n := range found {
		s.census.WithLabelValues(result).Set(float64(n))
	}
	s.censusStop.Set(0)
	if stopped {
		s.censusStop.Set(1)
	}
}

// SetOdd shows how many stories are odd, by why.
func (s *Self) SetOdd(stories map[string]int) {
	s.odd.Reset()
	for reason, n := range stories {
		s.odd.WithLabelValues(reason).Set(float64(n))
	}
}

// ObserveWebhook counts a webhook by what became of it.
func (s *Self) ObserveWebhook(result string) { s.webhooks.WithLabelValues(result).Inc() }

// ObserveReload shows whether the config was taken over at an instant.
func (s *Self) ObserveReload(at time.Time, err error) {
	if err != nil {
		s.reloaded.Set(0)
		return
	}
	s.reloaded.Set(1)
	s.reloadTime.Set(unixSeconds(at))
}

// SetWarnings shows how many names of the config this Jira does not have.
func (s *Self) SetWarnings(n int) { s.warnings.Set(float64(n)) }

// SetInterval shows how often Jira is polled.
func (s *Self) SetInterval(d time.Duration) { s.interval.Set(d.Seconds()) }

// SetTokenTime shows when the token was written.
func (s *Self) SetTokenTime(t time.Time) { s.tokenTime.Set(unixSeconds(t)) }

// unixSeconds returns an instant as Prometheus writes one.
func unixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
