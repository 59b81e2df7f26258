package jirasim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxOrder is how many fields a query may be ordered by.
const maxOrder = 7

// orderTerm is one field of ORDER BY: id, created or updated.
type orderTerm struct {
	field string
	desc  bool
}

// orderBy returns where in a query ORDER BY begins, or -1.
func orderBy(list []lexeme) int {
	for i := range list {
		if list[i].is("order") && i+1 < len(list) && list[i+1].is("by") {
			return i
		}
	}
	return -1
}

// parseOrder parses what follows ORDER BY.
func parseOrder(list []lexeme) ([]orderTerm, error) {
	var out []orderTerm
	for {
		if len(list) == 0 {
			return nil, jqlError("Error in the JQL Query: Expecting a field name before the end of the query.")
		}
		name := strings.ToLower(list[0].text)
		switch name {
		case "id", "key", "issue", "issuekey":
			name = "id" // keys are given in the order of ids
		case "created", "createddate":
			name = "created"
		case "updated", "updateddate":
			name = "updated"
		default:
			return nil, jqlError(fmt.Sprintf("Field '%s' does not exist or you do not have permission to view it.", list[0].text))
		}
		term := orderTerm{field: name, desc: name != "id"} // instants come latest first unless the query says ASC
		list = list[1:]
		if len(list) > 0 && (list[0].is("asc") || list[0].is("desc")) {
			term.desc = list[0].is("desc")
			list = list[1:]
		}
		out = append(out, term)
		if len(list) == 0 {
			break
		}
		if !list[0].is(",") {
			return nil, jqlError(fmt.Sprintf("Error in the JQL Query: Expecting ',' but got '%s'. (line 1, character %d)", list[0].text, list[0].at))
		}
		list = list[1:]
	}
	if len(out) > maxOrder {
		return nil, jqlError(fmt.Sprintf("The maximum number of fields to order by is %d.", maxOrder))
	}
	return out, nil
}

// run returns the issues that a query finds in an index, in its order. The
// caller holds the lock.
func (s *Site) run(q *query, index func(*Issue) *Issue) []*Issue {
	first, _ := s.position(q.from)
	out := []*Issue{}
	for _, is := range s.ordered[first:] {
		if is = index(is); is != nil && q.match(is) {
			out = append(out, is)
		}
	}
	if len(q.order) == 0 || q.order[0] == (orderTerm{field: "id"}) {
		return out // as they are kept
	}
	slices.SortStableFunc(out, func(a, b *Issue) int {
		for _, t := range q.order {
			var c int
			switch t.field {
			case "created":
				c = a.Created.Compare(b.Created)
			case "updated":
				c = a.Updated.Compare(b.Updated)
			default:
				c = cmp.Compare(a.ID, b.ID)
			}
			if t.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return out
}
