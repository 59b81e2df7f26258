package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/web"
)

// Erasure is a request to erase a person.
type Erasure struct {
	Account string   `json:"account"`         // id; on Data Center a user key or name
	Names   []string `json:"names,omitempty"` // further names: former keys of owners, names in the access log
}

// NamedError says that a config names somebody who is to be erased.
type NamedError struct {
	Account string
	Places  []string
}

func (e *NamedError) Error() string {
	return fmt.Sprintf("account %s is not erased, because the config names it: take it out, and reload the config of a serve that runs:\n%s", e.Account, strings.Join(e.Places, "\n"))
}

// Erase erases a person from the store of a config, and returns what came of it. The
// config must not name the person any more.
func Erase(ctx context.Context, cfg *config.Config, st *store.Store, e Erasure) (store.Erased, error) {
	if err := NotNamed(ctx, cfg, st, e.Account); err != nil {
		return store.Erased{}, err
	}
	return st.Erase(ctx, store.Erasure{
		Account: e.Account, Names: e.Names, Kept: slices.Sorted(maps.Keys(cfg.Owners)), Markers: rules.Markers(cfg), At: time.Now(),
	})
}

// NotNamed returns a NamedError if a config names an account of a store.
func NotNamed(ctx context.Context, cfg *config.Config, st *store.Store, account string) error {
	user, err := st.Account(ctx, account)
	if unknown := (*store.UnknownAccountError)(nil); errors.As(err, &unknown) {
		user = jiradata.User{ID: account} // which may have been erased before
	} else if err != nil {
		return err
	}
	if places := cfg.Naming(user.ID, user.Name, user.DisplayName); len(places) > 0 {
		return &NamedError{user.ID, places}
	}
	return nil
}

// eraseFor erases a person for a process that knows the secret of the lock file.
// The request is an Erasure in JSON.
func (s *Service) eraseFor(ctx context.Context, secret string, request []byte) (any, error) {
	if !s.knows(secret) {
		return nil, web.ErrSecret
	}
	var e Erasure
	if err := json.Unmarshal(request, &e); err != nil {
		return nil, fmt.Errorf("reading whom to erase: %w", err)
	}
	return s.between(ctx, func(ctx context.Context) (any, error) { return s.Erase(ctx, e) })
}

// Erase erases a person, and publishes the numbers without the name. No cycle may be
// under way.
func (s *Service) Erase(ctx context.Context, e Erasure) (store.Erased, error) {
	done, err := Erase(ctx, s.cfg(), s.store, e)
	if done.Tombstone == "" {
		return done, err
	}
	s.audit.Warn("a person was erased: the numbers stay, under a tombstone and a new ledger start", zap.String("tombstone", done.Tombstone))
	s.numbers.forget()
	s.retros.forget()
	return done, errors.Join(err, s.polls.recall(ctx), s.resume(ctx))
}

// Erase asks for the erasure of a person, and returns what that did. Where the person is
// erased and the store still holds what was there before, there is an error too.
func (a Asker) Erase(ctx context.Context, e Erasure) (out store.Erased, err error) {
	if a.Holder.Address == "" {
		err = a.request(ctx, eraseErrand(), e, &out)
		return out, err
	}
	err = askHolder(ctx, a.Holder, "to erase a person", "/-/erase", e, &out)
	return out, err
}

// EraseOffline erases a person from a store that no other process writes to. Where
// one does, the error is a storelock.HeldError.
func EraseOffline(ctx context.Context, cfg *config.Config, log *zap.Logger, e Erasure) (done store.Erased, err error) {
	if store.IsFile(cfg.Store.URL) { // nothing is made for an erasure
		path, err := store.Path(cfg.Store.URL)
		if err != nil {
			return done, err
		}
		if err := store.Exists(path); err != nil {
			return done, err
		}
	}
	st, lock, err := Writer{Command: "erase"}.open(ctx, cfg, log)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, st.Close(), lock.Release()) }()
	return Erase(ctx, cfg, st, e)
}

// erasing is a Jira that names no erased person: they are replaced before anything
// looks at what it said, so that nothing is compared with what is stored and found to
// have changed.
type erasing struct {
	collector.Source
	store *store.Store
}

func (s erasing) page(ctx context.Context, p *jiradata.Page) error {
	people, err := s.store.Erased(ctx)
	if err == nil {
		people.Stories(p.Stories)
		people.Quarantined(p.Quarantined)
	}
	return err
}

// Meta implements collector.Source.
func (s erasing) Meta(ctx context.Context, projectKeys []string) (jiradata.Meta, error) {
	m, err := s.Source.Meta(ctx, projectKeys)
	if err != nil {
		return m, err
	}
	people, err := s.store.Erased(ctx)
	return people.Meta(m), err
}

// Search implements collector.Source.
func (s erasing) Search(ctx context.Context, q jiradata.Query) iter.Seq2[jiradata.Page, error] {
	return func(yield func(jiradata.Page, error) bool) {
		for p, err := range s.Source.Search(ctx, q) {
			if err == nil {
				err = s.page(ctx, &p)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Issues implements collector.Source.
func (s erasing) Issues(ctx context.Context, ids []int64) (jiradata.Page, []int64, error) {
	p, missing, err := s.Source.Issues(ctx, ids)
	if err == nil {
		err = s.page(ctx, &p)
	}
	return p, missing, err
}

// Parents implements collector.Source.
func (s erasing) Parents(ctx context.Context, ids []int64, since latency.Instant) (jiradata.Page, []int64, error) {
	p, missing, err := s.Source.Parents(ctx, ids, since)
	if err == nil {
		err = s.page(ctx, &p)
	}
	return p, missing, err
}

// Sprints implements collector.Source.
func (s erasing) Sprints(ctx context.Context, p jiradata.Project) ([]jiradata.Sprint, error) {
	sprints, err := s.Source.Sprints(ctx, p)
	if err != nil {
		return sprints, err
	}
	people, err := s.store.Erased(ctx)
	people.Sprints(sprints)
	return sprints, err
}
