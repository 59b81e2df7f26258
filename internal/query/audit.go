package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// Finding is the stable JSON form of a finding of the audit.
type Finding struct {
	Reason  string `json:"reason"`
	Story   string `json:"story"`
	Project string `json:"project"`
	At      string `json:"at"`
	Detail  string `json:"detail"`
}

// Audit returns what is odd in the data as of an instant, of the project and the
// story that f names.
func (r *Reader) Audit(ctx context.Context, f Filter, asOf latency.Instant) ([]Finding, error) {
	found, err := measure.Audit(ctx, r.Store, r.Rules, asOf)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(one latency.Finding) bool {
		// The ledger is as of the last poll: with an earlier instant it cannot be compared.
		early := one.Reason == latency.FindCorrected && asOf < r.State.DataTimestamp
		return early || f.Project != "" && r.Project(one.ProjectID) != f.Project ||
			f.Story != "" && !strings.EqualFold(one.Story, f.Story)
	})
	out := make([]Finding, 0, len(found))
	for _, one := range found {
		out = append(out, Finding{one.Reason, one.Story, r.Project(one.ProjectID), Stamp(one.At), one.Detail})
	}
	return out, nil
}

// AuditPage is a page of the audit's findings: first those about no story, then by the ids
// of the stories, and for each in the order in which they happened.
type AuditPage struct {
	AsOf     Time      `json:"as_of"`
	Findings []Finding `json:"findings"`

	More *ListPlace `json:"-"` // nil: there are no more

	places []ListPlace // of the findings
}

// First returns the page that ends after the first n of the findings.
func (p *AuditPage) First(n int) *AuditPage {
	if n >= len(p.Findings) {
		return p
	}
	return &AuditPage{AsOf: p.AsOf, Findings: p.Findings[:n], More: &p.places[n], places: p.places[:n]}
}

// AuditFrom returns the findings of a service's audit from a place on, in the projects that
// sees selects, and with whole what is about no project: at most limit, and fewer, even
// none, where few stories have one; then More is not nil. With owners it says for whom was
// counted what the past corrects.
func (r *Reader) AuditFrom(ctx context.Context, sees func(project string) bool, whole, owners bool, at ListPlace, limit int) (*AuditPage, error) {
	ids, err := r.Store.StoryIDs(ctx, at.Story, scanned+1)
	if err != nil {
		return nil, err
	}
	notes, err := r.Store.Notes(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading what polls noted: %w", err)
	}
	page := auditing{AuditPage: AuditPage{AsOf: Time(r.State.DataTimestamp), Findings: []Finding{}}, r: r, sees: sees, owners: owners, whole: whole, at: at, limit: limit}
	until := int64(math.MaxInt64)
	if len(ids) > scanned {
		until, ids = ids[scanned], ids[:scanned]
	}
	// Notes of polls may be about stories that the store does not hold.
	noted := measure.Noted(r.Rules, notes)
	slices.SortStableFunc(noted, func(a, b latency.Finding) int { return cmp.Compare(a.StoryID, b.StoryID) })
	before := func(id int64) (found []latency.Finding) {
		n, _ := slices.BinarySearchFunc(noted, id, func(f latency.Finding, id int64) int { return cmp.Compare(f.StoryID, id) })
		found, noted = noted[:n], noted[n:]
		return found
	}
	before(at.Story)
	if at.Story == 0 {
		page.add(slices.Concat(before(1), r.Report.Misfits))
	}
	// The ledger is read before the stories, which so show all that is in it, and is compared
	// as of the latest poll, which may have counted more than the report knows of.
	counted, err := r.Store.LedgerOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	state, err := r.Store.State(ctx)
	if err != nil {
		return nil, err
	}
	asOf, counting := r.State.DataTimestamp, max(r.State.DataTimestamp, state.DataTimestamp)
	err = r.each(ctx, ids, limit, func(h *latency.History, d *latency.Deriver) (full bool, err error) {
		page.add(before(h.ID))
		first, _ := slices.BinarySearchFunc(counted, h.ID, func(c latency.Counted, id int64) int { return cmp.Compare(c.ID.StoryID, id) })
		end, _ := slices.BinarySearchFunc(counted, h.ID+1, func(c latency.Counted, id int64) int { return cmp.Compare(c.ID.StoryID, id) })
		res := d.Story(h, asOf)
		trace, found := res.Trace(asOf.Add(-latency.LongestWindow)), slices.Clone(res.Findings)
		if counting > asOf {
			res = d.Story(h, counting)
		}
		corrections := r.Rules.Corrections(h, slices.Collect(r.Rules.Entries(h.ID, res, counting)), counted[first:end])
		page.add(slices.Concat(found, corrections, r.Report.Bulk.Of(&trace), before(h.ID+1)))
		return page.More != nil, nil
	})
	if err != nil {
		return nil, err
	}
	page.add(before(until))
	if page.More == nil && until < math.MaxInt64 {
		page.More = &ListPlace{Story: until}
	}
	return &page.AuditPage, nil
}

// auditing fills a page of findings.
type auditing struct {
	AuditPage
	r             *Reader
	sees          func(project string) bool
	whole, owners bool
	at            ListPlace
	limit         int
}

// add adds findings of stories, whose ids rise from call to call, as long as there is room
// for them.
func (a *auditing) add(found []latency.Finding) {
	slices.SortStableFunc(found, func(a, b latency.Finding) int {
		return cmp.Or(cmp.Compare(a.StoryID, b.StoryID), cmp.Compare(a.At, b.At), cmp.Compare(a.Reason, b.Reason))
	})
	n := 0 // of the story, before this one
	for i, f := range found {
		if n++; i == 0 || found[i-1].StoryID != f.StoryID {
			n = 0
		}
		project := a.r.Project(f.ProjectID)
		watched := a.r.Rules.Projects[f.ProjectID] != nil
		if a.More != nil || f.StoryID == a.at.Story && n < a.at.After || watched && !a.sees(project) || !watched && !a.whole {
			continue
		}
		place := ListPlace{f.StoryID, n}
		if len(a.Findings) == a.limit {
			a.More = &place
			continue
		}
		out := Finding{f.Reason, f.Story, project, Stamp(f.At), f.Detail}
		if f.Reason == latency.FindCorrected && !a.owners {
			out.Detail = "" // it says for whom it was counted
		}
		a.Findings, a.places = append(a.Findings, out), append(a.places, place)
	}
}
