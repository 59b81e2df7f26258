package recount

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The Jira of the invented histories.
var (
	inventedProjects = map[string]string{"PAY": "1", "WEB": "2", "OPS": "3", "LAB": "4"}
	inventedTypes    = map[string]rawType{
		"7": {rawNamed: rawNamed{ID: "7", Name: "Story"}}, "9": {rawNamed: rawNamed{ID: "9", Name: "Bug"}},
		"8": {rawNamed: rawNamed{ID: "8", Name: "Sub-task"}, Subtask: true}, "6": {rawNamed: rawNamed{ID: "6", Name: "Epic"}},
	}
	inventedStatuses = map[string]statusToday{
		"1": {"Open", "new"}, "3": {"In Progress", "indeterminate"}, "4": {"Reopened", "new"}, "5": {"Resolved", "done"}, "6": {"Closed", "done"},
		"10": {"PO Review", "indeterminate"}, "11": {"Waiting for PO", "indeterminate"}, "12": {"Dropped", "indeterminate"},
		"13": {"At the printer", "indeterminate"}, "14": {"Final Check", "indeterminate"}, "16": {"Ready for Release", "indeterminate"},
	}
	inventedComponents = map[string]string{"31": "Checkout", "32": "Basket", "33": "Search"}
	// What they were called for a while.
	formerStatuses   = map[string]string{"14": "Last Look", "13": "Printing"}
	formerComponents = map[string]string{"31": "Cart", "33": "Lookup"}
	// A type that no issue is of any more.
	formerType = rawNamed{ID: "99", Name: "Wish"}

	inventedPeople = []string{"po1", "po2", "po3", "po4", "dev1", "dev2", "dev3", "dev4", "dev5", "bot", "bot", "ci"}
	inventedOwners = []string{"po1", "po2", "po3", "po4", "dev1", "dev2"} // whom fields may name
	inventedLabels = []string{"po-question", "ask", "red", "blue"}
	inventedWords  = []string{
		"%s which currency?", "%s please look", "fine.", "done; cc %s ok?", "Q: which one?", "*Q:* which one?", "h3. Question: hm", "{color:red}#question{color} x",
		"%s Q: and this?", "A: this one", "#answered in the call", "#Answered", "#withdrawn", "#answeredly", "#questionable", "Why?", "%s\n\nIs it so?", "Is it so?\n\n%s",
		"{quote}%s really?{quote}\nyes", "{code}a ? b : c{code} %s", "%s?", "[~dev1] can you look?\ncc %s", "_Answered:_ yes", "Question: who?\nping %s",
		"look at [what?|http://example.org] %s", "I wonder\u2753 %s", "  \n question: small?", "+#question+ underlined", "Q: [~dev2] yours?",
	}
)

// invented is a story that is being made up.
type invented struct {
	d          dice
	id         int
	now        time.Time
	key        string
	project    string // key
	typ        rawNamed
	status     string
	resolution string
	assignee   string
	owner      string
	flagged    bool
	labels     []string
	components []string
	parent     string // id
	foreign    bool   // it is in another Jira still
	last       string // who acted last
	back       string // the status that it came from
	created    time.Time
	records    []map[string]any
	comments   []map[string]any
	serial     *int
	numbers    map[string]int
	parents    []string // ids
}

// invent returns an export of n stories, and of some that show every status,
// type and component that there is.
func invent(d dice, n int) string {
	serial := 1000
	numbers := make(map[string]int)
	var lines []string
	var parents []string
	begin := time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)
	for i := range n {
		s := &invented{
			d: d, id: 100 + i, serial: &serial, numbers: numbers, now: d.instant(begin, begin.AddDate(0, 3, 0)),
			project: one(d, "PAY", "PAY", "WEB", "OPS"), status: one(d, "1", "1", "3", "10", "11"), parents: parents,
		}
		t := one(d, "7", "7", "9", "8")
		if i < 8 {
			t = "6"
			s.now = begin
		}
		s.typ = inventedTypes[t].rawNamed
		s.life()
		lines = append(lines, s.line())
		if i < 8 {
			parents = append(parents, itoa(s.id))
		}
	}
	for i, status := range slices.Sorted(maps.Keys(inventedStatuses)) {
		s := &invented{
			d: d, id: 10 + i, serial: &serial, numbers: numbers, now: begin, created: begin, project: "LAB", typ: inventedTypes["7"].rawNamed, status: status,
			components: slices.Sorted(maps.Keys(inventedComponents)), labels: inventedLabels,
		}
		s.key = s.nextKey()
		lines = append(lines, s.line())
	}
	return strings.Join(lines, "\n") + "\n"
}

