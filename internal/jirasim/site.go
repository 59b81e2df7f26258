package jirasim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Flavor is the kind of Jira that a Site pretends to be.
type Flavor string

// The two flavours: they differ in endpoints, users, texts and limits.
const (
	Cloud      Flavor = "cloud"
	DataCenter Flavor = "datacenter"
)

// User is a person or an app with an account on the Site.
type User struct {
	Ref         string // the simulation's own handle, for instance "ada"; never served
	AccountID   string // Cloud's stable id
	Name        string // Data Center's user name, as in [~name]
	Key         string // Data Center's stable user key, for instance JIRAUSER10100
	DisplayName string
	AccountType string // "atlassian", "app" or "customer"; served on Cloud only
	Active      bool
	TimeZone    string // IANA name of the profile's zone
}

// ID returns what histories and user fields hold for u: the account id on
// Cloud, the user key on Data Center.
func (u *User) ID(f Flavor) string {
	if f == Cloud {
		return u.AccountID
	}
	return u.Key
}

// Mention returns the wiki markup that mentions u.
func (u *User) Mention(f Flavor) string {
	if f == Cloud {
		return "[~accountid:" + u.AccountID + "]"
	}
	return "[~" + u.Name + "]"
}

// Status is a workflow status. Category is the category's key: "new",
// "indeterminate", "done" or "undefined".
type Status struct {
	ID, Name, Category string
}

// IssueType is a type of issue.
type IssueType struct {
	ID, Name string
	Subtask  bool
	Level    int // hierarchy level: 1 for epics, 0 for stories, -1 for sub-tasks
}

// Project is a Jira project; Lead may be nil.
type Project struct {
	ID, Key, Name string
	Lead          *User
	IssueTypes    []string // ids
	Statuses      []string // ids of the statuses its workflow uses

	archived bool // nothing of it may be seen
}

// Field describes a system or custom field as GET field answers it.
type Field struct {
	ID, Name     string
	Untranslated string // its name in no language, where Name is in the account's
	Custom       bool
	SchemaType   string // "user", "array", "string", ...
	SchemaItems  string // of an array
	SchemaCustom string // for instance com.atlassian.jira.plugin.system.customfieldtypes:userpicker
}

// Item is one changed field within a history record, as Jira writes it.
// From and To are ids (nil: JSON null), FromString and ToString the names at that time.
type Item struct {
	Field, FieldType, FieldID string // FieldID may be empty: Jira often leaves it out
	From, To                  *string
	FromString, ToString      *string
}

// History is one record of an issue's changelog.
type History struct {
	ID      int64
	Author  *User // nil: Jira names none
	Created time.Time
	Items   []Item
}

// Comment is a comment with its wiki text, already in the Site's flavour.
type Comment struct {
	ID               int64
	Author           *User // nil: Jira names none
	Body             string
	Created, Updated time.Time

	restricted bool // the account may not see it
	internal   bool // customers of the service desk may not; the account does
}

// Issue is an issue as Jira keeps it. Fields holds the values of all fields but
// comment, created, updated and (unless an export brought it) project: JSON-ready
// ones, and *User, []*User and []*Sprint, which are rendered in the Site's flavour.
// A value in it is replaced, never changed in place.
type Issue struct {
	ID               int64
	Key              string
	Project          *Project
	Created, Updated time.Time
	Fields           map[string]any
	Histories        []*History // in order of creation
	Comments         []*Comment // in order of creation

	hidden bool      // the account may not see it
	turned time.Time // when that was last changed
	gone   time.Time // when it was deleted; zero: it is there
	past   []version // what a lagging index may still show, oldest first
}

