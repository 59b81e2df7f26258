// Package store keeps what was collected and what was counted: the append-only
// event log, what Jira said last, the sync state and the ledger, in a SQLite file
// or in a database of PostgreSQL. Callers see none of that: they declare the few
// methods they need (collector.Store, measure.Store), in plain types. What SQL is
// of one kind of database alone is in sqlite.go and postgres.go.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/yourturn/yourturn/internal/erased"
)

// Store is an open database. It is safe for concurrent use; one process
// writes at a time.
type Store struct {
	db   *sql.DB // writes
	read *sql.DB // small reads, while a write goes on
	scan *sql.DB // streams
	kind database
	path string // what it is called in errors

	erasedMu     sync.Mutex
	erasedKnown  bool // erasedPeople is what the database says
	erasedPeople *erased.People
}

// Mode is what a store is opened for.
type Mode int

// ReadWrite creates and migrates the database where needed; ReadOnly needs one that exists.
// Join is ReadWrite that leaves a store of an earlier version as it is until Migrate: an
// older process may still write to it.
const (
	ReadWrite Mode = iota
	ReadOnly
	Join
)

// The limits of connections. A process writes through one at a time.
const (
	readConns = 4
	scanConns = 2 // that are kept; see Open
)

// Open opens the store at a URL of the form sqlite:PATH or postgres://….
func Open(ctx context.Context, storeURL string, mode Mode) (*Store, error) {
	kind, err := kindAt(storeURL, mode)
	if err != nil {
		return nil, err
	}
	s := &Store{kind: kind, path: kind.name()}
	for _, pool := range []struct {
		db   **sql.DB
		mode Mode
	}{{&s.db, mode}, {&s.read, ReadOnly}, {&s.scan, ReadOnly}} {
		if *pool.db, err = kind.open(pool.mode); err != nil {
			return nil, errors.Join(fmt.Errorf("store %s: %w", s.path, err), s.Close())
		}
	}
	s.read.SetMaxOpenConns(readConns)
	// A reader of two streams holds a connection while it asks for the next. With a
	// limit, such readers could wait for each other forever.
	s.scan.SetMaxIdleConns(scanConns)
	if err = kind.fit(ctx, s.db); err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	if mode != ReadWrite {
		err = isStore(ctx, s.db, kind)
	}
	if mode == ReadWrite || mode == Join && errors.Is(err, ErrEmpty) {
		err = migrate(ctx, s.db, kind)
	}
	s.db.SetMaxOpenConns(1) // a migration takes another one for its lock
	if err == nil {
		err = kind.opened()
	}
	if err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	return s, nil
}

// Name is what the store is called in errors: its file, or its URL without a password.
func (s *Store) Name() string { return s.path }

// Close closes the store.
func (s *Store) Close() (err error) {
	for _, db := range []*sql.DB{s.scan, s.read, s.db} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

// write runs f in a write transaction: all of it is written or nothing.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	return s.transact(ctx, s.kind.begin, f, s.kind.end)
}

// aside is write for what no number depends on, by whatever process.
func (s *Store) aside(ctx context.Context, f func(*sql.Tx) error) error {
	nothing := func(context.Context, *sql.Tx) error { return nil }
	return s.transact(ctx, nothing, f, nothing)
}

func (s *Store) transact(ctx context.Context, begin func(context.Context, *sql.Tx) error, f func(*sql.Tx) error, end func(context.Context, *sql.Tx) error) error {
	if err := s.kind.inPlace(); err != nil {
		return s.name(err)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := begin(ctx, tx); err != nil {
		return s.explain(ofEnd(ctx, err))
	}
	if err := f(tx); err != nil {
		return s.explain(ofEnd(ctx, err))
	}
	if err := end(ctx, tx); err != nil {
		return s.explain(ofEnd(ctx, err))
	}
	if err := tx.Commit(); err != nil {
		return s.explain(ofEnd(ctx, err))
	}
	return nil
}

// ofEnd returns an error as the end of a context, if that has ended: its end ends the
// transaction and closes its statements, and database/sql has an error of its own for each.
func ofEnd(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return err
}
