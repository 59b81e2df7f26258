package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// ServerInfo is what a Jira says of itself without authentication.
type ServerInfo struct {
	Flavor  jiradata.Flavor
	Version string
	Time    latency.Instant // Jira's clock; 0 if it does not say
}

// ServerInfo asks what kind of Jira this is. It proves no authentication.
func (c *Client) ServerInfo(ctx context.Context) (ServerInfo, error) {
	var doc struct {
		BaseURL        string `json:"baseUrl"`
		DeploymentType string `json:"deploymentType"`
		Version        string `json:"version"`
		ServerTime     text   `json:"serverTime"`
	}
	header, err := c.do(ctx, "serverInfo", http.MethodGet, "rest/api/2/serverInfo", nil, &doc)
	if err != nil {
		return ServerInfo{}, err
	}
	if doc.DeploymentType == "" && doc.Version == "" {
		return ServerInfo{}, lacking("serverInfo", "version")
	}
	c.rememberSite(address(doc.BaseURL))
	// Data Center calls itself Server.
	info := ServerInfo{Flavor: jiradata.DataCenter, Version: doc.Version}
	if doc.DeploymentType == "Cloud" {
		info.Flavor = jiradata.Cloud
	}
	if info.Time, err = parseInstant(string(doc.ServerTime)); err != nil {
		info.Time = 0 // there is the Date
	}
	c.compareClocks(dateOf(header), info.Time)
	return info, nil
}

// address returns a text as an absolute URL without a slash at its end; "" if it is
// not one that people can open.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return strings.TrimRight((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), "/")
}

// rememberSite remembers the address of the Jira for people, if that is not known
// yet: site, or, if that is "", the address for programs.
func (c *Client) rememberSite(site string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.site != "" {
		return
	}
	if c.site = site; site == "" {
		c.site = c.base
		c.log.Warn("Jira does not say which address people use: links to its stories go to the gateway", zap.String("url", c.base))
	}
}

// Flavor returns the kind of the Jira; it asks once where the options leave it open.
func (c *Client) Flavor(ctx context.Context) (jiradata.Flavor, error) {
	c.mu.Lock()
	f := c.flavor
	c.mu.Unlock()
	if f != "" {
		return f, nil
	}
	info, err := c.ServerInfo(ctx)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flavor = info.Flavor
	return info.Flavor, nil
}

// myself is the endpoint that answers who asks.
const myself = "myself"

// Myself proves that the token is accepted, and returns as whom and when. From then
// on a reply to another account is an error.
func (c *Client) Myself(ctx context.Context) (jiradata.Identity, error) {
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return jiradata.Identity{}, err
	}
	user, header, err := call(ctx, c, myself, c.jira.User.GetSelfWithContext)
	if err != nil {
		return jiradata.Identity{}, err
	}
	me := account{AccountID: user.AccountID, Key: user.Key, Name: user.Name}
	id := jiradata.Identity{Account: me.id(), DisplayName: user.DisplayName, TimeZone: user.TimeZone, Flavor: flavor, BaseURL: c.base}
	if id.Account == "" {
		return jiradata.Identity{}, &Error{Endpoint: myself, Detail: "it names no account", kind: ErrBadReply}
	}
	if !namesUser(header, user.Name) {
		return jiradata.Identity{}, &Error{Endpoint: myself, Detail: "its content is about another user than its header", kind: ErrUnauthorized}
	}
	if id.At, id.DateAhead, err = c.clock(ctx, dateOf(header)); err != nil {
		return jiradata.Identity{}, err
	}
	if id.At == 0 {
		return jiradata.Identity{}, &Error{Endpoint: myself, Detail: "neither it nor serverInfo gives the time", kind: ErrBadReply}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id.SiteURL = cmp.Or(c.site, c.base) // serverInfo, which has been asked for the time, gave it
	c.zone = id.TimeZone
	c.at, c.atLocal = id.At, c.now()
	c.signs = header.Get("X-AAccountId") != "" || header.Get("X-AUSERNAME") != ""
	if flavor == jiradata.Cloud {
		c.account = id.Account
	} else {
		c.user = user.Name
	}
	return id, nil
}

