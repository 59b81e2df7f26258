package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

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
