package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// Pitfall 10: pages of a search shift, repeat, or end too early.
func TestPagesThatSlip(t *testing.T) {
	for _, tc := range []struct {
		size   int
		isLast func(bool) bool
	}{
		{1, nil}, {20, nil}, {30, nil}, {37, nil}, {50, nil}, {60, nil}, // the last page is full with 20, 30 and 60
		{20, func(bool) bool { return true }}, {37, func(bool) bool { return false }}, // whatever it says of itself
	} {
		says := ""
		if tc.isLast != nil {
			says = fmt.Sprint(", the last one: ", tc.isLast(false))
		}
		t.Run(fmt.Sprint("pages of ", tc.size, says), func(t *testing.T) {
			window := max(50, tc.size) // of results, which are 60
			rigs(t, jirasim.Options{SearchPage: tc.size, IDPage: tc.size, ResultWindow: window, IsLast: tc.isLast}, func(p *rig) {
				var ids []int64
				for range 60 {
					p.later(time.Second)
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				turn := 0
				p.faulty(func(r *http.Request) *jirasim.Fault { // rows move while they are paged through
					if strings.Contains(r.URL.Path, "/search") {
						turn++
						p.move(p.dev, ids[turn*13%60], "1", "2")
					}
					return nil
				})
				p.fine()
				p.faulty(nil)
				p.later(time.Minute)
				p.fine()
				live, err := p.stored().PresentIDs(p.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(live, ids) {
					p.Errorf("got %d stories, want %d", len(live), len(ids))
				}
				p.shows("yourturn_poll_success", 1)
				p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, -1)
				p.logs("the same page token twice", false)
				p.lists(jiradata.NoteFailed, false)
			})
		})
	}
}

// Pages that lead nowhere, and those that hold less than is counted, fail the poll.
func TestPagesThatLie(t *testing.T) {
	var withheld int64
	broken := map[jirasim.Flavor]jirasim.Options{
		jirasim.Cloud:      {SearchPage: 10, RepeatToken: true},
		jirasim.DataCenter: {SearchPage: 10, Withhold: func(id int64) bool { return id == withheld }},
	}
	for flavor, limits := range broken {
		t.Run(string(flavor), func(t *testing.T) {
			withheld = 0
			p := newRig(t, flavor, limits, "")
			for range 10 { // they fit on a page
				p.create(p.pay)
			}
			p.later(time.Hour)
			p.fine()
			before := p.state()
			p.shows("yourturn_poll_success", 1)
			p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, -1)
			p.logs("incomplete answer", false)
			p.lists(jiradata.NoteFailed, false)
			var ids []int64
			for range 50 {
				p.later(time.Second)
				ids = append(ids, p.create(p.pay))
			}
			withheld = ids[27]
			p.later(time.Minute)
			if err := p.cycle(); !errors.Is(err, jiradata.ErrIncomplete) {
				t.Errorf("got error %v, want %v", err, jiradata.ErrIncomplete)
			}
			if got := p.state(); got.Watermark != before.Watermark {
				t.Error("the watermark moved")
			}
			p.shows("yourturn_poll_success", 0)
			p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, 1)
			p.logs("incomplete answer", true)
			p.lists(jiradata.NoteFailed, true)
			p.lists("incomplete answer", true)
		})
	}
}

// Cloud's pages do not say how many stories there are, so a census asks for that.
func TestCensusThatEndsEarly(t *testing.T) {
	fewer := 0
	p := newRig(t, jirasim.Cloud, jirasim.Options{Withhold: func(id int64) bool { return id > 10060-int64(fewer) }}, "")
	for range 60 {
		p.create(p.pay)
	}
	for _, fewer = range []int{0, 10, 20} { // about as many, and far too few
		p.later(7 * time.Hour)
		err := p.cycle()
		if early := fewer > 10; early != errors.Is(err, jiradata.ErrIncomplete) {
			t.Errorf("%d of 60 are not given: got error %v", fewer, err)
		}
		p.shows("yourturn_census_failures_total", map[bool]float64{true: 1}[fewer > 10])
		p.logs("a check of what polls cannot see failed", fewer > 10)
	}
}

// Jira may leave out results and say so in a warning, which fails the poll. Other
// warnings are shown and fail nothing.
func TestSearchWarnings(t *testing.T) {
	flavors(t, func(t *testing.T, flavor jirasim.Flavor) {
		var warnings []string
		named := "" // what the query of a warning holds
		limits := jirasim.Options{Warnings: func(jql string) []string {
			if strings.Contains(jql, named) {
				return warnings
			}
			return nil
		}}
		p := newRig(t, flavor, limits, "")
		first := p.create(p.pay)
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		quiet := func() {
			p.Helper()
			p.shows("yourturn_poll_search_warnings", 0)
			p.lists(jiradata.NoteWarned, false)
		}
		quiet()
		p.logs("Jira warns of a search", false)
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, -1)

		warnings = []string{"FIELD_DEPRECATED"}
		for range 3 {
			p.later(time.Minute)
			p.fine()
		}
		p.shows("yourturn_poll_search_warnings", 1)
		p.lists(jiradata.NoteWarned, true)
		if n := strings.Count(p.log.String(), "Jira warns of a search"); n != 1 {
			p.Errorf("a warning is logged %d times, want once", n)
		}
		warnings = nil
		p.later(time.Minute)
		p.fine()
		quiet()

		before := p.state()
		warnings = []string{"CLAUSE_LIMIT_EXCEEDED"}
		p.move(p.dev, first, "1", "2")
		p.later(time.Minute)
		if err := p.cycle(); !errors.Is(err, jiradata.ErrIncomplete) {
			p.Errorf("results may be left out: got error %v, want %v", err, jiradata.ErrIncomplete)
		}
		if got := p.state(); got.Watermark != before.Watermark {
			p.Error("the watermark moved though results may be left out")
		}
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, 1)
		p.logs("CLAUSE_LIMIT_EXCEEDED", true)
		p.lists(jiradata.NoteFailed, true)

		named = " OR id in" // because of what was named in it
		p.fine()
		p.shows(open, 1)
		p.lists(jiradata.NoteFailed, false)
	})
}
