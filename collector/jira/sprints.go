package jira

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/andygrunwald/go-jira"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// longestSprint is how long a sprint is at most; what is longer has an impossible end.
const longestSprint = 10 * 365 * 24 * time.Hour

// agilePageSize is how many boards or sprints are asked for at a time: more are
// not given.
const agilePageSize = 50

// noSprints is what Jira says of a board without sprints, with status 400.
const noSprints = "does not support sprints"

// sprint is a sprint as the agile interface shows one.
type sprint struct {
	ID        number  `json:"id"`
	Name      string  `json:"name"`
	State     string  `json:"state"`
	Start     instant `json:"startDate"`
	Activated instant `json:"activatedDate"` // when it was really started; not every Jira has it
	End       instant `json:"endDate"`
	Complete  instant `json:"completeDate"`
	Board     *number `json:"originBoardId"` // not every Jira has it
}

// begun returns when the sprint was started.
func (s *sprint) begun() latency.Instant {
	if s.Activated != 0 {
		return latency.Instant(s.Activated)
	}
	return latency.Instant(s.Start)
}

// board returns the id of the board that the sprint was made on; 0: not known.
func (s *sprint) board() int64 {
	if s.Board == nil {
		return 0
	}
	return int64(*s.Board)
}

// ended returns when the sprint was completed, or is to end.
func (s *sprint) ended() latency.Instant {
	if s.State == "closed" && s.Complete != 0 {
		return latency.Instant(s.Complete)
	}
	return latency.Instant(s.End)
}

// Sprints reads the active and closed sprints of the boards that show a
// project, in order of id; one without a start or an end, or with an impossible one,
// is left out, and one
// that several boards show is one. jiradata.ErrWithheld if Jira does not give
// the account its boards: the agile interface has permissions of its own.
func (c *Client) Sprints(ctx context.Context, p jiradata.Project) ([]jiradata.Sprint, error) {
	boards, err := c.boards(ctx, p.Key)
	if err != nil {
		return nil, withheld(err)
	}
	found := map[number]jiradata.Sprint{}
	for _, b := range boards {
		if b.ID == 0 {
			return nil, lacking("agile/board", "id of a board")
		}
		if b.Type == "kanban" {
			continue
		}
		list, err := c.sprints(ctx, b.ID)
		if sprintless(b, err) || errors.Is(err, ErrNotFound) { // it may have been deleted since
			continue
		}
		if err != nil {
			return nil, withheld(fmt.Errorf("board %d: %w", b.ID, err))
		}
		for _, s := range list {
			if s.ID == 0 {
				return nil, lacking("agile/board/sprint", "id of a sprint")
			}
			// One may end years from now, and its end is no reason to read nothing else.
			if !c.plausible(s.begun()) || s.ended() < oldest() || s.ended() > s.begun().Add(longestSprint) {
				continue
			}
			s.Name = cut(s.Name)
			found[s.ID] = jiradata.Sprint{ID: int64(s.ID), ProjectID: p.ID, Name: strings.TrimSpace(s.Name), Board: s.board(), Start: s.begun(), End: s.ended()}
		}
	}
	out := make([]jiradata.Sprint, 0, len(found))
	for _, s := range found {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b jiradata.Sprint) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// sprintless reports whether an answer means that a board has no sprints. Boards
// of team-managed projects have them or not, and Jira says so in the account's
// language.
func sprintless(b jira.Board, err error) bool {
	var e *Error
	return errors.As(err, &e) && errors.Is(err, ErrRefused) && (b.Type == "simple" || strings.Contains(e.Detail, noSprints))
}

// withheld marks an error that is a refusal which another try cannot change.
func withheld(err error) error {
	if !lasting(err) {
		return err
	}
	return fmt.Errorf("%w: %w; a token with scopes needs read:board-scope:jira-software and read:sprint:jira-software", jiradata.ErrWithheld, err)
}

// boards reads the boards that show a project.
func (c *Client) boards(ctx context.Context, project string) ([]jira.Board, error) {
	const endpoint = "agile/board"
	return allPages(endpoint, func(start int) ([]jira.Board, bool, error) {
		list, _, err := call(ctx, c, endpoint, func(ctx context.Context) (*jira.BoardsList, *jira.Response, error) {
			return c.jira.Board.GetAllBoardsWithContext(ctx, &jira.BoardListOptions{
				ProjectKeyOrID: project, SearchOptions: jira.SearchOptions{StartAt: start, MaxResults: agilePageSize},
			})
		})
		if err != nil {
			return nil, false, err
		}
		return list.Values, list.IsLast, nil
	}, func(a, b jira.Board) bool { return a.ID == b.ID })
}

// sprints reads the active and closed sprints of a board.
func (c *Client) sprints(ctx context.Context, board int) ([]sprint, error) {
	const endpoint = "agile/board/sprint"
	return allPages(endpoint, func(start int) ([]sprint, bool, error) {
		var page struct {
			Values []sprint `json:"values"`
			IsLast bool     `json:"isLast"`
		}
		q := url.Values{"state": {"active,closed"}, "startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(agilePageSize)}}
		err := c.get(ctx, endpoint, fmt.Sprintf("rest/agile/1.0/board/%d/sprint", board), q, &page)
		return page.Values, page.IsLast, err
	}, func(a, b sprint) bool { return a.ID == b.ID })
}

// allPages reads all pages of a list of the agile interface, which says which page
// is the last and does not always give a total. A page that begins as the one
// before it did is an error.
func allPages[T any](endpoint string, page func(start int) (values []T, last bool, err error), same func(a, b T) bool) ([]T, error) {
	var all []T
	first := -1 // of the last page, in all
	for {
		values, last, err := page(len(all))
		if err != nil {
			return nil, err
		}
		if values == nil {
			return nil, lacking(endpoint, "list of values")
		}
		if len(values) > 0 {
			if first >= 0 && same(all[first], values[0]) {
				return nil, &Error{Endpoint: endpoint, Detail: "it gave the same page twice", kind: jiradata.ErrIncomplete}
			}
			first = len(all)
		}
		all = append(all, values...)
		if last || len(values) == 0 {
			return all, nil
		}
	}
}
