package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// reading is an issue while it is read: what came with the page, and what had
// to be fetched for it.
type reading struct {
	source     json.RawMessage
	issue      issue
	histories  []history
	comments   []commentDoc
	short      bool  // Jira counts more comments than it gives
	broken     error // a record of its history could not be read
	parentOnly bool  // read for its user fields and its parent alone
}

// updated returns when the issue was updated last; 0 if that cannot be read.
func (r *reading) updated() latency.Instant {
	var at instant
	if decodeField(&r.issue, "updated", &at) != nil {
		return 0
	}
	return latency.Instant(at)
}

// project returns the key of the issue's project; "" if that cannot be read.
func (r *reading) project() string {
	var p named
	if decodeField(&r.issue, "project", &p) != nil {
		return ""
	}
	return p.Key
}

// story turns a complete reading into a story. An error means that the issue
// cannot be understood; the others can.
func (s *schema) story(r *reading) (jiradata.Story, error) {
	is := &r.issue
	st := jiradata.Story{ParentOnly: r.parentOnly, CommentsShort: r.short}
	st.History.ID, st.History.Key = int64(is.ID), is.Key
	if is.ID == 0 {
		return st, errors.New("it has no id")
	}
	if n := max(len(r.histories), len(r.comments)); n > maxRecords {
		return st, fmt.Errorf("it has %d records or comments, and %d are read at most", n, maxRecords)
	}
	people := directory{}
	var created, updated instant
	var creator *account
	for _, f := range []struct {
		name string
		out  any
	}{{"created", &created}, {"updated", &updated}, {"creator", &creator}} {
		if err := decodeField(is, f.name, f.out); err != nil {
			return st, err
		}
	}
	if created == 0 {
		return st, errors.New("it has no instant of creation")
	}
	st.Updated = latency.Instant(max(created, updated))
	events := make([]latency.Event, 0, 1+len(r.histories)+len(r.comments))
	events = append(events, latency.Event{At: latency.Instant(created), Rank: latency.RankCreated, Actor: people.add(creator), ActorType: creator.kind()})
	for i := range r.histories {
		h := &r.histories[i]
		if h.Created == 0 {
			return st, fmt.Errorf("history record %d has no instant", h.ID)
		}
		if h.Items == nil {
			return st, fmt.Errorf("history record %d does not say what it changed", h.ID)
		}
		ev := latency.Event{At: latency.Instant(h.Created), Rank: latency.RankRecord, ID: int64(h.ID), Actor: people.add(h.Author), ActorType: h.Author.kind()}
		for j := range h.Items {
			ev.Changes = s.changes(ev.Changes, &h.Items[j])
		}
		events = append(events, ev)
	}
	for i := range r.comments {
		c := &r.comments[i]
		if c.Created == 0 {
			return st, fmt.Errorf("comment %d has no instant", c.ID)
		}
		if len(c.Body) > maxComment {
			return st, tooLong(fmt.Sprintf("comment %d", c.ID), len(c.Body), maxComment)
		}
		facts, err := c.facts()
		if err != nil {
			return st, fmt.Errorf("comment %d: %w", c.ID, err)
		}
		events = append(events, latency.Event{
			At: latency.Instant(c.Created), Rank: latency.RankCommentAdded, ID: int64(c.ID),
			Actor: people.add(c.Author), ActorType: c.Author.kind(), Comment: &facts,
		})
		st.CommentsMistimed = st.CommentsMistimed || c.Updated != 0 && c.Updated < c.Created
		if c.Updated > c.Created {
			if st.Edits == nil {
				st.Edits = map[int64]jiradata.Edit{}
			}
			st.Edits[int64(c.ID)] = jiradata.Edit{At: latency.Instant(c.Updated), Actor: people.add(c.UpdateAuthor), ActorType: c.UpdateAuthor.kind()}
		}
	}
	slices.SortFunc(events, latency.CompareEvents)
	st.History.Events = events
	now, err := s.snapshot(is, people)
	if err != nil {
		return st, err
	}
	st.History.Now = now
	project := now[latency.FieldProject]
	if len(project) == 0 {
		return st, errors.New("it has no project")
	}
	st.ProjectID = project[0].ID
	st.Users = people.list()
	return st, nil
}

