package recount

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A case is a hand-made story in lines of a small notation, all in the week of
// Monday 2 March 2026, in Berlin's time, or dated. The first line is the creation:
//
//	Mon 08:00 dev creates Story in Open of PAY, owner=po, labels=ask
//
// Every other line is a record, of one or more changes, or a comment:
//
//	Mon 09:00 dev status=PO Review, resolution=Won't Fix, workflow
//	Mon 10:00 po says Which currency?
//
// A change of status, type or component may give the id and name that the record
// bears: status=14/Last Look, component+31/Cart, type=99/Wish. The other changes
// are owner=, assignee=, label+, label-, component-, project=KEY/NEW-KEY,
// flag=on, import and workflow.
type caseStory struct {
	t       *testing.T
	facts   facts
	fields  map[string]string // what the story has now, by the name of the field
	records []rawRecord
	said    []rawComment
	created string
	creator string
	serial  int
}

// berlin returns the zone of the cases.
func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// caseTime reads "Mon 09:00" or "2026-04-01 09:00", with or without seconds.
func caseTime(t *testing.T, text string) time.Time {
	t.Helper()
	day, clock, _ := strings.Cut(text, " ")
	if i := slices.Index([]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, day); i >= 0 {
		day = fmt.Sprintf("2026-03-%02d", 2+i)
	}
	layout := "2006-01-02 15:04:05"
	at, err := time.ParseInLocation(layout[:len("2006-01-02 ")+len(clock)], day+" "+clock, berlin(t))
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// caseIssue reads the lines of a case.
func caseIssue(t *testing.T, f facts, lines string) rawIssue {
	t.Helper()
	c := &caseStory{t: t, facts: f, fields: map[string]string{}}
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			c.line(line)
		}
	}
	return c.issue()
}

func (c *caseStory) line(text string) {
	words := strings.SplitN(text, " ", 4)
	at, who, what := caseTime(c.t, words[0]+" "+words[1]).Format("2006-01-02T15:04:05.000-0700"), words[2], words[3]
	c.serial++
	if said, ok := strings.CutPrefix(what, "says "); ok {
		c.said = append(c.said, rawComment{ID: itoa(c.serial), Author: rawUser{who}, Created: at, Body: strings.ReplaceAll(said, `\n`, "\n")})
		return
	}
	changes := strings.Split(what, ", ")
	if first, ok := strings.CutPrefix(changes[0], "creates "); ok {
		c.created, c.creator = at, who
		typ, rest, _ := strings.Cut(first, " in ")
		status, project, _ := strings.Cut(rest, " of ")
		c.fields["type"], c.fields["status"], c.fields["project"] = c.typeID(typ), c.statusID(status), project
		c.fields["key"] = project + "-1"
		for _, change := range changes[1:] {
			name, value, _ := strings.Cut(change, "=")
			c.fields[name] = value
		}
		return
	}
	r := rawRecord{ID: itoa(c.serial), Author: rawUser{who}, Created: at}
	for _, change := range changes {
		r.Items = append(r.Items, c.change(change)...)
	}
	c.records = append(c.records, r)
}

func (c *caseStory) statusID(name string) string {
	for id, s := range c.facts.statuses {
		if s.name == name {
			return id
		}
	}
	c.t.Fatalf("no status %q", name)
	return ""
}

func (c *caseStory) typeID(name string) string {
	for id, s := range c.facts.types {
		if s.Name == name {
			return id
		}
	}
	c.t.Fatalf("no type %q", name)
	return ""
}

// change returns the items of one change, and makes it.
func (c *caseStory) change(text string) []rawItem {
	name, value, _ := strings.Cut(text, "=")
	id, recorded, given := strings.Cut(value, "/")
	set := func(field, value string) string {
		was := c.fields[field]
		c.fields[field] = value
		return was
	}
	switch {
	case text == "workflow":
		return []rawItem{{Field: "Workflow", From: "1", To: "2"}}
	case text == "import":
		return []rawItem{{Field: "ProjectImport", To: "1"}}
	case name == "status" && given:
		was := set("status", id)
		return []rawItem{{Field: "status", From: was, FromString: c.facts.statuses[was].name, To: id, ToString: recorded}}
	case name == "status":
		to := c.statusID(value)
		was := set("status", to)
		return []rawItem{{Field: "status", From: was, FromString: c.facts.statuses[was].name, To: to, ToString: value}}
	case name == "type" && given:
		return []rawItem{{Field: "issuetype", From: set("type", id), To: id, ToString: recorded}}
	case name == "type":
		to := c.typeID(value)
		return []rawItem{{Field: "issuetype", From: set("type", to), To: to, ToString: value}}
	case name == "resolution":
		return []rawItem{{Field: "resolution", FromString: set("resolution", value), ToString: value}}
	case name == "owner":
		return []rawItem{{Field: "Product Owner", From: set("owner", value), To: value}}
	case name == "assignee":
		return []rawItem{{Field: "assignee", From: set("assignee", value), To: value}}
	case name == "flag":
		return []rawItem{{Field: "Flagged", FromString: set("flag", value), ToString: value}}
	case name == "project":
		was := c.fields["project"]
		key := set("key", recorded)
		c.fields["project"] = id
		return []rawItem{
			{Field: "Project", From: c.facts.projects[was], To: c.facts.projects[id]},
			{Field: "Key", FromString: key, ToString: recorded},
		}
	}
	for _, list := range []string{"label", "component"} {
		if word, ok := strings.CutPrefix(text, list+"+"); ok {
			return c.listed(list, "", word)
		}
		if word, ok := strings.CutPrefix(text, list+"-"); ok {
			return c.listed(list, word, "")
		}
	}
	c.t.Fatalf("no change %q", text)
	return nil
}

