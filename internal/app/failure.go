package app

import (
	"errors"
	"net/http"
	"strings"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
)

// failure returns the word for why a cycle failed, or "" if it did not. The word is
// a label of yourturn_poll_failures_total.
func failure(err error) string {
	if err == nil {
		return ""
	}
	for _, f := range []struct {
		kind error
		word string
	}{
		{jira.ErrUnauthorized, "unauthorized"},
		{collector.ErrOtherAccount, "other_account"},
		{collector.ErrClock, "clock"},
		{collector.ErrBlind, "blind"},
		{store.ErrReplaced, "store_replaced"},
		{store.ErrNoSpace, "disk_full"},
		{store.ErrDisk, "disk"},
		{store.ErrUnreachable, "database_unreachable"},
		{store.ErrStandby, "database_read_only"},
		{store.ErrFenced, "fenced"},
		{jiradata.ErrIncomplete, "incomplete"},
		{jira.ErrForbidden, "forbidden"},
		{jira.ErrNotFound, "not_found"},
		{collector.ErrUnknownProject, "not_found"},
		{jira.ErrGone, "endpoint_gone"},
		{jira.ErrRefused, "refused"},
		{jira.ErrRateLimited, "rate_limited"},
		{jira.ErrUnavailable, "unavailable"},
		{jira.ErrBadReply, "bad_reply"},
	} {
		if errors.Is(err, f.kind) {
			return f.word
		}
	}
	var names query.NamesError
	if errors.As(err, &names) {
		return "names"
	}
	return "other"
}

// needsSomebody reports whether an error goes away only when somebody changes
// the token or the config: waiting does not help.
func needsSomebody(err error) bool {
	var names query.NamesError
	if errors.As(err, &names) || errors.Is(err, collector.ErrUnknownProject) || errors.Is(err, jira.ErrUnauthorized) || errors.Is(err, jira.ErrNotFound) {
		return true
	}
	var refusal *jira.Error
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Endpoint {
	case "myself", "serverInfo": // Cloud answers a token that it does not know with 403
		return errors.Is(err, jira.ErrForbidden)
	}
	// The query names something that does not exist.
	return strings.HasPrefix(refusal.Endpoint, "search") && refusal.Status == http.StatusBadRequest
}
