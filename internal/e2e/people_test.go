package e2e

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// Pitfall 9: another person is taken for the owner, or an unknown actor for a person.
func TestWhoActed(t *testing.T) {
	for _, null := range []bool{false, true} { // what Jira says of nobody
		t.Run(fmt.Sprint("nobody is null: ", null), func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				p.site.NullAuthors = null
				p.actors()
			})
		})
	}
}

// actors lets an unknown actor act, and an owner leave.
func (p *rig) actors() {
	owned, unowned := p.create(p.pay), p.create(p.pay)
	p.site.Change(p.now(), p.dev, unowned, map[string]any{"customfield_10050": nil})
	p.move(p.dev, owned, "1", "2")
	p.move(p.dev, unowned, "1", "2")
	p.later(time.Hour)
	p.fine()
	p.shows(finding(latency.FindNoActor), -1)
	p.logs(latency.FindNoActor, false)
	p.lists(latency.FindNoActor, false)

	// Jira names no actor: that is not a person who is missing in the config.
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
	p.logs(latency.FindInactiveOwner, false)
	p.lists(latency.FindInactiveOwner, false)
	p.site.Update(func() { p.po.Active = false })
	p.site.Comment(p.now(), p.po, owned, "leaving")
	p.later(2 * time.Hour)
	p.fine()
	p.later(2 * time.Hour)
	p.fine()
	p.shows(finding(latency.FindInactiveOwner), 1)

	p.logs(latency.FindInactiveOwner, true)
	p.lists(latency.FindInactiveOwner, true)
}

// If a second field gets the same name, the numbers stand still until the config
// says which one is meant.
func TestTwoFieldsOfOneName(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		id := p.create(p.pay)
		p.later(time.Hour)
		p.fine()
		p.shows("yourturn_poll_success", 1)
		p.shows(`yourturn_poll_failures_total{reason="names"}`, -1)
		p.logs("is the name of several fields", false)
		as := p.metric("yourturn_data_timestamp_seconds")

		p.site.AddField(&jirasim.Field{ID: "customfield_10060", Name: "Produktverantwortung", Untranslated: "Product Owner", Custom: true, SchemaType: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"})
		p.move(p.dev, id, "1", "2")
		p.later(7 * time.Hour) // with a census fields are read again
		var names query.NamesError
		if err := p.cycle(); !errors.As(err, &names) {
			p.Errorf("a poll whose stories cannot be measured ends with: %v", err)
		}
		p.shows("yourturn_poll_success", 0)
		p.shows(`yourturn_poll_failures_total{reason="names"}`, 1)
		p.shows("yourturn_data_timestamp_seconds", as)
		p.shows(open, -1)
		p.logs("is the name of several fields", true)
		for _, field := range []string{"customfield_10050", "customfield_10060"} {
			p.logs(field, true)
			if text := yourturn(p.T, 1, "waits", "--audit", "--config.file", p.svc.Config().File()); !strings.Contains(text, field) {
				p.Errorf("the audit does not name %s:\n%s", field, text)
			}
		}
	})
}

// The owner of a wait follows the field, and an answer belongs to who gave it.
func TestOwnerChanges(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		p.create(p.pay)
		id := p.create(p.pay)
		second := p.site.AddUser(&jirasim.User{Ref: "second", AccountID: "acc-second", Name: "second", Key: "JIRAUSER-second", DisplayName: "PO", AccountType: "atlassian", Active: true}) // of the same name as po
		p.later(time.Hour)
		p.move(p.dev, id, "1", "2")
		p.later(time.Hour)
		was, is := p.po.ID(p.site.Flavor), second.ID(p.site.Flavor)
		p.site.Change(p.now(), p.dev, id, map[string]any{"customfield_10050": second}, jirasim.Item{Field: "Product Owner", FieldType: "custom", FieldID: "customfield_10050", From: &was, FromString: &p.po.DisplayName, To: &is, ToString: &second.DisplayName})
		p.later(2 * time.Hour)
		p.move(second, id, "2", "3")
		p.later(time.Hour)
		p.fine()
		w := p.waits(id)
		if len(w) != 2 || w[0].Owner != "po" || w[0].Outcome != "handed_over" || w[0].ElapsedSeconds != 3600 ||
			w[1].Owner != is || w[1].Outcome != "accepted" || w[1].Responder != "owner" || w[1].ElapsedSeconds != 7200 {
			p.Errorf("got %+v, want an hour of po's that was handed over, and two of the other's", w)
		}
		p.shows(fmt.Sprintf(`po_acceptance_latency_seconds_count{outcome="accepted",owner=%q,project="PAY",responder="owner"}`, is), 1)
		if n := p.metric(`po_acceptance_latency_seconds_count{outcome="accepted",owner="po",project="PAY",responder="owner"}`); n > 0 {
			p.Errorf("%v acceptances of another are counted as po's", n)
		}
	})
}

