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
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Inventory is what a store holds at one instant.
type Inventory struct {
	Stories int             // without issues that are parents only
	Events  int             // of all issues
	Ledger  int             // entries
	AsOf    latency.Instant // the data timestamp; 0 before the first complete sync
	Older   bool            // an earlier version wrote the schema; the next start that writes brings it up to date
}

// Progress is called with how far a copy has come: what is being done, and how many bytes
// of how many are copied. of is 0 where only what is done is known. It may be nil.
type Progress func(what string, done, of int64)

func (p Progress) tell(what string, done, of int64) {
	if p != nil {
		p(what, done, of)
	}
}

// files are the endings of the files of a store: the database, its journal with the
// index of that, and the journal of a database that has no other.
func files() []string { return []string{"", "-wal", "-shm", "-journal"} }

// Backup writes a copy of the store to a file, as the store is at one instant, while
// another process may write to the store. The file appears when the copy is complete and
// verified, and is its owner's alone. A file that is there is an fs.ErrExist, unless
// overwrite is set. An error, and the end of ctx, leaves nothing behind.
func (s *Store) Backup(ctx context.Context, to string, overwrite bool, progress Progress) (Inventory, error) {
	if _, ok := s.kind.(*sqliteFile); !ok {
		return Inventory{}, fmt.Errorf("store %s: a database of PostgreSQL is backed up by pg_dump, as docs/postgresql.md shows", s.path)
	}
	for _, suffix := range append(files(), ".lock") {
		if same(s.path+suffix, to) {
			return Inventory{}, fmt.Errorf("backup %s: it is a file of the store itself: name another file", to)
		}
	}
	switch info, err := os.Stat(to); {
	case err == nil && info.IsDir():
		return Inventory{}, fmt.Errorf("backup %s: it is a folder: name a file in it, such as %s", to, filepath.Join(to, "yourturn-backup.db"))
	case err == nil && !overwrite:
		return Inventory{}, fmt.Errorf("backup %s: %w: name another file, or replace it with --overwrite", to, fs.ErrExist)
	}
	part, held, err := s.copied(ctx, to, progress)
	if err != nil {
		return held, err
	}
	// A journal that another file of this name left would be read as the copy's.
	for _, suffix := range files()[1:] {
		if gone := os.Remove(to + suffix); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = gone
		}
	}
	if err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		return held, errors.Join(fmt.Errorf("backup %s: the copy is complete and cannot get its name: %w", to, err), remove(part))
	}
	return held, syncFolder(to)
}

// Restored is what came of putting a backup in the place of a store.
type Restored struct {
	Inventory
	Former string // the file in which the former store is kept; "" if there was none

	// ErasedSince are the instants, in order, at which people were erased from the former
	// store whom the backup still names.
	ErasedSince []latency.Instant
	// Unread says why the former store could not be asked for that; nil if it could.
	Unread error
}

// Restore puts a copy of a backup in the place of the store at path. A store that is
// there is an fs.ErrExist, unless overwrite is set: then it is kept beside the new one,
// with its journal, under a name with the instant now. Until the copy is verified, path
// stays as it is. The caller holds the lock of the store.
func Restore(ctx context.Context, from, path string, overwrite bool, now time.Time, progress Progress) (Restored, error) {
	var out Restored
	switch info, err := os.Stat(from); {
	case errors.Is(err, fs.ErrNotExist):
		return out, fmt.Errorf("backup %s: there is no such file", from)
	case err != nil:
		return out, fmt.Errorf("backup %s: %w", from, err)
	case info.IsDir():
		return out, fmt.Errorf("backup %s: it is a folder: name a file in it", from)
	case same(from, path):
		return out, fmt.Errorf("backup %s: it is the store itself (store.url): name a copy of it", from)
	}
	if _, err := os.Lstat(path); err == nil && !overwrite {
		return out, fmt.Errorf("store %s: %w: --overwrite restores the backup all the same, and keeps this store under another name", path, fs.ErrExist)
	}
	backup, err := Open(ctx, "sqlite:"+from, ReadOnly)
	if err != nil {
		return out, ofBackup(from, err)
	}
	part, held, err := backup.copied(ctx, path, progress)
	if err = errors.Join(err, backup.Close()); err != nil {
		return out, errors.Join(ofBackup(from, err), remove(part))
	}
	out.Inventory = held
	if _, err := os.Lstat(path); err == nil {
		out.ErasedSince, out.Unread = erasedSince(ctx, part, path)
	}
	former, back, err := setAside(path, now)
	if err == nil {
		if err = os.Rename(part, path); err != nil {
			err = errors.Join(err, back())
		}
	}
	if err != nil {
		return out, errors.Join(fmt.Errorf("store %s: the backup cannot get its place: %w", path, err), remove(part))
	}
	out.Former = former
	return out, syncFolder(path)
}

