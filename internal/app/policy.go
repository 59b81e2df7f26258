package app

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/listen"
	"github.com/yourturn/yourturn/internal/rules"
	"github.com/yourturn/yourturn/internal/web"
)

// Audit returns the logger of who did what: reloads, looks at an owner's numbers,
// erasures. Its lines have the name audit.
func Audit(log *zap.Logger) *zap.Logger { return log.Named("audit") }

// allow puts the part of a config in force that says who may see what.
func (s *Service) allow(cfg *config.Config) {
	p := &web.Policy{Hosts: cfg.Web.Hosts}
	if address, _ := s.address.Load().(string); p.Hosts == nil && listen.Loopback(address) {
		p.Hosts = []string{} // those of loopback alone
	}
	if id := cfg.Web.Identity; id.Configured() {
		roles := cfg.Web.Roles
		p.Identity = &web.Identity{
			Header: id.Header, GroupsHeader: id.GroupsHeader, Proxies: id.Proxies(),
			Operator: web.Grant(roles.Operator), Lead: grants(roles.Lead), Member: grants(roles.Member), Owner: map[string]string{},
		}
		if file := s.configFile; file != "" {
			p.Identity.Verified = func(user string) bool { return listen.HasUser(file, user) }
		}
		for key, owner := range cfg.Owners {
			for _, user := range owner.Users {
				p.Identity.Owner[user] = label(cfg, key)
			}
		}
	}
	kept := &keptLooks{together: !cfg.Privacy.PerOwner, keys: map[string]string{}}
	if cfg.Privacy.AccessLog {
		kept.in = s.store
	}
	for key := range cfg.Owners {
		kept.keys[label(cfg, key)] = key
	}
	s.looks.kept.Store(kept)
	s.policy.Store(p)
}

// label returns what pages call an owner of a config: the key, or its pseudonym.
func label(cfg *config.Config, key string) string {
	if names := rules.Pseudonyms(cfg.Privacy); names != nil {
		return names.Of(key)
	}
	return key
}

// grants returns a config's grants by project as the pages want them.
func grants(of map[string]config.Grant) map[string]web.Grant {
	out := make(map[string]web.Grant, len(of))
	for project, g := range of {
		out[project] = web.Grant(g)
	}
	return out
}

// lookEvery is how often a look of one person at one page of an owner is kept: a
// page in a browser loads itself again all the time.
const lookEvery = time.Hour

// maxLooks bounds how many looks are remembered.
const maxLooks = 10_000

// look is who looks at what.
type look struct{ owner, by, what string }

// lookLog keeps looks at owners' numbers: in the audit log, and for the owner to see.
// It is safe for concurrent use.
type lookLog struct {
	audit *zap.Logger
	kept  atomic.Pointer[keptLooks]

	mu   sync.Mutex
	last map[look]time.Time // when a look was kept
}

// keptLooks is where looks are kept, by a config.
type keptLooks struct {
	in       web.Looks         // nil: the log alone
	keys     map[string]string // of owners, by what pages call them
	together bool              // no page has the numbers of one owner
}

// RecordLook implements web.Looks. owner is as pages call them.
func (l *lookLog) RecordLook(ctx context.Context, owner, by, what string, at time.Time) error {
	kept := l.kept.Load()
	if kept.together {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock() // two requests of one look are one
	key := look{owner, by, what}
	if last, ok := l.last[key]; ok && at.Sub(last) < lookEvery {
		return nil
	}
	if kept.in != nil {
		if err := kept.in.RecordLook(ctx, cmp.Or(kept.keys[owner], owner), by, what, at); err != nil {
			return fmt.Errorf("recording who looks at the numbers of %s: %w", owner, err)
		}
	}
	l.audit.Info("somebody looks at an owner's numbers", zap.String("owner", owner), zap.String("by", by), zap.String("what", what))
	if l.last == nil || len(l.last) >= maxLooks {
		l.last = map[look]time.Time{}
	}
	l.last[key] = at
	return nil
}
