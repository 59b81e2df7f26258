package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// leaseWait is how often a lease that is waited for is tried again.
const leaseWait = time.Second

// outdatedWait is for how long nobody may have held the lease before a config takes it that
// was in force before the present one. A process with the present one takes it within
// seconds, and starts anew within minutes.
const outdatedWait = 5 * time.Minute

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

// leaseLock is the lease of a store of a server, which the process may not have yet.
type leaseLock struct {
	store       *store.Store
	holder      string // what others read of this process while it has the lease
	fingerprint string // of the config
	lease       atomic.Pointer[store.Lease]
}

// Serve implements writerLock. Neither address nor secret is noted: whoever reads the
// database, or a backup of it, would have them, and the address is of one machine alone.
func (*leaseLock) Serve(string, string) error { return nil }

func (l *leaseLock) Lost() <-chan struct{} {
	if lease := l.lease.Load(); lease != nil {
		return lease.Lost()
	}
	return nil
}

func (l *leaseLock) Held() bool {
	lease := l.lease.Load()
	return lease != nil && lease.Held()
}

func (l *leaseLock) Release() error {
	if lease := l.lease.Load(); lease != nil {
		return lease.Release()
	}
	return nil
}

// try takes the lease, unless another process has it, and returns where the store was
// before. A config that was in force before the present one takes no lease: it would count
// by what somebody has changed. Where nobody with a newer one came for a while, it was meant
// to be in force again.
func (l *leaseLock) try(ctx context.Context) (at store.Standing, outdated bool, err error) {
	at, err = l.store.Standing(ctx)
	if err != nil {
		return at, false, err
	}
	if outdated, err = l.store.Outdated(ctx, l.fingerprint); err != nil || at.Holder != "" || outdated && at.Free < outdatedWait {
		return at, outdated, err
	}
	lease, _, err := l.store.Lease(ctx, l.holder)
	if lease != nil {
		l.lease.Store(lease)
	}
	return at, outdated, err
}

// decides returns a fingerprint of all in a config that decides what a process writes to the
// store: how histories are read, which projects are, and what is kept of people.
func decides(cfg *config.Config) string {
	text, err := json.Marshal([]any{rules.Fingerprint(cfg), rules.Naming(cfg), cfg.Jira.Projects, cfg.Privacy})
	if err != nil {
		panic(err) // plain values cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// lease takes the lease of a store. Where another process has it, one that follows returns
// without it; another one waits for it to leave, if it is patient, for as long as it takes.
func (w Writer) lease(ctx context.Context, st *store.Store, cfg *config.Config, log *zap.Logger) (*leaseLock, error) {
	this := storelock.This(w.Command)
	this.Requests = w.Follows // who follows goes on to serve
	text, err := json.Marshal(this)
	if err != nil {
		return nil, err
	}
	l := &leaseLock{store: st, holder: string(text), fingerprint: decides(cfg)}
	if w.Follows {
		if err := st.Follow(); err != nil {
			return nil, err
		}
		_, _, err := l.try(ctx)
		return l, err
	}
	for waiting, failing := false, false; ; {
		lease, other, err := st.Lease(ctx, l.holder)
		switch {
		case lease != nil:
			l.lease.Store(lease)
			return l, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && (!waiting || errors.Is(err, store.ErrRefused)):
			return nil, err
		case err != nil: // the database goes away just when it is needed: it comes back
			if !failing {
				log.Warn("the database cannot be asked who writes to it; this process goes on standing by", zap.Error(err))
			}
			failing = true
		case w.Patience <= 0:
			return nil, &storelock.HeldError{Store: st.Name(), Holder: storelock.HolderOf(other)}
		case !waiting:
			holder := storelock.HolderOf(other)
			log.Info("another process writes to the store: this one stands by, and takes over when that ends", zap.Stringer("holder", holder))
			if w.Waiting != nil {
				w.Waiting(holder)
			}
			waiting = true
		default:
			failing = false
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
	// Who follows brings the schema up to date though an older process writes: a migration
	// only adds, so that replicas of two versions can be replaced one after the other.
	// Others leave it as it is until they may write.
	mode := store.Join
	if w.Follows {
		mode = store.ReadWrite
	}
	st, err := store.Open(ctx, cfg.Store.URL, mode)
	if err != nil {
		return nil, nil, err
	}
	lock, err := w.lease(ctx, st, cfg, log)
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	if !lock.Held() {
		return st, lock, nil
	}
	if err := st.Migrate(ctx); err != nil {
		return nil, nil, errors.Join(err, st.Close(), lock.Release())
	}
	return st, lock, nil
}

// mayAsk returns an error where Jira may not be asked: another process may ask it by now.
func mayAsk(lock writerLock) error {
	if lock.Held() {
		return nil
	}
	return fmt.Errorf("the lease of the store was not renewed in time, so that Jira is not asked: %w", store.ErrUnreachable)
}

// writing is a Jira that is asked by the process alone that writes to the store.
type writing struct {
	collector.Source
	lock writerLock
}

// Myself implements collector.Source: it is what a cycle asks first, and a cycle that may
// ask nothing ends at once. Later requests are asked one by one (jira.Options.Allowed).
func (s writing) Myself(ctx context.Context) (jiradata.Identity, error) {
	if err := mayAsk(s.lock); err != nil {
		return jiradata.Identity{}, err
	}
	return s.Source.Myself(ctx)
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
