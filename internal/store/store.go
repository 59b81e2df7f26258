// Package store keeps what was collected and what was counted: the append-only
// event log, what Jira said last, the sync state and the ledger, in one SQLite
// file. Callers see none of that: they declare the few methods they need
// (collector.Store, measure.Store), in plain types. What SQL is SQLite's own is
// listed in sqlite.go.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/yourturn/yourturn/internal/erased"
)

// Store is an open database. It is safe for concurrent use; one process
// writes at a time.
type Store struct {
	db   *sql.DB // writes
	read *sql.DB // small reads, while a write goes on
	scan *sql.DB // streams
	path string
	file os.FileInfo // of the database as it was opened

	erasedMu     sync.Mutex
	erasedKnown  bool // erasedPeople is what the database says
	erasedPeople *erased.People
}

// Mode is what a store is opened for.
type Mode int

// ReadWrite creates and migrates the database where needed; ReadOnly needs one that exists.
const (
	ReadWrite Mode = iota
	ReadOnly
)

// Open opens the store at a URL of the form sqlite:PATH.
func Open(ctx context.Context, storeURL string, mode Mode) (*Store, error) {
	path, err := Path(storeURL)
	if err != nil {
		return nil, err
	}
	if mode == ReadOnly {
		if err := Exists(path); err != nil {
			return nil, err
		}
	} else if err := Writable(path); err != nil {
		return nil, err
	}
	s := &Store{path: path}
	if s.db, err = sql.Open("sqlite", dsn(path, mode)); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	s.db.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn(path, ReadOnly)); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), s.db.Close())
	}
	s.read.SetMaxOpenConns(4)
	if s.scan, err = sql.Open("sqlite", dsn(path, ReadOnly)); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), s.read.Close(), s.db.Close())
	}
	// A reader of two streams holds a connection while it asks for the next. With a
	// limit, such readers could wait for each other forever.
	s.scan.SetMaxIdleConns(2)
	if mode == ReadWrite {
		err = migrate(ctx, s.db)
	} else {
		err = isStore(ctx, s.db)
	}
	if err == nil {
		s.file, err = os.Stat(path)
	}
	if err != nil {
		return nil, errors.Join(s.explain(err), s.Close())
	}
	return s, nil
}

// inPlace returns an ErrReplaced unless the database that is open is still the file
// at the store's path. The system keeps a deleted file for whoever has it open, so
// that nothing else notices.
func (s *Store) inPlace() error {
	now, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("store %s: the file was deleted or moved away while it was open: %w", s.path, ErrReplaced)
	case err != nil:
		return s.name(err)
	case !os.SameFile(s.file, now):
		return fmt.Errorf("store %s: another file was put in its place while it was open: %w", s.path, ErrReplaced)
	}
	return nil
}

// Path returns the file of the store at a URL of the form sqlite:PATH.
func Path(storeURL string) (string, error) {
	path, ok := strings.CutPrefix(storeURL, "sqlite:")
	if !ok || path == "" {
		return "", fmt.Errorf("store %q: only sqlite:PATH is supported", storeURL)
	}
	return path, nil
}

// Exists returns an error unless there is a file at path.
func Exists(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("store %s: %w: run `yourturn sync` or `yourturn serve` first, or set store.url", path, err)
	}
	return nil
}

// Writable returns why no database can be written at path; SQLite's own error
// says less.
func Writable(path string) error {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("store %s: there is no folder %s: create it, or set store.url", path, dir)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("store %s: it is a folder: set store.url to a file in it, such as sqlite:%s", path, filepath.Join(path, "yourturn.db"))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store %s: %w: make the file and its folder writable, or set store.url", path, err)
	}
	return f.Close()
}

// others are the bits of a mode that let in every user but a file's owner and its group.
const others = fs.FileMode(0o007)

// OpenToAll returns the mode of the store at path, and whether it lets every user of
// this machine in. A store holds names, and who waits for whom.
func OpenToAll(path string) (mode fs.FileMode, open bool) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" { // whose modes say nothing about other users
		return 0, false
	}
	return info.Mode().Perm(), info.Mode()&others != 0
}

// Narrow closes the files of the store at path to all users but their owner and their
// group. It reports whether one was open. New files of the database get the mode of the
// first.
func Narrow(path string) (narrowed bool, err error) {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if mode, open := OpenToAll(name); open {
			narrowed, err = true, errors.Join(err, os.Chmod(name, mode&^others))
		}
	}
	return narrowed, err
}

// Close closes the store.
func (s *Store) Close() error { return errors.Join(s.scan.Close(), s.read.Close(), s.db.Close()) }

// write runs f in a write transaction: all of it is written or nothing.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	if err := s.inPlace(); err != nil {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := f(tx); err != nil {
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
