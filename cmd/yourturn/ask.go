package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/archive"
)

// tryQuery asks Jira whether it understands a query: for what was updated since
// an instant of just now, which is next to nothing.
func tryQuery(ctx context.Context, client *jira.Client, jql string, now archive.Identity) error {
	if jql == "" {
		return nil
	}
	for _, err := range client.IDs(ctx, archive.Query{JQL: jql, Since: now.At}) {
		if err != nil {
			return fmt.Errorf("jira.jql: %w", err)
		}
		break
	}
	return nil
}

// needsSomebody tells whether an error goes away only when somebody changes the
// token or the config: waiting does not help.
func needsSomebody(err error) bool {
	var names namesError
	if errors.As(err, &names) || errors.Is(err, collector.ErrUnknownProject) || errors.Is(err, jira.ErrUnauthorized) || errors.Is(err, jira.ErrNotFound) {
		return true
	}
	var refusal *jira.Error
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Endpoint {
	case "myself", "serverInfo": // so Cloud answers a token that it cannot make anything of
		return errors.Is(err, jira.ErrForbidden)
	}
	// A query that names what does not exist.
	return strings.HasPrefix(refusal.Endpoint, "search") && refusal.Status == http.StatusBadRequest
}
