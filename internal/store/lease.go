package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// The lease of a store. The database's clock says when it ends, and it is renewed three
// times in its term, each time a little earlier or later than others would.
const (
	leaseTerm   = 15 * time.Second
	leaseRenew  = leaseTerm / 3
	leaseJitter = time.Second
	leaseRetry  = time.Second // after a renewal that failed
)

// leaseNow is the clock of the database, in milliseconds.
const leaseNow = `(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT`

// ErrNoLease means that a store is a file, which has a lock and no lease.
var ErrNoLease = errors.New("a store in a file has no lease")

// Lease is the right of one process to write to a store that many can reach. Each holder
// has an epoch of its own, which every write transaction asks for: one that was stopped for
// longer than the term, while another took over, can write nothing more.
type Lease struct {
	pg    *postgres
	db    *sql.DB // for nothing else: a pool that is busy must not end a lease
	epoch int64
	stop  context.CancelFunc
	ended sync.WaitGroup
	lost  chan struct{}

	mu    sync.Mutex
	until time.Time // by the monotonic clock of this process, from the start of the last renewal
}

// Lease takes the lease of the store for a holder, which is any text that says who it is.
// Where another process holds it the lease is nil, and other is its holder.
func (s *Store) Lease(ctx context.Context, holder string) (l *Lease, other string, err error) {
	pg, ok := s.kind.(*postgres)
	if !ok {
		return nil, "", ErrNoLease
	}
	db, err := pg.open(ReadWrite)
	if err != nil {
		return nil, "", s.explain(err)
	}
	db.SetMaxOpenConns(1)
	l = &Lease{pg: pg, db: db, lost: make(chan struct{}), until: time.Now().Add(leaseTerm)}
	// It waits for a write that is under way, and not for a server that is silent.
	trying, cancel := context.WithTimeout(ctx, 2*leaseTerm)
	defer cancel()
	err = db.QueryRowContext(trying, `UPDATE lease SET epoch = epoch + 1, until = `+leaseNow+` + $1, holder = $2 WHERE until <= `+leaseNow+` RETURNING epoch`,
		leaseTerm.Milliseconds(), holder).Scan(&l.epoch)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.QueryRowContext(trying, `SELECT holder FROM lease`).Scan(&other)
		return nil, other, errors.Join(s.explain(err), db.Close())
	}
	if err != nil {
		return nil, "", errors.Join(s.explain(err), db.Close())
	}
	pg.epoch.Store(l.epoch)
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.ended.Go(func() { l.renew(renewing) })
	return l, "", nil
}

// LeaseHolder returns who holds the lease of the store; held is false where nobody does.
func (s *Store) LeaseHolder(ctx context.Context) (holder string, held bool, err error) {
	if _, ok := s.kind.(*postgres); !ok {
		return "", false, ErrNoLease
	}
	err = s.read.QueryRowContext(ctx, `SELECT holder, until > `+leaseNow+` FROM lease`).Scan(&holder, &held)
	return holder, held, s.explain(err)
}

// renew keeps the lease until ctx ends or another process has it.
func (l *Lease) renew(ctx context.Context) {
	wait := leaseRenew
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait - rand.N(leaseJitter)):
		}
		begun := time.Now()
		trying, cancel := context.WithTimeout(ctx, leaseRenew-leaseJitter) // two more tries fit into the term
		res, err := l.db.ExecContext(trying, `UPDATE lease SET until = `+leaseNow+` + $1 WHERE epoch = $2`, leaseTerm.Milliseconds(), l.epoch)
		cancel()
		var rows int64
		if err == nil {
			rows, err = res.RowsAffected()
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			wait = leaseRetry + leaseJitter
			continue
		case rows == 0:
			close(l.lost)
			return
		}
		wait = leaseRenew
		l.mu.Lock()
		l.until = begun.Add(leaseTerm)
		l.mu.Unlock()
	}
}

// Lost is closed once another process has the lease.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Held reports whether nobody else can have the lease. Where it was not renewed in time,
// another process may poll the same Jira by now.
func (l *Lease) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until)
}

// Release gives the lease back, so that another process need not wait for its end.
func (l *Lease) Release() error {
	l.stop()
	l.ended.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
	defer cancel()
	_, err := l.db.ExecContext(ctx, `UPDATE lease SET until = `+leaseNow+`, holder = '' WHERE epoch = $1`, l.epoch)
	return errors.Join(err, l.db.Close())
}
