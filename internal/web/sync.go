package web

import (
	"html/template"
	"net/http"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/words"
)

// Sync is how the service keeps up with its Jira, for the page about it.
type Sync struct {
	Data     time.Time     // the store is complete as of then, in Jira's clock; zero: no sync was completed
	Lag      time.Duration // how old that is
	Progress string        // of a first sync or a derivation; "" if there is none
	Follows  string        // the process whose numbers this one shows; "": its own
	Last     Cycle         // complete or not
	Complete Cycle         // the last complete one
	Facts    []Row         // about it
	Next     time.Time     // when the next cycle is due
	Alone    []Alone       // in order of endpoint
	Read     time.Time     // when the config in force was read
	Reload   string        // how the last reload of the config ended; "" if there was none
	Webhooks Webhooks
	Requests []Requests // in order of endpoint and code
	Budgets  []Budget   // in order of endpoint
	Census   Census

	Quarantine        []Odd // issues that cannot be read
	QuarantineOmitted int   // how many more there are
	Odd               []Odd // other findings of polls
	OddOmitted        int

	Audited bool    // the numbers were derived, and the audit with them
	Audit   []Count // how many findings of each reason there are, in order of reason
}

// Cycle is how a cycle ended.
type Cycle struct {
	End  time.Time // zero: none has ended since the start
	Took time.Duration
	Err  string // "" when it was complete
}

// Alone is an endpoint that Jira wants no requests for.
type Alone struct {
	Endpoint string // "": all of them
	Until    time.Time
}

// Webhooks is how Jira's webhooks ended since the start.
type Webhooks struct {
	Taken   bool // the config has a secret for their signature
	Last    time.Time
	Results []Count // in order of result
}

// Count is how often a result, or a reason of the audit, occurred.
type Count struct {
	Result string
	Count  int
}

// Requests is how often an endpoint answered with a code since the start.
type Requests struct {
	Endpoint string
	Code     int // 0: no answer came
	Count    int
}

// Budget is how many requests Jira still allows, as it last reported.
type Budget struct {
	Endpoint, Left, Limit string
	At                    time.Time
}

// Census is the last complete census, and when the next one is due.
type Census struct {
	Last    time.Time // when it began, in Jira's clock; zero: there was none
	Next    time.Time // in Jira's clock; zero: with the next poll
	Stopped string    // why it removed nothing; "" if it was not stopped
	Found   []Row     // none: the census was before the start
	// Failure is why the last census, or the last reading of open questions,
	// failed; "" if it did not.
	Failure   string
	FailureAt time.Time
}

// Row is a line of a table.
type Row struct{ Label, Value string }

// Odd is a finding about a story, or about the whole Jira if Key is "".
type Odd struct {
	Key, Reason, Detail string
	At                  time.Time
}

// stampForm is how the page shows an instant.
const stampForm = "Mon 2 Jan 2006 15:04:05 MST"

// stamp returns an instant to the second, which the script shows to the minute; or what
// else is said where there is none.
func stamp(t time.Time, none string) template.HTML {
	if t.IsZero() {
		return template.HTML(template.HTMLEscapeString(none)) //nolint:gosec // it is escaped
	}
	text := t.UTC().Format(stampForm)
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + text + `</time>`) //nolint:gosec // of digits and names of days
}

// sync serves the page about the synchronisation (/sync).
func (s *Server) sync() http.Handler {
	page := page("sync.html", template.FuncMap{
		"stamp": func(t time.Time) template.HTML { return stamp(t, "never") },
		// Cycles are known since the start alone, and the store may hold what others brought.
		"ended": func(t time.Time) template.HTML { return stamp(t, "none since the start") },
		"took":  lasted,
		"age":   func(d time.Duration) string { return d.Round(time.Second).String() },
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := s.from.Sync(r.Context())
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		v := view{Title: "Sync", Answer: data.answer(), Page: syncPage{data, data.tiles(), s.serves("GET /data")}}
		for _, n := range s.state(callerOf(r)) {
			if n.ID != "stale" { // the page itself says it, and more
				v.Notices = append(v.Notices, n)
			}
		}
		v.Notices = append(data.notices(s.from.Status().zone()), v.Notices...)
		s.show(w, r, page, v)
	})
}

