package app

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/web"
	"github.com/yourturn/yourturn/metrics"
)

// cycle is the record of a poll cycle. The log, the metrics and the page about
// the synchronisation show what cycleFacts finds in it.
type cycle struct {
	collector.Result
	End time.Time // in this machine's clock
	Err error     // why it failed; nil: it was complete
}

// fact is something to know about a poll cycle, and where it is shown.
type fact struct {
	// of finds it: an int, a bool, a duration, an instant, samples with labels, or
	// a list of durations, of which the log and the page show how many there are.
	// nil leaves everything as it was.
	of     func(cycle) any
	metric metrics.Definition // without a name: it has none
	log    string             // its key in the line "poll complete"; "": it is not there
	page   string             // its label on the page; "": it is not there
	failed bool               // failed cycles have it too
}

// cycleFacts is the table of what is shown about a poll cycle. A new counter is a
// field in which the collector counts it, and an entry here.
func cycleFacts() []fact {
	gauge := func(name, help string) metrics.Definition {
		return metrics.Definition{Name: name, Kind: metrics.Gauge, Help: help}
	}
	counter := func(name, help string, labels ...string) metrics.Definition {
		return metrics.Definition{Name: name, Kind: metrics.Counter, Help: help, Labels: labels}
	}
	return []fact{
		{
			of:     func(c cycle) any { return c.Err == nil },
			metric: gauge("yourturn_poll_success", "1 if the last poll cycle was complete, 0 if it failed."), failed: true,
		},
		{
			of: func(c cycle) any {
				if c.Err != nil {
					return metrics.One(1, "failed")
				}
				return metrics.One(1, "complete")
			},
			metric: counter("yourturn_poll_cycles_total", "Poll cycles, by how they ended.", "result"), failed: true,
		},
		{
			of: func(c cycle) any {
				if c.Err == nil {
					return nil
				}
				return metrics.One(1, failure(c.Err))
			},
			metric: counter("yourturn_poll_failures_total", "Poll cycles that failed, by reason.", "reason"), failed: true,
		},
		{
			of:     func(c cycle) any { return c.Duration },
			metric: gauge("yourturn_poll_duration_seconds", "How long the last poll cycle took, complete or not."), log: "took", failed: true,
		},
		{
			of: func(c cycle) any { return c.End },
			metric: metrics.Definition{
				Name: "yourturn_poll_last_success_timestamp_seconds", Kind: metrics.Gauge, Absent: true,
				Help: "When the last complete poll cycle ended, in this machine's clock; no series before the first.",
			},
		},
		{of: func(c cycle) any { return c.AsOf.Time() }, log: "as_of"},
		{of: func(c cycle) any { return c.Full }, log: "full", page: "It was a full sync"},
		{
			of:     func(c cycle) any { return c.Stories },
			metric: counter("yourturn_poll_stories_total", "Stories that polls read, changed or not."), log: "stories", page: "Stories that it read",
		},
		{of: func(c cycle) any { return c.Unchanged }, log: "unchanged", page: "Stories that had not changed"},
		{of: func(c cycle) any { return len(c.Changed) }, log: "changed", page: "Stories that changed"},
		{of: func(c cycle) any { return c.Events }, log: "new_events", page: "New events"},
		{of: func(c cycle) any { return c.Mended }, log: "mended_events", page: "Stored events of which Jira now shows more"},
		{
			of: func(c cycle) any { return c.Late },
			metric: metrics.Definition{
				Name: "yourturn_poll_late_seconds", Kind: metrics.Histogram, Buckets: []float64{60, 120, 300, 600, 1200, 3600, 21600},
				Help: "How long after a change Jira's search first showed it, if the cycle before should have seen it.",
			},
			log: "late", page: "Changes that Jira's search showed late",
		},
		{
			of:     func(c cycle) any { return len(c.Warnings) },
			metric: gauge("yourturn_poll_search_warnings", "Warnings from Jira about the searches of the last complete poll cycle. The log lists them."),
			page:   "Warnings from Jira about its searches",
		},
		{
			of:     func(c cycle) any { return c.Skew },
			metric: gauge("yourturn_clock_skew_seconds", "How far this machine's clock is ahead of Jira's."), page: "This machine's clock is ahead of Jira's by",
		},
		{
			of: func(c cycle) any {
				var doubt *collector.ClockError
				switch {
				case errors.As(c.Err, &doubt):
					return doubt.Ahead
				case c.Err == nil:
					return 0
				}
				return nil
			},
			metric: gauge("yourturn_jira_clock_doubt_seconds",
				"How far Jira's clock is ahead of this machine's (below 0: behind) in a poll that failed because its clock is doubted; 0 after a complete poll."), failed: true,
		},
		{
			of:     func(c cycle) any { return c.DateAhead },
			metric: gauge("yourturn_jira_date_ahead_seconds", "How far the Date of Jira's replies, which a proxy may write, is ahead of Jira's own clock."),
			page:   "The Date of Jira's replies is ahead of Jira's clock by",
		},
		{
			of: func(c cycle) any { return c.Zoned },
			metric: gauge("yourturn_poll_zone_literals",
				"1 if this Jira does not understand instants in queries and is asked in the time zone of the account's profile, 0 otherwise."),
			page: "It asked in the time zone of the account's profile",
		},
		{
			of:     func(c cycle) any { return c.Checks.Err != nil },
			metric: counter("yourturn_census_failures_total", "Poll cycles in which a census, or another check that was due, failed."),
		},
	}
}

