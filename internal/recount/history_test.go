package recount

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rawIssue is what the rules read of an issue as Jira answers it.
type rawIssue struct {
	ID     string                     `json:"id"`
	Key    string                     `json:"key"`
	Fields map[string]json.RawMessage `json:"fields"`
	Names  map[string]string          `json:"names"` // names of fields, by id
	Log    struct {
		Histories []rawRecord `json:"histories"`
	} `json:"changelog"`
}

type rawUser struct {
	Key string `json:"key"`
}

type rawNamed struct {
	ID   string `json:"id"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

type rawStatus struct {
	rawNamed
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

type rawType struct {
	rawNamed
	Subtask bool `json:"subtask"`
}

type rawComment struct {
	ID      string  `json:"id"`
	Author  rawUser `json:"author"`
	Created string  `json:"created"`
	Body    string  `json:"body"`
}

type rawRecord struct {
	ID      string    `json:"id"`
	Author  rawUser   `json:"author"`
	Created string    `json:"created"`
	Items   []rawItem `json:"items"`
}

type rawItem struct {
	Field      string `json:"field"`
	From       string `json:"from"` // null: ""
	FromString string `json:"fromString"`
	To         string `json:"to"`
	ToString   string `json:"toString"`
}

// field decodes a field of the issue; null and a missing one leave into as it is.
func (i rawIssue) field(name string, into any) error {
	raw, ok := i.Fields[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: fields.%s: %w", i.Key, name, err)
	}
	return nil
}

// comments returns the comments of the issue.
func (i rawIssue) comments() ([]rawComment, error) {
	var page struct {
		Comments []rawComment `json:"comments"`
	}
	err := i.field("comment", &page)
	return page.Comments, err
}

// readExport reads the lines of an export, compressed or not.
func readExport(path string) ([]rawIssue, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	var issues []rawIssue
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var i rawIssue
		if err := json.Unmarshal(lines.Bytes(), &i); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, len(issues)+1, err)
		}
		issues = append(issues, i)
	}
	return issues, lines.Err()
}

// The kinds of events, in the order in which they happen at one instant. Owner
// changes that Jira has no record of (a term of the config, the parent's field)
// take effect before whatever happens at their instant.
const (
	created = iota
	turn
	record
	comment
)

// story is an issue as a list of events in their order, the first its creation.
type story struct {
	id     int
	events []event
}

// event is something that happened to a story, with the story before and after it.
type event struct {
	at            time.Time
	kind          int
	id            int
	actor         string // account; "": nobody knows who
	items         []rawItem
	text          string // of a comment
	before, after state
}

// state is what the rules read of a story at an instant. The zero state is that
// of a story before its creation.
type state struct {
	key        string
	project    string // id
	issueType  string // id
	status     string // id
	resolution string // name; "" while unresolved
	parent     string // id of an issue
	flagged    bool
	labels     string            // separated by spaces
	components string            // ids, separated by spaces, in order
	users      map[string]string // accounts by the name of the field, in lower case
}

// migration reports whether e is an administrator's change of the workflow.
func (e *event) migration() bool {
	return slices.ContainsFunc(e.items, func(it rawItem) bool { return it.Field == "Workflow" })
}

// moves reports whether e changes the status.
func (e *event) moves() bool { return e.kind == record && e.before.status != e.after.status }

// relocates reports whether e takes the story from one project to another.
func (e *event) relocates() bool {
	return e.kind == record && e.before.project != e.after.project
}

// reader reads issues and keeps the first error.
type reader struct {
	f   facts
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) instant(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", s)
	if err != nil {
		r.fail(err)
	}
	return t.UTC()
}

func (r *reader) number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		r.fail(err)
	}
	return n
}

// newStory lists the events of an issue in their order, each with the state
// before and after it.
func newStory(i rawIssue, f facts) (*story, error) {
	r := &reader{f: f}
	s := &story{id: r.number(i.ID)}
	comments, err := i.comments()
	if err != nil {
		return nil, err
	}
	var creation string
	var creator rawUser
	for name, into := range map[string]any{"created": &creation, "creator": &creator} {
		if err := i.field(name, into); err != nil {
			return nil, err
		}
	}
	begin := event{at: r.instant(creation), kind: created, actor: creator.Key}
	var events []event
	for _, h := range i.Log.Histories {
		events = append(events, event{at: r.instant(h.Created), kind: record, id: r.number(h.ID), actor: h.Author.Key, items: slices.Clone(h.Items)})
	}
	for _, c := range comments {
		events = append(events, event{at: r.instant(c.Created), kind: comment, id: r.number(c.ID), actor: c.Author.Key, text: c.Body})
	}
	slices.SortFunc(events, inOrder)
	rename(events, f)
	first := initial(events, r.today(i))
	s.events = append([]event{begin}, events...)
	replay(s.events, first)
	s.events = fromCreation(s.events, begin)
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", i.Key, r.err)
	}
	return s, nil
}

func inOrder(a, b event) int {
	return cmp.Or(a.at.Compare(b.at), a.kind-b.kind, a.id-b.id)
}

// fromCreation drops what bears an instant before the story's creation: what it
// changed holds from the creation on.
func fromCreation(events []event, begin event) []event {
	kept := []event{begin}
	kept[0].after = events[0].after
	for _, e := range events[1:] {
		if e.at.Before(begin.at) {
			kept[0].after = e.after
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// rename gives the status items of a story that came from another Jira the ids
// of this one: those before its ProjectImport bear the other's ids, so that the
// recorded name tells the status. All other items are read by their ids.
func rename(events []event, f facts) {
	last := -1
	for i, e := range events {
		if slices.ContainsFunc(e.items, func(it rawItem) bool { return it.Field == "ProjectImport" }) {
			last = i
		}
	}
	for i := range last {
		for j := range events[i].items {
			if it := &events[i].items[j]; it.Field == "status" {
				it.From, it.To = f.statusBearing(it.From, it.FromString), f.statusBearing(it.To, it.ToString)
			}
		}
	}
}

// today returns the state that Jira shows.
func (r *reader) today(i rawIssue) state {
	var project, resolution, parent rawNamed
	var kind rawType
	var status rawStatus
	var components []rawNamed
	var labels []string
	for name, into := range map[string]any{
		"project": &project, "issuetype": &kind, "resolution": &resolution, "status": &status,
		"parent": &parent, "components": &components, "labels": &labels,
	} {
		if err := i.field(name, into); err != nil {
			r.fail(err)
		}
	}
	s := state{
		key: i.Key, project: project.ID, issueType: kind.ID, status: status.ID, resolution: resolution.Name,
		parent: parent.ID, labels: strings.Join(labels, " "), users: make(map[string]string),
	}
	for _, c := range components {
		s.components = with(s.components, c.ID)
	}
	for id := range i.Fields {
		name := strings.ToLower(cmp.Or(i.Names[id], id))
		if name == "flagged" {
			var flags []struct{ Value string }
			if err := i.field(id, &flags); err != nil {
				r.fail(err)
			}
			s.flagged = len(flags) > 0
			continue
		}
		var u rawUser
		if i.field(id, &u) == nil && u.Key != "" && id != "project" { // a field of another kind is no user
			s.users[name] = u.Key
		}
	}
	return s
}

// initial returns the state at creation: today's state with every change taken
// back, the last first.
func initial(events []event, s state) state {
	for i := len(events) - 1; i >= 0; i-- {
		for j := len(events[i].items) - 1; j >= 0; j-- {
			it := events[i].items[j]
			s = apply(s, rawItem{Field: it.Field, From: it.To, FromString: it.ToString, To: it.From, ToString: it.FromString})
		}
	}
	return s
}

// replay notes the state before and after each event.
func replay(events []event, first state) {
	for i := range events {
		e := &events[i]
		if i == 0 {
			e.after = first
			continue
		}
		e.before = events[i-1].after
		e.after = e.before
		for _, it := range e.items {
			e.after = apply(e.after, it)
		}
	}
}

// apply returns s with a change.
func apply(s state, it rawItem) state {
	switch it.Field {
	case "Key":
		s.key = it.ToString
	case "Project":
		s.project = it.To
	case "issuetype":
		s.issueType = it.To
	case "status":
		s.status = it.To
	case "resolution":
		s.resolution = it.ToString
	case "Parent":
		s.parent = it.To
	case "Flagged":
		s.flagged = it.ToString != ""
	case "labels":
		s.labels = it.ToString
	case "Component":
		s.components = with(without(s.components, it.From), it.To)
	default:
		name := strings.ToLower(it.Field)
		s.users = maps.Clone(s.users)
		delete(s.users, name)
		if it.To != "" {
			s.users[name] = it.To
		}
	}
	return s
}

// with and without add and take one word of a list of words.
func with(list, word string) string {
	if word == "" {
		return list
	}
	words := append(strings.Fields(without(list, word)), word)
	slices.Sort(words)
	return strings.Join(words, " ")
}

func without(list, word string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(list), func(w string) bool { return w == word }), " ")
}

// upTo returns the story as it was known at an instant, with the slips undone.
func (s *story) upTo(r *rules, asOf time.Time) *story {
	known := &story{id: s.id}
	for _, e := range s.events {
		if !e.at.After(asOf) {
			e.items = slices.Clone(e.items)
			known.events = append(known.events, e)
		}
	}
	if len(known.events) > 0 {
		first := known.events[0].after
		undoSlips(r, known.events)
		replay(known.events, first)
	}
	return known
}

// undoSlips takes the status out of each pair of records of which the second
// undoes the first: a move across the border of the acceptance statuses that the
// same person takes back by the story's next move, within the slip window. A
// record of a migration is part of no slip.
func undoSlips(r *rules, events []event) {
	type move struct{ event, item int }
	var moves []move
	for i := range events {
		for j, it := range events[i].items {
			if it.Field == "status" && it.From != it.To {
				moves = append(moves, move{i, j})
			}
		}
	}
	for i := 0; i+1 < len(moves); i++ {
		a, b := &events[moves[i].event], &events[moves[i+1].event]
		out, back := &a.items[moves[i].item], &b.items[moves[i+1].item]
		p := r.projects[a.before.project]
		if p == nil || a.migration() || b.migration() || a.relocates() || b.relocates() {
			continue
		}
		if p.acceptance[out.From] != p.acceptance[out.To] && r.person(a.actor) == r.person(b.actor) && a.actor != "" &&
			out.From == back.To && out.To == back.From && b.at.Sub(a.at) <= p.slipWindow {
			out.Field, back.Field = "undone", "undone"
			i++ // each move once
		}
	}
}