func (s *invented) nextKey() string {
	s.numbers[s.project]++
	return fmt.Sprintf("%s-%d", s.project, s.numbers[s.project])
}

func (s *invented) next() string {
	*s.serial++
	return itoa(*s.serial)
}

func user(key string) any {
	if key == "" {
		return nil
	}
	return map[string]any{"key": key, "name": key, "displayName": "The " + key, "active": true}
}

// life makes up what happens to the story.
func (s *invented) life() {
	d := s.d
	s.key, s.created = s.nextKey(), s.now
	s.foreign = d.chance(0.08)
	if d.chance(0.5) {
		s.owner = one(d, "po1", "po2", "po3", "dev1")
	}
	if d.chance(0.3) {
		s.labels = some(d, inventedLabels, 1)
	}
	if d.chance(0.5) {
		s.components = some(d, []string{"31", "32", "33"}, 1)
	}
	if len(s.parents) > 0 && d.chance(0.5) {
		s.parent = one(d, s.parents...)
	}
	if d.chance(0.3) {
		s.assignee = one(d, inventedOwners...)
	}
	creator := one(d, inventedPeople...)
	s.last = creator
	if d.chance(0.08) { // it was imported: older events than itself
		s.created = s.now.Add(time.Duration(1+d.Intn(200)) * time.Hour)
	}
	for range 4 + d.Intn(22) {
		s.pass()
		s.act()
	}
	if s.foreign {
		s.arrive()
	}
}

// pass lets time pass: moments, minutes, hours or days.
func (s *invented) pass() {
	d := s.d
	unit := one(d, 3*time.Second, 30*time.Second, 2*time.Minute, time.Hour, 5*time.Hour, 20*time.Hour, 60*time.Hour)
	s.now = s.now.Add(time.Duration(d.Float64() * 2 * float64(unit))).Truncate(time.Millisecond)
	if d.chance(0.03) { // at the very instant
		s.now = s.now.Truncate(time.Second)
	}
}

// by returns who acts: often who acted last, now and then automation or nobody.
func (s *invented) by() string {
	d := s.d
	switch {
	case d.chance(0.3):
	case d.chance(0.15):
		s.last = "bot"
	case d.chance(0.05):
		return ""
	default:
		s.last = one(d, inventedPeople...)
	}
	return s.last
}

// item is a change within a record; "" is null.
func item(field, from, fromString, to, toString string) map[string]any {
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	typ := "jira"
	if slices.Contains([]string{"Product Owner", "Flagged"}, field) {
		typ = "custom"
	}
	return map[string]any{"field": field, "fieldtype": typ, "from": null(from), "fromString": null(fromString), "to": null(to), "toString": null(toString)}
}

// record notes a record.
func (s *invented) record(by string, items ...map[string]any) {
	s.records = append(s.records, map[string]any{
		"id": s.next(), "author": user(by), "created": jiraTime(s.now), "items": items,
	})
}

func jiraTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }

// statusName returns a status as a record of now bears it: while the story is in
// another Jira, the ids are that one's.
func (s *invented) statusName(id string) (asID, name string) {
	name = inventedStatuses[id].name
	if former, ok := formerStatuses[id]; ok && !s.foreign && s.now.Before(time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)) {
		name = former
	}
	if s.foreign {
		foreign := map[string]string{"1": "3", "3": "10", "10": "1", "5": "11", "11": "5"}
		return cmp.Or(foreign[id], id), name
	}
	return id, name
}

