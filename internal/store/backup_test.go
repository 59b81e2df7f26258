package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// inJournal returns a store that is open and whose latest batch is in its journal alone.
func inJournal(t *testing.T, path string) *Store {
	t.Helper()
	s := open(t, path)
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
	if err := s.kind.forget(t.Context(), s.db, "title"); err != nil { // it empties the journal
		t.Fatal(err)
	}
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(11, "PAY-2")}, State: jiradata.State{DataTimestamp: 5000}})
	if _, err := s.Count(t.Context(), []latency.Entry{entry(10, 100)}, latency.Standing{AsOf: 5000, Fingerprint: "a"}, true, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// left makes files at path as a process leaves them that is killed: the store and its
// journal.
func left(t *testing.T, s *Store, path string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(s.path + suffix)
		if err == nil {
			err = os.WriteFile(path+suffix, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// in returns the names of the files in a folder.
func in(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}

// TestBackupHasTheJournal holds that a backup is one file that has what is in the
// journal of the store, and can be read where nothing can be written.
func TestBackupHasTheJournal(t *testing.T) {
	stack.NeedsFile(t)
	s := inJournal(t, filepath.Join(t.TempDir(), "s.db"))
	dir := t.TempDir()
	to := filepath.Join(dir, "a b?#%41.db") // of which a URL would make another name
	var told []string
	held, err := s.Backup(t.Context(), to, false, func(what string, done, of int64) {
		if done == of {
			told = append(told, what)
		}
	})
	if want := (Inventory{Stories: 2, Events: 6, Ledger: 1, AsOf: 5000}); err != nil || held != want {
		t.Fatalf("the backup holds %+v, %v; want %+v", held, err, want)
	}
	if want := []string{"copying", "checking every page of the copy"}; !slices.Equal(told, want) {
		t.Errorf("it was told that these were complete: %q, want %q", told, want)
	}
	if got := in(t, dir); !slices.Equal(got, []string{filepath.Base(to)}) {
		t.Errorf("the folder has %q", got)
	}
	if err := os.Chmod(to, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o700) }) //nolint:errcheck,gosec // for the test's end
	b, err := Open(t.Context(), "sqlite:"+to, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if diff := cmp.Diff(histories(t, s, nil), histories(t, b, nil)); diff != "" {
		t.Errorf("the backup holds other stories (-store +backup):\n%s", diff)
	}
	if diff := cmp.Diff(ledger(t, s), ledger(t, b)); diff != "" {
		t.Errorf("the backup holds another ledger (-store +backup):\n%s", diff)
	}
	if got := in(t, dir); !slices.Equal(got, []string{filepath.Base(to)}) {
		t.Errorf("read, the folder has %q", got)
	}
}

// TestABackupReplacesAFileAndItsJournal backs up to the name of another store that has
// a journal.
func TestABackupReplacesAFileAndItsJournal(t *testing.T) {
	stack.NeedsFile(t)
	dir := t.TempDir()
	to := filepath.Join(dir, "b.db")
	left(t, inJournal(t, filepath.Join(t.TempDir(), "other.db")), to)
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(20, "OPS-1")}})
	if _, err := s.Backup(t.Context(), to, false, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("without a word about the file that is there: %v", err)
	}
	if _, err := s.Backup(t.Context(), to, true, nil); err != nil {
		t.Fatal(err)
	}
	if got := in(t, dir); !slices.Equal(got, []string{"b.db"}) {
		t.Errorf("the folder has %q", got)
	}
	b, err := Open(t.Context(), "sqlite:"+to, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if diff := cmp.Diff(histories(t, s, nil), histories(t, b, nil)); diff != "" {
		t.Errorf("the backup holds other stories (-store +backup):\n%s", diff)
	}
}

// TestABackupIsOfOneInstant writes to the store after each step of its copy.
func TestABackupIsOfOneInstant(t *testing.T) {
	stack.NeedsFile(t)
	s := inJournal(t, filepath.Join(t.TempDir(), "s.db"))
	var many jiradata.Batch
	for id := range int64(2000) {
		many.Stories = append(many.Stories, story(100+id, "PAY-2"))
	}
	many.State.DataTimestamp = 5000
	save(t, s, many)
	before := histories(t, s, nil)
	to := filepath.Join(t.TempDir(), "b.db")
	wrote := int64(0)
	held, err := s.Backup(t.Context(), to, false, func(what string, _, _ int64) {
		if what == "copying" && wrote < 20 { // a copy that begins again at each write is to end, too
			wrote++
			save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(11+wrote, "PAY-3"), story(9000+wrote, "PAY-4")}, State: jiradata.State{DataTimestamp: 6000}})
		}
	})
	if err != nil || wrote < 3 || held.Stories != 2002 || held.AsOf != 5000 {
		t.Errorf("the backup holds %+v, %v (written %d times meanwhile)", held, err, wrote)
	}
	b, err := Open(t.Context(), "sqlite:"+to, ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if diff := cmp.Diff(before, histories(t, b, nil)); diff != "" {
		t.Errorf("the backup holds other stories than there were (-were +backup):\n%s", diff)
	}
	if got := histories(t, s, nil); len(got) != 2002+2*int(wrote) {
		t.Errorf("the store holds %d stories", len(got))
	}
}

