package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

func TestMain(m *testing.M) { stack.Main(m) }

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
		st, err := store.Open(t.Context(), url, store.Join)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() }) //nolint:errcheck // it only read
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
