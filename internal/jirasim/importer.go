package jirasim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exportedIssue is an issue as GET issue?expand=changelog answers it; names and
// schema are there when they were expanded too.
type exportedIssue struct {
	ID        string                     `json:"id"`
	Key       string                     `json:"key"`
	Fields    map[string]json.RawMessage `json:"fields"`
	Changelog *struct {
		Total     int               `json:"total"`
		Histories []exportedHistory `json:"histories"`
	} `json:"changelog"`
	Names  map[string]string         `json:"names"`
	Schema map[string]exportedSchema `json:"schema"`
}

type exportedSchema struct{ Type, Items, Custom string }

type exportedHistory struct {
	ID      string        `json:"id"`
	Author  *exportedUser `json:"author"`
	Created exportedTime  `json:"created"`
	Items   []itemDoc     `json:"items"`
}

type exportedComment struct {
	ID      string        `json:"id"`
	Author  *exportedUser `json:"author"`
	Body    string        `json:"body"`
	Created exportedTime  `json:"created"`
	Updated exportedTime  `json:"updated"`
}

// exportedUser is a user; one that does not say so is active.
type exportedUser struct {
	userDoc
	Active *bool `json:"active"`
}

type exportedStatus struct {
	ID, Name       string
	StatusCategory struct{ Key string }
}

type exportedType struct {
	ID, Name       string
	Subtask        bool
	HierarchyLevel int
}

// exportedTime is an instant as Jira writes it.
type exportedTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (t *exportedTime) UnmarshalJSON(b []byte) (err error) {
	if t.Time, err = time.Parse(`"`+timeLayout+`"`, string(b)); err != nil {
		return fmt.Errorf("%s is no instant like \"2012-01-04T18:54:04.170+0000\"", b)
	}
	return nil
}

// importer fills a Site from an export.
type importer struct {
	site  *Site
	place string // file and line of the issue that is read

	byName   map[string]*User
	statuses map[string]*Status
	types    map[string]*IssueType
	fields   map[string]*Field
	former   map[string]int64 // keys that moved issues had
	// where each id was read: of issues (and keys), records and comments.
	issues            map[string]string
	records, comments map[int64]string
}

// newImporter returns an importer into an empty Site. The account that reads is
// added, because the export need not know it.
func newImporter(site *Site) *importer {
	site.Self = site.AddUser(&User{
		Ref: "\x00self", AccountID: "collector", Name: "collector", Key: "collector", DisplayName: "Collector",
		AccountType: "atlassian", Active: true, TimeZone: "UTC",
	})
	return &importer{
		site: site, byName: map[string]*User{}, statuses: map[string]*Status{}, types: map[string]*IssueType{}, fields: map[string]*Field{}, former: map[string]int64{},
		issues: map[string]string{}, records: map[int64]string{}, comments: map[int64]string{},
	}
}

// issue reads one issue.
func (l *importer) issue(line []byte) error {
	var doc exportedIssue
	if err := json.Unmarshal(line, &doc); err != nil {
		return fmt.Errorf("the line must be one issue as GET issue?expand=changelog answers it: %w", err)
	}
	id, err := strconv.ParseInt(doc.ID, 10, 64)
	switch {
	case err != nil || id <= 0:
		return fmt.Errorf("id is %q: it must be a number in quotes", doc.ID)
	case doc.Key == "" || doc.Fields == nil:
		return errors.New("an issue must have a key and fields: export it as GET issue?expand=changelog answers it")
	case doc.Changelog == nil:
		return errors.New("changelog is missing: export with expand=changelog")
	case doc.Changelog.Total > len(doc.Changelog.Histories):
		return fmt.Errorf("changelog holds %d of %d records: export all of them", len(doc.Changelog.Histories), doc.Changelog.Total)
	}
	for _, name := range []string{doc.ID, doc.Key} {
		if first, twice := l.issues[name]; twice {
			return fmt.Errorf("issue %s is at %s already: each issue must be there once", name, first)
		}
		l.issues[name] = l.place
	}
	is := &Issue{ID: id, Key: doc.Key, Fields: make(map[string]any, len(doc.Fields))}
	if err := l.read(is, &doc); err != nil {
		return err
	}
	l.site.issues[id], l.site.byKey[strings.ToUpper(is.Key)] = is, id
	return nil
}

