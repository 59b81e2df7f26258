package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeyOfPseudonyms holds what is said of a key that would hide nobody.
func TestKeyOfPseudonyms(t *testing.T) {
	const right = "a long random text that nobody guesses"
	for _, tc := range []struct {
		name string
		key  string // "": there is no file
		mode os.FileMode
		want string
	}{
		{"right", right, 0o600, ""},
		{"a group may read it", right, 0o640, ""},
		{"everybody may read it", right, 0o644, "everybody on this machine may read "},
		{"too short", "hunter2", 0o600, "holds fewer than 32 characters; write a long random text into it, such as openssl rand -hex 32 gives"},
		{"missing", "", 0, "cannot be read: no such file or directory; name a file that this user may read"},
		{"empty", "\n", 0o600, "is empty; write the secret into it"},
	} {
		dir := t.TempDir()
		for _, d := range []string{dir, filepath.Dir(dir)} { // or nobody else comes near the file
			if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // that is what is tried
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "key")
		if tc.key != "" {
			if err := os.WriteFile(file, []byte(tc.key), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, tc.mode); err != nil { // whatever the umask
				t.Fatal(err)
			}
		}
		text := "jira: {url: https://jira.example.com, projects: [PAY]}\nprivacy: {pseudonyms: true, key_file: key}\n"
		_, err := Parse(filepath.Join(dir, "x.yml"), []byte(text), nil)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), "x.yml:2: privacy.key_file: ") || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want a problem of line 2 that says %q", tc.name, err, tc.want)
		case err != nil && strings.Contains(err.Error(), strings.TrimSpace(tc.key)) && strings.TrimSpace(tc.key) != "":
			t.Errorf("%s: the problem tells the key: %v", tc.name, err)
		}
	}
}

// TestAllIsReserved holds that no owner is called as all of them are together.
func TestAllIsReserved(t *testing.T) {
	const text = "jira: {url: https://jira.example.com, projects: [PAY]}\nowners: {all: {accounts: [a]}}\n"
	if _, err := Parse("x.yml", []byte(text), nil); err != nil {
		t.Errorf("where owners are told apart: %v", err)
	}
	_, err := Parse("x.yml", []byte(text+"privacy: {per_owner: false}\n"), nil)
	if err == nil || !strings.Contains(err.Error(), "x.yml:2: owners.all: is the reserved name of all owners together") {
		t.Errorf("where they are not: %v", err)
	}
}