// move returns the item of a move to a status, and moves.
func (s *invented) move(to string) map[string]any {
	fromID, from := s.statusName(s.status)
	toID, name := s.statusName(to)
	s.back, s.status = s.status, to
	return item("status", fromID, from, toID, name)
}

// resolve returns the item of a resolution, if it changes.
func (s *invented) resolve(to string) []map[string]any {
	if to == s.resolution {
		return nil
	}
	it := item("resolution", "", s.resolution, "", to)
	s.resolution = to
	return []map[string]any{it}
}

func (s *invented) someStatus() string {
	return one(s.d, "1", "3", "3", "4", "5", "6", "10", "10", "10", "11", "11", "12", "13", "14", "16")
}

// act makes up one thing.
func (s *invented) act() {
	d := s.d
	switch n := d.Intn(100); {
	case n < 34:
		to := s.someStatus()
		if s.back != "" && d.chance(0.35) {
			to = s.back
		}
		if to == s.status {
			return
		}
		items := []map[string]any{s.move(to)}
		switch {
		case d.chance(0.2):
			items = append(items, s.resolve(one(d, "Fixed", "Won't Fix", "Won\u2019t Do", "Duplicate"))...)
		case d.chance(0.2):
			items = append(items, s.resolve("")...)
		}
		if d.chance(0.1) {
			items = append(items, s.own())
		}
		if d.chance(0.1) {
			items = append(items, s.label()...)
		}
		if d.chance(0.08) {
			items = append(items, item("Workflow", "1", "old", "2", "new"))
		}
		s.record(s.by(), items...)
	case n < 68:
		by := s.by()
		text := one(d, inventedWords...)
		if strings.Contains(text, "%s") {
			text = fmt.Sprintf(text, "[~"+one(d, inventedPeople...)+"]")
		}
		s.comments = append(s.comments, map[string]any{
			"id": s.next(), "author": user(by), "body": text, "created": jiraTime(s.now), "updated": jiraTime(s.now),
		})
	case n < 75:
		s.record(s.by(), s.own())
	case n < 81:
		if items := s.label(); items != nil {
			s.record(s.by(), items...)
		}
	case n < 86:
		to := one(d, append([]string{""}, inventedOwners...)...)
		if to != s.assignee {
			s.record(s.by(), item("assignee", s.assignee, s.assignee, to, to))
			s.assignee = to
		}
	case n < 89:
		s.flagged = !s.flagged
		now := map[bool]string{true: "Impediment"}
		s.record(s.by(), item("Flagged", "", now[!s.flagged], "", now[s.flagged]))
	case n < 92:
		s.record(s.by(), s.component())
	case n < 94:
		s.record(s.by(), s.resolve(one(d, "", "Fixed", "Won't Fix"))...)
	case n < 96:
		s.retype()
	case n < 98:
		s.relocate()
	case n < 99:
		s.record(s.by(), item("description", "", "a", "", "b"))
	default:
		if len(s.parents) > 0 {
			to := one(d, append([]string{""}, s.parents...)...)
			if to != s.parent {
				s.record(s.by(), item("Parent", s.parent, s.parent, to, to))
				s.parent = to
			}
		}
	}
	if s.foreign && s.d.chance(0.15) {
		s.pass()
		s.arrive()
	}
}

// arrive is the story's coming from another Jira.
func (s *invented) arrive() {
	s.record(s.by(), item("ProjectImport", "", "", "17", "now"))
	s.foreign = false
}

func (s *invented) own() map[string]any {
	to := one(s.d, "", "po1", "po2", "po3", "po4", "dev1", "dev2")
	it := item("Product Owner", s.owner, s.owner, to, to)
	s.owner = to
	return it
}

// label sets or takes off one label.
func (s *invented) label() []map[string]any {
	before := strings.Join(s.labels, " ")
	label := one(s.d, inventedLabels...)
	s.labels = strings.Fields(without(before, label))
	if !slices.Contains(strings.Fields(before), label) {
		s.labels = append(s.labels, label)
	}
	return []map[string]any{item("labels", "", before, "", strings.Join(s.labels, " "))}
}

