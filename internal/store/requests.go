package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// requestTerm is how long a request is kept after whoever asks has last looked at it. It is
// longer than a lock of the table is waited for, which lets nobody look.
const requestTerm = 30 * time.Second

// Request asks the process that writes to a store in PostgreSQL to do something.
type Request struct {
	ID    string // that nobody else uses
	What  string // is to be done
	Given string // how, in JSON; it may name a person
	Asker string // any text that says who asks
}

// Asked is how far a request is.
type Asked struct {
	Gone            bool   // the store does not hold it any more
	Known, Taken    bool   // to, or by, the process that has the lease or had it last
	Lost            bool   // it was taken by a process that another one has followed since
	Answered        bool   // it is done, or has failed
	Answer, Failure string // in JSON what was done, and in words why not all was
	Holder          string // of the lease; "" if nobody holds it
}

// Ask places a request. It returns an ErrNoLease for a file.
func (s *Store) Ask(ctx context.Context, r Request) error {
	if _, ok := s.kind.(*postgres); !ok {
		return ErrNoLease
	}
	return s.aside(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO request (id, what, given, asker, placed, until) VALUES ($1, $2, $3, $4, `+leaseNow+`, `+leaseNow+` + $5)`,
			r.ID, r.What, r.Given, r.Asker, requestTerm.Milliseconds())
		return err
	})
}

// Asked returns how far a request is, and keeps it: one at which nobody looks is forgotten
// within half a minute.
func (s *Store) Asked(ctx context.Context, id string) (a Asked, err error) {
	var epoch, leads int64
	err = s.aside(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE request SET until = `+leaseNow+` + $2 FROM lease WHERE id = $1
			RETURNING request.epoch, taken = 1, answered = 1, answer, failure, lease.epoch, CASE WHEN lease.until > `+leaseNow+` THEN holder ELSE '' END`,
			id, requestTerm.Milliseconds()).Scan(&epoch, &a.Taken, &a.Answered, &a.Answer, &a.Failure, &leads, &a.Holder)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return Asked{Gone: true}, nil
	}
	a.Known, a.Lost = epoch == leads, a.Taken && epoch != leads
	return a, err
}

// Withdraw takes a request back unless it was taken, and reports whether it did.
func (s *Store) Withdraw(ctx context.Context, id string) (withdrawn bool, err error) {
	n, err := s.dropRequests(ctx, `id = $1 AND taken = 0`, id)
	return n > 0, err
}

// ForgetRequest takes a request back however far it is. Whoever has taken it goes on.
func (s *Store) ForgetRequest(ctx context.Context, id string) error {
	_, err := s.dropRequests(ctx, `id = $1`, id)
	return err
}

// dropRequests deletes requests, and returns how many.
func (s *Store) dropRequests(ctx context.Context, which string, args ...any) (n int64, err error) {
	err = s.aside(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM request WHERE `+which, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}

// CleanRequests has no file of the database hold any more what requests said that are over.
// Where somebody uses their table all the while the error is an ErrInUse.
func (s *Store) CleanRequests(ctx context.Context) error {
	return s.explain(s.kind.forget(ctx, s.db, requestTable))
}

const requestTable = "request"

// Requested returns how many requests wait for this process, which holds the lease; 0 if it
// does not. It has those who ask know that it will take them, and forgets the requests of
// those who are gone.
func (s *Store) Requested(ctx context.Context) (waiting int, err error) {
	pg, ok := s.kind.(*postgres)
	if !ok || pg.epoch.Load() <= 0 {
		return 0, nil
	}
	var any bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM request)`).Scan(&any); err != nil || !any {
		return 0, s.explain(err)
	}
	gone, err := s.dropRequests(ctx, `until <= `+leaseNow)
	if err != nil {
		return 0, err
	}
	err = s.aside(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE request SET epoch = $1 WHERE taken = 0 AND epoch <> $1`, pg.epoch.Load()); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM request WHERE taken = 0`).Scan(&waiting)
	})
	if err == nil && gone > 0 {
		err = s.CleanRequests(ctx)
	}
	return waiting, err
}

// TakeRequest returns the request that has waited longest, for this process to do, which
// must hold the lease. The store does not hold any more what it says: who is erased is found
// nowhere. ok is false where none waits.
func (s *Store) TakeRequest(ctx context.Context) (r Request, ok bool, err error) {
	pg, is := s.kind.(*postgres)
	if !is || pg.epoch.Load() == 0 {
		return r, false, nil
	}
	nothing := func(context.Context, *sql.Tx) error { return nil }
	// Nothing that others follow is written, so the revision stays.
	lead := func(ctx context.Context, tx *sql.Tx) error { return pg.lead(ctx, tx, 0) }
	err = s.transact(ctx, lead, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT id, what, given, asker FROM request WHERE taken = 0 AND until > `+leaseNow+` ORDER BY placed, id LIMIT 1 FOR UPDATE`).
			Scan(&r.ID, &r.What, &r.Given, &r.Asker)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		ok = true
		_, err = tx.ExecContext(ctx, `UPDATE request SET taken = 1, epoch = $2, given = '' WHERE id = $1`, r.ID, pg.epoch.Load())
		return err
	}, nothing)
	return r, ok && err == nil, err
}

// Answer answers a request that this process has taken: with what was done, in JSON, and why
// not all was. Where nobody waits for it any more, nothing is kept.
func (s *Store) Answer(ctx context.Context, id, answer, failure string) error {
	return s.aside(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE request SET answered = 1, answer = $2, failure = $3 WHERE id = $1 AND taken = 1`, id, answer, failure)
		return err
	})
}

// requestsAnew writes the table of requests anew. TRUNCATE leaves nothing of what a
// transaction that is open may still see, as CLUSTER does; nobody reads requests in one.
func requestsAnew(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `LOCK TABLE request IN ACCESS EXCLUSIVE MODE`); err != nil {
		return err
	}
	columns := []string{"id", "what", "given", "asker", "placed", "until", "epoch", "taken", "answered", "answer", "failure"}
	list, err := rowsOf(ctx, tx, `SELECT `+strings.Join(columns, ", ")+` FROM request`, func(rows *sql.Rows) ([]any, error) { return values(rows, len(columns)) })
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `TRUNCATE request`); err != nil {
		return err
	}
	for _, row := range list {
		if _, err := tx.ExecContext(ctx, insertOf(requestTable, columns, 1), row...); err != nil {
			return err
		}
	}
	return nil
}
