package jirasim

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// comparison is one clause of a query. IN is "=" with a list, NOT IN "!=".
type comparison struct {
	field, op string
	list      bool
	values    []lexeme
}

// equality reports whether the clause asks for values alone, and not for an order.
func (c comparison) equality() bool { return c.op == "=" || c.op == "!=" }

func (c comparison) unsupported(op string) error {
	return jqlError(fmt.Sprintf("The operator '%s' is not supported by the '%s' field.", strings.ToLower(op), c.field))
}

func (c comparison) noValue(v string) error {
	return jqlError(fmt.Sprintf("The value '%s' does not exist for the field '%s'.", v, c.field))
}

// holds reports whether the sign of a comparison satisfies the operator.
func (c comparison) holds(sign int) bool {
	switch c.op {
	case ">":
		return sign > 0
	case ">=":
		return sign >= 0
	case "<":
		return sign < 0
	case "<=":
		return sign <= 0
	case "!=":
		return sign != 0
	}
	return sign == 0
}

// compare returns the condition of a clause, and whether it depends on when it
// is asked.
func (s *Site) compare(c comparison) (cond condition, moving bool, err error) {
	switch c.field {
	case "updated", "updateddate", "created", "createddate":
		return s.compareInstant(c)
	case "id", "issue", "key", "issuekey":
		cond, err = s.compareID(c)
		return cond, false, err
	}
	if !c.equality() {
		return condition{}, false, c.unsupported(c.op)
	}
	var matches func(*Issue) bool
	switch c.field {
	case "project":
		matches, err = s.inProjects(c)
	case "status":
		matches, err = named(c, "status", s.statuses, func(st *Status) (string, string) { return st.ID, st.Name })
	case "issuetype", "type":
		matches, err = named(c, "issuetype", s.types, func(t *IssueType) (string, string) { return t.ID, t.Name })
	case "sprint":
		matches, err = s.inSprints(c)
	default:
		err = jqlError(fmt.Sprintf("Field '%s' does not exist or you do not have permission to view it.", c.field))
	}
	if err != nil {
		return condition{}, false, err
	}
	return condition{match: func(is *Issue) bool { return matches(is) == (c.op == "=") }}, false, nil
}

func (s *Site) inProjects(c comparison) (func(*Issue) bool, error) {
	var wanted []*Project
	for _, v := range c.values {
		p := s.projectNamed(v.text)
		if p == nil && s.EmptyProjects {
			continue
		}
		if p == nil {
			return nil, c.noValue(v.text)
		}
		wanted = append(wanted, p)
	}
	return func(is *Issue) bool { return slices.Contains(wanted, is.Project) }, nil
}

// named returns the condition that a field, which is an object with an id,
// holds one of the values: ids or names of what the Jira knows.
func named[T any](c comparison, field string, known []T, of func(T) (id, name string)) (func(*Issue) bool, error) {
	var ids []string
	for _, v := range c.values {
		found := false
		for _, k := range known {
			if id, name := of(k); id == v.text || strings.EqualFold(name, v.text) {
				ids, found = append(ids, id), true // all of a name that several have
			}
		}
		if !found {
			return nil, c.noValue(v.text)
		}
	}
	return func(is *Issue) bool {
		doc, _ := is.Fields[field].(map[string]any)
		id, _ := doc["id"].(string)
		return slices.Contains(ids, id)
	}, nil
}

// inSprints compares by sprint, by id or name.
func (s *Site) inSprints(c comparison) (func(*Issue) bool, error) {
	var fields []string
	for _, f := range s.fields {
		if f.SchemaCustom == sprintFieldType {
			fields = append(fields, f.ID)
		}
	}
	if len(fields) == 0 {
		return nil, jqlError(fmt.Sprintf("Field '%s' does not exist or you do not have permission to view it.", c.field))
	}
	var ids []int64
	for _, v := range c.values {
		known := len(s.boards) == 0 // an export has none, and knows no better
		for _, b := range s.boards {
			for _, sp := range b.Sprints {
				if number(sp.ID) == v.text || strings.EqualFold(sp.Name, v.text) {
					ids, known = append(ids, sp.ID), true
				}
			}
		}
		if !known {
			return nil, jqlError(fmt.Sprintf("Sprint with name '%s' does not exist or you do not have permission to view it.", v.text))
		}
		if id, err := strconv.ParseInt(v.text, 10, 64); err == nil {
			ids = append(ids, id)
		}
	}
	return func(is *Issue) bool {
		return slices.ContainsFunc(fields, func(f string) bool {
			return slices.ContainsFunc(sprintIDs(is.Fields[f]), func(id int64) bool { return slices.Contains(ids, id) })
		})
	}, nil
}

