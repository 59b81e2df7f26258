package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
)

// TestFailure: each kind of failure has its word, however it is wrapped, and is
// known to go away by itself or not.
func TestFailure(t *testing.T) {
	answered := func(endpoint string, status int, kind error) error {
		return errors.Join(&jira.Error{Endpoint: endpoint, Status: status}, kind)
	}
	for _, tc := range []struct {
		err           error
		word          string
		needsSomebody bool
	}{
		{nil, "", false},
		{jira.ErrUnauthorized, "unauthorized", true},
		{collector.ErrOtherAccount, "other_account", false},
		{collector.ErrBlind, "blind", false},
		{&collector.ClockError{}, "clock", false},
		{fmt.Errorf("store x: %w: %w", errors.New("database or disk is full (13)"), store.ErrNoSpace), "disk_full", false},
		{store.ErrDisk, "disk", false},
		{store.ErrReplaced, "store_replaced", false},
		{jiradata.ErrIncomplete, "incomplete", false},
		{answered("myself", http.StatusForbidden, jira.ErrForbidden), "forbidden", true},
		{answered("status", http.StatusForbidden, jira.ErrForbidden), "forbidden", false},
		{jira.ErrNotFound, "not_found", true},
		{collector.ErrUnknownProject, "not_found", true},
		{jira.ErrGone, "endpoint_gone", false},
		{answered("search/jql", http.StatusBadRequest, jira.ErrRefused), "refused", true},
		{answered("issue", http.StatusBadRequest, jira.ErrRefused), "refused", false},
		{jira.ErrRateLimited, "rate_limited", false},
		{jira.ErrUnavailable, "unavailable", false},
		{jira.ErrBadReply, "bad_reply", false},
		{query.NamesError{}, "names", true},
		{context.DeadlineExceeded, "other", false},
		{errors.New("anything else"), "other", false},
	} {
		t.Run(fmt.Sprint(tc.err), func(t *testing.T) {
			err := tc.err
			if err != nil {
				err = fmt.Errorf("reading the changed stories: %w", err)
			}
			if got := failure(err); got != tc.word {
				t.Errorf("the word is %q, want %q", got, tc.word)
			}
			if got := needsSomebody(err); got != tc.needsSomebody {
				t.Errorf("needs somebody: %t, want %t", got, tc.needsSomebody)
			}
		})
	}
}