// listed adds to and takes from a list of the story.
func (c *caseStory) listed(list, out, in string) []rawItem {
	if list == "label" {
		was := c.fields["labels"]
		c.fields["labels"] = with(without(was, out), in)
		return []rawItem{{Field: "labels", FromString: was, ToString: c.fields["labels"]}}
	}
	outID, outName, _ := strings.Cut(out, "/")
	inID, inName, _ := strings.Cut(in, "/")
	c.fields["components"] = with(without(c.fields["components"], outID), inID)
	return []rawItem{{Field: "Component", From: outID, FromString: outName, To: inID, ToString: inName}}
}

// issue returns the story as Jira answers for it today.
func (c *caseStory) issue() rawIssue {
	named := func(id, name string) map[string]any { return map[string]any{"id": id, "name": name} }
	user := func(key string) any {
		if key == "" {
			return nil
		}
		return map[string]string{"key": key}
	}
	status := c.facts.statuses[c.fields["status"]]
	components := []any{}
	for _, id := range strings.Fields(c.fields["components"]) {
		components = append(components, named(id, c.facts.components[id]))
	}
	var comments []map[string]any
	for _, s := range c.said {
		comments = append(comments, map[string]any{"id": s.ID, "author": user(s.Author.Key), "created": s.Created, "body": s.Body})
	}
	var flags []map[string]string
	if c.fields["flag"] != "" {
		flags = append(flags, map[string]string{"value": "Impediment"})
	}
	text, err := json.Marshal(map[string]any{
		"id": "1", "key": c.fields["key"], "names": map[string]string{"customfield_1": "Product Owner", "customfield_2": "Flagged"},
		"fields": map[string]any{
			"created": c.created, "creator": user(c.creator), "project": map[string]string{"id": c.facts.projects[c.fields["project"]], "key": c.fields["project"]},
			"issuetype": named(c.fields["type"], c.facts.types[c.fields["type"]].Name), "resolution": map[string]string{"name": c.fields["resolution"]},
			"status":   map[string]any{"id": c.fields["status"], "name": status.name, "statusCategory": map[string]string{"key": status.category}},
			"assignee": user(c.fields["assignee"]), "customfield_1": user(c.fields["owner"]), "customfield_2": flags,
			"labels": strings.Fields(c.fields["labels"]), "components": components, "comment": map[string]any{"comments": comments},
		},
	})
	var i rawIssue
	if err == nil {
		err = json.Unmarshal(text, &i)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	i.Log.Histories = c.records
	return i
}

// String renders a part in one line: what is as usual is left out.
func (p part) String() string {
	zone := time.FixedZone("", 3600) // Berlin's until 29 March
	when := func(s string) string {
		at, err := time.Parse("2006-01-02T15:04:05.000Z", s)
		if err != nil {
			return s
		}
		at = at.In(zone)
		layout := "Mon 15:04"
		if at.Second() != 0 {
			layout += ":05"
		}
		if monday := time.Date(2026, time.March, 2, 0, 0, 0, 0, zone); at.Before(monday) || !at.Before(monday.AddDate(0, 0, 7)) {
			layout = "2006-01-02" + layout[len("Mon"):]
		}
		return at.Format(layout)
	}
	long := func(seconds float64) string {
		d := time.Duration(seconds * float64(time.Second))
		text := ""
		for _, u := range []struct {
			of   time.Duration
			name string
		}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
			if n := d / u.of; n > 0 {
				text += fmt.Sprintf("%d%s", n, u.name)
				d %= u.of
			}
		}
		if text == "" {
			return "0"
		}
		return text
	}
	text := fmt.Sprintf("%s %s %s-%s", p.Kind, p.Owner, when(p.Start), when(p.End))
	for _, word := range []string{p.Outcome, p.Responder} {
		if word != "" {
			text += " " + word
		}
	}
	text += " " + long(p.Working)
	for _, extra := range []struct {
		name  string
		value string
		is    bool
	}{
		{"paused", long(p.Paused), p.Paused > 0},
		{"part", itoa(p.Part), p.Part > 1},
		{"cycle", itoa(p.Cycle), p.Cycle > 1},
		{"asks", itoa(p.Asks), p.Asks > 1},
		{"replies", itoa(p.OtherReplies), p.OtherReplies > 0},
		{"in", p.Project, p.Project != "PAY"},
		{"by", p.Rule, p.Rule != "entered_acceptance" && p.Rule != "mention"},
	} {
		if extra.is {
			text += " " + extra.name + " " + extra.value
		}
	}
	return text
}
