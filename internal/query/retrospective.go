package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// DefaultDays is how many whole days a retrospective looks at that names none.
const DefaultDays = 14

// Wanted is what a retrospective is wanted of.
type Wanted struct {
	Projects []string // keys; none: all that are watched
	// Sprint names one of the one project; "": the days count.
	Sprint   string
	From, To time.Time // the first and the last day; zero: the last whole days that the store knows
}

// TooEarlyError is a range that begins after the data.
type TooEarlyError struct{ DataTimestamp latency.Instant }

func (e TooEarlyError) Error() string {
	return "the range begins after the store's data, which are as of " + Stamp(e.DataTimestamp)
}

// Ranges returns the range that is wanted and those before it, the latest first. Days are
// those of zone. A sprint that is not there is an UnknownError.
func (r *Reader) Ranges(ctx context.Context, w Wanted, zone *time.Location) (wanted retrospective.Range, before []retrospective.Range, err error) {
	switch {
	case w.Sprint != "":
		wanted, before, err = r.Sprint(ctx, w.Projects[0], w.Sprint)
	case w.From.IsZero():
		from, to := LastDays(r.State.DataTimestamp, zone)
		wanted, before = Days(from, to, zone)
	default:
		wanted, before = Days(w.From, w.To, zone)
	}
	if err == nil && wanted.From >= r.State.DataTimestamp {
		err = TooEarlyError{r.State.DataTimestamp}
	}
	return wanted, before, err
}

// LastDays returns the first and the last of the whole days that are over at an instant.
func LastDays(at latency.Instant, zone *time.Location) (from, to time.Time) {
	now := at.Time().In(zone)
	return now.AddDate(0, 0, -DefaultDays), now.AddDate(0, 0, -1)
}

// rangesBefore is with how many ranges a range is compared.
const rangesBefore = 3

// Days returns the range of whole local days of a zone from one date to another, the
// last one included, and the ranges of as many days before it, the latest first.
func Days(from, to time.Time, zone *time.Location) (r retrospective.Range, before []retrospective.Range) {
	midnight := func(t time.Time, days int) latency.Instant {
		return latency.At(time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, zone))
	}
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	length := int(date(to).Sub(date(from))/(24*time.Hour)) + 1
	at := func(back int) retrospective.Range {
		return retrospective.Range{Span: latency.Span{From: midnight(from, -back*length), To: midnight(from, (1-back)*length)}}
	}
	for n := range rangesBefore {
		before = append(before, at(n+1))
	}
	return at(0), before
}

// Sprint returns the range of a project's sprint, and those of the sprints that ended
// before it began, the latest first: of the same board where that is known. Of several of
// that name it takes the one that began last. A sprint that is not there is an UnknownError.
func (r *Reader) Sprint(ctx context.Context, project, name string) (retrospective.Range, []retrospective.Range, error) {
	all, err := r.Store.Sprints(ctx)
	if err != nil {
		return retrospective.Range{}, nil, fmt.Errorf("reading the sprints of %s: %w", project, err)
	}
	id := r.Rules.ProjectID(project)
	list := slices.DeleteFunc(all, func(s jiradata.Sprint) bool { return s.ProjectID != id })
	slices.SortStableFunc(list, func(a, b jiradata.Sprint) int {
		return cmp.Or(cmp.Compare(b.Start, a.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Name, b.Name))
	})
	i := slices.IndexFunc(list, func(s jiradata.Sprint) bool { return strings.EqualFold(s.Name, name) })
	if i < 0 {
		var names []string
		for _, s := range list {
			names = append(names, s.Name)
		}
		return retrospective.Range{}, nil, UnknownError{"--sprint", name, fmt.Sprintf("%s has no sprint of that name; %s", project, instead(name, names, names, "sprints are"))}
	}
	found := ranged(list[i])
	var before []retrospective.Range
	for _, s := range list[i+1:] {
		other := s.Board != list[i].Board && s.Board != 0 && list[i].Board != 0
		if s.End <= list[i].Start && !other && len(before) < rangesBefore {
			before = append(before, ranged(s))
		}
	}
	return found, before, nil
}

func ranged(s jiradata.Sprint) retrospective.Range {
	return retrospective.Range{Name: s.Name, Span: latency.Span{From: s.Start, To: s.End}}
}

// Retrospective compares a range with those before it. The options' data timestamp is
// the store's. progress, which may be nil, is called for each story that is read. Waits of
// its lists have titles, and links into Jira.
func (r *Reader) Retrospective(ctx context.Context, opts retrospective.Options, progress func()) (report *retrospective.Report, err error) {
	ancestors, err := measure.Ancestors(ctx, r.Store)
	if err != nil {
		return nil, err
	}
	snapshot, err := r.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	opts.DataTimestamp = r.State.DataTimestamp
	histories := snapshot.Histories(ctx, nil)
	report, err = retrospective.Make(r.Rules, ancestors, func(yield func(*latency.History, error) bool) {
		for h, err := range histories {
			if progress != nil {
				progress()
			}
			if !yield(h, err) {
				return
			}
		}
	}, opts)
	if err != nil {
		return nil, err
	}
	return report, r.entitle(ctx, report.Longest, report.Open)
}

// entitle gives waits of lists their titles, and their addresses in Jira.
func (r *Reader) entitle(ctx context.Context, lists ...[]retrospective.Waited) error {
	var ids []int64
	for _, list := range lists {
		for i := range list {
			ids = append(ids, list[i].StoryID)
		}
	}
	slices.Sort(ids)
	titles, err := r.Titles(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	for _, list := range lists {
		for i := range list {
			w := &list[i]
			w.Title, w.URL = titles[w.StoryID], Link(r.jira, w.Story, w.Comment)
		}
	}
	return nil
}
