package metrics

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The events that change the metrics of the service. Another package may record
// metrics of events of its own; see On.
type (
	// Build is what the binary was built from.
	Build struct{ Version, Revision, GoVersion string }
	// Site is where people find the Jira that is polled.
	Site struct{ URL string }
	// Request is a request to Jira.
	Request struct {
		Endpoint string
		Code     int // of the answer; 0: none came
		Took     time.Duration
		Header   http.Header // of the answer; may be nil
	}
	// Redacted is a reply of Jira that repeated a secret of the config.
	Redacted struct{ Endpoint string }
	// Webhook is a webhook of Jira, by what became of it.
	Webhook struct{ Result string }
	// Refused is that many HTTP requests that were refused for a reason.
	Refused struct {
		Reason string
		Count  int
	}
	// Reload is an attempt to put the config of the file in force. Err says why the
	// former stays.
	Reload struct {
		At  time.Time
		Err error
	}
	// Derivation is that the numbers were derived, and from what: one of From….
	Derivation struct{ From string }
	// Compared is that the numbers that a start began with were compared with a
	// derivation of every story.
	Compared struct{ Equal bool }
	// Replica is what one of several processes on a store in a server does: whether it is
	// the one that writes, whether its config is older than the one that the store is
	// counted by, and the revision of the store that it shows.
	Replica struct {
		Writes, Outdated bool
		Revision         int64
	}
	// Interval is how much time the config puts between two polls.
	Interval time.Duration
	// TokenTime is when the file with the token was last written.
	TokenTime time.Time
	// ConfigWarnings is how many names in the config this Jira lacks, or has
	// several times.
	ConfigWarnings int
	// OddStories is how many stories are odd, by reason. It names every reason, those
	// with 0 too.
	OddStories map[string]int
)

// The things that a derivation may begin with.
const (
	FromStories = "stories" // every story
	FromDoubt   = "doubt"   // every story, because what was kept was damaged or did not fit
	FromKept    = "kept"    // what is kept of the last one, and the stories that changed since
	FromChanges = "changes" // what is known already, and the stories that changed
)