// snapshot reads the present values of the fields that the rules read.
func (s *schema) snapshot(is *issue, people directory) (latency.Snapshot, error) {
	now := latency.Snapshot{}
	for _, f := range []struct{ id, field string }{
		{"status", latency.FieldStatus}, {"issuetype", latency.FieldType}, {"project", latency.FieldProject}, {"resolution", latency.FieldResolution},
	} {
		var v *named
		if err := decodeField(is, f.id, &v); err != nil {
			return nil, err
		}
		if v != nil {
			now[f.field] = []latency.Value{v.value()}
		}
	}
	if len(now[latency.FieldStatus]) == 0 {
		return nil, errors.New("it has no status")
	}
	var parent *named
	if err := decodeField(is, "parent", &parent); err != nil {
		return nil, err
	}
	if parent != nil {
		now[latency.FieldParent] = []latency.Value{{ID: string(parent.ID), Name: parent.Key}}
	}
	var labels []string
	if err := decodeField(is, "labels", &labels); err != nil {
		return nil, err
	}
	for _, l := range labels {
		now[latency.FieldLabels] = append(now[latency.FieldLabels], latency.Value{Name: l})
	}
	var components []named
	if err := decodeField(is, "components", &components); err != nil {
		return nil, err
	}
	for _, c := range components {
		now[latency.FieldComponents] = append(now[latency.FieldComponents], c.value())
	}
	for _, id := range slices.Concat([]string{"assignee", "reporter", "creator"}, s.people) {
		who, err := usersIn(is, id)
		if err != nil {
			return nil, err
		}
		for i := range who {
			now[s.byID[id]] = append(now[s.byID[id]], latency.Value{ID: people.add(&who[i])})
		}
	}
	for _, id := range s.flags {
		var options []named
		if err := decodeField(is, id, &options); err != nil {
			return nil, err
		}
		for _, o := range options {
			now[latency.FieldFlag] = append(now[latency.FieldFlag], o.value())
		}
	}
	for _, id := range s.sprints {
		sprints, err := sprintsIn(is, id)
		if err != nil {
			return nil, err
		}
		now[latency.FieldSprint] = append(now[latency.FieldSprint], sprints...)
	}
	if len(now[latency.FieldSprint]) == 0 {
		delete(now, latency.FieldSprint)
	}
	return now, nil
}

// epicKey returns the key of the epic that an issue without a parent field is
// linked to, as Data Center has it; "" if there is none.
func (s *schema) epicKey(is *issue) string {
	if !isNull(is.Fields["parent"]) {
		return ""
	}
	for _, id := range s.epicLinks {
		var key text
		if decodeField(is, id, &key) == nil && key != "" {
			return string(key)
		}
	}
	return ""
}

// decodeField decodes a field of is into out, which stays as it is where the
// issue has no such field.
func decodeField(is *issue, id string, out any) error {
	raw := is.Fields[id]
	if isNull(raw) {
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("field %s: %w", id, err)
	}
	return nil
}

// usersIn reads a field that holds a user or several.
func usersIn(is *issue, id string) ([]account, error) {
	raw := is.Fields[id]
	if isNull(raw) {
		return nil, nil
	}
	if raw[0] == '[' {
		var several []account
		err := decodeField(is, id, &several)
		return several, err
	}
	var one account
	err := decodeField(is, id, &one)
	return []account{one}, err
}

// sprintsIn reads a sprint field: objects, or the strings of older Data Centers.
func sprintsIn(is *issue, id string) ([]latency.Value, error) {
	var raw []json.RawMessage
	if err := decodeField(is, id, &raw); err != nil {
		return nil, err
	}
	var out []latency.Value
	for _, r := range raw {
		var legacy string
		if json.Unmarshal(r, &legacy) == nil {
			if v, ok := sprintOf(legacy); ok {
				out = append(out, v)
			}
			continue
		}
		var v named
		if err := json.Unmarshal(r, &v); err != nil {
			return nil, fmt.Errorf("field %s: %w", id, err)
		}
		out = append(out, v.value())
	}
	return out, nil
}

// directory collects the users that an issue names.
type directory map[string]jiradata.User

// add adds a user and returns the account; "" for none.
func (d directory) add(a *account) string {
	id := a.id()
	if id == "" {
		return ""
	}
	if have, ok := d[id]; !ok || have.DisplayName == "" {
		d[id] = a.user()
	}
	return id
}

func (d directory) list() []jiradata.User {
	out := make([]jiradata.User, 0, len(d))
	for _, u := range d {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b jiradata.User) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (a *account) user() jiradata.User {
	u := jiradata.User{ID: a.id(), DisplayName: cut(a.DisplayName), Type: a.kind(), Active: a.Active, TimeZone: a.TimeZone}
	if a.AccountID == "" {
		u.Name = cut(a.Name)
	}
	return u
}
