package jira_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// payments is the project of a sim as a search names it.
func payments() jiradata.Project { return jiradata.Project{ID: "100", Key: "PAY"} }

// sprintDays returns a sprint from one day of March 2026 to another.
func sprintDays(id int64, state string, from, to int) *jirasim.Sprint {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 0, time.UTC) }
	return &jirasim.Sprint{ID: id, Name: fmt.Sprintf("Sprint %d", id), State: state, Start: day(from), End: day(to)}
}

func TestSprints(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		closed := sprintDays(1, "closed", 1, 8)
		closed.Complete = closed.End.Add(30 * time.Hour)
		active := sprintDays(2, "active", 8, 15)
		undated := &jirasim.Sprint{ID: 3, Name: "undated", State: "closed"}
		s.site.AddBoard(&jirasim.Board{ID: 7, Name: "Team", Type: "scrum", ProjectKey: "PAY", Sprints: []*jirasim.Sprint{active, closed, undated, sprintDays(4, "future", 15, 22)}})
		s.site.AddBoard(&jirasim.Board{ID: 8, Name: "Same sprint", Type: "scrum", ProjectKey: "PAY", Sprints: []*jirasim.Sprint{active}})
		s.site.AddBoard(&jirasim.Board{ID: 9, Name: "Flow", Type: "kanban", ProjectKey: "PAY"})
		s.site.AddBoard(&jirasim.Board{ID: 10, Name: "Of the team", Type: "simple", ProjectKey: "PAY"})
		s.site.AddBoard(&jirasim.Board{ID: 11, Name: "Others", Type: "scrum", ProjectKey: "OPS", Sprints: []*jirasim.Sprint{sprintDays(5, "active", 1, 8)}})
		got, err := s.Sprints(t.Context(), payments())
		if err != nil {
			t.Fatal(err)
		}
		want := []jiradata.Sprint{
			{ID: 1, ProjectID: "100", Name: "Sprint 1", Board: 7, Start: latency.At(closed.Start), End: latency.At(closed.Complete)},
			{ID: 2, ProjectID: "100", Name: "Sprint 2", Board: 7, Start: latency.At(active.Start), End: latency.At(active.End)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("sprints (-want +got):\n%s", diff)
		}
	})
}

