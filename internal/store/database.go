package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/pressly/goose/v3/lock"
)

// database is what a kind of database has of its own. All statements beside these are
// plain SQL with numbered parameters: SELECT, INSERT … ON CONFLICT, UPDATE and DELETE,
// with row values and UNION ALL. Truth values are integers that statements compare with
// 0 and 1.
type database interface {
	// name is what errors call it. It holds no password.
	name() string
	// open opens a pool of connections.
	open(mode Mode) (*sql.DB, error)
	// opened is called once the schema is known to be one of a store.
	opened() error
	// inPlace returns an ErrReplaced where what is open is not the store any more.
	inPlace() error
	// kindOf returns the error of this package that an error of the database stands
	// for; nil if there is none.
	kindOf(err error) error
	// migrations are the files that bring the schema up to date, in order of their names.
	migrations() fs.FS
	// locker lets one process at a time bring the schema up to date; nil: the database
	// does it by itself.
	locker() (lock.Locker, error)
	// hasTable reports whether the store has a table; otherTable returns the name of one
	// that is not schema_version, "" for none.
	hasTable(ctx context.Context, q rowQuerier, table string) (bool, error)
	otherTable(ctx context.Context, q rowQuerier) (string, error)
	// tables are the names of all tables, in order.
	tables(ctx context.Context, db *sql.DB) ([]string, error)
	// facts fills in what the database says of itself.
	facts(ctx context.Context, db *sql.DB, f *Facts) error
	// begin is the first step of a write transaction: from then on no other one is under
	// way. It returns an ErrFenced where the process may not write any more.
	begin(ctx context.Context, tx *sql.Tx) error
	// end is the last step of a write transaction before it is committed.
	end(ctx context.Context, tx *sql.Tx) error
	// note notes, in a write transaction, that stories, or what the ledger holds of them,
	// have changed.
	note(ctx context.Context, tx *sql.Tx, stories []int64) error
	// anew notes, in a write transaction, that every story is to be derived anew.
	anew(ctx context.Context, tx *sql.Tx) error
	// quiet returns the context of reading rows that are looked at one by one: without its
	// end where the driver is slow with it and quick with rows.
	quiet(ctx context.Context) context.Context
	// fit returns an error if a store cannot be kept in the database.
	fit(ctx context.Context, db *sql.DB) error
	// snapshot are the options of a transaction that sees one state of the store for as
	// long as it is open.
	snapshot() *sql.TxOptions
	// cursor streams rows. Several cursors of one transaction may be read side by side.
	// The values of a row are valid until the next one.
	cursor(ctx context.Context, tx *sql.Tx, query string, args ...any) (cursor, error)
	// rowsAtOnce is how many rows one statement should write: a server takes as long to
	// answer one row as many.
	rowsAtOnce() int
	// rewrite writes the store anew, so that nothing is left of what was overwritten;
	// forget does that for what was deleted of a table.
	rewrite(ctx context.Context, db *sql.DB) error
	forget(ctx context.Context, db *sql.DB, table string) error
	// search counts how often what is stored holds some texts, as bytes.
	search(ctx context.Context, db *sql.DB, texts []string) (map[string]int, error)
}

// cursor is a stream of rows, as *sql.Rows is one.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// kindAt returns the database at the URL of a store.
func kindAt(storeURL string, mode Mode) (database, error) {
	if u, err := url.Parse(storeURL); err == nil && u.Scheme == postgresScheme {
		return newPostgres(u)
	}
	path, err := Path(storeURL)
	if err != nil {
		return nil, err
	}
	if mode == ReadOnly {
		err = Exists(path)
	} else {
		err = Writable(path)
	}
	return &sqliteFile{path: path}, err
}

// IsFile reports whether the store at a URL is a file of this machine.
func IsFile(storeURL string) bool { return strings.HasPrefix(storeURL, sqliteScheme) }

// Path returns the file of the store at a URL of the form sqlite:PATH.
func Path(storeURL string) (string, error) {
	path, ok := strings.CutPrefix(storeURL, sqliteScheme)
	if !ok || path == "" {
		scheme, _, _ := strings.Cut(storeURL, ":") // the rest may hold a password
		return "", fmt.Errorf("store.url begins with %q: write sqlite:FILE or postgres://USER@HOST/DATABASE", scheme)
	}
	return path, nil
}
