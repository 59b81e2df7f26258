package collector_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// wire is a network without sockets, on which one request goes wrong, or all
// from one on until it is mended. Within a bubble of synctest its waits
// take no time.
type wire struct {
	server  http.Handler
	fault   fault
	at      int    // the request that goes wrong, from 1; 0: none
	onwards bool   // and those behind it
	only    string // those that ask for this; "": all
	n       int    // requests so far
	hit     bool
	log     []string // what was asked for
}

// fault spoils the exchange of a request; right is the answer it should get.
type fault func(req *http.Request, right func() *http.Response) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.n++
	if req.Body == nil {
		req.Body = http.NoBody
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	what := asked(req, body)
	w.log = append(w.log, what)
	right := func() *http.Response {
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, req)
		res := rec.Result()
		res.Request = req
		return res
	}
	if w.at > 0 && (w.n == w.at || w.onwards && w.n > w.at) && (w.only == "" || w.only == what) {
		w.hit = true
		return w.fault(req, right)
	}
	return right(), nil
}

var number = regexp.MustCompile(`\d{3,}`)

// asked names the endpoint of a request, and for a search the fields that it is
// for.
func asked(req *http.Request, body []byte) string {
	what := req.Method + " " + number.ReplaceAllString(req.URL.Path, "N")
	var search struct {
		JQL    string   `json:"jql"`
		Fields []string `json:"fields"`
	}
	if json.Unmarshal(body, &search) == nil && search.JQL != "" {
		if what += " for stories"; len(search.Fields) == 1 {
			what = strings.Replace(what, "stories", search.Fields[0], 1)
		}
	}
	return what
}

// says returns a fault that answers otherwise.
func says(status int, body string, header ...string) fault {
	return func(req *http.Request, _ func() *http.Response) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	}
}

// drip is a body that comes a byte a minute.
type drip struct {
	io.ReadCloser
	ctx context.Context
}

func (d drip) Read(p []byte) (int, error) {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case <-timer.C:
		return d.ReadCloser.Read(p[:1])
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

// faults are what goes wrong between a poller and a Jira.
var faults = []struct {
	name  string
	fault fault
}{
	{"429", says(429, `{"errorMessages":["rate-limited"],"errors":{}}`, "Retry-After", "7")},
	{"429 without Retry-After", says(429, `{}`)},
	{"429 with a reset", says(429, ``, "X-RateLimit-Reset", "2026-03-02T16:00Z")},
	{"429 for hours", says(429, `<html></html>`, "Content-Type", "text/html", "Retry-After", "7200")},
	{"500", says(500, `{"errorMessages":["oops"],"errors":{}}`)},
	{"502", says(502, `<html>bad gateway</html>`, "Content-Type", "text/html")},
	{"503", says(503, ``, "Retry-After", "3")},
	{"login page", says(200, `<html>log in</html>`, "Content-Type", "text/html")},
	{"empty", says(200, ``)},
	{"cut", says(200, `{"issues":[{"id":"10001","fie`)},
	{"another document", says(200, `{"error":"none of your business"}`)},
	{"nobody's answer", says(200, `{"issues":[],"total":0,"isLast":true}`, "X-Seraph-LoginReason", "AUTHENTICATED_FAILED")},
	{"401", says(401, `<html>401</html>`, "Content-Type", "text/html", "X-Seraph-LoginReason", "AUTHENTICATED_FAILED")},
	{"403", says(403, `{"errorMessages":["CAPTCHA"],"errors":{}}`)},
	{"redirect", says(302, ``, "Location", "https://elsewhere.example/rest")},
	{"reset", func(*http.Request, func() *http.Response) (*http.Response, error) {
		return nil, errors.New("connection reset by peer")
	}},
	{"cut connection", func(_ *http.Request, right func() *http.Response) (*http.Response, error) {
		res := right()
		res.Body = io.NopCloser(io.MultiReader(io.LimitReader(res.Body, 20), iotest.ErrReader(io.ErrUnexpectedEOF)))
		return res, nil
	}},
	{"hang", func(req *http.Request, _ func() *http.Response) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}},
	{"drip", func(req *http.Request, right func() *http.Response) (*http.Response, error) {
		res := right()
		res.Body = drip{res.Body, req.Context()}
		return res, nil
	}},
}

