package jira_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// asked is a Jira that gives a prepared answer to each path, 404 to others.
type asked map[string]string

// ServeHTTP implements http.Handler.
func (a asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := a[strings.TrimPrefix(r.URL.Path, "/rest/")]
	if !ok {
		answer(w, 404, `{"message":"null for uri","status-code":404}`)
		return
	}
	answer(w, 200, body)
}

// rightAnswers are what a Jira with one issue answers, of which the search
// gives all but the comments.
func rightAnswers(flavor jiradata.Flavor) asked {
	const (
		fields = `{"created":"2026-03-02T08:00:00.000+0000","status":{"id":"1"},"project":{"id":"100","key":"PAY"},"customfield_10014":"OPS-1","comment":{"total":2,"comments":[]}}`
		record = `{"id":"7","created":"2026-03-02T09:00:00.000+0000","items":[{"field":"status","fieldId":"status","from":"1","to":"2"}]}`
	)
	out := asked{
		"api/2/serverInfo":             `{"version":"1","deploymentType":"Cloud","serverTime":"2026-03-02T08:00:00.000+0000"}`,
		"api/2/myself":                 `{"accountId":"bot"}`,
		"api/2/field":                  `[{"id":"customfield_10014","name":"Epic Link","schema":{"custom":"com.pyxis.greenhopper.jira:gh-epic-link"}}]`,
		"api/2/status":                 `[{"id":"1"}]`,
		"api/2/issuetype":              `[{"id":"10"}]`,
		"api/2/project/search":         `{"values":[{"id":"100","key":"PAY"}],"total":1,"isLast":true}`,
		"api/2/project":                `[{"id":"100","key":"PAY"}]`,
		"api/2/project/PAY":            `{"id":"100","key":"PAY"}`,
		"api/2/project/PAY/components": `[{"id":"501","name":"Checkout"}]`,
		"api/2/project/PAY/statuses":   `[{"id":"10","statuses":[{"id":"1"}]}]`,
		"api/2/mypermissions":          `{"permissions":{"BROWSE_PROJECTS":{"havePermission":true}}}`,
		"api/2/user":                   `{"accountId":"ada","key":"ada"}`,
		"api/2/user/search":            `[]`,
		"api/2/issue/1/comment":        `{"total":2,"comments":[{"id":"1","created":"2026-03-02T09:00:00.000+0000"},{"id":"2","created":"2026-03-02T09:00:00.000+0000"}]}`,
		"api/2/issue/OPS-1":            `{"id":"3"}`,
		"agile/1.0/board":              `{"values":[{"id":5,"type":"scrum"}],"isLast":true}`,
		"agile/1.0/board/5/sprint":     `{"values":[{"id":6,"name":"Sprint 6","state":"active","startDate":"2026-03-02T08:00:00.000Z","endDate":"2026-03-16T08:00:00.000Z"}],"isLast":true}`,
	}
	if flavor == jiradata.Cloud {
		issue := `{"id":"1","key":"PAY-1","fields":` + fields + `}`
		out["api/2/issue/1"] = issue
		out["api/2/search/jql"] = `{"issues":[` + issue + `],"isLast":true}`
		out["api/3/issue/bulkfetch"] = `{"issues":[` + issue + `]}`
		out["api/3/changelog/bulkfetch"] = `{"issueChangeLogs":[{"issueId":"1","changeHistories":[` + record + `]}]}`
		out["api/2/issue/1/changelog"] = `{"total":1,"values":[` + record + `]}` // asked for where there is no bulkfetch
		return out
	}
	issue := `{"id":"1","key":"PAY-1","changelog":{"total":1,"histories":[` + record + `]},"fields":` + fields + `}`
	out["api/2/issue/1"] = issue
	out["api/2/search"] = `{"issues":[` + issue + `],"total":1}`
	return out
}

