package app

import (
	"context"
	"errors"
	"time"

	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// Restore puts a backup in the place of the store at a URL, as store.Restore does. Where
// another process writes to the store, the error is a storelock.HeldError.
func Restore(ctx context.Context, url, from string, overwrite bool, now time.Time, progress store.Progress) (out store.Restored, err error) {
	if !store.IsFile(url) {
		return out, errors.New("a backup is restored to a file: put it back with `yourturn restore --to sqlite:FILE`, and copy that with `yourturn store copy`")
	}
	path, err := store.Path(url)
	if err != nil {
		return out, err
	}
	if err := store.Folder(path); err != nil { // before a lock file is made
		return out, err
	}
	lock, err := storelock.Acquire(path, "restore")
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	return store.Restore(ctx, from, path, overwrite, now, progress)
}
