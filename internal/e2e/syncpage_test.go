package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// page returns the text of the page about the synchronisation.
func (p *rig) page() string {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "http://localhost/sync", nil))
	return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(rec.Body.String(), " ")
}

// tells fails unless the page matches all patterns, and none of those that begin
// with an exclamation mark.
func (p *rig) tells(patterns ...string) {
	p.Helper()
	page := p.page()
	for _, pattern := range patterns {
		bare := strings.TrimPrefix(pattern, "!")
		if regexp.MustCompile(bare).MatchString(page) != (bare == pattern) {
			p.Errorf("the page about the synchronisation is to match %q:\n%s", pattern, page)
		}
	}
}

// TestSyncPageShowsTheAudit holds that the page does not call data fine of which the
// audit says otherwise, and that a restart does not make it contradict itself.
func TestSyncPageShowsTheAudit(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		for range 3 {
			id := p.create(p.pay)
			p.move(p.dev, id, "1", "2")
			p.later(time.Hour)
			p.move(p.po, id, "2", "3") // accepts by the category of Done alone
		}
		p.later(time.Hour)
		p.fine()
		p.tells("Reason\\s+Count\\s+exit_by_default\\s+3\\s", "yourturn waits --audit", "!Nothing is odd")
		p.restart(asItWas)
		p.tells("exit_by_default\\s+3\\s", "[0-9]s ago", "poll ended\\s+none since the start", "!never")
	})
}

// TestSyncPage follows what the page about the synchronisation says.
func TestSyncPage(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		var ids []int64
		for range 20 {
			ids = append(ids, p.create(p.pay))
		}
		p.move(p.dev, ids[0], "1", "2") // else the audit says that no story ever waited
		p.later(time.Hour)
		p.tells("Complete as of\\s+never", "poll ended\\s+none since the start", "Audit\\s+Nothing is derived yet")
		p.fine()
		p.tells("Complete as of\\s+Mon 2 Mar 2026 09:00:00", "[0-9]s ago", "after [0-9.]+m?s:\\s+complete", "Stories that it read\\s+20\\s", "!last complete one ended",
			"The last complete one began\\s+Mon 2 Mar 2026 09:00:00", "due\\s+Mon 2 Mar 2026 15:00:00", "Stories that Jira shows\\s+20\\s", "Stories that it should show\\s+20\\s",
			"Quarantine\\s+Empty", "Audit\\s+Nothing is odd", "What polls found\\s+None", "secret_file is not set", "myself\\s+200\\s+1\\s", "!alone", "!The last check failed", "!since the start\\s+The")
		if p.site.Flavor == jirasim.Cloud {
			p.tells("search/jql\\s+349\\s+350\\s")
		} else {
			p.tells("search\\s+999\\s+1000\\s")
		}

		// After a restart the page shows what the store knows.
		p.restart(asItWas)
		p.tells("Complete as of\\s+Mon 2 Mar 2026 09:00:00", "poll ended\\s+none since the start", "!never", "The last complete one began\\s+Mon 2 Mar 2026 09:00:00", "restarted since", "!Stories that Jira shows")
		if got, want := p.metric("yourturn_census_timestamp_seconds"), float64(p.now().Unix()); got != want {
			p.Errorf("the last census is said to have been at %v, want %v", got, want)
		}
		p.shows("yourturn_census_stopped", 0)
		p.shows(`yourturn_odd_stories{reason="quarantined"}`, 0)

		// A cycle that fails shows how long it took, and why it failed.
		p.faulty(func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Status: http.StatusForbidden, Body: "{}"} })
		if err := p.cycle(); err == nil {
			p.Fatal("the cycle is complete")
		}
		p.tells("after [0-9.]+[mµ]?s:\\s+asking Jira who we are", "The last complete one ended\\s+none since the start", "poll_failed")
		if took := p.metric("yourturn_poll_duration_seconds"); took <= 0 {
			p.Errorf("the failed cycle took %v s", took)
		}

		// A census that failed is shown until one succeeds.
		p.faulty(func(r *http.Request) *jirasim.Fault {
			body, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Contains(body, []byte(`"fields":["id"]`)) || bytes.Contains(body, []byte("NOT created")) {
				return nil
			}
			return &jirasim.Fault{Status: http.StatusForbidden, Body: "{}"}
		})
		p.later(7 * time.Hour)
		if err := p.cycle(); err == nil {
			p.Error("the census was complete")
		}
		p.tells("after [0-9.]+[mµ]?s:\\s+complete", "The last check failed.*: +census: ")
		p.faulty(nil)
		p.fine() // in which it is not tried again yet
		p.tells("The last check failed.*: +census: ")
		r := p.serve()
		config, err := os.ReadFile(p.svc.Config().File())
		if err != nil {
			p.Fatal(err)
		}
		if status, answer := p.reload(r, p.replaced("defaults: {", "defaults: {targets: {acceptance: 1h}, ")(string(config))); status != http.StatusOK { // another config tries again
			p.Fatalf("reload: %d %s", status, answer)
		}
		await(p.T, r.base+"/sync", func(_ int, body string) bool { return !strings.Contains(body, "The last check failed") })
		p.stopped(r)
		p.tells("!The last check failed", "The last complete one began\\s+Mon 2 Mar 2026 16:00:00")

		// A census that would remove too many says so, after a restart too.
		for _, id := range ids[:10] {
			p.site.Hide(id, true)
		}
		p.later(7 * time.Hour)
		p.fine()
		const stopped = "It removed nothing, because\\s+10 of 20 stories cannot be seen"
		p.tells(stopped)
		p.restart(asItWas)
		p.tells(stopped)
		p.shows("yourturn_census_stopped", 1)
		for _, id := range ids[:10] {
			p.site.Hide(id, false)
		}

		// Issues that cannot be read have a list of their own.
		p.site.Change(p.now(), p.dev, ids[3], map[string]any{"status": "none"})
		p.later(time.Minute)
		p.fine()
		p.tells("Quarantine\\s+These issues cannot be read\\. All other issues are\\.\\s+Issue\\s+Reason\\s+Since\\s+PAY-4\\s+\\S")

		// Webhooks that are refused, and Jira's wish to be left alone.
		p.restart(func(config string) string { return config + "webhook: {secret_file: token}\n" })
		p.fine()
		rec := httptest.NewRecorder()
		p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodPost, "http://localhost/webhook/jira", strings.NewReader("{}")))
		p.tells("The last one came\\s+[A-Z]", "refused\\s+1")
		p.faulty(func(*http.Request) *jirasim.Fault {
			return &jirasim.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1800"}}}
		})
		if err := p.cycle(); err == nil {
			p.Error("the cycle is complete")
		}
		p.tells("Jira wants no requests until\\s+[A-Z]", "myself\\s+429\\s+1", "rate limited")
		if next := regexp.MustCompile(`The next one is due\s+(\w.*UTC)`).FindStringSubmatch(p.page()); next == nil {
			p.Error("the page does not say when the next cycle is due")
		} else if at, err := time.Parse("Mon 2 Jan 2006 15:04:05 MST", next[1]); err != nil || time.Until(at) < 20*time.Minute {
			p.Errorf("the next cycle is due at %s, want half an hour from now, %v", next[1], err)
		}
	})
}
