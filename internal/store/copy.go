package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// copied are the tables of a store, each with its columns, those of its key first.
var copied = []struct { //nolint:gochecknoglobals // a constant in all but name
	table   string
	key     int // how many columns
	columns []string
}{
	{"meta", 1, []string{"key", "value"}},
	{"story", 1, []string{"id", "key", "updated", "gone", "parent_only", "now"}},
	{"event", 4, []string{"story", "at", "rank", "id", "body"}},
	{"parent", 2, []string{"id", "child"}},
	{"account", 1, []string{"id", "type", "name", "display_name", "active"}},
	{"lead", 2, []string{"project", "at", "account"}},
	{"ledger", 4, []string{"story", "kind", "topic", "at", "counted", "body"}},
	{"quarantine", 2, []string{"id", "key", "reason", "at"}},
	{"outside", 1, []string{"story"}},
	{"note", 2, []string{"story", "reason", "key", "at", "detail"}},
	{"sprint", 2, []string{"project", "id", "name", "starts_at", "ends_at", "board"}},
	{"erased", 1, []string{"tombstone", "at"}},
	{"erased_name", 1, []string{"hash", "kind", "words", "tombstone"}},
	{"owner", 2, []string{"key", "account"}},
	{"look", 4, []string{"owner", "at", "viewer", "what"}},
	{"title", 1, []string{"story", "title"}},
	{"kept", 1, []string{"story", "body"}},
	{"kept_name", 1, []string{"n", "name"}},
	{"kept_counted", 1, []string{"n", "body"}},
	{"kept_part", 1, []string{"key", "body"}},
	{"touched", 1, []string{"story"}},
}

// copyRows is how many rows one statement writes.
const copyRows = 500

// ErrNotEmpty means that a store holds something already.
var ErrNotEmpty = errors.New("a store is copied into an empty one alone: name another, or remove what is there")

// TableRows is how many rows of a table were copied and compared.
type TableRows struct {
	Table string
	Rows  int
}

// Copy copies all that a store holds into an empty one, in one transaction, and then reads
// both again and compares them row by row. Nobody may write to either. progress is called
// with what is done, and may be nil.
func Copy(ctx context.Context, from, to *Store, progress func(doing, table string, rows int)) ([]TableRows, error) {
	if progress == nil {
		progress = func(string, string, int) {}
	}
	for _, c := range copied[:3] {
		var holds bool
		if err := to.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM `+c.table+`)`).Scan(&holds); err != nil {
			return nil, to.explain(err)
		}
		if holds {
			return nil, to.name(ErrNotEmpty)
		}
	}
	err := to.write(ctx, func(tx *sql.Tx) error {
		for _, c := range copied {
			if err := copyTable(ctx, from, tx, c.table, c.columns, func(n int) { progress("copying", c.table, n) }); err != nil {
				return fmt.Errorf("copying the table %s: %w", c.table, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []TableRows
	for _, c := range copied {
		n, err := compareTables(ctx, from, to, c.table, c.columns, c.key, func(n int) { progress("comparing", c.table, n) })
		if err != nil {
			return out, fmt.Errorf("comparing the table %s: %w", c.table, err)
		}
		out = append(out, TableRows{c.table, n})
	}
	return out, nil
}

// copyTable writes the rows of a table of one store into another.
func copyTable(ctx context.Context, from *Store, tx *sql.Tx, table string, columns []string, progress func(rows int)) error {
	rows, err := from.scan.QueryContext(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM `+table)
	if err != nil {
		return from.explain(err)
	}
	defer rows.Close()
	var args []any
	n := 0
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, insertOf(table, columns, len(args)/len(columns)), args...)
		args = args[:0]
		progress(n)
		return err
	}
	for rows.Next() {
		row, err := values(rows, len(columns))
		if err != nil {
			return from.explain(err)
		}
		args = append(args, row...)
		if n++; n%copyRows == 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return from.explain(err)
	}
	return flush()
}

// insertOf returns a statement that writes n rows.
func insertOf(table string, columns []string, n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		for j := range columns {
			b.WriteByte("(,"[min(j, 1)])
			b.WriteString("$" + strconv.Itoa(i*len(columns)+j+1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// values reads a row.
func values(rows *sql.Rows, columns int) ([]any, error) {
	row, into := make([]any, columns), make([]any, columns)
	for i := range row {
		into[i] = &row[i]
	}
	return row, rows.Scan(into...)
}

// compareTables compares a table of two stores, row by row in order of its key, and
// returns how many rows it has.
func compareTables(ctx context.Context, from, to *Store, table string, columns []string, key int, progress func(rows int)) (n int, err error) {
	query := `SELECT ` + strings.Join(columns, ", ") + ` FROM ` + table + ` ORDER BY ` + strings.Join(columns[:key], ", ")
	source, err := from.scan.QueryContext(ctx, query)
	if err != nil {
		return 0, from.explain(err)
	}
	defer source.Close()
	target, err := to.scan.QueryContext(ctx, query)
	if err != nil {
		return 0, to.explain(err)
	}
	defer target.Close()
	for ; ; n++ {
		more := source.Next()
		if more != target.Next() {
			return n, errors.Join(from.explain(source.Err()), to.explain(target.Err()), fmt.Errorf("one store has more rows than the other, which has %d", n))
		}
		if !more {
			return n, errors.Join(from.explain(source.Err()), to.explain(target.Err()))
		}
		a, err := values(source, len(columns))
		if err != nil {
			return n, from.explain(err)
		}
		b, err := values(target, len(columns))
		if err != nil {
			return n, to.explain(err)
		}
		if !slices.EqualFunc(a, b, sameValue) {
			return n, fmt.Errorf("a row is another one: %s %v", strings.Join(columns[:key], ", "), a[:key])
		}
		if n%copyRows == 0 {
			progress(n)
		}
	}
}

// sameValue reports whether two stores hold the same: in one a text may have a NUL, which
// the other cannot hold.
func sameValue(a, b any) bool {
	text := func(v any) string {
		switch v := v.(type) {
		case []byte:
			return "b" + string(v)
		case string:
			return "s" + storable(v)
		}
		return fmt.Sprint(v)
	}
	return text(a) == text(b)
}