// everyQuestion asks a Jira everything that can be asked.
var everyQuestion = map[string]func(*testing.T, *jira.Client) error{
	"serverInfo": func(t *testing.T, c *jira.Client) error { _, err := c.ServerInfo(t.Context()); return err },
	"myself":     func(t *testing.T, c *jira.Client) error { _, err := c.Myself(t.Context()); return err },
	"fields":     func(t *testing.T, c *jira.Client) error { _, err := c.Fields(t.Context()); return err },
	"statuses":   func(t *testing.T, c *jira.Client) error { _, err := c.Statuses(t.Context()); return err },
	"types":      func(t *testing.T, c *jira.Client) error { _, err := c.IssueTypes(t.Context()); return err },
	"components": func(t *testing.T, c *jira.Client) error { _, err := c.Components(t.Context(), "PAY"); return err },
	"workflow":   func(t *testing.T, c *jira.Client) error { _, err := c.Workflow(t.Context(), "PAY"); return err },
	"projects":   func(t *testing.T, c *jira.Client) error { _, _, _, err := c.Projects(t.Context(), nil); return err },
	"project": func(t *testing.T, c *jira.Client) error {
		_, _, _, err := c.Projects(t.Context(), []string{"PAY"})
		return err
	},
	"meta": func(t *testing.T, c *jira.Client) error { _, err := c.Meta(t.Context(), nil); return err },
	"permissions": func(t *testing.T, c *jira.Client) error {
		_, err := c.Permissions(t.Context(), "PAY", "BROWSE_PROJECTS")
		return err
	},
	"user":    func(t *testing.T, c *jira.Client) error { _, err := c.User(t.Context(), "ada"); return err },
	"users":   func(t *testing.T, c *jira.Client) error { _, err := c.FindUsers(t.Context(), "ada"); return err },
	"sprints": func(t *testing.T, c *jira.Client) error { _, err := c.Sprints(t.Context(), payments()); return err },
	"matching": func(t *testing.T, c *jira.Client) error {
		_, err := c.Matching(t.Context(), "project = PAY", []int64{1})
		return err
	},
	"issues": func(t *testing.T, c *jira.Client) error {
		page, missing, err := c.Issues(t.Context(), []int64{1})
		return errors.Join(err, whole(page, len(missing)))
	},
	"search": func(t *testing.T, c *jira.Client) error {
		for page, err := range c.Search(t.Context(), jiradata.Query{Projects: []string{"PAY"}}) {
			if err := errors.Join(err, whole(page, 0)); err != nil {
				return err
			}
		}
		return nil
	},
	"ids": func(t *testing.T, c *jira.Client) error {
		for _, err := range c.IDs(t.Context(), jiradata.Query{Projects: []string{"PAY"}}) {
			if err != nil {
				return err
			}
		}
		return nil
	},
}

// errCut means that an answer was believed that lacks something.
var errCut = errors.New("the story was read without its record or its comments")

var errQuarantined = errors.New("quarantined")

// whole reports whether a page has the one story as rightAnswers has it.
func whole(page jiradata.Page, missing int) error {
	switch {
	case len(page.Quarantined) > 0:
		return fmt.Errorf("%w: %s", errQuarantined, page.Quarantined[0].Reason)
	case missing > 0 || len(page.Stories) == 1 && len(page.Stories[0].History.Events) != 4:
		return errCut
	}
	return nil
}