// lasted says how long a poll took: to the millisecond below a second, to the tenth of a
// second from there on.
func lasted(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// syncPage is what the page shows.
type syncPage struct {
	Sync
	Tiles  []tile
	Listed bool // there is a page of what is odd
}

// answer says whether the synchronisation is well, since when it is not, and what comes next.
func (y *Sync) answer() string {
	next := ""
	if wait := time.Until(y.Next); !y.Next.IsZero() {
		next = " The next poll is about to begin."
		if wait > time.Second {
			next = " The next poll begins in " + words.Elapsed(wait) + "."
		}
	}
	switch {
	case y.Follows != "":
		return y.following()
	case y.Last.Err != "" && !y.Data.IsZero():
		return "The last poll failed: what has happened in Jira in the last " + words.Elapsed(y.Lag) + " is not known." + next
	case y.Last.Err != "":
		return "The last poll failed, and none was complete before, so there are no numbers." + next
	case y.Data.IsZero() && y.Progress != "":
		return "The first sync is under way: " + y.Progress + "."
	case y.Data.IsZero():
		return "The first sync has not started."
	case y.Last.End.IsZero():
		return "No poll has ended since yourturn was started. The data are " + words.Elapsed(y.Lag) + " old."
	}
	if y.Lag < time.Minute {
		return "All is well: the data are less than a minute old." + next
	}
	return "All is well: the data are " + words.Elapsed(y.Lag) + " old." + next
}

// following is the answer of a replica that follows: how polls go is known to the other one.
func (y *Sync) following() string {
	switch {
	case y.Data.IsZero():
		return "Another replica polls Jira, and no poll of it is complete yet."
	case y.Lag < time.Minute:
		return "All is well: the data are less than a minute old. Another replica polls Jira."
	}
	return "The data are " + words.Elapsed(y.Lag) + " old. Another replica polls Jira: this page of it says how that goes."
}

// notices say what is wrong, and what to do.
func (y *Sync) notices(zone *time.Location) []notice {
	var out []notice
	if y.Last.Err != "" {
		var since *moment
		if !y.Data.IsZero() {
			at := momentOf(latency.At(y.Data), time.Now(), zone)
			since = &at
		}
		out = append(out, notice{
			Since: since,
			Kind:  "error", ID: "failed", Title: "The last poll failed.", Text: "It will be tried again. If it fails again, mend what the reason names. The data are as they were.", Detail: y.Last.Err,
		})
	}
	if y.Census.Stopped != "" {
		out = append(out, notice{
			Kind: "warning", ID: "census", Title: "The last census removed nothing.", Detail: y.Census.Stopped,
			Text: "Find out whether the account lost a permission. If the stories are really gone, raise jira.census_max_removed for one census.",
		})
	}
	if y.Census.Failure != "" {
		out = append(out, notice{Kind: "warning", ID: "check", Title: "The last check failed.", Text: "It is tried again with a later poll.", Detail: y.Census.Failure})
	}
	if n := len(y.Quarantine) + y.QuarantineOmitted; n > 0 {
		out = append(out, notice{Kind: "warning", ID: "quarantined", Title: words.Count(n, "issue cannot be read.", "issues cannot be read."), Text: "All other issues are read. The reasons are below."})
	}
	return out
}

// tiles are the numbers by which one sees how it goes.
func (y *Sync) tiles() []tile {
	if y.Data.IsZero() {
		return nil
	}
	requests := 0
	for _, r := range y.Requests {
		requests += r.Count
	}
	age := words.Elapsed(y.Lag)
	if y.Lag < time.Minute {
		age = words.Count(int(y.Lag/time.Second), "second", "seconds")
	}
	out := []tile{{ID: "age", Number: age, Label: "age of the data"}}
	if !y.Last.End.IsZero() {
		out = append(out, tile{ID: "took", Number: lasted(y.Last.Took), Label: "length of the last poll"})
	}
	out = append(out, tile{ID: "requests", Number: words.Number(requests), Label: "requests to Jira since the start"})
	unreadable := tile{ID: "unreadable", Number: words.Number(len(y.Quarantine) + y.QuarantineOmitted), Label: "issues cannot be read"}
	if len(y.Quarantine) > 0 {
		unreadable.Tone = "late"
	}
	return append(out, unreadable)
}