// Site is the content of one simulated Jira. All methods are safe for
// concurrent use; instants are truncated to milliseconds.
type Site struct {
	Flavor Flavor
	Now    func() time.Time // the Jira's clock
	Zone   *time.Location   // the zone timestamps are rendered in
	Self   *User            // the account whose token the collector uses
	// DateAhead is how far the Date of replies, which a proxy may write, is ahead
	// of that clock; ServerTimeAhead is the same for the time in serverInfo, and
	// NoServerTime leaves that time out. ServerTime, where it is not empty, is what
	// serverInfo says instead.
	DateAhead, ServerTimeAhead time.Duration
	ServerTime                 string
	NoServerTime               bool
	// NoInstants makes queries read milliseconds of the epoch as minutes from
	// now, without quotes too.
	NoInstants bool
	// NullAuthors makes nobody's records and comments have an author that is
	// null, instead of none.
	NullAuthors bool
	// EmptyProjects makes queries find nothing in a project that cannot be seen,
	// instead of being refused.
	EmptyProjects bool
	// OnChange, which may be nil, is called with each issue that is created or changes,
	// as webhooks are; it must not call the Site's methods.
	OnChange func(issue int64)

	mu       sync.RWMutex
	users    map[string]*User // by Ref
	projects map[string]*Project
	statuses []*Status
	types    []*IssueType
	fields   []*Field
	boards   []*Board
	issues   map[int64]*Issue
	ordered  []*Issue          // the issues by id, and those deleted lately
	renamed  map[string]string // names of statuses, by id, that an admin changed
	changes  uint64            // how many mutations there have been
	byKey    map[string]int64  // old keys of moved issues too
	keys     map[string]int    // project key -> last number
	nextID   int64             // of issues
	nextRec  int64             // of history records
	nextCom  int64             // of comments
}

// Board is an agile board with its sprints.
type Board struct {
	ID         int64
	Name, Type string // Type: scrum or kanban
	ProjectKey string
	Sprints    []*Sprint
}

// Sprint is a sprint of a board. State: future, active or closed.
type Sprint struct {
	ID                   int64
	Name, State          string
	Start, End, Complete time.Time // zero: not set
}

// NewSite returns an empty Site.
func NewSite(f Flavor, now func() time.Time) *Site {
	return &Site{
		Flavor: f, Now: now, Zone: time.UTC,
		users: map[string]*User{}, projects: map[string]*Project{},
		issues: map[int64]*Issue{}, byKey: map[string]int64{}, keys: map[string]int{}, renamed: map[string]string{},
		nextID: 10000, nextRec: 100000, nextCom: 200000,
	}
}

// AddUser adds u. A second user of one Ref is a defect of the caller, and panics.
func (s *Site) AddUser(u *User) *User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[u.Ref] != nil {
		panic("jirasim: user twice: " + u.Ref)
	}
	s.users[u.Ref] = u
	return u
}

// AddProject adds p. A second project of one key is a defect of the caller, and panics.
func (s *Site) AddProject(p *Project) *Project {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects[p.Key] != nil {
		panic("jirasim: project twice: " + p.Key)
	}
	s.projects[p.Key] = p
	return p
}

// AddStatus adds st.
func (s *Site) AddStatus(st *Status) *Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses = append(s.statuses, st)
	return st
}

// AddType adds t.
func (s *Site) AddType(t *IssueType) *IssueType {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.types = append(s.types, t)
	return t
}

// AddField adds f.
func (s *Site) AddField(f *Field) *Field {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fields = append(s.fields, f)
	return f
}

// AddBoard adds b.
func (s *Site) AddBoard(b *Board) *Board {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.boards = append(s.boards, b)
	return b
}

// RenameStatus gives a status another name, as an admin does: its id stays, and
// issues show the new one. Histories keep the name of their time.
func (s *Site) RenameStatus(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	for _, st := range s.statuses {
		if st.ID == id {
			st.Name = name
		}
	}
	s.renamed[id] = name
}

// User returns the user with that handle, or nil.
func (s *Site) User(ref string) *User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.users[ref]
}

// Project returns the project with that key, or nil.
func (s *Site) Project(key string) *Project {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.projects[key]
}

// Update runs f while no request reads the Site: for changes of the users, projects,
// statuses, boards and sprints that the Site was given, such as a new name or a
// sprint that ends. f must not call the Site's methods.
func (s *Site) Update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	f()
}

