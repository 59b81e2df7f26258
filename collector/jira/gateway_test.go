package jira_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

const gatewayURL = "https://api.atlassian.com/ex/jira/11223344-a1b2-4b33-8444-def123456789"

// TestSiteURL holds where people are sent: to jira.url, unless that is the
// gateway, behind which Jira itself says where it is.
func TestSiteURL(t *testing.T) {
	for _, tc := range []struct {
		name, url, said, want string
	}{
		{"a site", "https://example.atlassian.net/", "https://other.atlassian.net", "https://example.atlassian.net"},
		{"a context path", "https://example.com/jira", "https://jira.example.com/", "https://example.com/jira"},
		{"a path like the gateway's", "https://example.com/ex/jira/a/b", "https://example.atlassian.net", "https://example.com/ex/jira/a/b"},
		{"the gateway", gatewayURL, "https://example.atlassian.net", "https://example.atlassian.net"},
		{"the gateway, with slashes", gatewayURL + "/", "https://example.atlassian.net/", "https://example.atlassian.net"},
		{"an own domain with a path", gatewayURL, "http://jira.example.com/x/?a=b#c", "http://jira.example.com/x"},
		{"nothing", gatewayURL, "", gatewayURL},
		{"no address", gatewayURL, "/jira", gatewayURL},
		{"no host", gatewayURL, "https://", gatewayURL},
		{"a script", gatewayURL, "javascript:alert(1)", gatewayURL},
		{"a file", gatewayURL, "ftp://example.com", gatewayURL},
		{"a password", gatewayURL, "https://a:b@example.com", gatewayURL},
		{"garbage", gatewayURL, "https://exa mple.com:port", gatewayURL},
	} {
		for _, flavor := range []jiradata.Flavor{jiradata.Cloud, "auto"} {
			t.Run(tc.name+"/"+string(flavor), func(t *testing.T) {
				asks := 0
				answers := rightAnswers(jiradata.Cloud)
				answers["api/2/serverInfo"] = `{"version":"1","deploymentType":"Cloud","baseUrl":"` + tc.said + `"}`
				c := newClient(t, jira.Options{URL: tc.url, Flavor: flavor, Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, path, _ := strings.Cut(r.URL.Path, "/rest/")
					if path == "api/2/serverInfo" {
						asks++
					}
					w.Header().Set("Date", "Mon, 02 Mar 2026 08:00:00 GMT")
					answer(w, 200, answers[path])
				})}})
				for range 3 {
					id, err := c.Myself(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if id.SiteURL != tc.want || id.BaseURL != strings.TrimRight(tc.url, "/") {
						t.Errorf("got %q for people and %q, want %q and jira.url", id.SiteURL, id.BaseURL, tc.want)
					}
				}
				if most := 1; asks > most || asks == 0 && strings.HasPrefix(tc.url, gatewayURL) {
					t.Errorf("it was asked %d times where it is", asks)
				}
			})
		}
	}
}

// TestSiteURLIsNoReasonToFail holds that polls go on where the gateway refuses to
// say where people find Jira. A serverInfo that fails otherwise fails the poll,
// because it gives the time, and is asked again.
func TestSiteURLIsNoReasonToFail(t *testing.T) {
	for _, tc := range []struct {
		status, asks int // in two polls
		body         string
		want         string // at the end, when it says so
	}{
		{401, 1, `{"code":401,"message":"Unauthorized; scope does not match"}`, gatewayURL},
		{403, 1, `{}`, gatewayURL},
		{500, 5, ``, "https://example.atlassian.net"}, // four tries, and one that succeeds
		{200, 2, `{}`, "https://example.atlassian.net"},
	} {
		synctest.Test(t, func(t *testing.T) {
			asks, well := 0, false
			c := newClient(t, jira.Options{URL: gatewayURL, Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", "Mon, 02 Mar 2026 08:00:00 GMT")
				switch {
				case strings.HasSuffix(r.URL.Path, "/myself"):
					answer(w, 200, me)
				case well:
					asks++
					answer(w, 200, `{"version":"1","deploymentType":"Cloud","baseUrl":"https://example.atlassian.net"}`)
				default:
					asks++
					answer(w, tc.status, tc.body)
				}
			})}})
			id, err := c.Myself(t.Context())
			if refused := tc.want == gatewayURL; (err == nil) != refused || refused && id.SiteURL != tc.want {
				t.Errorf("%d: got %q and error %v", tc.status, id.SiteURL, err)
			}
			well = true
			if id, err := c.Myself(t.Context()); err != nil || id.SiteURL != tc.want {
				t.Errorf("%d: got %q and error %v, want %q", tc.status, id.SiteURL, err, tc.want)
			}
			if asks != tc.asks {
				t.Errorf("%d: it was asked %d times where it is, want %d", tc.status, asks, tc.asks)
			}
		})
	}
}

// TestWrongScope holds what is said of a token that lacks a scope.
func TestWrongScope(t *testing.T) {
	c := newClient(t, jira.Options{URL: gatewayURL, Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 401, `{"code":401,"message":"Unauthorized; scope does not match"}`)
	})}})
	_, err := c.Myself(t.Context())
	if !errors.Is(err, jira.ErrUnauthorized) || !strings.Contains(err.Error(), "read:jira-work and read:jira-user") {
		t.Errorf("got error %v, want one that names the scopes", err)
	}
}
