package collector_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// world is a simulated Jira with a collector on it.
type world struct {
	*testing.T
	site      *jirasim.Site
	store     *store.Store
	server    *jirasim.Server
	url       string // where it is served
	client    *jira.Client
	throttle  jira.Throttle
	collector *collector.Collector
	clock     atomic.Int64 // Jira's, seconds
	fault     func(*http.Request) *jirasim.Fault
	blind     map[int64]bool // issues that no search shows
	pay, ops  *jirasim.Project
	dev, po   *jirasim.User
}

var flavors = map[string]jirasim.Flavor{"cloud": jirasim.Cloud, "datacenter": jirasim.DataCenter}

// each runs a test against both flavours of Jira.
func each(t *testing.T, f func(*world)) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) { f(newWorld(t, flavor)) })
	}
}

func newWorld(t *testing.T, flavor jirasim.Flavor) *world {
	return newWorldWith(t, flavor, jirasim.Options{})
}

// newWorldWith returns a world whose Jira behaves otherwise than it should.
func newWorldWith(t *testing.T, flavor jirasim.Flavor, o jirasim.Options) *world {
	w := newSite(t, flavor, o)
	srv := httptest.NewServer(w.server)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.client = w.newClient(w.url, nil)
	var err error
	if w.store, err = store.Open(t.Context(), stack.StoreURL(t, filepath.Join(t.TempDir(), "test.db")), store.ReadWrite); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.restart()
	return w
}