// read reads the parts of an issue.
func (l *importer) read(is *Issue, doc *exportedIssue) error {
	var created, updated exportedTime
	var project struct{ ID, Key, Name string }
	var status exportedStatus
	var kind exportedType
	for _, part := range []struct {
		name string
		into any
	}{{"created", &created}, {"updated", &updated}, {"project", &project}, {"status", &status}, {"issuetype", &kind}} {
		raw, ok := doc.Fields[part.name]
		if !ok || string(raw) == "null" {
			return fmt.Errorf("fields.%s is missing: export with all fields", part.name)
		}
		if err := json.Unmarshal(raw, part.into); err != nil {
			return fmt.Errorf("fields.%s: %w", part.name, err)
		}
	}
	if project.ID == "" || project.Key == "" || status.ID == "" || kind.ID == "" {
		return errors.New("fields.project must have an id and a key, fields.status and fields.issuetype an id")
	}
	is.Created, is.Updated = created.Time, updated.Time
	is.Project = l.site.projects[project.Key]
	if is.Project == nil {
		is.Project = l.site.AddProject(&Project{ID: project.ID, Key: project.Key, Name: cmp.Or(project.Name, project.Key)})
	}
	if known := l.status(is.Project, status.ID, status.Name); known.Category == "" {
		// What an issue says of its status now beats the name in an old record.
		known.Name, known.Category = status.Name, cmp.Or(status.StatusCategory.Key, "undefined")
	}
	l.issueType(is.Project, kind)
	for name, raw := range doc.Fields {
		switch name {
		case "created", "updated", "comment":
		case "status", "issuetype": // decoded, because queries ask for them
			var v map[string]any
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.UseNumber()
			if err := dec.Decode(&v); err != nil {
				return fmt.Errorf("fields.%s: %w", name, err)
			}
			is.Fields[name] = v
		default:
			is.Fields[name] = l.value(raw)
			l.field(name, raw, doc)
		}
	}
	if err := l.readComments(is, doc.Fields["comment"]); err != nil {
		return err
	}
	return l.readHistories(is, doc.Changelog.Histories)
}

// value returns a field's value: as it was, but users of the other flavour.
func (l *importer) value(raw json.RawMessage) any {
	if len(raw) > 0 && raw[0] == '[' {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
			return raw
		}
		users := make([]*User, len(list))
		foreign := false
		for i, one := range list {
			doc := asUser(one)
			if doc == nil {
				return raw
			}
			users[i], foreign = l.user(doc), foreign || l.foreign(doc)
		}
		if foreign {
			return users
		}
		return raw
	}
	if doc := asUser(raw); doc != nil {
		if u := l.user(doc); l.foreign(doc) {
			return u
		}
	}
	return raw
}

// asUser returns the user that a value is, nil if it is none.
func asUser(raw json.RawMessage) *exportedUser {
	if len(raw) == 0 || raw[0] != '{' || !bytes.Contains(raw, []byte(`"displayName"`)) {
		return nil
	}
	var doc exportedUser
	if json.Unmarshal(raw, &doc) != nil || doc.AccountID == "" && doc.Key == "" && doc.Name == "" {
		return nil
	}
	return &doc
}

// foreign reports whether a user lacks the id of the Site's flavour.
func (l *importer) foreign(doc *exportedUser) bool {
	if l.site.Flavor == Cloud {
		return doc.AccountID == ""
	}
	return doc.Key == "" && doc.Name == ""
}

