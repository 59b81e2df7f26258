package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// Pitfall 10: pages that slip, repeat, or end too early.
func TestPitfall10Pages(t *testing.T) {
	for _, size := range []int{1, 20, 37, 60} { // the last page is full with 20 and 60
		t.Run(fmt.Sprint("pages of ", size), func(t *testing.T) {
			pits(t, jirasim.Options{SearchPage: size, ResultWindow: 60}, func(p *pit) {
				var ids []int64
				for range 60 {
					p.later(time.Second)
					ids = append(ids, p.create(p.pay))
				}
				p.later(time.Hour)
				turn := 0
				p.fault = func(r *http.Request) *jirasim.Fault { // rows move while they are paged through
					if strings.Contains(r.URL.Path, "/search") {
						turn++
						p.move(p.dev, ids[turn*13%60], "1", "2")
					}
					return nil
				}
				p.fine()
				p.fault = nil
				p.later(time.Minute)
				p.fine()
				live, err := p.svc.store.Live(p.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(live, ids) {
					p.Errorf("got %d stories, want %d", len(live), len(ids))
				}
				p.shows("yourturn_poll_success", 1)
				p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, -1)
				p.logs("the same page token twice", false)
				p.lists(archive.NoteFailed, false)
			})
		})
	}
	t.Run("a token that repeats", func(t *testing.T) {
		p := newPit(t, jirasim.Cloud, jirasim.Options{SearchPage: 10, RepeatToken: true}, "")
		for range 60 {
			p.create(p.pay)
		}
		p.later(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.svc.collector.Sync(ctx); !errors.Is(err, archive.ErrIncomplete) {
			t.Errorf("got error %v, want %v", err, archive.ErrIncomplete)
		}
		if err := p.cycle(); err == nil {
			t.Error("the cycle is complete")
		}
		p.shows("yourturn_poll_success", 0)
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, 1)
		p.logs("the same page token twice", true)
		if n := p.notes()[archive.NoteFailed]; n != 1 { // there is nothing yet that the audit could list it beside
			t.Errorf("the failure is noted %d times, want once", n)
		}
	})
}

// Jira may leave results out and say so beside them; what else it warns of is
// told, and fails nothing.
func TestPitfall10Warnings(t *testing.T) {
	var warnings []string
	named := "" // what the query of a warning holds
	limits := jirasim.Options{Warnings: func(jql string) []string {
		if strings.Contains(jql, named) {
			return warnings
		}
		return nil
	}}
	pits(t, limits, func(p *pit) {
		warnings, named = nil, ""
		first := p.create(p.pay)
		p.later(time.Hour)
		p.fine()
		p.later(time.Minute)
		p.fine()
		quiet := func() {
			p.Helper()
			p.shows("yourturn_poll_search_warnings", 0)
			p.lists(archive.NoteWarned, false)
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
		p.lists(archive.NoteWarned, true)
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
		if err := p.cycle(); !errors.Is(err, archive.ErrIncomplete) {
			p.Errorf("results may be left out: got error %v, want %v", err, archive.ErrIncomplete)
		}
		if got := p.state(); got.Watermark != before.Watermark {
			p.Error("the watermark moved though results may be left out")
		}
		p.shows(`yourturn_poll_failures_total{reason="incomplete"}`, 1)
		p.logs("CLAUSE_LIMIT_EXCEEDED", true)
		p.lists(archive.NoteFailed, true)

		named = " OR id in" // because of what was named in it
		p.fine()
		p.shows(open, 1)
		p.lists(archive.NoteFailed, false)
	})
}
