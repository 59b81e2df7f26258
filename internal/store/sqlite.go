package store

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"

	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite" // the driver, without cgo
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteScheme begins the URL of a store in a SQLite file.
const sqliteScheme = "sqlite:"

// sqliteFile is a store in a SQLite file. Of SQLite alone are, beside what is here and in
// migrations/sqlite: WITHOUT ROWID tables, INTEGER PRIMARY KEY, BLOB for bodies; a write
// transaction takes the write lock when it begins (_txlock=immediate), for SaveStories
// reads what it then updates.
type sqliteFile struct {
	path string
	file os.FileInfo // as it was opened
}

func (f *sqliteFile) name() string { return f.path }

func (f *sqliteFile) open(mode Mode) (*sql.DB, error) { return sql.Open("sqlite", dsn(f.path, mode)) }

func (f *sqliteFile) opened() (err error) {
	f.file, err = os.Stat(f.path)
	return err
}

// inPlace implements database. The system keeps a deleted file for whoever has it open,
// so that nothing else notices.
func (f *sqliteFile) inPlace() error {
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the file was deleted or moved away while it was open: %w", ErrReplaced)
	case err != nil:
		return err
	case !os.SameFile(f.file, now):
		return fmt.Errorf("another file was put in its place while it was open: %w", ErrReplaced)
	}
	return nil
}

func (f *sqliteFile) hasTable(ctx context.Context, q rowQuerier, table string) (has bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = $1`, table).Scan(&has)
	return has, err
}

func (f *sqliteFile) otherTable(ctx context.Context, q rowQuerier) (name string, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE((SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version' LIMIT 1), '')`).Scan(&name)
	return name, err
}