// Meta reads what describes stories: fields, statuses, issue types and the
// projects with these keys; without keys, all projects that the account can see.
// Searches from then on read the fields that were found. Types are not asked for
// where no project can be seen, because Cloud shows only types of projects.
func (c *Client) Meta(ctx context.Context, projectKeys []string) (jiradata.Meta, error) {
	var m jiradata.Meta
	if err := c.readClocks(ctx); err != nil {
		return m, err
	}
	var err error
	if m.Fields, err = c.Fields(ctx); err != nil {
		return m, err
	}
	if m.Statuses, err = c.Statuses(ctx); err != nil {
		return m, err
	}
	if m.Projects, m.Users, m.Missing, err = c.Projects(ctx, projectKeys); err != nil || len(m.Projects) == 0 {
		return m, err
	}
	for i := range m.Projects {
		p := &m.Projects[i]
		if p.Workflow, err = c.workflowIDs(ctx, p.Key); err != nil {
			return m, err
		}
		if !slices.Contains(c.components, p.Key) {
			continue
		}
		if p.Components, err = c.Components(ctx, p.Key); err != nil {
			return m, err
		}
	}
	m.Types, err = c.IssueTypes(ctx)
	return m, err
}

// Components reads the names of a project's components, by id; nil where Jira,
// or a gateway in front of it, does not list them.
func (c *Client) Components(ctx context.Context, projectKey string) (map[string]string, error) {
	const endpoint = "project/components"
	var docs []struct {
		ID   text   `json:"id"`
		Name string `json:"name"`
	}
	err := c.get(ctx, endpoint, "rest/api/2/project/"+url.PathEscape(projectKey)+"/components", nil, &docs)
	if noEndpoint(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("components of project %q: %w", projectKey, err)
	}
	if docs == nil {
		return nil, lacking(endpoint, "list of components")
	}
	out := make(map[string]string, len(docs))
	for _, d := range docs {
		if d.ID == "" {
			return nil, lacking(endpoint, "id of a component")
		}
		out[string(d.ID)] = cut(d.Name)
	}
	return out, nil
}

// workflowIDs reads the ids of a project's statuses, in order; nil where they are
// not shown. A project whose workflow cannot be seen is read all the same.
func (c *Client) workflowIDs(ctx context.Context, projectKey string) ([]string, error) {
	statuses, err := c.Workflow(ctx, projectKey)
	if provenAbsent(err) {
		return nil, nil
	}
	if err != nil || statuses == nil {
		return nil, err
	}
	ids := make([]string, 0, len(statuses))
	for _, s := range statuses {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids, nil
}

// Workflow reads the statuses that stories of a project can have: those of the
// workflows of all its issue types, each once, in the order in which Jira lists
// them. It is nil where Jira, or a gateway in front of it, does not list them.
func (c *Client) Workflow(ctx context.Context, projectKey string) ([]jiradata.Status, error) {
	const endpoint = "project/statuses"
	var docs []struct {
		Statuses []status `json:"statuses"`
	}
	err := c.get(ctx, endpoint, "rest/api/2/project/"+url.PathEscape(projectKey)+"/statuses", nil, &docs)
	if noEndpoint(err) && !provenAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("workflow of project %q: %w", projectKey, err)
	}
	if docs == nil {
		return nil, lacking(endpoint, "list of issue types")
	}
	out := []jiradata.Status{}
	seen := map[string]bool{}
	for _, t := range docs {
		for i := range t.Statuses {
			st, ok := t.Statuses[i].status()
			if !ok {
				return nil, lacking(endpoint, "id of a status")
			}
			if !seen[st.ID] {
				seen[st.ID] = true
				out = append(out, st)
			}
		}
	}
	return out, nil
}

// scope is the project that a status, type or field is limited to; most have none.
type scope struct {
	Project struct {
		ID text `json:"id"`
	} `json:"project"`
}

func (s *scope) projectID() string {
	if s == nil {
		return ""
	}
	return string(s.Project.ID)
}

// Fields reads the fields of issues.
func (c *Client) Fields(ctx context.Context) ([]jiradata.Field, error) {
	var docs []struct {
		ID               string `json:"id"`
		Name             string `json:"name"`
		UntranslatedName string `json:"untranslatedName"`
		Scope            *scope `json:"scope"`
		Schema           struct {
			Type   string `json:"type"`
			Items  string `json:"items"`
			Custom string `json:"custom"`
		} `json:"schema"`
	}
	if err := c.get(ctx, "field", "rest/api/2/field", nil, &docs); err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, lacking("field", "field")
	}
	fields := make([]jiradata.Field, 0, len(docs))
	for _, d := range docs {
		if d.ID == "" {
			return nil, lacking("field", "id of a field")
		}
		fields = append(fields, jiradata.Field{
			ID: d.ID, Name: cut(d.Name), UntranslatedName: cut(d.UntranslatedName), Custom: d.Schema.Custom, ProjectID: d.Scope.projectID(),
			People: d.Schema.Type == "user" || d.Schema.Type == "array" && d.Schema.Items == "user",
		})
	}
	s := newSchema(fields)
	c.mu.Lock()
	c.schema = s
	c.mu.Unlock()
	return fields, nil
}

