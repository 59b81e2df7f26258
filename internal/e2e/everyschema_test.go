package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// everySchema holds a store of each version of the schema, as a program of that version
// left it. README.md there says how one is made.
const everySchema = "../store/testdata/schemas"

// earlierVariable names a program of an earlier version, whose store is to be kept there.
const earlierVariable = "YOURTURN_EARLIER"

// TestUpgradeFromEverySchema starts the program on the store of each version of the
// schema, and lets it poll the Jira of which that store was made. What was stored is
// read before the schema is brought up to date and afterwards. The poll finds no event,
// no counter goes back, and the waits are those of a store that was filled just now.
func TestUpgradeFromEverySchema(t *testing.T) {
	stack.NeedsFile(t)
	server := stack.StartPostgres(t)
	if program := os.Getenv(earlierVariable); program != "" {
		keepStoreOf(t, program, server)
	}
	for _, kind := range []string{"v*.db.gz", "postgres-v*.sql.gz"} {
		files, err := filepath.Glob(filepath.Join(everySchema, kind))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s holds no store: %v", everySchema, err)
		}
		for _, file := range files {
			name, _, _ := strings.Cut(filepath.Base(file), ".")
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				url := "sqlite:" + filepath.Join(t.TempDir(), "rig.db")
				stored := unzippedFile(t, file)
				if strings.HasPrefix(name, "v") {
					write(t, strings.TrimPrefix(url, "sqlite:"), string(stored))
				} else {
					url = server.Database(t, t.Name())
					psql(t, server, url, stored)
				}
				upgradeFrom(t, url)
			})
		}
	}
}

// psql runs statements in a database.
func psql(t *testing.T, server *stack.Postgres, url string, statements []byte) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `exec psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 "$1"`, "sh", url)
	cmd.Env, cmd.Stdin = server.Environ(), bytes.NewReader(statements)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
}

func upgradeFrom(t *testing.T, url string) {
	p, deleted := schemaJira(t)
	gone := p.site.Key(deleted)
	p.site.DeleteIssue(deleted)
	srv := httptest.NewServer(p.server)
	t.Cleanup(srv.Close)
	config := inDatabase(t, p.configured(t.TempDir(), srv.URL, schemaScope, ""), url)
	write(t, filepath.Join(filepath.Dir(config), "token"), "t0k3n\n")
	st := storeOf(t, config, store.ReadOnly)
	state, err := st.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.clock.Store(int64(state.DataTimestamp))
	p.later(time.Hour)

	before, counted, waiting := eventsOf(t, st), countedIn(t, url), storiesIn(untitled(t, config))
	p.start(config)
	t.Cleanup(func() { p.svc.Close() }) //nolint:errcheck // the test is over
	if err := p.svc.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := storiesIn(untitled(t, config)); !slices.Equal(got, waiting) || len(got) == 0 {
		t.Errorf("once the schema is up to date the stories with waits are %q, want %q", got, waiting)
	}
	counters := p.counters()
	for i, mended := range []bool{state.Reading < jiradata.Reading, false} {
		res, err := p.svc.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.svc.Measure(t.Context(), res); err != nil {
			t.Fatal(err)
		}
		if res.Events != 0 || res.Mended > 0 && !mended {
			t.Errorf("poll %d of the same Jira found %d new events, and completed %d that were stored by reading %d", i, res.Events, res.Mended, state.Reading)
		}
		now := p.counters()
		for id, v := range counters {
			if now[id] < v {
				t.Errorf("poll %d: %s was %v and is %v", i, id, v, now[id])
			}
		}
		counters = now
	}
	if d := gocmp.Diff(before, eventsOf(t, st)); d != "" {
		t.Errorf("the stored events (-as they were +after the upgrade):\n%s", d)
	}

	// The deleted story's wait ended with the last poll before the upgrade. That is final now,
	// and counted whatever rules counted before.
	entries := countedIn(t, url)
	added := slices.DeleteFunc(slices.Clone(entries), func(entry string) bool { return slices.Contains(counted, entry) })
	if len(entries)-len(added) != len(counted) || len(added) != 1 || !strings.HasPrefix(added[0], fmt.Sprintf("%d acceptance ended ", deleted)) || !strings.HasSuffix(added[0], " 1") {
		t.Errorf("of %d entries of the ledger %d are left, and there are also %q; want all, and the end of the wait of %s, counted", len(counted), len(entries)-len(added), added, gone)
	}

	fresh := p.configured(t.TempDir(), srv.URL, schemaScope, "")
	yourturnAt(t, p.opts.Now, 0, "sync", "--config.file", fresh)
	if d := gocmp.Diff(untitled(t, fresh), slices.DeleteFunc(untitled(t, config), func(w query.Part) bool { return w.Story == gone })); d != "" {
		t.Errorf("waits (-of a store that was filled just now +of the upgraded one):\n%s", d)
	}
	if !slices.Contains(waiting, gone) {
		t.Errorf("the waits of %s, which Jira has no more, are lost", gone)
	}
}

