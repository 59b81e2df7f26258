package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/query"
)

// configured returns the series that says whether the acceptance statuses fit a project.
func configured(project string) string { return `po_acceptance_configured{project="` + project + `"}` }

// home returns the page of what waits now.
func (p *rig) home() string {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, "/", nil))
	return rec.Body.String()
}

// says runs a command and returns what it wrote to stdout and to stderr.
func (p *rig) says(args ...string) (out, errOut string) {
	p.Helper()
	var o, e bytes.Buffer
	args = append(args, "--config.file", p.svc.Config().File())
	if code := command.Run(p.Context(), args, command.Env{In: strings.NewReader(""), Out: &o, Err: &e}); code != command.ExitFine {
		p.Fatalf("%v: exit %d: %s", args, code, e.String())
	}
	return o.String(), e.String()
}

// TestAWrongConfigIsNoQuietZero has a project whose workflow lacks the acceptance
// status that the other one has. It has no series of acceptance, and the metric,
// the log, the page, the audit and waits say why; until the config says that it has
// no such step, or its workflow has one.
func TestAWrongConfigIsNoQuietZero(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		const noStep, again, silent = "no acceptance step is configured in some projects", "every project has an acceptance step now", "No acceptance step is configured in OPS"
		p.site.Update(func() { p.ops.Statuses = []string{"1", "3"} })
		p.restart(func(config string) string { return config + "projects: {PAY: {owner: po}, OPS: {owner: po}}\n" })
		p.move(p.dev, p.create(p.pay), "1", "2")
		p.move(p.dev, p.create(p.ops), "1", "3")
		p.later(time.Hour)
		p.fine()
		p.settle()
		acceptance := map[string]float64{openIn("OPS"): 0, ended("OPS"): 0, `po_acceptance_bypassed_total{project="OPS"}`: 0, `po_wait_target_seconds{kind="acceptance",project="OPS"}`: 28800}
		of := func(fits float64, series bool) {
			p.Helper()
			p.shows(configured("PAY"), 1)
			p.shows(configured("OPS"), fits)
			p.shows(openIn("PAY"), 1)
			p.shows(`po_waits_open{kind="question",owner="po",project="OPS"}`, 0)
			for name, zero := range acceptance {
				if !series {
					zero = -1
				}
				p.shows(name, zero)
			}
			if got := strings.Contains(p.home(), silent); got != (fits == 0) {
				p.Errorf("the page says %q: %t\n%s", silent, got, p.home())
			}
		}
		of(0, false)
		if n := strings.Count(p.log.String(), noStep); n != 1 || !strings.Contains(p.log.String(), `"projects":["OPS"]`) {
			p.Errorf("the log says %d times that there is no acceptance step, want once, of OPS:\n%s", n, p.log)
		}
		p.lists("no_acceptance", true)
		p.shows(`po_audit_findings{project="OPS",reason="no_acceptance"}`, 1)
		out, told := p.says("waits", "--format", "json")
		if !strings.Contains(told, "no acceptance step is configured in OPS") || json.Unmarshal([]byte(out), &[]query.Part{}) != nil {
			p.Errorf("waits says %q beside %s", told, out)
		}
		for _, args := range [][]string{{"--project", "PAY"}, {"--kind", "question"}, {"--story", "PAY-1"}} {
			if _, told := p.says(append([]string{"waits"}, args...)...); strings.Contains(told, "acceptance step") {
				p.Errorf("waits %v says %q", args, told)
			}
		}

		// It has no such step, and the config says so: questions alone.
		p.restart(p.replaced("OPS: {owner: po}", "OPS: {owner: po, acceptance_statuses: []}"))
		of(1, false)
		p.lists("no_acceptance", false)
		if _, told := p.says("waits"); strings.Contains(told, "acceptance step") {
			p.Errorf("waits says %q though the config says that there is none", told)
		}

		// Or it gets one.
		p.restart(p.replaced("OPS: {owner: po, acceptance_statuses: []}", "OPS: {owner: po}"))
		of(0, false)
		p.site.Update(func() { p.ops.Statuses = []string{"1", "2", "3"} })
		p.fine()
		of(1, true)
		p.logs(again, true)
		p.lists("no_acceptance", true) // no story ever visited it
		if want := "No story of OPS ever waited for acceptance"; !strings.Contains(p.home(), want) {
			p.Errorf("the page does not say %q", want)
		}
	})
}

// TestAWorkflowThatIsNotListed holds that a Jira, or a gateway, that does not list
// the statuses of a project is taken at what it lists of all: as is a store of an
// older version, which knows no workflows.
func TestAWorkflowThatIsNotListed(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.site.Update(func() { p.ops.Statuses = []string{"1", "3"} })
		p.faulty(func(r *http.Request) *jirasim.Fault {
			if !strings.HasSuffix(r.URL.Path, "/statuses") {
				return nil
			}
			return &jirasim.Fault{Status: http.StatusNotFound}
		})
		p.create(p.ops)
		p.later(time.Hour)
		p.fine()
		p.shows(configured("OPS"), 1)
		p.faulty(nil)
		p.restart(asItWas)
		p.shows(configured("OPS"), 1)
		p.fine()
		p.shows(configured("OPS"), 0)
	})
}

// TestStoriesAndWaitsWithoutOwners has stories on which the owner field is empty,
// and whose waits are unowned, until their field is filled.
func TestStoriesAndWaitsWithoutOwners(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.site.Update(func() { p.pay.Lead = nil })
		for range 6 {
			story := p.site.CreateIssue(p.now(), p.dev, p.pay, map[string]any{
				"summary": "s", "issuetype": map[string]any{"id": "10", "name": "Story"}, "status": map[string]any{"id": "1", "name": "Open"},
			})
			p.move(p.dev, story, "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.settle()
		p.shows(finding("owner_field_empty"), 1)
		p.shows(finding("mostly_unowned"), 1)
		p.lists("owner_field_empty", true)
		p.lists("6 of 6 waits of the last 90 days are unowned", true)
		for _, reason := range []string{"owner_field_empty", "mostly_unowned"} {
			if n := strings.Count(p.log.String(), `"reason":"`+reason+`"`); n != 1 {
				p.Errorf("the log says %d times %s, want once:\n%s", n, reason, p.log)
			}
		}
		for _, want := range []string{"The owner field is empty on 90 % or more of the stories of PAY", "Half or more of the waits of PAY are unowned"} {
			if !strings.Contains(p.home(), want) {
				p.Errorf("the page does not say %q:\n%s", want, p.home())
			}
		}
		for range 12 {
			p.move(p.dev, p.create(p.pay), "1", "2")
		}
		p.later(time.Minute)
		p.fine()
		p.settle()
		p.shows(finding("owner_field_empty"), -1)
		p.shows(finding("mostly_unowned"), -1)
	})
}
