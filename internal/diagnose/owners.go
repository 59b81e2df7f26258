package diagnose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
)

// owners looks up everybody whom the config names, and projects in which
// nothing names anybody.
func (e *examination) owners(ctx context.Context) ([]Line, error) {
	var lines []Line
	var fine []string
	for _, key := range slices.Sorted(maps.Keys(e.Config.Owners)) {
		for i, account := range e.Config.Owners[key].Accounts {
			e.Progress("looking up the owner " + key)
			place := e.place(fmt.Sprintf("owners.%s.accounts[%d]", key, i))
			u, line, err := e.account(ctx, place, account, Broken)
			switch {
			case err != nil:
				return lines, err
			case line != nil:
				lines = append(lines, *line)
			case !u.Active:
				lines = append(lines, Line{Topic: "owners", Grade: Look, Text: fmt.Sprintf("%s is %s, whose account is closed: nobody will answer (%s)", key, u.DisplayName, place), Remedy: "if somebody else owns the stories now, say so in the config"})
			default:
				fine = append(fine, fmt.Sprintf("%s is %s", key, u.DisplayName))
				lines = append(lines, e.otherZone(key, u)...)
			}
		}
	}
	switch {
	case len(fine) > 0:
		lines = append([]Line{{Topic: "owners", Text: list(fine)}}, lines...)
	case len(e.Config.Owners) == 0:
		lines = append(lines, Line{Topic: "owners", Text: "none is configured: whoever Jira names is an owner, under their account id"})
	}
	for i, account := range e.Config.AutomationAccounts {
		_, line, err := e.account(ctx, e.place(fmt.Sprintf("automation_accounts[%d]", i)), account, Look)
		if err != nil {
			return lines, err
		}
		if line != nil {
			lines = append(lines, *line)
		}
	}
	for _, p := range e.watched {
		r := e.rules.Rules.Projects[p.ID]
		if r.OwnerField == "" && len(r.Terms) == 0 && len(r.Components) == 0 && len(r.Leads) == 0 {
			lines = append(lines, Line{Topic: "owners", Grade: Look, Projects: []string{p.Key}, Text: "nothing says who owns its stories, not even a project lead: every wait will be unowned", Remedy: "write projects." + anyProject + ".owner, a key of owners"})
		}
	}
	return lines, nil
}

// account looks up an account that the config names at a place. The line, of the
// given grade, says why there is none; it has the id where the text is rather a
// person's name.
func (e *examination) account(ctx context.Context, place, account string, grade Grade) (jiradata.User, *Line, error) {
	u, err := e.Client.User(ctx, account)
	if err == nil {
		return u, nil, nil
	}
	if !errors.Is(err, jira.ErrNotFound) && !errors.Is(err, jira.ErrRefused) {
		return u, nil, err
	}
	line := &Line{Topic: "owners", Grade: grade, Text: fmt.Sprintf("there is no account %q (%s)", account, place)}
	found, err := e.Client.FindUsers(ctx, account)
	if err != nil || len(found) == 0 {
		line.Remedy = "write the account id of a person: it is at the end of the address of their profile in Jira"
		if e.flavor == jiradata.DataCenter {
			line.Remedy = "write a user name, as in mentions, or a user key"
		}
		return u, line, nil
	}
	const most = 5
	var people []string
	for _, f := range found[:min(most, len(found))] {
		people = append(people, fmt.Sprintf("%s (%s)", f.DisplayName, f.ID))
	}
	if len(found) == 1 {
		line.Text += fmt.Sprintf("; it is found as the name of %s", found[0].DisplayName)
		line.Remedy = "write their account id: " + found[0].ID
	} else {
		line.Text += fmt.Sprintf("; it is found in the names of %d people", len(found))
		line.Remedy = "write the account id of one of them: " + strings.Join(people, ", ")
	}
	return u, line, nil
}

// otherZone says that an owner's calendar is in another zone than their profile
// in Jira.
func (e *examination) otherZone(key string, u jiradata.User) []Line {
	profile, err := time.LoadLocation(u.TimeZone)
	if u.TimeZone == "" || err != nil {
		return nil
	}
	now := e.Now()
	zone := e.Config.OwnerZone(key)
	_, configured := now.In(zone).Zone()
	_, own := now.In(profile).Zone()
	if configured == own {
		return nil
	}
	return []Line{{
		Topic: "owners", Grade: Look, Text: fmt.Sprintf("%s works in %s by the config, and in %s by their profile in Jira", key, zone, u.TimeZone),
		Remedy: fmt.Sprintf("write the right one as owners.%s.calendar.time_zone; the profile may be wrong", key),
	}}
}
