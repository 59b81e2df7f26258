//go:build long

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/stack"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestRollingUpgrade replaces serves of an earlier version, whose program the environment
// names, one after the other. The first new one brings the schema up to date while the old
// one goes on, takes over when that ends, and goes on with its counts. The second shows the
// same. The old one that is started again ends, and says which program to use.
func TestRollingUpgrade(t *testing.T) {
	program := os.Getenv(earlierVariable)
	if program == "" {
		t.Fatalf("%s names no program of a version with an earlier schema in PostgreSQL", earlierVariable)
	}
	config := inDatabase(t, generated(t), "")
	old := func() *serveProcess {
		s := &serveProcess{T: t, cmd: exec.CommandContext(t.Context(), program, "serve", "--config.file", config, "--web.listen-address", "127.0.0.1:0"), ended: make(chan int, 1)}
		s.begin()
		return s
	}
	first := old()
	ready(t, first.address())
	before, numbers := endings(t, first.address()), numbersAt(t, first.address())
	address := stack.Free(t)
	second := startServe(t, config, address)
	started(t, &second.out, second.ended, `(this one shows its numbers)`)
	if after := endings(t, first.address()); after != before {
		t.Errorf("the old one counts %v endings beside a new one, and %v before", after, before)
	}
	if code, out := run(t, "sync", "--config.file", config); code != command.ExitFailed || !strings.Contains(out, fmt.Sprintf("(process %d on ", first.cmd.Process.Pid)) || !strings.Contains(out, "stop that process") {
		t.Errorf("sync beside the old one, which takes no requests, ended with %d:\n%s", code, out)
	}
	if code := first.signal(syscall.SIGTERM); code != 0 {
		t.Fatalf("the old one ended with %d:\n%s", code, &first.out)
	}
	await(t, "http://"+address+"/metrics", line("yourturn_replica_writes 1"))
	if after := endings(t, address); after != before || before == 0 {
		t.Errorf("the new one counts %v endings, and the old one %v", after, before)
	}
	if code, out := run(t, "sync", "--config.file", config); code != command.ExitFine || !strings.Contains(out, fmt.Sprintf("(process %d on ", second.cmd.Process.Pid)) {
		t.Errorf("sync beside the new one ended with %d:\n%s", code, out)
	}
	third := stack.Free(t)
	startServe(t, config, third)
	ready(t, third)
	if d := gocmp.Diff(numbersAt(t, address), numbersAt(t, third)); d != "" {
		t.Errorf("the two new ones show other numbers (-writes +follows):\n%s", d)
	}
	t.Logf("%d and %d lines of metrics", strings.Count(numbers, "\n"), strings.Count(numbersAt(t, address), "\n"))
	again := old()
	if code := <-again.ended; code == 0 || !strings.Contains(again.out.String(), "use the newer yourturn") {
		t.Errorf("the old one, started again, ended with %d:\n%s", code, &again.out)
	}
	if code := second.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("the second ended with %d:\n%s", code, &second.out)
	}
	await(t, "http://"+third+"/metrics", line("yourturn_replica_writes 1"))
	if after := endings(t, third); after != before {
		t.Errorf("the third counts %v endings, and the old one %v", after, before)
	}
}
