package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// breakOff makes Jira refuse all searches after the first ones. mend ends that.
func (p *rig) breakOff(first int) (mend func()) {
	p.faulty(func(r *http.Request) *jirasim.Fault {
		if !strings.Contains(r.URL.Path, "/api/2/search") { // projects are searched for too
			return nil
		}
		if first--; first >= 0 {
			return nil
		}
		return &jirasim.Fault{Status: http.StatusForbidden, Body: "{}"}
	})
	return func() { p.faulty(nil) }
}

// TestSyncOfAWiderScopeShowsNoHalves adds a project and interrupts the reading of
// it. Until it is complete the old numbers stay, and the new project shows nothing.
// Then it has its whole history, once.
func TestSyncOfAWiderScopeShowsNoHalves(t *testing.T) {
	for name, more := range map[string]string{
		"by its key alone":            "projects: [PAY, OPS]",
		"with rules that are its own": "projects: [PAY, OPS]}\nprojects: {OPS: {targets: {acceptance: 3h}}",
	} {
		t.Run(name, func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				accept := func(id int64) {
					p.move(p.dev, id, "1", "2")
					p.later(time.Hour)
					p.move(p.po, id, "2", "3")
				}
				const each = 90
				for range each {
					for _, project := range []*jirasim.Project{p.pay, p.ops} {
						accept(p.create(project))
						p.move(p.dev, p.create(project), "1", "2")
					}
				}
				p.later(time.Hour)
				p.restart(p.replaced("projects: [PAY, OPS]", "projects: [PAY]"))
				p.fine()
				data := p.metric("yourturn_data_timestamp_seconds")
				old := func(when string) {
					p.Helper()
					for series, want := range map[string]float64{
						ended("PAY"): each, openIn("PAY"): each, ended("OPS"): -1, openIn("OPS"): -1,
						`po_slips_total{project="OPS"}`: -1, `po_wait_target_seconds{kind="acceptance",project="OPS"}`: -1,
						"yourturn_data_timestamp_seconds": data,
					} {
						if got := p.metric(series); got != want {
							p.Errorf("%s: %s is %v, want %v", when, series, got, want)
						}
					}
				}
				old("with one project")

				p.later(time.Hour)
				p.restart(p.replaced("projects: [PAY]", more))
				old("before the new project is read")
				pages := 1 // Data Center is read project by project
				if p.site.Flavor == jirasim.Cloud {
					pages = 3 // which are written together
				}
				mend := p.breakOff(pages)
				if err := p.cycle(); err == nil {
					p.Fatal("the full sync was not broken off")
				}
				mend()
				half, err := p.stored().Counts(p.Context())
				if err != nil {
					p.Fatal(err)
				}
				if half.Stories <= 2*each || half.Stories >= 4*each {
					p.Fatalf("%d stories are stored, which is no half", half.Stories)
				}
				old("half read")
				p.restart(asItWas)
				old("half read, after a restart")
				if list := waitsOf(p.T, p.svc.Config().File(), "--project", "OPS"); len(list) > 0 {
					p.Errorf("`waits` lists %d of the new project", len(list))
				}
				p.fine()
				whole := func(when string) {
					p.Helper()
					for _, project := range []string{"PAY", "OPS"} {
						for series, want := range map[string]float64{ended(project): each, openIn(project): each} {
							if got := p.metric(series); got != want {
								p.Errorf("%s: %s is %v, want %v", when, series, got, want)
							}
						}
					}
				}
				whole("read whole")
				p.settle()
				whole("by the next poll")
				p.restart(asItWas)
				whole("after a restart")
				p.shows(`po_audit_findings{project="OPS",reason="corrected"}`, -1)
			})
		})
	}
}

// TestSyncOfAnotherQueryCountsNoPast: stories that a wider query brings in are
// measured from now on, and no counter jumps for what they were before.
func TestSyncOfAnotherQueryCountsNoPast(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		for _, project := range []*jirasim.Project{p.pay, p.ops} {
			id := p.create(project)
			p.move(p.dev, id, "1", "2")
			p.later(time.Hour)
			p.move(p.po, id, "2", "3")
			p.move(p.dev, p.create(project), "1", "2")
		}
		p.later(time.Hour)
		p.restart(p.replaced("projects: [PAY, OPS]", `jql: "project = PAY and status = Done"`))
		p.fine()
		p.settle()
		p.shows(ended("PAY"), 1)
		p.shows(open, 0)

		p.later(25 * time.Hour) // until then a changed config begins a new ledger
		p.fine()
		p.restart(p.replaced("project = PAY and status = Done", "project in (PAY, OPS)"))
		p.shows(ended("PAY"), 1)
		p.settle()
		p.settle()
		p.shows(open, 1)
		p.shows(openIn("OPS"), 1)
		p.shows(ended("PAY"), 1)
		if n := p.metric(ended("OPS")); n > 0 {
			p.Errorf("%v of the past are counted by another query", n)
		}
		if p.metric(`po_audit_findings{project="OPS",reason="corrected"}`) < 1 {
			p.Error("the audit does not say that something is not counted")
		}
	})
}