// fieldsRead returns the schema, and reads it if that was not done yet.
func (c *Client) fieldsRead(ctx context.Context) (*schema, error) {
	c.mu.Lock()
	s := c.schema
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if _, err := c.Fields(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.schema, nil
}

// status is a workflow status as Jira shows one.
type status struct {
	ID       text   `json:"id"`
	Name     string `json:"name"`
	Scope    *scope `json:"scope"`
	Category struct {
		Key string `json:"key"`
	} `json:"statusCategory"`
}

// status returns the status; ok is false where it has no id.
func (s *status) status() (st jiradata.Status, ok bool) {
	return jiradata.Status{ID: string(s.ID), Name: cut(s.Name), Category: categoryOf(s.Category.Key), ProjectID: s.Scope.projectID()}, s.ID != ""
}

// Statuses reads the workflow statuses.
func (c *Client) Statuses(ctx context.Context) ([]jiradata.Status, error) {
	var docs []status
	if err := c.get(ctx, "status", "rest/api/2/status", nil, &docs); err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, lacking("status", "status")
	}
	out := make([]jiradata.Status, 0, len(docs))
	for i := range docs {
		st, ok := docs[i].status()
		if !ok {
			return nil, lacking("status", "id of a status")
		}
		out = append(out, st)
	}
	return out, nil
}

// categoryOf reads a category's key; its name is translated.
func categoryOf(key string) latency.Category {
	switch key {
	case "new":
		return latency.CategoryNew
	case "indeterminate":
		return latency.CategoryIndeterminate
	case "done":
		return latency.CategoryDone
	}
	return latency.CategoryUnknown
}

// IssueTypes reads the types of issues.
func (c *Client) IssueTypes(ctx context.Context) ([]jiradata.IssueType, error) {
	var docs []struct {
		ID      text   `json:"id"`
		Name    string `json:"name"`
		Subtask bool   `json:"subtask"`
		Level   *int   `json:"hierarchyLevel"`
		Scope   *scope `json:"scope"`
	}
	if err := c.get(ctx, "issuetype", "rest/api/2/issuetype", nil, &docs); err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, lacking("issuetype", "issue type")
	}
	out := make([]jiradata.IssueType, 0, len(docs))
	for _, d := range docs {
		if d.ID == "" {
			return nil, lacking("issuetype", "id of an issue type")
		}
		t := jiradata.IssueType{ID: string(d.ID), Name: cut(d.Name), Subtask: d.Subtask, ProjectID: d.Scope.projectID()}
		switch {
		case d.Level != nil:
			t.Level, t.HasLevel = *d.Level, true
		case d.Subtask:
			t.Level = -1
		}
		out = append(out, t)
	}
	return out, nil
}

// project is a project as Jira shows one.
type project struct {
	ID   text     `json:"id"`
	Key  string   `json:"key"`
	Name string   `json:"name"`
	Lead *account `json:"lead"`
}

// projectKeys is how many projects a search of Cloud's projects may name.
const projectKeys = 50

