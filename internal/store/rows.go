package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// rows are rows of one table that wait to be written together. Where rows replace others,
// no two of them may be the same.
type rows struct {
	head, tail string // of the statement, around its rows
	columns    int
	most       int // so many are written by one statement
	args       []any
	full       *sql.Stmt // for most of them
	affected   int64     // rows that were written so far
}

// add adds a row, and writes all that wait once they are enough.
func (r *rows) add(ctx context.Context, tx *sql.Tx, args ...any) error {
	r.args = append(r.args, args...)
	if len(r.args) < r.most*r.columns {
		return nil
	}
	if r.full == nil {
		stmt, err := tx.PrepareContext(ctx, r.text(r.most))
		if err != nil {
			return err
		}
		r.full = stmt
	}
	return r.wrote(r.full.ExecContext(ctx, r.args...))
}

// flush writes the rows that wait.
func (r *rows) flush(ctx context.Context, tx *sql.Tx) error {
	if len(r.args) == 0 {
		return nil
	}
	return r.wrote(tx.ExecContext(ctx, r.text(len(r.args)/r.columns), r.args...))
}

func (r *rows) wrote(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	r.affected += n
	clear(r.args)
	r.args = r.args[:0]
	return err
}

// text returns the statement that writes n rows.
func (r *rows) text(n int) string {
	var b strings.Builder
	b.WriteString(r.head)
	for i := range n * r.columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%r.columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	b.WriteString(r.tail)
	return b.String()
}
