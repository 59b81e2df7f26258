package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	goosedb "github.com/pressly/goose/v3/database"
)

// migrate brings the schema up to this binary's, each migration in a transaction of its
// own: a start that is interrupted leaves a schema of a version that there was, and the
// next one goes on. Two starts at once take turns. A database that a newer binary has
// written is refused, here and by readers (isStore).
func migrate(ctx context.Context, db *sql.DB, kind database) error {
	known, err := versions(kind)
	if err != nil {
		return err
	}
	have, err := schemaVersion(ctx, db, kind)
	if err != nil {
		return err
	}
	if have == 0 {
		if err := isEmpty(ctx, db, kind); err != nil {
			return err
		}
	}
	if have >= known {
		return notNewer(have, known)
	}
	options := []goose.ProviderOption{goose.WithStore(versionTable{kind}), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}
	if locker, err := kind.locker(); err != nil {
		return err
	} else if locker != nil {
		options = append(options, goose.WithLocker(locker))
	}
	provider, err := goose.NewProvider("", db, kind.migrations(), options...)
	if err != nil {
		return err
	}
	for {
		_, err := provider.Up(ctx)
		if err == nil {
			return nil
		}
		// Another start may have brought the schema further meanwhile.
		now, versionErr := schemaVersion(ctx, db, kind)
		if versionErr != nil || now <= have {
			return err
		}
		have = now
	}
}

// Migrate brings the schema up to this binary's.
func (s *Store) Migrate(ctx context.Context) error {
	db, err := s.kind.open(ReadWrite) // the lock of a migration needs a connection beside that which writes
	if err != nil {
		return s.explain(err)
	}
	return errors.Join(s.explain(migrate(ctx, db, s.kind)), db.Close())
}

// versions returns how many versions of the schema this binary knows.
func versions(kind database) (int, error) {
	names, err := fs.Glob(kind.migrations(), "*.sql")
	return len(names), err
}

// schemaVersion returns the version of the schema that the database has; 0 if none.
func schemaVersion(ctx context.Context, q rowQuerier, kind database) (have int, err error) {
	if has, err := kind.hasTable(ctx, q, versionTable{}.Tablename()); err != nil || !has {
		return 0, err
	}
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
func isStore(ctx context.Context, db *sql.DB, kind database) error {
	have, err := schemaVersion(ctx, db, kind)
	if err != nil {
		return err
	}
	if have == 0 {
		return cmp.Or(isEmpty(ctx, db, kind), ErrEmpty)
	}
	known, err := versions(kind)
	return cmp.Or(err, notNewer(have, known))
}

// has reports whether the database has a table. A store that is only read may be of an
// older version, which had fewer.
func (s *Store) has(ctx context.Context, table string) (bool, error) {
	has, err := s.kind.hasTable(ctx, s.read, table)
	return has, s.explain(err)
}

// isEmpty returns ErrNoStore if the database holds a table of another program.
func isEmpty(ctx context.Context, q rowQuerier, kind database) error {
	other, err := kind.otherTable(ctx, q)
	if err == nil && other != "" {
		err = fmt.Errorf("the database holds the table %q of another program: %w", other, ErrNoStore)
	}
	return err
}

// versionTable keeps the versions of the schema in the table in which every version of
// this program kept them, a row for each.
type versionTable struct{ kind database }

func (versionTable) Tablename() string { return "schema_version" }

func (v versionTable) TableExists(ctx context.Context, db goosedb.DBTxConn) (bool, error) {
	return v.kind.hasTable(ctx, db, v.Tablename())
}

func (versionTable) CreateVersionTable(ctx context.Context, db goosedb.DBTxConn) error {
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)`)
	return err
}

func (versionTable) Insert(ctx context.Context, db goosedb.DBTxConn, r goosedb.InsertRequest) error {
	if r.Version == 0 { // there was never a row for it
		return nil
	}
	_, err := db.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, r.Version)
	return err
}

func (versionTable) Delete(context.Context, goosedb.DBTxConn, int64) error {
	return goosedb.ErrNotImplemented // a schema goes forward alone
}

func (v versionTable) GetMigration(ctx context.Context, db goosedb.DBTxConn, version int64) (*goosedb.GetMigrationResult, error) {
	have, err := v.GetLatestVersion(ctx, db)
	if err == nil && version > have {
		err = goosedb.ErrVersionNotFound
	}
	return &goosedb.GetMigrationResult{IsApplied: true}, err
}

func (v versionTable) GetLatestVersion(ctx context.Context, db goosedb.DBTxConn) (int64, error) {
	have, err := schemaVersion(ctx, db, v.kind)
	return int64(have), err
}

func (v versionTable) ListMigrations(ctx context.Context, db goosedb.DBTxConn) (list []*goosedb.ListMigrationsResult, err error) {
	have, err := v.GetLatestVersion(ctx, db)
	for version := have; version >= 0; version-- {
		list = append(list, &goosedb.ListMigrationsResult{Version: version, IsApplied: true})
	}
	return list, err
}