// component sets or takes off one component, under the name that it had then.
func (s *invented) component() map[string]any {
	id := one(s.d, "31", "32", "33")
	name := inventedComponents[id]
	if former, ok := formerComponents[id]; ok && s.now.Before(time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)) {
		name = former
	}
	if i := slices.Index(s.components, id); i >= 0 {
		s.components = slices.Delete(slices.Clone(s.components), i, i+1)
		return item("Component", id, name, "", "")
	}
	s.components = append(slices.Clone(s.components), id)
	return item("Component", "", "", id, name)
}

// retype makes the story one of another type, among them one that Jira has no
// more; it ends as one that there is.
func (s *invented) retype() {
	change := func(to rawNamed) {
		s.record(s.by(), item("issuetype", s.typ.ID, s.typ.Name, to.ID, to.Name))
		s.typ = to
	}
	if s.typ.ID == "6" {
		return
	}
	back := s.typ

	change(one(s.d, formerType, formerType, inventedTypes["8"].rawNamed, inventedTypes["9"].rawNamed))
	for range s.d.Intn(3) {
		s.pass()
		s.act()
	}
	if s.typ.ID == formerType.ID {
		s.pass()
		change(back)
	}
}

// relocate moves the story to another project, which may change its status.
func (s *invented) relocate() {
	to := one(s.d, "PAY", "WEB", "OPS", "LAB")
	if to == s.project {
		return
	}
	was, wasKey := s.project, s.key
	s.project = to
	s.key = s.nextKey()
	items := []map[string]any{
		item("Project", inventedProjects[was], was, inventedProjects[to], to),
		item("Key", "", wasKey, "", s.key),
	}
	if s.d.chance(0.4) {
		if status := s.someStatus(); status != s.status {
			items = append(items, s.move(status))
		}
	}
	s.record(s.by(), items...)
}

// line renders the story as Jira answers for it today.
func (s *invented) line() string {
	status, typ := inventedStatuses[s.status], inventedTypes[s.typ.ID]
	components := []map[string]any{}
	for _, id := range s.components {
		components = append(components, map[string]any{"id": id, "name": inventedComponents[id]})
	}
	fields := map[string]any{
		"summary": "x", "created": jiraTime(s.created), "updated": jiraTime(later(s.now, s.created)), "creator": user("dev1"), "reporter": user("dev1"),
		"project":    map[string]any{"id": inventedProjects[s.project], "key": s.project, "name": s.project},
		"issuetype":  map[string]any{"id": s.typ.ID, "name": s.typ.Name, "subtask": typ.Subtask},
		"status":     map[string]any{"id": s.status, "name": status.name, "statusCategory": map[string]any{"key": status.category}},
		"resolution": nil, "assignee": user(s.assignee), "labels": append([]string{}, s.labels...), "components": components,
		"customfield_10100": user(s.owner), "customfield_10200": nil,
		"comment": map[string]any{"total": len(s.comments), "comments": append([]map[string]any{}, s.comments...)},
	}
	if s.resolution != "" {
		fields["resolution"] = map[string]any{"id": "1", "name": s.resolution}
	}
	if s.flagged {
		fields["customfield_10200"] = []map[string]any{{"id": "10019", "value": "Impediment"}}
	}
	if s.parent != "" {
		fields["parent"] = map[string]any{"id": s.parent, "key": "PAY-1"}
	}
	text, err := json.Marshal(map[string]any{
		"id": itoa(s.id), "key": s.key, "fields": fields,
		"names": map[string]string{"customfield_10100": "Product Owner", "customfield_10200": "Flagged"},
		"schema": map[string]any{
			"customfield_10100": map[string]string{"type": "user", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"},
			"customfield_10200": map[string]string{"type": "array", "items": "option", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"},
		},
		"changelog": map[string]any{"total": len(s.records), "histories": append([]map[string]any{}, s.records...)},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}
