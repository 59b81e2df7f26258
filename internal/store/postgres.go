package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3/lock"
)

// postgresScheme is that of the URL of a store in PostgreSQL.
const postgresScheme = "postgres"

//go:embed migrations/postgres/*.sql
var postgresMigrations embed.FS

// fetched is how many rows a cursor asks for at a time.
const fetched = 500

// connectTimeout is how long a connection may take to come about, unless the URL says so.
const connectTimeout = 10 * time.Second

// connLifetime is how long a connection is used at most. silence is after how long without
// a sign of the other end one is given up.
const (
	connLifetime = 5 * time.Minute
	silence      = 20 * time.Second
)

// postgres is a store in a schema of a PostgreSQL database. Nothing of it needs a session:
// statements are not prepared, and what must last lasts for a transaction, so that it works
// through a pooler that gives a connection for a transaction alone.
type postgres struct {
	config    *pgx.ConnConfig
	called    string
	idle      time.Duration // how long a write transaction may stand still
	lockWait  time.Duration // for the lock of a table, and how often
	lockTries int
	epoch     atomic.Int64  // of the lease that this process holds; 0: it has none, and none is asked for; see follows
	named     atomic.Uint64 // cursors
}

// newPostgres returns the database at a URL. Passwords come from the environment, or from
// the file that PGPASSFILE names, as for other clients of PostgreSQL.
func newPostgres(u *url.URL) (*postgres, error) {
	p := &postgres{idle: leaseTerm, lockWait: lockWait, lockTries: lockTries, called: (&url.URL{Scheme: u.Scheme, User: url.User(u.User.Username()), Host: u.Host, Path: u.Path}).String()}
	if u.User == nil {
		p.called = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	}
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("store %s: store.url: %w", p.called, err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.DialFunc = (&net.Dialer{Control: giveUp, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 2, Interval: silence / 6, Count: 3}}).DialContext
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "yourturn"
	}
	p.config = config
	return p, nil
}

func (p *postgres) name() string { return p.called }

func (p *postgres) open(Mode) (*sql.DB, error) {
	db := sql.OpenDB(connector{stdlib.GetConnector(*p.config)})
	db.SetConnMaxLifetime(connLifetime) // a name may lead to another server by then
	return db, nil
}

func (p *postgres) opened() error { return nil }

// inPlace implements database: a server that was replaced has closed its connections.
func (p *postgres) inPlace() error { return nil }

func (p *postgres) hasTable(ctx context.Context, q rowQuerier, table string) (has bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = $1`, table).Scan(&has)
	return has, err
}

func (p *postgres) otherTable(ctx context.Context, q rowQuerier) (name string, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE((SELECT tablename FROM pg_catalog.pg_tables
		WHERE schemaname = current_schema() AND tablename NOT IN ('schema_version', '`+lockTable+`') LIMIT 1), '')`).Scan(&name)
	return name, err
}

// begin implements database: whoever has the row of the lease is the only one that writes.
// What is written has the next revision.
func (p *postgres) begin(ctx context.Context, tx *sql.Tx) error { return p.lead(ctx, tx, 1) }

// lead begins a transaction of the process that has the lease, and raises the revision.
func (p *postgres) lead(ctx context.Context, tx *sql.Tx, raise int) error {
	// The server ends the transaction of a process that is frozen or cut off in its middle:
	// nobody could take the lease over before.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`SET LOCAL idle_in_transaction_session_timeout = %d`, p.idle.Milliseconds())); err != nil {
		return err
	}
	return p.extend(ctx, tx, raise)
}

// end implements database: the lease goes on from the end of the transaction too. While it
// was under way, renewals waited for it, and so did whoever wants to take over.
func (p *postgres) end(ctx context.Context, tx *sql.Tx) error {
	if p.epoch.Load() == 0 {
		return nil
	}
	return p.extend(ctx, tx, 0)
}

// extend has the lease of this process, if it has one, go on for a term from now on, raises
// the revision, and has what the transaction writes bear it.
func (p *postgres) extend(ctx context.Context, tx *sql.Tx, raise int) error {
	const update, give = `UPDATE lease SET revision = revision + $1`, ` RETURNING set_config('yourturn.revision', revision::TEXT, true)`
	var row *sql.Row
	switch epoch := p.epoch.Load(); epoch {
	case follows:
		return ErrFollows
	case 0:
		row = tx.QueryRowContext(ctx, update+give, raise)
	default:
		row = tx.QueryRowContext(ctx, update+`, until = GREATEST(until, `+leaseNow+` + $2) WHERE epoch = $3`+give, raise, leaseTerm.Milliseconds(), epoch)
	}
	var revision string
	err := row.Scan(&revision)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrFenced
	}
	return err
}

