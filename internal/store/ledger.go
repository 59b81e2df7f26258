package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// ledgerStart is when the ledger began, and with which config.
type ledgerStart struct {
	At          latency.Instant `json:"at,omitempty"` // 0: it has not begun
	Fingerprint string          `json:"fingerprint,omitempty"`
	Former      latency.Instant `json:"former,omitempty"` // when the ledger before it began
	Naming      string          `json:"naming,omitempty"` // what people were called then
}

const (
	metaLedger      = "ledger"
	metaLedgerStart = "ledger_start"
	// idleStep is how much time must pass before the ledger is written only because of
	// that: a poll that finds nothing should write no more than its state.
	idleStep = 15 * time.Minute
)

// Count enters into the ledger, in one transaction, the entries that it does not hold yet,
// and returns those that are newly counted: the ones that are not late
// (latency.LedgerState). The last call of a derivation advances the ledger to it, though
// not for every poll that finds nothing. It also writes kept, the result of that derivation
// for the next start; nil writes nothing. The stories of late entries are then noted as
// written, because each has a finding that is not kept yet.
func (s *Store) Count(ctx context.Context, entries []latency.Entry, by latency.Standing, last bool, kept *jiradata.Kept) ([]latency.Entry, error) {
	if len(entries) == 0 && !last && kept == nil {
		return nil, nil
	}
	var added []latency.Entry
	var late, entered []int64 // stories
	err := s.write(ctx, func(tx *sql.Tx) error {
		var before latency.LedgerState
		begun, err := getMeta(ctx, tx, metaLedger, &before)
		if err != nil {
			return err
		}
		var state jiradata.State
		if _, err := getMeta(ctx, tx, metaState, &state); err != nil {
			return err
		}
		by.Reading = state.Reading
		if len(entries) > 0 {
			isLate := func(e *latency.Entry) bool { return begun && before.Late(e, by) }
			isNew, err := s.enter(ctx, tx, entries, isLate)
			if err != nil {
				return err
			}
			for i := range entries {
				switch e := &entries[i]; {
				case !isNew[i]:
					continue
				case isLate(e):
					late = append(late, e.ID.StoryID)
				default:
					added = append(added, *e)
				}
				entered = append(entered, entries[i].ID.StoryID)
			}
		}
		if !begun {
			if err := beginLedger(ctx, tx, by); err != nil {
				return err
			}
		}
		now := before.Advanced(by)
		idle := begun && len(entries) == 0 && now.Fingerprint == before.Fingerprint && now.Reading == before.Reading && maps.Equal(now.Projects, before.Projects) &&
			now.AsOf >= before.AsOf && now.AsOf < before.AsOf.Add(idleStep)
		if last && !idle {
			if err := putMeta(ctx, tx, metaLedger, now); err != nil {
				return err
			}
		}
		if len(entered) > 0 {
			if err := s.kind.note(ctx, tx, entered); err != nil {
				return err
			}
		}
		if kept == nil {
			return nil
		}
		if err := s.keep(ctx, tx, kept, added, int64(len(entered))); err != nil {
			return err
		}
		return s.touch(ctx, tx, late)
	})
	if err != nil {
		return nil, err
	}
	return added, nil
}

// ledgerRows are rows of the ledger. One that it holds already stays.
func ledgerRows() rows {
	return rows{columns: 6, head: `INSERT INTO ledger (story, kind, topic, at, counted, body) VALUES `, tail: ` ON CONFLICT DO NOTHING`}
}

// enter writes entries that the ledger does not hold yet, and returns which of them are
// new: of two with one identity the first.
func (s *Store) enter(ctx context.Context, tx *sql.Tx, entries []latency.Entry, isLate func(*latency.Entry) bool) (isNew []bool, err error) {
	if most := s.kind.rowsAtOnce(); most > 1 {
		return enterMany(ctx, tx, entries, isLate, most)
	}
	r := ledgerRows()
	insert, err := tx.PrepareContext(ctx, r.text(1))
	if err != nil {
		return nil, err
	}
	defer insert.Close()
	quiet := s.kind.quiet(ctx)
	var body []byte
	for i := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := &entries[i]
		body = appendEntry(body[:0], e)
		res, err := insert.ExecContext(quiet, e.ID.StoryID, string(e.ID.Kind), e.ID.Topic, int64(e.ID.At), !isLate(e), body)
		if err != nil {
			return nil, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return nil, err
		}
		isNew = append(isNew, n == 1)
	}
	return isNew, nil
}

