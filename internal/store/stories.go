package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
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
		w, err := prepare(ctx, tx, b.Stories, s.kind.rowsAtOnce())
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
		if err := w.flush(quiet); err != nil {
			return err
		}
		changed.Events = int(w.putEvent.affected)
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

const (
	putUserHead = `INSERT INTO account (id, type, name, display_name, active) VALUES `
	putUserTail = ` ON CONFLICT (id) DO UPDATE
			SET type = excluded.type, name = excluded.name, display_name = excluded.display_name, active = excluded.active
			WHERE (account.type, account.name, account.display_name, account.active) <> (excluded.type, excluded.name, excluded.display_name, excluded.active)`
	putUser = putUserHead + `($1, $2, $3, $4, $5)` + putUserTail
)

// writer writes one batch. Rows wait until there are as many as the database likes to take
// at once.
type writer struct {
	tx                                               *sql.Tx
	getEvents, mendEvent                             *sql.Stmt
	putStory, putEvent, putUser, putParent, putTitle rows

	released []int64 // stories that are in quarantine no more

	dec     *decoder
	body    []byte              // the last one encoded
	stories map[int64]*storyRow // what is stored, by id
	users   map[string]jiradata.User
	stored  map[identity][]byte // the bodies of the events that are stored of the last story; nil of those that wait
}

// storyRow is what is stored of a story beside its events.
type storyRow struct {
	key              string
	updated          int64
	parentOnly, gone bool
	now              []byte
	waits            bool // it, or an event of it, waits to be written
}

// identity is what makes an event of a story the same when it comes again.
type identity struct {
	at   latency.Instant
	rank latency.Rank
	id   int64
}

