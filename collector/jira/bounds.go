package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// These bounds limit what is read, so that a broken Jira, or a broken proxy before it,
// cannot fill the memory, the store or every scrape. Each bound is far beyond what Jira
// itself allows. An issue beyond one is quarantined, and the others are read.
const (
	// maxReply is the longest reply that is read, in bytes as it is after
	// decompression: a page of 100 issues with long histories has a few megabytes. A
	// page that is longer is read issue by issue.
	maxReply = 32 << 20
	// maxValues is how many values a reply may hold: an empty one needs two bytes there
	// and a hundred in memory.
	maxValues = 1_000_000
	// maxGathered is how many bytes of issues are held before they are turned into
	// stories.
	maxGathered = 16 << 20

	maxKey     = 255       // bytes of a story's key, or of an account
	maxName    = 255       // characters of what Jira calls a person, a status, a project; the rest is cut off
	maxText    = 32 << 10  // bytes of a field's value, now or in a history; Jira's own texts end there
	maxComment = 512 << 10 // bytes of a comment's document; Jira allows 32,767 characters
	maxRecords = 20_000    // of a story's history, or its comments
	maxPending = 100_000   // records of many issues that are read together
)

// errTooLong means that a reply is longer than is read.
var errTooLong = fmt.Errorf("%w: the reply is longer than %d MiB, or holds more than %d values", ErrBadReply, maxReply>>20, maxValues)

// oldest is the oldest instant that is believed. Jira is of 2002, and other trackers
// that were imported are hardly older.
func oldest() latency.Instant { return latency.At(time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)) }

// newest returns the newest instant that is believed: a day from now by Jira's clock,
// for nodes and zones differ. Before Jira's clock is known nothing is too new.
func (c *Client) newest() latency.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == 0 {
		return latency.Instant(1<<63 - 1)
	}
	return c.at.Add(c.now().Sub(c.atLocal) + 24*time.Hour)
}

// plausible reports whether something may have happened at an instant.
func (c *Client) plausible(at latency.Instant) bool { return at >= oldest() && at <= c.newest() }

// bounded returns why a story is not stored: an instant that cannot be, or a text
// longer than Jira's own.
func (c *Client) bounded(st *jiradata.Story) error {
	low, high := oldest(), c.newest()
	instant := func(what string, at latency.Instant) error {
		if at < low || at > high {
			return fmt.Errorf("%s is at an impossible instant, %s; Jira's clock and 1990 bound what is believed", what, at.Time().Format(time.RFC3339))
		}
		return nil
	}
	switch key := st.History.Key; {
	case key == "":
		return errors.New("it has no key")
	case len(key) > maxKey:
		return tooLong("its key", len(key), maxKey)
	case strings.ContainsFunc(key, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }):
		return fmt.Errorf("its key holds a character that no key has: %q", key)
	}
	if err := instant("its update", st.Updated); err != nil {
		return err
	}
	for i := range st.History.Events {
		ev := &st.History.Events[i]
		if err := instant(described(ev), ev.At); err != nil {
			return err
		}
		for _, change := range ev.Changes {
			if n := max(len(change.From.ID), len(change.From.Name), len(change.To.ID), len(change.To.Name)); n > maxText {
				return tooLong(fmt.Sprintf("a value of %s in %s", change.Field, described(ev)), n, maxText)
			}
		}
	}
	for id, edit := range st.Edits {
		if err := instant(fmt.Sprintf("the edit of comment %d", id), edit.At); err != nil {
			return err
		}
	}
	for field, values := range st.History.Now {
		for _, v := range values {
			if n := max(len(v.ID), len(v.Name)); n > maxText {
				return tooLong("a value of "+field, n, maxText)
			}
		}
	}
	for i := range st.Users {
		if n := len(st.Users[i].ID); n > maxKey {
			return tooLong("the id of an account", n, maxKey)
		}
	}
	return nil
}

func tooLong(what string, n, most int) error {
	return fmt.Errorf("%s is %d bytes long, and %d are read at most", what, n, most)
}

// described names an event for people.
func described(ev *latency.Event) string {
	switch ev.Rank {
	case latency.RankCreated:
		return "its creation"
	case latency.RankRecord:
		return fmt.Sprintf("history record %d", ev.ID)
	default:
		return fmt.Sprintf("comment %d", ev.ID)
	}
}

// cut returns the first characters of a name: what people read, and nothing is found
// by.
func cut(name string) string {
	if len(name) <= maxName {
		return name
	}
	n := 0
	for i := range name {
		if n++; n > maxName {
			return name[:i]
		}
	}
	return name
}

// sizeOf returns how many bytes documents have together.
func sizeOf(docs []json.RawMessage) (n int) {
	for _, doc := range docs {
		n += len(doc)
	}
	return n
}

// unreadable returns the quarantine of an issue whose document alone is too long. Its
// key is asked for by itself.
func (w *walk) unreadable(ctx context.Context, id int64, why error) (jiradata.Quarantined, error) {
	q := jiradata.Quarantined{ID: id, Reason: reason(why)}
	var doc issue
	err := w.c.get(ctx, "issue", "rest/api/2/issue/"+strconv.FormatInt(id, 10), url.Values{"fields": {"status"}}, &doc)
	if err == nil && len(doc.Key) <= maxKey {
		q.Key = doc.Key
	}
	if err != nil && !lasting(err) && !errors.Is(err, errTooLong) {
		return q, err
	}
	return q, nil
}

// reason returns an error about one issue as the quarantine shows it: without what an
// operator could do about an error of Jira as a whole.
func reason(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.What()
	}
	return shorten(err.Error())
}