// voyage is one store's way through a story of syncs, each repeated until it
// succeeds.
type voyage struct {
	*world
	counting *counting
	wire     *wire
	fails    int
}

// newVoyage returns a voyage that has not begun, with its store.
func newVoyage(t *testing.T, flavor jirasim.Flavor, path string) (*voyage, *store.Store) {
	v := &voyage{world: newSite(t, flavor, jirasim.Options{SearchPage: 50, ChangelogPage: 400, CommentPage: 2, InlineComments: 2})}
	st, err := store.Open(t.Context(), stack.StoreURL(t, path), store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	v.store = st
	v.wire = &wire{server: v.server}
	v.client = v.newClient("http://jira.example", v.wire)
	if v.counting, err = newCounting(st); err != nil {
		t.Fatal(err)
	}
	v.restart(func(o *collector.Options) {
		o.Projects, o.OpenQuestions = []string{"PAY", "OPS"}, v.counting.openQuestions
	})
	v.counting.collector = v.collector
	return v, st
}

// sail runs the story with one fault and returns the store's content after each chapter, and how
// many requests there were and cycles failed.
func sail(t *testing.T, flavor jirasim.Flavor, at int, f fault, onwards bool) (dump string, requests, failed int) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "voyage.db")
		v, st := newVoyage(t, flavor, path)
		v.wire.at, v.wire.fault, v.wire.onwards = at, f, onwards
		var dumps []string
		history(v.world, func(last bool) {
			v.complete()
			dumps = append(dumps, contents(t, path, last))
		})
		if at > 0 && !v.wire.hit {
			t.Errorf("there was no request %d", at)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		dump, requests, failed = strings.Join(dumps, "\n"), v.wire.n, v.fails
	})
	return dump, requests, failed
}

// complete runs cycles until one is complete with all that was due, and all that
// is final is counted. What is broken for good is mended after the first that
// fails.
func (v *voyage) complete() {
	v.Helper()
	for range 3 {
		if done, err := v.counting.turn(v.Context()); err == nil && done {
			return
		}
		v.fails++
		v.wire.onwards = false
		time.Sleep(10 * time.Minute) // what is due beside the changes is not tried again at once
		v.throttle = jira.Throttle{} // as if all time that Jira asked for were over
	}
	v.Fatal("three cycles failed for one fault")
}

// history is one in which everything happens that a sync must bring over and that is
// counted; end runs after each of its chapters, and gets which one is the last.
func history(w *world, end func(last bool)) {
	sync := func() { end(false) }
	boards := []*jirasim.Board{w.board(1, "PAY", "first"), w.board(2, "OPS", "other")}
	epic := w.create(w.ops)
	var ids []int64
	for i := range 330 {
		w.later(time.Second)
		ids = append(ids, w.create([]*jirasim.Project{w.pay, w.ops}[i%2]))
		if i%10 == 0 {
			w.grow(ids[i], 3, 4)
		}
	}
	key := "OPS-1"
	parent := fmt.Sprint(epic)
	w.site.Change(w.now(), w.dev, ids[0], map[string]any{"parent": map[string]any{"id": parent, "key": key}},
		jirasim.Item{Field: "IssueParentAssociation", FieldType: "jira", To: &parent, ToString: &key})
	question := w.site.Comment(w.now(), w.dev, ids[4], "why?")
	w.site.Change(w.now(), w.dev, ids[5], map[string]any{"status": "Open"}) // which cannot be read
	for _, id := range ids[40:60] {                                         // what a first count finds final
		w.move(id)
	}
	ask := w.site.Comment(w.now(), w.dev, ids[41], w.po.Mention(w.site.Flavor)+" why?")
	w.site.Comment(w.now(), w.dev, ids[42], w.po.Mention(w.site.Flavor)+" why?")
	w.later(10 * time.Minute)
	for _, id := range ids[40:45] {
		w.accept(id)
	}
	w.later(time.Hour)
	sync()
	w.later(20 * time.Minute)
	for _, id := range ids[45:50] { // what a reading by id must confirm
		w.accept(id)
	}
	w.site.EditComment(w.now(), ids[41], ask, "never mind", false) // which another reading of open questions shows
	for _, id := range ids[100:120] {
		w.move(id)
		w.grow(id, 1, 3)
	}
	w.site.EditComment(w.now(), ids[4], question, "so", true)
	w.create(w.pay)
	w.later(time.Minute)
	sync()
	w.site.Update(func() { boards[0].Sprints[0].Name = "renamed" })
	w.site.DeleteComment(w.now(), ids[4], question, true)
	w.site.DeleteIssue(ids[7])
	w.site.Hide(ids[8], true)
	w.site.Change(w.now(), w.dev, ids[5], map[string]any{"status": map[string]any{"id": "1", "name": "Open"}})
	w.blind = map[int64]bool{w.create(w.pay): true}
	w.later(3 * time.Hour)
	sync()
	w.blind = nil
	for _, id := range ids[100:105] {
		w.accept(id)
	}
	w.later(4 * time.Hour)
	sync() // with a census
	w.site.Hide(ids[8], false)
	w.later(7 * time.Hour)
	sync()
	w.later(2 * time.Hour)
	end(true)
}

