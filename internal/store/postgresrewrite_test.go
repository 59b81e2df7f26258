package store

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestEraseBesideATransaction erases while another transaction holds a lock of a table, or
// holds none and still sees what the rows were. The person is erased; what the files hold
// still is said, with who is in the way; and erasing again cleans them.
func TestEraseBesideATransaction(t *testing.T) {
	const ada, display = "5b10ac8d82e05b22cc7d4ef5", "Ada Lovelace"
	for _, tc := range []struct {
		name  string
		level sql.IsolationLevel
		has   string
		says  string
	}{
		{"a lock", sql.LevelReadCommitted, `LOCK TABLE event IN ACCESS SHARE MODE`, "(event, kept, kept_counted, "},
		{"a snapshot", sql.LevelRepeatableRead, `SELECT 1`, "(account, changed, erased, erased_name, event, "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := inPostgres(t)
			st, other := openAt(t, url, ReadWrite), openAt(t, url+"&application_name=pg_dump", ReadOnly)
			pg := st.kind.(*postgres) //nolint:forcetypeassert // it is one
			pg.lockWait, pg.lockTries = 20*time.Millisecond, 2
			save(t, st, jiradata.Batch{Stories: []jiradata.Story{{
				History: latency.History{ID: 1, Key: "PAY-1", Events: []latency.Event{{At: 1, Actor: ada}}}, Users: []jiradata.User{{ID: ada, DisplayName: display}},
			}}})
			reader, err := other.scan.BeginTx(t.Context(), &sql.TxOptions{Isolation: tc.level})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := reader.ExecContext(t.Context(), tc.has); err != nil {
				t.Fatal(err)
			}
			done, err := st.Erase(t.Context(), Erasure{Account: ada})
			if !errors.Is(err, ErrInUse) {
				t.Fatalf("beside it: %v", err)
			}
			for _, want := range []string{tc.says, "(pg_dump, as postgres) uses the table ", "erase again to clean it", "store postgres://"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("it says %q, want %q", err, want)
				}
			}
			if users, err := other.Users(t.Context()); err != nil || len(users) != 1 || users[0].ID != done.Tombstone {
				t.Errorf("others read %v, %v", users, err)
			}
			if !strings.Contains(bytesOf(t, st), ada) {
				t.Error("the files hold the person no more: mend the test")
			}
			if err := reader.Rollback(); err != nil {
				t.Fatal(err)
			}
			again, err := st.Erase(t.Context(), Erasure{Account: ada})
			if err != nil || !again.Again || again.Tombstone != done.Tombstone {
				t.Errorf("after it: %+v, %v", again, err)
			}
			if data := bytesOf(t, st); strings.Contains(data, ada) || strings.Contains(data, display) {
				t.Error("the files hold the person still")
			}
		})
	}
}

// TestEveryTableIsWrittenAnew holds that each table of a store can be, but those that name
// nobody: the lease, and the versions of the schema.
func TestEveryTableIsWrittenAnew(t *testing.T) {
	st := openAt(t, inPostgres(t), ReadWrite)
	want, err := st.kind.tables(t.Context(), st.db)
	if err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(name string) bool { return slices.Contains([]string{"lease", lockTable, "schema_version"}, name) })
	held, err := st.kind.(*postgres).held(t.Context(), st.db) //nolint:forcetypeassert // it is one
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range held {
		got = append(got, h.name)
	}
	if !slices.Equal(got, want) || len(got) < 10 {
		t.Errorf("of %v these are written anew: %v", want, got)
	}
}

// TestTitlesAreForgottenLater holds that titles that must not be kept any more, and whose
// table somebody uses, are taken out of the files by the next start.
func TestTitlesAreForgottenLater(t *testing.T) {
	st := openAt(t, inPostgres(t), ReadWrite)
	pg := st.kind.(*postgres) //nolint:forcetypeassert // it is one
	pg.lockWait, pg.lockTries = 20*time.Millisecond, 1
	save(t, st, jiradata.Batch{Stories: []jiradata.Story{titled(1, "Rhubarb")}, State: jiradata.State{Account: "bot"}})
	reader, err := st.scan.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var title string
	if err := reader.QueryRowContext(t.Context(), `SELECT title FROM title`).Scan(&title); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if err := st.KeepTitles(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		st.hasTitles(t, "not kept", map[int64]string{})
		if got := strings.Contains(bytesOf(t, st), "Rhubarb"); got != want {
			t.Errorf("the files hold the title: %t, want %t", got, want)
		}
		reader.Rollback() //nolint:errcheck // the second time it has ended
	}
}
