package latency

import (
	"testing"
)

// hostile reads bytes as a history of anything at all: every kind of event with
// values that fit and values that do not, out of order, with ids that collide.
type hostile struct{ data []byte }

func (r *hostile) next(n int) int {
	if len(r.data) == 0 {
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return int(b) % n
}

func (r *hostile) pick(from []string) string { return from[r.next(len(from))] }

func (r *hostile) history() *History {
	fields := []string{
		FieldStatus, FieldStatus, FieldStatus, FieldAssignee, FieldFlag, FieldLabels, FieldComponents, FieldResolution, FieldSprint, FieldParent,
		FieldType, FieldProject, FieldKey, FieldWorkflow, FieldDescription, "customfield_1", "customfield_2", "",
	}
	values := []string{
		"", "To Do", "In Progress", "PO Review", "Sign-off", "Done", "Third party", "Waiting for PO", "Dropped", "Ready for Release", "Limbo",
		"po", "deputy", "next", "dev", "po,next", " , ", "1", "2", "3", "story", "epic", "po-question x", "Won\u2019t Fix", "Duplicate", "\x00\xff", "77",
	}
	actors := []string{"dev", "dev2", "po", "deputy", "next", "robot", "", "\xff", "unowned"}
	texts := []string{"", "?", "[~po] ok?", "[~deputy] ok?", "[~PO]?\ncc [~next]", "Q: hm", "#answered", "#withdrawn", "{code}?", "[~po|x]?", "\xff?"}
	value := func() Value {
		v := val(r.pick(values))
		if r.next(8) == 0 {
			v.ID = "" // a record that lost the id
		}
		return v
	}
	h := &History{ID: int64(r.next(3)), Key: "PAY-7", Now: Snapshot{FieldProject: {{ID: "1"}}, FieldType: {val("story")}}}
	for range r.next(4) {
		h.Now[r.pick(fields)] = []Value{value()}
	}
	at := Instant(1_772_000_000_000)
	for len(r.data) > 0 && len(h.Events) < 60 {
		at += Instant([]int64{0, 1, 3_000, 60_000, 60_001, 299_999, 300_000, 3_600_000, 40_000_000, 900_000_000, -5}[r.next(11)])
		ev := Event{At: at, Rank: Rank(r.next(7)), ID: int64(r.next(9)), Actor: r.pick(actors), ActorType: AccountType(r.next(4) % 3)}
		switch ev.Rank {
		case RankRecord:
			for range 1 + r.next(3) {
				ev.Changes = append(ev.Changes, Change{Field: r.pick(fields), From: value(), To: value()})
			}
		case RankCommentAdded, RankCommentEdited:
			ev.Comment = commentFacts(r.pick(texts))
		default: // nothing beside what it is
		}
		h.Events = append(h.Events, ev)
	}
	return h
}

// FuzzStory derives what no Jira would send, as of each of its instants.
func FuzzStory(f *testing.F) {
	f.Add([]byte("a wait\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"), uint16(1))
	f.Add([]byte{0, 0, 1, 0, 0, 0, 7, 1, 1, 0, 0, 0, 2, 0, 2, 3, 3, 7, 1, 2, 2, 0, 0, 0, 3, 0, 5, 1}, uint16(9999))
	rules := busyRules(f)
	rules.Projects["1"].DelegateField = "customfield_2"
	d := NewDeriver(rules, Ancestors{"77": NewAncestor(&History{ID: 77, Now: Snapshot{"customfield_1": {{ID: "next"}}}, Events: []Event{{Rank: RankCreated}}})})
	f.Fuzz(func(t *testing.T, data []byte, when uint16) {
		h := (&hostile{data}).history()
		if len(h.Events) == 0 {
			return
		}
		for _, ev := range h.Events {
			if err := invariants(d, rules, h, ev.At+Instant(when)*100_000); err != nil {
				t.Fatal(err)
			}
		}
	})
}