// serviceMetrics is the table of the service's own metrics, except those of a poll
// cycle, which the application adds. A new metric is an entry here and, if no event
// has its value yet, an event above.
func serviceMetrics() []Row {
	return []Row{
		On(Definition{
			Name: "yourturn_build_info", Kind: Gauge, Help: "What this binary was built from; always 1.", Labels: labels("version", "revision", "goversion"),
		}, func(b Build) []Sample { return One(1, b.Version, b.Revision, b.GoVersion) }),
		On(Definition{
			Name: "yourturn_jira_info", Kind: Gauge, Help: "The Jira that is polled, for links to its stories; always 1.", Labels: labels("url"), Whole: true,
		}, func(s Site) []Sample { return One(1, s.URL) }),
		On(Definition{
			Name: "yourturn_jira_requests_total", Kind: Counter, Help: "Requests to Jira, by endpoint and status code; code 0 if no answer came.", Labels: labels("endpoint", "code"),
		}, func(r Request) []Sample { return One(1, r.Endpoint, strconv.Itoa(r.Code)) }),
		On(Definition{
			Name: "yourturn_jira_request_duration_seconds", Kind: Histogram, Help: "How long Jira took to answer.", Labels: labels("endpoint"),
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
		}, func(r Request) []Sample { return One(r.Took.Seconds(), r.Endpoint) }),
		On(Definition{
			Name: "yourturn_jira_rate_limit_requests", Kind: Gauge, Help: "Size of Jira's request budget, as Jira last stated it.", Labels: labels("endpoint"),
		}, func(r Request) []Sample { return header(r, "X-RateLimit-Limit") }),
		On(Definition{
			Name: "yourturn_jira_rate_limit_remaining_requests", Kind: Gauge, Help: "What was left of Jira's request budget, as Jira last stated it.", Labels: labels("endpoint"),
		}, func(r Request) []Sample { return header(r, "X-RateLimit-Remaining") }),
		On(Definition{
			Name: "yourturn_jira_redacted_replies_total", Kind: Counter, Help: "Replies of Jira, or of a proxy before it, that repeated a secret of the config. The secret was taken out.", Labels: labels("endpoint"),
		}, func(r Redacted) []Sample { return One(1, r.Endpoint) }),
		On(Definition{
			Name: "yourturn_webhooks_total", Kind: Counter, Help: "Webhooks from Jira, by what the service did with them.", Labels: labels("result"),
		}, func(w Webhook) []Sample { return One(1, w.Result) }),
		On(Definition{
			Name: "yourturn_http_refused_total", Kind: Counter, Labels: labels("reason"),
			Help: "HTTP requests that were refused, because they ask for another site's name (foreign_host), come from another site's page (foreign_origin), have no role (no_role) or are too many at a time (busy). " +
				"Requests count too whose header names a user although no trusted proxy sent it (forged_header); there the header is ignored.",
		}, func(r Refused) []Sample { return One(float64(r.Count), r.Reason) }),
		On(Definition{
			Name: "yourturn_config_last_reload_successful", Kind: Gauge, Help: "1 if the last reading of the config's file put it in force, 0 if the file was refused and the former config stayed.",
		}, func(r Reload) []Sample { return One(float(r.Err == nil)) }),
		On(Definition{
			Name: "yourturn_config_last_reload_success_timestamp_seconds", Kind: Gauge, Help: "When the config that is in force was read.",
		}, func(r Reload) []Sample {
			if r.Err != nil {
				return nil
			}
			return One(UnixSeconds(r.At))
		}),
		On(Definition{
			Name: "yourturn_config_warnings", Kind: Gauge, Help: "Names in the config that this Jira lacks, or has several times. The log lists them.",
		}, func(n ConfigWarnings) []Sample { return One(float64(n)) }),
		On(Definition{
			Name: "yourturn_replica_writes", Kind: Gauge, Help: "1 at the replica that polls Jira and writes to the store, 0 at those that show what it wrote. Only with a store in PostgreSQL.",
		}, func(r Replica) []Sample { return One(float(r.Writes)) }),
		On(Definition{
			Name: "yourturn_replica_config_outdated", Kind: Gauge, Help: "1 if the store counts by a newer config than this replica has: then this replica never polls or counts. Only with a store in PostgreSQL.",
		}, func(r Replica) []Sample { return One(float(r.Outdated)) }),
		On(Definition{
			Name: "yourturn_replica_revision", Kind: Gauge, Help: "The revision of the store whose numbers this replica shows. Only with a store in PostgreSQL.",
		}, func(r Replica) []Sample { return One(float64(r.Revision)) }),
		On(Definition{
			Name: "yourturn_derivations_total", Kind: Counter, Labels: labels("from"),
			Help: "Derivations of the numbers, by what they began with: every story (stories); every story, because the kept result of the last derivation was damaged or did not fit, " +
				"as the log explains (doubt); the kept result, at a start (kept); or what changed since the last derivation (changes).",
		}, func(d Derivation) []Sample { return One(1, d.From) }),
		On(Definition{
			Name: "yourturn_kept_compared_total", Kind: Counter, Labels: labels("result"),
			Help: "Comparisons of a start's first numbers, which come from the kept result of the last derivation, with a derivation of every story, which runs beside the polls. The result is equal, or different, which is a defect: then every story is derived anew.",
		}, func(c Compared) []Sample {
			if c.Equal {
				return One(1, "equal")
			}
			return One(1, "different")
		}),
		On(Definition{
			Name: "yourturn_jira_token_timestamp_seconds", Kind: Gauge, Help: "When the file with the token was last written; 0 if there is none. Tokens expire.",
		}, func(t TokenTime) []Sample { return One(UnixSeconds(time.Time(t))) }),
		On(Definition{
			Name: "yourturn_poll_interval_seconds", Kind: Gauge, Help: "Time between two polls, from the config.",
		}, func(d Interval) []Sample { return One(time.Duration(d).Seconds()) }),
		On(Definition{
			Name: "yourturn_odd_stories", Kind: Gauge, Help: "Stories with something odd that polls found and that their events do not show, by the reason in the audit.", Labels: labels("reason"), Whole: true,
		}, func(odd OddStories) []Sample {
			var all []Sample
			for reason, n := range odd {
				all = append(all, Sample{float64(n), labels(reason)})
			}
			return all
		}),
	}
}

