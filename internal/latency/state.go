package latency

import (
	"slices"
	"strings"
)

// state is what the fields of a story hold at one instant.
type state struct {
	status, project, typ, parent, resolution Value
	assignee, flag, labels                   Value
	components                               []Value
	users                                    []userField
}

// userField is a field that holds people: the reporter, the creator, or a custom one.
type userField struct {
	field string
	ids   string // accounts separated by commas
}

// slot returns where the value of a single-valued field is kept, or nil.
func (s *state) slot(field string) *Value {
	switch field {
	case FieldStatus:
		return &s.status
	case FieldProject:
		return &s.project
	case FieldType:
		return &s.typ
	case FieldParent:
		return &s.parent
	case FieldResolution:
		return &s.resolution
	case FieldAssignee:
		return &s.assignee
	case FieldFlag:
		return &s.flag
	case FieldLabels:
		return &s.labels
	}
	return nil
}

// people returns the accounts in a user field, in Jira's order.
func (s *state) people(field string) string {
	if field == FieldAssignee {
		return s.assignee.ID
	}
	for i := range s.users {
		if s.users[i].field == field {
			return s.users[i].ids
		}
	}
	return ""
}

// setPeople sets a user field.
func (s *state) setPeople(field, ids string) {
	for i := range s.users {
		if s.users[i].field == field {
			s.users[i].ids = ids
			return
		}
	}
	s.users = append(s.users, userField{field, ids})
}

// apply makes a change take effect, and reports whether the rules read that field.
func (s *state) apply(c *Change) bool {
	switch {
	case c.Field == FieldComponents:
		if c.From != (Value{}) {
			s.components = slices.DeleteFunc(s.components, func(v Value) bool { return v.ID == c.From.ID })
		}
		if c.To != (Value{}) {
			s.components = append(s.components, c.To)
		}
	case isUserField(c.Field):
		s.setPeople(c.Field, c.To.ID)
	default:
		v := s.slot(c.Field)
		if v == nil {
			return false
		}
		*v = c.To
	}
	return true
}

// isUserField reports whether a field holds people: the reporter, the creator, or a
// custom field, of which only user fields are kept. The assignee is kept by itself,
// because rules ask for it whoever owns the story.
func isUserField(field string) bool {
	return field == FieldReporter || field == FieldCreator || strings.HasPrefix(field, "customfield_")
}

// initial fills s with the values a story had before its events, reconstructed
// backwards: the old value of the first change of a field, else what Jira says
// now. events are in order. It returns the number of the event with the first
// status, len(events) if the status is that of now, and of the last event that
// imported the story from another Jira, -1 if there is none.
func (s *state) initial(now Snapshot, events []Event) (firstStatus, lastImport int) {
	*s = state{components: s.components[:0], users: s.users[:0]}
	for field, values := range now {
		switch {
		case field == FieldComponents:
			s.components = append(s.components, values...)
		case isUserField(field):
			s.setPeople(field, joinIDs(values))
		case field == FieldLabels:
			s.labels = Value{Name: joinNames(values)}
		default:
			if v := s.slot(field); v != nil && len(values) > 0 {
				*v = values[0]
			}
		}
	}
	firstStatus, lastImport = len(events), -1
	for i := len(events) - 1; i >= 0; i-- {
		for j := len(events[i].Changes) - 1; j >= 0; j-- {
			c := &events[i].Changes[j]
			switch c.Field {
			case FieldStatus:
				firstStatus = i
			case FieldImport:
				lastImport = max(lastImport, i)
			}
			back := Change{Field: c.Field, From: c.To, To: c.From}
			s.apply(&back)
		}
	}
	// Components come from a map of the snapshot and from changes in either
	// order; the rules ask for the first by name.
	slices.SortFunc(s.components, func(a, b Value) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return firstStatus, lastImport
}

// hasWord reports whether a list separated by spaces holds word.
func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func joinIDs(values []Value) string {
	if len(values) == 1 {
		return values[0].ID
	}
	ids := make([]string, len(values))
	for i, v := range values {
		ids[i] = v.ID
	}
	return strings.Join(ids, ",")
}

func joinNames(values []Value) string {
	if len(values) == 1 {
		return values[0].Name
	}
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.Name
	}
	return strings.Join(names, " ")
}

// HoldsPeople reports whether the values of a field are people.
func HoldsPeople(field string) bool { return field == FieldAssignee || isUserField(field) }
