package collector_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// TestGateway syncs a Cloud through Atlassian's gateway, as tokens with scopes
// must: all requests stay below its path, and people are sent to the site.
func TestGateway(t *testing.T) {
	const path, site = "/ex/jira/11223344-a1b2-4b33-8444-def123456789", "https://example.atlassian.net"
	for name, email := range map[string]string{"an e-mail and a token": "bot@example.com", "a bearer token": ""} {
		t.Run(name, func(t *testing.T) {
			w := newSite(t, jirasim.Cloud, jirasim.Options{})
			strays := 0
			w.server = jirasim.NewServer(w.site, jirasim.Options{
				Token: "t0k3n", Email: email, ContextPath: path, SiteURL: site, SearchPage: 2, CommentPage: 1, InlineComments: 1, ChangelogPage: 2,
			})
			srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, path+"/rest/") {
					strays++
				}
				w.server.ServeHTTP(rw, r)
			}))
			t.Cleanup(srv.Close)
			var err error
			if w.store, err = store.Open(t.Context(), stack.StoreURL(t, filepath.Join(t.TempDir(), "test.db")), store.ReadWrite); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.store.Close() })
			if w.client, err = jira.New(jira.Options{URL: srv.URL + path + "/", Email: email, Token: "t0k3n"}); err != nil {
				t.Fatal(err)
			}
			w.restart()
			var ids []int64
			for range 5 {
				ids = append(ids, w.create(w.pay))
				w.grow(ids[len(ids)-1], 3, 3)
			}
			w.site.AddBoard(&jirasim.Board{ID: 7, Name: "Team", Type: "scrum", ProjectKey: "PAY"})
			w.later(time.Hour)
			w.sync()
			w.move(ids[0])
			w.later(time.Minute)
			if r := w.sync(); !slices.Equal(r.Changed, ids[:1]) {
				t.Errorf("got changed stories %v, want %v", r.Changed, ids[:1])
			}
			if _, err := w.collector.Reread(t.Context(), ids); err != nil {
				t.Error(err)
			}
			if live := w.live(); !slices.Equal(live, ids) {
				t.Errorf("got stories %v, want %v", live, ids)
			}
			for _, id := range ids {
				if got := len(w.history(id).Events); got < 7 {
					t.Errorf("story %d has %d events, want its creation, 3 records and 3 comments at least", id, got)
				}
			}
			if st := w.state(); st.SiteURL != site || st.BaseURL != srv.URL+path {
				t.Errorf("got addresses %q for people and %q, want %q and the gateway's", st.SiteURL, st.BaseURL, site)
			}
			if strays != 0 {
				t.Errorf("%d requests went past the gateway", strays)
			}
			before := 0
			for _, n := range w.server.Requests() {
				before += n
			}
			w.sync()
			after := 0
			for _, n := range w.server.Requests() {
				after += n
			}
			if after-before != 2 {
				t.Errorf("a poll that finds nothing took %d requests, want 2", after-before)
			}
		})
	}
}

// TestSiteURLWithoutGateway holds that people are sent to jira.url, whatever
// Jira says of itself: it may be known by another name inside.
func TestSiteURLWithoutGateway(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, flavor, jirasim.Options{SiteURL: "https://inside.example"})
			w.create(w.pay)
			w.later(time.Hour)
			w.sync()
			if st := w.state(); st.SiteURL != st.BaseURL || st.SiteURL == "" {
				t.Errorf("got address %q for people, want %q", st.SiteURL, st.BaseURL)
			}
		})
	}
}