// copied writes a complete and verified copy of the store into the folder of a file,
// under a name of its own, and returns that name and what the copy holds. An error
// leaves no copy.
func (s *Store) copied(ctx context.Context, beside string, progress Progress) (part string, held Inventory, err error) {
	if err := Folder(beside); err != nil {
		return "", held, err
	}
	f, err := os.CreateTemp(filepath.Dir(beside), filepath.Base(beside)+".*.partial") // with mode 0600
	if err != nil {
		return "", held, fmt.Errorf("copying store %s: %w: make the folder %s writable, or name a file in another one", s.path, err, filepath.Dir(beside))
	}
	part = f.Name()
	defer func() {
		if err != nil {
			part, err = "", errors.Join(err, remove(part))
		}
	}()
	if err := f.Close(); err != nil {
		return part, held, fmt.Errorf("copying store %s: %w", s.path, err)
	}
	var size int64
	held, err = s.copyPages(ctx, part, func(what string, done, of int64) {
		size = max(size, of)
		progress.tell(what, done, of)
	})
	if err == nil {
		err = oneFile(ctx, part)
	}
	if err == nil {
		err = syncFile(part)
	}
	if err != nil {
		return part, held, s.notCopied(err, beside, size)
	}
	progress.tell("checking every page of the copy", 0, 0)
	err = verify(ctx, part, held)
	if errors.Is(err, ErrDamaged) { // the copy has the pages of the store
		var found damage
		errors.As(err, &found)
		err = fmt.Errorf("store %s: a check of its copy failed%s: %w", s.path, found.after(": "), ErrDamaged)
	}
	return part, held, err
}

// notCopied says why the store could not be copied.
func (s *Store) notCopied(err error, beside string, size int64) error {
	switch dir := filepath.Dir(beside); {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(s.kind.kindOf(err), ErrNoSpace), errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("copying store %s: the disk of the folder %s is full, and the copy needs %.1f MB: free some space there", s.path, dir, float64(size)/1e6)
	default:
		return fmt.Errorf("copying to the folder %s: %w", dir, s.explain(err))
	}
}

// verify holds that the store in a file can be read, is whole, and holds what it must.
func verify(ctx context.Context, path string, want Inventory) error {
	s, err := Open(ctx, "sqlite:"+path, ReadOnly)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.intact(ctx); err != nil {
		return err
	}
	got, err := inventory(ctx, s.read, s.kind)
	if err != nil {
		return s.explain(err)
	}
	if got != want {
		return fmt.Errorf("store %s: the copy holds %+v, and %+v was copied: look at the disk, and try again", path, got, want)
	}
	return nil
}

