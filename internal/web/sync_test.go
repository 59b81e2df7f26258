package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSyncPage(t *testing.T) {
	var page Sync
	var failure error
	s := serving(Sources{Sync: func(context.Context) (Sync, error) { return page, failure }})
	says := func(when string, want ...string) {
		t.Helper()
		_, body := get(s, "/sync")
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s: the page lacks %q:\n%s", when, text, body)
			}
		}
	}
	says("before the first poll", "never", "none since the start", "Nothing is derived yet", "with the next poll", "Empty.", "None.", "webhook.secret_file is not set", "Jira reports none", "None.")
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	page = Sync{
		Data: at, Lag: 90*time.Second + 2, Progress: "the full sync has read 7 stories",
		Last:     Cycle{End: at.Add(time.Hour), Took: 1500 * time.Millisecond, Err: "<no route>"},
		Complete: Cycle{End: at.Add(time.Minute), Took: 2 * time.Second},
		Facts:    []Row{{"Stories that it read", "8"}}, Next: at.Add(2 * time.Hour), Reload: "the old one stays",
		Alone:    []Alone{{Until: at.Add(3 * time.Hour)}, {Endpoint: "issue", Until: at.Add(4 * time.Hour)}},
		Requests: []Requests{{"search/jql", 200, 7}, {"myself", 0, 1}},
		Budgets:  []Budget{{"search/jql", "349", "350", at}},
		Census: Census{
			Last: at.Add(5 * time.Hour), Next: at.Add(11 * time.Hour), Stopped: "9 of 10 are not to be seen", Found: []Row{{"Stories that Jira shows", "9"}},
			Failure: "census: <reset>", FailureAt: at.Add(6 * time.Hour),
		},
		Webhooks:   Webhooks{Taken: true, Last: at.Add(7 * time.Hour), Results: []Count{{"accepted", 41}}},
		Quarantine: []Odd{{Key: "PAY-2", Detail: "no status"}}, QuarantineOmitted: 4,
		Odd: []Odd{{Key: "PAY-1", Reason: "invisible"}, {Reason: "poll_failed"}}, OddOmitted: 3,
		Audited: true, Audit: []Count{{"bulk", 222}},
	}
	says("after a failure", "1m30s ago", "the full sync has read 7 stories", "09:00:00", "after 1.5s: ", "&lt;no route&gt;", "08:01:00 UTC</time>, after 2s", "Stories that it read</th><td>8<",
		"10:00:00", "Jira wants no requests until", "11:00:00", "Jira wants no requests for issue until", "12:00:00", "the old one stays",
		"13:00:00", "19:00:00", "9 of 10 are not to be seen", "Stories that Jira shows</th><td>9<", "census: &lt;reset&gt;", "14:00:00",
		"PAY-2", "no status", "And 4 more", "PAY-1", "all of Jira", "And 3 more", "accepted", "41", "15:00:00", "no answer", "349", "350", "bulk</th><td class=\"n\">222<", "yourturn waits --audit")
	page = Sync{Data: at, Last: Cycle{End: at, Took: time.Second}, Complete: Cycle{End: at, Took: time.Second}, Census: Census{Last: at}, Audited: true}
	says("after a restart", "Nothing is odd.", "after 1s: complete", "yourturn was restarted since")
	page = Sync{Data: at, Lag: 4 * time.Second, Follows: "yourturn serve (process 7)", Census: Census{Last: at}}
	says("of a replica that follows", "All is well: the data are less than a minute old. Another replica polls Jira.", "This replica shows what yourturn serve (process 7) polls", "not known here; the log of the replica that polls has it")
	if _, body := get(s, "/sync"); strings.Contains(body, "since the start</td>") {
		t.Errorf("a replica that follows says that no poll has ended:\n%s", body)
	}
	page.Lag = 20 * time.Minute
	says("of a replica that follows one that does not get on", "The data are 20 minutes old. Another replica polls Jira: this page of it says how that goes.")
	page.Data = time.Time{}
	says("of a replica that follows a first sync", "Another replica polls Jira, and no poll of it is complete yet.")
	failure = errors.New("the disk is full")
	if code, body := get(s, "/sync"); code != http.StatusInternalServerError || !strings.Contains(body, "the disk is full") {
		t.Errorf("without a store: %d %s", code, body)
	}
}
