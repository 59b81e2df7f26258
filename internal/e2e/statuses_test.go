package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 8: statuses are renamed or doubled, and stories leave them without anybody's
// decision.
func TestRenamedAndDoubledStatuses(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
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

// A move that is undone at once was no decision. The move that undid it may be one.
func TestReopenedAtOnce(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay)
		slipped, reopened := p.create(p.pay), p.create(p.pay)
		for _, id := range []int64{slipped, reopened} {
			p.move(p.dev, id, "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		p.shows(`po_slips_total{project="PAY"}`, 0)
		p.shows(`po_guard_reopened_total{owner="po",project="PAY"}`, -1)
		p.move(p.po, slipped, "2", "3")
		p.move(p.po, reopened, "2", "3")
		p.later(900 * time.Millisecond)
		p.move(p.po, slipped, "3", "2")
		p.move(p.dev, reopened, "3", "2")
		p.later(time.Hour)
		p.fine()
		p.shows(open, 2)
		p.shows(`po_slips_total{project="PAY"}`, 1)
		p.shows(`po_guard_reopened_total{owner="po",project="PAY"}`, 1)
		p.shows(`po_waits_ended_total{kind="acceptance",outcome="accepted",owner="po",project="PAY",responder="owner"}`, 1)
		if a, b := len(p.waits(slipped)), len(p.waits(reopened)); a != 1 || b != 2 {
			p.Errorf("got %d waits where the acceptance was undone and %d where somebody else did it, want 1 and 2", a, b)
		}
	})
}

// A record may lack the id of the status that it moved to. The name identifies the
// status if only one has it.
func TestStatusWithoutID(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay)
		id := p.create(p.pay)
		p.later(time.Minute)
		begun := p.now()
		in := item("status", "1", "Open", "2", "PO Review")
		in.To = nil
		p.site.Change(p.now(), p.dev, id, map[string]any{"status": map[string]any{"id": "2", "name": "PO Review"}}, in)
		p.later(time.Hour)
		out := item("status", "2", "PO Review", "3", "Done")
		out.From, out.To = nil, nil
		p.site.Change(p.now(), p.po, id, map[string]any{"status": map[string]any{"id": "3", "name": "Done"}}, out)
		p.later(time.Hour)
		p.fine()
		p.begins(id, begun)
		p.shows(`po_waits_ended_total{kind="acceptance",outcome="accepted",owner="po",project="PAY",responder="owner"}`, 1)
		for _, reason := range []string{latency.FindUnknownStatus, latency.FindBrokenChain, latency.FindLastStatus} {
			p.shows(finding(reason), 0)
		}

		// A name that no status has is no guess.
		odd := p.create(p.pay)
		lost := item("status", "1", "Open", "2", "Nirvana")
		lost.To = nil
		p.site.Change(p.now(), p.dev, odd, map[string]any{"status": map[string]any{"id": "1", "name": "Open"}}, lost)
		p.later(time.Hour)
		p.fine()
		if p.metric(finding(latency.FindUnknownStatus))+p.metric(finding(latency.FindLastStatus)) < 1 {
			p.Error("a status of no id and of a name that no status has is not told")
		}
	})
}

// One actor who ends more than twenty stories in a minute did not look at them.
func TestBulkMove(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		var ids []int64
		for range 41 {
			ids = append(ids, p.create(p.pay))
			p.move(p.dev, ids[len(ids)-1], "1", "2")
		}
		p.later(time.Hour)
		p.fine()
		for _, id := range ids[:20] {
			p.move(p.po, id, "2", "3")
		}
		p.later(time.Hour)
		p.fine()
		p.shows(finding(latency.FindBulk), -1)
		p.logs(`"bulk"`, false)
		p.lists(latency.FindBulk, false)
		for _, id := range ids[20:] {
			p.later(time.Second)
			p.move(p.po, id, "2", "3")
		}
		p.later(time.Hour)
		p.fine()
		p.shows(finding(latency.FindBulk), 21)
		p.logs(`"bulk"`, true)
		p.lists(latency.FindBulk, true)
	})
}

// A story that automation moves through a status within seconds does not wait.
func TestAutomationHops(t *testing.T) {
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		more := "" // Cloud tells
		if flavor == jirasim.DataCenter {
			more = "automation_accounts: [JIRAUSER-robot]\n"
		}
		p := newRig(t, flavor, jirasim.Options{}, more)
		robot := p.site.AddUser(&jirasim.User{Ref: "robot", AccountID: "acc-robot", Name: "robot", Key: "JIRAUSER-robot", DisplayName: "Robot", AccountType: "app", Active: true})
		p.create(p.pay)
		hop, visit := p.create(p.pay), p.create(p.pay)
		p.later(time.Hour)
		p.move(robot, hop, "1", "2")
		p.move(p.dev, visit, "1", "2")
		p.later(3 * time.Second)
		p.move(robot, hop, "2", "3")
		p.later(time.Minute)
		p.move(robot, visit, "2", "3")
		p.later(time.Hour)
		p.fine()
		if n := len(p.waits(hop)); n != 0 {
			t.Errorf("a hop of automation made %d waits", n)
		}
		if w := p.waits(visit); len(w) != 1 || w[0].Responder != "automation" {
			t.Errorf("got %+v, want one wait that automation ended", w)
		}
		p.shows(`po_acceptance_bypassed_total{project="PAY"}`, 1) // nobody was asked about the first
	})
}

// A name in the config may be the name of several statuses. A warning says so,
// because it may not be what was meant.
func TestNameOfSeveral(t *testing.T) {
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		p := newRig(t, flavor, jirasim.Options{}, "projects: {PAY: {accepted_statuses: [Done]}}\n")
		const told = `this Jira has several statuses \"Done\" for project PAY, of the ids 3, 4`
		check := func() string {
			return yourturnAt(t, p.opts.Now, 0, "check", "--online", "--config.file", p.svc.Config().File())
		}
		p.create(p.pay)
		p.later(time.Hour)
		p.fine()
		before := p.metric("yourturn_config_warnings")
		p.logs(told, false)
		if text := check(); strings.Contains(text, "several statuses") {
			t.Errorf("check says:\n%s", text)
		}
		p.site.AddStatus(&jirasim.Status{ID: "4", Name: "Done", Category: "done"})
		p.later(7 * time.Hour) // with a census statuses are read again
		p.fine()
		p.shows("yourturn_config_warnings", before+1)
		p.logs(told, true)
		if text := check(); !strings.Contains(text, "look at this  statuses") || !strings.Contains(text, "several statuses") {
			t.Errorf("check does not say it:\n%s", text)
		}
	})
}

// item is a changed field of a record.
func item(field, from, fromName, to, toName string) jirasim.Item {
	return jirasim.Item{Field: field, FieldType: "jira", FieldID: map[bool]string{true: field}[field == "status"], From: &from, FromString: &fromName, To: &to, ToString: &toName}
}