// schemaScope is the scope of the configs with which those stores are made: every poll
// looks for what was deleted.
const schemaScope = "projects: [PAY, OPS], census_interval: 1ms, census_max_removed: 1"

// schemaJira returns the Jira of which those stores are made, and the story of it that is
// deleted between two polls. Ids and instants are always the same.
func schemaJira(t *testing.T) (p *rig, deleted int64) {
	p = rigJira(t, jirasim.Cloud, jirasim.Options{})
	day := func(n int) time.Time { return time.Date(2026, time.November, n, 8, 0, 0, 0, time.UTC) }
	p.clock.Store(day(16).UnixMilli())
	p.site.AddType(&jirasim.IssueType{ID: "11", Name: "Epic", Level: 1})
	p.site.AddBoard(&jirasim.Board{ID: 7, Name: "Payments", Type: "scrum", ProjectKey: "PAY", Sprints: []*jirasim.Sprint{
		{ID: 70, Name: "Sprint 1", State: "closed", Start: day(2), End: day(16), Complete: day(16)},
		{ID: 71, Name: "Sprint 2", State: "active", Start: day(16), End: day(30)},
	}})
	unwatched := p.site.AddProject(&jirasim.Project{ID: "102", Key: "GOAL", Name: "Goals", Lead: p.po, IssueTypes: []string{"11"}, Statuses: []string{"1"}})
	epic := p.site.CreateIssue(p.now(), p.dev, unwatched, map[string]any{
		"summary": "e", "issuetype": map[string]any{"id": "11", "name": "Epic"},
		"status": map[string]any{"id": "1", "name": "Open"}, "customfield_10050": p.po,
	})
	for n := range 12 {
		project := p.pay
		if n%2 == 1 {
			project = p.ops
		}
		p.later(time.Hour)
		id := p.create(project)
		p.later(time.Hour)
		switch n / 2 {
		case 0: // accepted
			p.move(p.dev, id, "1", "2")
			p.later(3 * time.Hour)
			p.move(p.po, id, "2", "3")
		case 1: // sent back, and waiting again
			p.move(p.dev, id, "1", "2")
			p.later(2 * time.Hour)
			p.move(p.po, id, "2", "1")
			p.later(time.Hour)
			p.move(p.dev, id, "1", "2")
		case 2: // a question with an answer, and one without
			for range 2 {
				p.site.Comment(p.now(), p.dev, id, p.po.Mention(p.site.Flavor)+" which of the two?")
				if p.later(time.Hour); n == 4 {
					p.site.Comment(p.now(), p.po, id, "the first")
				}
			}
		case 3: // handed over to another owner while it waits
			p.move(p.dev, id, "1", "2")
			p.later(time.Hour)
			po, dev := p.po.ID(p.site.Flavor), p.dev.ID(p.site.Flavor)
			p.site.Change(p.now(), p.po, id, map[string]any{"customfield_10050": p.dev},
				jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: "customfield_10050", From: &po, FromString: &p.po.DisplayName, To: &dev, ToString: &p.dev.DisplayName})
		case 4: // its owner is that of an epic in a project that is not watched
			p.site.Change(p.now(), p.dev, id, map[string]any{"customfield_10050": nil, "parent": map[string]any{"id": fmt.Sprint(epic), "key": p.site.Key(epic)}})
			p.move(p.dev, id, "1", "2")
		case 5: // an edited comment; one of the two is deleted while it waits
			comment := p.site.Comment(p.now(), p.dev, id, "it is done")
			p.later(time.Minute)
			p.site.EditComment(p.now(), id, comment, "it is done now", true)
			p.move(p.dev, id, "1", "2")
			deleted = id
		}
	}
	return p, deleted
}

