package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// leaseWait is how often a lease that is waited for is tried again.
const leaseWait = time.Second

// writerLock makes a process the one that writes to a store.
type writerLock interface {
	// Serve notes where the process serves, and the secret by which another process on
	// this machine may ask it to poll.
	Serve(address, secret string) error
	// Lost is closed once another process writes; nil: that cannot be.
	Lost() <-chan struct{}
	// Held reports whether nobody else can write.
	Held() bool
	Release() error
}

// fileLock is the lock of a store in a file: the operating system takes it from nobody.
type fileLock struct{ *storelock.Lock }

func (fileLock) Lost() <-chan struct{} { return nil }
func (fileLock) Held() bool            { return true }

// leaseLock is the lease of a store of a server.
type leaseLock struct {
	*store.Lease
	holder storelock.Holder
}

// Serve implements writerLock.
func (l *leaseLock) Serve(address, secret string) error {
	l.holder.Address, l.holder.Secret = address, secret
	text, err := json.Marshal(l.holder)
	if err != nil {
		return err
	}
	return l.Note(context.Background(), string(text))
}

// lease takes the lease of a store, and waits for its holder to leave if w is patient: a
// process that serves stands by for as long as it takes.
func (w Writer) lease(ctx context.Context, st *store.Store, log *zap.Logger) (writerLock, error) {
	holder := storelock.This(w.Command)
	text, err := json.Marshal(holder)
	if err != nil {
		return nil, err
	}
	for waiting := false; ; {
		lease, other, err := st.Lease(ctx, string(text))
		if err != nil {
			return nil, err
		}
		if lease != nil {
			return &leaseLock{lease, holder}, nil
		}
		held := &storelock.HeldError{Store: st.Name(), Holder: storelock.HolderOf(other)}
		if w.Patience <= 0 {
			return nil, held
		}
		if !waiting {
			log.Info("another process writes to the store: this one stands by, and takes over when that ends", zap.Stringer("holder", held.Holder))
			if w.Waiting != nil {
				w.Waiting(held.Holder)
			}
			waiting = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(leaseWait):
		}
	}
}

// open opens a config's store, and makes this process its writer. Where another process
// is, the error is a storelock.HeldError.
func (w Writer) open(ctx context.Context, cfg *config.Config, log *zap.Logger) (*store.Store, writerLock, error) {
	if store.IsFile(cfg.Store.URL) {
		lock, err := w.lock(ctx, cfg, log)
		if err != nil {
			return nil, nil, err
		}
		st, err := store.Open(ctx, cfg.Store.URL, store.ReadWrite)
		if err != nil {
			return nil, nil, errors.Join(err, lock.Release())
		}
		return st, fileLock{lock}, nil
	}
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadWrite)
	if err != nil {
		return nil, nil, err
	}
	lock, err := w.lease(ctx, st, log)
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return st, lock, nil
}

// writing is a Jira that is asked by the process alone that writes to the store: another
// one may ask it otherwise at the same time.
type writing struct {
	collector.Source
	lock writerLock
}

// Myself implements collector.Source: it is what a cycle asks first.
func (s writing) Myself(ctx context.Context) (jiradata.Identity, error) {
	if !s.lock.Held() {
		return jiradata.Identity{}, fmt.Errorf("the lease of the store was not renewed in time, so that Jira is not asked: %w", store.ErrUnreachable)
	}
	return s.Source.Myself(ctx)
}

// onThisMachine returns an error unless the holder of a store runs on this machine, where
// it can be asked.
func onThisMachine(h storelock.Holder) error {
	host, err := os.Hostname()
	if err != nil || h.Host == host || h.Host == "" {
		return err
	}
	return fmt.Errorf("%s: run this command there", h)
}

// WriterOf returns the process that writes to the store of a config; ok is false where none
// does, or where there is no store yet.
func WriterOf(ctx context.Context, cfg *config.Config) (h storelock.Holder, ok bool, err error) {
	if store.IsFile(cfg.Store.URL) {
		path, err := store.Path(cfg.Store.URL)
		if err != nil {
			return h, false, err
		}
		return storelock.Held(path)
	}
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if errors.Is(err, store.ErrEmpty) {
		return h, false, nil
	}
	if err != nil {
		return h, false, err
	}
	text, held, err := st.LeaseHolder(ctx)
	return storelock.HolderOf(text), held, errors.Join(err, st.Close())
}
