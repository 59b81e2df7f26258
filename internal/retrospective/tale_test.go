package retrospective

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

// A day is a working day of 24 hours here, so that lengths can be read off the tales.

// day returns the instant so many days, and hours, after Monday 2 March 2026.
func day(n int, hours ...float64) latency.Instant {
	at := latency.At(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)).Add(time.Duration(n) * 24 * time.Hour)
	for _, h := range hours {
		at = at.Add(time.Duration(h * float64(time.Hour)))
	}
	return at
}

// days are the range from one day to another.
func days(from, to int) Range { return Range{Span: latency.Span{From: day(from), To: day(to)}} }

// rulesFor are the rules of project PAY, which po owns, with a target of 8 hours.
func rulesFor(t testing.TB) *latency.Rules {
	t.Helper()
	var week calendar.Week
	for d := range week {
		week[d] = []calendar.Interval{{From: 0, To: 24 * 60}}
	}
	cal, err := calendar.New(calendar.Spec{Zone: time.UTC, Week: week})
	if err != nil {
		t.Fatal(err)
	}
	r := &latency.Rules{
		Projects: map[string]*latency.Project{}, Types: map[string]bool{"story": true}, Statuses: map[string]latency.Status{},
		StatusIDs: map[string]string{}, People: map[string]string{}, Owners: map[string]*latency.Owner{"po": {Key: "po"}}, Names: map[string]string{},
	}
	for name, category := range map[string]latency.Category{"In Progress": latency.CategoryIndeterminate, "PO Review": latency.CategoryIndeterminate, "Done": latency.CategoryDone} {
		r.Statuses[name] = latency.Status{Name: name, Category: category}
		r.StatusIDs[latency.Fold(name)] = name
	}
	r.Projects["1"] = &latency.Project{
		ID: "1", Key: "PAY", Acceptance: latency.Set{"PO Review": true}, PauseWhenAbsent: true, Mention: true,
		TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour, Calendar: cal,
		Terms: []latency.Term{{Person: "po", Span: latency.Always}}, HistoryFrom: latency.Always.From,
	}
	return r
}

// tale is a history that is told day by day.
type tale struct {
	h      latency.History
	status string
}

// story begins a story in progress on a day.
func story(id int64, created latency.Instant) *tale {
	s := &tale{h: latency.History{ID: id, Key: fmt.Sprintf("PAY-%d", id)}, status: "In Progress"}
	s.h.Events = append(s.h.Events, latency.Event{At: created, Rank: latency.RankCreated, Actor: "dev"})
	return s
}

// move adds a move by somebody.
func (s *tale) move(at latency.Instant, who, to string) *tale {
	value := func(name string) latency.Value { return latency.Value{ID: name, Name: name} }
	s.h.Events = append(s.h.Events, latency.Event{
		At: at, Rank: latency.RankRecord, ID: int64(len(s.h.Events)), Actor: who,
		Changes: []latency.Change{{Field: latency.FieldStatus, From: value(s.status), To: value(to)}},
	})
	s.status = to
	return s
}

// ask adds a question to the owner, which is answered after so many hours.
func (s *tale) ask(at latency.Instant, hours float64) *tale {
	said := func(at latency.Instant, who string, facts comment.Facts) {
		s.h.Events = append(s.h.Events, latency.Event{At: at, Rank: latency.RankCommentAdded, ID: int64(len(s.h.Events)), Actor: who, Comment: &facts})
	}
	said(at, "dev", comment.Facts{Question: true, Asked: []string{"po"}, Mentioned: []string{"po"}})
	said(at.Add(time.Duration(hours*float64(time.Hour))), "po", comment.Facts{})
	return s
}

// waited is a story whose acceptance wait began at an instant and took so many hours,
// or still runs where that is 0.
func waited(id int64, start latency.Instant, hours float64) *tale {
	s := story(id, start.Add(-24*time.Hour)).move(start, "dev", "PO Review")
	if hours > 0 {
		s.move(start.Add(time.Duration(hours*float64(time.Hour))), "po", "Done")
	}
	return s
}

// histories yields fresh copies of what was told.
func histories(tales []*tale) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		for _, s := range tales {
			h := s.h
			h.Events = append([]latency.Event(nil), s.h.Events...)
			h.Now = latency.Snapshot{
				latency.FieldStatus: {{ID: s.status, Name: s.status}}, latency.FieldProject: {{ID: "1", Name: "PAY"}}, latency.FieldType: {{ID: "story", Name: "story"}},
			}
			if !yield(&h, nil) {
				return
			}
		}
	}
}

// made makes a report of tales.
func made(t testing.TB, rules *latency.Rules, opts Options, tales ...*tale) *Report {
	t.Helper()
	if opts.DataTimestamp == 0 {
		opts.DataTimestamp = day(1000)
	}
	if opts.Longest == 0 {
		opts.Longest = 10
	}
	r, err := Make(rules, nil, histories(tales), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