// TestTheReporterOwns holds that the reporter and the creator of a story can be its
// owner, by every name that the field has: with the history of the reporter, and
// from the parent where a story has no reporter.
func TestTheReporterOwns(t *testing.T) {
	for field, creator := range map[string]bool{"Reporter": false, "reporter": false, "Rapporteur": false, "Creator": true, "CREATOR": true} {
		t.Run(field, func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				p.site.AddField(&jirasim.Field{ID: "reporter", Name: "Rapporteur", SchemaType: "user"})
				p.restart(p.replaced("owner_field: Product Owner", "owner_field: "+field))
				given := func(to *jirasim.User) (id int64) {
					epic := p.create(p.pay)
					id = p.create(p.pay)
					p.site.Change(p.now(), p.dev, epic, map[string]any{"reporter": p.po})
					p.site.Change(p.now(), p.dev, id, map[string]any{"reporter": to, "parent": map[string]any{"id": fmt.Sprint(epic), "key": p.site.Key(epic)}})
					p.later(time.Minute)
					p.move(p.dev, id, "1", "2")
					return id
				}
				inherits, handedOn := given(nil), given(p.dev)
				p.later(time.Hour)
				dev, po := p.dev.ID(p.site.Flavor), p.po.ID(p.site.Flavor)
				p.site.Change(p.now(), p.dev, handedOn, map[string]any{"reporter": p.po},
					jirasim.Item{Field: "reporter", FieldType: "jira", FieldID: "reporter", From: &dev, FromString: &p.dev.DisplayName, To: &po, ToString: &p.po.DisplayName})
				p.later(time.Hour)
				p.fine()
				owners := func(id int64) (list []string) {
					for _, w := range p.waits(id) {
						list = append(list, w.Owner)
					}
					return list
				}
				want := [2][]string{{"po"}, {dev, "po"}}
				if creator {
					want = [2][]string{{dev}, {dev}}
				}
				if got := [2][]string{owners(inherits), owners(handedOn)}; !reflect.DeepEqual(got, want) {
					t.Errorf("the owners are %v, want %v", got, want)
				}
			})
		})
	}
}

// A Data Center can anonymise a user. From then on it shows another key and name
// everywhere.
func TestAnonymisedUser(t *testing.T) {
	for _, null := range []bool{false, true} { // what it says of nobody
		p := newRig(t, jirasim.DataCenter, jirasim.Options{}, "")
		p.site.NullAuthors = null
		p.create(p.pay)
		id := p.create(p.pay)
		p.move(p.dev, id, "1", "2")
		p.later(time.Hour)
		p.fine()
		p.shows(open, 1)
		check := func(code int) string {
			return yourturnAt(t, p.opts.Now, code, "check", "--online", "--config.file", p.svc.Config().File())
		}
		check(0)
		p.site.Update(func() {
			p.po.Key, p.po.Name, p.po.DisplayName, p.po.Active = "JIRAUSER80900", "user-ca31a", "user-ca31a", false
		})
		if text := check(1); !strings.Contains(text, "owners.po") || !strings.Contains(text, "JIRAUSER-po") {
			t.Errorf("check does not say that the account of po is not there:\n%s", text)
		}
		p.shows(finding(latency.FindInactiveOwner), -1)
		p.logs(latency.FindInactiveOwner, false)
		p.lists(latency.FindInactiveOwner, false)
		p.site.Comment(p.now(), p.dev, id, "so")
		p.later(time.Hour)
		p.fine()
		p.shows(finding(latency.FindInactiveOwner), 1)
		p.logs(latency.FindInactiveOwner, true)
		p.lists(latency.FindInactiveOwner, true)
		p.move(nil, id, "2", "1") // by nobody
		p.later(time.Hour)
		p.fine()
		w := p.waits(id)
		if len(w) == 0 || w[len(w)-1].Responder != "other" || w[len(w)-1].Outcome != "recalled" {
			t.Errorf("got %+v, want a wait that somebody else ended", w)
		}
		p.shows(finding(latency.FindNoActor), 1)
	}
}
