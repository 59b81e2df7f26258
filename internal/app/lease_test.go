package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
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

// TestWhoFollowsBringsTheSchemaUpToDate has a process of a newer version start while one of
// an earlier version writes to the store. The newer one follows at once, and the older one
// goes on writing.
func TestWhoFollowsBringsTheSchemaUpToDate(t *testing.T) {
	server := stack.StartPostgres(t)
	url := server.Database(t, t.Name())
	cfg := &config.Config{}
	cfg.Store.URL = url
	w := Writer{Command: "serve", Patience: time.Minute, Follows: true}
	st, first, err := w.open(t.Context(), cfg, zap.NewNop())
	if err != nil || !first.Held() {
		t.Fatal("the first process has no lease", err)
	}
	defer func() { st.Close(); first.Release() }() //nolint:errcheck // the test is over
	// Take away what later migrations added: then the schema is that of the first version.
	db := stack.OpenSQL(t, url)
	for _, statement := range []string{
		`DELETE FROM schema_version WHERE version > 1`, `DROP TABLE changed, wanted, request`, `ALTER TABLE ledger DROP COLUMN revision`,
		`ALTER TABLE lease DROP COLUMN published, DROP COLUMN published_as_of, DROP COLUMN derivation, DROP COLUMN revision`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	st2, second, err := w.open(t.Context(), cfg, zap.NewNop())
	if err != nil || second.Held() {
		t.Fatalf("the second process does not follow: %v", err)
	}
	defer st2.Close() //nolint:errcheck // it only read
	if _, err := st2.Standing(t.Context()); err != nil {
		t.Error(err)
	}
	if err := st2.Ask(t.Context(), store.Request{ID: "a"}); err != nil {
		t.Error(err)
	}
	if err := st.SaveResolved(t.Context(), map[string][]string{"a": {"1"}}); err != nil {
		t.Errorf("the first process cannot write any more: %v", err)
	}
	if err := st2.SaveResolved(t.Context(), nil); !errors.Is(err, store.ErrFollows) {
		t.Errorf("the second process writes: %v", err)
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
		if err := st.Follow(); err != nil {
			t.Fatal(err)
		}
		return &leaseLock{store: st, holder: "{}", fingerprint: decides(cfg)}
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
