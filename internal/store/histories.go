package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// idChunk bounds how many stories one query names.
const idChunk = 1000

// Histories streams stories with all their events, in order of id; nil ids
// mean all stories, others rise. Issues that are only parents are left out. A
// history, with all that it holds but strings, is valid until the next one.
func (s *Store) Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	if ids == nil {
		return s.HistoriesIn(ctx, everything())
	}
	return s.named(ctx, ids, s.merge)
}

// named streams the stories with these ids, as read reads them.
func (s *Store) named(ctx context.Context, ids []int64, read reading) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		dec := newDecoder()
		for chunk := range slices.Chunk(ids, idChunk) {
			in := ` IN (` + idList(chunk) + `)`
			if !stream(ctx, read, dec, selection{story: `parent_only = 0 AND id` + in, event: `story` + in}, yield) {
				return
			}
		}
	}
}

// Everything streams all issues with their events as Histories does, those that are
// only parents too.
func (s *Store) Everything(ctx context.Context) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		stream(ctx, s.merge, newDecoder(), selection{story: `TRUE`, event: `TRUE`}, yield)
	}
}

// Snapshot is the store as it was at one instant, while others write to it.
type Snapshot struct {
	store *Store
	tx    *sql.Tx
}

// Snapshot returns the store as it is now. Until it is closed, what is written to
// the store makes its journal longer.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	tx, err := s.scan.BeginTx(context.WithoutCancel(ctx), s.kind.snapshot())
	if err != nil {
		return nil, s.explain(err)
	}
	return &Snapshot{s, tx}, nil
}

// Histories is Store.Histories. One reading of a snapshot ends before the next begins.
func (v *Snapshot) Histories(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	read := func(ctx context.Context, dec *decoder, sel selection, yield func(*latency.History, error) bool) error {
		return v.store.mergeIn(ctx, v.tx, dec, sel, yield)
	}
	if ids != nil {
		return v.store.named(ctx, ids, read)
	}
	return func(yield func(*latency.History, error) bool) {
		stream(ctx, read, newDecoder(), selection{story: `parent_only = 0`, event: `TRUE`}, yield)
	}
}

// Close gives the store free.
func (v *Snapshot) Close() error {
	if err := v.tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return v.store.explain(err)
	}
	return nil
}

// HistoriesIn is Histories for the stories of a shard. Every stream has a
// connection of its own, and sees the store as it was when the stream began:
// any number of shards may be read at once.
func (s *Store) HistoriesIn(ctx context.Context, in jiradata.Shard) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		stream(ctx, s.merge, newDecoder(), selection{
			story: `parent_only = 0 AND id >= $1 AND id < $2`,
			event: `story >= $1 AND story < $2`,
			args:  []any{in.From, in.To},
		}, yield)
	}
}

// Parents streams the issues that are, or were, the parents of others, as
// Histories does.
func (s *Store) Parents(ctx context.Context) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		const in = ` IN (SELECT id FROM parent)`
		stream(ctx, s.merge, newDecoder(), selection{story: `id` + in, event: `story` + in}, yield)
	}
}

// ParentsOf streams those of some issues that are, or were, the parents of others, as
// Parents does.
func (s *Store) ParentsOf(ctx context.Context, ids []int64) iter.Seq2[*latency.History, error] {
	return func(yield func(*latency.History, error) bool) {
		in := ` IN (SELECT id FROM parent WHERE id IN (` + idList(ids) + `))`
		stream(ctx, s.merge, newDecoder(), selection{story: `id` + in, event: `story` + in}, yield)
	}
}

// StoryByID is Story for the story with that id.
func (s *Store) StoryByID(ctx context.Context, id int64) (*latency.History, error) {
	for h, err := range s.Histories(ctx, []int64{id}) {
		return h, err
	}
	return nil, nil
}

// Story returns the history of the story with that key, or nil.
func (s *Store) Story(ctx context.Context, key string) (*latency.History, error) {
	var id int64
	err := s.read.QueryRowContext(ctx, `SELECT id FROM story WHERE key = $1 AND parent_only = 0`, key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain(err)
	}
	return s.StoryByID(ctx, id)
}

