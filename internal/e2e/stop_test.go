package e2e

import (
	"database/sql"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestServeAnswersWhileItDerives starts on a store whose numbers take a while to
// derive. Everything answers meanwhile, and says that numbers are being derived.
func TestServeAnswersWhileItDerives(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.later(time.Hour)
	p.fine()
	if err := p.svc.Close(); err != nil {
		t.Fatal(err)
	}
	p.start(p.svc.Config().File())
	// A derivation writes what it counts, and another transaction delays that.
	file := strings.TrimPrefix(p.svc.Config().Store.URL, "sqlite:")
	db, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // the test is over
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := p.serve()
	await(t, r.base+"/-/healthy", func(status int, _ string) bool { return status == http.StatusOK })
	await(t, r.base+"/-/ready", func(status int, body string) bool {
		return status == http.StatusServiceUnavailable && strings.Contains(body, "deriving")
	})
	await(t, r.base+"/", has("deriving"))
	body := await(t, r.base+"/metrics", has("yourturn_build_info"))
	if regexp.MustCompile(`(?m)^po_`).MatchString(body) {
		t.Errorf("there are numbers already:\n%s", body)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	await(t, r.base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	await(t, r.base+"/metrics", line(open+" 1"))
	p.stopped(r)
}

// TestServeAsksForNamesThatAreNew starts with a status in the config that was added
// to Jira and that the store does not know yet.
func TestServeAsksForNamesThatAreNew(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.move(p.dev, p.create(p.pay), "1", "2")
		p.later(time.Hour)
		p.fine()
		p.site.AddStatus(&jirasim.Status{ID: "9", Name: "Sign-off", Category: "indeterminate"})
		for _, project := range []*jirasim.Project{p.pay, p.ops} {
			p.site.Update(func() { project.Statuses = append(project.Statuses, "9") })
		}
		file := p.svc.Config().File()
		if err := p.svc.Close(); err != nil {
			p.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			p.Fatal(err)
		}
		write(p.T, file, p.replaced("defaults: {", "defaults: {acceptance_statuses: [PO Review, Sign-off], ")(string(text)))
		p.start(file)
		r := p.serve()
		await(p.T, r.base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
		await(p.T, r.base+"/metrics", line(open+" 1"))
		p.logs("the first poll finds out", true)
		p.stopped(r)
	})
}

// TestStopLeavesADawdlerBehind stops while a client has not sent all of its request.
// That is no failure.
func TestStopLeavesADawdlerBehind(t *testing.T) {
	p := rigJira(t, jirasim.Cloud, jirasim.Options{})
	p.opts.ShutdownTimeout = time.Millisecond
	p.serveJira("webhook: {secret_file: token}\n")
	r := p.serve()
	await(t, r.base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it was cut off
	slow := "POST /webhook/jira HTTP/1.1\r\nHost: localhost\r\nX-Hub-Signature: sha256=" + strings.Repeat("0", 64) + "\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
	if _, err := conn.Write([]byte(slow)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	if n, err := conn.Read(answer); err != nil || !strings.Contains(string(answer[:n]), "100 Continue") { // it waits for the rest
		t.Fatalf("answered with %q, error %v", answer[:n], err)
	}
	p.stopped(r)
	p.logs("cut off", true)
}

// TestStopInASync stops a first sync while Jira does not answer, twice. The third
// sync continues where it was, and ends like one without a stop.
func TestStopInASync(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		const stories = 350
		for i := range stories {
			p.later(time.Second) // pages go on behind an instant
			id := p.create(p.pay)
			p.move(p.dev, id, "1", "2")
			if i%2 == 0 {
				p.move(p.po, id, "2", "3")
			}
		}
		p.later(time.Hour)
		for _, answered := range []int64{0, 3} {
			var searches atomic.Int64
			reached := p.hang(func(r *http.Request) bool {
				return strings.Contains(r.URL.Path, "/api/2/search") && searches.Add(1) > answered
			})
			r := p.serve()
			if answered > 0 {
				written := regexp.MustCompile("has read [23]00 stories") // as many as the flavour's pages are written with
				await(p.T, r.base+"/-/ready", func(_ int, body string) bool { return written.MatchString(body) })
			}
			<-reached
			p.stopped(r)
			if p.state().FirstDone {
				p.Error("the first sync is done")
			}
			p.restart(asItWas)
		}
		p.faulty(nil)
		p.fine()
		if read := p.metric("yourturn_poll_stories_total"); read > stories-200 {
			p.Errorf("the last sync read %v stories, want those behind the last page alone", read)
		}
		p.shows(ended("PAY"), stories/2)
		p.shows(open, stories/2)
		p.restart(asItWas)
		p.shows(ended("PAY"), stories/2)
		p.shows(open, stories/2)
	})
}

// TestStopInADerivation stops while stories are read once more before they are
// counted. They are counted after the next start, once.
func TestStopInADerivation(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay)
		id := p.create(p.pay)
		p.move(p.dev, id, "1", "2")
		p.later(time.Hour)
		p.fine()
		p.move(p.po, id, "2", "3")
		p.later(time.Minute)
		p.fine()
		p.later(time.Hour)
		reached := p.hang(func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/issue/") })
		p.restart(asItWas)
		r := p.serve()
		<-reached
		p.stopped(r)
		p.logs("deriving the numbers failed", false)
		p.shows(ended("PAY"), -1)
		p.faulty(nil)
		p.restart(asItWas)
		p.shows(ended("PAY"), -1)
		p.fine()
		p.shows(ended("PAY"), 1)
		p.shows(open, 0)
		p.settle()
		p.shows(ended("PAY"), 1)
	})
}
