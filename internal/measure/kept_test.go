package measure

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/store"
)

// watched is a store of which nothing is to be counted any more, and nothing kept.
type watched struct {
	*store.Store
	t *testing.T
}

func (w watched) Count(_ context.Context, entries []latency.Entry, _ latency.Standing, _ bool, _ *jiradata.Kept) ([]latency.Entry, error) {
	if len(entries) > 0 {
		w.t.Errorf("a derivation of every story counts %d entries more, first %+v", len(entries), entries[0])
	}
	return nil, nil
}

// shownAlike compares reports by what they show: the samples of a distribution, which may
// have settled or not, by its curve.
func shownAlike() cmp.Options {
	type shown struct {
		Ended, Open, Censored, Began int
		Quantiles                    []string
	}
	return cmp.Options{
		cmp.Exporter(func(reflect.Type) bool { return true }), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(latency.Statistics{}, "rules"),
		cmpopts.IgnoreFields(latency.OpenWait{}, "part"), cmpopts.IgnoreFields(latency.Report{}, "rules"),
		cmp.Transformer("shown", func(d *latency.Distribution) shown {
			s := shown{Ended: d.Ended, Open: d.Open, Censored: d.Censored, Began: d.Began}
			for q := range 100 {
				age, reached, never := d.Quantile(float64(q) / 100)
				s.Quantiles = append(s.Quantiles, fmt.Sprint(age, reached, never))
			}
			return s
		}),
	}
}

// comparesWithAll fails unless a report is what a derivation of every story comes to.
func comparesWithAll(t *testing.T, s *store.Store, rules *latency.Rules, asOf latency.Instant, got *latency.Report) {
	t.Helper()
	comparesWithAllBy(t, s, rules, "a", asOf, got)
}

func comparesWithAllBy(t *testing.T, s *store.Store, rules *latency.Rules, fingerprint string, asOf latency.Instant, got *latency.Report) {
	t.Helper()
	want, err := NewEngine(watched{s, t}, 20).Load(t.Context(), rules, fingerprint, asOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, shownAlike()); diff != "" {
		t.Errorf("report (-of every story +got):\n%s", diff)
	}
}

