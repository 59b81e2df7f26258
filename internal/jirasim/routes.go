package jirasim

import (
	"net/http"
	"strings"
)

// newRoutes returns the endpoints of the Site's flavour. Handlers run with
// the Site's lock held for reading.
func (s *Server) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	cloud := s.site.Flavor == Cloud
	versions := []string{"2", "latest"}
	if cloud {
		versions = append(versions, "3")
	}
	handle := func(pattern string, v3 bool, answer func(*call)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			c := w.(*call)
			c.v3 = v3
			answer(c)
		})
	}
	for _, version := range versions {
		api := func(endpoint string, answer func(*call)) {
			method, path, _ := strings.Cut(endpoint, " ")
			handle(method+" /rest/api/"+version+"/"+path, version == "3", answer)
		}
		api("GET serverInfo", (*call).serverInfo)
		api("GET myself", (*call).myself)
		api("GET mypermissions", (*call).permissions)
		api("GET field", (*call).fields)
		api("GET status", (*call).statuses)
		api("GET statuscategory", (*call).statusCategories)
		api("GET issuetype", (*call).issueTypes)
		api("GET project", (*call).projects)
		api("GET project/{project}", (*call).project)
		api("GET project/{project}/statuses", (*call).projectStatuses)
		api("GET project/{project}/components", (*call).projectComponents)
		api("GET user", (*call).user)
		api("GET user/search", (*call).userSearch)
		api("GET issue/{id}", (*call).issue)
		api("GET issue/{id}/comment", (*call).comments)
		if !cloud {
			api("GET search", (*call).searchByOffset)
			api("POST search", (*call).searchByOffset)
			continue
		}
		api("GET project/search", (*call).projectSearch)
		api("GET search", (*call).gone)
		api("POST search", (*call).gone)
		api("POST search/id", (*call).gone)
		api("POST expression/eval", (*call).gone)
		api("GET search/jql", (*call).searchByToken)
		api("POST search/jql", (*call).searchByToken)
		api("POST search/approximate-count", (*call).approximateCount)
		api("GET issue/{id}/changelog", (*call).changelog)
	}
	if cloud {
		handle("POST /rest/api/3/issue/bulkfetch", true, (*call).bulkIssues)
		handle("POST /rest/api/3/changelog/bulkfetch", true, (*call).bulkChangelog)
	}
	handle("GET "+browsePath+"{id}", false, (*call).browse)
	handle("GET /rest/agile/1.0/board", false, (*call).boards)
	handle("GET /rest/agile/1.0/board/{board}/sprint", false, (*call).sprints)
	handle("GET /rest/agile/1.0/board/{board}/configuration", false, (*call).boardConfiguration)
	return mux
}

// gone answers for what Cloud has removed.
func (c *call) gone() {
	c.refuse(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "+
		"A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
}
