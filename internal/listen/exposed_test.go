package listen

import (
	"strings"
	"testing"

	"github.com/yourturn/yourturn/config"
)

// TestExposed holds what is said of what everybody can reach.
func TestExposed(t *testing.T) {
	parse := func(web string) config.Web {
		cfg, err := config.Parse("yourturn.yml", []byte("jira: {url: https://jira.example.com, projects: [PAY]}\nweb: "+web+"\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return cfg.Web
	}
	const identity = "identity: {trusted_proxies: [10.0.0.0/8]}"
	for _, tc := range []struct {
		name, address, web string
		by                 Protection
		want               []string // the beginning of each sentence
	}{
		{"loopback", "127.0.0.1:9817", "{}", Protection{}, nil},
		{"loopback by name", "localhost:9817", "{}", Protection{}, nil},
		{"loopback of IPv6", "[::1]:9817", "{}", Protection{}, nil},
		{"everywhere", ":9817", "{}", Protection{}, []string{"pages, metrics and reload are open to everybody who reaches :9817"}},
		{"everywhere, encrypted", "[::]:9817", "{}", Protection{TLS: true}, []string{"pages"}},
		{"passwords", "0.0.0.0:9817", "{}", Protection{BasicAuth: true}, []string{"passwords reach"}},
		{"passwords, encrypted", "0.0.0.0:9817", "{}", Protection{TLS: true, BasicAuth: true}, nil},
		{"client certificates", "0.0.0.0:9817", "{}", Protection{TLS: true, ClientCertificate: true}, nil},
		{"identity", "0.0.0.0:9817", "{" + identity + "}", Protection{}, nil},
		{"probes", "127.0.0.1:9817", "{probe_address: ':9819'}", Protection{}, nil},
		{"metrics of probes", "127.0.0.1:9817", "{probe_address: ':9819', probe_metrics: true}", Protection{}, []string{"metrics are open to everybody who reaches :9819"}},
		{"metrics of probes, here", "127.0.0.1:9817", "{probe_address: '127.0.0.1:9819', probe_metrics: true}", Protection{}, nil},
	} {
		got := Exposed(parse(tc.web), tc.address, tc.by)
		if len(got) != len(tc.want) {
			t.Errorf("%s: %q", tc.name, got)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], tc.want[i]) {
				t.Errorf("%s: %q", tc.name, got[i])
			}
		}
	}
}