// someStories returns stories that ended, wait, bypassed and were corrected, and the
// engine that counted them.
func someTold(t *testing.T, s *store.Store, rules *latency.Rules) {
	t.Helper()
	var list []jiradata.Story
	for id := range int64(30) {
		list = append(list, tale(id+1, at+latency.Instant(id)*hour, []string{"doing", "review", "done", "doing"}[:2+id%3]...))
	}
	save(t, s, list...)
	e := NewEngine(s, 20)
	e.KeepAs("build")
	for i := range latency.Instant(40) {
		var err error
		if i == 0 {
			_, err = e.Load(t.Context(), rules, "a", at+i*hour, nil)
		} else {
			_, err = e.Refresh(t.Context(), nil, at+i*hour)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	corrected := tale(3, at+2*hour, "doing", "review", "done", "review")
	corrected.History.Events[2].Actor = "dev"
	if _, err := e.Refresh(t.Context(), save(t, s, corrected), at+40*hour); err != nil {
		t.Fatal(err)
	}
	odd := tale(33, at, "doing", "review")
	odd.History.Now[latency.FieldStatus] = []latency.Value{{ID: "done", Name: "done"}}
	if _, err := e.Refresh(t.Context(), save(t, s, odd), at+41*hour); err != nil {
		t.Fatal(err)
	}
	save(t, s, tale(31, at, "doing", "review", "done")) // nothing was derived since
}

// TestDamageIsNeverBelieved damages what is kept of a derivation, in every table and as a
// whole, and the ledger beneath it.
func TestDamageIsNeverBelieved(t *testing.T) {
	const flip = `UPDATE %s SET %[2]s = CAST(substr(%[2]s, 1, length(%[2]s) - 1) || x'07' AS %[3]s) WHERE rowid IN (SELECT rowid FROM %[1]s LIMIT 1 OFFSET 2)`
	for _, tc := range []struct {
		name     string
		damage   string // SQL
		identity string // of the program that starts; "": the same
		asOf     latency.Instant
		want     error // nil: it is used
		says     string
	}{
		{name: "no damage"},
		{name: "100 days later", asOf: at + 41*hour + 2400*hour},
		{name: "a byte of a story", damage: fmt.Sprintf(flip, "kept", "body", "BLOB"), want: ErrDoubt, says: "stories is not as it was written"},
		{name: "a story less", damage: `DELETE FROM kept WHERE story = 5`, want: ErrDoubt, says: "stories is not as it was written"},
		{name: "a story more", damage: `INSERT INTO kept SELECT 77, body FROM kept LIMIT 1`, want: ErrDoubt, says: "stories is not as it was written"},
		{name: "two stories for each other", damage: `UPDATE kept SET body = (SELECT k.body FROM kept k WHERE k.story = CASE kept.story WHEN 2 THEN 3 ELSE 2 END) WHERE story IN (2, 3)`, want: ErrDoubt, says: "stories is not as it was written"},
		{name: "a letter of a name", damage: fmt.Sprintf(flip, "kept_name", "name", "TEXT"), want: ErrDoubt, says: "names or totals"},
		{name: "a name less", damage: `DELETE FROM kept_name WHERE n = 1`, want: ErrDoubt, says: "a name is missing"},
		{name: "the last name less", damage: `DELETE FROM kept_name WHERE n = (SELECT MAX(n) FROM kept_name)`, want: ErrDoubt, says: "names or totals"},
		{name: "a byte of what was counted", damage: fmt.Sprintf(flip, "kept_counted", "body", "BLOB"), want: ErrDoubt, says: "names or totals"},
		{name: "an entry less", damage: `DELETE FROM kept_counted WHERE n = 0`, want: ErrDoubt, says: "names or totals"},
		{name: "no totals", damage: `DELETE FROM kept_part WHERE key = 'totals'`, want: ErrDoubt, says: "names or totals"},
		{name: "a byte of the totals", damage: `UPDATE kept_part SET body = CAST(substr(body, 1, length(body) - 1) || x'07' AS BLOB) WHERE key = 'totals'`, want: ErrDoubt, says: "names or totals"},
		{name: "a byte of the mark", damage: `UPDATE kept_part SET body = CAST(substr(body, 1, length(body) - 9) || '3' || substr(body, -8) AS BLOB) WHERE key = 'mark'`, want: store.ErrDamaged},
		{name: "a short mark", damage: `UPDATE kept_part SET body = x'00' WHERE key = 'mark'`, want: store.ErrDamaged},
		{name: "no mark", damage: `DELETE FROM kept_part WHERE key = 'mark'`, want: store.ErrNotKept},
		{name: "an older ledger", damage: `DELETE FROM ledger WHERE story = 1`, want: ErrDoubt, says: "the ledger has"},
		{name: "a ledger of another day", damage: `UPDATE meta SET value = replace(value, '"a"', '"b"') WHERE key = 'ledger'`, want: ErrDoubt, says: "the ledger has"},
		{name: "another build", identity: "other", want: ErrOther},
		{name: "no build that can be told", identity: "-", want: ErrDoubt},
		{name: "an earlier instant", asOf: at + 39*hour, want: ErrDoubt, says: "later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := stack.StoreURL(t, filepath.Join(t.TempDir(), "s.db"))
			s, err := store.Open(t.Context(), url, store.ReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			rules := rulesOf(t, "review")
			someTold(t, s, rules)
			if tc.damage != "" {
				damage := tc.damage
				if stack.OnPostgres() {
					damage = strings.NewReplacer("name) - 1) || x'07'", "name) - 1) || 'x'", "x'07'", `'\x07'::bytea`, "x'00'", `'\x00'::bytea`, "BLOB", "BYTEA", "rowid", "ctid").Replace(damage)
				}
				res, err := stack.OpenSQL(t, url).ExecContext(t.Context(), damage)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := res.RowsAffected(); err != nil || n == 0 {
					t.Fatalf("nothing was damaged, %v", err)
				}
			}
			asOf := tc.asOf
			if asOf == 0 {
				asOf = at + 41*hour
			}
			e := NewEngine(s, 20)
			switch tc.identity {
			case "":
				e.KeepAs("build")
			case "-":
			default:
				e.KeepAs(tc.identity)
			}
			r, err := e.Restore(t.Context(), rules, "a", asOf)
			if !errors.Is(err, tc.want) || tc.want != nil && (!errors.Is(err, ErrDoubt) || !strings.Contains(err.Error(), tc.says)) {
				t.Fatalf("got error %v, want %v that says %q", err, tc.want, tc.says)
			}
			if err != nil {
				if r, err = e.Load(t.Context(), rules, "a", asOf, nil); err != nil {
					t.Fatal(err)
				}
			}
			comparesWithAll(t, s, rules, asOf, r)
			// What is kept from now on is good again.
			r, err = e.Refresh(t.Context(), save(t, s, tale(32, at, "doing", "review", "done"), tale(33, at, "doing", "review")), asOf+hour)
			if err != nil {
				t.Fatal(err)
			}
			comparesWithAll(t, s, rules, asOf+hour, r)
			again := NewEngine(s, 20)
			again.KeepAs(e.kept.identity)
			r, err = again.Restore(t.Context(), rules, "a", asOf+2*hour)
			if kept := tc.identity != "-"; (err == nil) != kept {
				t.Fatalf("the next start: error %v", err)
			}
			if err == nil {
				comparesWithAll(t, s, rules, asOf+2*hour, r)
			}
		})
	}
}

// TestWhatChangesParentsIsDerivedWholly: of a story that is kept nothing shows whose
// child it is.
func TestWhatChangesParentsIsDerivedWholly(t *testing.T) {
	s := open(t)
	epic := tale(9, at, "doing")
	epic.ParentOnly = true
	child := tale(1, at, "doing", "review")
	child.History.Now[latency.FieldParent] = []latency.Value{{ID: "9"}}
	save(t, s, epic, child)
	rules := rulesOf(t, "review")
	rules.Projects["1"].OwnerField = "customfield_1"
	e := NewEngine(s, 20)
	e.KeepAs("build")
	if _, err := e.Load(t.Context(), rules, "a", at+2*hour, nil); err != nil {
		t.Fatal(err)
	}
	epic.History.Now["customfield_1"] = []latency.Value{{ID: "ada"}}
	save(t, s, epic)
	again := NewEngine(s, 20)
	again.KeepAs("build")
	if _, err := again.Restore(t.Context(), rules, "a", at+2*hour); !errors.Is(err, ErrDoubt) {
		t.Errorf("got error %v, want %v", err, ErrDoubt)
	}
}

// TestAnIdlePollKeepsNothing holds that a poll after which nothing is other than before
// writes nothing.
func TestAnIdlePollKeepsNothing(t *testing.T) {
	s := open(t)
	save(t, s, tale(1, at, "doing", "review"), tale(2, at-300*hour, "doing", "review", "done"))
	written := &writes{Store: s}
	e := NewEngine(written, 20)
	e.KeepAs("build")
	if _, err := e.Load(t.Context(), rulesOf(t, "review"), "a", at+3*hour, nil); err != nil {
		t.Fatal(err)
	}
	for i, changed := range [][]int64{nil, nil, {1}} {
		written.stories, written.heads = nil, 0
		if _, err := e.Refresh(t.Context(), changed, at+3*hour+latency.Instant(i+1)*minute); err != nil {
			t.Fatal(err)
		}
		if len(written.stories) > 0 || written.heads > 0 {
			t.Errorf("poll %d keeps stories %v, and %d heads", i, written.stories, written.heads)
		}
	}
	written.stories = nil
	if _, err := e.Refresh(t.Context(), save(t, s, tale(1, at, "doing", "review", "done")), at+5*hour); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(written.stories, []int64{1}) {
		t.Errorf("a story that ended: keeps stories %v, want 1", written.stories)
	}
}

// writes notes what is kept.
type writes struct {
	*store.Store
	stories []int64
	heads   int
}

func (w *writes) Count(ctx context.Context, entries []latency.Entry, by latency.Standing, last bool, kept *jiradata.Kept) ([]latency.Entry, error) {
	for id := range kept.Stories {
		w.stories = append(w.stories, id)
	}
	if kept.Head != nil {
		w.heads++
	}
	return w.Store.Count(ctx, entries, by, last, kept)
}

// halved is a store that fails once something was counted late.
type halved struct {
	*store.Store
	late bool
}

func (h *halved) Count(ctx context.Context, entries []latency.Entry, by latency.Standing, last bool, kept *jiradata.Kept) ([]latency.Entry, error) {
	if h.late {
		return nil, errors.New("the process ends here")
	}
	added, err := h.Store.Count(ctx, entries, by, last, kept)
	h.late = len(added) < len(entries)
	return added, err
}

// TestAStopBeforeWhatIsLateIsKept stops a derivation by another config after it has
// entered what came up after its time, and before it has kept that this is a finding.
func TestAStopBeforeWhatIsLateIsKept(t *testing.T) {
	s := open(t)
	var list []jiradata.Story
	for id := range int64(6) {
		list = append(list, tale(id+1, at, "doing", "review", "done"))
	}
	save(t, s, list...)
	if _, err := NewEngine(s, 20).Load(t.Context(), rulesOf(t, "review"), "a", at+30*hour, nil); err != nil {
		t.Fatal(err)
	}
	stopped := NewEngine(&halved{Store: s}, 20)
	stopped.KeepAs("build")
	if _, err := stopped.Load(t.Context(), rulesOf(t, "doing"), "b", at+30*hour, nil); err == nil {
		t.Fatal("nothing was counted late")
	}
	again := NewEngine(s, 20)
	again.KeepAs("build")
	r, err := again.Restore(t.Context(), rulesOf(t, "doing"), "b", at+30*hour)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Audit[latency.AuditKey{Project: "PAY", Reason: latency.FindCorrected}]; n == 0 {
		t.Error("no finding says that something was not counted")
	}
	comparesWithAllBy(t, s, rulesOf(t, "doing"), "b", at+30*hour, r)
	if touched, err := s.Touched(t.Context()); err != nil || len(touched) > 0 {
		t.Errorf("stories %v are still to be derived, %v", touched, err)
	}
}
