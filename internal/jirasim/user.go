package jirasim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// userDoc is a user as Jira renders one: Cloud by account id, Data Center by
// name and key.
type userDoc struct {
	AccountID   string `json:"accountId,omitempty"`
	AccountType string `json:"accountType,omitempty"`
	Name        string `json:"name,omitempty"`
	Key         string `json:"key,omitempty"`
	DisplayName string `json:"displayName"`
	Active      bool   `json:"active"`
	TimeZone    string `json:"timeZone,omitempty"`
}

// renderUser renders a user in the flavour; nil stays null.
func (s *Site) renderUser(u *User) *userDoc {
	if u == nil {
		return nil
	}
	doc := &userDoc{DisplayName: u.DisplayName, Active: u.Active, TimeZone: u.TimeZone}
	if s.Flavor == Cloud {
		doc.AccountID, doc.AccountType = u.AccountID, u.AccountType
	} else {
		doc.Name, doc.Key = u.Name, u.Key
	}
	return doc
}

// renderAuthor renders who did something. An author that is not known is left
// out, or null if NullAuthors is set.
func (s *Site) renderAuthor(u *User) any {
	if u == nil && !s.NullAuthors {
		return nil
	}
	return s.renderUser(u)
}

func (c *call) myself() {
	if c.anonymous || c.site.Self == nil {
		c.page(http.StatusUnauthorized, "Unauthorized (401)")
		return
	}
	c.json(http.StatusOK, c.site.renderUser(c.site.Self))
}

// sortedUsers returns the users in an order that is always the same.
func (s *Site) sortedUsers() []*User {
	var out []*User
	for _, ref := range slices.Sorted(maps.Keys(s.users)) {
		out = append(out, s.users[ref])
	}
	return out
}

func (c *call) user() {
	q := c.r.URL.Query()
	asked := func(parameter, value string) bool { return q.Get(parameter) != "" && q.Get(parameter) == value }
	for _, u := range c.site.sortedUsers() {
		var match bool
		if c.site.Flavor == Cloud {
			match = asked("accountId", u.AccountID)
		} else {
			match = asked("key", u.Key) || asked("username", u.Name)
		}
		if match && !c.anonymous {
			c.json(http.StatusOK, c.site.renderUser(u))
			return
		}
	}
	c.refuse(http.StatusNotFound, "Specified user does not exist or you do not have required permissions")
}

// userSearch finds people by the beginning of a word of their names.
func (c *call) userSearch() {
	parameter := "query"
	if c.site.Flavor == DataCenter {
		parameter = "username"
	}
	q := c.r.URL.Query()
	account := q.Get("accountId")
	word := strings.ToLower(q.Get(parameter))
	if word == "" && account == "" {
		c.refuse(http.StatusBadRequest, "The "+parameter+" query parameter was not provided.")
		return
	}
	start, size := c.window(50, 1000)
	if c.site.Flavor == DataCenter {
		size = min(size, max(0, 100-start)) // newer versions give a hundred in all
	}
	var found []*userDoc
	for _, u := range c.site.sortedUsers() {
		names := strings.ToLower(" " + u.DisplayName)
		match := account != "" && u.AccountID == account
		if c.site.Flavor == DataCenter {
			names += strings.ToLower(" " + u.Name)
		}
		if match || word != "" && strings.Contains(names, " "+word) {
			found = append(found, c.site.renderUser(u))
		}
	}
	if c.anonymous {
		found = nil
	}
	c.json(http.StatusOK, cut(found, start, size))
}
