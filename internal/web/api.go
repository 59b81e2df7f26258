package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/api"
	"github.com/yourturn/yourturn/internal/query"
)

// apiRoutes are the routes for machines, as the document of package api describes them.
func (s *Server) apiRoutes() []route {
	of := func(path string, who audience, answer func(*apiCall) ([]byte, error), names ...string) route {
		return route{pattern: "GET " + api.Prefix + path, audience: who, personal: true, problems: true, atOnce: 16, handler: s.answers(answer, names)}
	}
	list := []route{
		of("/waiting", anyRole(), s.apiWaiting, "project", "owner", "kind", "state", "limit", "cursor"),
		of("/waits", anyRole(), s.apiWaits, "project", "owner", "kind", "open", "limit", "cursor"),
		of("/stories/{story}", ofStory(), s.apiStory, "limit", "cursor"),
		of("/owners", anyRole(), apiOwners, "limit", "cursor"),
		of("/owners/{owner}", ofOwner(), s.apiOwner),
		of("/projects", anyRole(), apiProjects, "limit", "cursor"),
		of("/projects/{project}", ofProject(), apiProject),
		of("/audit", anyRole(), apiAudit, "project", "limit", "cursor"),
		of("/data", anyRole(), apiData, "project", "limit", "cursor"),
		of("/agreement", anyRole(), s.apiAgreement, "project", "limit", "cursor"),
		{pattern: "GET " + api.Prefix + "/openapi.json", audience: anyRole(), problems: true, atOnce: 8, handler: http.HandlerFunc(apiDocument)},
		{pattern: "/api/", audience: anyRole(), personal: true, problems: true, atOnce: 8, handler: http.HandlerFunc(s.apiElse)},
	}
	if s.from.Retro != nil {
		list = append(list, of("/report", ofRetro(), s.apiReport, "project", "sprint", "from", "to"))
	}
	return list
}

// refusal is the problem of a request that the guard refuses.
func refusal(reason, text string) *api.Problem {
	if reason == Busy {
		return &api.Problem{Kind: api.Busy(), Detail: text, Remedy: "Ask again after the time in Retry-After.", Again: busyFor}
	}
	remedy := "Ask by a name that web.hosts lists."
	if reason == NoRole {
		remedy = "Let somebody with a role ask: docs/access.md says how roles are given."
	}
	return &api.Problem{Kind: api.Forbidden(), Detail: text, Remedy: remedy}
}

// notReadyFor is after what time somebody asks again who was told that there are no
// numbers yet.
const notReadyFor = 5 * time.Second

// apiCall is a request that is answered, and by what.
type apiCall struct {
	*http.Request
	params *api.Params
	caller Caller
	reader *query.Reader
	// owners are those whose numbers are in the answer.
	owners []string
}

// answers serves a route whose parameters have some names.
func (s *Server) answers(answer func(*apiCall) ([]byte, error), names []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := &apiCall{Request: r, params: api.ParamsOf(r.URL, names...), caller: callerOf(r)}
		err := call.params.Err()
		if err == nil {
			call.reader, err = s.reader(r)
		}
		if err != nil {
			s.refuseCall(w, r, err)
			return
		}
		if call.reader == nil {
			api.Refuse(w, r, &api.Problem{
				Kind: api.NotReady(), Detail: waitingForNumbers(s.from.Status()), Remedy: "Ask again after the time in Retry-After.", Again: notReadyFor,
			})
			return
		}
		text, err := answer(call)
		if err = cmp.Or(call.params.Err(), err); err == nil {
			err = s.record(r, call.owners...)
		}
		if err != nil {
			s.refuseCall(w, r, err)
			return
		}
		api.Write(w, r, text)
	})
}

// refuseCall refuses a request with the problem that err is, or says that it could not be
// answered.
func (s *Server) refuseCall(w http.ResponseWriter, r *http.Request, err error) {
	if problem := (*api.Problem)(nil); !errors.As(err, &problem) {
		err = &api.Problem{Kind: api.Failed(), Detail: "this could not be answered" + s.whyNot(r, err), Remedy: "Ask again later. If it stays so, ask those who run the service to look at its log."}
	}
	api.Refuse(w, r, err)
}

// after returns the elements of a list that come after a place, and the cursor of what
// comes after limit of them. Its elements are in order of their places.
func after[T any](list []T, name string, at string, limit int, place func(*T) string) (page []T, next *string) {
	begin, _ := slices.BinarySearchFunc(list, at, func(e T, at string) int {
		if at != "" && place(&e) <= at {
			return -1
		}
		return 1
	})
	list = list[begin:]
	if len(list) > limit {
		list = list[:limit]
		next = api.Cursor(name, place(&list[limit-1]))
	}
	return list, next
}

// project returns the key of the project that is asked for, which the caller must see;
// "": none is.
func (call *apiCall) project(sees func(project string) bool) (string, error) {
	asked := call.params.Text("project")
	if asked == "" {
		return "", nil
	}
	var known []string
	for key := range call.reader.Report.Configured {
		if sees(key) {
			if strings.EqualFold(key, asked) {
				return key, nil
			}
			known = append(known, key)
		}
	}
	slices.Sort(known)
	return "", &api.Problem{
		Kind: api.BadParameter(), Detail: fmt.Sprintf("there is no project %.60q that you see", asked), Remedy: "Use one of those in known.", Known: known,
	}
}

// label returns the label of the owner who is asked for; "": nobody is.
func (call *apiCall) label() (string, error) {
	asked := call.params.Text("owner")
	known := call.reader.OwnerLabels(call.caller)
	if asked == "" || slices.Contains(known, asked) {
		return asked, nil
	}
	return "", &api.Problem{
		Kind: api.BadParameter(), Detail: fmt.Sprintf("there is no owner %.60q that you see", asked), Remedy: "Use one of those in known.", Known: known,
	}
}

// owner returns the person who is asked for; "": nobody is.
func (call *apiCall) owner() (string, error) {
	label, err := call.label()
	if label == "" || err != nil {
		return "", err
	}
	person, err := call.reader.PersonOf(label)
	if unknown := (query.UnknownError{}); errors.As(err, &unknown) {
		return "", &api.Problem{Kind: api.BadParameter(), Detail: unknown.Hint, Remedy: "Leave the parameter out."}
	}
	return person, err
}

// apiDocument serves the document of the API.
func apiDocument(w http.ResponseWriter, r *http.Request) {
	if err := api.ParamsOf(r.URL).Err(); err != nil {
		api.Refuse(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	api.Write(w, r, api.Document())
}

// apiElse answers what no route of the API answers.
func (s *Server) apiElse(w http.ResponseWriter, r *http.Request) {
	problem := &api.Problem{Kind: api.NotFound(), Detail: "there is no such route", Remedy: "Use one of those that " + api.Prefix + "/openapi.json describes."}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		problem = &api.Problem{Kind: api.NotAllowed(), Detail: fmt.Sprintf("%.20q is no method of the API", r.Method), Remedy: "Ask with GET or HEAD: the API changes nothing.", Allow: "GET, HEAD"}
	} else {
		for _, rt := range s.table {
			if path, ok := strings.CutPrefix(rt.pattern, "GET "+api.Prefix); ok {
				problem.Known = append(problem.Known, api.Prefix+path)
			}
		}
	}
	api.Refuse(w, r, problem)
}
