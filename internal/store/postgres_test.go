package store

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/stack"
)

// inPostgres returns the URL of a database of the test's own.
func inPostgres(t *testing.T) string {
	t.Helper()
	return stack.StartPostgres(t).Database(t, t.Name())
}

// openAt opens the store at a URL.
func openAt(t *testing.T, url string, mode Mode) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestPostgresRefuses has what a database may be instead of a store, and what is said.
func TestPostgresRefuses(t *testing.T) {
	server := stack.StartPostgres(t)
	change := func(url string, statements ...string) {
		t.Helper()
		db := stack.OpenSQL(t, url)
		for _, text := range statements {
			if _, err := db.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tc := range []struct {
		name string
		mode Mode
		url  func(t *testing.T) string
		want error
		text string
	}{
		{"nothing to read", ReadOnly, inPostgres, ErrEmpty, "run `yourturn sync`"},
		{"another program's database", ReadWrite, func(t *testing.T) string {
			url := inPostgres(t)
			change(url, `CREATE TABLE moz_places (id INTEGER)`)
			return url
		}, ErrNoStore, "moz_places"},
		{"a newer schema", ReadWrite, func(t *testing.T) string {
			url := inPostgres(t)
			openAt(t, url, ReadWrite)
			change(url, `INSERT INTO schema_version (version) VALUES (99)`)
			return url
		}, ErrNewer, "version 99"},
		{"no such database", ReadOnly, func(*testing.T) string { return server.URL("nobody") }, ErrRefused, "create the database"},
		{"another encoding", ReadWrite, func(*testing.T) string {
			server.Exec(t, "postgres", `DROP DATABASE IF EXISTS latin`)
			server.Exec(t, "postgres", `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`)
			return server.URL("latin")
		}, ErrEncoding, "in LATIN1"},
		{"no server", ReadOnly, func(t *testing.T) string {
			return "postgres://postgres@" + stack.Free(t) + "/none?sslmode=disable"
		}, ErrUnreachable, "cannot be reached"},
		{"a standby", ReadWrite, func(t *testing.T) string {
			url := inPostgres(t)
			return url + "&default_transaction_read_only=on"
		}, ErrStandby, "takes no writes"},
		{"a user without rights", ReadWrite, func(t *testing.T) string {
			url := inPostgres(t)
			server.Exec(t, "postgres", `DROP ROLE IF EXISTS guest`)
			server.Exec(t, "postgres", `CREATE ROLE guest LOGIN`)
			return strings.Replace(url, "postgres://postgres@", "postgres://guest@", 1)
		}, ErrRefused, "permission denied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := Open(t.Context(), tc.url(t), tc.mode)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) || !strings.HasPrefix(err.Error(), "store postgres://") {
				t.Errorf("%v: want %v that says %q", err, tc.want, tc.text)
			}
		})
	}
}

