package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// follows is the epoch of a process that writes nothing, because another one holds the
// lease.
const follows = -1

// Standing is where a store is that another process may write to.
type Standing struct {
	// Revision rises with each write transaction. At Published the process that writes had
	// derived all of it, as of AsOf; 0: it has not yet.
	Revision, Published int64
	AsOf                latency.Instant
	// Derivation rises whenever that process derives every story, by another config or from
	// another description of Jira.
	Derivation int64

	Holder string        // of the lease; "" if nobody holds it
	Free   time.Duration // for how long nobody has held it, by the database's clock
}

// Follow has this process write nothing to the store until it holds the lease. It returns
// an ErrNoLease for a file.
func (s *Store) Follow() error {
	pg, ok := s.kind.(*postgres)
	if !ok {
		return ErrNoLease
	}
	pg.epoch.Store(follows)
	return nil
}

// Standing returns where the store is.
func (s *Store) Standing(ctx context.Context) (st Standing, err error) {
	var free int64
	err = s.read.QueryRowContext(ctx, `SELECT revision, published, published_as_of, derivation,
		CASE WHEN until > `+leaseNow+` THEN holder ELSE '' END, GREATEST(`+leaseNow+` - until, 0) FROM lease`).
		Scan(&st.Revision, &st.Published, &st.AsOf, &st.Derivation, &st.Holder, &free)
	st.Free = time.Duration(min(free, int64(1<<40))) * time.Millisecond
	return st, s.explain(err)
}

// Publish notes that the numbers of all that the store holds were derived as of an instant,
// for processes that follow, and returns the revision, 0 for a file, which nobody follows.
// whole says that every story was derived for them.
func (s *Store) Publish(ctx context.Context, asOf latency.Instant, whole bool) (revision int64, err error) {
	if _, ok := s.kind.(*postgres); !ok {
		return 0, nil
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE lease SET published = revision, published_as_of = $1, derivation = derivation + $2 RETURNING revision`, int64(asOf), whole).Scan(&revision)
	})
	return revision, err
}

// Since returns the stories that were written after one revision and up to another, or of
// which something was entered into the ledger then, and what was counted then.
func (s *Store) Since(ctx context.Context, after, upto int64) (stories []int64, counted []latency.Entry, err error) {
	stories, err = query(ctx, s, `SELECT story FROM changed WHERE revision > $1 ORDER BY story`, scanID, after)
	if err != nil {
		return nil, nil, err
	}
	entered, err := s.ledgerOf(ctx, stories, fmt.Sprintf(` AND revision > %d AND revision <= %d AND counted = 1`, after, upto))
	for i := range entered {
		counted = append(counted, entered[i].Entry)
	}
	return stories, counted, err
}

// At returns the store with its ledger as it was at a revision.
func (s *Store) At(revision int64) *Followed {
	s.forgetErased() // another process erases
	return &Followed{s, revision}
}

// Followed is a store that another process writes to, with its ledger as it was at a
// revision.
type Followed struct {
	*Store
	revision int64
}

func (f *Followed) upto() string { return fmt.Sprintf(` AND revision <= %d`, f.revision) }

// LedgerIn is that of Store.
func (f *Followed) LedgerIn(ctx context.Context, in jiradata.Shard) iter.Seq2[latency.Counted, error] {
	return f.ledgerIn(ctx, in, f.upto())
}

// LedgerOf is that of Store.
func (f *Followed) LedgerOf(ctx context.Context, ids []int64) ([]latency.Counted, error) {
	return f.ledgerOf(ctx, ids, f.upto())
}

// Count returns an ErrFollows.
func (f *Followed) Count(context.Context, []latency.Entry, latency.Standing, bool, *jiradata.Kept) ([]latency.Entry, error) {
	return nil, f.name(ErrFollows)
}

// Want notes issues that a webhook named, for the process that asks Jira.
func (s *Store) Want(ctx context.Context, issues []int64) error {
	return s.aside(ctx, func(tx *sql.Tx) error {
		for _, id := range issues {
			if _, err := tx.ExecContext(ctx, `INSERT INTO wanted (issue) VALUES ($1) ON CONFLICT DO NOTHING`, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// TakeWanted returns the issues that webhooks named to other processes, and forgets them: a
// poll finds the same changes later.
func (s *Store) TakeWanted(ctx context.Context) (issues []int64, err error) {
	if _, ok := s.kind.(*postgres); !ok {
		return nil, nil
	}
	return query(ctx, s, `DELETE FROM wanted RETURNING issue`, scanID)
}

const metaConfigs = "configs"

// configs are the configs by which the store was written to.
type configs struct {
	Revision int64    `json:"revision"`     // how many there were
	Seen     []string `json:"fingerprints"` // each once, the one in force last
}

// configsKept is how many fingerprints of earlier configs are known.
const configsKept = 100

// Outdated reports whether a config was in force before the one by which the store is
// counted now.
func (s *Store) Outdated(ctx context.Context, fingerprint string) (bool, error) {
	var known configs
	if _, err := getMeta(ctx, s.read, metaConfigs, &known); err != nil {
		return false, s.explain(err)
	}
	return known.before(fingerprint), nil
}

// before reports whether the config of a fingerprint was in force before the present one.
func (c *configs) before(fingerprint string) bool {
	for i, f := range c.Seen {
		if f == fingerprint {
			return i < len(c.Seen)-1
		}
	}
	return false
}

// PutInForce notes the config by which the store is counted from now on.
func (s *Store) PutInForce(ctx context.Context, fingerprint string) error {
	var known configs
	if _, err := getMeta(ctx, s.read, metaConfigs, &known); err != nil {
		return s.explain(err)
	}
	if n := len(known.Seen); n > 0 && known.Seen[n-1] == fingerprint {
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		known = configs{}
		if _, err := getMeta(ctx, tx, metaConfigs, &known); err != nil {
			return err
		}
		next := configs{Revision: known.Revision + 1}
		for _, f := range known.Seen {
			if f != fingerprint {
				next.Seen = append(next.Seen, f)
			}
		}
		next.Seen = append(next.Seen[max(0, len(next.Seen)-configsKept):], fingerprint)
		return putMeta(ctx, tx, metaConfigs, next)
	})
}