// inventory returns what a database holds.
func inventory(ctx context.Context, q rowQuerier, kind database) (Inventory, error) {
	var held Inventory
	if err := q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM story WHERE parent_only = 0), (SELECT COUNT(*) FROM event), (SELECT COUNT(*) FROM ledger)`).
		Scan(&held.Stories, &held.Events, &held.Ledger); err != nil {
		return held, err
	}
	var state jiradata.State
	if _, err := getMeta(ctx, q, metaState, &state); err != nil {
		return held, err
	}
	held.AsOf = state.DataTimestamp
	known, err := versions(kind)
	if err != nil {
		return held, err
	}
	have, err := schemaVersion(ctx, q, kind)
	held.Older = have < known
	return held, err
}

// ofBackup says of a file that is to be restored what is wrong with it.
func ofBackup(from string, err error) error {
	switch {
	case errors.Is(err, ErrNoStore), errors.Is(err, ErrEmpty):
		return fmt.Errorf("backup %s: it is no store of yourturn: name a file that `yourturn backup` wrote", from)
	case errors.Is(err, ErrNewer), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, ErrDamaged):
		return fmt.Errorf("backup %s: it is damaged: restore another one", from)
	}
	return err
}

// erasedSince returns when people were erased from the store at former of whose erasure
// the store at restored knows nothing.
func erasedSince(ctx context.Context, restored, former string) (since []latency.Instant, err error) {
	known, err := tombstones(ctx, restored)
	if err != nil {
		return nil, err
	}
	all, err := tombstones(ctx, former)
	for _, t := range all {
		if !slices.ContainsFunc(known, func(k tombstone) bool { return k.name == t.name }) {
			since = append(since, t.at)
		}
	}
	return since, err
}

// tombstone stands in the place of somebody who was erased.
type tombstone struct {
	name string
	at   latency.Instant
}

// tombstones returns who was erased from the store at path, in order of time. It may be
// a store that a newer version wrote.
func tombstones(ctx context.Context, path string) (list []tombstone, err error) {
	db, err := sql.Open("sqlite", dsn(path, ReadOnly))
	if err != nil {
		return nil, err
	}
	s := &Store{read: db, kind: &sqliteFile{path: path}, path: path}
	defer func() { err = errors.Join(err, db.Close()) }()
	if known, err := s.has(ctx, "erased"); err != nil || !known {
		return nil, err
	}
	return query(ctx, s, `SELECT tombstone, at FROM erased ORDER BY at`, func(r *sql.Rows) (t tombstone, err error) {
		return t, r.Scan(&t.name, &t.at)
	})
}

// setAside renames what is at the place of a store to a name with an instant, its
// journal included, which belongs to it alone. It returns the name, "" if nothing was
// there, and what takes the renaming back.
func setAside(path string, now time.Time) (former string, back func() error, err error) {
	name := path + ".before-restore-" + now.UTC().Format("20060102T150405Z")
	for base, n := name, 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	var moved []string
	back = func() error {
		var errs []error
		for _, suffix := range moved {
			errs = append(errs, os.Rename(name+suffix, path+suffix))
		}
		return errors.Join(errs...)
	}
	for _, suffix := range files() {
		err := os.Rename(path+suffix, name+suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, errors.Join(err, back())
		}
		moved = append(moved, suffix)
		former = name
	}
	return former, back, nil
}

// same reports whether two paths lead to one file, which need not exist.
func same(a, b string) bool {
	first, err := os.Stat(a)
	second, err2 := os.Stat(b)
	if err == nil && err2 == nil {
		return os.SameFile(first, second)
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absA == absB
}

// remove removes the files of a store that is not complete.
func remove(path string) error {
	if path == "" {
		return nil
	}
	var errs []error
	for _, suffix := range files() {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("an incomplete copy is left: %w: delete it", err))
		}
	}
	return errors.Join(errs...)
}

// syncFile has the system write a file to its disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder has the system write to its disk which files are in the folder of a file.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" { // which does so by itself, and refuses to be told
		return nil
	}
	f, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// damage is what a check of a file found.
type damage []string

func (d damage) Error() string { return strings.Join(strings.Fields(strings.Join(d, "; ")), " ") }

// after returns what was found with a text before it; "" if that is nothing.
func (d damage) after(text string) string {
	if len(d) == 0 {
		return ""
	}
	return text + d.Error()
}

// intact returns an ErrDamaged unless every page, row and index of the file is in order.
func (s *Store) intact(ctx context.Context) error {
	found, err := query(ctx, s, integrityCheck, func(r *sql.Rows) (text string, err error) { return text, r.Scan(&text) })
	if err != nil {
		return err
	}
	if len(found) == 1 && found[0] == "ok" {
		return nil
	}
	return fmt.Errorf("store %s: %w: %w", s.path, damage(found), ErrDamaged)
}
