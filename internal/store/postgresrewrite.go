package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// The times of the lock that a table needs to be written anew. Whoever wants to read the
// table while it is waited for waits too, and reads in the pause.
const (
	lockWait  = 10 * time.Second
	lockPause = time.Second
	lockTries = 4
)

// heldTable is a table that names people, with the index of its primary key; "" for the
// requests, which are written anew otherwise.
type heldTable struct{ name, index string }

// rewrite implements database. What the server's write-ahead log and its backups hold
// stays there until they are removed.
func (p *postgres) rewrite(ctx context.Context, db *sql.DB) error {
	tables, err := p.held(ctx, db)
	if err != nil {
		return err
	}
	for i, t := range tables {
		if err := p.rewriteTable(ctx, t); errors.Is(err, ErrInUse) {
			var left []string
			for _, t := range tables[i:] {
				left = append(left, t.name)
			}
			return fmt.Errorf("%d of %d tables are not written anew (%s): %w", len(left), len(tables), strings.Join(left, ", "), err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// forget implements database.
func (p *postgres) forget(ctx context.Context, db *sql.DB, table string) error {
	tables, err := p.held(ctx, db)
	for _, t := range tables {
		if t.name == table && err == nil {
			err = p.rewriteTable(ctx, t)
		}
	}
	return err
}

// held returns the tables that may name people. The lease and the lock of the schema name
// nobody, and everybody waits for them.
func (p *postgres) held(ctx context.Context, db *sql.DB) ([]heldTable, error) {
	rows, err := db.QueryContext(ctx, `SELECT t.relname, CASE WHEN t.relname = '`+requestTable+`' THEN '' ELSE i.relname END FROM pg_catalog.pg_index x
		JOIN pg_catalog.pg_class t ON t.oid = x.indrelid JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
		WHERE x.indisprimary AND t.relkind = 'r' AND n.nspname = current_schema() AND t.relname NOT IN ('lease', '`+lockTable+`') ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []heldTable
	for rows.Next() {
		var t heldTable
		if err := rows.Scan(&t.name, &t.index); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// rewriteTable writes a table anew. It tries a few times; where somebody uses the table all
// the while, the error is an ErrInUse.
func (p *postgres) rewriteTable(ctx context.Context, t heldTable) error {
	var dead int // row versions that a transaction may still see, so that they were written again
	config := p.config.Copy()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if count, err := strconv.Atoi(firstNumber.FindString(n.Detail)); err == nil {
			dead = count
		}
	}
	db := sql.OpenDB(connector{stdlib.GetConnector(*config)})
	defer db.Close() //nolint:errcheck // what was written was committed
	for try := 1; ; try++ {
		dead = 0
		err := p.cluster(ctx, db, t)
		by := ""
		switch locked := (*pgconn.PgError)(nil); {
		case errors.As(err, &locked) && locked.Code == lockNotAvailable:
			by = `pid IN (SELECT pid FROM pg_catalog.pg_locks WHERE granted AND relation = '` + pgx.Identifier{t.name}.Sanitize() + `'::regclass)`
		case err != nil || dead == 0:
			return err
		default:
			by = `backend_xmin IS NOT NULL`
		}
		if try == p.lockTries {
			return fmt.Errorf("%s uses the table %s: %w", users(ctx, db, by), t.name, ErrInUse)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// firstNumber is the number of dead row versions in what CLUSTER VERBOSE says, in any
// language.
var firstNumber = regexp.MustCompile(`\d+`)

// lockNotAvailable is the SQLSTATE of a lock that was not had in time.
const lockNotAvailable = "55P03"

// cluster writes a table anew in the order of its primary key. VACUUM FULL would do, but
// runs in no transaction, and a limit of the time to wait lasts for one alone.
func (p *postgres) cluster(ctx context.Context, db *sql.DB, t heldTable) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`SET LOCAL lock_timeout = %d`, p.lockWait.Milliseconds())); err != nil {
		return err
	}
	if t.index == "" {
		err = requestsAnew(ctx, tx)
	} else {
		_, err = tx.ExecContext(ctx, `CLUSTER VERBOSE `+pgx.Identifier{t.name}.Sanitize()+` USING `+pgx.Identifier{t.index}.Sanitize())
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// users returns which processes of the server, as a condition selects them, use the
// database, as far as the role of the store may know.
func users(ctx context.Context, db *sql.DB, condition string) string {
	var text sql.NullString
	err := db.QueryRowContext(ctx, `SELECT string_agg(format('process %s (%s, as %s)', pid, COALESCE(NULLIF(application_name, ''), 'unnamed'), usename), ', ' ORDER BY backend_start)
		FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND `+condition).Scan(&text)
	if err != nil || text.String == "" {
		return "a process"
	}
	return text.String
}
