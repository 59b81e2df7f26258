package store

import (
	"slices"

	"github.com/yourturn/yourturn/internal/latency"
)

// merge returns what is stored of an event once it has come again, and whether
// that differs from what was stored. Both are the same event: they have the same
// instant, rank and id. before was read by one version of jiradata.Reading, now
// by another or the same.
//
// Jira does not always answer the same of one event, and each part has its rule.
// All of them move one way only, so two answers that differ for ever (one
// endpoint gives an account's type and another does not) settle after one write.
//
//   - Who did it stays as it was read first. An account that was anonymised or
//     deleted since is another one, or none, in later answers; who it was then is
//     what the rules ask. Where nobody was named, a later answer may name one. An
//     account of the same id that turns out to be an app or a customer is one:
//     "person" is also what stands where Jira gives no type.
//   - A change of a field stays as it was read first: ids and names in it may be
//     anonymised or renamed later. A field that had no change in the record is
//     added: this program reads it, and an older one did not. What a later answer
//     lacks stays.
//   - The facts of a comment are replaced by those of a newer reading, never by
//     those of the same one: two endpoints give the same text in two forms. Jira
//     gives the present text alone, so the facts of an event from before the last
//     edit must not come here anew; the collector keeps them (reconcile).
//   - An instant that a poll observed becomes Jira's own where Jira gives the
//     same; never the other way.
func merge(before, now *latency.Event, reading, newer int) (merged latency.Event, differs bool) {
	merged = *before
	if before.Observed && !now.Observed {
		merged.Observed, differs = false, true
	}
	switch {
	case before.Actor == "" && now.Actor != "":
		merged.Actor, merged.ActorType, differs = now.Actor, now.ActorType, true
	case before.Actor == now.Actor && before.ActorType == latency.Person && now.ActorType != latency.Person:
		merged.ActorType, differs = now.ActorType, true
	}
	if changes, more := mergeChanges(before.Changes, now.Changes); more {
		merged.Changes, differs = changes, true
	}
	if now.Comment != nil && (before.Comment == nil || newer > reading && !before.Comment.Same(*now.Comment)) {
		merged.Comment, differs = now.Comment, true
	}
	return merged, differs
}

// mergeChanges adds to the changes of a record those of fields that it had no
// change of, in the order in which Jira gives them; more reports whether there
// are any.
func mergeChanges(before, now []latency.Change) (merged []latency.Change, more bool) {
	of := func(field string) func(latency.Change) bool {
		return func(c latency.Change) bool { return c.Field == field }
	}
	for i := range now {
		more = more || !slices.ContainsFunc(before, of(now[i].Field))
	}
	if !more {
		return before, false
	}
	merged = make([]latency.Change, 0, len(before)+len(now))
	for i := range now {
		switch field := now[i].Field; {
		case !slices.ContainsFunc(before, of(field)):
			merged = append(merged, now[i])
		case !slices.ContainsFunc(merged, of(field)): // all of the field where its first one stands
			merged = appendField(merged, before, field)
		}
	}
	for i := range before {
		if !slices.ContainsFunc(merged, of(before[i].Field)) {
			merged = appendField(merged, before, before[i].Field)
		}
	}
	return merged, true
}

// appendField appends the changes of a field to out.
func appendField(out, changes []latency.Change, field string) []latency.Change {
	for i := range changes {
		if changes[i].Field == field {
			out = append(out, changes[i])
		}
	}
	return out
}
