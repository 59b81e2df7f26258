package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// A Jira can make a poller silently wrong in ten ways. Each has a test here:
// the service reads a Jira that does it, gets its numbers right or says that it
// cannot, and says so where an operator looks; and it says nothing where the
// Jira does nothing wrong.

// pit is a service that reads a small Jira, cycle by cycle.
type pit struct {
	*testing.T
	site     *jirasim.Site
	server   *jirasim.Server
	svc      *service
	log      *output
	clock    atomic.Int64 // Jira's, ms
	fault    func(*http.Request) *jirasim.Fault
	blind    func(issue int64) bool
	lost     func(issue, record int64) bool
	pay, ops *jirasim.Project
	dev, po  *jirasim.User
}

// pits runs a test against both flavours of Jira.
func pits(t *testing.T, limits jirasim.Options, f func(*pit)) {
	t.Helper()
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) { f(newPit(t, flavor, limits, "")) })
	}
}

// newPit returns a service on a Jira with limits; more is appended to its config.
func newPit(t *testing.T, flavor jirasim.Flavor, limits jirasim.Options, more string) *pit {
	p := &pit{T: t, log: &output{}}
	p.clock.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixMilli())
	s := jirasim.NewSite(flavor, p.now)
	p.site = s
	user := func(ref, kind string) *jirasim.User {
		return s.AddUser(&jirasim.User{
			Ref: ref, AccountID: "acc-" + ref, Name: ref, Key: "JIRAUSER-" + ref,
			DisplayName: strings.ToUpper(ref), AccountType: kind, Active: true, TimeZone: "Europe/Berlin",
		})
	}
	p.dev, p.po, s.Self = user("dev", "atlassian"), user("po", "atlassian"), user("bot", "atlassian")
	for _, st := range []jirasim.Status{{ID: "1", Name: "Open", Category: "new"}, {ID: "2", Name: "PO Review", Category: "indeterminate"}, {ID: "3", Name: "Done", Category: "done"}} {
		s.AddStatus(&st)
	}
	s.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	s.AddField(&jirasim.Field{ID: "customfield_10050", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
	p.pay = s.AddProject(&jirasim.Project{ID: "100", Key: "PAY", Name: "Payments", Lead: p.po, IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})
	p.ops = s.AddProject(&jirasim.Project{ID: "101", Key: "OPS", Name: "Operations", Lead: p.po, IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})

	limits.Token, limits.Email = "t0k3n", "bot@example.com"
	if flavor == jirasim.DataCenter {
		limits.Email, limits.ContextPath = "", "/jira"
	}
	limits.Unindexed = func(id int64) bool { return p.blind != nil && p.blind(id) }
	limits.LoseRecord = func(issue, record int64) bool { return p.lost != nil && p.lost(issue, record) }
	limits.Fault = func(r *http.Request) *jirasim.Fault {
		if p.fault == nil {
			return nil
		}
		return p.fault(r)
	}
	p.server = jirasim.NewServer(s, limits)
	srv := httptest.NewServer(p.server)
	t.Cleanup(srv.Close)

	dir := t.TempDir()
	write(t, filepath.Join(dir, "token"), "t0k3n\n")
	text := fmt.Sprintf("jira: {url: %q, flavor: %s, email: %q, token_file: token, projects: [PAY, OPS]}\n", srv.URL+limits.ContextPath, flavor, limits.Email) +
		fmt.Sprintf("store: {url: %q}\n", "sqlite:"+filepath.Join(dir, "pit.db")) +
		"calendar: {time_zone: UTC, hours: {mon-sun: [\"00:00-24:00\"]}}\n" +
		"defaults: {owner_field: Product Owner}\n" +
		fmt.Sprintf("owners: {po: {accounts: [%s]}}\n", p.po.ID(flavor)) + more
	path := filepath.Join(dir, "yourturn.yml")
	write(t, path, text)
	cfg, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := newLogger(p.log, "info", "json")
	if err != nil {
		t.Fatal(err)
	}
	if p.svc, err = newService(t.Context(), cfg, log, 10000, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.svc.close() }) //nolint:errcheck // the test is over
	return p
}

// now returns Jira's clock; later moves it.
func (p *pit) now() time.Time        { return time.UnixMilli(p.clock.Load()).UTC() }
func (p *pit) later(d time.Duration) { p.clock.Add(d.Milliseconds()) }

// create creates a story, open and owned by po.
func (p *pit) create(project *jirasim.Project) int64 {
	return p.site.CreateIssue(p.now(), p.dev, project, map[string]any{
		"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"},
		"status": map[string]any{"id": "1", "name": "Open"}, "customfield_10050": p.po,
	})
}

