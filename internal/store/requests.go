package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Request is what a process asks of the one that writes to the store.
type Request struct {
	ID   string
	What string
	Body []byte // JSON
}

// Errors of a request that is not answered.
var (
	// ErrNotTaken means that no process took a request, and that it was withdrawn.
	ErrNotTaken = errors.New("nobody has taken the request, and it is withdrawn")
	// ErrUnanswered means that the process that took a request ended, or that the database
	// crashed, before there was an answer.
	ErrUnanswered = errors.New("the request was taken, and who took it ended before it answered: it is not known whether it was done")
)

// answerEvery is how often an answer is looked for.
const answerEvery = 250 * time.Millisecond

// Ask asks the process that writes to the store for something, and returns its answer, or
// why it has none. A request that nobody takes within a while is withdrawn, and so is one
// whose ctx ends before it is taken: the error is an ErrNotTaken, or that of ctx. Nothing of
// the request is left in the store afterwards. It returns an ErrNoLease for a file.
func (s *Store) Ask(ctx context.Context, what string, body []byte, within time.Duration) (answer []byte, failure string, err error) {
	if _, ok := s.kind.(*postgres); !ok {
		return nil, "", ErrNoLease
	}
	id := rand.Text()
	err = s.aside(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO requests (id, what, body) VALUES ($1, $2, $3)`, id, what, string(body))
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("handing over a request: %w", err)
	}
	defer func() { err = errors.Join(err, s.forgetRequest(context.WithoutCancel(ctx), id)) }()
	tick := time.NewTicker(answerEvery)
	defer tick.Stop()
	for begun := time.Now(); ; {
		answered, ended, err := s.answered(ctx, id, within, &answer, &failure)
		switch {
		case answered:
			return answer, failure, nil
		case ended:
			return nil, "", s.name(ErrUnanswered)
		case err != nil && ctx.Err() == nil && !errors.Is(err, ErrUnreachable):
			return nil, "", err
		}
		over := time.Since(begun) > within
		if over || ctx.Err() != nil {
			withdrawn, err := s.withdraw(context.WithoutCancel(ctx), id)
			switch {
			case err != nil && over:
				return nil, "", err
			case withdrawn && ctx.Err() == nil:
				return nil, "", s.name(ErrNotTaken)
			case ctx.Err() != nil:
				return nil, "", ctx.Err()
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// answered reads the answer to a request. ended says that there will be none: who took it
// does not write any more.
func (s *Store) answered(ctx context.Context, id string, within time.Duration, answer *[]byte, failure *string) (answered, ended bool, err error) {
	var text, why sql.NullString
	var alive bool
	err = s.read.QueryRowContext(ctx, `SELECT r.answer, r.failure, r.taken = 0 OR r.taken = l.epoch AND l.until > `+leaseNow+` - $2 FROM requests r, lease l WHERE r.id = $1`, id, within.Milliseconds()).
		Scan(&text, &why, &alive)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, true, nil
	case err != nil:
		return false, false, s.explain(err)
	case text.Valid || why.Valid:
		*answer, *failure = []byte(text.String), why.String
		return true, false, nil
	}
	return false, !alive, nil
}

// withdraw removes a request unless it was taken.
func (s *Store) withdraw(ctx context.Context, id string) (withdrawn bool, err error) {
	err = s.aside(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM requests WHERE id = $1 AND taken = 0`, id)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		withdrawn = n > 0
		return err
	})
	return withdrawn, err
}

// forgetRequest leaves nothing of a request in the store, whose answer may name a person.
func (s *Store) forgetRequest(ctx context.Context, id string) error {
	err := s.aside(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM requests WHERE id = $1`, id)
		return err
	})
	if err == nil {
		err = s.explain(s.kind.forget(ctx, s.db, "requests"))
	}
	return err
}

// TakeRequests returns what other processes ask of this one, which writes to the store. What
// they ask is in the store no longer.
func (s *Store) TakeRequests(ctx context.Context) (list []Request, err error) {
	pg, ok := s.kind.(*postgres)
	if !ok {
		return nil, nil
	}
	waiting, err := query(ctx, s, `SELECT count(*) FROM requests WHERE taken = 0`, scanID)
	if err != nil || waiting[0] == 0 {
		return nil, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `WITH asked AS (SELECT id, what, body FROM requests WHERE taken = 0 ORDER BY id FOR UPDATE)
			UPDATE requests r SET taken = $1, body = '' FROM asked WHERE r.id = asked.id RETURNING r.id, asked.what, asked.body`, pg.epoch.Load())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Request
			if err := rows.Scan(&r.ID, &r.What, &r.Body); err != nil {
				return err
			}
			list = append(list, r)
		}
		return rows.Err()
	})
	return list, err
}

// Answer answers a request that was taken, with JSON or with why there is no answer.
func (s *Store) Answer(ctx context.Context, id string, answer []byte, failure string) error {
	return s.aside(ctx, func(tx *sql.Tx) error {
		var text, why any
		if text = string(answer); failure != "" {
			text, why = nil, failure
		}
		_, err := tx.ExecContext(ctx, `UPDATE requests SET answer = $2, failure = $3 WHERE id = $1`, id, text, why)
		return err
	})
}