// newSite returns a world whose Jira is not served yet, and without a store.
func newSite(t *testing.T, flavor jirasim.Flavor, o jirasim.Options) *world {
	w := &world{T: t}
	w.clock.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Unix())
	s := jirasim.NewSite(flavor, func() time.Time { return time.Unix(w.clock.Load(), 0).UTC() })
	w.site = s
	user := func(ref string) *jirasim.User {
		return s.AddUser(&jirasim.User{
			Ref: ref, AccountID: "acc-" + ref, Name: ref, Key: "JIRAUSER-" + ref,
			DisplayName: strings.ToUpper(ref), AccountType: "atlassian", Active: true, TimeZone: "Europe/Berlin",
		})
	}
	w.dev, w.po, s.Self = user("dev"), user("po"), user("bot")
	s.AddStatus(&jirasim.Status{ID: "1", Name: "Open", Category: "new"})
	s.AddStatus(&jirasim.Status{ID: "2", Name: "PO Review", Category: "indeterminate"})
	s.AddStatus(&jirasim.Status{ID: "3", Name: "Done", Category: "done"})
	s.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	s.AddField(&jirasim.Field{ID: "customfield_10050", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
	s.AddField(&jirasim.Field{ID: "customfield_10014", Name: "Epic Link", Custom: true, SchemaType: "any", SchemaCustom: "com.pyxis.greenhopper.jira:gh-epic-link"})
	w.pay = s.AddProject(&jirasim.Project{ID: "100", Key: "PAY", Name: "Payments", Lead: w.po, IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})
	w.ops = s.AddProject(&jirasim.Project{ID: "101", Key: "OPS", Name: "Operations", IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"}})

	o.Token = "t0k3n"
	o.Email, o.ContextPath = where(flavor)
	o.Unindexed = func(id int64) bool { return w.blind[id] }
	o.Fault = func(r *http.Request) *jirasim.Fault {
		if w.fault == nil {
			return nil
		}
		return w.fault(r)
	}
	w.server = jirasim.NewServer(s, o)
	return w
}

// where returns the e-mail that goes with the token, and the context path.
func where(flavor jirasim.Flavor) (email, path string) {
	if flavor == jirasim.DataCenter {
		return "", "/jira"
	}
	return "bot@example.com", ""
}

// newClient returns a client of the Jira at url; transport may be nil.
func (w *world) newClient(url string, transport http.RoundTripper, change ...func(*jira.Options)) *jira.Client {
	w.Helper()
	email, path := where(w.site.Flavor)
	o := jira.Options{URL: url + path, Email: email, Token: "t0k3n", RequestsPerSecond: 1000, Transport: transport, Throttle: &w.throttle}
	for _, f := range change {
		f(&o)
	}
	c, err := jira.New(o)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// restart makes a new collector over the same store, as a new process does.
func (w *world) restart(change ...func(*collector.Options)) {
	w.Helper()
	o := collector.Options{
		Source: w.client, Store: w.store, Projects: []string{"PAY"}, Overlap: 10 * time.Minute,
		CensusInterval: 6 * time.Hour, CensusMaxRemoved: 0.05, Now: w.now,
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	if w.collector, err = collector.New(o); err != nil {
		w.Fatal(err)
	}
}

// both makes the collector watch both projects.
func (w *world) both() {
	w.restart(func(o *collector.Options) { o.Projects = []string{"PAY", "OPS"} })
}

// state returns the sync state; history what is stored of a story.
func (w *world) state() jiradata.State {
	w.Helper()
	st, err := w.store.State(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return st
}

func (w *world) history(id int64) latency.History {
	w.Helper()
	for h, err := range w.store.Histories(w.Context(), []int64{id}) {
		if err != nil {
			w.Fatal(err)
		}
		return *h
	}
	w.Fatalf("story %d is not stored", id)
	return latency.History{}
}

// parents returns the ids of the stored issues that are parents.
func (w *world) parents() map[int64]latency.History {
	w.Helper()
	out := map[int64]latency.History{}
	for h, err := range w.store.Parents(w.Context()) {
		if err != nil {
			w.Fatal(err)
		}
		one := *h
		one.Now = maps.Clone(h.Now)
		out[h.ID] = one
	}
	return out
}

// live returns the ids of the stories that are there.
func (w *world) live() []int64 {
	w.Helper()
	ids, err := w.store.PresentIDs(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return ids
}

// now returns Jira's clock; later moves it.
func (w *world) now() time.Time        { return time.Unix(w.clock.Load(), 0) }
func (w *world) later(d time.Duration) { w.clock.Add(int64(d / time.Second)) }

// create creates an issue, open and without an owner.
func (w *world) create(p *jirasim.Project) int64 {
	return w.site.CreateIssue(w.now(), w.dev, p, map[string]any{
		"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"},
		"status":  map[string]any{"id": "1", "name": "Open"},
		"project": map[string]any{"id": p.ID, "key": p.Key, "name": p.Name},
	})
}

// move moves an issue to PO Review.
func (w *world) move(id int64) int64 {
	from, to, open, review := "1", "2", "Open", "PO Review"
	return w.site.Change(w.now(), w.dev, id, map[string]any{"status": map[string]any{"id": to, "name": review}},
		jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &open, To: &to, ToString: &review})
}

func (w *world) sync() collector.Result {
	w.Helper()
	r, err := w.collector.Sync(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// summary is a Result without what differs from run to run.
func summary(r collector.Result) string {
	return fmt.Sprintf("full=%t stories=%d records=%d comments=%d events=%d changed=%v", r.Full, r.Stories, r.Records, r.Comments, r.Events, r.Changed)
}

func TestSync(t *testing.T) {
	each(t, func(w *world) {
		first, second := w.create(w.pay), w.create(w.pay)
		w.create(w.ops)
		record := w.move(first)
		question := w.site.Comment(w.now(), w.dev, first, w.po.Mention(w.site.Flavor)+" why?")
		remark := w.site.Comment(w.now(), w.dev, first, "so")
		created := latency.At(w.now())
		w.later(time.Hour)

		full := w.sync()
		if got, want := summary(full), fmt.Sprintf("full=true stories=2 records=1 comments=2 events=5 changed=[%d %d]", first, second); got != want {
			w.Errorf("full sync: got  %s\nwant %s", got, want)
		}
		if got, want := w.state().DataTimestamp, latency.At(w.now()); got != want {
			w.Errorf("got data timestamp %s, want %s", got.Time(), want.Time())
		}
		if got, want := summary(w.sync()), "full=false stories=0 records=0 comments=0 events=0 changed=[]"; got != want {
			w.Errorf("second sync: got  %s\nwant %s", got, want)
		}

		w.later(time.Minute)
		w.site.EditComment(w.now(), first, question, "never mind", true)
		edited := latency.At(w.now())
		w.later(time.Minute)
		w.site.DeleteComment(w.now(), first, remark, true)
		w.later(time.Minute)
		if got, want := summary(w.sync()), fmt.Sprintf("full=false stories=1 records=1 comments=1 events=2 changed=[%d]", first); got != want {
			w.Errorf("incremental sync: got  %s\nwant %s", got, want)
		}
		if got, want := summary(w.sync()), "full=false stories=0 records=0 comments=0 events=0 changed=[]"; got != want {
			w.Errorf("sync within the overlap: got  %s\nwant %s", got, want)
		}
		type event struct {
			At       latency.Instant
			Rank     latency.Rank
			ID       int64
			Observed bool
		}
		var got []event
		for _, ev := range w.history(first).Events {
			got = append(got, event{ev.At, ev.Rank, ev.ID, ev.Observed})
		}
		want := []event{
			{created, latency.RankCreated, 0, false},
			{created, latency.RankRecord, record, false},
			{created, latency.RankCommentAdded, question, false},
			{created, latency.RankCommentAdded, remark, false},
			{edited, latency.RankCommentEdited, question, false},
			{latency.At(w.now()), latency.RankCommentDeleted, remark, true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			w.Errorf("events (-want +got):\n%s", diff)
		}
		facts := w.history(first).Events[2].Comment
		who := w.po.AccountID
		if w.site.Flavor == jirasim.DataCenter {
			who = w.po.Name
		}
		if !facts.Question || !cmp.Equal(facts.Asked, []string{who}) {
			w.Errorf("got facts %+v, want a question to %s", facts, who)
		}
		if m, err := w.store.Meta(w.Context()); err != nil || len(m.Projects) != 1 || m.Projects[0].Lead != w.po.ID(w.site.Flavor) || len(m.Statuses) != 3 {
			w.Errorf("got meta %+v", m)
		}
	})
}

func TestInterruptedFullSyncGoesOn(t *testing.T) {
	each(t, func(w *world) {
		const n = 700
		before, again := 300, 401 // Cloud goes on from the instant of the last story
		if w.site.Flavor == jirasim.DataCenter {
			before, again = 400, 300
		}
		epic := w.create(w.ops)
		for range n {
			w.later(time.Second)
			id := w.create(w.pay)
			if id == epic+1 { // met before the interruption, read after it
				w.site.Change(w.now(), w.dev, id, map[string]any{"parent": map[string]any{"id": fmt.Sprint(epic), "key": "OPS-1"}})
			}
		}
		w.later(time.Hour)
		began := latency.At(w.now())
		searches := 0
		w.fault = func(r *http.Request) *jirasim.Fault {
			if strings.Contains(r.URL.Path, "/search") {
				if searches++; searches == 5 {
					return &jirasim.Fault{Status: 403}
				}
			}
			return nil
		}
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, jira.ErrForbidden) {
			w.Fatalf("got error %v, want %v", err, jira.ErrForbidden)
		}
		if st := w.state(); st.FirstDone || st.DataTimestamp != 0 || st.Cursor == "" || st.FullStarted != began {
			w.Fatalf("state after the interruption: %+v", st)
		}
		if stories := w.live(); len(stories) != before {
			w.Fatalf("got %d stories before the interruption, want %d", len(stories), before)
		}
		w.later(time.Hour)
		w.move(epic + 1)
		w.later(time.Minute)
		r := w.sync()
		if !r.Full || r.Stories != again+1 || len(r.Changed) != n+1 {
			w.Errorf("got %d stories read and %d changed, want %d and 1, and %d with those of before and the parent", r.Stories, len(r.Changed), again, n+1)
		}
		if stories, parents := w.live(), slices.Collect(maps.Keys(w.parents())); len(stories) != n || !cmp.Equal(parents, []int64{epic}) {
			w.Errorf("got %d stories and parents %v, want 250 and %d", len(stories), parents, epic)
		}
		if st := w.state(); !st.FirstDone || st.FullStarted != 0 || st.Cursor != "" || st.Watermark != latency.At(w.now()) {
			w.Errorf("state after the sync: %+v", st)
		}
	})
}

func TestFailedCycleMovesNoWatermark(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(w.pay)
		w.later(time.Hour)
		w.sync()
		before := w.state()
		w.later(time.Hour)
		w.move(id)
		second := w.create(w.pay)
		w.later(time.Minute)
		for name, fault := range map[string]*jirasim.Fault{
			"forbidden":  {Status: 403},
			"login page": {Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html>log in</html>"},
			"anonymous":  {Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}}, Body: `{"issues":[],"isLast":true}`},
			"no list":    {Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{}`},
			"cut":        {Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"issues":[`},
		} {
			w.fault = func(r *http.Request) *jirasim.Fault {
				if strings.Contains(r.URL.Path, "/search") {
					return fault
				}
				return nil
			}
			if r, err := w.collector.Sync(w.Context()); err == nil {
				w.Errorf("%s: got %s, want an error", name, summary(r))
			}
			if diff := cmp.Diff(before, w.state()); diff != "" {
				w.Errorf("%s: the state moved (-before +after):\n%s", name, diff)
			}
		}
		w.fault = nil
		if r := w.sync(); !cmp.Equal(r.Changed, []int64{id, second}) {
			w.Errorf("got changed %v, want %v", r.Changed, []int64{id, second})
		}
	})
}

func TestWhatTheIndexShowsLateIsNotLost(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			w := newWorldWith(t, flavor, jirasim.Options{IndexLag: 5 * time.Minute})
			early, late := w.create(w.pay), w.create(w.pay)
			w.later(time.Hour)
			w.sync()
			w.later(time.Hour)
			w.move(late)
			if r := w.sync(); r.Changed != nil {
				w.Errorf("got %v before the index knows", r.Changed)
			}
			w.later(2 * time.Minute)
			w.move(early)
			w.sync()
			w.later(4 * time.Minute) // late is in the index, early is not
			if r := w.sync(); !cmp.Equal(r.Changed, []int64{late}) {
				w.Errorf("got %v, want %d alone", r.Changed, late)
			}
			w.later(2 * time.Minute)
			if r := w.sync(); !cmp.Equal(r.Changed, []int64{early}) {
				w.Errorf("got %v, want %d alone", r.Changed, early)
			}
		})
	}
}

func TestParentsOutsideTheScope(t *testing.T) {
	each(t, func(w *world) {
		f := w.site.Flavor
		grand, epic := w.create(w.ops), w.create(w.ops)
		link := func(child, parent int64, key string) {
			id := fmt.Sprint(parent)
			if f == jirasim.Cloud {
				w.site.Change(w.now(), w.dev, child, map[string]any{"parent": map[string]any{"id": id, "key": key}},
					jirasim.Item{Field: "IssueParentAssociation", FieldType: "jira", To: &id, ToString: &key})
				return
			}
			w.site.Change(w.now(), w.dev, child, map[string]any{"customfield_10014": key}) // as if linked at creation
		}
		link(epic, grand, "OPS-1")
		story := w.create(w.pay)
		link(story, epic, "OPS-2")
		w.later(time.Hour)
		w.sync()
		if parents := slices.Sorted(maps.Keys(w.parents())); !cmp.Equal(parents, []int64{grand, epic}) {
			w.Fatalf("got parents %v, want %v", parents, []int64{grand, epic})
		}
		if got := w.history(story).Now[latency.FieldParent]; len(got) != 1 || got[0].ID != fmt.Sprint(epic) {
			w.Errorf("got parent %v, want %d", got, epic)
		}
		w.later(time.Hour)
		who := w.po.ID(f)
		w.site.Change(w.now(), w.dev, grand, map[string]any{"customfield_10050": w.po},
			jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: "customfield_10050", To: &who, ToString: &w.po.DisplayName})
		w.later(time.Minute)
		if r := w.sync(); !cmp.Equal(r.Changed, []int64{grand}) || r.Stories != 0 {
			w.Errorf("got %s, want the grandparent changed and no story read", summary(r))
		}
		if got := w.parents()[grand].Now["customfield_10050"]; len(got) != 1 || got[0].ID != who {
			w.Errorf("got owner %v, want %s", got, who)
		}
		// One of them is deleted: the others are still read.
		w.site.DeleteIssue(epic)
		w.later(time.Minute)
		w.sync()
		w.later(time.Minute)
		w.sync()
	})
}