// names are the names that the statuses have by their ids.
var names = map[string]string{"1": "Open", "2": "PO Review", "3": "Done"}

// move moves a story between statuses and returns the record.
func (p *pit) move(actor *jirasim.User, id int64, from, to string, more ...jirasim.Item) int64 {
	before, after := names[from], names[to]
	items := append([]jirasim.Item{{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &before, To: &to, ToString: &after}}, more...)
	return p.site.Change(p.now(), actor, id, map[string]any{"status": map[string]any{"id": to, "name": after}}, items...)
}

// errEnough ends a run after one cycle.
var errEnough = errors.New("enough")

// cycle runs one cycle as the service does and returns why it failed.
func (p *pit) cycle() (failed error) {
	p.Helper()
	err := p.svc.collector.Run(p.Context(), collector.Schedule{Interval: time.Hour, After: func(res collector.Result, err error) error {
		failed = errors.Join(err, res.Unlooked)
		if err := p.svc.afterCycle(p.Context(), res, err); err != nil {
			return errors.Join(err, errEnough)
		}
		return errEnough
	}})
	if !errors.Is(err, errEnough) {
		p.Fatal(err)
	}
	return failed
}

// fine runs a cycle that must be complete.
func (p *pit) fine() {
	p.Helper()
	if err := p.cycle(); err != nil {
		p.Fatal(err)
	}
}

// settle runs a cycle by which what happened before it is final.
func (p *pit) settle() {
	p.Helper()
	p.later(10 * time.Minute)
	p.fine()
}

