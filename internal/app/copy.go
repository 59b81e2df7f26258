package app

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/store"
)

// CopyStore copies the store at a URL into an empty one, as the writer of both, and
// compares them (store.Copy). Where another process writes to one of them the error is a
// storelock.HeldError.
func CopyStore(ctx context.Context, log *zap.Logger, from, to string, progress func(doing, table string, rows int)) (done []store.TableRows, err error) {
	for _, url := range []string{from, to} {
		if err := (config.Store{URL: url}).Err(); err != nil {
			return nil, err
		}
	}
	if store.IsFile(from) { // none is made
		path, err := store.Path(from)
		if err != nil {
			return nil, err
		}
		if err := store.Exists(path); err != nil {
			return nil, err
		}
	}
	source, free, err := openWriter(ctx, log, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, free()) }()
	target, freeTarget, err := openWriter(ctx, log, to)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, freeTarget()) }()
	return store.Copy(ctx, source, target, progress)
}

// openWriter opens the store at a URL as its writer; free gives it back.
func openWriter(ctx context.Context, log *zap.Logger, url string) (st *store.Store, free func() error, err error) {
	st, lock, err := Writer{Command: "store copy"}.open(ctx, &config.Config{Store: config.Store{URL: url}}, log)
	if err != nil {
		return nil, nil, err
	}
	return st, func() error { return errors.Join(st.Close(), lock.Release()) }, nil
}
