package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/suite"
)

// dying is a context that ends after a number of looks at it.
type dying struct {
	context.Context
	left atomic.Int64
}

func (d *dying) Err() error {
	if d.left.Add(-1) < 0 {
		return context.Canceled
	}
	return d.Context.Err()
}

// exposed returns what the numbers of a service are on /metrics, line by line. With
// which stories the service began is no number.
func exposed(t *testing.T, h http.Handler) []string {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var out []string
	for line := range strings.Lines(rec.Body.String()) {
		if strings.HasPrefix(line, "po_") || strings.HasPrefix(line, "yourturn_ledger_start") || strings.HasPrefix(line, "yourturn_data_timestamp") {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// counted returns the rows of the ledger of a store.
func counted(t *testing.T, store string) []string {
	t.Helper()
	return texts(t, store, `SELECT story || ' ' || kind || ' ' || topic || ' ' || at || ' ' || counted || ' ' || hex(body) FROM ledger ORDER BY story, kind, topic, at`)
}

// texts returns what a query on the file of a store finds, a text for each row; textsAt
// does that for the URL of a store.
func texts(t *testing.T, store, query string) (list []string) {
	t.Helper()
	return textsAt(t, "sqlite:"+store, query)
}

func textsAt(t *testing.T, url, query string) (list []string) {
	t.Helper()
	rows, err := stack.OpenSQL(t, url).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// wholly starts a service on a copy of a store in which nothing is kept of a
// derivation, so that it derives every story, and returns its numbers and its ledger.
func wholly(t *testing.T, config string, now func() time.Time) (numbers, ledger []string) {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(filepath.Dir(config), "store.db"), filepath.Join(dir, "store.db")
	change(t, from, fmt.Sprintf(`VACUUM INTO '%s'`, to))
	change(t, to, `DELETE FROM kept_part`)
	file := filepath.Join(dir, "yourturn.yml")
	write(t, file, strings.ReplaceAll(string(text), from, to))
	p := newPoller(t, file, now)
	if err := p.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	numbers = exposed(t, p)
	p.leave()
	return numbers, counted(t, to)
}

// change runs a statement on a store.
func change(t *testing.T, store, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", store)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was read
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// began returns how often a service derived from something.
func began(t *testing.T, h http.Handler, from string) bool {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return strings.Contains(rec.Body.String(), fmt.Sprintf("\nyourturn_derivations_total{from=%q} ", from))
}

// closelyKept is how many organisations of a full run are stopped at short intervals. What
// others add is another life each, and a start of it costs a derivation of every story.
const closelyKept = 20

// TestAStartFromWhatIsKept lets organisations live, with a service that is stopped at
// random: between two polls, between the reading and the deriving of one, and in the
// middle of deriving and writing; now and then with another config. Each start, and
// each fifth poll, has the numbers and the ledger of a derivation of every story.
func TestAStartFromWhatIsKept(t *testing.T) {
	var kept, whole, compared atomic.Int64
	organisations(t, suite.Count(t, "YOURTURN_KEPT_SEEDS", 1, 2), func(t *testing.T, seed int, flavor jirasim.Flavor) {
		random := rand.New(rand.NewPCG(uint64(seed), uint64(len(flavor)))) //nolint:gosec // it is no secret
		var clock atomic.Pointer[time.Time]
		now := func() time.Time { return *clock.Load() }
		tm, err := team.Begin(team.Options{Seed: int64(seed), Flavor: flavor, End: end(), Losses: true, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		o := serveTeam(t, tm, flavor)
		store := filepath.Join(filepath.Dir(o.config), "store.db")
		same := func(p *poller, what string) {
			t.Helper()
			numbers, ledger := wholly(t, o.config, now)
			compared.Add(1)
			if diff := gocmp.Diff(numbers, exposed(t, p)); diff != "" {
				t.Fatalf("%s, %s: numbers (-whole +got):\n%s", now(), what, diff)
			}
			if diff := gocmp.Diff(ledger, counted(t, store)); diff != "" {
				t.Fatalf("%s, %s: ledger (-whole +got):\n%s", now(), what, diff)
			}
		}
		at := tm.Start()
		clock.Store(&at)
		p := newPoller(t, o.config, now)
		start := func(what string) {
			t.Helper()
			p = newPoller(t, o.config, now)
			if err := p.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
			if began(t, p, "kept") {
				kept.Add(1)
			} else {
				whole.Add(1)
			}
			same(p, what)
		}
		configs := []string{"defaults:\n", "defaults:\n  targets: {acceptance: 6h}\n"}
		looks, gap := 0, 60*time.Hour
		if !suite.Full() || seed >= closelyKept {
			gap = 300 * time.Hour // a fifth of the starts, over the same past
		}
		for ; at.Before(end()); looks++ {
			wait := time.Duration(random.Int64N(int64(gap)))
			if random.IntN(10) == 0 {
				wait = time.Duration(random.Int64N(int64(10 * time.Minute))) // in a slip window
			}
			at = at.Add(wait.Truncate(time.Second) + time.Second)
			clock.Store(&at)
			tm.Until(at)
			switch random.IntN(13) {
			case 0, 1, 2:
				p.leave()
				start("stopped between polls")
			case 3, 4:
				if _, err := p.Read(t.Context()); err != nil {
					t.Fatal(err)
				}
				p.leave()
				start("stopped before deriving")
				continue
			case 5, 6:
				res, err := p.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				ctx := &dying{Context: t.Context()}
				ctx.left.Store(random.Int64N(400))
				_ = p.Measure(ctx, res) // it may come to its end all the same
				p.leave()
				start("stopped while deriving")
				continue
			case 7:
				text, err := os.ReadFile(o.config)
				if err != nil {
					t.Fatal(err)
				}
				p.leave()
				write(t, o.config, strings.Replace(string(text), configs[0], configs[1], 1))
				configs[0], configs[1] = configs[1], configs[0]
				start("another config")
			}
			p.look()
			if looks%5 == 0 {
				same(p, "polled")
			}
		}
		same(p, "in the end")
	})
	t.Logf("%d starts from what was kept, %d from every story, %d comparisons", kept.Load(), whole.Load(), compared.Load())
	if whole.Load() == 0 || kept.Load() < 2*whole.Load() {
		t.Errorf("%d starts were from what was kept, and %d from every story", kept.Load(), whole.Load())
	}
}

// TestAStartIsComparedBesideThePolls starts from what is kept, once as it is and once
// when it lacks the note that a story was written since, which nothing shows. A
// derivation of every story beside the polls finds that, and its numbers stand.
func TestAStartIsComparedBesideThePolls(t *testing.T) {
	for _, tc := range []struct {
		name, damage, result string
	}{
		{"as it is", "", "equal"},
		{"without the note of a change", `DELETE FROM touched`, "different"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
			id := p.create(p.pay)
			p.later(time.Hour)
			p.settle()
			p.move(p.dev, id, "1", "2")
			p.later(time.Hour)
			if _, err := p.svc.Read(t.Context()); err != nil { // and it is stopped before it derives
				t.Fatal(err)
			}
			file := p.svc.Config().File()
			if tc.damage != "" {
				change(t, filepath.Join(filepath.Dir(file), "rig.db"), tc.damage)
			}
			p.restart(p.replaced("projects: [PAY, OPS]", "projects: [PAY, OPS], poll_interval: 1s"))
			if !began(t, p.svc, "kept") {
				t.Fatal("the start derived every story")
			}
			code := 0
			if tc.damage != "" {
				code = 1
			}
			out := yourturn(t, code, "check", "--store", "--config.file", file)
			if text := "is what every story comes to"; strings.Contains(out, text) != (tc.damage == "") {
				t.Errorf("check --store says %q", out)
			}
			r := p.serve()
			await(t, r.base+"/metrics", func(_ int, body string) bool {
				return strings.Contains(body, fmt.Sprintf("\nyourturn_kept_compared_total{result=%q} 1\n", tc.result)) && strings.Contains(body, "\n"+open+" 1\n")
			})
			p.stopped(r)
		})
	}
}
