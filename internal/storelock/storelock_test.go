package storelock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/storelock"
)

// TestMain lets the test binary be the other process: it takes the lock, says
// so, and holds it until its input ends.
func TestMain(m *testing.M) {
	if store := os.Getenv("STORELOCK_HOLD"); store != "" {
		l, err := storelock.Acquire(store, "serve")
		if err != nil {
			panic(err)
		}
		fmt.Println("held")
		bufio.NewReader(os.Stdin).ReadString('\n') //nolint:errcheck // its end is what is waited for
		if err := l.Release(); err != nil {
			panic(err)
		}
		return
	}
	m.Run()
}

// holder is another process that holds the lock of a store.
type holder struct {
	cmd *exec.Cmd
	in  interface{ Close() error }
}

func hold(t *testing.T, store string) *holder {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "STORELOCK_HOLD="+store)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q: %v", line, err)
	}
	return &holder{cmd, in}
}

// TestASecondWriterIsRefusedByName starts a second writer while another process
// holds the lock.
func TestASecondWriterIsRefusedByName(t *testing.T) {
	store := filepath.Join(t.TempDir(), "a.db")
	other := hold(t, store)
	_, err := storelock.Acquire(store, "sync")
	var held *storelock.HeldError
	if !errors.As(err, &held) || held.Holder.PID != other.cmd.Process.Pid || held.Holder.Command != "serve" {
		t.Fatalf("the second writer gets %v", err)
	}
	for _, part := range []string{store, "yourturn serve", "one writer", "store.url"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message %q does not say %q", err, part)
		}
	}
	if h, ok, err := storelock.Held(store); err != nil || !ok || h.PID != other.cmd.Process.Pid {
		t.Errorf("Held says %v %v %v", h, ok, err)
	}
	if info, err := os.Stat(store + ".lock"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the lock file has mode %v: %v", info.Mode(), err)
	}
}

// TestAKilledHolderIsNoObstacle kills the holder without a warning.
func TestAKilledHolderIsNoObstacle(t *testing.T) {
	store := filepath.Join(t.TempDir(), "a.db")
	other := hold(t, store)
	if err := other.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	other.cmd.Wait() //nolint:errcheck // it was killed
	if h, err := storelock.Read(store); err != nil || h.PID != other.cmd.Process.Pid {
		t.Fatalf("the file should still name the dead holder: %v %v", h, err)
	}
	if _, ok, err := storelock.Held(store); err != nil || ok {
		t.Errorf("the lock of a dead process counts as held: %v", err)
	}
	l, err := storelock.Acquire(store, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if h, err := storelock.Read(store); err != nil || h.PID != os.Getpid() {
		t.Errorf("the file names %v: %v", h, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := storelock.Held(store); err != nil || ok {
		t.Errorf("a released lock counts as held: %v", err)
	}
}

// TestWaitTakesOver waits until the holder leaves.
func TestWaitTakesOver(t *testing.T) {
	store := filepath.Join(t.TempDir(), "a.db")
	other := hold(t, store)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := storelock.Wait(ctx, store, "serve", func(h storelock.Holder) {
		if h.PID != other.cmd.Process.Pid {
			t.Errorf("waiting for %v", h)
		}
		if err := other.in.Close(); err != nil { // it leaves
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Serve("127.0.0.1:1", "secret"); err != nil {
		t.Fatal(err)
	}
	if h, err := storelock.Read(store); err != nil || h.Address != "127.0.0.1:1" || h.Secret != "secret" || strings.Contains(h.String(), "secret") {
		t.Errorf("the lock file says %v: %v", h, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

// TestWaitGivesUp waits for a holder that stays.
func TestWaitGivesUp(t *testing.T) {
	store := filepath.Join(t.TempDir(), "a.db")
	hold(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := storelock.Wait(ctx, store, "serve", func(storelock.Holder) { cancel() })
	var held *storelock.HeldError
	if !errors.As(err, &held) {
		t.Errorf("the wait ended with %v", err)
	}
}

// TestAFolderThatCannotBeWritten names the remedy.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	_, err := storelock.Acquire(filepath.Join(t.TempDir(), "none", "a.db"), "serve")
	if err == nil || !strings.Contains(err.Error(), "writable") {
		t.Errorf("the message is %v", err)
	}
}
