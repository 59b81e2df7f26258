package e2e

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/stack"
)

// organisation is a generated Jira with a config for it.
type organisation struct {
	team   *team.Team
	server *jirasim.Server
	url    string // of server
	config string
}

// end is when generated histories end in tests.
func end() time.Time { return time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC) }

// newOrganisation returns one whose history has been lived.
func newOrganisation(t testing.TB, seed int64, flavor jirasim.Flavor) *organisation {
	t.Helper()
	tm, err := team.New(team.Options{Seed: seed, Flavor: flavor, End: end(), Now: end})
	if err != nil {
		t.Fatal(err)
	}
	return serveTeam(t, tm, flavor)
}

// serveTeam serves an organisation's Jira over HTTP and writes a config for it.
func serveTeam(t testing.TB, tm *team.Team, flavor jirasim.Flavor) *organisation {
	t.Helper()
	t.Cleanup(tm.Close)
	o := &organisation{team: tm}
	opts := jirasim.Options{Token: "t0k3n", Email: "bot@example.com"}
	if flavor == jirasim.DataCenter {
		opts.Email, opts.ContextPath = "", "/jira"
	}
	o.server = jirasim.NewServer(tm.Site(), opts)
	srv := httptest.NewServer(o.server)
	t.Cleanup(srv.Close)
	o.url = srv.URL
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	o.config = filepath.Join(dir, "yourturn.yml")
	write(t, token, "t0k3n\n")
	write(t, o.config, tm.ConfigYAML(team.Setup{JiraURL: srv.URL + opts.ContextPath, StoreURL: stack.StoreURL(t, filepath.Join(dir, "store.db")), TokenFile: token}))
	return o
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// organisations runs f side by side for organisations of both flavours.
func organisations(t *testing.T, seeds int, f func(t *testing.T, seed int, flavor jirasim.Flavor)) {
	t.Run("seeds", func(t *testing.T) {
		for seed := range seeds {
			for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
				t.Run(fmt.Sprintf("%d/%s", seed, flavor), func(t *testing.T) {
					t.Parallel()
					f(t, seed, flavor)
				})
			}
		}
	})
}
