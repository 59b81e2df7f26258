package web

import (
	"html/template"
	"net/http"
	"time"
)

// Sync is how the service keeps up with its Jira, for the page about it.
type Sync struct {
	Data       time.Time     // as of when everything is known, in Jira's clock; zero: never yet
	LastEnd    time.Time     // of the last cycle, complete or not; zero: none has ended
	LastTook   time.Duration // likewise
	LastErr    string        // "" when it was complete
	Stories    int           // that the last complete cycle read
	Unchanged  int           // that it found as they were stored
	Changed    int           // that it found changed
	Late       int           // of those, how many the search had shown late
	Skew       time.Duration // how far the local clock is ahead of Jira's
	Reload     string        // what came of the last reload of the config; "" if there was none
	Requests   []Requests    // in order of endpoint and code
	Census     *Census       // nil: there was none since the start
	Odd        []Odd
	OddOmitted int // how many more there are
}

// Requests are how often an endpoint answered with a code since the start.
type Requests struct {
	Endpoint string
	Code     int // 0: no answer came
	Count    int
	Left     string // what was left of the request budget, as Jira said last; "" if it does not
}

// Census is what the last census found.
type Census struct {
	At                                                      time.Time
	Stories, Stored, Gone, Moved, Invisible, Late, Returned int
	Stopped                                                 bool
}

// Odd is what is wrong with a story, or with the whole Jira where Key is "".
type Odd struct {
	Key, Reason, Detail string
	At                  time.Time
}

// HandleSync serves the page about the synchronisation; now is asked for each view.
func (s *Server) HandleSync(now func(*http.Request) (Sync, error)) {
	page := page("sync.html", template.FuncMap{
		"stamp": func(t time.Time) string {
			if t.IsZero() {
				return "never"
			}
			return t.UTC().Format("Mon 2 Jan 2006 15:04:05 MST")
		},
		"ago": func(t time.Time) string { return time.Since(t).Round(time.Second).String() },
	})
	s.Handle("GET /sync", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := now(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		render(w, page, data)
	}))
}

// HandleReload serves POST /-/reload: 200 if the new config is in force, 500
// with the reason if the old one stays.
func (s *Server) HandleReload(reload func(*http.Request) error) {
	s.Handle("POST /-/reload", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// It may derive all numbers anew, which takes longer than any other answer.
		http.NewResponseController(w).SetWriteDeadline(time.Time{}) //nolint:errcheck // then the answer is cut off
		if err := reload(r); err != nil {
			http.Error(w, "the config was not reloaded, and the old one stays: "+err.Error(), http.StatusInternalServerError)
		}
	}))
}
