package store

import (
	"embed"
	"errors"
	"net/url"

	"modernc.org/sqlite" // the driver, without cgo
	sqlite3 "modernc.org/sqlite/lib"
)

// Everything that is SQLite's own is in this file and in migrations/sqlite. What
// a second database needs in its place:
//
//   - the data source name and its PRAGMAs (dsn), one connection that writes
//     and others that read while it does (Open);
//   - result codes (kindOf);
//   - the schema: WITHOUT ROWID tables, INTEGER PRIMARY KEY, BLOB for bodies,
//     and truth values (gone, parent_only, active, counted) that are integers
//     and that statements compare with 0 and 1;
//   - the version of the library, and the names of tables (Facts);
//   - a write transaction that takes the write lock when it begins
//     (_txlock=immediate): SaveStories reads what it then updates;
//   - a read transaction that sees one state of the store for as long as it is
//     open, over two cursors on one connection (merge): PostgreSQL needs
//     REPEATABLE READ, and a connection for each of the two cursors;
//   - rows whose columns are read without a copy (sql.RawBytes), and integers
//     that the driver gives as int64.
//
// All other statements are plain SQL with numbered parameters: SELECT, INSERT …
// ON CONFLICT, UPDATE and DELETE, with row values and UNION ALL. Two of them
// need a type for a parameter in PostgreSQL: the INSERT … SELECT of a lead, and
// the LIMIT 1 OFFSET of Shards.

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
	if mode == ReadWrite {
		q["_pragma"] = append(q["_pragma"], "journal_mode(WAL)", "synchronous(NORMAL)", "secure_delete(1)", "journal_size_limit("+journalSize+")")
	} else {
		q.Set("mode", "ro")
		q.Set("_txlock", "deferred")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// What Facts asks: the version of the library, how many bytes are free, and how the
// journal is kept; and the names of all tables.
const (
	sizes = `SELECT sqlite_version(), (SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size),
		(SELECT journal_mode FROM pragma_journal_mode)`
	tableNames = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
)

// kindOf returns the error of this package that a result code of the database
// stands for; nil if there is none.
func kindOf(err error) error {
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