// TestParentThatIsGone has a story whose history names a parent that was deleted
// before it was read: a search that names it is refused.
func TestParentThatIsGone(t *testing.T) {
	each(t, func(w *world) {
		epic, story := w.create(w.ops), w.create(w.pay)
		id, key := fmt.Sprint(epic), "OPS-1"
		w.site.Change(w.now(), w.dev, story, nil,
			jirasim.Item{Field: "IssueParentAssociation", FieldType: "jira", FieldID: "parent", From: &id, FromString: &key})
		w.site.DeleteIssue(epic)
		w.later(time.Hour)
		w.sync()
		w.later(time.Hour)
		w.sync()
		if got := w.ranks(story); len(got) != 2 {
			w.Errorf("got events %v, want the creation and the record", got)
		}
	})
}

func TestFetchStories(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(w.pay)
		w.later(time.Hour)
		w.sync()
		before := w.state()
		w.later(time.Hour)
		w.move(id)
		r, err := w.collector.FetchStories(w.Context(), []int64{id, 4711})
		if err != nil {
			w.Fatal(err)
		}
		if !cmp.Equal(r.Changed, []int64{id}) || !cmp.Equal(r.Missing, []int64{4711}) || r.AsOf != latency.At(w.now()) {
			w.Errorf("got %+v", r)
		}
		if diff := cmp.Diff(before, w.state()); diff != "" {
			w.Errorf("the state moved (-before +after):\n%s", diff)
		}
	})
}