func prepare(ctx context.Context, tx *sql.Tx, stories []jiradata.Story, rowsAtOnce int) (*writer, error) {
	w := &writer{
		tx: tx, dec: newDecoder(), stories: map[int64]*storyRow{}, users: map[string]jiradata.User{}, stored: map[identity][]byte{},
		putStory: rows{columns: 5, head: `INSERT INTO story (id, key, updated, parent_only, now) VALUES `, tail: ` ON CONFLICT (id) DO UPDATE
			SET key = excluded.key, updated = excluded.updated, gone = 0, parent_only = excluded.parent_only, now = excluded.now`},
		putEvent:  rows{columns: 5, head: `INSERT INTO event (story, at, rank, id, body) VALUES `, tail: ` ON CONFLICT DO NOTHING`},
		putUser:   rows{columns: 5, head: putUserHead, tail: putUserTail},
		putParent: rows{columns: 2, head: `INSERT INTO parent (id, child) VALUES `, tail: ` ON CONFLICT DO NOTHING`},
		putTitle: rows{columns: 2, head: `INSERT INTO title (story, title) VALUES `, tail: ` ON CONFLICT (story) DO UPDATE
			SET title = excluded.title WHERE title.title <> excluded.title`},
	}
	for _, r := range w.rows() {
		r.most = rowsAtOnce
	}
	var ids []int64
	for i := range stories {
		ids = append(ids, stories[i].History.ID)
	}
	for chunk := range slices.Chunk(ids, idChunk) {
		if err := w.read(ctx, chunk); err != nil {
			return nil, err
		}
	}
	var err error
	if w.getEvents, err = tx.PrepareContext(ctx, `SELECT at, rank, id, body FROM event WHERE story = $1`); err == nil { //nolint:sqlclosecheck // close does
		w.mendEvent, err = tx.PrepareContext(ctx, `UPDATE event SET body = $5 WHERE story = $1 AND at = $2 AND rank = $3 AND id = $4`) //nolint:sqlclosecheck // close does
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// read reads what is stored of stories.
func (w *writer) read(ctx context.Context, ids []int64) error {
	type row struct {
		storyRow
		id int64
	}
	list, err := rowsOf(ctx, w.tx, `SELECT id, key, updated, parent_only, gone, now FROM story WHERE id IN (`+idList(ids)+`)`, func(r *sql.Rows) (v row, err error) {
		return v, r.Scan(&v.id, &v.key, &v.updated, &v.parentOnly, &v.gone, &v.now)
	})
	if err != nil {
		return err
	}
	for i := range list {
		w.stories[list[i].id] = &list[i].storyRow
	}
	return nil
}

// rows are the rows of each table.
func (w *writer) rows() []*rows {
	return []*rows{&w.putStory, &w.putEvent, &w.putUser, &w.putParent, &w.putTitle}
}

func (w *writer) close() {
	stmts := []*sql.Stmt{w.getEvents, w.mendEvent}
	for _, r := range w.rows() {
		stmts = append(stmts, r.full)
	}
	for _, stmt := range stmts {
		if stmt != nil {
			stmt.Close()
		}
	}
}

// flush writes the rows that wait.
func (w *writer) flush(ctx context.Context) error {
	for _, r := range w.rows() {
		if err := r.flush(ctx, w.tx); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(w.released, idChunk) {
		if _, err := w.tx.ExecContext(ctx, `DELETE FROM quarantine WHERE id IN (`+idList(chunk)+`)`); err != nil {
			return err
		}
	}
	w.released = w.released[:0]
	for _, row := range w.stories {
		row.waits = false
	}
	clear(w.users)
	return nil
}

// story writes one story, and notes in changed what that changed in the store.
func (w *writer) story(ctx context.Context, st *jiradata.Story, changed *jiradata.Changed) error {
	h := &st.History
	w.body = appendSnapshot(w.body[:0], h.Now)
	now := w.body
	touched := false
	clear(w.stored)
	had := w.stories[h.ID]
	switch {
	case had == nil:
		touched = true
	case st.ParentOnly && !had.parentOnly:
		return nil // stored as a story with all there is; its part as a parent is in that
	default:
		if had.waits { // it comes twice
			if err := w.flush(ctx); err != nil {
				return err
			}
		}
		touched = had.key != h.Key || !bytes.Equal(had.now, now) || had.parentOnly != st.ParentOnly || had.gone
		if err := w.events(ctx, h.ID); err != nil {
			return err
		}
	}
	if touched || had.updated != int64(st.Updated) {
		row := &storyRow{key: h.Key, updated: int64(st.Updated), parentOnly: st.ParentOnly, now: bytes.Clone(now)}
		w.stories[h.ID] = row
		if err := w.putStory.add(ctx, w.tx, h.ID, row.key, row.updated, row.parentOnly, row.now); err != nil {
			return err
		}
	}
	w.stories[h.ID].waits = true
	for i := range h.Events {
		ev := &h.Events[i]
		inserted, mended, err := w.event(ctx, h.ID, ev)
		if err != nil {
			return err
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
		if err := w.user(ctx, u); err != nil {
			return err
		}
	}
	if st.Titled { // no number changes with it
		if err := w.putTitle.add(ctx, w.tx, h.ID, st.Title); err != nil {
			return err
		}
	}
	w.released = append(w.released, h.ID)
	if touched {
		changed.Stories = append(changed.Stories, h.ID)
	}
	return nil
}

// user writes an account, unless the batch has just written it so.
func (w *writer) user(ctx context.Context, u jiradata.User) error {
	before, waits := w.users[u.ID]
	if u.ID == "" || waits && before == u {
		return nil
	}
	if waits { // one statement changes a row once
		if err := w.putUser.flush(ctx, w.tx); err != nil {
			return err
		}
	}
	w.users[u.ID] = u
	return w.putUser.add(ctx, w.tx, u.ID, u.Type, u.Name, u.DisplayName, u.Active)
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
		w.stored[same] = nil
		return true, false, w.putEvent.add(ctx, w.tx, story, int64(ev.At), ev.Rank, ev.ID, bytes.Clone(w.body))
	}
	if had == nil || bytes.Equal(had, w.body) { // the first of two stands
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
		if err := w.putParent.add(ctx, w.tx, id, child); err != nil {
			return err
		}
	}
	return nil
}
