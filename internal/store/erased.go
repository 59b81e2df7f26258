package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/erased"
	"github.com/yourturn/yourturn/internal/jiradata"
)

const metaErasure = "erasure"

// erasure is what tombstones are made with.
type erasure struct {
	// Key is of the hashes of names, in hexadecimal. Whoever has the store and knows
	// an account can find out that it was erased, and nothing else.
	Key string `json:"key"`
	// Markers are those that the rules had asked comments for when somebody was erased.
	Markers []string `json:"markers,omitempty"`
}

// newErasure returns an erasure with a key that nobody knows.
func newErasure() erasure {
	key := make([]byte, 32)
	rand.Read(key) //nolint:errcheck // it never fails
	return erasure{Key: hex.EncodeToString(key)}
}

func (e *erasure) key() []byte {
	key, err := hex.DecodeString(e.Key)
	if err != nil {
		panic(err) // newErasure wrote it
	}
	return key
}

// with adds markers.
func (e *erasure) with(markers []string) {
	e.Markers = append(e.Markers, markers...)
	slices.Sort(e.Markers)
	e.Markers = slices.Compact(e.Markers)
}

// Erased returns the people who were erased; nil if nobody was. What Jira says is
// for them to go over before anything else looks at it.
//
// The answer is kept until somebody else is erased: one process writes at a time.
func (s *Store) Erased(ctx context.Context) (*erased.People, error) {
	s.erasedMu.Lock()
	defer s.erasedMu.Unlock()
	if s.erasedKnown {
		return s.erasedPeople, nil
	}
	var e erasure
	if _, err := getMeta(ctx, s.read, metaErasure, &e); err != nil {
		return nil, s.explain(err)
	}
	names, err := query(ctx, s, `SELECT hash, kind, words, tombstone FROM erased_name`, func(r *sql.Rows) (n erased.Name, err error) {
		return n, r.Scan(&n.Text, &n.Kind, &n.Words, &n.Tombstone)
	})
	if err != nil {
		return nil, err
	}
	s.erasedPeople, s.erasedKnown = nil, true
	if len(names) > 0 {
		s.erasedPeople = erased.Hashed(e.key(), names, e.Markers)
	}
	return s.erasedPeople, nil
}

// forgetErased has the next question read anew who was erased.
func (s *Store) forgetErased() {
	s.erasedMu.Lock()
	defer s.erasedMu.Unlock()
	s.erasedKnown = false
}

// SaveOwners notes the keys that the config gives to accounts. Keys that it had
// before stay noted: the ledger may name their owners so.
func (s *Store) SaveOwners(ctx context.Context, accounts map[string][]string) error {
	type row struct{ key, account string }
	known, err := s.owners(ctx)
	if err != nil {
		return err
	}
	have := map[row]bool{}
	for _, o := range known {
		have[row{o.Key, o.Account}] = true
	}
	people, err := s.Erased(ctx)
	if err != nil {
		return err
	}
	var fresh []row
	for key, list := range accounts {
		for _, a := range list {
			if r := (row{key, a}); !have[r] && (people == nil || people.Account(a) == a) {
				fresh = append(fresh, r)
			}
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, r := range fresh {
			if _, err := tx.ExecContext(ctx, `INSERT INTO owner (key, account) VALUES ($1, $2) ON CONFLICT DO NOTHING`, r.key, r.account); err != nil {
				return err
			}
		}
		return nil
	})
}

// OwnerKeys returns the keys of owners that the config gives, or gave, to an account.
func (s *Store) OwnerKeys(ctx context.Context, user jiradata.User) ([]string, error) {
	owners, err := s.owners(ctx)
	var keys []string
	for _, o := range owners {
		if o.Account == user.ID || user.Name != "" && strings.EqualFold(o.Account, user.Name) {
			keys = append(keys, o.Key)
		}
	}
	return keys, err
}

// ownerKey is a key of owners and an account that it has, or had.
type ownerKey struct{ Key, Account string }

func (s *Store) owners(ctx context.Context) ([]ownerKey, error) {
	if has, err := s.has(ctx, "owner"); err != nil || !has {
		return nil, err
	}
	return query(ctx, s, `SELECT key, account FROM owner ORDER BY key, account`, func(r *sql.Rows) (o ownerKey, err error) {
		return o, r.Scan(&o.Key, &o.Account)
	})
}