// enterMany is enter, with so many entries in one statement.
func enterMany(ctx context.Context, tx *sql.Tx, entries []latency.Entry, isLate func(*latency.Entry) bool, most int) (isNew []bool, err error) {
	r := ledgerRows()
	r.tail += ` RETURNING story, kind, topic, at`
	for chunk := range slices.Chunk(entries, most) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var args []any
		for i := range chunk {
			e := &chunk[i]
			args = append(args, e.ID.StoryID, string(e.ID.Kind), e.ID.Topic, int64(e.ID.At), !isLate(e), appendEntry(nil, e))
		}
		entered, err := entryIDs(tx.QueryContext(ctx, r.text(len(chunk)), args...))
		if err != nil {
			return nil, err
		}
		for i := range chunk {
			isNew = append(isNew, entered[chunk[i].ID])
			delete(entered, chunk[i].ID)
		}
	}
	return isNew, nil
}

// entryIDs reads the identities of entries that a query answers with.
func entryIDs(list *sql.Rows, err error) (map[latency.EntryID]bool, error) {
	if err != nil {
		return nil, err
	}
	defer list.Close()
	ids := map[latency.EntryID]bool{}
	for list.Next() {
		var id latency.EntryID
		if err := list.Scan(&id.StoryID, &id.Kind, &id.Topic, &id.At); err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, list.Err()
}

// beginLedger notes when the ledger began, unless that is noted. It began later
// than the one before it, even if no poll was complete in between.
func beginLedger(ctx context.Context, tx *sql.Tx, by latency.Standing) error {
	var start ledgerStart
	if _, err := getMeta(ctx, tx, metaLedgerStart, &start); err != nil || start.At != 0 {
		return err
	}
	start.At, start.Fingerprint = max(by.AsOf, start.Former+1), by.Fingerprint
	return putMeta(ctx, tx, metaLedgerStart, start)
}

// Ledger returns where the ledger stands; its zero value before the first
// derivation.
func (s *Store) Ledger(ctx context.Context) (latency.Ledger, error) {
	var state latency.LedgerState
	if _, err := getMeta(ctx, s.read, metaLedger, &state); err != nil {
		return latency.Ledger{}, s.explain(err)
	}
	var start ledgerStart
	_, err := getMeta(ctx, s.read, metaLedgerStart, &start)
	return latency.Ledger{Start: start.At, StartedBy: start.Fingerprint, AsOf: state.AsOf, Fingerprint: state.Fingerprint, Naming: start.Naming}, s.explain(err)
}

// LedgerIn streams the entries of a shard's stories, counted or not, in order
// of story id, kind, topic and instant. Like HistoriesIn it has a connection of
// its own.
func (s *Store) LedgerIn(ctx context.Context, in jiradata.Shard) iter.Seq2[latency.Counted, error] {
	return s.ledgerIn(ctx, in, ``)
}

// ledgerIn is LedgerIn of the entries for which another condition holds too.
func (s *Store) ledgerIn(ctx context.Context, in jiradata.Shard, and string) iter.Seq2[latency.Counted, error] {
	return func(yield func(latency.Counted, error) bool) {
		s.entries(ctx, `story >= $1 AND story < $2`+and, []any{in.From, in.To}, yield)
	}
}

// LedgerOf returns the entries of some stories, whose ids rise, as LedgerIn
// does.
func (s *Store) LedgerOf(ctx context.Context, ids []int64) ([]latency.Counted, error) {
	return s.ledgerOf(ctx, ids, ``)
}

// ledgerOf is LedgerOf of the entries for which another condition holds too.
func (s *Store) ledgerOf(ctx context.Context, ids []int64, and string) ([]latency.Counted, error) {
	var out []latency.Counted
	var failed error
	for chunk := range slices.Chunk(ids, idChunk) {
		if !s.entries(ctx, `story IN (`+idList(chunk)+`)`+and, nil, func(e latency.Counted, err error) bool {
			out, failed = append(out, e), err
			return err == nil
		}) {
			return nil, failed
		}
	}
	return out, nil
}

// entries yields the entries that where selects; it reports whether the reader wants
// more.
func (s *Store) entries(ctx context.Context, where string, args []any, yield func(latency.Counted, error) bool) bool {
	rows, err := s.scan.QueryContext(s.kind.quiet(ctx), `SELECT story, kind, topic, at, counted, body
		FROM ledger WHERE `+where+` ORDER BY story, kind, topic, at`, args...)
	if err != nil {
		yield(latency.Counted{}, s.explain(err))
		return false
	}
	defer rows.Close()
	dec := newDecoder()
	for rows.Next() {
		var e latency.Counted
		var story, at, counted integer
		var kind, topic, body sql.RawBytes
		if err := cmp.Or(ctx.Err(), rows.Scan(&story, &kind, &topic, &at, &counted, &body)); err != nil {
			yield(latency.Counted{}, s.explain(err))
			return false
		}
		e.ID = latency.EntryID{StoryID: int64(story), Kind: latency.Kind(dec.names.of(kind)), Topic: dec.names.of(topic), At: latency.Instant(at)}
		e.Counted = counted != 0
		if err := dec.entry(body, &e.Entry); err != nil {
			yield(latency.Counted{}, fmt.Errorf("store %s: ledger of story %d: %w", s.path, story, err))
			return false
		}
		if !yield(e, nil) {
			return false
		}
	}
	if err := rows.Err(); err != nil {
		yield(latency.Counted{}, s.explain(err))
		return false
	}
	return true
}

// NewLedger empties the ledger: the next derivation begins a new one with the
// whole history, which is one visible reset of the counters.
func (s *Store) NewLedger(ctx context.Context) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ledger`); err != nil {
			return err
		}
		if err := s.dropKept(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, metaLedger); err != nil {
			return err
		}
		var start ledgerStart
		if _, err := getMeta(ctx, tx, metaLedgerStart, &start); err != nil {
			return err
		}
		return putMeta(ctx, tx, metaLedgerStart, ledgerStart{Former: max(start.At, start.Former), Naming: start.Naming})
	})
}

// Rename notes what people are called in what leaves the service. Where that
// changes, the labels of all series do: the ledger keeps what it counted, and is
// taken for one that began as of asOf, so that nobody compares the two.
func (s *Store) Rename(ctx context.Context, naming string, asOf latency.Instant) (renamed bool, err error) {
	var start ledgerStart
	if _, err := getMeta(ctx, s.read, metaLedgerStart, &start); err != nil || start.Naming == naming {
		return false, s.explain(err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if _, err := getMeta(ctx, tx, metaLedgerStart, &start); err != nil {
			return err
		}
		start.Naming = naming
		renamed, err = restartLedger(ctx, tx, start, asOf)
		return err
	})
	return renamed, err
}

// restartLedger writes start as that of a ledger that begins as of asOf, with what
// was counted before. One that has not begun yet begins by itself: then it returns
// false.
func restartLedger(ctx context.Context, tx *sql.Tx, start ledgerStart, asOf latency.Instant) (begun bool, err error) {
	var state latency.LedgerState
	if begun, err = getMeta(ctx, tx, metaLedger, &state); err != nil {
		return false, err
	}
	if begun = begun || start.At != 0; begun {
		start.Former = max(start.At, start.Former)
		start.At = max(asOf, start.Former+1)
	}
	return begun, putMeta(ctx, tx, metaLedgerStart, start)
}
