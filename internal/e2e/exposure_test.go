package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestExposuresAreLogged holds that a service logs, at its start and at each reload,
// which secrets others can get at, and that it closes a store that every user could
// read.
func TestExposuresAreLogged(t *testing.T) {
	p := rigJira(t, jirasim.Cloud, jirasim.Options{})
	p.opts.Transport = handled{p.server}
	p.on("http://jira.example", "projects: [PAY]", "") // which is not loopback
	logged := func(text string, times int) {
		t.Helper()
		if got := strings.Count(p.log.String(), text); got != times {
			t.Errorf("it logs %q %d times, want %d:\n%s", text, got, times, p.log)
		}
	}
	const exposed, closed = "http:// sends the token to jira.example unencrypted", "now only its owner and its group can"
	logged(exposed, 1)
	logged(closed, 0) // a new store is made closed

	store := strings.TrimPrefix(p.svc.Config().Store.URL, "sqlite:")
	if err := errors.Join(p.svc.Close(), os.Chmod(store, 0o666)); err != nil { //nolint:gosec // as an old version or a copy left it
		t.Fatal(err)
	}
	p.start(p.svc.Config().File())
	logged(exposed, 2)
	logged(closed, 1)
	if info, err := os.Stat(store); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("the store has mode %v (%v), want 0660", info.Mode(), err)
	}

	write(t, filepath.Join(filepath.Dir(store), "secret"), "hunter2")
	running := p.serve()
	defer p.stopped(running)
	if status, answer := p.reload(running, content(t, p.svc.Config().File())+"webhook: {secret_file: secret}\n"); status != http.StatusOK {
		t.Fatalf("the reload is answered %d: %s", status, answer)
	}
	logged("the secret has 7 characters and can be guessed", 1)
	logged("hunter2", 0)
	logged("t0k3n", 0)
}
