package jirasim_test

import (
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// What a dead token is answered is the most dangerous thing about Jira Cloud:
// it sees an empty Jira.
func TestDeadToken(t *testing.T) {
	type want struct {
		status int
		text   string // in the body
	}
	for _, tc := range []struct {
		path              string
		cloud, datacenter want
	}{
		{"/rest/api/2/serverInfo", want{200, "Cloud"}, want{200, "Server"}},
		{"/rest/api/2/myself", want{401, "<html>"}, want{401, "<html>"}},
		{"/rest/api/2/search/jql?jql=project=PAY", want{200, `{"isLast":true,"issues":[]}`}, want{401, "<html>"}},
		{"/rest/api/2/search?jql=project=PAY", want{410, "removed"}, want{401, "<html>"}},
		{"/rest/api/2/project/search", want{200, `"values":[]`}, want{401, "<html>"}},
		{"/rest/api/2/project", want{200, "[]"}, want{401, "<html>"}},
		{"/rest/api/2/issue/PAY-1", want{404, "Issue does not exist or you do not have permission to see it."}, want{401, "<html>"}},
		{"/rest/api/2/issue/PAY-1/comment", want{404, "Issue does not exist"}, want{401, "<html>"}},
		{"/rest/api/2/mypermissions?permissions=BROWSE_PROJECTS", want{200, `"havePermission":false`}, want{401, "<html>"}},
	} {
		t.Run(tc.path, func(t *testing.T) {
			both(t, jirasim.Options{}, func(s *sim) {
				s.create(0)
				good := s.get(tc.path)
				if got := good.Header.Get("X-Seraph-LoginReason"); got != "" {
					s.Errorf("a good token got X-Seraph-LoginReason %q", got)
				}
				s.server.Revoke()
				w := tc.datacenter
				if s.cloud() {
					w = tc.cloud
				}
				a := s.get(tc.path)
				if a.StatusCode != w.status || !strings.Contains(a.text, w.text) {
					s.Errorf("got %d %s, want %d with %q", a.StatusCode, a.text, w.status, w.text)
				}
				if got := a.Header.Get("X-Seraph-LoginReason"); got != "AUTHENTICATED_FAILED" {
					s.Errorf("got X-Seraph-LoginReason %q", got)
				}
				if a.Header.Get("X-AAccountId") != "" || a.Header.Get("X-AUSERNAME") != "" {
					s.Error("a dead token was told its account")
				}
				s.server.Restore()
				if got := s.get(tc.path); got.StatusCode != good.StatusCode {
					s.Errorf("restored, it got %d, and %d before", got.StatusCode, good.StatusCode)
				}
			})
		})
	}
}

func TestCredentials(t *testing.T) {
	for _, tc := range []struct {
		name              string
		flavor            jirasim.Flavor
		authorization     string
		status            int
		account, userName string
	}{
		{"the right pair", jirasim.Cloud, "Basic Ym90QGV4YW1wbGUuY29tOnNlY3JldA==", 200, "acc%3Abot", ""},
		{"another e-mail", jirasim.Cloud, "Basic Ym9iQGV4YW1wbGUuY29tOnNlY3JldA==", 401, "", ""},
		{"nothing at all", jirasim.Cloud, "", 401, "", ""},
		{"an unknown bearer", jirasim.Cloud, "Bearer secret", 403, "", ""},
		{"the right bearer", jirasim.DataCenter, "Bearer secret", 200, "", "bot"},
		{"a wrong bearer", jirasim.DataCenter, "Bearer other", 401, "", ""},
		{"a pair", jirasim.DataCenter, "Basic Ym90QGV4YW1wbGUuY29tOnNlY3JldA==", 401, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.flavor, jirasim.Options{})
			a := s.get("/rest/api/2/myself", "Authorization", tc.authorization)
			if a.StatusCode != tc.status || a.Header.Get("X-AAccountId") != tc.account || a.Header.Get("X-AUSERNAME") != tc.userName {
				t.Errorf("got %d, account %q, user %q; want %d, %q, %q", a.StatusCode, a.Header.Get("X-AAccountId"), a.Header.Get("X-AUSERNAME"), tc.status, tc.account, tc.userName)
			}
		})
	}
}

func TestRateHeaders(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		h := s.get("/rest/api/2/myself").Header
		if s.cloud() {
			if h.Get("X-RateLimit-Limit") == "" || h.Values("Retry-After") != nil {
				s.Errorf("got %v", h)
			}
			return
		}
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-FillRate", "X-RateLimit-Interval-Seconds"} {
			if h.Get(name) == "" {
				s.Errorf("%s is missing", name)
			}
		}
		if got := h.Get("Retry-After"); got != "0" {
			s.Errorf("got Retry-After %q, want 0 on every answer", got)
		}
	})
}
