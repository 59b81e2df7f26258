package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestSecretsAreNotPrinted prints a config with every secret in every way.
func TestSecretsAreNotPrinted(t *testing.T) {
	const text = `
jira: {url: https://jira.example.com, projects: [PAY], token_file: token.txt}
webhook: {secret_file: token.txt}
privacy: {pseudonyms: true, key_file: token.txt}
`
	const secret = "hunter2-hunter2-hunter2-hunter2-hunter2"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token.txt"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := Parse(filepath.Join(dir, "x.yml"), []byte(text), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Secret{"token": cfg.Jira.Token, "webhook": cfg.Webhook.Secret, "privacy": cfg.Privacy.Key} {
		if s.Reveal() != secret {
			t.Fatalf("%s is %q: the test needs it", name, s.Reveal())
		}
	}
	for _, value := range []any{cfg, *cfg, cfg.Jira, cfg.Webhook, cfg.Privacy, cfg.Jira.Token, []Secret{cfg.Jira.Token}, map[string]Secret{"a": cfg.Jira.Token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			out := fmt.Sprintf(verb, value)
			if strings.Contains(out, "hunter2") || strings.Contains(strings.ToLower(out), fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s of %T tells the secret: %s", verb, value, out)
			}
		}
		for name, marshal := range map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal} {
			out, err := marshal(value)
			if err != nil {
				t.Errorf("%s of %T: %v", name, value, err)
			}
			if strings.Contains(string(out), "hunter2") {
				t.Errorf("%s of %T tells the secret: %s", name, value, out)
			}
		}
	}
}

func TestSecretForms(t *testing.T) {
	s := Secret("hunter2")
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, got, want string }{
		{"text", s.String(), "<secret>"},
		{"Go", fmt.Sprintf("%#v", s), `"<secret>"`},
		{"quoted", fmt.Sprintf("%q", s), `"<secret>"`},
		{"json", string(asJSON), `"\u003csecret\u003e"`}, // as encoding/json writes < and >
		{"yaml", string(asYAML), "<secret>\n"},
		{"none", fmt.Sprint(Secret("")), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
}

// TestSecrets: what is looked for in Jira's answers is the token, and of the other
// secrets those that are no words.
func TestSecrets(t *testing.T) {
	var c Config
	c.Jira.Token, c.Webhook.Secret, c.Privacy.Key = "t0k3n", "story", "a-key-of-sixteen-characters"
	c.Jira.ProxyURL = "http://ada:correct-horse-battery@proxy.example:3128"
	want := []string{"t0k3n", "a-key-of-sixteen-characters", "correct-horse-battery"}
	if got := c.Secrets(); !slices.Equal(got, want) {
		t.Errorf("got %d secrets, want those of the token, the key and the proxy", len(got))
	}
}

// TestSecretsOfProxies: the password of a proxy that the environment names is a secret too,
// and what leaves the company holds neither a short one nor the user.
func TestSecretsOfProxies(t *testing.T) {
	env := map[string]string{"HTTPS_PROXY": "http://gate:correct-horse-battery@proxy.example:3128", "http_proxy": "http://keeper:short@proxy.example:3128"}
	cfg, err := Parse("x.yml", []byte("jira: {url: \"https://jira.example\", projects: [PAY]}"), func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Secrets(); !slices.Contains(got, "correct-horse-battery") || slices.Contains(got, "short") {
		t.Errorf("got %q", got)
	}
	for _, want := range []string{"correct-horse-battery", "short", "gate", "keeper"} {
		if got := cfg.AllSecrets(); !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}