func (f *sqliteFile) tables(ctx context.Context, db *sql.DB) ([]string, error) {
	return namesIn(ctx, db, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
}

// facts implements database: the version of the library, the sizes of the files, how many
// bytes of them are free, and how the journal is kept.
func (f *sqliteFile) facts(ctx context.Context, db *sql.DB, to *Facts) error {
	for name, file := range map[string]string{"database": f.path, "wal": f.path + "-wal", "shm": f.path + "-shm"} {
		switch info, err := os.Stat(file); {
		case err == nil:
			to.Bytes[name] = info.Size()
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return db.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version(), (SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size),
		(SELECT journal_mode FROM pragma_journal_mode)`).Scan(&to.Database, &to.Free, &to.Journal)
}

// begin implements database: the transaction has the write lock already.
func (f *sqliteFile) begin(context.Context, *sql.Tx) error { return nil }

func (f *sqliteFile) end(context.Context, *sql.Tx) error { return nil }

// note and anew implement database: nobody follows a file.
func (f *sqliteFile) note(context.Context, *sql.Tx, []int64) error { return nil }
func (f *sqliteFile) anew(context.Context, *sql.Tx) error          { return nil }

// quiet implements database. The driver sets up an interrupt for every single row if the
// context can end, so the context is looked at once a story instead.
func (f *sqliteFile) quiet(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (f *sqliteFile) fit(context.Context, *sql.DB) error { return nil }

func (f *sqliteFile) snapshot() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (f *sqliteFile) cursor(ctx context.Context, tx *sql.Tx, query string, args ...any) (cursor, error) {
	return tx.QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // the caller does
}

func (f *sqliteFile) locker() (lock.Locker, error) { return nil, nil }

func (f *sqliteFile) migrations() fs.FS {
	dir, err := fs.Sub(sqliteMigrations, "migrations/sqlite")
	if err != nil {
		panic(err) // it is a valid path
	}
	return dir
}

//go:embed migrations/sqlite/*.sql
var sqliteMigrations embed.FS

// cacheSize is how much of the file a connection may keep in memory, in KiB with
// a minus sign, as SQLite wants it: enough for the way down to any row of a store
// of millions. A stream reads each page once and needs less. The file is not
// mapped into memory, because its mapped pages would count as the process's own;
// the system keeps what it has memory for.
const cacheSize = "-4096"

// journalSize is what remains of the journal, in bytes. It grows beyond that
// while a stream is read and much is written, because what the stream may still
// see stays where it is.
const journalSize = "67108864"

// dsn returns the driver's data source name. PRAGMAs stand in it so that they
// hold on every connection of a pool.
func dsn(path string, mode Mode) string {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "foreign_keys(1)", "mmap_size(0)", "cache_size(" + cacheSize + ")"}, "_txlock": {"immediate"}}
	if mode != ReadOnly {
		q["_pragma"] = append(q["_pragma"], "journal_mode(WAL)", "synchronous(NORMAL)", "secure_delete(1)", "journal_size_limit("+journalSize+")")
	} else {
		q.Set("mode", "ro")
		q.Set("_txlock", "deferred")
	}
	return uri(path, q)
}

// uri returns the name by which the driver opens a file.
func uri(path string, q url.Values) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (f *sqliteFile) kindOf(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff { // the rest says more exactly what it was
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_READONLY:
		return ErrReadOnly
	case sqlite3.SQLITE_CANTOPEN:
		return ErrCannotOpen
	case sqlite3.SQLITE_FULL:
		return ErrNoSpace
	case sqlite3.SQLITE_IOERR:
		return ErrDisk
	case sqlite3.SQLITE_NOTADB:
		return ErrNoStore
	case sqlite3.SQLITE_CORRUPT:
		return ErrDamaged
	}
	return nil
}

// rewrite implements database: it writes the file anew and empties the journal, so that
// neither a free page nor the journal holds what was overwritten.
func (f *sqliteFile) rewrite(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, `VACUUM`); err != nil {
		return err
	}
	return f.emptyJournal(ctx, db)
}

func (f *sqliteFile) rowsAtOnce() int { return 1 }

// forget implements database: what is deleted is overwritten in the file (secure_delete).
func (f *sqliteFile) forget(ctx context.Context, db *sql.DB, _ string) error {
	return f.emptyJournal(ctx, db)
}

// emptyJournal moves what the journal holds into the file, and empties it. While
// another process reads it, that is an ErrBusy.
func (f *sqliteFile) emptyJournal(ctx context.Context, db *sql.DB) error {
	var busy, pages, done int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &done); err != nil {
		return err
	}
	if busy != 0 {
		return fmt.Errorf("another process reads it: %w", ErrBusy)
	}
	return nil
}

// search implements database: it reads the files of the store.
func (f *sqliteFile) search(_ context.Context, _ *sql.DB, texts []string) (map[string]int, error) {
	found := counts(texts)
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		file, err := os.Open(f.path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("searching the store: %w", err)
		}
		err = count(file, found)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("searching %s: %w", f.path+suffix, err)
		}
	}
	return found, nil
}

// integrityCheck looks at every page, row and index, and lists some of what it finds;
// one row, "ok", if that is nothing.
const integrityCheck = `PRAGMA integrity_check(3)`

// copyStep is how many pages are copied between two looks at the context: 256 KiB.
const copyStep = 64

// copyPages copies the database to an empty file, with what its journal holds, and
// returns what was copied. All of it is read in one transaction, so that the copy is of
// one instant: what is written meanwhile goes to the journal, which no reader stops.
//
// The backup interface copies pages, where VACUUM INTO would write every row anew: it
// takes as long, says how far it is, and ends between two pages. The file needs no
// journal and no fsync of its own: it is nothing until the caller has verified it.
func (s *Store) copyPages(ctx context.Context, to string, progress Progress) (held Inventory, err error) {
	conn, err := s.scan.Conn(ctx)
	if err != nil {
		return held, err
	}
	defer conn.Close() //nolint:errcheck // it goes back to its pool
	// Its end would end the transaction in the middle of a step.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return held, err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	var pages, pageSize int64
	if err := tx.QueryRowContext(ctx, `SELECT page_count, page_size FROM pragma_page_count, pragma_page_size`).Scan(&pages, &pageSize); err != nil {
		return held, ofEnd(ctx, err)
	}
	progress.tell("copying", 0, pages*pageSize)
	if held, err = inventory(ctx, tx, s.kind); err != nil {
		return held, ofEnd(ctx, err)
	}
	return held, conn.Raw(func(c any) error {
		source, ok := c.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		})
		if !ok {
			return fmt.Errorf("the driver's connection is a %T and cannot copy", c)
		}
		b, err := source.NewBackup(uri(to, url.Values{"_pragma": {"journal_mode(OFF)", "synchronous(OFF)"}}))
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			if err = ctx.Err(); err == nil {
				more, err = b.Step(copyStep)
				progress.tell("copying", int64(b.PageCount()-b.Remaining())*pageSize, int64(b.PageCount())*pageSize)
			}
		}
		return cmp.Or(err, b.Finish()) // which returns what Step did
	})
}

// oneFile makes a copy one file that needs no journal beside it: it can be read where
// nothing can be written. A start that writes to it gives it a journal again.
func oneFile(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", uri(path, nil))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode = DELETE`).Scan(&mode); err != nil {
		return ofEnd(ctx, err)
	}
	if mode != "delete" {
		return fmt.Errorf("the copy %s keeps the journal mode %s: end who else has it open", path, mode)
	}
	return nil
}
