package store

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
)

// schemas returns the file of the store of each version of the schema, from 1 to this
// program's, as a program of that version left it.
func schemas(t *testing.T) (files []string) {
	t.Helper()
	known, err := versions(&sqliteFile{})
	if err != nil {
		t.Fatal(err)
	}
	for v := 1; v <= known; v++ {
		file := filepath.Join("testdata", "schemas", fmt.Sprintf("v%d.db.gz", v))
		if _, err := os.Stat(file); err != nil {
			t.Fatalf("%v: keep a store of every version of the schema; the README.md beside it says how", err)
		}
		files = append(files, file)
	}
	return files
}

// unzip returns a copy of such a store.
func unzip(t *testing.T, file string) (path string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "s.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// schemaOf returns the statement of each table and index of a database, with one space
// where it has several.
func schemaOf(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, row := range asked(t, path, `SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL`) {
		all[row[0]] = strings.Join(strings.Fields(row[1]), " ")
	}
	return all
}

// queriesFor returns a query for each table that a database has, of all columns that the
// table has: what no migration may lose or change.
func queriesFor(t *testing.T, path string) (list []string) {
	t.Helper()
	for _, table := range asked(t, path, `SELECT m.name, group_concat('"' || c.name || '"') FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name <> 'schema_version' GROUP BY m.name`) {
		query := "SELECT " + table[1] + ` FROM "` + table[0] + `"`
		if table[0] == "meta" {
			query += " WHERE key <> 'untitled'" // a migration adds it
		}
		list = append(list, query)
	}
	return list
}

// answers returns the answers of a database to queries.
func answers(t *testing.T, path string, queries []string) map[string][][]string {
	t.Helper()
	all := map[string][][]string{}
	for _, query := range queries {
		all[query] = asked(t, path, query)
	}
	return all
}

// asked returns the answer to a query, in the order of its text.
func asked(t *testing.T, path, query string) (all [][]string) {
	t.Helper()
	db := stack.OpenSQL(t, "sqlite:"+path)
	defer db.Close() //nolint:errcheck // it is only read
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

// eventsOfStories asks for the events of all that is a story, and not somebody's parent alone.
const eventsOfStories = `SELECT event.story, at, rank, event.id FROM event JOIN story ON story.id = event.story WHERE parent_only = 0`

// TestEverySchemaIsBroughtUpToDate opens the store of each version of the schema: first
// to read, which changes nothing, then to write, which makes its schema that of a new
// store and loses nothing, then once more, which changes nothing either.
func TestEverySchemaIsBroughtUpToDate(t *testing.T) {
	stack.NeedsFile(t)
	fresh := filepath.Join(t.TempDir(), "s.db")
	open(t, fresh).Close()
	files := schemas(t)
	page, err := os.ReadFile("../../docs/backup.md")
	if want := fmt.Sprintf("versions 1 to %d of the schema", len(files)); err != nil || !strings.Contains(string(page), want) {
		t.Errorf("docs/backup.md does not say that upgrades from the %s are tested (%v)", want, err)
	}
	for i, file := range files {
		version := i + 1
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			path := unzip(t, file)
			if d := cmp.Diff(schemaOf(t, path), schemaOf(t, migrated(t, filepath.Join(t.TempDir(), "s.db"), version))); d != "" {
				t.Errorf("the first %d migrations were changed since they landed (-the schema that they made +that they make):\n%s", version, d)
			}
			before := answers(t, path, queriesFor(t, path))
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}

			reader := openAt(t, "sqlite:"+path, ReadOnly)
			stories, entries := histories(t, reader, nil), ledger(t, reader)
			if n, want := events(stories), len(asked(t, path, eventsOfStories)); n != want || n == 0 {
				t.Errorf("a reader finds %d events, want %d", n, want)
			}
			if n, want := len(entries), len(asked(t, path, `SELECT story FROM ledger WHERE counted = 1`)); n != want || n == 0 {
				t.Errorf("a reader finds %d entries of the ledger, want %d", n, want)
			}
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(file, now) {
				t.Errorf("a reader changed the file (%v)", err)
			}

			var was map[string][][]string
			for _, when := range []string{"first", "second"} {
				s := open(t, path)
				if d := cmp.Diff(stories, histories(t, s, nil)); d != "" {
					t.Errorf("stories at the %s start (-before +after):\n%s", when, d)
				}
				if d := cmp.Diff(entries, ledger(t, s)); d != "" {
					t.Errorf("the ledger at the %s start (-before +after):\n%s", when, d)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				upToDate(t, path, fresh, before)
				if now := answers(t, path, queriesFor(t, path)); when == "first" {
					was = now
				} else if d := cmp.Diff(was, now); d != "" {
					t.Errorf("a second start changed the store (-before +after):\n%s", d)
				}
			}
		})
	}
}