// selection is conditions that select the same stories in two tables.
type selection struct {
	story, event string // conditions
	args         []any  // of both
}

// reading is a way to read the stories of a selection.
type reading func(ctx context.Context, dec *decoder, sel selection, yield func(*latency.History, error) bool) error

// stream yields the stories of a selection that have events; it reports whether the
// reader wants more. It merges two cursors, both in order of story id: a join would
// repeat the story's columns with each of its events.
func stream(ctx context.Context, read reading, dec *decoder, sel selection, yield func(*latency.History, error) bool) bool {
	if err := read(ctx, dec, sel, yield); err != nil {
		if !errors.Is(err, errStopped) {
			yield(nil, err)
		}
		return false
	}
	return true
}

// errStopped means that the reader wants no more.
var errStopped = errors.New("stopped") //nolint:gochecknoglobals // a constant in all but name

// merge is stream with its errors returned.
func (s *Store) merge(ctx context.Context, dec *decoder, sel selection, yield func(*latency.History, error) bool) error {
	tx, err := s.scan.BeginTx(s.kind.quiet(ctx), s.kind.snapshot())
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	return s.mergeIn(ctx, tx, dec, sel, yield)
}

// mergeIn is merge in a transaction, in which both cursors see the same state of
// the store.
func (s *Store) mergeIn(ctx context.Context, tx *sql.Tx, dec *decoder, sel selection, yield func(*latency.History, error) bool) error {
	quiet := s.kind.quiet(ctx)
	stories, err := s.kind.cursor(quiet, tx, `SELECT id, key, now FROM story WHERE `+sel.story+` ORDER BY id`, sel.args...)
	if err != nil {
		return s.explain(err)
	}
	defer stories.Close() //nolint:errcheck // it was read
	rows, err := s.kind.cursor(quiet, tx, `SELECT story, at, rank, id, body FROM event WHERE `+sel.event+` ORDER BY story, at, rank, id`, sel.args...)
	if err != nil {
		return s.explain(err)
	}
	defer rows.Close() //nolint:errcheck // it was read
	events := eventCursor{rows: rows}
	if err := events.next(); err != nil {
		return s.explain(err)
	}
	h := &latency.History{Now: latency.Snapshot{}}
	var list []latency.Event
	for stories.Next() {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("store %s: reading stories: %w", s.path, err)
		}
		var id integer
		var key, now sql.RawBytes
		if err := stories.Scan(&id, &key, &now); err != nil {
			return s.explain(err)
		}
		dec.reset()
		list = list[:0]
		for ; !events.done && events.story <= id; err = events.next() {
			if err != nil {
				return s.explain(err)
			}
			if events.story < id {
				continue // of an issue that is only a parent
			}
			list = append(list, latency.Event{At: latency.Instant(events.at), Rank: latency.Rank(events.rank), ID: int64(events.id)}) //nolint:gosec // it was one
			if err := dec.event(events.body, &list[len(list)-1]); err != nil {
				return fmt.Errorf("store %s: story %s: %w", s.path, key, err)
			}
		}
		if err != nil {
			return s.explain(err)
		}
		if len(list) == 0 {
			continue
		}
		if err := dec.snapshot(now, h.Now); err != nil {
			return fmt.Errorf("store %s: story %s: %w", s.path, key, err)
		}
		h.ID, h.Key, h.Events = int64(id), string(key), list
		if !yield(h, nil) {
			return errStopped
		}
	}
	return s.explain(stories.Err())
}

// eventCursor stands on an event.
type eventCursor struct {
	rows                cursor
	story, at, rank, id integer
	body                sql.RawBytes // valid until next
	done                bool         // there is none any more
}

// next goes to the next event.
func (c *eventCursor) next() error {
	if !c.rows.Next() {
		c.done = true
		return c.rows.Err()
	}
	return c.rows.Scan(&c.story, &c.at, &c.rank, &c.id, &c.body)
}

// integer is a number of a column. Into a plain int64 database/sql scans by
// reflection, which takes longer than to read the row.
type integer int64

// Scan implements sql.Scanner.
func (i *integer) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return fmt.Errorf("%w: a column holds %T and no integer", ErrDamaged, src)
	}
	*i = integer(v)
	return nil
}
