package recount

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rawIssue is what the rules need of an issue as Jira answers it.
type rawIssue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Created    string   `json:"created"`
		Creator    rawUser  `json:"creator"`
		Project    rawNamed `json:"project"`
		IssueType  rawNamed `json:"issuetype"`
		Resolution rawNamed `json:"resolution"` // null: no name
		Status     struct {
			rawNamed
			Category struct {
				Key string `json:"key"`
			} `json:"statusCategory"`
		} `json:"status"`
		Comment struct {
			Comments []struct {
				ID      string  `json:"id"`
				Author  rawUser `json:"author"`
				Created string  `json:"created"`
				Body    string  `json:"body"`
			} `json:"comments"`
		} `json:"comment"`
	} `json:"fields"`
	Changelog struct {
		Histories []struct {
			ID      string    `json:"id"`
			Author  rawUser   `json:"author"`
			Created string    `json:"created"`
			Items   []rawItem `json:"items"`
		} `json:"histories"`
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

type rawItem struct {
	Field      string `json:"field"`
	From       string `json:"from"` // null: ""
	FromString string `json:"fromString"`
	To         string `json:"to"`
	ToString   string `json:"toString"`
}

// The kinds of events, in the order in which they happen at one instant.
const (
	created = iota
	record
	comment
	term // a project's next owner takes over, by the config: nothing in Jira
)

// story is an issue as a list of events in their order, the first its creation.
type story struct {
	id     int
	key    string
	events []event
}

// event is something that happened to a story, with the story before and after it.
type event struct {
	at            time.Time
	kind          int
	id            int
	actor         string // user key
	items         []rawItem
	text          string // of a comment
	before, after state
}

// state is what the rules need to know of a story at an instant.
type state struct {
	project    string // id; "" before the creation
	issueType  string // id
	status     string // id
	resolution string // name; "" while unresolved
}

// migration tells whether e is an admin's change of the workflow.
func (e *event) migration() bool {
	return slices.ContainsFunc(e.items, func(it rawItem) bool { return it.Field == "Workflow" })
}

// moves tells whether e changes the status.
func (e *event) moves() bool { return e.kind == record && e.before.status != e.after.status }

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

// newStory lists the events of an issue up to asOf, with the slips across the
// border of the acceptance statuses undone.
func newStory(i rawIssue, acceptance map[string]bool, slipWindow time.Duration, asOf time.Time) (*story, error) {
	var bad error
	instant := func(s string) time.Time {
		t, err := time.Parse("2006-01-02T15:04:05.000-0700", s)
		if err != nil && bad == nil {
			bad = fmt.Errorf("%s: %w", i.Key, err)
		}
		return t.UTC()
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil && bad == nil {
			bad = fmt.Errorf("%s: %w", i.Key, err)
		}
		return n
	}
	s := &story{id: number(i.ID), key: i.Key}
	s.events = append(s.events, event{at: instant(i.Fields.Created), kind: created, actor: i.Fields.Creator.Key})
	for _, h := range i.Changelog.Histories {
		s.events = append(s.events, event{at: instant(h.Created), kind: record, id: number(h.ID), actor: h.Author.Key, items: slices.Clone(h.Items)})
	}
	for _, c := range i.Fields.Comment.Comments {
		s.events = append(s.events, event{at: instant(c.Created), kind: comment, id: number(c.ID), actor: c.Author.Key, text: c.Body})
	}
	slices.SortFunc(s.events, inOrder)
	if s.events[0].kind != created && bad == nil {
		bad = fmt.Errorf("%s: something happened to it before its creation", i.Key)
	}
	first := initial(s.events, state{
		project: i.Fields.Project.ID, issueType: i.Fields.IssueType.ID,
		status: i.Fields.Status.ID, resolution: i.Fields.Resolution.Name,
	})
	s.events = slices.DeleteFunc(s.events, func(e event) bool { return e.at.After(asOf) })
	undoSlips(s.events, acceptance, slipWindow)
	replay(s.events, first)
	return s, bad
}

func inOrder(a, b event) int {
	if c := a.at.Compare(b.at); c != 0 {
		return c
	}
	if a.kind != b.kind {
		return a.kind - b.kind
	}
	return a.id - b.id
}

// initial returns the state at creation: of each field what its first change
// changed, or else what it is today.
func initial(events []event, today state) state {
	var seenProject, seenType, seenStatus, seenResolution bool
	for _, e := range events {
		for _, it := range e.items {
			switch {
			case it.Field == "Project" && !seenProject:
				today.project, seenProject = it.From, true
			case it.Field == "issuetype" && !seenType:
				today.issueType, seenType = it.From, true
			case it.Field == "status" && !seenStatus:
				today.status, seenStatus = it.From, true
			case it.Field == "resolution" && !seenResolution:
				today.resolution, seenResolution = it.FromString, true
			}
		}
	}
	return today
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
			switch it.Field {
			case "Project":
				e.after.project = it.To
			case "issuetype":
				e.after.issueType = it.To
			case "status":
				e.after.status = it.To
			case "resolution":
				e.after.resolution = it.ToString
			}
		}
	}
}

// undoSlips takes the status out of each pair of records of which the second
// undoes the first: a move across the set's border that the same actor takes
// back by the next move, within the window.
func undoSlips(events []event, set map[string]bool, window time.Duration) {
	type move struct{ event, item int }
	var moves []move
	for i, e := range events {
		for j, it := range e.items {
			if it.Field == "status" {
				moves = append(moves, move{i, j})
			}
		}
	}
	for i := 0; i+1 < len(moves); i++ {
		a, b := &events[moves[i].event], &events[moves[i+1].event]
		out, back := &a.items[moves[i].item], &b.items[moves[i+1].item]
		if set[out.From] != set[out.To] && a.actor == b.actor && out.From == back.To && out.To == back.From && b.at.Sub(a.at) <= window {
			out.Field, back.Field = "undone", "undone"
			i++ // each move once
		}
	}
}
