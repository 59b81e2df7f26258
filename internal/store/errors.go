package store

import (
	"context"
	"errors"
	"fmt"
)

// The errors of a store that a caller may want to tell apart. Each says what to
// do; errors.Is finds them, whatever the database's own words are.
var (
	// ErrEmpty is returned by readers that need a completed sync.
	ErrEmpty = errors.New("the store has no completed sync yet: run `yourturn sync` or `yourturn serve` first")
	// ErrReadOnly means that the store cannot be written.
	ErrReadOnly = errors.New("make the file and its folder writable")
	// ErrCannotOpen means that the database cannot open a file of the store.
	ErrCannotOpen = errors.New("even to read it, its folder must be writable")
	// ErrNoSpace means that a write found no room; nothing of its transaction was
	// written.
	ErrNoSpace = errors.New("nothing of this batch was written; free some space and start again")
	// ErrDisk means that the file could not be read or written; nothing of a
	// transaction under way was written.
	ErrDisk = errors.New("look at the disk, and that store.url names a file")
	// ErrReplaced means that the file that is open is not the store's any more: it was
	// deleted, moved away or replaced. What is written to it would be lost.
	ErrReplaced = errors.New("restart yourturn to use the file that is there now, or none; what was not written is read again from Jira")
	// ErrNoStore means that the file is no store.
	ErrNoStore = errors.New("set store.url to a file that yourturn made, or to one that does not exist")
	// ErrBusy means that another program, which is no yourturn, keeps the file locked.
	ErrBusy = errors.New("another program has locked the file, such as sqlite3 or a backup: end it, and try again")
	// ErrNewer means that a newer yourturn wrote the store, or a row of it.
	ErrNewer = errors.New("use the newer yourturn that wrote it")
	// ErrUnreachable means that the server of the database cannot be asked. Of a transaction
	// under way all was written or nothing: the answer to its end may have been lost.
	ErrUnreachable = errors.New("the database cannot be reached: look whether it runs, and at store.url; what was not written is read again from Jira")
	// ErrStandby means that the server of the database takes no writes.
	ErrStandby = errors.New("the database takes no writes: it is a standby, or was made read-only; name the primary in store.url, or all servers with target_session_attrs=read-write")
	// ErrEncoding means that a database is not in UTF-8.
	ErrEncoding = errors.New("a store needs UTF-8: make the database with createdb --encoding UTF8 --template template0")
	// ErrRefused means that the server of the database does not let this program in.
	ErrRefused = errors.New("create the database and its user, and give the password by PGPASSWORD or by the file that PGPASSFILE names")
	// ErrConflict means that the server of the database gave up a transaction for another
	// one, for taking long, or for standing still. Nothing of it was written.
	ErrConflict = errors.New("the database gave the transaction up; it is tried again with the next poll")
	// ErrFenced means that another process holds the lease of the store: this one was
	// stopped, or could not reach the database, for longer than its lease lasts.
	ErrFenced = errors.New("another process writes to the store by now: nothing was written; restart this one to have it follow")
	// ErrFollows means that this process shows what another one writes, and writes nothing.
	ErrFollows = errors.New("this process does not write to the store: another one does")
	// ErrInUse means that a table of the database cannot be written anew, because somebody
	// uses it.
	ErrInUse = errors.New("wait until it has ended, or end it with pg_terminate_backend")
	// ErrDamaged means that a row, or the file, cannot be read.
	ErrDamaged = errors.New("damaged: restore the store from a backup (a file with `yourturn restore`, a database with pg_restore), or sync again into a new one")
)

// explain names the store in an error of the database, and what to do about it.
func (s *Store) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return s.name(err)
	}
	kind := s.kind.kindOf(err)
	switch {
	case kind == nil:
		return s.name(err)
	case errors.Is(kind, ErrNoStore): // the database's words say less
		return fmt.Errorf("store %s: the file is no database: %w", s.path, kind)
	case errors.Is(kind, ErrBusy): // nor do these help anybody
		return fmt.Errorf("store %s: %w", s.path, kind)
	}
	return fmt.Errorf("store %s: %w: %w", s.path, err, kind)
}

// name names the store in an error.
func (s *Store) name(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store %s: %w", s.path, err)
}
