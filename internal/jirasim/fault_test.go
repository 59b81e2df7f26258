package jirasim_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

func TestFaults(t *testing.T) {
	header := http.Header{"Retry-After": {"7"}}
	for _, tc := range []struct {
		name   string
		fault  jirasim.Fault
		status int // 0: the connection breaks
		body   string
		retry  string
	}{
		{"throttled", jirasim.Fault{Status: 429, Header: header}, 429, "", "7"},
		{"throttled without a word", jirasim.Fault{Status: 429, Body: "<html>"}, 429, "<html>", ""},
		{"login page", jirasim.Fault{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>"}, 200, "<html>", ""},
		{"nothing", jirasim.Fault{Status: 200}, 200, "", ""},
		{"header alone", jirasim.Fault{Header: header}, 200, "displayName", "7"},
		{"reset", jirasim.Fault{Reset: true}, 0, "", ""},
		{"truncated", jirasim.Fault{Truncate: 10}, 0, `{"account`, ""},
		{"own answer truncated", jirasim.Fault{Status: 200, Body: "0123456789", Truncate: 3}, 0, "012", ""},
		{"truncated behind its end", jirasim.Fault{Truncate: 1 << 20}, 200, "displayName", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var next atomic.Pointer[jirasim.Fault] // a connection that breaks is followed by another
			next.Store(&tc.fault)
			s := serve(t, jirasim.Cloud, jirasim.Options{Fault: func(*http.Request) *jirasim.Fault { return next.Swap(nil) }})
			a, err := s.request(http.MethodGet, "/rest/api/2/myself", "")
			if (err != nil) != (tc.status == 0) {
				t.Fatalf("got error %v", err)
			}
			if err == nil && (a.StatusCode != tc.status || a.Header.Get("Retry-After") != tc.retry) {
				t.Errorf("got %d, Retry-After %q", a.StatusCode, a.Header.Get("Retry-After"))
			}
			if !strings.Contains(a.text, tc.body) || tc.body == "" && a.text != "" {
				t.Errorf("got body %q, want %q", a.text, tc.body)
			}
			if got := s.get("/rest/api/2/myself").StatusCode; got != 200 {
				t.Errorf("the next request got %d", got)
			}
		})
	}
}

func TestFaultThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := jirasim.NewSite(jirasim.Cloud, time.Now)
		server := jirasim.NewServer(site, jirasim.Options{Token: "t", Fault: func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Delay: time.Minute} }})
		began := time.Now()
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/rest/api/2/serverInfo", nil))
		if w.Code != 200 || time.Since(began) != time.Minute {
			t.Errorf("got %d after %v", w.Code, time.Since(began))
		}
	})
}

func TestHooksSeeTheRequest(t *testing.T) {
	var paths, bodies []string
	see := func(r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		paths, bodies = append(paths, r.URL.Path), append(bodies, string(body))
	}
	s := serve(t, jirasim.DataCenter, jirasim.Options{OnRequest: see, Fault: func(r *http.Request) *jirasim.Fault {
		see(r)
		return nil
	}})
	const body = `{"jql":"project=PAY"}`
	if a := s.post("/rest/api/2/search", body); a.StatusCode != 200 {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if len(bodies) != 2 || bodies[0] != body || bodies[1] != body || paths[0] != "/jira/rest/api/2/search" {
		t.Errorf("the hooks saw %q with %q", paths, bodies)
	}
}

// TestGarbledAndToldOf checks that an issue is answered unreadable while Garbled
// says so, and that OnChange is called with each change.
func TestGarbledAndToldOf(t *testing.T) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			site := jirasim.NewSite(flavor, time.Now)
			var told []int64
			site.OnChange = func(id int64) { told = append(told, id) }
			p := site.AddProject(&jirasim.Project{ID: "100", Key: "PAY"})
			id := site.CreateIssue(time.Now(), nil, p, map[string]any{"status": map[string]any{"id": "1", "name": "Open"}})
			other := site.CreateIssue(time.Now(), nil, p, map[string]any{"status": map[string]any{"id": "1", "name": "Open"}})
			site.Comment(time.Now(), nil, id, "so")
			if want := []int64{id, other, id}; !slices.Equal(told, want) {
				t.Errorf("told of %v, want %v", told, want)
			}
			garbled := id
			srv := httptest.NewServer(jirasim.NewServer(site, jirasim.Options{Token: "t", Garbled: func(issue int64) bool { return issue == garbled }}))
			defer srv.Close()
			for _, tc := range []struct {
				garbled int64
				want    string
			}{{id, `"status":"?"`}, {other, `"name":"Open"`}} {
				garbled = tc.garbled
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/rest/api/2/issue/%d", srv.URL, id), nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer t")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || !strings.Contains(string(body), tc.want) {
					t.Errorf("garbled %d: got %s, want %s", tc.garbled, body, tc.want)
				}
			}
		})
	}
}
