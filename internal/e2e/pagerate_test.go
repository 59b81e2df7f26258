package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/suite"
)

// TestPagesAtARate asks a service that polls for 300 pages and 20 scrapes a second, for as
// long as YOURTURN_RATE says: first while a Jira changes, then also while as many projects
// again are read for the first time.
func TestPagesAtARate(t *testing.T) {
	text := os.Getenv("YOURTURN_RATE")
	stories, pages, scrapes := 20_000, 300.0, 20.0
	switch {
	case text == "" && !suite.Full():
		t.Skip("set YOURTURN_RATE=60s to run it so long")
	case text == "":
		text, stories, pages, scrapes = "3s", 400, 30, 2
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("YOURTURN_RATE: %v", err)
	}
	const projects, owners, openEvery, poll = 10, 20, 10, time.Second
	c := newCrowd(t, 2*projects, owners, 2*stories, openEvery)
	dir := t.TempDir()
	half := c.projects[:projects]
	s := startServe(t, c.configOf(half, dir, poll, "8h", ""), "127.0.0.1:0")
	base := "http://" + s.address()
	awaitFor(t, 10*time.Minute, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	go c.live(t.Context(), poll/4)
	c.polled(3)
	urls := c.pages(base, half)
	measure := func(when string) {
		began, processor := time.Now(), s.processor()
		went := load{Length: length, Kinds: []loadKind{
			{Name: "pages", URLs: urls, Gzip: true, Rate: pages},
			{Name: "scrapes", URLs: []string{base + "/metrics"}, Gzip: true, Rate: scrapes},
		}}.send(t)
		used := s.processor() - processor
		gaps := c.gaps(began)
		for _, kind := range []string{"pages", "scrapes"} {
			figures.Note(t, "%s, for %s: %s: %s", when, length, kind, went[kind])
			went[kind].failed(t, kind)
		}
		var by []string
		for _, path := range slices.Sorted(maps.Keys(went["pages"].By)) {
			all := went["pages"].By[path]
			by = append(by, fmt.Sprintf("%s %s, %s, %s", path, longest(all, .5), longest(all, .99), longest(all, 1)))
		}
		figures.Note(t, "%s: median, 99 of 100, at most: %s", when, strings.Join(by, "; "))
		figures.Note(t, "%s: %d polls began, every %s median, %s at most; %s resident at most; %s of a processor", when, len(gaps), longest(gaps, .5), longest(gaps, 1), mib(s.memory("VmHWM")), used.Round(100*time.Millisecond))
	}
	measure(fmt.Sprintf("%d stories in %d projects, about %d open, %d owners", len(c.stories)/2, projects, c.open/2, owners))

	c.config(dir, poll, "8h", "")
	var reading sync.WaitGroup
	reading.Go(func() {
		began := time.Now()
		if status, answer := post(t, base+"/-/reload", ""); status != http.StatusOK {
			t.Errorf("the reload: %d %s", status, answer)
		}
		awaitFor(t, 10*time.Minute, base+"/projects/"+c.projects[2*projects-1].Key, func(status int, _ string) bool { return status == http.StatusOK })
		figures.Note(t, "%d more projects were read %s after the reload that names them", projects, time.Since(began).Round(100*time.Millisecond))
	})
	measure("while as many again are read for the first time")
	reading.Wait()
	if code := s.signal(syscall.SIGTERM); code != 0 {
		t.Errorf("serve ended with %d:\n%.5000s", code, warnings(s.out.String()))
	}
}

// pages returns the URLs of pages and answers, in turn one of each kind.
func (c *crowd) pages(base string, projects []*jirasim.Project) (out []string) {
	for i := range 200 {
		out = append(out,
			base+"/",
			base+"/owners/"+c.owners[i%len(c.owners)].Ref,
			base+"/projects/"+projects[i%len(projects)].Key,
			base+"/stories/"+c.site.Key(c.stories[(i*len(c.projects)+i%len(projects))%len(c.stories)].id),
			base+"/how",
			base+"/data",
			base+"/sync",
			base+"/api/v1/waiting",
			base+"/?owner="+c.owners[i%len(c.owners)].Ref,
		)
	}
	return out
}