// user notes a user, who comes many times; nil for none.
func (l *importer) user(doc *exportedUser) *User {
	if doc == nil {
		return nil
	}
	ref := cmp.Or(doc.AccountID, doc.Key, doc.Name)
	if ref == "" {
		return nil
	}
	if u := l.site.users[ref]; u != nil {
		return u
	}
	u := l.site.AddUser(&User{
		Ref: ref, AccountID: ref, Name: cmp.Or(doc.Name, ref), Key: cmp.Or(doc.Key, ref), DisplayName: cmp.Or(doc.DisplayName, ref),
		AccountType: cmp.Or(doc.AccountType, "atlassian"), Active: doc.Active == nil || *doc.Active, TimeZone: cmp.Or(doc.TimeZone, "UTC"),
	})
	l.byName[u.Name] = u
	return u
}

// status notes a status of a project.
func (l *importer) status(p *Project, id, name string) *Status {
	if !slices.Contains(p.Statuses, id) {
		p.Statuses = append(p.Statuses, id)
	}
	if l.statuses[id] == nil {
		l.statuses[id] = l.site.AddStatus(&Status{ID: id, Name: name})
	}
	return l.statuses[id]
}

// issueType notes a type of a project.
func (l *importer) issueType(p *Project, kind exportedType) {
	if !slices.Contains(p.IssueTypes, kind.ID) {
		p.IssueTypes = append(p.IssueTypes, kind.ID)
	}
	if l.types[kind.ID] == nil {
		level := kind.HierarchyLevel
		if kind.Subtask {
			level = -1
		}
		l.types[kind.ID] = l.site.AddType(&IssueType{ID: kind.ID, Name: kind.Name, Subtask: kind.Subtask, Level: level})
	}
}

// field notes a custom field and what the issue says about it.
func (l *importer) field(id string, raw json.RawMessage, doc *exportedIssue) {
	if !strings.HasPrefix(id, "customfield_") {
		return
	}
	f := l.fields[id]
	if f == nil {
		f = l.site.AddField(&Field{ID: id, Name: id, Custom: true, SchemaType: "any"})
		l.fields[id] = f
	}
	if name := doc.Names[id]; name != "" {
		f.Name = name
	}
	if schema, ok := doc.Schema[id]; ok {
		f.SchemaType, f.SchemaItems, f.SchemaCustom = schema.Type, schema.Items, schema.Custom
	}
	if f.SchemaType != "any" {
		return
	}
	switch {
	case asUser(raw) != nil:
		f.SchemaType = "user"
	case bytes.HasPrefix(raw, []byte("[")) && asUser(bytes.TrimSpace(raw[1:len(raw)-1])) != nil:
		f.SchemaType, f.SchemaItems = "array", "user"
	case bytes.Contains(raw, []byte("greenhopper.service.sprint.Sprint@")),
		bytes.Contains(raw, []byte(`"boardId"`)) && bytes.Contains(raw, []byte(`"state"`)):
		f.SchemaType, f.SchemaItems, f.SchemaCustom = "array", "json", sprintFieldType
	}
}