// CreateIssue creates an issue in p at the instant at and returns its id.
// fields must hold at least issuetype, status and summary.
func (s *Site) CreateIssue(at time.Time, creator *User, p *Project, fields map[string]any) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	s.changed(s.nextID)
	s.keys[p.Key]++
	at = at.Truncate(time.Millisecond)
	is := &Issue{
		ID: s.nextID, Key: p.Key + "-" + strconv.Itoa(s.keys[p.Key]), Project: p,
		Created: at, Updated: at, Fields: maps.Clone(fields),
	}
	is.Fields["creator"] = creator
	is.Fields["reporter"] = creator
	s.issues[is.ID] = is
	s.ordered = append(s.ordered, is) // ids only rise
	s.byKey[is.Key] = is.ID
	return is.ID
}

// Change appends one history record with items to the issue and sets the
// given fields to their new values. It returns the record's id.
func (s *Site) Change(at time.Time, actor *User, issue int64, fields map[string]any, items ...Item) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.change(s.mutate(at, issue), at, actor, fields, items)
}

// change records a change; the caller holds the lock and has called mutate.
func (s *Site) change(is *Issue, at time.Time, actor *User, fields map[string]any, items []Item) int64 {
	s.nextRec++
	at = at.Truncate(time.Millisecond)
	is.Histories = append(is.Histories, &History{ID: s.nextRec, Author: actor, Created: at, Items: items})
	if n := len(is.Histories); n > 1 && at.Before(is.Histories[n-2].Created) {
		sortHistories(is.Histories)
	}
	maps.Copy(is.Fields, fields)
	is.touch(at)
	return s.nextRec
}

// Comment appends a comment and returns its id.
func (s *Site) Comment(at time.Time, author *User, issue int64, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mutate(at, issue)
	s.nextCom++
	at = at.Truncate(time.Millisecond)
	is.Comments = append(is.Comments, &Comment{ID: s.nextCom, Author: author, Body: body, Created: at, Updated: at})
	is.touch(at)
	return s.nextCom
}

// EditComment replaces a comment's text; bump says whether the issue's
// updated moves (no two Jiras agree).
func (s *Site) EditComment(at time.Time, issue, comment int64, body string, bump bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mutate(at, issue)
	is.Comments = slices.Clone(is.Comments) // past versions keep the old ones
	for i, c := range is.Comments {
		if c.ID == comment {
			edited := *c
			edited.Body, edited.Updated = body, at.Truncate(time.Millisecond)
			is.Comments[i] = &edited
		}
	}
	if bump {
		is.touch(at)
	}
}

// DeleteComment removes a comment without a trace, as Jira does.
func (s *Site) DeleteComment(at time.Time, issue, comment int64, bump bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mutate(at, issue)
	is.Comments = slices.DeleteFunc(slices.Clone(is.Comments), func(c *Comment) bool { return c.ID == comment })
	if bump {
		is.touch(at)
	}
}

// Restrict makes a comment invisible to the account, as its restriction to a
// group or role does, or visible again.
func (s *Site) Restrict(issue, comment int64, restricted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	is := s.must(issue)
	is.Comments = slices.Clone(is.Comments)
	for i, c := range is.Comments {
		if c.ID == comment {
			one := *c
			one.restricted = restricted
			is.Comments[i] = &one
		}
	}
}

// MakeInternal makes a comment one among agents of the service desk, which the
// account sees.
func (s *Site) MakeInternal(issue, comment int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	is := s.must(issue)
	is.Comments = slices.Clone(is.Comments)
	for i, c := range is.Comments {
		if c.ID == comment {
			one := *c
			one.internal = true
			is.Comments[i] = &one
		}
	}
}

