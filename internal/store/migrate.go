package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// migrate brings the schema up to this binary's, in one transaction: a start
// that is interrupted changes nothing, and two starts at once take turns. A
// database that a newer binary has written is refused, here and by readers
// (isStore).
func migrate(ctx context.Context, db *sql.DB) error {
	names, err := migrations()
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)`); err != nil {
		return err
	}
	have, err := schemaVersion(ctx, tx)
	if err != nil {
		return err
	}
	if have == 0 {
		if err := isEmpty(ctx, tx); err != nil {
			return err
		}
	}
	if err := notNewer(have, len(names)); err != nil {
		return err
	}
	for i, name := range names {
		version, err := strconv.Atoi(strings.SplitN(strings.TrimPrefix(name, "migrations/sqlite/"), "_", 2)[0])
		if err != nil || version != i+1 {
			return fmt.Errorf("migration %s is out of order", name)
		}
		if version <= have {
			continue
		}
		text, err := sqliteMigrations.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, version); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// migrations returns the names of the migrations, in order.
func migrations() ([]string, error) { return fs.Glob(sqliteMigrations, "migrations/sqlite/*.sql") }

// schemaVersion returns the version of the schema that the database has; 0 if none.
func schemaVersion(ctx context.Context, q rowQuerier) (have int, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&have)
	return have, err
}

// notNewer returns an ErrNewer if a newer binary wrote the schema.
func notNewer(have, known int) error {
	if have <= known {
		return nil
	}
	return fmt.Errorf("its schema has version %d and this yourturn knows versions up to %d: %w", have, known, ErrNewer)
}

// rowQuerier asks for one row.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// isStore returns ErrEmpty unless a store was made in the database, ErrNoStore
// where another program made something else there, and ErrNewer where a newer
// binary made it.
func isStore(ctx context.Context, db *sql.DB) error {
	var made bool
	if err := db.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM sqlite_schema WHERE name = 'schema_version'`).Scan(&made); err != nil {
		return err
	}
	if made {
		names, err := migrations()
		if err != nil {
			return err
		}
		have, err := schemaVersion(ctx, db)
		return cmp.Or(err, notNewer(have, len(names)))
	}
	return cmp.Or(isEmpty(ctx, db), ErrEmpty)
}

// has reports whether the database has a table. A store that is only read may be of an
// older version, which had fewer.
func (s *Store) has(ctx context.Context, table string) (has bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = $1`, table).Scan(&has)
	return has, s.explain(err)
}

// isEmpty returns ErrNoStore if the database holds a table of another program.
func isEmpty(ctx context.Context, q rowQuerier) error {
	var other string
	err := q.QueryRowContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version' LIMIT 1`).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("the database holds the table %q of another program: %w", other, ErrNoStore)
	}
	return err
}