// anew implements database.
func (p *postgres) anew(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `UPDATE lease SET derivation = derivation + 1`)
	return err
}

// note implements database: processes that follow derive these stories anew.
func (p *postgres) note(ctx context.Context, tx *sql.Tx, stories []int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO changed (story, revision)
		SELECT DISTINCT story, current_setting('yourturn.revision')::BIGINT FROM unnest(string_to_array($1, ',')::BIGINT[]) AS story
		ON CONFLICT (story) DO UPDATE SET revision = excluded.revision`, idList(stories))
	return err
}

// quiet implements database: the end of a context is the way out of a connection that is
// silent.
func (p *postgres) quiet(ctx context.Context) context.Context { return ctx }

// fit implements database: texts are compared and searched as UTF-8.
func (p *postgres) fit(ctx context.Context, db *sql.DB) error {
	var encoding string
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_encoding')`).Scan(&encoding); err != nil {
		return err
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database is in %s: %w", encoding, ErrEncoding)
	}
	return nil
}

func (p *postgres) snapshot() *sql.TxOptions {
	return &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
}

func (p *postgres) migrations() fs.FS {
	dir, err := fs.Sub(postgresMigrations, "migrations/postgres")
	if err != nil {
		panic(err) // it is a valid path
	}
	return dir
}

// lockTable is the table in which goose notes who brings the schema up to date.
const lockTable = "schema_lock"

// locker implements database. It uses a table, because a lock of a session does not hold
// through a pooler.
func (p *postgres) locker() (lock.Locker, error) {
	return lock.NewPostgresTableLocker(lock.WithTableName(lockTable), lock.WithTableLockTimeout(time.Second, 120), lock.WithTableLogger(slog.New(slog.DiscardHandler)))
}

// cursor implements database by a cursor of the server: a connection gives the rows of one
// statement at a time.
func (p *postgres) cursor(ctx context.Context, tx *sql.Tx, query string, args ...any) (cursor, error) {
	c := &fetcher{ctx: ctx, tx: tx, name: fmt.Sprintf("c%d", p.named.Add(1)), more: true}
	_, err := tx.ExecContext(ctx, `DECLARE `+c.name+` NO SCROLL CURSOR FOR `+query, args...)
	return c, err
}

// fetcher reads a cursor of the server.
type fetcher struct {
	ctx  context.Context //nolint:containedctx // of the call that made it, as that of *sql.Rows
	tx   *sql.Tx
	name string
	rows [][]any
	at   int // the row that Scan reads is the one before
	more bool
	err  error
}

func (c *fetcher) Next() bool {
	if c.at == len(c.rows) && c.more {
		c.err = c.fetch()
	}
	if c.at == len(c.rows) || c.err != nil {
		return false
	}
	c.at++
	return true
}

// fetch reads the next rows.
func (c *fetcher) fetch() error {
	c.rows, c.at = c.rows[:0], 0
	rows, err := c.tx.QueryContext(c.ctx, fmt.Sprintf("FETCH FORWARD %d FROM %s", fetched, c.name))
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		c.rows = append(c.rows, row)
	}
	c.more = len(c.rows) == fetched
	return rows.Err()
}

func (c *fetcher) Scan(dest ...any) error {
	for i, v := range c.rows[c.at-1] {
		switch to := dest[i].(type) {
		case *integer:
			if err := to.Scan(v); err != nil {
				return err
			}
		case *sql.RawBytes:
			switch v := v.(type) {
			case []byte:
				*to = v
			case string:
				*to = sql.RawBytes(v)
			default:
				return fmt.Errorf("%w: a column holds %T and no bytes", ErrDamaged, v)
			}
		default:
			return fmt.Errorf("a cursor reads no %T", to)
		}
	}
	return nil
}

func (c *fetcher) Err() error { return c.err }

// Close gives the server's memory free.
func (c *fetcher) Close() error {
	c.more, c.rows, c.at = false, nil, 0
	_, err := c.tx.ExecContext(c.ctx, `CLOSE `+c.name)
	return err
}

