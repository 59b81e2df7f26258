package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Queries hold instants as milliseconds since the epoch, without quotes: every other
// form is read in the zone of the account's profile, to the minute. That form is not
// documented for every Jira, so it is tried on a story first.

// zoneSlack is how much earlier an instant is written in the account's zone: the
// seconds are cut, and an hour that a clock change repeats may be read as either.
const zoneSlack = 61 * time.Minute

// literal is how instants are written in queries.
type literal struct {
	tried bool           // false: there was no story to try it on yet
	zone  *time.Location // of the account's profile; nil: milliseconds are understood
}

// since returns the clause for issues with a field at an instant or later. In the
// account's zone it finds some more.
func (l literal) since(field string, at latency.Instant) string {
	if l.zone == nil {
		return fmt.Sprintf("%s >= %d", field, at)
	}
	return fmt.Sprintf(`%s >= "%s"`, field, at.Add(-zoneSlack).Time().In(l.zone).Format("2006-01-02 15:04"))
}

// instants finds out, once, whether the Jira understands instants in queries, on the
// oldest issue that a query finds. If the query finds none, or is refused for what it
// names, the next call tries again.
func (w *walk) instants(ctx context.Context, where string) (literal, error) {
	w.c.mu.Lock()
	l := w.c.literal
	w.c.mu.Unlock()
	if l.tried && l.zone != nil {
		return w.c.inZone()
	}
	if l.tried {
		return l, nil
	}
	page, err := w.ask(ctx, searchBody{JQL: where + " ORDER BY created ASC", Fields: []string{"created"}, MaxResults: 1})
	if errors.Is(err, ErrRefused) || err == nil && len(page.Issues) == 0 {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	var doc struct {
		ID     number `json:"id"`
		Fields struct {
			Created instant `json:"created"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(page.Issues[0], &doc); err != nil || doc.Fields.Created == 0 {
		return l, lacking("search", "story with an instant of creation")
	}
	// It must be found from its creation on, and not from a minute later on.
	at := latency.Instant(doc.Fields.Created)
	probe := fmt.Sprintf("id in (%d) AND created >= %d AND NOT created >= %d", doc.ID, at, at.Add(time.Minute))
	page, err = w.ask(ctx, searchBody{JQL: probe, Fields: []string{"id"}, MaxResults: 1})
	if err != nil && !errors.Is(err, ErrRefused) {
		return l, err
	}
	l.tried = true
	if err != nil || len(page.Issues) == 0 {
		if l.zone, err = w.c.profileZone(); err != nil {
			return l, err
		}
		w.c.log.Warn("this Jira does not understand instants in queries: they are named in the zone of the account's profile, and polls look back further",
			zap.String("query", probe), zap.String("instead", l.since("created", at)), zap.Stringer("zone", l.zone))
	}
	w.c.mu.Lock()
	w.c.literal = l
	w.c.mu.Unlock()
	return l, nil
}

// inZone returns the literal in the zone that the profile has now.
func (c *Client) inZone() (literal, error) {
	zone, err := c.profileZone()
	if err != nil {
		return literal{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if before := c.literal.zone; before.String() != zone.String() {
		c.literal.zone = zone
		c.log.Warn("the zone of the account's profile was changed, in which this Jira is asked",
			zap.Stringer("before", before), zap.Stringer("now", zone))
	}
	return c.literal, nil
}

// profileZone returns the zone of the account's profile, as Myself read it.
func (c *Client) profileZone() (*time.Location, error) {
	c.mu.Lock()
	name := c.zone
	c.mu.Unlock()
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		return nil, &Error{Endpoint: "search", Detail: fmt.Sprintf("it does not understand instants in queries, and the account's profile has the zone %q, which is unknown: choose a zone in the profile", name), kind: jiradata.ErrIncomplete}
	}
	return zone, nil
}
