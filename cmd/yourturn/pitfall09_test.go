package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 9: the wrong person taken for the owner, or nobody for somebody.
func TestPitfall09Actors(t *testing.T) {
	pits(t, jirasim.Options{}, func(p *pit) {
		owned, unowned := p.create(p.pay), p.create(p.pay)
		p.site.Change(p.now(), p.dev, unowned, map[string]any{"customfield_10050": nil})
		p.move(p.dev, owned, "1", "2")
		p.move(p.dev, unowned, "1", "2")
		p.later(time.Hour)
		p.fine()
		p.shows(finding(latency.FindNoActor), -1)
		p.logs(latency.FindNoActor, false)
		p.lists(latency.FindNoActor, false)

		// Jira names nobody: that is nobody, whoever is not configured.
		p.move(nil, unowned, "2", "1")
		p.later(time.Hour)
		p.fine()
		for _, series := range []string{"owner", "delegate"} {
			if got := p.metric(fmt.Sprintf(`po_waits_ended_total{kind="acceptance",outcome="rejected",owner="po",project="PAY",responder=%q}`, series)); got > 0 {
				p.Errorf("nobody's move was counted as the %s's", series)
			}
		}
		p.shows(finding(latency.FindNoActor), 1)
		p.logs(latency.FindNoActor, true)
		p.lists(latency.FindNoActor, true)

		// An account that is closed still owns what it owned, and is told.
		p.shows(finding(latency.FindInactiveOwner), -1)
		p.site.Update(func() { p.po.Active = false })
		p.site.Comment(p.now(), p.po, owned, "leaving")
		p.later(2 * time.Hour)
		p.fine()
		p.later(2 * time.Hour)
		p.fine()
		p.shows(finding(latency.FindInactiveOwner), 1)

		// A second field of the same name is nobody's guess.
		p.site.AddField(&jirasim.Field{ID: "customfield_10060", Name: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
		f, err := facts(p.Context(), p.svc.store)
		if err != nil {
			p.Fatal(err)
		}
		f.Meta.Fields = append(f.Meta.Fields, archive.Field{ID: "customfield_10060", Name: "Product Owner", People: true})
		if _, err := concrete(p.svc.cfg, f); err == nil || !strings.Contains(err.Error(), "customfield_10050") || !strings.Contains(err.Error(), "customfield_10060") {
			p.Errorf("two fields of one name: got error %v, want one that names both", err)
		}
	})
}
