package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// Facts describe a database, without what is in it.
type Facts struct {
	Database string           `json:"database"` // its kind and version
	Schema   int              `json:"schema"`   // the version that the database has
	Known    int              `json:"known"`    // the version that this program writes
	Bytes    map[string]int64 `json:"bytes"`    // of its files; of PostgreSQL all of them
	Free     int64            `json:"free"`     // bytes of a file that hold nothing
	Rows     map[string]int64 `json:"rows"`     // by table
	Journal  string           `json:"journal"`  // how a file keeps it
}

// Facts returns how large the store is and of what version. It counts all rows, which
// takes some seconds where there are millions.
func (s *Store) Facts(ctx context.Context) (f Facts, err error) {
	f.Bytes, f.Rows = map[string]int64{}, map[string]int64{}
	if f.Known, err = versions(s.kind); err != nil {
		return f, s.name(err)
	}
	if f.Schema, err = schemaVersion(ctx, s.read, s.kind); err != nil {
		return f, s.explain(err)
	}
	if err := s.kind.facts(ctx, s.read, &f); err != nil {
		return f, s.explain(err)
	}
	tables, err := s.kind.tables(ctx, s.read)
	if err != nil {
		return f, s.explain(err)
	}
	for _, table := range tables {
		var n int64
		if err := s.read.QueryRowContext(ctx, fmt.Sprintf(`SELECT COUNT(*) FROM %q`, table)).Scan(&n); err != nil {
			return f, s.explain(err)
		}
		f.Rows[table] = n
	}
	return f, nil
}

// People are all whom the store names.
type People struct {
	Accounts []jiradata.User // in the order of their ids
	Owners   []string        // keys of owners, today's and former ones, in order
	Viewers  []string        // who looked at numbers, in order
}

// People returns all whom the store names.
func (s *Store) People(ctx context.Context) (People, error) {
	var p People
	var err error
	if p.Accounts, err = s.Users(ctx); err != nil {
		return p, err
	}
	text := func(r *sql.Rows) (text string, err error) { return text, r.Scan(&text) }
	leads, err := query(ctx, s, `SELECT DISTINCT account FROM lead ORDER BY account`, text)
	if err != nil {
		return p, err
	}
	for _, id := range leads {
		p.Accounts = append(p.Accounts, jiradata.User{ID: id})
	}
	for table, into := range map[string]struct {
		list *[]string
		text string
	}{
		"owner": {&p.Owners, `SELECT DISTINCT key FROM owner ORDER BY key`},
		"look":  {&p.Viewers, `SELECT DISTINCT viewer FROM look ORDER BY viewer`},
	} {
		has, err := s.has(ctx, table)
		if err == nil && has {
			*into.list, err = query(ctx, s, into.text, text)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}