// upToDate fails the test unless the schema is that of a new store, and the rows that
// last are those of before.
func upToDate(t *testing.T, path, fresh string, before map[string][][]string) {
	t.Helper()
	if d := cmp.Diff(schemaOf(t, fresh), schemaOf(t, path)); d != "" {
		t.Errorf("the schema (-of a new store +of this one):\n%s", d)
	}
	if d := cmp.Diff(asked(t, fresh, `SELECT version FROM schema_version`), asked(t, path, `SELECT version FROM schema_version`)); d != "" {
		t.Errorf("the versions (-of a new store +of this one):\n%s", d)
	}
	if d := cmp.Diff(before, answers(t, path, slices.Collect(maps.Keys(before)))); d != "" {
		t.Errorf("the rows (-before +after):\n%s", d)
	}
	if got := asked(t, path, `PRAGMA integrity_check`); got[0][0] != "ok" {
		t.Errorf("the file is damaged: %q", got)
	}
}

// TestAnUpgradeThatIsInterruptedGoesOn ends an upgrade from each version after each of
// the migrations, in the middle of the next one. That leaves the schema of the version in
// between, which readers can read. The next start brings it up to date.
func TestAnUpgradeThatIsInterruptedGoesOn(t *testing.T) {
	stack.NeedsFile(t)
	fresh := filepath.Join(t.TempDir(), "s.db")
	open(t, fresh).Close()
	files := schemas(t)
	for i, file := range files {
		for at := i + 1; at < len(files); at++ {
			t.Run(fmt.Sprintf("from %d after %d", i+1, at), func(t *testing.T) {
				path := unzip(t, file)
				before := answers(t, path, queriesFor(t, path))
				kind := &until{sqliteFile: sqliteFile{path: path}, version: at, fails: true}
				if err := migrate(t.Context(), writing(t, &kind.sqliteFile), kind); err == nil || !strings.Contains(err.Error(), "interruption") {
					t.Fatalf("got error %v", err)
				}
				if d := cmp.Diff(schemaOf(t, unzip(t, files[at-1])), schemaOf(t, path)); d != "" {
					t.Errorf("the schema (-of version %d +after the interruption):\n%s", at, d)
				}
				reader := openAt(t, "sqlite:"+path, ReadOnly)
				if n, want := events(histories(t, reader, nil)), len(asked(t, path, eventsOfStories)); n != want {
					t.Errorf("a reader finds %d events, want %d", n, want)
				}
				open(t, path).Close()
				upToDate(t, path, fresh, before)
			})
		}
	}
}

// events counts the events of histories.
func events(list []latency.History) (n int) {
	for i := range list {
		n += len(list[i].Events)
	}
	return n
}

// until is a file of which a program knows versions of the schema up to one. If it
// fails, it begins the next one too, and is interrupted at its end.
type until struct {
	sqliteFile
	version int
	fails   bool
}

// migrations implements database.
func (u *until) migrations() fs.FS {
	all, some := u.sqliteFile.migrations(), fstest.MapFS{}
	names, err := fs.Glob(all, "*.sql")
	if err != nil {
		panic(err) // it is a valid pattern
	}
	for i, name := range names {
		text, err := fs.ReadFile(all, name)
		if err != nil {
			panic(err) // it is embedded
		}
		switch {
		case i < u.version:
			some[name] = &fstest.MapFile{Data: text}
		case i == u.version && u.fails:
			some[name] = &fstest.MapFile{Data: append(text, "\nINSERT INTO interruption VALUES (1);\n"...)}
		}
	}
	return some
}

// migrated returns a new database with the first versions of the schema.
func migrated(t *testing.T, path string, version int) string {
	t.Helper()
	kind := &until{sqliteFile: sqliteFile{path: path}, version: version}
	if err := migrate(t.Context(), writing(t, &kind.sqliteFile), kind); err != nil {
		t.Fatal(err)
	}
	return path
}

// writing opens a file as a writer does.
func writing(t *testing.T, f *sqliteFile) *sql.DB {
	t.Helper()
	db, err := f.open(ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // what was written was committed
	return db
}