// TestABackupThatEndsLeavesNothing ends a backup at each of its steps.
func TestABackupThatEndsLeavesNothing(t *testing.T) {
	stack.NeedsFile(t)
	s := inJournal(t, filepath.Join(t.TempDir(), "s.db"))
	for _, at := range []string{"copying", "checking every page of the copy"} {
		dir := t.TempDir()
		ctx, end := context.WithCancel(t.Context())
		_, err := s.Backup(ctx, filepath.Join(dir, "b.db"), false, func(what string, _, _ int64) {
			if what == at {
				end()
			}
		})
		if left := in(t, dir); !errors.Is(err, context.Canceled) || len(left) > 0 {
			t.Errorf("ended at %q: %v, and %q is left", at, err, left)
		}
	}
}

// TestABackupOfADamagedStore copies a store whose pages are not in order.
func TestABackupOfADamagedStore(t *testing.T) {
	stack.NeedsFile(t)
	path := filepath.Join(t.TempDir(), "s.db")
	s := inJournal(t, path)
	if _, err := s.db.ExecContext(t.Context(), `PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'story_key'`); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := s.Backup(t.Context(), filepath.Join(dir, "b.db"), false, nil)
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "store "+path+": a check of its copy failed: ") || strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("got error %v", err)
	}
	if left := in(t, dir); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}

// TestRestoreKeepsTheFormerStore restores twice within a second, the first time over a
// store whose latest batch is in its journal, as a process leaves it that was killed.
func TestRestoreKeepsTheFormerStore(t *testing.T) {
	stack.NeedsFile(t)
	s := inJournal(t, filepath.Join(t.TempDir(), "s.db"))
	backup := filepath.Join(t.TempDir(), "b.db")
	if _, err := s.Backup(t.Context(), backup, false, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.db")
	save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(12, "PAY-3")}})
	left(t, s, path)
	now := time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)
	if _, err := Restore(t.Context(), backup, path, false, now, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("without a word about the store that is there: %v", err)
	}
	for i, former := range []string{path + ".before-restore-20260302T080000Z", path + ".before-restore-20260302T080000Z-2"} {
		out, err := Restore(t.Context(), backup, path, true, now, nil)
		if want := (Restored{Inventory: Inventory{Stories: 2, Events: 6, Ledger: 1, AsOf: 5000}, Former: former}); err != nil || !cmp.Equal(out, want) {
			t.Fatalf("restored: %+v, %v; want %+v", out, err, want)
		}
		for path, stories := range map[string]int{path: 2, former: 3 - i} {
			r, err := Open(t.Context(), "sqlite:"+path, ReadOnly)
			if err != nil {
				t.Fatal(err)
			}
			if got := histories(t, r, nil); len(got) != stories {
				t.Errorf("%s holds %d stories, want %d", path, len(got), stories)
			}
			r.Close()
		}
	}
}

// TestRestoreOfAnEarlierVersion restores a store whose schema an earlier version made.
func TestRestoreOfAnEarlierVersion(t *testing.T) {
	stack.NeedsFile(t)
	from, path := filepath.Join(t.TempDir(), "b.db"), filepath.Join(t.TempDir(), "s.db")
	s := inJournal(t, from)
	if _, err := s.db.ExecContext(t.Context(), `DELETE FROM schema_version WHERE version = (SELECT MAX(version) FROM schema_version);
		DROP TABLE kept; DROP TABLE kept_name; DROP TABLE kept_counted; DROP TABLE kept_part; DROP TABLE touched`); err != nil {
		t.Fatal(err)
	}
	out, err := Restore(t.Context(), from, path, false, time.Time{}, nil)
	if err != nil || !out.Older || out.Stories != 2 || out.Former != "" {
		t.Errorf("restored: %+v, %v", out, err)
	}
	if got := histories(t, open(t, path), nil); len(got) != 2 {
		t.Errorf("brought up to date, it holds %d stories", len(got))
	}
}

// TestRestoreThatFailsChangesNothing restores from a file that turns out to be damaged
// once all of it was copied.
func TestRestoreThatFailsChangesNothing(t *testing.T) {
	stack.NeedsFile(t)
	from, dir := filepath.Join(t.TempDir(), "b.db"), t.TempDir()
	path := filepath.Join(dir, "s.db")
	damaged := inJournal(t, from)
	if _, err := damaged.db.ExecContext(t.Context(), `PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'story_key'`); err != nil {
		t.Fatal(err)
	}
	open(t, path).Close()
	before := in(t, dir)
	if _, err := Restore(t.Context(), from, path, true, time.Time{}, nil); err == nil || !strings.Contains(err.Error(), "backup "+from+": it is damaged") {
		t.Errorf("got error %v", err)
	}
	after := slices.DeleteFunc(in(t, dir), func(name string) bool { return name == "s.db-wal" || name == "s.db-shm" })
	if !slices.Equal(before, after) {
		t.Errorf("the folder had %q, and has %q", before, after)
	}
}
