package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Self are the metrics of the service about itself.
type Self struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	limit     *prometheus.GaugeVec
	remaining *prometheus.GaugeVec

	polls        *prometheus.CounterVec
	pollDuration prometheus.Gauge
	lastSuccess  prometheus.Gauge
	pollStories  prometheus.Counter
}

// NewSelf registers the service's metrics with reg. jiraURL is the Jira that
// is polled, version the binary's.
func NewSelf(reg prometheus.Registerer, jiraURL, version, revision, goVersion string) *Self {
	f := promauto.With(reg)
	f.NewGauge(prometheus.GaugeOpts{
		Name: "yourturn_jira_info", Help: "The Jira that is polled, for links to its stories.",
		ConstLabels: prometheus.Labels{"url": jiraURL},
	}).Set(1)
	f.NewGauge(prometheus.GaugeOpts{
		Name: "yourturn_build_info", Help: "What this binary was built from.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": goVersion},
	}).Set(1)
	return &Self{
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
			Name: "yourturn_poll_duration_seconds", Help: "How long the last poll cycle took.",
		}),
		lastSuccess: f.NewGauge(prometheus.GaugeOpts{
			Name: "yourturn_poll_last_success_timestamp_seconds", Help: "When the last complete poll cycle ended, in this machine's clock.",
		}),
		pollStories: f.NewCounter(prometheus.CounterOpts{
			Name: "yourturn_poll_stories_total", Help: "Stories that polls brought in, changed or not.",
		}),
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

// ObservePoll counts a poll cycle that ended at end and took took.
func (s *Self) ObservePoll(end time.Time, took time.Duration, stories int, err error) {
	s.pollDuration.Set(took.Seconds())
	if err != nil {
		s.polls.WithLabelValues("failed").Inc()
		return
	}
	s.polls.WithLabelValues("complete").Inc()
	s.pollStories.Add(float64(stories))
	s.lastSuccess.Set(float64(end.UnixMilli()) / 1000)
}
