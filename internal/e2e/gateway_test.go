package e2e

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
)

// TestLinksGoToTheSite: links go to the site behind Atlassian's gateway, from the
// first poll on, and after a restart from the beginning.
func TestLinksGoToTheSite(t *testing.T) {
	const path, site = "/ex/jira/11223344-a1b2-4b33-8444-def123456789", "https://example.atlassian.net"
	tm, err := team.New(team.Options{Seed: 1, Flavor: jirasim.Cloud, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	defer tm.Close()
	srv := httptest.NewServer(jirasim.NewServer(tm.Site(), jirasim.Options{Token: "t0k3n", Email: "bot@example.com", ContextPath: path, SiteURL: site}))
	defer srv.Close()
	dir := t.TempDir()
	token, file := filepath.Join(dir, "token"), filepath.Join(dir, "yourturn.yml")
	write(t, token, "t0k3n\n")
	write(t, file, tm.ConfigYAML(team.Setup{JiraURL: srv.URL + path, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: token}))
	cfg, err := app.LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, polls := range []bool{true, false} {
		s, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if polls {
			if failed, err := s.Poll(t.Context()); err != nil || failed != nil {
				t.Error(err, failed)
			}
		} else if err := s.Resume(t.Context()); err != nil {
			t.Error(err)
		}
		if page := shown(s, "/"); !strings.Contains(page, `href="`+site+`/browse/`) || strings.Contains(page, path) {
			t.Errorf("polled %t: the page does not link to %s:\n%s", polls, site, page)
		}
		if text := shown(s, "/metrics"); !strings.Contains(text, `yourturn_jira_info{url="`+site+`"} 1`) || strings.Contains(text, path) {
			t.Errorf("polled %t: the metrics do not name %s", polls, site)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	moved := *cfg
	moved.Jira.URL = "https://jira.example.com/"
	s, err := app.Open(t.Context(), &moved, zap.NewNop(), app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // it was read
	if err := s.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if page := shown(s, "/"); !strings.Contains(page, `from <a href="`+moved.Jira.URL+`"`) {
		t.Errorf("with another jira.url the page does not link to it:\n%s", page)
	}
}

// shown returns what a service answers.
func shown(s http.Handler, path string) string {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Body.String()
}