// readComments reads the comment field.
func (l *importer) readComments(is *Issue, raw json.RawMessage) error {
	if raw == nil {
		return errors.New("fields.comment is missing: export with all fields")
	}
	var page struct {
		Total    int               `json:"total"`
		Comments []exportedComment `json:"comments"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		return fmt.Errorf("fields.comment: %w", err)
	}
	if page.Total > len(page.Comments) {
		return fmt.Errorf("fields.comment holds %d of %d comments: export all of them", len(page.Comments), page.Total)
	}
	for _, c := range page.Comments {
		id, err := l.number("comment", c.ID, l.comments)
		if err != nil {
			return err
		}
		if c.Created.IsZero() {
			return fmt.Errorf("comment %d: created is missing", id)
		}
		updated := c.Updated.Time
		if updated.IsZero() {
			updated = c.Created.Time
		}
		is.Comments = append(is.Comments, &Comment{ID: id, Author: l.user(c.Author), Body: c.Body, Created: c.Created.Time, Updated: updated})
	}
	return nil
}

// readHistories reads the changelog.
func (l *importer) readHistories(is *Issue, list []exportedHistory) error {
	for _, h := range list {
		id, err := l.number("history record", h.ID, l.records)
		if err != nil {
			return err
		}
		if h.Created.IsZero() {
			return fmt.Errorf("history record %d: created is missing", id)
		}
		record := &History{ID: id, Author: l.user(h.Author), Created: h.Created.Time, Items: make([]Item, len(h.Items))}
		for i, it := range h.Items {
			record.Items[i] = Item(it)
			l.learn(is, it)
		}
		is.Histories = append(is.Histories, record)
	}
	sortHistories(is.Histories)
	return nil
}

// learn notes what only a record says: former statuses and keys, and the names
// of custom fields.
func (l *importer) learn(is *Issue, it itemDoc) {
	switch {
	case it.Field == "status":
		for id, name := range map[*string]*string{it.From: it.FromString, it.To: it.ToString} {
			if id != nil && name != nil {
				l.status(is.Project, *id, *name)
			}
		}
	case it.Field == "Key" && it.FromString != nil:
		l.former[strings.ToUpper(*it.FromString)] = is.ID
	case l.fields[it.FieldID] != nil && l.fields[it.FieldID].Name == it.FieldID:
		l.fields[it.FieldID].Name = it.Field
	}
}

// number reads the id of a record or comment, which must be new.
func (l *importer) number(what, text string, seen map[int64]string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the id of a %s is %q: it must be a number in quotes", what, text)
	}
	if first, twice := seen[id]; twice {
		return 0, fmt.Errorf("%s %d is at %s already: each must be there once", what, id, first)
	}
	seen[id] = l.place
	return id, nil
}

// finish does what needs the whole export.
func (l *importer) finish() {
	s := l.site
	for _, st := range s.statuses {
		st.Category = cmp.Or(st.Category, "indeterminate")
	}
	for key, id := range l.former {
		if _, taken := s.byKey[key]; !taken {
			s.byKey[key] = id
		}
	}
	byID := func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }
	slices.SortFunc(s.statuses, func(a, b *Status) int { return byID(a.ID, b.ID) })
	slices.SortFunc(s.types, func(a, b *IssueType) int { return byID(a.ID, b.ID) })
	slices.SortFunc(s.fields, func(a, b *Field) int { return byID(a.ID, b.ID) })
	for _, id := range slices.Sorted(maps.Keys(s.issues)) {
		is := s.issues[id]
		s.ordered = append(s.ordered, is)
		l.translate(is)
		if project, n, ok := strings.Cut(is.Key, "-"); ok { // so that further issues get new keys
			last, _ := strconv.Atoi(n)
			s.keys[project] = max(s.keys[project], last)
		}
		s.nextID = max(s.nextID, id)
	}
	for id := range l.records {
		s.nextRec = max(s.nextRec, id)
	}
	for id := range l.comments {
		s.nextCom = max(s.nextCom, id)
	}
}

// wikiMention is a mention of either flavour.
var wikiMention = regexp.MustCompile(`\[~(accountid:)?([^\]\n]+)\]`)

// translate writes the mentions of comments and description as the flavour
// does; those of nobody known stay as they are.
func (l *importer) translate(is *Issue) {
	for _, c := range is.Comments {
		c.Body = l.mentions(c.Body)
	}
	var description string
	if raw, ok := is.Fields["description"].(json.RawMessage); ok && json.Unmarshal(raw, &description) == nil {
		if translated := l.mentions(description); translated != description {
			is.Fields["description"] = translated
		}
	}
}

func (l *importer) mentions(text string) string {
	return wikiMention.ReplaceAllStringFunc(text, func(mention string) string {
		m := wikiMention.FindStringSubmatch(mention)
		if cloud := m[1] != ""; cloud == (l.site.Flavor == Cloud) {
			return mention
		}
		if u := l.mentioned(m[2]); u != nil {
			return u.Mention(l.site.Flavor)
		}
		return mention
	})
}

// mentioned returns the user that a mention of the other flavour means: by
// account id, or by name.
func (l *importer) mentioned(who string) *User {
	if u := l.site.users[who]; u != nil {
		return u
	}
	return l.byName[who]
}
