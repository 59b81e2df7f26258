package propose

import (
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// Account is somebody's account with what speaks for a role.
type Account struct {
	ID, Name   string
	Confidence Confidence
	Evidence   string
}

// ids returns the ids of accounts.
func ids(list []Account) latency.Set {
	out := latency.Set{}
	for _, a := range list {
		out[a.ID] = true
	}
	return out
}

// acts returns when each account did something, over all stories.
func acts(s *Sample) (at map[string][]latency.Instant, kinds map[string]latency.AccountType) {
	at, kinds = map[string][]latency.Instant{}, map[string]latency.AccountType{}
	for i := range s.Stories {
		for _, ev := range s.Stories[i].History.Events {
			if ev.Actor != "" && !ev.Observed {
				at[ev.Actor] = append(at[ev.Actor], ev.At)
				kinds[ev.Actor] = ev.ActorType
			}
		}
	}
	for _, list := range at {
		slices.Sort(list)
	}
	return at, kinds
}

// automation returns the accounts that are automation though Jira does not say
// so: named so, and at work around the clock or within seconds of others.
func (s *Sample) automation(at map[string][]latency.Instant, kinds map[string]latency.AccountType, lex lexicon) []Account {
	var out []Account
	prompt := s.prompt()
	for _, id := range slices.Sorted(maps.Keys(at)) {
		list := at[id]
		if kinds[id] != latency.Person || len(list) < fewestVisits {
			continue
		}
		u := s.Users[id]
		named := lex.hints(u.DisplayName, hintAutomation) || lex.hints(u.Name, hintAutomation)
		var hours [24]bool
		weekend := 0
		for _, t := range list {
			hours[t.Time().Hour()] = true
			if d := t.Time().Weekday(); d == 0 || d == 6 {
				weekend++
			}
		}
		busy := 0
		for _, b := range hours {
			if b {
				busy++
			}
		}
		quick := share(prompt[id], len(list))
		around := busy >= 20
		if !named && !(around && quick >= 0.5) {
			continue
		}
		a := Account{ID: id, Name: u.DisplayName, Confidence: Medium}
		if named && (around || quick >= 0.5) {
			a.Confidence = High
		}
		a.Evidence = fmt.Sprintf("%d events in %d of the 24 hours of the day, %d of them within 30 seconds after somebody else's on the same story", len(list), busy, prompt[id])
		out = append(out, a)
	}
	return out
}

// prompt counts, by account, the events within 30 seconds after somebody else's
// on the same story.
func (s *Sample) prompt() map[string]int {
	const soon = 30_000 // milliseconds
	out := map[string]int{}
	for i := range s.Stories {
		events := slices.Clone(s.Stories[i].History.Events)
		slices.SortFunc(events, latency.CompareEvents)
		for j := 1; j < len(events); j++ {
			if a, b := events[j-1], events[j]; a.Actor != b.Actor && b.At-a.At <= soon {
				out[b.Actor]++
			}
		}
	}
	return out
}