// TestSprintsNeedScopesOfTheirOwn holds what is said of a token without them.
func TestSprintsNeedScopesOfTheirOwn(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		s.fault = func(*http.Request) *jirasim.Fault {
			return &jirasim.Fault{Status: 401, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"code":401,"message":"Unauthorized; scope does not match"}`}
		}
		_, err := s.Sprints(t.Context(), payments())
		if !errors.Is(err, jiradata.ErrWithheld) || !strings.Contains(err.Error(), "read:sprint:jira-software") || strings.Contains(err.Error(), "read:jira-work") {
			t.Errorf("got error %v, want one that names the scopes of sprints alone", err)
		}
	})
}

func TestSprintsOfManyPages(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		const boards, each = 51, 3
		for b := range int64(boards - 1) {
			s.site.AddBoard(&jirasim.Board{ID: b + 1, Type: "kanban", ProjectKey: "PAY"})
		}
		last := &jirasim.Board{ID: boards, Type: "scrum", ProjectKey: "PAY"}
		for i := range int64(101) {
			last.Sprints = append(last.Sprints, sprintDays(i+1, "closed", 1, 2))
		}
		s.site.AddBoard(last)
		got, err := s.Sprints(t.Context(), payments())
		if err != nil || len(got) != 101 || got[100].ID != 101 {
			t.Errorf("got %d sprints, %v; want 101 in order of id", len(got), err)
		}
		if n := s.server.Requests()["GET /rest/agile/1.0/board/{board}/sprint"]; n != each {
			t.Errorf("sprints took %d requests, want %d: a board without sprints is not asked", n, each)
		}
	})
}

// TestSprintsOfJira reads what the simulated Jira does not send.
func TestSprintsOfJira(t *testing.T) {
	const boards = `{"isLast":true,"values":[{"id":7,"type":"scrum"}]}`
	for _, tc := range []struct{ name, sprints, want string }{
		{"really started", `{"id":1,"state":"active","name":" A ","startDate":"2026-03-01T09:00:00.000Z","activatedDate":"2026-03-02T09:00:00.000+01:00","endDate":"2026-03-09T09:00:00.000Z"}`, "A 2026-03-02T08:00:00Z 2026-03-09T09:00:00Z"},
		{"closed without an instant", `{"id":1,"state":"closed","name":"A","startDate":"2026-03-01T09:00:00.000Z","endDate":"2026-03-09T09:00:00.000Z"}`, "A 2026-03-01T09:00:00Z 2026-03-09T09:00:00Z"},
		{"reopened", `{"id":1,"state":"active","name":"A","startDate":"2026-03-01T09:00:00.000Z","endDate":"2026-03-09T09:00:00.000Z","completeDate":"2026-03-05T09:00:00.000Z"}`, "A 2026-03-01T09:00:00Z 2026-03-09T09:00:00Z"},
		{"no end", `{"id":1,"state":"active","name":"A","startDate":"2026-03-01T09:00:00.000Z"}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSim(t, jirasim.Cloud)
			s.fault = func(r *http.Request) *jirasim.Fault {
				body := boards
				if strings.HasSuffix(r.URL.Path, "/sprint") {
					body = `{"isLast":true,"values":[` + tc.sprints + `]}`
				}
				return &jirasim.Fault{Status: http.StatusOK, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
			}
			list, err := s.Sprints(t.Context(), payments())
			if err != nil {
				t.Fatal(err)
			}
			var got string
			for _, sp := range list {
				got += fmt.Sprintf("%s %s %s", sp.Name, sp.Start.Time().Format(time.RFC3339), sp.End.Time().Format(time.RFC3339))
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSprintsRefused(t *testing.T) {
	for _, tc := range []struct {
		name, path string // of the request that fails
		kind       string // of the board
		status     int
		body       string
		withheld   bool
		want       string // in the error; "": none
	}{
		{"no scope", "/board", "scrum", 401, `{"message":"Unauthorized; scope does not match"}`, true, "read:sprint:jira-software"},
		{"forbidden", "/board", "scrum", 403, `{}`, true, "forbidden"},
		{"boards refused in Jira's words", "/board", "scrum", 400, `{"errorMessages":["The project is archived"]}`, true, "The project is archived"},
		{"no agile interface", "/board", "scrum", 404, `{}`, true, "not found"},
		{"sprints forbidden", "/board/7/sprint", "scrum", 403, `{}`, true, "board 7"},
		{"board deleted meanwhile", "/board/7/sprint", "scrum", 404, `{}`, false, ""},
		{"board without sprints", "/board/7/sprint", "scrum", 400, `{"errorMessages":["The board does not support sprints"]}`, false, ""},
		{"board of a team without sprints", "/board/7/sprint", "simple", 400, `{"errorMessages":["Das Board unterstützt keine Sprints"]}`, false, ""},
		{"another refusal", "/board/7/sprint", "scrum", 400, `{"errorMessages":["The state is unknown"]}`, true, "The state is unknown"},
		{"another document", "/board", "scrum", 200, `{}`, false, "list of values"},
		{"one page for ever", "/board", "scrum", 200, `{"isLast":false,"values":[{"id":7,"type":"kanban"}]}`, false, "the same page twice"},
		{"broken sprint", "/board/7/sprint", "scrum", 200, `{"isLast":true,"values":[{"id":1,"startDate":"soon"}]}`, false, `"soon" is not a time`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSim(t, jirasim.Cloud)
			s.site.AddBoard(&jirasim.Board{ID: 7, Type: tc.kind, ProjectKey: "PAY"})
			s.fault = func(r *http.Request) *jirasim.Fault {
				if !strings.HasSuffix(r.URL.Path, "agile/1.0"+tc.path) {
					return nil
				}
				return &jirasim.Fault{Status: tc.status, Body: tc.body, Header: http.Header{"Content-Type": {"application/json"}}}
			}
			_, err := s.Sprints(t.Context(), payments())
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
			if errors.Is(err, jiradata.ErrWithheld) != tc.withheld {
				t.Errorf("got %v; withheld should be %t", err, tc.withheld)
			}
		})
	}
}
