package e2e

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// numbersOf returns all that is shown of a store, line by line: metrics, waits, the
// audit, and the ledger.
func numbersOf(t *testing.T, h http.Handler, config string) []string {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	var out []string
	for line := range strings.Lines(rec.Body.String()) {
		if strings.HasPrefix(line, "po_") {
			out = append(out, line)
		}
	}
	for _, more := range []string{"--audit", "--open=false"} {
		out = slices.AppendSeq(out, strings.SplitAfterSeq(yourturn(t, 0, "waits", more, "--format", "json", "--config.file", config), "},{"))
	}
	st := storeOf(t, config, store.ReadOnly)
	for e, err := range st.LedgerIn(t.Context(), jiradata.Shard{From: math.MinInt64, To: math.MaxInt64}) {
		if err != nil {
			t.Fatal(err)
		}
		row, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(row))
	}
	slices.Sort(out)
	return out
}

// renamed returns lines in which other names stand.
func renamed(lines []string, oldnew ...string) []string {
	r := strings.NewReplacer(oldnew...)
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = r.Replace(line)
	}
	slices.Sort(out)
	return out
}

// storeFile returns the file of the store of a config.
func storeFile(t *testing.T, config string) string {
	t.Helper()
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	path, err := store.Path(cfg.Store.URL)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// found returns which of some names the files of a store hold, as bytes.
func found(t *testing.T, config string, names ...string) []string {
	t.Helper()
	path := storeFile(t, config)
	var out []string
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, n := range names {
			if n != "" && bytes.Contains(data, []byte(n)) {
				out = append(out, n+" in the store"+suffix)
			}
		}
	}
	return out
}

// readAgain has the next poll of a store read its whole scope once more.
func readAgain(t *testing.T, config string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+storeFile(t, config))
	if err != nil {
		t.Fatal(err)
	}
	res, err := db.ExecContext(t.Context(), `UPDATE meta SET value = json_set(value, '$.reading', 1) WHERE key = 'state'`)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestErasingChangesNoNumber erases owners and developers of generated organisations,
// one after the other. Every number that is shown, and every entry of the ledger, is
// as before but for the name; the files of the store hold the person no more, neither
// then nor after Jira was polled and read completely again.
func TestErasingChangesNoNumber(t *testing.T) {
	organisations(t, max(1, suite.Count(t, "YOURTURN_SEEDS", 4, 24)/4), func(t *testing.T, seed int, flavor jirasim.Flavor) {
		o := newOrganisation(t, int64(seed), flavor)
		site := o.team.Site()
		people := []*jirasim.User{site.User("ada"), site.User("gil"), site.User("dev1")}
		text, err := os.ReadFile(o.config)
		if err != nil {
			t.Fatal(err)
		}
		first := newPoller(t, o.config)
		first.look()
		first.leave()
		// The owners leave: their keys are others' now.
		for i, u := range people {
			text = bytes.ReplaceAll(text, []byte(u.ID(flavor)), fmt.Appendf(nil, "successor-%d", i))
		}
		write(t, o.config, string(text))
		p := newPoller(t, o.config)
		p.look()
		before := numbersOf(t, p, o.config)
		var names []string
		for _, u := range people {
			start := ledgerBegan(t, o.config)
			erased, err := p.Erase(t.Context(), app.Erasure{Account: u.ID(flavor)})
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, u.ID(flavor), u.DisplayName, map[bool]string{true: u.Name}[flavor == jirasim.DataCenter && len(u.Name) > 4])
			before = renamed(before, u.ID(flavor), erased.Tombstone, u.DisplayName, erased.Tombstone)
			if diff := gocmp.Diff(before, numbersOf(t, p, o.config)); diff != "" {
				t.Fatalf("erasing %s changed numbers (-before +after):\n%s", u.DisplayName, diff)
			}
			if left := found(t, o.config, names...); len(left) > 0 {
				t.Fatalf("after erasing %s there is still %q", u.DisplayName, left)
			}
			if erased.Left[u.ID(flavor)] != 0 {
				t.Errorf("the search says %v", erased.Left)
			}
			if now := ledgerBegan(t, o.config); now <= start {
				t.Errorf("the ledger of other labels began at %d, want later than %d", now, start)
			}
		}
		if n := p.look(); n != 0 {
			t.Errorf("a poll after erasing found %d new events", n)
		}
		p.leave()
		readAgain(t, o.config)
		p = newPoller(t, o.config)
		if err := p.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := p.look(); n != 0 {
			t.Errorf("reading everything again found %d new events", n)
		}
		if diff := gocmp.Diff(before, numbersOf(t, p, o.config)); diff != "" {
			t.Errorf("after reading everything again (-before +after):\n%s", diff)
		}
		p.leave()
		if left := found(t, o.config, names...); len(left) > 0 {
			t.Errorf("after reading everything again there is %q", left)
		}
	})
}

// ledgerBegan returns as of when the ledger of a store began.
func ledgerBegan(t *testing.T, config string) int64 {
	t.Helper()
	ledger, err := storeOf(t, config, store.ReadOnly).Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int64(ledger.Start)
}
