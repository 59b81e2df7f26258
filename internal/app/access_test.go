package app

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/yourturn/yourturn/config"
)

// TestReloadSeesOtherCertificates: what a file holds may change, and not its name.
func TestReloadSeesOtherCertificates(t *testing.T) {
	cfg := &config.Config{Jira: config.Jira{CAFile: filepath.Join(t.TempDir(), "ca.pem")}}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(cfg.Jira.CAFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	before := askedBy(cfg)
	if !reflect.DeepEqual(before, askedBy(cfg)) {
		t.Error("the same certificates are others")
	}
	write("another")
	if reflect.DeepEqual(before, askedBy(cfg)) {
		t.Error("other certificates are the same")
	}
}