// compareID compares by id or key. Data Center refuses an issue that it does not
// know; Cloud leaves unknown ids out of a list.
func (s *Site) compareID(c comparison) (condition, error) {
	var ids []int64
	for _, v := range c.values {
		is := s.lookup(v.text)
		id, err := strconv.ParseInt(v.text, 10, 64)
		switch {
		case is != nil:
			ids = append(ids, is.ID)
		case err == nil && s.Flavor == Cloud && (c.list || !c.equality()):
			ids = append(ids, id)
		default:
			return condition{}, jqlError(fmt.Sprintf("An issue with key '%s' does not exist for field '%s'.", v.text, c.field))
		}
	}
	if !c.equality() {
		cond := condition{match: func(is *Issue) bool { return c.holds(cmp.Compare(is.ID, ids[0])) }}
		if c.op == ">" || c.op == ">=" {
			cond.from = ids[0]
		}
		return cond, nil
	}
	set := map[int64]bool{}
	for _, id := range ids {
		set[id] = true
	}
	cond := condition{match: func(is *Issue) bool { return set[is.ID] == (c.op == "=") }}
	if c.op == "=" {
		cond.from = slices.Min(ids)
	}
	return cond, nil
}

// compareInstant compares created or updated.
func (s *Site) compareInstant(c comparison) (condition, bool, error) {
	if c.list {
		return condition{}, false, c.unsupported(map[string]string{"=": "in", "!=": "not in"}[c.op])
	}
	at, moving, ok := s.instant(c.values[0])
	if !ok {
		return condition{}, false, jqlError(fmt.Sprintf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.", c.values[0].text, c.field))
	}
	created := strings.HasPrefix(c.field, "created")
	return condition{match: func(is *Issue) bool {
		t := is.Updated
		if created {
			t = is.Created
		}
		return c.holds(t.Compare(at))
	}}, moving, nil
}

var (
	jqlDate   = regexp.MustCompile(`^\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: \d{1,2}:\d{2})?$`)
	jqlPeriod = regexp.MustCompile(`^([+-]?)((?:\d+[wdhm]?\s*)+)$`)
	jqlPart   = regexp.MustCompile(`(\d+)([wdhm]?)`)
)

// instant reads an instant: digits are milliseconds of the epoch; a date is read
// to the minute and in the zone of the account that searches; a period, and
// digits in quotes, which are minutes, count from now. moving says the last.
func (s *Site) instant(v lexeme) (at time.Time, moving, ok bool) {
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil && !v.quoted && n >= 0 && !s.NoInstants {
		return time.UnixMilli(n), false, true
	}
	if jqlDate.MatchString(v.text) {
		zone := time.UTC
		if s.Self != nil {
			if loc, err := time.LoadLocation(s.Self.TimeZone); err == nil {
				zone = loc
			}
		}
		for _, layout := range []string{"2006-1-2 15:04", "2006-1-2"} {
			if t, err := time.ParseInLocation(layout, strings.ReplaceAll(v.text, "/", "-"), zone); err == nil {
				return t, false, true
			}
		}
		return time.Time{}, false, false
	}
	m := jqlPeriod.FindStringSubmatch(v.text)
	if m == nil {
		return time.Time{}, false, false
	}
	var minutes float64
	for _, part := range jqlPart.FindAllStringSubmatch(m[2], -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return time.Time{}, false, false
		}
		minutes += n * map[string]float64{"": 1, "m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}[part[2]]
	}
	// Milliseconds of the epoch in quotes are minutes of the far future.
	const century = 100 * 365 * 24 * time.Hour
	offset := time.Duration(min(minutes, century.Minutes())) * time.Minute
	if m[1] == "-" {
		offset = -offset
	}
	return s.Now().Add(offset), true, true
}
