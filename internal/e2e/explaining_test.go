package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/query"
)

// pagesOf serves the service's pages over HTTP, and returns how one is read: its status, and
// its text without markup.
func (p *rig) pagesOf() func(path string) (int, string) {
	p.Helper()
	srv := httptest.NewServer(p.svc)
	p.Cleanup(srv.Close)
	return func(path string) (int, string) {
		p.Helper()
		req, err := http.NewRequestWithContext(p.Context(), http.MethodGet, srv.URL+path, nil)
		if err != nil {
			p.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			p.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			p.Fatal(err)
		}
		if len(body) > 100_000 {
			p.Errorf("%s has %d bytes", path, len(body))
		}
		if strings.Contains(string(body), "<script>") || strings.Contains(string(body), "ZgotmplZ") {
			p.Errorf("%s holds markup of others", path)
		}
		text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(body), " ")
		return resp.StatusCode, regexp.MustCompile(`\s+`).ReplaceAllString(strings.NewReplacer("\u2068", "", "\u2069", "", "&#39;", "'", "&#34;", `"`).Replace(text), " ")
	}
}

// reads fails unless a page has a status, matches all patterns, and none of those that begin
// with an exclamation mark.
func (p *rig) reads(read func(string) (int, string), path string, status int, patterns ...string) {
	p.Helper()
	code, text := read(path)
	if code != status {
		p.Errorf("%s: %d, want %d: %s", path, code, status, text)
		return
	}
	for _, pattern := range patterns {
		bare := strings.TrimPrefix(pattern, "!")
		if regexp.MustCompile(bare).MatchString(text) != (bare == pattern) {
			p.Errorf("%s is to match %q:\n%.3000s", path, pattern, text)
		}
	}
}

// explaining are the pages that explain, by how they begin.
func explaining() map[string]string {
	return map[string]string{"/stories/PAY-1": "PAY-1", "/projects/PAY": "PAY", "/how": "How it is measured here", "/data": "What is odd in the data", "/sync": "Sync"}
}

// TestExplainingPages follows the pages that explain from an empty store over a first sync to
// a Jira that is away, and a story over the key that it had.
func TestExplainingPages(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		read := p.pagesOf()
		for path, begins := range explaining() {
			want := []string{begins, "No numbers yet: the first sync has not started"}
			if path == "/sync" {
				want = []string{begins, "The first sync has not started"}
			}
			p.reads(read, path, http.StatusOK, want...)
		}
		p.reads(read, "/how", http.StatusOK, "Product Owner") // the rules are there before there are numbers

		p.fine() // nothing is in Jira
		p.reads(read, "/stories/PAY-1", http.StatusNotFound, "There is no story PAY-1: the store holds no such story")
		p.reads(read, "/projects/PAY", http.StatusOK, "Too few stories to tell where the time goes: 0 stories", "No story was worked on")
		p.reads(read, "/data", http.StatusOK, "Nothing is odd|Nothing was found that is likely to make numbers wrong|may make numbers wrong")
		p.reads(read, "/how", http.StatusOK, "OPS ?, PAY", "Target for acceptance 8 working hours, in force since before Mon 2 Mar 2026|Target for acceptance 1 working day", "The field “Product Owner” of the story or of its parent says it", "The target is 8 h for acceptance and 4 h for an answer")

		id := p.create(p.pay)
		p.later(time.Hour)
		p.move(p.dev, id, "1", "2")
		p.later(3 * time.Hour)
		p.fine()
		p.reads(read, "/stories/PAY-1", http.StatusOK,
			`It has been waiting for acceptance by PO since Mon 2 Mar( 2026)?, 09:00 UTC \(3 working hours of its target of 8 working hours\), because it was moved into acceptance by DEV ?\.`, "status: Open → PO Review", "within target|due today|new", "Open it in Jira")
		p.reads(read, "/stories/pay-1", http.StatusOK, "It has been waiting for acceptance by PO")
		p.reads(read, "/projects/PAY", http.StatusOK, "1 story waits for acceptance", "0 of these past target")

		// Its old key leads to it when it has moved.
		p.site.Move(p.now(), p.dev, id, p.ops, nil)
		p.later(time.Hour)
		p.fine()
		p.reads(read, "/stories/PAY-1", http.StatusOK, "OPS-1", "It has been waiting for acceptance by PO")
		p.reads(read, "/projects/PAY", http.StatusOK, "0 stories wait for acceptance")

		// What has just ended does not count yet, and the page says until when.
		p.move(p.po, id, "2", "3")
		p.later(time.Minute)
		p.fine()
		p.reads(read, "/stories/OPS-1", http.StatusOK, "It has just ended: accepted", "It counts from Mon 2 Mar( 2026)?, 1[0-9]:[0-9]{2} UTC on")
		p.settle()
		p.reads(read, "/stories/OPS-1", http.StatusOK, "It waits for nobody. It last waited for acceptance by PO ?, until Mon 2 Mar( 2026)?, 13:00 UTC ?: accepted, by the owner", "!just ended")
		p.reads(read, "/data", http.StatusOK, "Nothing was found that is likely to make numbers wrong", "A move counts as an acceptance only because", "OPS-1", "accepted_statuses")

		// Jira goes away.
		p.faulty(func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Status: http.StatusForbidden, Body: "{}"} })
		p.later(2 * time.Hour)
		if err := p.cycle(); err == nil {
			p.Fatal("the cycle is complete")
		}
		for path := range explaining() {
			want := []string{"The last poll failed"}
			if path == "/sync" {
				want = append(want, "The last poll failed: what has happened in Jira in the last 2 hours is not known", "asking Jira who we are")
			}
			p.reads(read, path, http.StatusOK, want...)
		}
		p.faulty(nil)
		p.fine()
		for path := range explaining() {
			p.reads(read, path, http.StatusOK, "!The last poll failed")
		}
		p.reads(read, "/sync", http.StatusOK, "All is well: the data are")
	})
}