// Projects reads the projects with these keys, and the users who lead them;
// without keys, all projects that the account can see. Missing are the keys that
// are unknown or of projects that it cannot see.
func (c *Client) Projects(ctx context.Context, keys []string) (found []jiradata.Project, users []jiradata.User, missing []string, err error) {
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	var docs []project
	if len(keys) == 0 || flavor == jiradata.Cloud {
		if docs, err = c.visibleProjects(ctx, flavor, keys); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, key := range keys {
		if slices.ContainsFunc(docs, func(p project) bool { return p.Key == key }) {
			continue
		}
		var d project
		err := c.get(ctx, "project", "rest/api/2/project/"+url.PathEscape(key), nil, &d)
		if provenAbsent(err) {
			missing = append(missing, key)
			continue
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("project %q: %w", key, err)
		}
		docs = append(docs, d)
	}
	leads := directory{}
	out := make([]jiradata.Project, 0, len(docs))
	for _, d := range docs {
		if d.Key == "" || d.ID == "" {
			return nil, nil, nil, lacking("project", "id and key of a project")
		}
		out = append(out, jiradata.Project{ID: string(d.ID), Key: d.Key, Name: cut(d.Name), Lead: leads.add(d.Lead)})
	}
	return out, leads.list(), missing, nil
}

// visibleProjects lists the projects that the account may browse; on Cloud, if there
// are keys, only those with these keys.
func (c *Client) visibleProjects(ctx context.Context, flavor jiradata.Flavor, keys []string) ([]project, error) {
	if flavor == jiradata.DataCenter {
		var docs []project
		err := c.get(ctx, "project", "rest/api/2/project", url.Values{"expand": {"lead"}}, &docs)
		if err == nil && docs == nil {
			err = lacking("project", "list of projects")
		}
		return docs, err
	}
	if len(keys) > projectKeys {
		keys = nil // more than may be named at a time
	}
	var all []project
	for {
		var page struct {
			Values []project `json:"values"`
			IsLast bool      `json:"isLast"`
			Total  *int      `json:"total"`
		}
		q := url.Values{"expand": {"lead"}, "startAt": {strconv.Itoa(len(all))}, "maxResults": {"50"}, "keys": keys}
		if err := c.get(ctx, "project/search", "rest/api/2/project/search", q, &page); err != nil {
			return nil, err
		}
		if page.Values == nil || page.Total == nil {
			return nil, lacking("project/search", "list of projects, or no total")
		}
		all = append(all, page.Values...)
		switch {
		case page.IsLast || len(all) >= *page.Total:
			return all, nil
		case len(page.Values) == 0:
			return nil, &Error{Endpoint: "project/search", Detail: fmt.Sprintf("it gave %d projects of %d", len(all), *page.Total), kind: jiradata.ErrIncomplete}
		}
	}
}

// Permissions returns which of the named permissions, for instance BROWSE_PROJECTS,
// the account has in a project.
func (c *Client) Permissions(ctx context.Context, projectKey string, names ...string) (map[string]bool, error) {
	var doc struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	q := url.Values{"projectKey": {projectKey}, "permissions": {strings.Join(names, ",")}}
	if err := c.get(ctx, "mypermissions", "rest/api/2/mypermissions", q, &doc); err != nil {
		return nil, err
	}
	if doc.Permissions == nil {
		return nil, lacking("mypermissions", "list of permissions")
	}
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = doc.Permissions[n].Have
	}
	return out, nil
}

// User looks an account up: by account id on Cloud, by user key or, failing
// that, by user name on Data Center. ErrNotFound if there is none.
func (c *Client) User(ctx context.Context, id string) (jiradata.User, error) {
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return jiradata.User{}, err
	}
	params := []string{"accountId"}
	if flavor == jiradata.DataCenter {
		params = []string{"key", "username"}
	}
	for _, p := range params {
		var a account
		if err = c.get(ctx, "user", "rest/api/2/user", url.Values{p: {id}}, &a); err == nil && a.id() == "" {
			err = lacking("user", "account")
		}
		if err == nil {
			return a.user(), nil
		}
		if !errors.Is(err, ErrNotFound) {
			break
		}
	}
	return jiradata.User{}, fmt.Errorf("user %q: %w", id, err)
}

// FindUsers returns the users that Jira finds by a part of their name; at most 50.
func (c *Client) FindUsers(ctx context.Context, words string) ([]jiradata.User, error) {
	flavor, err := c.Flavor(ctx)
	if err != nil {
		return nil, err
	}
	param := "query"
	if flavor == jiradata.DataCenter {
		param = "username"
	}
	var docs []json.RawMessage
	q := url.Values{param: {words}, "maxResults": {"50"}}
	if err := c.get(ctx, "user/search", "rest/api/2/user/search", q, &docs); err != nil {
		return nil, err
	}
	if docs == nil {
		return nil, lacking("user/search", "list of users")
	}
	out := make([]jiradata.User, 0, len(docs))
	for _, d := range docs {
		var a account
		if json.Unmarshal(d, &a) == nil && a.id() != "" {
			out = append(out, a.user())
		}
	}
	return out, nil
}
