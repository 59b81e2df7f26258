package rules

import (
	"testing"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

func TestSameReading(t *testing.T) {
	cfg := parse(t, `
owners: {ada: {accounts: [ada.login]}}
projects: {PAY: {owner: ada, acceptance_statuses: [po review]}}
`)
	before := New(cfg, facts()).Rules
	for _, tc := range []struct {
		name   string
		change func(*Facts)
		want   bool
	}{
		{"nothing", func(*Facts) {}, true},
		{"another name", func(f *Facts) { f.Users[0].DisplayName = "Ada L." }, true},
		{"an account is closed", func(f *Facts) { f.Users[0].Active = false }, true},
		{"a new developer", func(f *Facts) { f.Users = append(f.Users, jiradata.User{ID: "KEY8", Name: "new.login"}) }, true},
		{"another account of an owner", func(f *Facts) { f.Users[0].Name = "ada.ohm" }, false},
		{"a new status", func(f *Facts) {
			f.Meta.Statuses = append(f.Meta.Statuses, jiradata.Status{ID: "99", Name: "New", Category: latency.CategoryDone})
		}, false},
		{"a new lead", func(f *Facts) { f.Leads = append(f.Leads, jiradata.Lead{Project: "1", At: 5, Account: "KEY2"}) }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := facts()
			tc.change(&f)
			if got := SameReading(before, New(cfg, f).Rules); got != tc.want {
				t.Errorf("%t, want %t", got, tc.want)
			}
		})
	}
}
