package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

func TestMain(m *testing.M) { stack.Main(m) }

// joined opens the store at a URL as one of several processes does.
func joined(t *testing.T, url string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), url, store.Join)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() }) //nolint:errcheck // it only read
	return st
}

// TestWhoWaitsForTheSchemaFollows has a process wait for one that holds the lease of a store
// with an earlier schema. When another one has brought the schema up to date it follows.
func TestWhoWaitsForTheSchemaFollows(t *testing.T) {
	url := stack.StartPostgres(t).Database(t, t.Name())
	cfg := new(config.Config)
	w := Writer{Command: "serve", Patience: time.Minute, Follows: true}
	first, err := w.lease(t.Context(), joined(t, url), cfg, zap.NewNop())
	if err != nil || !first.Held() {
		t.Fatal("the first process has no lease", err)
	}
	db := stack.OpenSQL(t, url)
	var version int
	if err := db.QueryRowContext(t.Context(), `DELETE FROM schema_version WHERE version = (SELECT MAX(version) FROM schema_version) RETURNING version`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	w.Waiting = func(storelock.Holder) {
		if _, err := db.ExecContext(t.Context(), `INSERT INTO schema_version (version) VALUES ($1)`, version); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	second, err := w.lease(ctx, joined(t, url), cfg, zap.NewNop())
	if err != nil || second.Held() {
		t.Fatalf("the second process does not follow: %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
}

// TestAnOlderConfigTakesNoLease offers a free lease to a replica whose config was in force
// before the present one. It takes it once nobody has held it for a while.
func TestAnOlderConfigTakesNoLease(t *testing.T) {
	url := stack.StartPostgres(t).Database(t, t.Name())
	open := func(target string) *leaseLock {
		t.Helper()
		file := filepath.Join(t.TempDir(), "yourturn.yml")
		text := fmt.Sprintf("jira: {url: \"http://jira.example\", flavor: datacenter, projects: [PAY]}\nstore: {url: %q}\ndefaults: {targets: {acceptance: %s}}\n", url, target)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := LoadConfig(file)
		if err != nil {
			t.Fatal(err)
		}
		st := joined(t, url)
		if ok, err := st.Follow(t.Context()); err != nil || !ok {
			t.Fatal("the store cannot be followed", err)
		}
		return &leaseLock{store: st, holder: "{}", fingerprint: rules.Fingerprint(cfg)}
	}
	// counts takes the lease, and puts a config in force.
	counts := func(l *leaseLock) {
		t.Helper()
		if _, outdated, err := l.try(t.Context()); err != nil || outdated || !l.Held() {
			t.Fatalf("a newer config takes no lease: outdated %t, %v", outdated, err)
		}
		if err := l.store.PutInForce(t.Context(), l.fingerprint); err != nil {
			t.Fatal(err)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
	counts(open("6h"))
	counts(open("8h"))
	older := open("6h")
	for range 3 {
		if _, outdated, err := older.try(t.Context()); err != nil || !outdated || older.Held() {
			t.Fatalf("an older config takes the lease: %t, outdated %t, %v", older.Held(), outdated, err)
		}
	}
	if _, err := stack.OpenSQL(t, url).ExecContext(t.Context(), `UPDATE lease SET until = until - $1`, outdatedWait.Milliseconds()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := older.try(t.Context()); err != nil || !older.Held() {
		t.Fatalf("a config that everybody went back to takes no lease: %v", err)
	}
	if err := older.store.PutInForce(t.Context(), older.fingerprint); err != nil {
		t.Fatal(err)
	}
	if outdated, err := older.store.Outdated(t.Context(), open("8h").fingerprint); err != nil || !outdated {
		t.Fatalf("the config that everybody left is not the older one now: %v", err)
	}
	if err := older.Release(); err != nil {
		t.Fatal(err)
	}
}
