package web

import "net/http"

// audience is who may see a route.
type audience struct {
	name   string
	admits func(s *Server, c Caller, r *http.Request) bool
}

// everybody needs no identity: probes, what pages are made with, and what proves
// by a secret of its own who sends it.
func everybody() audience {
	return audience{"everybody", func(*Server, Caller, *http.Request) bool { return true }}
}

// operators run the service.
func operators() audience {
	return audience{"operator", func(_ *Server, c Caller, _ *http.Request) bool { return c.Operates() }}
}

// anyRole is whoever has a role; the page shows each what theirs allows.
func anyRole() audience {
	return audience{"any role", func(_ *Server, c Caller, _ *http.Request) bool { return c.HasRole() }}
}

// ofProject is whoever sees the project in the path.
func ofProject() audience {
	return audience{"lead or member of the project", func(_ *Server, c Caller, r *http.Request) bool { return c.SeesProject(r.PathValue("project")) }}
}

// ofStory is whoever sees the project of the story in the path, and owners. The page shows
// an owner the stories on which a wait is or was theirs.
func ofStory() audience {
	return audience{"lead or member of the story's project, or its owner", func(_ *Server, c Caller, r *http.Request) bool {
		return c.owner != "" || c.SeesProject(projectOf(r.PathValue("story")))
	}}
}

// ofOwner is the owner in the path, and who leads a project of theirs. The page
// shows a lead the numbers of those projects alone.
func ofOwner() audience {
	return audience{"the owner, or a lead of theirs", func(s *Server, c Caller, r *http.Request) bool {
		owner := r.PathValue("owner")
		if c.everything || c.Is(owner) {
			return true
		}
		if report := s.from.Report(); report != nil {
			for k := range report.Open {
				if k.Owner == owner && c.SeesOwner(owner, k.Project) {
					return true
				}
			}
		}
		return false
	}}
}
