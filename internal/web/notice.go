package web

import (
	"cmp"
	"fmt"
	"time"

	"github.com/yourturn/yourturn/internal/words"
)

// notice is what to know before a page's numbers are read.
type notice struct {
	Kind        string // info, warning, error or stale
	ID          string // names it within the page; "": it has no name
	Title, Text string
	Since       *moment // nil: not said
	Detail      string  // for those who run the service
}

// state returns the notices of every page that depends on Jira and on what is derived:
// that the data are old, and where the config does not fit.
func (s *Server) state(c Caller) []notice {
	report, st := s.from.Report(), s.from.Status()
	var out []notice
	if st.LastErr != "" {
		n := notice{Kind: "stale", ID: "stale", Title: "The last poll failed.", Text: "Jira was not read, so there are no numbers yet."}
		if report != nil {
			since := momentOf(report.DataTimestamp, time.Now(), st.zone())
			n.Text = fmt.Sprintf("The numbers are %s old: what happened in Jira since then is not in them, and clocks are stopped.", words.Elapsed(time.Since(since.At)))
			n.Since = &since
		}
		if c.Operates() {
			n.Detail = st.LastErr
		}
		out = append(out, n)
	}
	if report != nil {
		for i, text := range misfits(report, c) {
			out = append(out, notice{Kind: "warning", ID: fmt.Sprint("misfit-", i), Title: "The config may not fit.", Text: text})
		}
	}
	return out
}

// waitingForNumbers says why there are none yet, for the component loading.
func waitingForNumbers(st Status) string {
	return "No numbers yet: " + cmp.Or(st.Progress, "the first sync has not started") + "."
}

// outside says to somebody with a role that shows nobody's numbers why there are none.
const outside = "No project is visible to you. Ask the operator to add you to web.roles, or to owners.*.users if you are an owner."

// zone is the zone of instants that are of no owner.
func (st Status) zone() *time.Location {
	if st.Zone == nil {
		return time.UTC
	}
	return st.Zone
}