func TestUnknownProject(t *testing.T) {
	each(t, func(w *world) {
		c, err := collector.New(collector.Options{Source: w.client, Store: w.store, Projects: []string{"PAY", "NOPE"}, Now: w.now})
		if err != nil {
			w.Fatal(err)
		}
		if _, err := c.Sync(w.Context()); !errors.Is(err, collector.ErrUnknownProject) || !strings.Contains(err.Error(), "NOPE") {
			w.Errorf("got error %v, want one that names NOPE", err)
		}
		if diff := cmp.Diff(jiradata.State{}, w.state()); diff != "" {
			w.Errorf("the state moved:\n%s", diff)
		}
	})
}

// TestProjectThatGoesBeforeItIsRead: a project that is added and goes before it was read
// whole is not a lost project, because nothing would ever read it whole.
func TestProjectThatGoesBeforeItIsRead(t *testing.T) {
	each(t, func(w *world) {
		w.create(w.pay)
		w.create(w.ops)
		w.later(time.Minute)
		w.sync()
		if got := w.state().Complete; !slices.Equal(got, []string{w.pay.ID}) {
			w.Errorf("got complete projects %v, want PAY", got)
		}
		ctx, stop := context.WithCancel(w.Context())
		defer stop()
		w.restart(func(o *collector.Options) {
			o.Projects, o.Progress = []string{"PAY", "OPS"}, func(collector.Progress) { stop() }
		})
		if _, err := w.collector.Sync(ctx); err == nil || w.state().FullStarted == 0 {
			w.Fatalf("the full sync was not interrupted: %v", err)
		}
		w.site.Archive(w.ops, true)
		w.both()
		if _, err := w.collector.Sync(w.Context()); !errors.Is(err, collector.ErrUnknownProject) {
			w.Errorf("got error %v, want %v", err, collector.ErrUnknownProject)
		}
		w.site.Archive(w.ops, false)
		w.sync()
		if got := w.state().Complete; !slices.Equal(got, []string{w.pay.ID, w.ops.ID}) {
			w.Errorf("got complete projects %v, want both", got)
		}
	})
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		options    collector.Options
	}{
		{"nothing to collect", "jira.projects", collector.Options{}},
		{"order", "ORDER BY", collector.Options{JQL: "project = PAY order  by created"}},
		{"overlap", "jira.overlap", collector.Options{Projects: []string{"PAY"}, Overlap: -1}},
	} {
		if _, err := collector.New(tc.options); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one about %s", tc.name, err, tc.want)
		}
	}
}
