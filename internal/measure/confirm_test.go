package measure

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

const minute = latency.Instant(60_000)

// undone is an acceptance that its actor takes back within a minute.
func undone(id int64) jiradata.Story {
	st := tale(id, at, "doing", "review", "done")
	done, review := latency.Value{ID: "done", Name: "done"}, latency.Value{ID: "review", Name: "review"}
	st.History.Events = append(st.History.Events, latency.Event{
		At: at + 2*hour + minute, Rank: latency.RankRecord, ID: 3, Actor: "po",
		Changes: []latency.Change{{Field: latency.FieldStatus, From: done, To: review}},
	})
	st.History.Now[latency.FieldStatus] = []latency.Value{review}
	return st
}

// TestWhatIsFinalIsReadBeforeItIsCounted: of two acceptances one was undone, and
// the search index does not know it.
func TestWhatIsFinalIsReadBeforeItIsCounted(t *testing.T) {
	s := open(t)
	accept := func(id int64) jiradata.Story { return tale(id, at, "doing", "review", "done") }
	save(t, s, accept(1), accept(2))
	var asked [][]int64
	away := false
	e := NewEngine(s, 20)
	e.ConfirmBy(func(_ context.Context, ids []int64) ([]int64, error) {
		asked = append(asked, ids)
		if away {
			return nil, errors.New("away")
		}
		return save(t, s, accept(1), undone(2)), nil
	})
	rules := rulesOf(t, "review")
	step := func(what string, r *latency.Report, err error, wantAsked [][]int64, want uint64) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantAsked, asked); diff != "" {
			t.Errorf("%s: stories asked for (-want +got):\n%s", what, diff)
		}
		if n, _ := accepted(r); n != want {
			t.Errorf("%s: %d accepted, want %d", what, n, want)
		}
		asked = nil
	}
	r, err := e.Load(t.Context(), rules, "a", at+2*hour+minute/2, nil)
	step("not final", r, err, nil, 0)
	r, err = e.Refresh(t.Context(), nil, at+2*hour+2*minute)
	step("not final yet", r, err, nil, 0)
	away = true
	r, err = e.Refresh(t.Context(), nil, at+2*hour+6*minute)
	step("final, and Jira is away", r, err, [][]int64{{1, 2}}, 0)
	away = false
	r, err = e.Refresh(t.Context(), nil, at+2*hour+20*minute)
	step("final", r, err, [][]int64{{1, 2}}, 1)
	r, err = e.Refresh(t.Context(), nil, at+2*hour+30*minute)
	step("counted", r, err, nil, 1)

	// What is shown long after it was final may have been undone since, too.
	changed := save(t, s, tale(3, at-10*hour, "doing", "review", "done"))
	r, err = e.Refresh(t.Context(), changed, at+2*hour+40*minute)
	step("a story of long ago", r, err, [][]int64{{3}}, 2)
}

// TestARestartCountsNothingUnread: what became final while nobody looked waits
// for Jira too, and a first derivation for nothing.
func TestARestartCountsNothingUnread(t *testing.T) {
	s := open(t)
	save(t, s, tale(1, at, "doing", "review", "done"), tale(2, at-10*hour, "doing", "review", "done"))
	asked := 0
	engine := func() *Engine {
		e := NewEngine(s, 20)
		e.ConfirmBy(func(context.Context, []int64) ([]int64, error) { asked++; return nil, nil })
		return e
	}
	for _, step := range []struct {
		name    string
		asOf    latency.Instant
		refresh bool
		asked   int
		want    uint64
	}{
		{"first", at + 2*hour, false, 0, 1},
		{"after a restart", at + 3*hour, false, 0, 1},
		{"by the poll behind it", at + 4*hour, true, 1, 2},
	} {
		e := engine()
		r, err := e.Load(t.Context(), rulesOf(t, "review"), "a", min(step.asOf, at+3*hour), nil)
		if err == nil && step.refresh {
			r, err = e.Refresh(t.Context(), nil, step.asOf)
		}
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := accepted(r); n != step.want || asked != step.asked {
			t.Errorf("%s: %d accepted after %d readings, want %d after %d", step.name, n, asked, step.want, step.asked)
		}
	}
}

// TestAParentThatIsReadAgain: what is read before it is counted may be another
// story's parent, whose owner it is.
func TestAParentThatIsReadAgain(t *testing.T) {
	s := open(t)
	epic := tale(9, at, "doing", "review", "done")
	child := tale(1, at, "doing", "review")
	child.History.Now[latency.FieldParent] = []latency.Value{{ID: "9"}}
	save(t, s, epic, child)
	rules := rulesOf(t, "review")
	rules.Projects["1"].OwnerField = "customfield_1"
	e := NewEngine(s, 20)
	e.ConfirmBy(func(context.Context, []int64) ([]int64, error) {
		epic.History.Now["customfield_1"] = []latency.Value{{ID: "ada"}}
		return save(t, s, epic), nil
	})
	if _, err := e.Load(t.Context(), rules, "a", at+2*hour, nil); err != nil {
		t.Fatal(err)
	}
	r, err := e.Refresh(t.Context(), nil, at+3*hour)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.OpenWaits) != 1 || r.OpenWaits[0].Owner != "ada" {
		t.Errorf("open waits %+v, want the child's, of ada", r.OpenWaits)
	}
	if n, _ := accepted(r); n != 1 {
		t.Errorf("%d accepted, want the epic", n)
	}
}