// header returns the number in a header of Jira's answer; nothing if it is none.
func header(r Request, name string) []Sample {
	v, err := strconv.ParseFloat(r.Header.Get(name), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return One(v, r.Endpoint)
}

// UnixSeconds returns an instant as Prometheus writes one, to the millisecond.
func UnixSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Sample is a value of a metric of the service. A gauge takes it, a counter adds
// it, a histogram counts it.
type Sample struct {
	Value  float64
	Labels []string // the values of the metric's labels, in their order
}

// One returns a single sample.
func One(v float64, labels ...string) []Sample { return []Sample{{v, labels}} }

// Row is a metric of the service, and how an event changes it.
type Row struct {
	Definition
	event   reflect.Type
	samples func(event any) []Sample
}

// On returns the row of a metric that events of type E change by samples. Where
// there are none the metric stays as it is.
func On[E any](d Definition, samples func(E) []Sample) Row {
	return Row{Definition: d, event: reflect.TypeFor[E](), samples: func(event any) []Sample { return samples(event.(E)) }}
}

// Self are the metrics of the service about itself. It is safe for concurrent use.
type Self struct {
	metrics map[reflect.Type][]*instrument
}

// NewSelf registers the service's metrics, and those of more, with reg.
func NewSelf(reg prometheus.Registerer, more ...Row) *Self {
	s := &Self{metrics: map[reflect.Type][]*instrument{}}
	for _, row := range slices.Concat(serviceMetrics(), more) {
		s.metrics[row.event] = append(s.metrics[row.event], newInstrument(reg, row))
	}
	return s
}

// Observe records an event in the metrics that it changes. An event that no
// metric knows is a defect of the program.
func (s *Self) Observe(event any) {
	metrics := s.metrics[reflect.TypeOf(event)]
	if metrics == nil {
		panic(fmt.Sprintf("metrics: no metric is changed by %T", event))
	}
	for _, m := range metrics {
		m.record(m.samples(event))
	}
}

// instrument is a registered metric of the service; one of the three vectors is
// not nil.
type instrument struct {
	Row
	gauge     *prometheus.GaugeVec
	counter   *prometheus.CounterVec
	histogram *prometheus.HistogramVec

	mu    sync.Mutex
	shown [][]string // the labels of the last event's samples, where they are all there are
}

func newInstrument(reg prometheus.Registerer, row Row) *instrument {
	in := &instrument{Row: row}
	exists := len(row.Labels) == 0 && !row.Absent
	switch row.Kind {
	case Gauge:
		in.gauge = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: row.Name, Help: row.Help}, row.Labels)
		reg.MustRegister(in.gauge)
		if exists {
			in.gauge.WithLabelValues()
		}
	case Counter:
		in.counter = prometheus.NewCounterVec(prometheus.CounterOpts{Name: row.Name, Help: row.Help}, row.Labels)
		reg.MustRegister(in.counter)
		if exists {
			in.counter.WithLabelValues()
		}
	case Histogram:
		in.histogram = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: row.Name, Help: row.Help, Buckets: row.Buckets}, row.Labels)
		reg.MustRegister(in.histogram)
		if exists {
			in.histogram.WithLabelValues()
		}
	default:
		panic(fmt.Sprintf("metrics: %s is of no known kind: %q", row.Name, row.Kind))
	}
	return in
}

// record takes the samples of an event. Where they are all there is, the series
// that the last event had and this one has not end; the new ones are there by
// then, so that no scrape finds none.
func (in *instrument) record(samples []Sample) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, s := range samples {
		switch in.Kind {
		case Gauge:
			in.gauge.WithLabelValues(s.Labels...).Set(s.Value)
		case Counter:
			in.counter.WithLabelValues(s.Labels...).Add(s.Value)
		case Histogram:
			in.histogram.WithLabelValues(s.Labels...).Observe(s.Value)
		}
	}
	if !in.Whole {
		return
	}
	var now [][]string
	for _, s := range samples {
		now = append(now, s.Labels)
	}
	for _, former := range in.shown {
		if !slices.ContainsFunc(now, func(l []string) bool { return slices.Equal(l, former) }) {
			in.gauge.DeleteLabelValues(former...)
		}
	}
	in.shown = now
}
