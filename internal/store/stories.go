package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// SaveStories writes a batch in one transaction: the stories, their events,
// the accounts, the quarantine and the sync state, or nothing of it. An event
// that is stored stays as it is, except for what merge brings to it; an equal one
// changes nothing. It returns what changed.
func (s *Store) SaveStories(ctx context.Context, b jiradata.Batch) (jiradata.Changed, error) {
	var changed jiradata.Changed
	people, err := s.Erased(ctx)
	if err != nil {
		return changed, err
	}
	people.Stories(b.Stories)
	people.Quarantined(b.Quarantined)
	err = s.write(ctx, func(tx *sql.Tx) error {
		changed = jiradata.Changed{}
		w, err := prepare(ctx, tx)
		if err != nil {
			return err
		}
		defer w.close()
		quiet := s.kind.quiet(ctx)
		for i := range b.Stories {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.story(quiet, &b.Stories[i], &changed); err != nil {
				return fmt.Errorf("story %s: %w", b.Stories[i].History.Key, err)
			}
		}
		for _, q := range b.Quarantined {
			if _, err := tx.ExecContext(ctx, `INSERT INTO quarantine (id, key, reason, at) VALUES ($1, $2, $3, $4)
				ON CONFLICT (id, key) DO UPDATE SET reason = excluded.reason`, q.ID, q.Key, q.Reason, int64(b.At)); err != nil {
				return err
			}
		}
		if err := s.touch(ctx, tx, changed.Stories); err != nil {
			return err
		}
		return putMeta(ctx, tx, metaState, b.State)
	})
	return changed, err
}

const putUser = `INSERT INTO account (id, type, name, display_name, active) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE
			SET type = excluded.type, name = excluded.name, display_name = excluded.display_name, active = excluded.active
			WHERE (account.type, account.name, account.display_name, account.active) <> (excluded.type, excluded.name, excluded.display_name, excluded.active)`

// writer holds the statements of one batch.
type writer struct {
	tx                                                                                        *sql.Tx
	getStory, putStory, getEvents, putEvent, mendEvent, putUser, putParent, putTitle, release *sql.Stmt

	dec    *decoder
	body   []byte              // the last one encoded
	stored map[identity][]byte // the bodies of the events that are stored of the last story
}

// identity is what makes an event of a story the same when it comes again.
type identity struct {
	at   latency.Instant
	rank latency.Rank
	id   int64
}

func prepare(ctx context.Context, tx *sql.Tx) (*writer, error) {
	w := &writer{tx: tx, dec: newDecoder(), stored: map[identity][]byte{}}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&w.getStory, `SELECT key, updated, parent_only, gone, now FROM story WHERE id = $1`},
		{&w.putStory, `INSERT INTO story (id, key, updated, parent_only, now) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE
			SET key = excluded.key, updated = excluded.updated, gone = 0, parent_only = excluded.parent_only, now = excluded.now`},
		{&w.getEvents, `SELECT at, rank, id, body FROM event WHERE story = $1`},
		{&w.putEvent, `INSERT INTO event (story, at, rank, id, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`},
		{&w.mendEvent, `UPDATE event SET body = $5 WHERE story = $1 AND at = $2 AND rank = $3 AND id = $4`},
		{&w.putUser, putUser},
		{&w.putParent, `INSERT INTO parent (id, child) VALUES ($1, $2) ON CONFLICT DO NOTHING`},
		{&w.putTitle, `INSERT INTO title (story, title) VALUES ($1, $2) ON CONFLICT (story) DO UPDATE SET title = excluded.title WHERE title.title <> excluded.title`},
		{&w.release, `DELETE FROM quarantine WHERE id = $1`},
	} {
		var err error
		if *p.stmt, err = tx.PrepareContext(ctx, p.text); err != nil { //nolint:sqlclosecheck // close does
			w.close()
			return nil, err
		}
	}
	return w, nil
}

func (w *writer) close() {
	for _, stmt := range []*sql.Stmt{w.getStory, w.putStory, w.getEvents, w.putEvent, w.mendEvent, w.putUser, w.putParent, w.putTitle, w.release} {
		if stmt != nil {
			stmt.Close()
		}
	}
}