// accept moves an issue from PO Review to Done, as its owner.
func (w *world) accept(id int64) {
	from, to, review, done := "2", "3", "PO Review", "Done"
	w.site.Change(w.now(), w.po, id, map[string]any{"status": map[string]any{"id": to, "name": done}},
		jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &review, To: &to, ToString: &done})
}

// manyRuns are so many that every request must have been spoiled in one.
const manyRuns = 300

// TestFaultAtEveryRequest holds that no fault at any request, for once or until
// it is mended, loses anything or brings anything twice.
func TestFaultAtEveryRequest(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			want, requests, failed := sail(t, flavor, 0, nil, false)
			if failed != 0 {
				t.Fatal("a cycle failed without a fault")
			}
			runs := suite.Count(t, "YOURTURN_FAULT_RUNS", 6, len(faults))
			stride := requests * 5 / 8
			for gcd(stride, requests) > 1 {
				stride++
			}
			hit := map[int]bool{}
			for i := range runs {
				// As many runs as there are requests have a fault at each, fewer are
				// spread over all of them and over all kinds of faults; and the next round
				// has other faults there.
				f, at, onwards := faults[(i*7+i/requests)%len(faults)], 1+i*stride%requests, i%2 == 1
				hit[at] = true
				label := fmt.Sprintf("%s at request %d of %d, from then on: %t", f.name, at, requests, onwards)
				got, _, _ := sail(t, flavor, at, f.fault, onwards)
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Fatalf("%s: the store differs (-without fault +with):\n%s", label, diff)
				}
			}
			if runs >= manyRuns && len(hit) != requests {
				t.Errorf("%d runs had a fault at %d of %d requests", runs, len(hit), requests)
			}
			figures.Note(t, "%d runs with faults, at %d of %d requests: no store differs from that without faults", runs, len(hit), requests)
		})
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// contents returns all that a store holds, a row a line. Sprints are read every
// hour, and again an hour later if that fails: only at the end are they known to
// be those of Jira.
func contents(t *testing.T, path string, sprints bool) string {
	t.Helper()
	db := stack.OpenSQL(t, stack.StoreURL(t, path))
	var lines []string
	tables := []string{"meta", "story", "event", "parent", "account", "lead", "ledger", "quarantine", "outside", "note"}
	if sprints {
		tables = append(tables, "sprint")
	}
	for _, table := range tables {
		lines = append(lines, tableLines(t, db, table)...)
	}
	slices.Sort(lines)
	return machineClock.ReplaceAllString(strings.Join(lines, "\n"), "")
}

// machineClock is what a store says of the clock of the machine that filled it: two
// runs of one history differ in that alone.
var machineClock = regexp.MustCompile(`,\\"skew\\":-?\d+`)

// tableLines returns the rows of a table as text.
func tableLines(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM `+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		line := table
		for i, v := range values {
			if columns[i] == "revision" { // how many transactions wrote before, which a fault changes
				continue
			}
			line += fmt.Sprintf(" %s=%q", columns[i], fmt.Sprint(v))
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
