package metrics

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// events is one of each event that this package knows.
func events() []any {
	return []any{
		Build{"v1", "abc", "go1"},
		Site{"https://example.atlassian.net"},
		Request{Endpoint: "search", Code: 200, Took: time.Second, Header: http.Header{"X-Ratelimit-Limit": {"100"}, "X-Ratelimit-Remaining": {"99"}}},
		Redacted{"search"},
		Webhook{"accepted"},
		Refused{"busy", 1},
		Derivation{FromKept},
		Compared{true},
		Reload{At: time.Unix(80, 0)},
		Interval(time.Minute), TokenTime(time.Unix(70, 0)), ConfigWarnings(3),
		OddStories{"invisible": 2},
	}
}

// TestService follows what events make of the service's own metrics. A line of
// wants is a series as it is exposed; one that begins with ! is absent.
func TestService(t *testing.T) {
	for _, tc := range []struct {
		name   string
		events []any
		want   []string
	}{
		{"from the start", nil, []string{
			"yourturn_poll_interval_seconds 0", "yourturn_config_warnings 0", "yourturn_config_last_reload_successful 0",
			"!yourturn_jira_info", "!yourturn_odd_stories", "!yourturn_jira_requests_total",
		}},
		{"a request", []any{Request{Endpoint: "search", Code: 429, Took: 3 * time.Second, Header: http.Header{"X-Ratelimit-Limit": {"350"}, "X-Ratelimit-Remaining": {"7"}}}}, []string{
			`yourturn_jira_requests_total{code="429",endpoint="search"} 1`,
			`yourturn_jira_request_duration_seconds_sum{endpoint="search"} 3`,
			`yourturn_jira_request_duration_seconds_bucket{endpoint="search",le="2.5"} 0`,
			`yourturn_jira_request_duration_seconds_bucket{endpoint="search",le="5"} 1`,
			`yourturn_jira_rate_limit_requests{endpoint="search"} 350`,
			`yourturn_jira_rate_limit_remaining_requests{endpoint="search"} 7`,
		}},
		{"no answer", []any{Request{Endpoint: "myself"}, Request{Endpoint: "myself"}}, []string{
			`yourturn_jira_requests_total{code="0",endpoint="myself"} 2`, "!yourturn_jira_rate_limit_requests", "!yourturn_jira_rate_limit_remaining_requests",
		}},
		{"an answer without a budget keeps the last one", []any{
			Request{Endpoint: "issue", Header: http.Header{"X-Ratelimit-Limit": {"350"}}}, Request{Endpoint: "issue", Header: http.Header{"X-Ratelimit-Limit": {"many"}}},
		}, []string{`yourturn_jira_rate_limit_requests{endpoint="issue"} 350`}},
		{"a budget that is no number", []any{
			Request{Endpoint: "issue", Header: http.Header{"X-Ratelimit-Limit": {"NaN"}, "X-Ratelimit-Remaining": {"-Inf"}}},
		}, []string{"!yourturn_jira_rate_limit_requests", "!yourturn_jira_rate_limit_remaining_requests"}},
		{"a config that was refused", []any{Reload{At: time.Unix(80, 0)}, Reload{At: time.Unix(90, 0), Err: errors.New("no")}}, []string{
			"yourturn_config_last_reload_successful 0", "yourturn_config_last_reload_success_timestamp_seconds 80",
		}},
		{"Jira may be found elsewhere", []any{Site{"https://api.atlassian.com/ex/jira/1"}, Site{"https://example.atlassian.net"}, Site{"https://example.atlassian.net"}}, []string{
			`yourturn_jira_info{url="https://example.atlassian.net"} 1`, `!yourturn_jira_info{url="https://api`,
		}},
		{"a reason that is no more", []any{OddStories{"late": 3, "invisible": 1}, OddStories{"invisible": 0}}, []string{
			`yourturn_odd_stories{reason="invisible"} 0`, `!yourturn_odd_stories{reason="late"}`,
		}},
		{"requests that are refused", []any{Refused{"busy", 0}, Refused{"no_role", 0}, Refused{"no_role", 2}, Refused{"no_role", 1}}, []string{
			`yourturn_http_refused_total{reason="busy"} 0`, `yourturn_http_refused_total{reason="no_role"} 3`,
		}},
		{"webhooks", []any{Webhook{"accepted"}, Webhook{"accepted"}, Webhook{"refused"}}, []string{
			`yourturn_webhooks_total{result="accepted"} 2`, `yourturn_webhooks_total{result="refused"} 1`,
		}},
		{"the rest", events(), []string{
			`yourturn_build_info{goversion="go1",revision="abc",version="v1"} 1`, "yourturn_poll_interval_seconds 60",
			"yourturn_jira_token_timestamp_seconds 70", "yourturn_config_warnings 3",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			reg := prometheus.NewPedanticRegistry()
			self := NewSelf(reg)
			for _, e := range tc.events {
				self.Observe(e)
			}
			text := "\n" + string(exposition(t, reg))
			for _, line := range tc.want {
				bare, absent := strings.CutPrefix(line, "!")
				if absent == strings.Contains(text, "\n"+bare) {
					t.Errorf("want %s in\n%s", line, text)
				}
			}
		})
	}
}

// TestRowOfAnotherPackage holds that a metric of an event of one's own is
// recorded as those of this package are.
func TestRowOfAnotherPackage(t *testing.T) {
	type visit struct{ page string }
	reg := prometheus.NewPedanticRegistry()
	self := NewSelf(reg, On(Definition{Name: "visits_total", Kind: Counter, Help: "Visits.", Labels: []string{"page"}}, func(v visit) []Sample {
		if v.page == "" {
			return nil
		}
		return One(1, v.page)
	}))
	for _, page := range []string{"/", "", "/sync", "/"} {
		self.Observe(visit{page})
	}
	var got []string
	for line := range strings.Lines(string(exposition(t, reg))) {
		if strings.HasPrefix(line, "visits_total") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff([]string{`visits_total{page="/"} 2`, `visits_total{page="/sync"} 1`}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	defer func() {
		if recover() == nil {
			t.Error("an event that no metric knows is taken")
		}
	}()
	self.Observe(struct{}{})
}