// TestExplainingPagesOfAConfigThatDoesNotFit has projects with no acceptance step, and one
// that is not watched any more.
func TestExplainingPagesOfAConfigThatDoesNotFit(t *testing.T) {
	p := rigJira(t, jirasim.Cloud, jirasim.Options{})
	p.ops.Statuses = []string{"1", "3"}
	p.serveJira()
	id := p.create(p.ops)
	p.later(time.Hour)
	p.fine()
	read := p.pagesOf()
	p.reads(read, "/projects/OPS", http.StatusOK, "The config may not fit", "No acceptance step is configured in OPS", "an answer", "!for acceptance")
	p.reads(read, "/projects/PAY", http.StatusOK, "!No acceptance step")
	p.reads(read, "/how", http.StatusOK, "Not measured: none of the statuses that the config names is in the workflow")
	p.reads(read, "/stories/OPS-1", http.StatusOK, "It waits for nobody, and it never has")
	p.reads(read, "/data", http.StatusOK, "No acceptance step is configured in OPS")

	p.restart(p.replaced("projects: [PAY, OPS]", "projects: [PAY]"))
	p.later(time.Minute)
	p.fine()
	read = p.pagesOf()
	p.reads(read, "/projects/OPS", http.StatusNotFound, "There is no project OPS here", "PAY")
	p.reads(read, "/stories/OPS-1", http.StatusOK, "It waits for nobody")
	p.reads(read, "/how", http.StatusOK, "!OPS")

	// Issues that cannot be read.
	p.site.Change(p.now(), p.dev, p.create(p.pay), map[string]any{"status": "none"})
	p.site.Change(p.now(), p.dev, id, nil)
	p.later(time.Minute)
	p.fine()
	p.reads(read, "/data", http.StatusOK, "1 finding may make numbers wrong|findings may make numbers wrong", "Issues that cannot be read", "PAY-1")
	p.reads(read, "/sync", http.StatusOK, "1 issue cannot be read")
}

// TestExplainingPagesAndHostileNames has names of people, statuses and labels that are no
// names.
func TestExplainingPagesAndHostileNames(t *testing.T) {
	for i, name := range []string{"<script>alert(1)</script>", "\u202eliw\u202c <b>", "line\nbreak\ttab", strings.Repeat("long ", 2000), "🎉 שלום"} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			p := rigJira(t, jirasim.Cloud, jirasim.Options{})
			p.dev.DisplayName, p.po.DisplayName = name, name
			p.site.RenameStatus("2", name)
			p.serveJira("projects: {PAY: {acceptance_statuses: [\"2\"]}}\n")
			id := p.create(p.pay)
			p.site.Comment(p.now(), p.dev, id, "[~accountid:"+p.po.AccountID+"] which? "+name)
			p.move(p.dev, id, "1", "2")
			p.later(5 * time.Hour)
			p.fine()
			read := p.pagesOf()
			for path := range explaining() {
				p.reads(read, path, http.StatusOK)
			}
			p.reads(read, "/stories/PAY-1", http.StatusOK, "It has been waiting for acceptance by")
		})
	}
}

// TestStoryPageSaysWhatTheCommandsSay compares the clocks of a page with those of waits.
func TestStoryPageSaysWhatTheCommandsSay(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	id := p.create(p.pay)
	p.move(p.dev, id, "1", "2")
	p.later(26*time.Hour + 7*time.Minute)
	p.fine()
	r, err := query.Open(t.Context(), p.svc.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	why, err := r.Why(t.Context(), "PAY-1", r.State.DataTimestamp, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(why.Open) != 1 || why.Open[0].StoryWorking.Duration() != 26*time.Hour+7*time.Minute {
		t.Fatalf("got %+v", why.Open)
	}
	p.reads(p.pagesOf(), "/stories/PAY-1", http.StatusOK, `\(26 h 7 min of working time\)`, "past target")
}