// census is what is known of the last complete census. The log, the metrics and the page
// about the synchronisation show what censusFacts finds in it.
type census struct {
	begun   time.Time               // in Jira's clock
	found   *collector.CensusResult // nil: it was before the start
	stopped bool
}

// censusFact is a number of a census, and its names.
type censusFact struct {
	of     func(*collector.CensusResult) int
	result string // in the log, and as a label of the metric
	page   string // its label on the page
}

// censusFacts is the table of what is shown about a census. A new number is a field in which
// the collector counts it, and an entry here.
func censusFacts() []censusFact {
	return []censusFact{
		{func(c *collector.CensusResult) int { return c.Shown }, "shown", "Stories that Jira shows"},
		{func(c *collector.CensusResult) int { return c.Stored }, "stored", "Stories that it should show"},
		{func(c *collector.CensusResult) int { return c.Gone }, "gone", "Gone: deleted, hidden, or out of the scope"},
		{func(c *collector.CensusResult) int { return c.Moved }, "moved", "Moved to a project that is not watched"},
		{func(c *collector.CensusResult) int { return c.Invisible }, "invisible", "In a project that the account may not browse any more"},
		{func(c *collector.CensusResult) int { return c.Late }, "late", "Shown by no search before"},
		{func(c *collector.CensusResult) int { return c.Returned }, "returned", "Back after having gone"},
	}
}

// pollMetrics is the table of the metrics of poll cycles and censuses.
func pollMetrics() []metrics.Row {
	var rows []metrics.Row
	for _, f := range cycleFacts() {
		if f.metric.Name != "" {
			rows = append(rows, metrics.On(f.metric, func(c cycle) []metrics.Sample {
				if c.Err != nil && !f.failed {
					return nil
				}
				return samples(f.of(c))
			}))
		}
	}
	return append(rows,
		metrics.On(metrics.Definition{
			Name: "yourturn_census_stories", Kind: metrics.Gauge, Labels: []string{"result"},
			Help: "What the last census counted: stories that Jira shows and that the store holds, and those that were gone, moved, invisible, back, or that no search had shown.",
		}, func(c census) []metrics.Sample {
			var all []metrics.Sample
			if c.found != nil {
				for _, f := range censusFacts() {
					all = append(all, metrics.One(float64(f.of(c.found)), f.result)...)
				}
			}
			return all
		}),
		metrics.On(metrics.Definition{
			Name: "yourturn_census_timestamp_seconds", Kind: metrics.Gauge, Help: "When the last complete census began, in Jira's clock.",
		}, func(c census) []metrics.Sample { return samples(c.begun) }),
		metrics.On(metrics.Definition{
			Name: "yourturn_census_stopped", Kind: metrics.Gauge,
			Help: "1 if the last census would have removed more stories than the config allows, and removed none; 0 otherwise.",
		}, func(c census) []metrics.Sample { return samples(c.stopped) }),
	)
}

// PollMetrics returns the definitions of the metrics of poll cycles and censuses.
func PollMetrics() []metrics.Definition {
	var all []metrics.Definition
	for _, row := range pollMetrics() {
		all = append(all, row.Definition)
	}
	return all
}

// logFields returns what the log says of a complete cycle.
func (c cycle) logFields() []zap.Field {
	var fields []zap.Field
	for _, f := range cycleFacts() {
		if f.log == "" {
			continue
		}
		switch v := f.of(c).(type) {
		case []time.Duration:
			fields = append(fields, zap.Int(f.log, len(v)))
		default:
			fields = append(fields, zap.Any(f.log, v))
		}
	}
	return fields
}

// logCensus logs what a census found, if a cycle had one.
func logCensus(log *zap.Logger, found *collector.CensusResult) {
	if found == nil {
		return
	}
	var fields []zap.Field
	for _, f := range censusFacts() {
		fields = append(fields, zap.Int(f.result, f.of(found)))
	}
	log.Info("census complete", fields...)
}

// censusRows returns what the page says of a census.
func censusRows(found *collector.CensusResult) []web.Row {
	var rows []web.Row
	for _, f := range censusFacts() {
		rows = append(rows, web.Row{Label: f.page, Value: strconv.Itoa(f.of(found))})
	}
	return rows
}

// pageRows returns what the page says of a complete cycle.
func (c cycle) pageRows() []web.Row {
	var rows []web.Row
	for _, f := range cycleFacts() {
		if f.page != "" {
			rows = append(rows, web.Row{Label: f.page, Value: text(f.of(c))})
		}
	}
	return rows
}

// samples returns a value as a metric takes it, in Prometheus' base units.
func samples(v any) []metrics.Sample {
	switch v := v.(type) {
	case nil:
		return nil
	case []metrics.Sample:
		return v
	case []time.Duration:
		var all []metrics.Sample
		for _, d := range v {
			all = append(all, metrics.One(d.Seconds())...)
		}
		return all
	case int:
		return metrics.One(float64(v))
	case time.Duration:
		return metrics.One(v.Seconds())
	case time.Time:
		return metrics.One(metrics.UnixSeconds(v))
	case bool:
		if v {
			return metrics.One(1)
		}
		return metrics.One(0)
	}
	panic(fmt.Sprintf("app: a metric takes no %T", v))
}

// text returns a value as the page shows it.
func text(v any) string {
	switch v := v.(type) {
	case []time.Duration:
		return strconv.Itoa(len(v))
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(v)
}
