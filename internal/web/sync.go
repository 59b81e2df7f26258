package web

import (
	"html/template"
	"net/http"
	"time"
)

// Sync is how the service keeps up with its Jira, for the page about it.
type Sync struct {
	Data     time.Time     // the store is complete as of then, in Jira's clock; zero: no sync was completed
	Lag      time.Duration // how old that is
	Progress string        // of a first sync or a derivation; "" if there is none
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
	Next    time.Time // in Jira's clock; zero: with the next cycle
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

// sync serves the page about the synchronisation (/sync).
func (s *Server) sync() http.Handler {
	page := page("sync.html", template.FuncMap{
		"stamp": func(t time.Time) string {
			if t.IsZero() {
				return "never"
			}
			return t.UTC().Format(stampForm)
		},
		// Cycles are known since the start alone, and the store may hold what others brought.
		"ended": func(t time.Time) string {
			if t.IsZero() {
				return "none since the start"
			}
			return t.UTC().Format(stampForm)
		},
		"took": func(d time.Duration) string { return d.Round(time.Millisecond).String() },
		"age":  func(d time.Duration) string { return d.Round(time.Second).String() },
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := s.from.Sync(r.Context())
		if err != nil {
			s.fail(w, r, http.StatusInternalServerError, "No answer", "Reading how the store keeps up with Jira failed: "+err.Error())
			return
		}
		s.show(w, r, page, view{Title: "Sync", Answer: "How the store keeps up with Jira.", Notices: s.state(callerOf(r)), Page: data})
	})
}