// keepStoreOf has a program of an earlier version poll that Jira, before and after a
// story is deleted, and keeps the store: in a file, and in a database if the program knows
// that.
func keepStoreOf(t *testing.T, program string, server *stack.Postgres) {
	p, deleted := schemaJira(t)
	// The program's clock is the machine's. Jira's was slow before the story was deleted, so
	// that a census is due.
	var slow atomic.Int64
	slow.Store(int64(time.Minute))
	p.site.Now = func() time.Time { return time.Now().Add(-time.Duration(slow.Load())) }
	srv := httptest.NewServer(p.server)
	defer srv.Close()
	dir, url := t.TempDir(), server.Database(t, t.Name())
	file := p.configured(dir, srv.URL, schemaScope, "")
	database := inDatabase(t, file, url)
	write(t, filepath.Join(filepath.Dir(database), "token"), "t0k3n\n")
	sync := func(config string) error {
		cmd := exec.CommandContext(t.Context(), program, "sync", "--config.file", config)
		out, err := cmd.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s sync: %w\n%s", program, err, out)
		}
		return err
	}
	other := sync(database)
	if err := sync(file); err != nil {
		t.Fatal(err)
	}
	slow.Store(0)
	p.site.DeleteIssue(deleted)
	if err := sync(file); err != nil {
		t.Fatal(err)
	}
	if other != nil {
		t.Logf("no database is kept: %v", other)
	} else {
		if err := sync(database); err != nil {
			t.Fatal(err)
		}
		keepDatabase(t, server, url)
	}

	path := filepath.Join(dir, "rig.db")
	db := stack.OpenSQL(t, "sqlite:"+path)
	var version int
	if err := db.QueryRowContext(t.Context(), `SELECT MAX(version) FROM schema_version`).Scan(&version); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `PRAGMA journal_mode = DELETE; VACUUM`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keepZipped(t, fmt.Sprintf("v%d.db.gz", version), data)
}

// keepDatabase keeps the store in a database, as statements.
func keepDatabase(t *testing.T, server *stack.Postgres, url string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `exec pg_dump --no-owner --inserts "$1"`, "sh", url)
	cmd.Env = server.Environ()
	data, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	// Commands of psql alone, and settings, differ between versions of the server.
	data = regexp.MustCompile(`(?m)^(\\|SET |--).*\n`).ReplaceAll(data, nil)
	keepZipped(t, fmt.Sprintf("postgres-v%s.sql.gz", textsAt(t, url, `SELECT MAX(version)::TEXT FROM schema_version`)[0]), data)
}

// keepZipped keeps a store, compressed, unless one is there.
func keepZipped(t *testing.T, name string, data []byte) {
	t.Helper()
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(everySchema, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		t.Logf("%s stays as it is: delete it first if it is to be made anew", name)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(zipped.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// unzippedFile returns what a compressed file holds.
func unzippedFile(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// untitled returns the waits that the command lists, without titles: a store from before
// there were any keeps none.
func untitled(t *testing.T, config string) []query.Part {
	t.Helper()
	list := waitsOf(t, config)
	for i := range list {
		list[i].Title = ""
	}
	return list
}

// storiesIn returns the keys of the stories of waits, in order.
func storiesIn(list []query.Part) (keys []string) {
	for i := range list {
		keys = append(keys, list[i].Story)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// eventsOf returns the stored events of all stories, each by its instant, rank and id.
func eventsOf(t *testing.T, st *store.Store) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for h, err := range st.Histories(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range h.Events {
			all[h.Key] = append(all[h.Key], fmt.Sprint(h.Events[i].At, h.Events[i].Rank, h.Events[i].ID))
		}
	}
	return all
}

// countedIn returns the identities of the entries of a store's ledger, each with whether it is counted.
func countedIn(t *testing.T, url string) []string {
	t.Helper()
	return textsAt(t, url, `SELECT story || ' ' || kind || ' ' || topic || ' ' || at || ' ' || counted FROM ledger ORDER BY 1`)
}

// counters returns the counters and histograms that the service serves.
func (p *rig) counters() map[string]float64 {
	p.Helper()
	w := httptest.NewRecorder()
	p.svc.ServeHTTP(w, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/metrics", nil))
	counters, _ := series(p.T, w.Body)
	return counters
}
