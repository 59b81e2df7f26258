package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/suite"
)

// openFolder returns a folder that every user of this machine may look into, as those
// of other tests are not.
func openFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // as meant
		t.Fatal(err)
	}
	return dir
}

// TestExposures holds what is said of a config whose secrets are open to others.
func TestExposures(t *testing.T) {
	const long = "0123456789abcdef"
	for _, tc := range []struct {
		name, url    string
		file, folder fs.FileMode // modes of the token's file and of its folder
		secret       string      // of webhooks
		want         []string
	}{
		{"closed", "https://jira.example.com", 0o600, 0o755, long, nil},
		{"read by all", "https://jira.example.com", 0o644, 0o755, long, []string{"jira.token_file: DIR/token is open to every user of this machine (mode 0644); run chmod 600 on it"}},
		{"written by all", "https://jira.example.com", 0o602, 0o755, long, []string{"jira.token_file: DIR/token is open to every user of this machine (mode 0602); run chmod 600 on it"}},
		{"read by a group", "https://jira.example.com", 0o640, 0o755, long, nil},
		{"in a closed folder", "https://jira.example.com", 0o644, 0o700, long, nil},
		{"a short secret", "https://jira.example.com", 0o600, 0o755, long[1:], []string{"webhook.secret_file: the secret has 15 characters and can be guessed; write a random one of 16 characters or more, at both ends"}},
		{"no encryption", "http://jira.example.com/jira", 0o600, 0o755, long, []string{"jira.url: http:// sends the token to jira.example.com unencrypted; write https://"}},
		{"no encryption to this machine", "http://localhost:8080", 0o600, 0o755, long, nil},
		{"nor to its address", "http://[::1]:8080", 0o600, 0o755, long, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := openFolder(t)
			for name, text := range map[string]string{"token": "t0k3n", "secret": tc.secret} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(filepath.Join(dir, "token"), tc.file); err != nil { // whatever the umask is
				t.Fatal(err)
			}
			if err := os.Chmod(dir, tc.folder); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("jira: {url: %q, projects: [PAY], token_file: token}\nwebhook: {secret_file: secret}\n", tc.url)
			cfg, err := Parse(filepath.Join(dir, "yourturn.yml"), []byte(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range cfg.Exposures() {
				got = append(got, strings.ReplaceAll(e.String(), dir, "DIR"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMountedSecret holds that a secret on a read-only file system is not complained
// about: it is mounted into a container, and nobody there can change its mode.
func TestMountedSecret(t *testing.T) {
	name := filepath.Join(openFolder(t), "token")
	if err := os.WriteFile(name, []byte("t0k3n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		if _, open := openToAll(name, func(string) bool { return readOnly }); open == readOnly {
			t.Errorf("mounted read-only: %t, open to all: %t", readOnly, open)
		}
	}
	if onReadOnly(name) {
		t.Errorf("%s was written, and its file system is said to be read-only", name)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		suite.Skip(t, "this system does not list its file systems")
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if _, err := os.Stat(f[1]); err == nil && slices.Contains(strings.Split(f[3], ","), "ro") && !onReadOnly(f[1]) {
			t.Errorf("%s is mounted read-only", f[1])
		}
	}
}