// DeleteIssue removes an issue without a trace, as Jira does. An issue that is
// not there is left alone.
func (s *Site) DeleteIssue(issue int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	is := s.issues[issue]
	if is == nil {
		return
	}
	now := s.Now()
	is.gone = now
	delete(s.issues, issue)
	s.ordered = slices.DeleteFunc(s.ordered, func(is *Issue) bool { return !is.gone.IsZero() && is.gone.Before(now.Add(-maxLag)) })
}

// Hide makes an issue invisible to the account, as a security level or a lost
// permission does, or visible again. Over HTTP it looks deleted.
func (s *Site) Hide(issue int64, hidden bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	if is := s.must(issue); is.hidden != hidden {
		is.hidden, is.turned = hidden, s.Now()
	}
}

// Archive makes a project with all its issues invisible to the account, as its
// archive or a lost permission does, or visible again.
func (s *Site) Archive(p *Project, archived bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	p.archived = archived
}

// invisible reports whether the account may not see an issue.
func (is *Issue) invisible() bool {
	return is.hidden || !is.gone.IsZero() || is.Project != nil && is.Project.archived
}

// invisibleAt reports the same for an index that shows the Site as it was at t.
func (is *Issue) invisibleAt(t time.Time) bool {
	switch {
	case is.Project != nil && is.Project.archived:
		return true // no index is asked for that
	case !is.gone.IsZero() && !is.gone.After(t):
		return true
	case is.turned.After(t):
		return !is.hidden
	}
	return is.hidden
}

// Move moves an issue to another project: it keeps its id, gets a new key, and
// its old key goes on resolving. items are further changes of the same record
// (a new status, say).
func (s *Site) Move(at time.Time, actor *User, issue int64, to *Project, fields map[string]any, items ...Item) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mutate(at, issue)
	s.keys[to.Key]++
	from, oldKey, newKey := is.Project, is.Key, fmt.Sprintf("%s-%d", to.Key, s.keys[to.Key])
	is.Project, is.Key = to, newKey
	delete(is.Fields, "project") // of an export; it is rendered from Project now
	s.byKey[newKey] = issue
	items = append([]Item{
		{Field: "project", FieldType: "jira", FieldID: "project", From: &from.ID, FromString: &from.Name, To: &to.ID, ToString: &to.Name},
		{Field: "Key", FieldType: "jira", FromString: &oldKey, ToString: &newKey},
	}, items...)
	return s.change(is, at, actor, fields, items)
}

// mutate returns an issue that is about to change at the instant at; the caller
// holds the lock.
func (s *Site) mutate(at time.Time, issue int64) *Issue {
	s.changed(issue)
	is := s.must(issue)
	is.remember(at, s.Now())
	return is
}

// changed counts a change of an issue and calls OnChange; the caller holds the lock.
func (s *Site) changed(issue int64) {
	s.changes++
	if s.OnChange != nil {
		s.OnChange(issue)
	}
}

// must returns the issue or panics: callers hold ids that the Site gave them.
func (s *Site) must(id int64) *Issue {
	is := s.issues[id]
	if is == nil {
		panic("jirasim: no issue " + strconv.FormatInt(id, 10))
	}
	return is
}

// position returns where in ordered the issue is, or would be.
func (s *Site) position(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.ordered, id, func(is *Issue, id int64) int { return cmp.Compare(is.ID, id) })
}

// touch moves updated forwards, never back.
func (is *Issue) touch(at time.Time) {
	if at = at.Truncate(time.Millisecond); at.After(is.Updated) {
		is.Updated = at
	}
}

// sortHistories sorts records by instant and id.
func sortHistories(list []*History) {
	slices.SortStableFunc(list, func(a, b *History) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
}

// lookup finds a visible issue by numeric id or by (old) key, or returns nil;
// the caller holds the lock.
func (s *Site) lookup(idOrKey string) *Issue {
	id, err := strconv.ParseInt(idOrKey, 10, 64)
	if err != nil {
		id = s.byKey[strings.ToUpper(idOrKey)]
	}
	if is := s.issues[id]; is != nil && !is.invisible() {
		return is
	}
	return nil
}