// story writes one story, and notes in changed what that changed in the store.
func (w *writer) story(ctx context.Context, st *jiradata.Story, changed *jiradata.Changed) error {
	h := &st.History
	w.body = appendSnapshot(w.body[:0], h.Now)
	now := w.body
	var key string
	var had []byte
	var updated int64
	var parentOnly, gone, touched bool
	clear(w.stored)
	err := w.getStory.QueryRowContext(ctx, h.ID).Scan(&key, &updated, &parentOnly, &gone, &had)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		touched = true
	case err != nil:
		return err
	default:
		if st.ParentOnly && !parentOnly {
			return nil // stored as a story with all there is; its part as a parent is in that
		}
		touched = key != h.Key || !bytes.Equal(had, now) || parentOnly != st.ParentOnly || gone
		if err := w.events(ctx, h.ID); err != nil {
			return err
		}
	}
	if touched || updated != int64(st.Updated) {
		if _, err := w.putStory.ExecContext(ctx, h.ID, h.Key, int64(st.Updated), st.ParentOnly, now); err != nil {
			return err
		}
	}
	for i := range h.Events {
		ev := &h.Events[i]
		inserted, mended, err := w.event(ctx, h.ID, ev)
		if err != nil {
			return err
		}
		if inserted {
			changed.Events++
		}
		if mended {
			changed.Mended++
		}
		touched = touched || inserted || mended
		for _, c := range ev.Changes {
			if c.Field == latency.FieldParent {
				if err := w.parents(ctx, h.ID, c.From, c.To); err != nil {
					return err
				}
			}
		}
	}
	if err := w.parents(ctx, h.ID, h.Now[latency.FieldParent]...); err != nil {
		return err
	}
	for _, u := range st.Users {
		if u.ID == "" {
			continue
		}
		if _, err := w.putUser.ExecContext(ctx, u.ID, u.Type, u.Name, u.DisplayName, u.Active); err != nil {
			return err
		}
	}
	if st.Titled { // no number changes with it
		if _, err := w.putTitle.ExecContext(ctx, h.ID, st.Title); err != nil {
			return err
		}
	}
	if _, err := w.release.ExecContext(ctx, h.ID); err != nil {
		return err
	}
	if touched {
		changed.Stories = append(changed.Stories, h.ID)
	}
	return nil
}

// events reads what is stored of the events of a story.
func (w *writer) events(ctx context.Context, story int64) error {
	rows, err := w.getEvents.QueryContext(ctx, story)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at, rank, id integer
		var body []byte
		if err := rows.Scan(&at, &rank, &id, &body); err != nil {
			return err
		}
		w.stored[identity{latency.Instant(at), latency.Rank(rank), int64(id)}] = body //nolint:gosec // it was one
	}
	return rows.Err()
}

// event writes one event of a story. It reports whether the event is new, and
// whether a stored one differs now.
func (w *writer) event(ctx context.Context, story int64, ev *latency.Event) (inserted, mended bool, err error) {
	w.body = appendEvent(w.body[:0], ev, jiradata.Reading)
	same := identity{ev.At, ev.Rank, ev.ID}
	had, stored := w.stored[same]
	if !stored {
		res, err := w.putEvent.ExecContext(ctx, story, int64(ev.At), ev.Rank, ev.ID, w.body)
		if err != nil {
			return false, false, err
		}
		n, err := res.RowsAffected() // none: it is there twice
		return n > 0, false, err
	}
	if bytes.Equal(had, w.body) {
		return false, false, nil
	}
	before := latency.Event{At: ev.At, Rank: ev.Rank, ID: ev.ID}
	w.dec.reset()
	if err := w.dec.event(had, &before); err != nil {
		return false, false, err
	}
	merged, mended := merge(&before, ev, w.dec.reading, jiradata.Reading)
	// Facts that this reading has looked at are of this reading, equal or not.
	w.body = appendEvent(w.body[:0], &merged, max(w.dec.reading, jiradata.Reading))
	if !bytes.Equal(had, w.body) {
		if _, err := w.mendEvent.ExecContext(ctx, story, int64(ev.At), ev.Rank, ev.ID, w.body); err != nil {
			return false, false, err
		}
		w.stored[same] = bytes.Clone(w.body) // it may come twice
	}
	return false, mended, nil
}

// parents notes issues as parents of a story.
func (w *writer) parents(ctx context.Context, child int64, values ...latency.Value) error {
	for _, v := range values {
		id, err := strconv.ParseInt(v.ID, 10, 64)
		if err != nil {
			continue // none, or one that Jira gave no id
		}
		if _, err := w.putParent.ExecContext(ctx, id, child); err != nil {
			return err
		}
	}
	return nil
}
