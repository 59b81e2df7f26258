package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// crowd is a large Jira of a regular form, served to a service in another process: every
// owner has waits in every project.
type crowd struct {
	*testing.T
	site     *jirasim.Site
	url      string
	projects []*jirasim.Project
	owners   []*jirasim.User
	devs     []*jirasim.User
	rng      *rand.Rand
	stories  []crowdStory
	open     int          // stories with an open wait
	ahead    atomic.Int64 // by how much its clock, and the service's, is ahead of the machine's, ns

	mu    sync.Mutex
	begun []time.Time // when cycles began, as this Jira sees them
}

// crowdStory is a story, whose it is, and what waits in it.
type crowdStory struct {
	id     int64
	owner  *jirasim.User
	dev    *jirasim.User
	asked  bool
	status string // id
}

// crowdSpan is how far back the stories go.
const crowdSpan = 180 * 24 * time.Hour

// newCrowd returns a Jira with so many projects and owners, and at least so many stories:
// as many as pairs of project and owner, and a quarter more. Each has a question and,
// unless it is one of those that are open, a verdict; about one in openEvery is open.
func newCrowd(t *testing.T, projects, owners, stories, openEvery int) *crowd {
	t.Helper()
	c := &crowd{T: t, rng: rand.New(rand.NewPCG(1, 0))} //nolint:gosec // no secret
	c.site = jirasim.NewSite(jirasim.Cloud, c.now)
	user := func(ref, name string) *jirasim.User {
		return c.site.AddUser(&jirasim.User{Ref: ref, AccountID: "acc-" + ref, Name: ref, Key: ref, DisplayName: name, AccountType: "atlassian", Active: true, TimeZone: "UTC"})
	}
	c.site.Self = user("bot", "Bot")
	for i := range owners {
		c.owners = append(c.owners, user(fmt.Sprintf("o%03d", i), fmt.Sprintf("Owner %03d", i)))
	}
	for i := range 50 {
		c.devs = append(c.devs, user(fmt.Sprintf("dev%02d", i), fmt.Sprintf("Developer %02d", i)))
	}
	for id, category := range map[string]string{"1": "new", "2": "indeterminate", "3": "done"} {
		c.site.AddStatus(&jirasim.Status{ID: id, Name: names[id], Category: category})
	}
	c.site.AddType(&jirasim.IssueType{ID: "10", Name: "Story"})
	c.site.AddField(&jirasim.Field{ID: "customfield_10050", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
	for i := range projects {
		c.projects = append(c.projects, c.site.AddProject(&jirasim.Project{
			ID: fmt.Sprint(1000 + i), Key: fmt.Sprintf("P%03d", i), Name: fmt.Sprintf("Project %03d", i), Lead: c.owners[i%owners],
			IssueTypes: []string{"10"}, Statuses: []string{"1", "2", "3"},
		}))
	}
	now, pairs := time.Now(), projects*owners
	for n := range max(pairs+pairs/4, stories) {
		c.add(now, n, openEvery)
	}
	server := jirasim.NewServer(c.site, jirasim.Options{Token: "t0k3n", Email: "bot@example.com", Fault: func(r *http.Request) *jirasim.Fault {
		if strings.HasSuffix(r.URL.Path, "/myself") {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.begun = append(c.begun, time.Now())
		}
		return nil
	}})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", c.now().UTC().Format(http.TimeFormat))
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	c.url = srv.URL
	return c
}

// now is its clock.
func (c *crowd) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// add adds story number n with its past.
func (c *crowd) add(now time.Time, n, openEvery int) {
	project, owner := c.projects[n%len(c.projects)], c.owners[n/len(c.projects)%len(c.owners)]
	s := crowdStory{owner: owner, dev: c.devs[c.rng.IntN(len(c.devs))], status: "3"}
	span, isOpen := crowdSpan, c.rng.IntN(openEvery) == 0
	if isOpen {
		span = 10 * 24 * time.Hour // or it would be forgotten
		c.open++
	}
	at := now.Add(-4*24*time.Hour - time.Duration(c.rng.Int64N(int64(span))))
	later := func(most time.Duration) time.Time {
		at = at.Add(time.Minute + time.Duration(c.rng.Int64N(int64(most))))
		return at
	}
	s.id = c.site.CreateIssue(at, s.dev, project, map[string]any{
		"summary": fmt.Sprintf("Story %d of the crowd", n), "issuetype": map[string]any{"id": "10", "name": "Story"},
		"status": map[string]any{"id": "1", "name": names["1"]}, "customfield_10050": owner, "labels": []string{},
	})
	c.site.Comment(later(4*time.Hour), s.dev, s.id, owner.Mention(jirasim.Cloud)+" which of the two is meant?")
	c.site.Comment(later(12*time.Hour), owner, s.id, "the first one")
	c.move(later(4*time.Hour), s.dev, s.id, "1", "2")
	switch {
	case isOpen && c.rng.IntN(3) == 0: // a question as well
		s.status, s.asked = "2", true
		c.site.Comment(later(4*time.Hour), s.dev, s.id, owner.Mention(jirasim.Cloud)+" and which one now?")
	case isOpen:
		s.status = "2"
	default:
		if c.rng.IntN(4) == 0 {
			c.move(later(8*time.Hour), owner, s.id, "2", "1")
			c.move(later(8*time.Hour), s.dev, s.id, "1", "2")
		}
		c.move(later(16*time.Hour), owner, s.id, "2", "3")
	}
	c.stories = append(c.stories, s)
}

// move moves a story between statuses.
func (c *crowd) move(at time.Time, actor *jirasim.User, id int64, from, to string) {
	before, after := names[from], names[to]
	c.site.Change(at, actor, id, map[string]any{"status": map[string]any{"id": to, "name": after}},
		jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, FromString: &before, To: &to, ToString: &after})
}

// live changes a story at every tick until a context ends: one is taken up again, waits,
// is asked about, and done.
func (c *crowd) live(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s := &c.stories[c.rng.IntN(len(c.stories))]
		switch {
		case s.asked:
			s.asked = false
			c.site.Comment(c.now(), s.owner, s.id, "this one")
		case s.status == "2" && c.rng.IntN(2) == 0:
			s.asked = true
			c.site.Comment(c.now(), s.dev, s.id, s.owner.Mention(jirasim.Cloud)+" is that so?")
		case s.status == "2":
			c.move(c.now(), s.owner, s.id, "2", "3")
			s.status = "3"
		default:
			c.move(c.now(), s.dev, s.id, s.status, "2")
			s.status = "2"
		}
	}
}

