package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestRetroPageIsTheReport asks a running service for a retrospective, as a page and as
// each file: the files are what the command writes of the same store.
func TestRetroPageIsTheReport(t *testing.T) {
	t.Parallel()
	o, base := polledOrganisation(t)
	for _, tc := range []struct {
		query string
		flags []string
	}{
		{"project=PAY&from=2026-04-06&to=2026-04-19", []string{"--project", "PAY", "--from", "2026-04-06", "--to", "2026-04-19"}},
		{"", nil},
	} {
		ready := func(status int, _ string) bool { return status == http.StatusOK }
		text := await(t, base+"/retro?"+tc.query+"&format=json", ready)
		for format, name := range map[string]string{"json": "json", "csv": "csv", "md": "markdown", "html": "html"} {
			want := yourturn(t, 0, append([]string{"report", "--config.file", o.config, "--format", name}, tc.flags...)...)
			got := text
			if format != "json" {
				_, got = asked(t, http.DefaultClient, http.MethodGet, base+"/retro?"+tc.query+"&format="+format, nil)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s as %s (-command +page):\n%.3000s", tc.query, format, d)
			}
		}
		status, page := asked(t, http.DefaultClient, http.MethodGet, base+"/retro?"+tc.query, nil)
		if status != http.StatusOK || !strings.Contains(page, "Is the Product Owner the bottleneck?") || strings.Contains(page, "data-soon") {
			t.Errorf("the page of %q is answered with %d: %.500s", tc.query, status, plain(page))
		}
		if len(page) > 100_000 {
			t.Errorf("the page of %q has %d bytes", tc.query, len(page))
		}
	}
	for ask, want := range map[string]string{
		"project=NO": "is watched", "project=PAY&sprint=none+such": "has no sprint of that name", "from=2026-04-06": "is not a date", "sprint=Sprint+1": "choose it",
		"from=2026-04-06&to=2026-04-01": "before the first", "from=2020-04-06&to=2026-04-01": "at most 366", "from=2036-04-06&to=2036-04-07": "begins after",
	} {
		page := await(t, base+"/retro?"+ask, func(_ int, body string) bool { return !strings.Contains(body, "data-soon") })
		if !strings.Contains(plain(page), want) {
			t.Errorf("%s: the page does not say %q: %s", ask, want, plain(page))
		}
	}
}

// polledOrganisation serves the numbers of an invented organisation until the test ends,
// and returns it and where.
func polledOrganisation(t *testing.T) (o *organisation, base string) {
	t.Helper()
	o = newOrganisation(t, 3, jirasim.DataCenter)
	yourturn(t, 0, "sync", "--config.file", o.config)
	return o, servedBy(t, o.config)
}

// servedBy serves and polls by the config of an organisation until the test ends, and
// returns where.
func servedBy(t *testing.T, config string) (base string) {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := app.Open(t.Context(), cfg, zap.NewNop(), app.Options{RequestsPerSecond: 1000, Now: end})
	if err != nil {
		t.Fatal(err)
	}
	return served(t, svc)
}

// served serves and polls until the test ends, and returns where.
func served(t *testing.T, svc *app.Service) (base string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- svc.Run(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, svc.Close()); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}