// metric returns the value of a series as /metrics shows it; -1 if it is not there.
func (p *pit) metric(series string) float64 {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.pages.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/metrics", nil))
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(rec.Body.String())
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// shows fails unless a series has a value.
func (p *pit) shows(series string, want float64) {
	p.Helper()
	if got := p.metric(series); got != want {
		p.Errorf("%s is %v, want %v", series, got, want)
	}
}

// logs fails unless the log says something, or does not.
func (p *pit) logs(text string, want bool) {
	p.Helper()
	if got := strings.Contains(p.log.String(), text); got != want {
		p.Errorf("the log says %q: %t, want %t:\n%s", text, got, want, p.log)
	}
}

// notes returns what the audit has beside the events' findings, by reason.
func (p *pit) notes() map[string]int {
	p.Helper()
	list, err := p.svc.store.Notes(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	out := map[string]int{}
	for _, n := range list {
		out[n.Reason]++
	}
	return out
}

// lists fails unless yourturn waits --audit lists findings of a reason, or does not.
func (p *pit) lists(reason string, want bool) {
	p.Helper()
	text := command(p.T, 0, "waits", "--audit", "--config.file", p.svc.cfg.File())
	if got := strings.Contains(text, reason); got != want {
		p.Errorf("the audit lists %q: %t, want %t:\n%s", reason, got, want, text)
	}
}

func (p *pit) state() archive.State {
	p.Helper()
	st, err := p.svc.store.State(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	return st
}

// events returns the stored events of a story.
func (p *pit) events(id int64) []latency.Event {
	p.Helper()
	for h, err := range p.svc.store.Histories(p.Context(), []int64{id}) {
		if err != nil {
			p.Fatal(err)
		}
		return slices.Clone(h.Events)
	}
	return nil
}

// has tells how many events of a rank a story has.
func (p *pit) has(id int64, rank latency.Rank) int {
	p.Helper()
	n := 0
	for _, ev := range p.events(id) {
		if ev.Rank == rank {
			n++
		}
	}
	return n
}

// finding returns the series of a finding in PAY.
func finding(reason string) string {
	return fmt.Sprintf(`po_audit_findings{project="PAY",reason=%q}`, reason)
}

// open is the series of open acceptance waits in PAY.
const open = `po_waits_open{kind="acceptance",owner="po",project="PAY"}`

// Pitfall 1: a token that is dead, or of an account that may see nothing, is
// answered as if Jira were empty.
func TestPitfall01DeadTokenIsNoEmptyJira(t *testing.T) {
	pits(t, jirasim.Options{}, func(p *pit) {
		var ids []int64
		for range 20 {
			ids = append(ids, p.create(p.pay))
			p.move(p.dev, ids[len(ids)-1], "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		p.shows("yourturn_poll_success", 1)
		p.shows(open, 20)
		p.logs("a poll cycle failed", false)
		p.lists(archive.NoteFailed, false)
		before := p.state()

		searches := 0
		p.fault = func(r *http.Request) *jirasim.Fault { // in mid-run: who asks is proved already
			if strings.Contains(r.URL.Path, "/search") {
				if searches++; searches == 1 {
					p.server.Revoke()
				}
			}
			return nil
		}
		p.later(time.Minute)
		if err := p.cycle(); !errors.Is(err, jira.ErrUnauthorized) {
			p.Errorf("revoked in mid-run: got error %v, want %v", err, jira.ErrUnauthorized)
		}
		p.shows("yourturn_poll_success", 0)
		p.shows(`yourturn_poll_failures_total{reason="unauthorized"}`, 1)
		p.logs("a poll cycle failed", true)
		p.lists(archive.NoteFailed, true)
		p.fault = nil
		p.server.Restore()
		for _, id := range ids {
			p.site.Hide(id, true)
		}
		if err := p.cycle(); !errors.Is(err, collector.ErrBlind) {
			p.Errorf("nothing to be seen: got error %v, want %v", err, collector.ErrBlind)
		}
		p.shows(`yourturn_poll_failures_total{reason="blind"}`, 1)
		p.shows(open, 20)
		if got := p.state(); got.Watermark != before.Watermark || got.DataTimestamp != before.DataTimestamp {
			p.Errorf("the state moved from %+v to %+v", before, got)
		}
		for _, id := range ids {
			p.site.Hide(id, false)
		}
		p.fine()
		p.shows("yourturn_poll_success", 1)
		p.shows(open, 20)
		p.lists(archive.NoteFailed, false)
	})
}

// A token that dies while a census asks for stories by id proves nothing of them.
func TestPitfall01TokenThatDiesInACensus(t *testing.T) {
	for _, bulk := range []bool{true, false} { // whether it dies before they are asked for together or one by one
		t.Run(fmt.Sprint("before they are asked for together: ", bulk), func(t *testing.T) {
			pits(t, jirasim.Options{}, func(p *pit) {
				var ids []int64
				for range 60 {
					ids = append(ids, p.create(p.pay))
					p.move(p.dev, ids[len(ids)-1], "1", "2")
				}
				p.later(time.Hour)
				p.fine()
				p.later(time.Minute)
				p.fine()
				lost := map[int64]bool{ids[3]: true, ids[4]: true} // to searches alone
				p.blind = func(id int64) bool { return lost[id] }
				p.fault = func(r *http.Request) *jirasim.Fault {
					together := strings.HasSuffix(r.URL.Path, "/issue/bulkfetch")
					if together && !bulk {
						return &jirasim.Fault{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"issues":[],"issueErrors":[]}`}
					}
					if together || strings.Contains(r.URL.Path, "/issue/1") {
						p.server.Revoke()
					}
					return nil
				}
				p.later(7 * time.Hour)
				if err := p.cycle(); !errors.Is(err, jira.ErrUnauthorized) {
					p.Errorf("got error %v, want %v", err, jira.ErrUnauthorized)
				}
				if n := p.has(ids[3], latency.RankGone) + p.has(ids[4], latency.RankGone); n != 0 {
					p.Errorf("%d stories that are there were taken for deleted", n)
				}
				p.shows("yourturn_census_failures_total", 1)
				p.logs("was not looked at", true)
				p.fault, p.blind = nil, nil
				p.server.Restore()
				p.settle()
				p.shows(open, 60)
			})
		})
	}
}

// Pitfall 2: a changelog that is cut, so that waits begin where they did not.
func TestPitfall02CutChangelog(t *testing.T) {
	pits(t, jirasim.Options{ChangelogPage: 60}, func(p *pit) {
		lengths := []int{39, 40, 41, 100, 101, 250}
		ids := make([]int64, len(lengths))
		for i, n := range lengths {
			ids[i] = p.create(p.pay)
			p.later(time.Minute)
			p.move(p.dev, ids[i], "1", "2")
			for range n - 1 {
				p.later(time.Second)
				p.site.Change(p.now(), p.dev, ids[i], nil, jirasim.Item{Field: "summary", FieldType: "jira"})
			}
		}
		var records []int64
		broken := p.create(p.pay)
		for _, step := range []string{"12", "21", "12"} {
			p.later(time.Hour)
			records = append(records, p.move(p.dev, broken, step[:1], step[1:]))
		}
		p.later(time.Hour)
		p.fine()
		for i, id := range ids {
			if got := p.has(id, latency.RankRecord); got != lengths[i] {
				p.Errorf("got %d records of %d", got, lengths[i])
			}
		}
		p.shows(open, float64(len(lengths)+1))
		for _, reason := range []string{latency.FindBrokenChain, latency.FindLastStatus} {
			p.shows(finding(reason), 0)
			p.logs(reason, false)
			p.lists(reason, false)
		}

		for reason, missing := range map[string]int64{latency.FindBrokenChain: records[1], latency.FindLastStatus: records[2]} {
			q := newPit(p.T, p.site.Flavor, jirasim.Options{}, "")
			id := q.create(q.pay)
			var again []int64
			for _, step := range []string{"12", "21", "12"} {
				q.later(time.Hour)
				again = append(again, q.move(q.dev, id, step[:1], step[1:]))
			}
			gone := again[slices.Index(records, missing)]
			q.lost = func(_, record int64) bool { return record == gone }
			q.later(time.Hour)
			q.fine()
			q.shows(finding(reason), 1)
			q.logs(reason, true)
			q.lists(reason, true)
		}
	})
}

// Pitfall 3: queries name instants in a zone that is not the poller's, cut to
// the minute.
func TestPitfall03InstantsInQueries(t *testing.T) {
	for _, zone := range []string{"Pacific/Honolulu", "Asia/Kolkata", "Pacific/Auckland", "Europe/Berlin"} {
		for _, deaf := range []bool{false, true} {
			t.Run(fmt.Sprint(zone, " does not understand instants: ", deaf), func(t *testing.T) {
				pits(t, jirasim.Options{}, func(p *pit) {
					p.site.Self.TimeZone, p.site.NoInstants = zone, deaf
					p.site.Zone = time.FixedZone("", -7*3600) // what Jira writes is in a zone of its own
					p.clock.Store(time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC).UnixMilli())
					id := p.create(p.pay)
					p.later(time.Hour)
					p.fine()
					moves := 0
					for i := range 12 { // over the change of the clock in Berlin
						p.later(9*time.Minute + 59*time.Second + 999*time.Millisecond)
						p.move(p.dev, id, []string{"1", "2"}[i%2], []string{"2", "1"}[i%2])
						moves++
						p.later(time.Millisecond)
						p.fine()
						if got := p.has(id, latency.RankRecord); got != moves {
							t.Fatalf("got %d moves of %d", got, moves)
						}
					}
					want := 0.0
					if deaf {
						want = 1
					}
					p.shows("yourturn_poll_zone_literals", want)
					p.logs("does not understand instants", deaf)
					p.lists(archive.NoteZoned, deaf)
				})
			})
		}
	}
}

// The zone is one of a profile, which people change.
func TestPitfall03ZoneOfTheProfile(t *testing.T) {
	for _, zones := range [][2]string{{"Pacific/Auckland", "Pacific/Honolulu"}, {"Pacific/Honolulu", "Pacific/Auckland"}} {
		for _, midway := range []bool{false, true} {
			t.Run(fmt.Sprint(zones[0], " to ", zones[1], ", in the middle of a poll: ", midway), func(t *testing.T) {
				pits(t, jirasim.Options{}, func(p *pit) {
					p.site.Self.TimeZone, p.site.NoInstants = zones[0], true
					id := p.create(p.pay)
					p.later(time.Hour)
					p.fine()
					moves := 0
					step := func() {
						p.move(p.dev, id, []string{"1", "2"}[moves%2], []string{"2", "1"}[moves%2])
						moves++
						p.later(time.Minute)
						p.fine()
					}
					step()
					p.later(20 * time.Minute)
					p.fine()
					p.logs("zone of the account's profile was changed", false)
					change := func() { p.site.Update(func() { p.site.Self.TimeZone = zones[1] }) }
					if midway {
						p.fault = func(r *http.Request) *jirasim.Fault {
							if strings.Contains(r.URL.Path, "/search") {
								change()
							}
							return nil
						}
					} else {
						change()
					}
					step() // a change in the old zone's poll need not be found in it
					p.fault = nil
					p.later(time.Hour)
					p.fine()
					p.logs("zone of the account's profile was changed", true)
					p.lists(archive.NoteZoned, true)
					for range 3 {
						step()
						if got := p.has(id, latency.RankRecord); got != moves {
							t.Fatalf("got %d moves of %d", got, moves)
						}
					}
				})
			})
		}
	}
}

// Pitfall 4: a search index that lags, so that what is behind the watermark is
// shown later than what is before it.
func TestPitfall04IndexThatLags(t *testing.T) {
	for _, lags := range []bool{false, true} {
		t.Run(fmt.Sprint("lags: ", lags), func(t *testing.T) {
			limits := jirasim.Options{}
			if lags { // no two issues alike: what happens later may be seen first
				limits.IndexLagOf = func(issue int64) time.Duration { return time.Duration(issue*7%10) * time.Minute }
			}
			pits(t, limits, func(p *pit) {
				var ids []int64
				for range 30 {
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				p.fine()
				for _, id := range ids {
					p.move(p.dev, id, "1", "2")
					p.later(30 * time.Second)
					p.fine()
				}
				for range 10 {
					p.later(time.Minute)
					p.fine()
				}
				for _, id := range ids {
					if got := p.has(id, latency.RankRecord); got != 1 {
						p.Errorf("story %d has %d records, want 1", id, got)
					}
				}
				p.shows(open, 30)
				if late := p.metric("yourturn_poll_late_seconds_count"); (late > 0) != lags {
					p.Errorf("%v stories were late, and the index lags: %t", late, lags)
				}
				p.logs("should have seen", lags)
				p.lists(archive.NoteLate, lags)
			})
		})
	}
}

// Pitfall 5: a cycle of which a part failed, taken for complete.
func TestPitfall05PartOfACycle(t *testing.T) {
	pits(t, jirasim.Options{SearchPage: 10}, func(p *pit) {
		var ids []int64
		for range 40 {
			p.later(time.Second)
			ids = append(ids, p.create(p.pay))
		}
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		p.shows(`yourturn_poll_failures_total{reason="bad_reply"}`, -1)
		p.logs("a poll cycle failed", false)
		p.lists(archive.NoteFailed, false)
		for _, id := range ids {
			p.move(p.dev, id, "1", "2")
		}
		p.later(time.Minute)
		before := p.state()
		const pages = 4
		for page := 1; page <= pages; page++ {
			for _, f := range []jirasim.Fault{
				{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>log in</html>"},
				{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"issues":[{"id":"10001","fie`},
				{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}},
				{Status: 403, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"errorMessages":["no"]}`},
			} {
				searches := 0
				p.fault = func(r *http.Request) *jirasim.Fault {
					if strings.Contains(r.URL.Path, "/search") {
						if searches++; searches == page {
							return &f
						}
					}
					return nil
				}
				if err := p.cycle(); err == nil {
					p.Errorf("page %d answered with %d %q: the cycle is complete", page, f.Status, f.Body)
				}
				if got := p.state(); got.Watermark != before.Watermark || got.DataTimestamp != before.DataTimestamp {
					p.Errorf("page %d answered with %d %q: the state moved", page, f.Status, f.Body)
				}
			}
		}
		p.shows(`yourturn_poll_failures_total{reason="bad_reply"}`, 3*pages)
		p.shows(`yourturn_poll_failures_total{reason="forbidden"}`, pages)
		p.logs("a poll cycle failed", true)
		p.lists(archive.NoteFailed, true)
		p.fault = nil
		p.fine()
		p.lists(archive.NoteFailed, false)
		p.shows(open, 40)

		// One issue that cannot be read spoils itself alone.
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": "PO Review"})
		p.move(p.po, ids[4], "2", "3")
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 1)
		p.logs("cannot be read", true)
		p.lists(archive.NoteQuarantined, true)
		if n := p.notes()[archive.NoteQuarantined]; n != 1 || p.has(ids[4], latency.RankRecord) != 2 {
			p.Errorf("got %d issues in quarantine and %d records of another", n, p.has(ids[4], latency.RankRecord))
		}
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": map[string]any{"id": "2", "name": "PO Review"}})
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)
	})
}

// Pitfall 6: comments that are cut, hidden, or edited without a trace.
func TestPitfall06Comments(t *testing.T) {
	pits(t, jirasim.Options{InlineComments: 20, CommentPage: 50, CountRestricted: true}, func(p *pit) {
		lengths := []int{19, 20, 21, 100, 101, 120}
		ids := make([]int64, len(lengths))
		question := func(id int64) int64 {
			return p.site.Comment(p.now(), p.dev, id, p.po.Mention(p.site.Flavor)+" which currency?")
		}
		for i, n := range lengths {
			ids[i] = p.create(p.pay)
			question(ids[i]) // the oldest, which is what a cut leaves out
			for range n - 1 {
				p.later(time.Second)
				p.site.Comment(p.now(), p.dev, ids[i], "so")
			}
		}
		p.later(time.Hour)
		p.fine()
		const asked = `po_waits_open{kind="question",owner="po",project="PAY"}`
		p.shows(asked, float64(len(lengths)))
		for i, id := range ids {
			if got := p.has(id, latency.RankCommentAdded); got != lengths[i] {
				p.Errorf("got %d comments of %d", got, lengths[i])
			}
		}
		p.shows(`yourturn_odd_stories{reason="comments_short"}`, 0)
		p.logs("does not give all comments", false)
		p.lists(archive.NoteCommentsShort, false)

		// An answer is edited, and another one deleted: the team has read them.
		first := p.site.Comment(p.now(), p.po, ids[0], "euros")
		second := p.site.Comment(p.now(), p.po, ids[1], "euros")
		p.later(time.Hour)
		p.fine()
		p.shows(asked, float64(len(lengths)-2))
		p.site.EditComment(p.now(), ids[0], first, "dollars", true)
		p.site.DeleteComment(p.now(), ids[1], second, true)
		p.later(time.Hour)
		p.fine()
		p.shows(asked, float64(len(lengths)-2))

		// A question is taken back without a trace that a search would show.
		open := p.create(p.pay)
		taken := question(open)
		p.later(2 * time.Hour)
		p.fine()
		p.shows(asked, float64(len(lengths)-1))
		p.site.DeleteComment(p.now(), open, taken, false)
		p.later(2 * time.Hour)
		p.fine()
		p.settle()
		p.shows(asked, float64(len(lengths)-2))

		p.site.Restrict(ids[5], p.site.Comment(p.now(), p.po, ids[5], "among us: euros"), true)
		p.later(time.Hour)
		p.fine()
		p.shows(`yourturn_odd_stories{reason="comments_short"}`, 1)
		p.logs("does not give all comments", true)
		p.lists(archive.NoteCommentsShort, true)
		if n := p.notes()[archive.NoteCommentsShort]; n != 1 {
			p.Errorf("the audit has %d stories with comments that are not given, want 1", n)
		}
	})
}

// Pitfall 7: stories that vanish or move, and stay open for ever.
func TestPitfall07VanishedStories(t *testing.T) {
	pits(t, jirasim.Options{}, func(p *pit) {
		var ids []int64
		for range 60 {
			ids = append(ids, p.create(p.pay))
			p.move(p.dev, ids[len(ids)-1], "1", "2")
		}
		foreign := p.site.AddProject(&jirasim.Project{ID: "102", Key: "HR", Name: "People", IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})
		other := p.create(p.ops)
		p.later(time.Hour)
		p.fine()
		p.shows(open, 60)
		p.shows(`yourturn_census_stories{result="gone"}`, 0)
		p.shows("yourturn_census_stopped", 0)
		p.logs(`"gone":0`, true)
		p.lists(latency.FindGone, false)

		p.site.DeleteIssue(ids[30])
		p.site.Hide(ids[31], true) // a security level
		p.site.Move(p.now(), p.dev, ids[32], foreign, nil)
		p.site.Move(p.now(), p.dev, ids[33], p.ops, nil)
		p.later(7 * time.Hour)
		p.fine()
		p.shows(`yourturn_census_stories{result="gone"}`, 2)
		p.shows(`yourturn_census_stories{result="moved"}`, 1)
		p.settle()
		p.shows(open, 56)
		p.shows(finding(latency.FindGone), 2)
		p.lists(latency.FindGone, true)
		p.logs(`"gone":2`, true)
		p.logs("a story moved to a project that is not watched", true)

		p.site.Hide(ids[31], false)
		p.later(7 * time.Hour)
		p.fine()
		p.shows(open, 57) // anew, from the poll that saw it
		p.shows(`yourturn_census_stories{result="returned"}`, 1)

		// A project that may not be browsed any more fails the cycle.
		p.site.Archive(p.ops, true)
		p.later(7 * time.Hour)
		if err := p.cycle(); !errors.Is(err, jira.ErrRefused) {
			p.Errorf("a project is gone: got error %v, want %v", err, jira.ErrRefused)
		}
		if p.has(other, latency.RankGone) != 0 {
			p.Error("a story of a project that may not be browsed was taken for deleted")
		}
		p.site.Archive(p.ops, false)

		for _, id := range ids[:10] {
			p.site.Hide(id, true)
		}
		p.later(7 * time.Hour)
		p.fine()
		p.shows(open, 57)
		p.shows("yourturn_census_stopped", 1)
		p.shows(`yourturn_odd_stories{reason="census_guard"}`, 1)
		p.logs("a census was stopped", true)
		p.lists(archive.NoteCensusGuard, true)
	})
}

// Pitfall 8: statuses that are renamed, doubled or left by nobody's decision.
func TestPitfall08Statuses(t *testing.T) {
	pits(t, jirasim.Options{}, func(p *pit) {
		p.site.AddStatus(&jirasim.Status{ID: "4", Name: "Done", Category: "done"})
		plain := p.create(p.pay)
		p.move(p.dev, plain, "1", "2")
		p.later(time.Hour)
		p.fine()
		p.shows(open, 1)
		for reason, none := range map[string]float64{latency.FindMigration: -1, latency.FindUnknownStatus: 0} {
			p.shows(finding(reason), none)
			p.logs(reason, false)
			p.lists(reason, false)
		}

		// Renamed in mid-history: it stays what the config made it.
		p.site.RenameStatus("2", "Abnahme")
		second := p.create(p.pay)
		p.site.Change(p.now(), p.dev, second, map[string]any{"status": map[string]any{"id": "2", "name": "Abnahme"}},
			item("status", "1", "Open", "2", "Abnahme"))
		p.later(2 * time.Hour)
		p.fine()
		p.shows(open, 2)

		// A migration by an admin is no verdict; the other Done is one.
		p.site.Change(p.now(), p.dev, plain, map[string]any{"status": map[string]any{"id": "3", "name": "Done"}},
			item("Workflow", "1", "old", "2", "new"), item("status", "2", "Abnahme", "3", "Done"))
		p.site.Change(p.now(), p.po, second, map[string]any{"status": map[string]any{"id": "4", "name": "Done"}}, item("status", "2", "Abnahme", "4", "Done"))
		odd := p.create(p.pay) // in a status for an hour that Jira does not list
		p.site.Change(p.now(), p.dev, odd, map[string]any{"status": map[string]any{"id": "99", "name": "Limbo"}}, item("status", "1", "Open", "99", "Limbo"))
		p.later(time.Hour)
		p.site.Change(p.now(), p.dev, odd, map[string]any{"status": map[string]any{"id": "1", "name": "Open"}}, item("status", "99", "Limbo", "1", "Open"))
		p.later(2 * time.Hour)
		p.fine()
		p.shows(open, 0)
		const ended = `po_waits_ended_total{kind="acceptance",outcome=%q,owner="po",project="PAY",responder=%q}`
		p.shows(fmt.Sprintf(ended, "withdrawn", "automation"), 1)
		p.shows(fmt.Sprintf(ended, "accepted", "owner"), 1)
		for _, reason := range []string{latency.FindMigration, latency.FindUnknownStatus} {
			p.shows(finding(reason), 1)
			p.logs(reason, true)
			p.lists(reason, true)
		}
	})
}

// item is a changed field of a record.
func item(field, from, fromName, to, toName string) jirasim.Item {
	return jirasim.Item{Field: field, FieldType: "jira", FieldID: map[bool]string{true: field}[field == "status"], From: &from, FromString: &fromName, To: &to, ToString: &toName}
}

// Pitfall 9: the wrong person taken for the owner, or nobody for somebody.
func TestPitfall09Actors(t *testing.T) {
	pits(t, jirasim.Options{}, func(p *pit) {
		owned, unowned := p.create(p.pay), p.create(p.pay)
		p.site.Change(p.now(), p.dev, unowned, map[string]any{"customfield_10050": nil})
		p.move(p.dev, owned, "1", "2")
		p.move(p.dev, unowned, "1", "2")
		p.later(time.Hour)
		p.fine()
		p.shows(finding(latency.FindNoActor), -1)
		p.logs(latency.FindNoActor, false)
		p.lists(latency.FindNoActor, false)

		// Jira names nobody: that is nobody, whoever is not configured.
		p.move(nil, unowned, "2", "1")
		p.later(time.Hour)
		p.fine()
		for _, series := range []string{"owner", "delegate"} {
			if got := p.metric(fmt.Sprintf(`po_waits_ended_total{kind="acceptance",outcome="rejected",owner="po",project="PAY",responder=%q}`, series)); got > 0 {
				p.Errorf("nobody's move was counted as the %s's", series)
			}
		}
		p.shows(finding(latency.FindNoActor), 1)
		p.logs(latency.FindNoActor, true)
		p.lists(latency.FindNoActor, true)

		// An account that is closed still owns what it owned, and is told.
		p.shows(finding(latency.FindInactiveOwner), -1)
		p.site.Update(func() { p.po.Active = false })
		p.site.Comment(p.now(), p.po, owned, "leaving")
		p.later(2 * time.Hour)
		p.fine()
		p.later(2 * time.Hour)
		p.fine()
		p.shows(finding(latency.FindInactiveOwner), 1)

		// A second field of the same name is nobody's guess.
		p.site.AddField(&jirasim.Field{ID: "customfield_10060", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
		f, err := facts(p.Context(), p.svc.store)
		if err != nil {
			p.Fatal(err)
		}
		f.Meta.Fields = append(f.Meta.Fields, archive.Field{ID: "customfield_10060", Name: "Product Owner", People: true})
		if _, err := concrete(p.svc.cfg, f); err == nil || !strings.Contains(err.Error(), "customfield_10050") || !strings.Contains(err.Error(), "customfield_10060") {
			p.Errorf("two fields of one name: got error %v, want one that names both", err)
		}
	})
}

// Pitfall 10: pages that slip, repeat, or end too early.
func TestPitfall10Pages(t *testing.T) {
	for _, size := range []int{1, 20, 37, 60} { // the last page is full with 20 and 60
		t.Run(fmt.Sprint("pages of ", size), func(t *testing.T) {
			pits(t, jirasim.Options{SearchPage: size, ResultWindow: 60}, func(p *pit) {
				var ids []int64
				for range 60 {
					p.later(time.Second)
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				turn := 0
				p.fault = func(r *http.Request) *jirasim.Fault { // rows move while they are paged through
					if strings.Contains(r.URL.Path, "/search") {
						turn++
						p.move(p.dev, ids[turn*13%60], "1", "2")
					}
					return nil
				}
				p.fine()
				p.fault = nil
				p.later(time.Minute)
				p.fine()
				live, err := p.svc.store.Live(p.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(live, ids) {
					p.Errorf("got %d stories, want %d", len(live), len(ids))
				}
				p.shows("yourturn_poll_success", 1)
				p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, -1)
				p.logs("the same page token twice", false)
				p.lists(archive.NoteFailed, false)
			})
		})
	}
	t.Run("a token that repeats", func(t *testing.T) {
		p := newPit(t, jirasim.Cloud, jirasim.Options{SearchPage: 10, RepeatToken: true}, "")
		for range 60 {
			p.create(p.pay)
		}
		p.later(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.svc.collector.Sync(ctx); !errors.Is(err, archive.ErrIncomplete) {
			t.Errorf("got error %v, want %v", err, archive.ErrIncomplete)
		}
		if err := p.cycle(); err == nil {
			t.Error("the cycle is complete")
		}
		p.shows("yourturn_poll_success", 0)
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, 1)
		p.logs("the same page token twice", true)
		if n := p.notes()[archive.NoteFailed]; n != 1 { // there is nothing yet that the audit could list it beside
			t.Errorf("the failure is noted %d times, want once", n)
		}
	})
}

// Jira may leave results out and say so beside them; what else it warns of is
// told, and fails nothing.
func TestPitfall10Warnings(t *testing.T) {
	var warnings []string
	named := "" // what the query of a warning holds
	limits := jirasim.Options{Warnings: func(jql string) []string {
		if strings.Contains(jql, named) {
			return warnings
		}
		return nil
	}}
	pits(t, limits, func(p *pit) {
		warnings, named = nil, ""
		first := p.create(p.pay)
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		quiet := func() {
			p.Helper()
			p.shows("yourturn_poll_search_warnings", 0)
			p.lists(archive.NoteWarned, false)
		}
		quiet()
		p.logs("Jira warns of a search", false)
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, -1)

		warnings = []string{"FIELD_DEPRECATED"}
		for range 3 {
			p.later(time.Minute)
			p.fine()
		}
		p.shows("yourturn_poll_search_warnings", 1)
		p.lists(archive.NoteWarned, true)
		if n := strings.Count(p.log.String(), "Jira warns of a search"); n != 1 {
			p.Errorf("a warning is logged %d times, want once", n)
		}
		warnings = nil
		p.later(time.Minute)
		p.fine()
		quiet()

		before := p.state()
		warnings = []string{"CLAUSE_LIMIT_EXCEEDED"}
		p.move(p.dev, first, "1", "2")
		p.later(time.Minute)
		if err := p.cycle(); !errors.Is(err, archive.ErrIncomplete) {
			p.Errorf("results may be left out: got error %v, want %v", err, archive.ErrIncomplete)
		}
		if got := p.state(); got.Watermark != before.Watermark {
			p.Error("the watermark moved though results may be left out")
		}
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, 1)
		p.logs("CLAUSE_LIMIT_EXCEEDED", true)
		p.lists(archive.NoteFailed, true)

		named = " OR id in" // because of what was named in it
		p.fine()
		p.shows(open, 1)
		p.lists(archive.NoteFailed, false)
	})
}
