package jira

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// agilePageSize is how many boards or sprints are asked for at a time: more are
// not given.
const agilePageSize = 50

// noSprints is what Jira says of a board without sprints, with status 400.
const noSprints = "does not support sprints"

// board is a board as the agile interface shows one.
type board struct {
	ID   number `json:"id"`
	Type string `json:"type"`
}

// sprint is a sprint as the agile interface shows one.
type sprint struct {
	ID        number  `json:"id"`
	Name      string  `json:"name"`
	State     string  `json:"state"`
	Start     instant `json:"startDate"`
	Activated instant `json:"activatedDate"` // when it was really started; not every Jira tells
	End       instant `json:"endDate"`
	Complete  instant `json:"completeDate"`
}

// begun returns when the sprint was started.
func (s *sprint) begun() latency.Instant {
	if s.Activated != 0 {
		return latency.Instant(s.Activated)
	}
	return latency.Instant(s.Start)
}

// ended returns when the sprint was completed, or is to end.
func (s *sprint) ended() latency.Instant {
	if s.State == "closed" && s.Complete != 0 {
		return latency.Instant(s.Complete)
	}
	return latency.Instant(s.End)
}

// Sprints reads the active and closed sprints of the boards that show a
// project, in order of id; one without a start or an end is left out, and one
// that several boards show is one. jiradata.ErrWithheld if Jira does not give
// the account its boards: the agile interface has permissions of its own.
func (c *Client) Sprints(ctx context.Context, p jiradata.Project) ([]jiradata.Sprint, error) {
	boards, err := agileList[board](ctx, c, "agile/board", "rest/agile/1.0/board", url.Values{"projectKeyOrId": {p.Key}})
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
		list, err := agileList[sprint](ctx, c, "agile/board/sprint", fmt.Sprintf("rest/agile/1.0/board/%d/sprint", b.ID), url.Values{"state": {"active,closed"}})
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
			if s.begun() == 0 || s.ended() == 0 {
				continue
			}
			found[s.ID] = jiradata.Sprint{ID: int64(s.ID), ProjectID: p.ID, Name: strings.TrimSpace(s.Name), Start: s.begun(), End: s.ended()}
		}
	}
	out := make([]jiradata.Sprint, 0, len(found))
	for _, s := range found {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b jiradata.Sprint) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// sprintless tells whether an answer means that a board has no sprints. Boards
// of team-managed projects have them or not, and Jira says so in the account's
// language.
func sprintless(b board, err error) bool {
	var e *Error
	return errors.As(err, &e) && errors.Is(err, ErrRefused) && (b.Type == "simple" || strings.Contains(e.Detail, noSprints))
}

// withheld marks an error as a refusal that no other try will mend.
func withheld(err error) error {
	if !lasting(err) {
		return err
	}
	return fmt.Errorf("%w: %w; a token with scopes needs read:board-scope:jira-software and read:sprint:jira-software", jiradata.ErrWithheld, err)
}

// agileList reads all pages of a list of the agile interface, which tells the
// last page and not always a total.
func agileList[T any](ctx context.Context, c *Client, endpoint, path string, q url.Values) ([]T, error) {
	var all []T
	var first []byte // of the last page
	for {
		var page struct {
			Values []json.RawMessage `json:"values"`
			IsLast bool              `json:"isLast"`
		}
		q.Set("startAt", strconv.Itoa(len(all)))
		q.Set("maxResults", strconv.Itoa(agilePageSize))
		if err := c.get(ctx, endpoint, path, q, &page); err != nil {
			return nil, err
		}
		if page.Values == nil {
			return nil, lacking(endpoint, "list of values")
		}
		if len(page.Values) > 0 {
			if bytes.Equal(page.Values[0], first) {
				return nil, &Error{Endpoint: endpoint, Detail: "it gave the same page twice", kind: jiradata.ErrIncomplete}
			}
			first = page.Values[0]
		}
		for _, raw := range page.Values {
			var v T
			if err := json.Unmarshal(raw, &v); err != nil {
				return nil, &Error{Endpoint: endpoint, Detail: err.Error(), kind: ErrBadReply}
			}
			all = append(all, v)
		}
		if page.IsLast || len(page.Values) == 0 {
			return all, nil
		}
	}
}
