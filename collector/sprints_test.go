package collector_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// board adds a board with one active sprint.
func (w *world) board(id int64, project, sprint string) *jirasim.Board {
	start := w.now().Add(-24 * time.Hour)
	return w.site.AddBoard(&jirasim.Board{ID: id, Type: "scrum", ProjectKey: project, Sprints: []*jirasim.Sprint{
		{ID: id * 10, Name: sprint, State: "active", Start: start, End: start.AddDate(0, 0, 14)},
	}})
}

// sprints returns the names of the stored sprints.
func (w *world) sprints() []string {
	w.Helper()
	list, err := w.store.Sprints(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	names := []string{}
	for _, sp := range list {
		names = append(names, sp.Name)
	}
	return names
}

// agile returns how many requests f makes of boards and sprints.
func (w *world) agile(f func()) int {
	count := func() (n int) {
		for path, k := range w.server.Requests() {
			if strings.Contains(path, "/agile/") {
				n += k
			}
		}
		return n
	}
	before := count()
	f()
	return count() - before
}

func TestSprintsHaveTheirOwnSchedule(t *testing.T) {
	each(t, func(w *world) {
		w.both()
		w.create(w.pay)
		b := w.board(1, "PAY", "one")
		w.board(2, "OPS", "other")
		if n := w.agile(func() { w.sync() }); n != 4 {
			w.Errorf("the first sync asked %d times for boards and sprints, want 4", n)
		}
		if diff := cmp.Diff([]string{"one", "other"}, w.sprints()); diff != "" {
			w.Errorf("sprints (-want +got):\n%s", diff)
		}
		b.Sprints[0].Name = "renamed"
		w.later(59 * time.Minute)
		if n := w.agile(func() { w.sync() }); n != 0 {
			w.Errorf("a poll within the hour asked %d times for boards and sprints", n)
		}
		w.later(time.Minute)
		if n := w.agile(func() { w.sync() }); n != 4 {
			w.Errorf("an hour later they were asked for %d times, want 4", n)
		}
		if diff := cmp.Diff([]string{"renamed", "other"}, w.sprints()); diff != "" {
			w.Errorf("sprints (-want +got):\n%s", diff)
		}
		b.Sprints = nil
		w.later(time.Hour)
		w.sync()
		if diff := cmp.Diff([]string{"other"}, w.sprints()); diff != "" {
			w.Errorf("sprints after one was deleted (-want +got):\n%s", diff)
		}
	})
}

// TestSprintsWithheld holds that a cycle succeeds without sprints, that those
// known stay, and that the reason is logged once.
func TestSprintsWithheld(t *testing.T) {
	each(t, func(w *world) {
		core, logs := observer.New(zap.WarnLevel)
		w.restart(func(o *collector.Options) { o.Projects, o.Logger = []string{"PAY", "OPS"}, zap.New(core) })
		w.create(w.pay)
		pay := w.board(1, "PAY", "one").Sprints[0]
		ops := w.board(2, "OPS", "other").Sprints[0]
		w.sync()
		status, project := 0, ""
		w.fault = func(r *http.Request) *jirasim.Fault {
			if status == 0 || !strings.HasSuffix(r.URL.Path, "/agile/1.0/board") || r.URL.Query().Get("projectKeyOrId") != project {
				return nil
			}
			return &jirasim.Fault{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: "{}"}
		}
		for i, step := range []struct {
			name     string
			status   int
			project  string
			sprints  []string // of PAY and OPS
			warnings int      // so far
		}{
			{"one is withheld, the other is read", 403, "OPS", []string{"a", "other"}, 1},
			{"it still is", 403, "OPS", []string{"b", "other"}, 1},
			{"for another reason", 404, "OPS", []string{"c", "other"}, 2},
			{"it works again", 0, "", []string{"d", "d"}, 2},
			{"and fails again", 404, "OPS", []string{"e", "d"}, 3},
			{"no scope", 401, "PAY", []string{"e", "f"}, 4},
			{"a proxy answers: nothing else is asked", 200, "OPS", []string{"e", "f"}, 5},
		} {
			status, project = step.status, step.project
			pay.Name = string(rune('a' + i))
			ops.Name = pay.Name
			w.later(time.Hour)
			w.sync()
			if diff := cmp.Diff(step.sprints, w.sprints()); diff != "" {
				w.Errorf("%s: sprints (-want +got):\n%s", step.name, diff)
			}
			if n := logs.FilterMessageSnippet("sprints").Len(); n != step.warnings {
				w.Errorf("%s: %d warnings, want %d: %v", step.name, n, step.warnings, logs.All())
			}
		}
	})
}