// TestPostgresNamesNoPassword holds that errors have no password, wherever it came from.
func TestPostgresNamesNoPassword(t *testing.T) {
	t.Setenv("PGPASSWORD", "hunter2hunter2")
	for _, url := range []string{
		"postgres://u@" + stack.Free(t) + "/d", "postgres://u:hunter2hunter2@" + stack.Free(t) + "/d", "postgres://u@h/d?password=hunter2hunter2&sslmode=nonsense",
		"postgres://u:hunter2hunter2@h:port/d",
	} {
		_, err := Open(t.Context(), url, ReadOnly)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

// TestStartsAtOnce opens an empty database many times at once: one makes the store.
func TestStartsAtOnce(t *testing.T) {
	url := inPostgres(t)
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		wg.Go(func() {
			s, err := Open(t.Context(), url, ReadWrite)
			if errs[i] = err; err == nil {
				errs[i] = s.Close()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	save(t, openAt(t, url, ReadWrite), jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
}

// TestALeaseFences holds that one process has the lease; that a holder that lost it writes
// nothing, though it does not know yet; and that the next holder does.
func TestALeaseFences(t *testing.T) {
	url := inPostgres(t)
	first, second := openAt(t, url, ReadWrite), openAt(t, url, ReadWrite)
	held, _, err := first.Lease(t.Context(), "the first")
	if err != nil || held == nil {
		t.Fatal(held, err)
	}
	save(t, first, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
	other, holder, err := second.Lease(t.Context(), "the second")
	if other != nil || holder != "the first" || err != nil {
		t.Fatalf("taken twice: %v, held by %q, %v", other, holder, err)
	}
	if who, is, err := second.LeaseHolder(t.Context()); who != "the first" || !is || err != nil {
		t.Errorf("the holder is %q, %t, %v", who, is, err)
	}
	// Its term is over, as for a process that is frozen.
	if _, err := second.db.ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
		t.Fatal(err)
	}
	other, _, err = second.Lease(t.Context(), "the second")
	if other == nil || err != nil {
		t.Fatal("the lease is not taken over", err)
	}
	if _, err := first.SaveStories(t.Context(), jiradata.Batch{Stories: []jiradata.Story{story(11, "PAY-2")}}); !errors.Is(err, ErrFenced) {
		t.Errorf("the former holder wrote: %v", err)
	}
	save(t, second, jiradata.Batch{Stories: []jiradata.Story{story(12, "PAY-3")}})
	if err := held.Release(); err != nil { // it takes nothing from the next one
		t.Error(err)
	}
	if who, is, err := first.LeaseHolder(t.Context()); who != "the second" || !is || err != nil {
		t.Errorf("the holder is %q, %t, %v", who, is, err)
	}
	var ids []int64
	for _, h := range histories(t, second, nil) {
		ids = append(ids, h.ID)
	}
	if len(ids) != 2 || ids[0] != 10 || ids[1] != 12 {
		t.Errorf("the store holds %v", ids)
	}
	if err := other.Release(); err != nil {
		t.Error(err)
	}
	if _, is, err := second.LeaseHolder(t.Context()); is || err != nil {
		t.Errorf("the lease was given back, and is held: %t, %v", is, err)
	}
}

// TestATransactionKeepsItsLease holds that a write that takes longer than the term is not
// taken over when it ends, though somebody waited for that.
func TestATransactionKeepsItsLease(t *testing.T) {
	url := inPostgres(t)
	first, second := openAt(t, url, ReadWrite), openAt(t, url, ReadWrite)
	held, _, err := first.Lease(t.Context(), "the first")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release() //nolint:errcheck // the test is over
	// The term is over before the write, and in it once more.
	if _, err := first.db.ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
		t.Fatal(err)
	}
	type result struct {
		lease  *Lease
		holder string
		err    error
	}
	tried := make(chan result, 1)
	err = first.write(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
			return err
		}
		go func() {
			l, holder, err := second.Lease(t.Context(), "the second")
			tried <- result{l, holder, err}
		}()
		stack.Eventually(t, "somebody waits for the lease", func(ctx context.Context) bool {
			var waits bool
			err := second.read.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM pg_locks WHERE NOT granted`).Scan(&waits)
			return err == nil && waits
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := <-tried; r.lease != nil || r.holder != "the first" || r.err != nil {
		t.Errorf("the lease went to another: %+v", r)
	}
	save(t, first, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
}

// TestAFormerPrimaryIsLeft holds that a connection whose server takes no writes any more is
// not used again.
func TestAFormerPrimaryIsLeft(t *testing.T) {
	s := openAt(t, inPostgres(t), ReadWrite)
	if _, err := s.db.ExecContext(t.Context(), `SET default_transaction_read_only = on`); err != nil { // of the one connection that writes
		t.Fatal(err)
	}
	if _, err := s.SaveStories(t.Context(), jiradata.Batch{}); !errors.Is(err, ErrStandby) {
		t.Errorf("writing to a server that takes no writes: %v", err)
	}
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
}

// TestASilentServer holds that a server that takes a connection and says nothing is one that
// cannot be reached.
func TestASilentServer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	if _, err := Open(t.Context(), "postgres://u@"+l.Addr().String()+"/d?sslmode=disable&connect_timeout=1", ReadOnly); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

// TestATransactionThatStandsStill holds that the server ends the transaction of a process
// that is frozen in its middle, so that another one takes the lease over, and that nothing
// of it is written.
func TestATransactionThatStandsStill(t *testing.T) {
	url := inPostgres(t)
	first, second := openAt(t, url, ReadWrite), openAt(t, url, ReadWrite)
	held, _, err := first.Lease(t.Context(), "the first")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()                                //nolint:errcheck // the test is over
	first.kind.(*postgres).idle = 50 * time.Millisecond //nolint:forcetypeassert // it is one
	if _, err := first.db.ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
		t.Fatal(err)
	}
	err = first.write(t.Context(), func(tx *sql.Tx) error {
		if err := putMeta(t.Context(), tx, metaState, jiradata.State{Cursor: "late"}); err != nil {
			return err
		}
		other, _, err := second.Lease(t.Context(), "the second") // it waits for the row
		if other == nil || err != nil {
			t.Errorf("the lease is not taken over: %v", err)
			return err
		}
		return other.Release()
	})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("the transaction that stood still ended with %v", err)
	}
	if state, err := second.State(t.Context()); err != nil || state.Cursor != "" {
		t.Errorf("it wrote %+v, %v", state, err)
	}
}
