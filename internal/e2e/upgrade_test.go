package e2e

import (
	"maps"
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

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestUpgrade starts the service on a store that an earlier release filled and
// counted, whose rules saw a story of each kind otherwise (testdata/upgrade says
// how it was made). The upgrade moves no counter and no histogram, neither when
// the service starts nor when it polls: what the rules now see otherwise is listed
// as corrected. What happens afterwards is counted, once.
func TestUpgrade(t *testing.T) {
	u := newUpgrade(t)
	before := u.earlier()
	p := newPoller(t, u.config, u.now)
	if err := p.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.unmoved("when it starts", before, u.scrape(p))
	if n := p.look(); n != 0 {
		t.Errorf("a poll of the same Jira found %d new events", n)
	}
	u.unmoved("after a poll", before, u.scrape(p))
	u.corrected(p)

	// Ada accepts a story that her team hands in, and answers a question.
	u.change("dev", "status", "1", "Open", "10", "PO Review")
	u.clock.Add(int64(time.Hour))
	p.look()
	u.change("ada", "status", "10", "PO Review", "6", "Done")
	want := maps.Clone(before)
	for range 3 { // counted at the second look, when no slip can undo it any more
		u.clock.Add(int64(time.Hour))
		p.look()
	}
	got := u.scrape(p)
	for id, by := range map[string]float64{
		"po_waits_ended_total{kind=acceptance,outcome=accepted,owner=ada,project=PAY,responder=owner}": 1,
		"po_waits_met_total{kind=acceptance,owner=ada,project=PAY}":                                    1,
	} {
		want[id] += by
		if got[id] != want[id] {
			t.Errorf("after one more acceptance %s is %v, want %v", id, got[id], want[id])
		}
	}
	for id := range got {
		if !strings.HasPrefix(id, "po_acceptance_latency") && got[id] != want[id] {
			t.Errorf("%s was %v before the upgrade and is %v after one more acceptance", id, before[id], got[id])
		}
	}
}

// upgrade is a simulated Jira and a copy of the store that was made of it.
type upgrade struct {
	*testing.T
	site   *jirasim.Site
	config string
	clock  atomic.Int64 // ns
}

// now is the clock of that Jira, and of the machine.
func (u *upgrade) now() time.Time { return time.Unix(0, u.clock.Load()).UTC() }

const upgradeData = "testdata/upgrade"

func newUpgrade(t *testing.T) *upgrade {
	u := &upgrade{T: t}
	u.clock.Store(time.Date(2026, time.November, 30, 12, 0, 0, 0, time.UTC).UnixNano())
	site, err := jirasim.LoadExport(filepath.Join(upgradeData, "stories.jsonl"), jirasim.DataCenter, u.now)
	if err != nil {
		t.Fatal(err)
	}
	u.site = site
	srv := httptest.NewServer(jirasim.NewServer(site, jirasim.Options{Token: "t0k3n", ContextPath: "/jira"}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(upgradeData, "yourturn.yml"))
	if err != nil {
		t.Fatal(err)
	}
	u.config = filepath.Join(dir, "yourturn.yml")
	write(t, filepath.Join(dir, "token"), "t0k3n\n")
	write(t, u.config, strings.NewReplacer("JIRA", srv.URL+"/jira", "yourturn.db", filepath.Join(dir, "yourturn.db"), "token_file: token", "token_file: "+filepath.Join(dir, "token")).Replace(string(text)))
	write(t, filepath.Join(dir, "yourturn.db"), u.unzipped("store.db.gz"))
	return u
}

// unzipped returns what a compressed file of the fixture holds.
func (u *upgrade) unzipped(name string) string {
	u.Helper()
	return string(unzippedFile(u.T, filepath.Join(upgradeData, name)))
}

// earlier returns the counters and histograms that the earlier release served.
func (u *upgrade) earlier() map[string]float64 {
	u.Helper()
	counters, _ := series(u.T, strings.NewReader(u.unzipped("metrics.txt.gz")))
	return counters
}

// scrape returns the counters and histograms that the service serves.
func (u *upgrade) scrape(p *poller) map[string]float64 {
	u.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	counters, _ := series(u.T, w.Body)
	return counters
}

// unmoved fails the test if a counter or a histogram is not what it was. A series
// that is new is at 0.
func (u *upgrade) unmoved(when string, before, after map[string]float64) {
	u.Helper()
	want := maps.Clone(before)
	for id, v := range after {
		if _, ok := want[id]; !ok && v == 0 {
			want[id] = 0
		}
	}
	if d := gocmp.Diff(want, after); d != "" {
		u.Errorf("counters %s (-earlier release +this one):\n%s", when, d)
	}
}

// corrected fails the test unless the audit names, as corrected, the stories that
// the earlier rules counted otherwise, and no other.
func (u *upgrade) corrected(p *poller) {
	u.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	_, gauges := series(u.T, w.Body)
	if n := gauges["po_audit_findings{project=PAY,reason=corrected}"]; n == 0 {
		u.Error("po_audit_findings says that nothing was corrected in PAY")
	}
	got, other := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(yourturn(u.T, 0, "waits", "--audit", "--config.file", u.config)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "corrected" {
			got[words[1]] = true
		} else if len(words) > 1 {
			other[words[0]+" "+words[1]] = true
		}
	}
	for finding, want := range map[string]bool{
		"migration PAY-11":      false, // D7: a change of workflow that moved nothing
		"migration PAY-19":      true,
		"before_created PAY-13": true,
	} {
		if other[finding] != want {
			u.Errorf("the audit lists %s: %t, want %t", finding, other[finding], want)
		}
	}
	want := []string{
		"PAY-10", // D5: a resolution that is set early, and a move later
		"PAY-12", // D8: of a type that there is no more, for a while
		"PAY-13", // D9: a record from before its creation
		"PAY-15", // Names and ids: it came from another Jira
		"PAY-16", // Bypassed: automation accepts what it moved in
		"PAY-24", // Lapse: over the parts
		"PAY-3",  // D1: the owner asks, then the story is handed over
		"PAY-5",  // D2: who was asked by name answers after the hand-over
		"PAY-6",  // D3: the last part is so short that it belongs to the one before
		"PAY-7",  // D4: the component had another name
		"PAY-8",  // D5: a leftover resolution
		"PAY-9",  // D6: the asker takes the story and closes it
		"WEB-1",  // Zones: the project's owners change at midnight of its zone
		"WEB-2",  // the same
	}
	if d := gocmp.Diff(want, slices.Sorted(maps.Keys(got))); d != "" {
		u.Errorf("stories that are listed as corrected (-want +got):\n%s", d)
	}
}

// change lets somebody move PAY-2, which waits for nothing.
func (u *upgrade) change(who, field, from, fromName, to, toName string) {
	u.Helper()
	const story = 101
	item := jirasim.Item{Field: field, FieldType: "jira", From: &from, FromString: &fromName, To: &to, ToString: &toName}
	category := map[string]string{"10": "indeterminate", "6": "done"}[to]
	status := map[string]any{"id": to, "name": toName, "statusCategory": map[string]any{"key": category}}
	u.site.Change(u.site.Now(), u.site.User(who), story, map[string]any{"status": status}, item)
}