func (p *postgres) rowsAtOnce() int { return 64 }

// tables implements database. A standby holds no unlogged table, and refuses to read it.
func (p *postgres) tables(ctx context.Context, db *sql.DB) ([]string, error) {
	return namesIn(ctx, db, `SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname = current_schema() AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) ORDER BY c.relname`)
}

// facts implements database: the version of the server, and the size of the database.
func (p *postgres) facts(ctx context.Context, db *sql.DB, to *Facts) error {
	var size int64
	err := db.QueryRowContext(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version'), pg_database_size(current_database())`).Scan(&to.Database, &size)
	to.Bytes["database"] = size
	return err
}

// search implements database: it asks for rows, in whose columns a text is.
func (p *postgres) search(ctx context.Context, db *sql.DB, texts []string) (map[string]int, error) {
	found := counts(texts)
	rows, err := db.QueryContext(ctx, `SELECT table_name, column_name, data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND data_type IN ('text', 'bytea')`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var queries []string
	for rows.Next() {
		var table, column, kind string
		if err := rows.Scan(&table, &column, &kind); err != nil {
			return nil, err
		}
		bytes := pgx.Identifier{column}.Sanitize()
		if kind == "text" {
			bytes = `convert_to(` + bytes + `, 'UTF8')`
		}
		queries = append(queries, `SELECT COUNT(*) FROM `+pgx.Identifier{table}.Sanitize()+` WHERE position($1 IN `+bytes+`) > 0`)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for text := range found {
		for _, query := range queries {
			var n int
			if err := db.QueryRowContext(ctx, query, []byte(text)).Scan(&n); err != nil {
				return nil, err
			}
			found[text] += n
		}
	}
	return found, nil
}

// kindOf implements database by SQLSTATE: docs of PostgreSQL, appendix A.
func (p *postgres) kindOf(err error) error {
	var e *pgconn.PgError
	var unconnected *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &e):
	case errors.As(err, &unconnected), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), pgconn.SafeToRetry(err):
		return ErrUnreachable
	default:
		return nil
	}
	switch e.Code {
	case readOnlyTransaction:
		return ErrStandby
	case adminShutdown, crashShutdown, cannotConnectNow:
		return ErrUnreachable
	case "53100":
		return ErrNoSpace
	case "28000", "28P01", "3D000", "42501", "3F000":
		return ErrRefused
	case "55P03", "40P01", "40001", "57014", "25P03":
		return ErrConflict
	case "XX001", "XX002":
		return ErrDamaged
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "08", "53":
		return ErrUnreachable
	}
	return nil
}

// connector is stdlib's, with arguments as database/sql has them.
type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn.(*stdlib.Conn)}, nil //nolint:forcetypeassert // it is one
}

// connection takes the arguments that SQLite's driver takes: of any type whose kind is a
// number's, a text's or a truth value's, which is an integer in the store.
type connection struct {
	*stdlib.Conn
	useless bool // its server takes no writes, or stops
}

// IsValid implements driver.Validator: a connection to a former primary is not used again.
func (c *connection) IsValid() bool { return !c.useless && !c.Conn.Conn().IsClosed() }

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.Conn.ExecContext(ctx, query, args)
	return res, c.judged(err)
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.Conn.QueryContext(ctx, query, args)
	return rows, c.judged(err)
}

// judged notes whether an error says that the connection is worth nothing more.
func (c *connection) judged(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch e.Code {
		case readOnlyTransaction, adminShutdown, crashShutdown, cannotConnectNow:
			c.useless = true
		}
	}
	return err
}

// The SQLSTATEs of a server that takes no writes, or is about to stop.
const (
	readOnlyTransaction = "25006"
	adminShutdown       = "57P01"
	crashShutdown       = "57P02"
	cannotConnectNow    = "57P03"
)

// CheckNamedValue implements driver.NamedValueChecker.
func (c *connection) CheckNamedValue(v *driver.NamedValue) error {
	value, err := driver.DefaultParameterConverter.ConvertValue(v.Value)
	switch is := value.(type) {
	case bool:
		value = int64(0)
		if is {
			value = int64(1)
		}
	case string:
		value = storable(is)
	}
	v.Value = value
	return err
}

// storable returns a text as PostgreSQL can hold it: without NUL, in UTF-8. Numbers do not
// depend on either, because bodies are bytes.
func storable(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}
