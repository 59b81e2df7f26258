package query_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

// standing returns what answers by the store of a generated Jira.
func standing(t *testing.T) *query.Reader {
	t.Helper()
	s, err := query.Stand(t.Context(), synced(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() }) //nolint:errcheck // the test is over
	r, err := s.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.Reader(t.Context()); err != nil || again != r {
		t.Errorf("nothing is new, and another report was made (%v)", err)
	}
	return r
}

// paged returns all pages of waits, and fails if one is longer than its limit.
func paged(t *testing.T, r *query.Reader, f query.Filter, see query.Sight, limit int) (out []query.Part) {
	t.Helper()
	for at := (&query.ListPlace{}); at != nil; {
		page, err := r.WaitsFrom(t.Context(), f, see, *at, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Waits) > limit {
			t.Fatalf("%d waits on a page of %d", len(page.Waits), limit)
		}
		out, at = append(out, page.Waits...), page.More
	}
	return out
}

// TestPagesAreAllWaits holds the pages of waits, of any length, to the list of all.
func TestPagesAreAllWaits(t *testing.T) {
	r := standing(t)
	for name, f := range map[string]query.Filter{
		"all": {}, "open": {Open: true}, "ended": {Ended: true}, "questions": {Kind: "question"}, "of PAY": {Project: "PAY"}, "of ada": {Owner: "ada"},
	} {
		found, err := r.Waits(t.Context(), f, r.State.DataTimestamp, query.Preview{})
		if err != nil {
			t.Fatal(err)
		}
		var want []query.Part
		for p, err := range found.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, r.Part(p, found.Title(p)))
		}
		found.Close() //nolint:errcheck // it only read
		id := func(p query.Part) int64 {
			n, err := strconv.ParseInt(p.StoryID, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		slices.SortStableFunc(want, func(a, b query.Part) int { return cmp.Compare(id(a), id(b)) })
		if len(want) == 0 {
			t.Errorf("%s: there are none", name)
		}
		for _, limit := range []int{1, 7, 100} {
			if diff := gocmp.Diff(want, paged(t, r, f, query.Everything{}, limit)); diff != "" {
				t.Errorf("%s in pages of %d (-all +pages):\n%.2000s", name, limit, diff)
			}
		}
	}
}

// TestPagesAreAllFindings holds the pages of the audit, of any length, to the list of all,
// and to what somebody may see.
func TestPagesAreAllFindings(t *testing.T) {
	r := standing(t)
	list := func(sees func(string) bool, whole, owners bool, limit int) (out []query.Finding) {
		for at := (&query.ListPlace{}); at != nil; {
			page, err := r.AuditFrom(t.Context(), sees, whole, owners, *at, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Findings) > limit {
				t.Fatalf("%d findings on a page of %d", len(page.Findings), limit)
			}
			short := page.First(max(1, limit/2)) // what is cut comes again
			out, at = append(out, short.Findings...), short.More
		}
		return out
	}
	byText := func(a, b query.Finding) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	for name, tc := range map[string]struct {
		projects      []string // nil: all
		whole, owners bool
	}{"everything": {nil, true, true}, "PAY alone": {[]string{"PAY"}, false, false}, "nothing": {[]string{}, false, false}} {
		sees := func(project string) bool { return tc.projects == nil || slices.Contains(tc.projects, project) }
		all, err := r.Audit(t.Context(), query.Filter{}, r.State.DataTimestamp)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(all, func(f query.Finding) bool { return f.Project == "" && !tc.whole || f.Project != "" && !sees(f.Project) })
		for i := range want {
			if want[i].Reason == latency.FindCorrected && !tc.owners {
				want[i].Detail = ""
			}
		}
		slices.SortFunc(want, byText)
		if some := len(want) > 10; some != (name != "nothing") {
			t.Errorf("%s: there are %d findings", name, len(want))
		}
		for _, limit := range []int{1, 7, 100} {
			got := list(sees, tc.whole, tc.owners, limit)
			slices.SortFunc(got, byText)
			if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s in pages of %d (-all +pages):\n%.2000s", name, limit, diff)
			}
		}
	}
}

// teamOf is a member of some projects.
type teamOf map[string]bool

func (p teamOf) SeesProject(project string) bool { return p[project] }
func (teamOf) SeesOwner(string, string) bool     { return false }

// TestTeamsSeeNobodysEndedWaits holds that pages say to a team whom open waits are for, and
// of ended ones nothing that tells owners apart.
func TestTeamsSeeNobodysEndedWaits(t *testing.T) {
	r := standing(t)
	team := teamOf{"PAY": true}
	all, seen := paged(t, r, query.Filter{Project: "PAY"}, query.Everything{}, 100), paged(t, r, query.Filter{}, team, 100)
	if len(seen) != len(all) || len(all) == 0 {
		t.Fatalf("a team sees %d of %d waits of its project", len(seen), len(all))
	}
	for i, p := range seen {
		if open := p.End == nil; open != (p.Owner != "") || open != (p.OwnerName != "") {
			t.Errorf("%s: the owner of a wait that is open: %t is %q", p.Story, open, p.Owner)
		}
		for _, e := range p.Events {
			if p.End != nil && e.Actor != "" {
				t.Errorf("%s: somebody did something in an ended wait", p.Story)
			}
		}
		if p.WorkingSeconds != all[i].WorkingSeconds || p.Story != all[i].Story {
			t.Errorf("%s is not the same wait", p.Story)
		}
	}
	for _, p := range paged(t, r, query.Filter{Owner: "ada"}, team, 100) {
		if p.End != nil {
			t.Errorf("%s: an ended wait is found by its owner", p.Story)
		}
	}
	if owners := r.Owners(team); len(owners) != 0 {
		t.Errorf("a team sees owners: %v", owners)
	}
	if labels := r.OwnerLabels(team); !slices.Contains(labels, "ada") {
		t.Errorf("a team may ask for the open waits of %v", labels)
	}
}

// TestSomebodyDecides holds who decides on each story to its open waits, and to the first
// wait that begins later.
func TestSomebodyDecides(t *testing.T) {
	r := standing(t)
	asOf := r.State.DataTimestamp.Add(-30 * 24 * 3600e9)
	byStory := map[string][]latency.Part{}
	for _, w := range waits(t, r, query.Filter{}, asOf) {
		byStory[w.Story] = append(byStory[w.Story], w)
	}
	waiting, silent := 0, 0
	for key, parts := range byStory {
		d, err := r.Decides(t.Context(), key, asOf)
		if err != nil {
			t.Fatal(err)
		}
		open := slices.ContainsFunc(parts, func(p latency.Part) bool { return p.Open() && r.Rules.Label(p.Owner) == d.Owner.Label })
		if d.Waiting != open {
			t.Errorf("%s: waiting is %t for %v", key, d.Waiting, d.Owner)
		}
		if d.Waiting {
			waiting++
		} else if silent++; d.Owner.Label == "" && d.Project != "" {
			t.Errorf("%s: nobody decides", key)
		}
	}
	if waiting == 0 || silent == 0 {
		t.Errorf("%d stories wait and %d do not", waiting, silent)
	}
	if _, err := r.Decides(t.Context(), "PAY-99999", asOf); err == nil {
		t.Error("somebody decides on a story that is not there")
	}
}