func TestRightAnswers(t *testing.T) {
	for _, flavor := range []jiradata.Flavor{jiradata.Cloud, jiradata.DataCenter} {
		for _, question := range slices.Sorted(maps.Keys(everyQuestion)) {
			t.Run(string(flavor)+"/"+question, func(t *testing.T) {
				c := newClient(t, jira.Options{Flavor: flavor, Transport: inProcess{rightAnswers(flavor)}})
				if err := everyQuestion[question](t, c); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestAnswersThatLackSomething holds that JSON which lacks what Jira always
// sends is no answer, rather than an empty one.
func TestAnswersThatLackSomething(t *testing.T) {
	const both = jiradata.Flavor("")
	for _, tc := range []struct {
		question string
		flavor   jiradata.Flavor
		path     string
		bodies   []string
		want     error
	}{
		{"serverInfo", both, "api/2/serverInfo", []string{`{}`, `null`}, jira.ErrBadReply},
		{"myself", both, "api/2/myself", []string{`{}`, `null`, `{"displayName":"Bot"}`}, jira.ErrBadReply},
		{"fields", both, "api/2/field", []string{`[]`, `null`, `[{}]`, `{}`}, jira.ErrBadReply},
		{"statuses", both, "api/2/status", []string{`[]`, `null`, `[{}]`, `{}`}, jira.ErrBadReply},
		{"types", both, "api/2/issuetype", []string{`[]`, `null`, `[{}]`, `{}`}, jira.ErrBadReply},
		{"workflow", both, "api/2/project/PAY/statuses", []string{`null`, `{}`, `[{"id":"10","statuses":[{"name":"Open"}]}]`}, jira.ErrBadReply},
		{"components", both, "api/2/project/PAY/components", []string{`null`, `{}`, `[{"name":"Checkout"}]`}, jira.ErrBadReply},
		{"meta", both, "api/2/field", []string{`[]`}, jira.ErrBadReply},
		{"meta", both, "api/2/status", []string{`[]`}, jira.ErrBadReply},
		{"meta", both, "api/2/issuetype", []string{`[]`}, jira.ErrBadReply},
		{"projects", jiradata.Cloud, "api/2/project/search", []string{`{}`, `null`, `{"values":null,"total":0}`, `{"values":[],"isLast":true}`, `{"values":[{"id":"100"}],"total":1}`}, jira.ErrBadReply},
		{"projects", jiradata.Cloud, "api/2/project/search", []string{`{"values":[],"total":3,"isLast":false}`}, jiradata.ErrIncomplete},
		{"projects", jiradata.DataCenter, "api/2/project", []string{`null`, `{}`, `[{}]`, `[{"key":"PAY"}]`}, jira.ErrBadReply},
		{"project", jiradata.DataCenter, "api/2/project/PAY", []string{`{}`, `null`, `{"key":"PAY"}`}, jira.ErrBadReply},
		{"permissions", both, "api/2/mypermissions", []string{`{}`, `null`, `{"permissions":null}`}, jira.ErrBadReply},
		{"user", both, "api/2/user", []string{`{}`, `null`}, jira.ErrBadReply},
		{"users", both, "api/2/user/search", []string{`null`, `{}`}, jira.ErrBadReply},
		{"sprints", both, "agile/1.0/board", []string{`{}`, `null`, `{"values":null,"isLast":true}`, `{"values":[{}],"isLast":true}`}, jira.ErrBadReply},
		{"sprints", both, "agile/1.0/board/5/sprint", []string{`{}`, `{"values":null,"isLast":true}`, `{"values":[{"name":"Sprint 6"}],"isLast":true}`}, jira.ErrBadReply},
		{"search", jiradata.Cloud, "api/2/search/jql", []string{`{}`, `null`, `[]`, `{"issues":null,"isLast":true}`}, jira.ErrBadReply},
		{"search", jiradata.DataCenter, "api/2/search", []string{`{}`, `null`, `[]`, `{"total":1}`, `{"issues":[]}`, `{"issues":[],"total":null}`}, jira.ErrBadReply},
		{"ids", jiradata.DataCenter, "api/2/search", []string{`{"issues":[{"id":"1"}]}`}, jira.ErrBadReply},
		{"matching", jiradata.Cloud, "api/2/search/jql", []string{`{"issues":[{}],"isLast":true}`}, jira.ErrBadReply},
		{"matching", jiradata.DataCenter, "api/2/search", []string{`{"issues":[{}],"total":1}`}, jira.ErrBadReply},
		{"issues", both, "api/2/issue/1", []string{`{}`, `null`, `{"id":"2"}`}, jira.ErrBadReply},
		{"search", jiradata.DataCenter, "api/2/issue/OPS-1", []string{`{}`, `null`}, jira.ErrBadReply},
		{"search", both, "api/2/issue/1/comment", []string{`{}`, `null`, `{"comments":null,"total":0}`, `{"comments":[]}`}, jira.ErrBadReply},
		{"search", jiradata.Cloud, "api/3/changelog/bulkfetch", []string{
			`{}`, `null`, `{"issueChangeLogs":null}`, `{"issueChangeLogs":[{}]}`, `{"issueChangeLogs":[{"issueId":"1"}]}`, `{"issueChangeLogs":[{"issueId":"1","changeHistories":null}]}`,
			`{"issueChangeLogs":[{"changeHistories":[]}]}`,
		}, jira.ErrBadReply},
		{"search", jiradata.Cloud, "api/3/changelog/bulkfetch", []string{
			`{"issueChangeLogs":[{"issueId":"1","changeHistories":[{"id":"7","created":1}]}]}`, `{"issueChangeLogs":[{"issueId":"1","changeHistories":[{"id":"7","created":1,"items":null}]}]}`,
			`{"issueChangeLogs":[{"issueId":"1","changeHistories":[{"id":"7","items":[]}]}]}`,
		}, errQuarantined},
	} {
		for _, flavor := range []jiradata.Flavor{jiradata.Cloud, jiradata.DataCenter} {
			if tc.flavor != both && tc.flavor != flavor {
				continue
			}
			for _, body := range tc.bodies {
				t.Run(fmt.Sprintf("%s/%s/%s/%s", flavor, tc.question, tc.path, body), func(t *testing.T) {
					answers := rightAnswers(flavor)
					if _, ok := answers[tc.path]; !ok {
						t.Fatal("nothing asks for it")
					}
					answers[tc.path] = body
					c := newClient(t, jira.Options{Flavor: flavor, Transport: inProcess{answers}})
					if err := everyQuestion[tc.question](t, c); !errors.Is(err, tc.want) {
						t.Errorf("got error %v, want %v", err, tc.want)
					}
				})
			}
		}
	}
}

// TestChangelogsThatLackSomething holds it of changelogs where they come
// otherwise than together: issue by issue on a Cloud without the bulk endpoint,
// and within the issue on Data Center.
func TestChangelogsThatLackSomething(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"total":0}`, `{"values":[]}`, `{"total":0,"values":null}`} {
		t.Run("cloud/"+body, func(t *testing.T) {
			answers := rightAnswers(jiradata.Cloud)
			delete(answers, "api/3/changelog/bulkfetch")
			c := newClient(t, jira.Options{Flavor: jiradata.Cloud, Transport: inProcess{answers}})
			if err := everyQuestion["search"](t, c); err != nil {
				t.Fatal(err)
			}
			answers["api/2/issue/1/changelog"] = body
			if err := everyQuestion["search"](t, c); !errors.Is(err, jira.ErrBadReply) {
				t.Errorf("got error %v, want %v", err, jira.ErrBadReply)
			}
		})
	}
	for _, log := range []string{`null`, `{}`, `{"total":0}`, `{"total":0,"histories":null}`, `{"total":1,"histories":[{"id":"7","created":1}]}`} {
		t.Run("datacenter/"+log, func(t *testing.T) {
			answers := rightAnswers(jiradata.DataCenter)
			right := answers["api/2/search"]
			from, to := strings.Index(right, `{"total":1,"histories"`), strings.Index(right, `,"fields":{`)
			answers["api/2/search"] = right[:from] + log + right[to:]
			c := newClient(t, jira.Options{Flavor: jiradata.DataCenter, Transport: inProcess{answers}})
			if err := everyQuestion["search"](t, c); !errors.Is(err, errQuarantined) {
				t.Errorf("got error %v, want %v", err, errQuarantined)
			}
		})
	}
}

// TestInlineCommentsThatLackSomething holds that comments are asked for where
// the list that comes with an issue lacks what Jira always sends.
func TestInlineCommentsThatLackSomething(t *testing.T) {
	for flavor, path := range map[jiradata.Flavor]string{jiradata.Cloud: "api/2/search/jql", jiradata.DataCenter: "api/2/search"} {
		for _, inline := range []string{`null`, `{}`, `{"total":0}`, `{"total":0,"comments":null}`, `{"comments":[]}`} {
			t.Run(string(flavor)+"/"+inline, func(t *testing.T) {
				answers := rightAnswers(flavor)
				answers[path] = strings.Replace(answers[path], `{"total":2,"comments":[]}`, inline, 1)
				c := newClient(t, jira.Options{Flavor: flavor, Transport: inProcess{answers}})
				if err := everyQuestion["search"](t, c); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestComponents reads components of the projects that are asked for, and knows
// of none where Jira does not list them.
func TestComponents(t *testing.T) {
	for _, flavor := range []jiradata.Flavor{jiradata.Cloud, jiradata.DataCenter} {
		answers := rightAnswers(flavor)
		read := func(keys ...string) map[string]string {
			t.Helper()
			m, err := newClient(t, jira.Options{Flavor: flavor, Components: keys, Transport: inProcess{answers}}).Meta(t.Context(), []string{"PAY"})
			if err != nil {
				t.Fatal(err)
			}
			return m.Projects[0].Components
		}
		if got := read("PAY", "WEB"); !maps.Equal(got, map[string]string{"501": "Checkout"}) {
			t.Errorf("%s: components %v", flavor, got)
		}
		if got := read("WEB"); got != nil {
			t.Errorf("%s: components %v that nobody asked for", flavor, got)
		}
		answers["api/2/project/PAY/components"] = `[]`
		if got := read("PAY"); got == nil || len(got) > 0 {
			t.Errorf("%s: components %v of a project that has none", flavor, got)
		}
		delete(answers, "api/2/project/PAY/components")
		if got := read("PAY"); got != nil {
			t.Errorf("%s: components %v though nothing lists them", flavor, got)
		}
	}
}

// TestWorkflow reads the statuses of one project's workflows, and knows of none
// where Jira does not list them.
func TestWorkflow(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		s.site.AddStatus(&jirasim.Status{ID: "2", Name: "Elsewhere", Category: "done"})
		s.site.AddType(&jirasim.IssueType{ID: "11", Name: "Bug"})
		s.pay.IssueTypes = append(s.pay.IssueTypes, "11") // both types have one workflow
		got, err := s.Workflow(s.Context(), "PAY")
		if want := []jiradata.Status{{ID: "1", Name: "Open", Category: latency.CategoryNew}}; err != nil || !slices.Equal(got, want) {
			s.Errorf("got %v and %v, want %v", got, err, want)
		}
		if _, err := s.Workflow(s.Context(), "NONE"); !errors.Is(err, jira.ErrNotFound) {
			s.Errorf("of a project that is not there: %v", err)
		}
		s.fault = func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Status: http.StatusNotFound} }
		if got, err := s.Workflow(s.Context(), "PAY"); got != nil || err != nil {
			s.Errorf("where nothing lists them: %v and %v", got, err)
		}
	})
}

// TestMetaHasWorkflows holds that the projects of meta have the ids of their
// statuses in order, and none where nothing lists them. A refusal is an error, as it
// is everywhere: taken for none, it would last until meta is read again.
func TestMetaHasWorkflows(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		s.site.AddStatus(&jirasim.Status{ID: "0", Name: "Draft", Category: "new"})
		s.pay.Statuses = append(s.pay.Statuses, "0")
		read := func(want []string) {
			s.Helper()
			m, err := s.Meta(s.Context(), []string{"PAY"})
			if err != nil || len(m.Projects) != 1 || !slices.Equal(m.Projects[0].Workflow, want) || (m.Projects[0].Workflow == nil) != (want == nil) {
				s.Errorf("got %+v and %v, want the workflow %q", m.Projects, err, want)
			}
		}
		read([]string{"0", "1"})
		status := http.StatusNotFound
		s.fault = func(r *http.Request) *jirasim.Fault {
			if !strings.HasSuffix(r.URL.Path, "/statuses") {
				return nil
			}
			return &jirasim.Fault{Status: status}
		}
		read(nil)
		status = http.StatusForbidden
		if _, err := s.Meta(s.Context(), []string{"PAY"}); !errors.Is(err, jira.ErrForbidden) {
			s.Errorf("where Jira refuses them: %v", err)
		}
	})
}

// TestNoProject holds that an account that sees no project gets that error, though
// it may see no type of issues either.
func TestNoProject(t *testing.T) {
	for flavor, path := range map[jiradata.Flavor]string{jiradata.Cloud: "api/2/project/search", jiradata.DataCenter: "api/2/project"} {
		answers := rightAnswers(flavor)
		answers["api/2/issuetype"] = `[]`
		answers[path] = map[jiradata.Flavor]string{jiradata.Cloud: `{"values":[],"total":0,"isLast":true}`, jiradata.DataCenter: `[]`}[flavor]
		c := newClient(t, jira.Options{Flavor: flavor, Transport: inProcess{answers}})
		if m, err := c.Meta(t.Context(), nil); err != nil || len(m.Projects) != 0 {
			t.Errorf("%s: got %v and error %v, want no project and no error", flavor, m.Projects, err)
		}
	}
}

// TestAnotherUserInMidRun holds that what was meant for another account is
// refused, from the moment that Jira has said whom it answers.
func TestAnotherUserInMidRun(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		s.create()
		bot := s.site.Self
		bot.Name = "Bot, the poller"
		if _, err := s.found(""); err != nil {
			s.Fatalf("before it was said who asks: %v", err)
		}
		if _, err := s.Myself(s.Context()); err != nil {
			s.Fatal(err)
		}
		if _, err := s.found(""); err != nil {
			s.Errorf("to the same user: %v", err)
		}
		s.site.Self = s.dev
		if _, err := s.found(""); !errors.Is(err, jira.ErrUnauthorized) {
			s.Errorf("to another user: got error %v, want %v", err, jira.ErrUnauthorized)
		}
		s.site.Self = bot
		bot.Name = "bot, renamed" // with the key and the account it had
		if _, err := s.Myself(s.Context()); err != nil {
			s.Errorf("renamed: %v", err)
		}
		if _, err := s.found(""); err != nil {
			s.Errorf("to the renamed user: %v", err)
		}
	})
}

func TestUserNames(t *testing.T) {
	for _, tc := range []struct {
		name, header string
		want         error
	}{
		{"bot", "bot", nil},
		{"bot", "BOT", nil},
		{"Bot", "", nil},
		{"a+b@example.com", "a%2Bb%40example.com", nil},
		{"a+b", "a+b", nil},
		{"a b", "A+B", nil},
		{"100%", "100%", nil},
		{"bot", "bo", jira.ErrUnauthorized},
		{"bot", "bot%20", jira.ErrUnauthorized},
		{"bot", "anonymous", jira.ErrUnauthorized},
	} {
		answers := rightAnswers(jiradata.DataCenter)
		answers["api/2/myself"] = fmt.Sprintf(`{"key":"JIRAUSER10100","name":%q}`, tc.name)
		header := ""
		c := newClient(t, jira.Options{Flavor: jiradata.DataCenter, Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", "Mon, 02 Mar 2026 08:00:00 GMT") // or serverInfo is asked too
			if header != "" {
				w.Header().Set("X-AUSERNAME", header)
			}
			answers.ServeHTTP(w, r)
		})}})
		if _, err := c.Myself(t.Context()); err != nil {
			t.Fatal(err)
		}
		header = tc.header
		if _, err := c.Statuses(t.Context()); !errors.Is(err, tc.want) {
			t.Errorf("%q is answered as %q: got error %v, want %v", tc.name, tc.header, err, tc.want)
		}
		if _, err := c.Myself(t.Context()); !errors.Is(err, tc.want) {
			t.Errorf("%q is answered as %q and told its own name: got error %v, want %v", tc.name, tc.header, err, tc.want)
		}
	}
}