// config writes a config of a service on this Jira to a folder, with the store in crowd.db
// there, and returns its file. more is appended.
func (c *crowd) config(dir string, poll time.Duration, target, more string) string {
	c.Helper()
	return c.configOf(c.projects, dir, poll, target, more)
}

// configOf is config with some of the projects.
func (c *crowd) configOf(projects []*jirasim.Project, dir string, poll time.Duration, target, more string) string {
	c.Helper()
	write(c, filepath.Join(dir, "token"), "t0k3n\n")
	var keys, owners []string
	for _, p := range projects {
		keys = append(keys, p.Key)
	}
	for _, o := range c.owners {
		owners = append(owners, fmt.Sprintf("  %s: {accounts: [%s]}\n", o.Ref, o.AccountID))
	}
	file := filepath.Join(dir, "yourturn.yml")
	write(c, file, fmt.Sprintf("jira:\n  {url: %q, flavor: cloud, email: bot@example.com, token_file: token, poll_interval: %s, projects: [%s]}\n", c.url, poll, strings.Join(keys, ", "))+
		fmt.Sprintf("store: {url: %q}\n", "sqlite:"+filepath.Join(dir, "crowd.db"))+
		"calendar: {time_zone: UTC, hours: {mon-sun: [\"00:00-24:00\"]}}\n"+
		fmt.Sprintf("defaults: {owner_field: Product Owner, question_statuses: [], targets: {acceptance: %s}}\n", target)+
		"owners:\n"+strings.Join(owners, "")+more)
	return file
}

// gaps returns the time between the beginnings of cycles since an instant.
func (c *crowd) gaps(since time.Time) (out []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 1; i < len(c.begun); i++ {
		if c.begun[i].After(since) {
			out = append(out, c.begun[i].Sub(c.begun[i-1]))
		}
	}
	return out
}

// polls returns how many cycles have begun.
func (c *crowd) polls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.begun)
}

// polled waits until so many more cycles have begun.
func (c *crowd) polled(more int) {
	c.Helper()
	want := c.polls() + more
	for tick := time.NewTicker(50 * time.Millisecond); c.polls() < want; {
		select {
		case <-tick.C:
		case <-c.Context().Done():
			c.Fatal(c.Context().Err())
		}
	}
}
