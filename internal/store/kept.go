package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// ErrNotKept says that nothing is kept of a derivation, or that what is kept is not
// complete.
var ErrNotKept = errors.New("nothing is kept of a derivation")

// The parts of what is kept that are one value each.
const (
	keptMark   = "mark"
	keptTotals = "totals"
)

// mark says what all that is kept must be. Sums are of hashes, modulo 2^64, so that
// one row more, less or other is seen, and one row is written by itself.
type mark struct {
	Head    []byte `json:"head,omitempty"` // nil: it is not complete
	Ledger  string `json:"ledger"`         // the value of metaLedger
	Entries int64  `json:"entries"`        // rows of the ledger
	Names   int64  `json:"names"`
	Counted int64  `json:"counted"` // rows of kept_counted
	Rows    uint64 `json:"rows"`    // sum over the stories
	Rest    uint64 `json:"rest"`    // sum over the names, what was counted, and the totals
}

// hashOf returns the hash of a row of a table.
func hashOf(table string, n int64, body []byte) uint64 {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64([]byte(table), uint64(n))) //nolint:gosec // the bits are meant
	h.Write(body)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// readMark returns the mark, sealed; ok is false if there is none.
func readMark(ctx context.Context, q rowQuerier) (m mark, ok bool, err error) {
	var sealed []byte
	err = q.QueryRowContext(ctx, `SELECT body FROM kept_part WHERE key = $1`, keptMark).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	if len(sealed) < sha256.Size {
		return m, true, ErrDamaged
	}
	text := sealed[sha256.Size:]
	if sum := sha256.Sum256(text); !bytes.Equal(sum[:], sealed[:sha256.Size]) || json.Unmarshal(text, &m) != nil {
		return m, true, ErrDamaged
	}
	return m, true, nil
}

func putMark(ctx context.Context, tx *sql.Tx, m mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	return putPart(ctx, tx, keptMark, append(sum[:], text...))
}

func putPart(ctx context.Context, tx *sql.Tx, key string, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO kept_part (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body`, key, body)
	return err
}

// dropKept empties what is kept. Whoever follows derives every story anew then, whatever
// becomes of the process that writes.
func (s *Store) dropKept(ctx context.Context, tx *sql.Tx) error {
	if err := s.kind.anew(ctx, tx); err != nil {
		return err
	}
	for _, table := range []string{"kept", "kept_name", "kept_counted", "kept_part", "touched"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	return nil
}

// touch notes stories that were written, where something is kept of them, and for those
// who follow.
func (s *Store) touch(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.kind.note(ctx, tx, ids); err != nil {
		return err
	}
	var kept bool
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM kept_part WHERE key = $1`, keptMark).Scan(&kept); err != nil || !kept {
		return err
	}
	put, err := tx.PrepareContext(ctx, `INSERT INTO touched (story) VALUES ($1) ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	defer put.Close()
	for _, id := range ids {
		if _, err := put.ExecContext(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// keep writes what is kept with the entries that were counted, after the ledger was
// brought up to date. inserted is how many rows the ledger has more.
func (s *Store) keep(ctx context.Context, tx *sql.Tx, k *jiradata.Kept, counted []latency.Entry, inserted int64) error {
	var m mark
	before, _, err := readMark(ctx, tx)
	switch {
	case k.Reset:
		if err := s.dropKept(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger`).Scan(&m.Entries); err != nil {
			return err
		}
	case errors.Is(err, ErrDamaged):
		return s.dropKept(ctx, tx) // somebody damaged it since it was read
	case err != nil:
		return err
	default:
		m = before
		m.Entries += inserted
	}
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE((SELECT value FROM meta WHERE key = $1), '')`, metaLedger).Scan(&m.Ledger); err != nil {
		return err
	}
	if k.Head != nil {
		m.Head = k.Head
	}
	for _, step := range []func() error{
		func() error { return m.stories(ctx, tx, k.Stories) },
		func() error { return m.names(ctx, tx, k.Names) },
		func() error { return m.totals(ctx, tx, k.Totals) },
		func() error { return m.counted(ctx, tx, counted) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(k.Derived, idChunk) {
		if _, err := tx.ExecContext(ctx, `DELETE FROM touched WHERE story IN (`+idList(chunk)+`)`); err != nil {
			return err
		}
	}
	if !k.Reset && m.equal(&before) {
		return nil
	}
	return putMark(ctx, tx, m)
}

// equal reports whether two marks say the same.
func (m *mark) equal(o *mark) bool {
	return bytes.Equal(m.Head, o.Head) && m.Ledger == o.Ledger && m.Entries == o.Entries && m.Names == o.Names && m.Counted == o.Counted && m.Rows == o.Rows && m.Rest == o.Rest
}

func (m *mark) stories(ctx context.Context, tx *sql.Tx, bodies map[int64][]byte) error {
	if len(bodies) == 0 {
		return nil
	}
	get, err := tx.PrepareContext(ctx, `SELECT body FROM kept WHERE story = $1`)
	if err != nil {
		return err
	}
	defer get.Close()
	put, err := tx.PrepareContext(ctx, `INSERT INTO kept (story, body) VALUES ($1, $2) ON CONFLICT (story) DO UPDATE SET body = excluded.body`)
	if err != nil {
		return err
	}
	defer put.Close()
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		body := bodies[id]
		var had []byte
		switch err := get.QueryRowContext(ctx, id).Scan(&had); {
		case errors.Is(err, sql.ErrNoRows):
			had = nil
		case err != nil:
			return err
		default:
			m.Rows -= hashOf("kept", id, had)
		}
		if body == nil {
			if had != nil {
				_, err = tx.ExecContext(ctx, `DELETE FROM kept WHERE story = $1`, id)
			}
		} else {
			m.Rows += hashOf("kept", id, body)
			if had == nil || !bytes.Equal(had, body) {
				_, err = put.ExecContext(ctx, id, body)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mark) names(ctx context.Context, tx *sql.Tx, names []string) error {
	for _, name := range names {
		if _, err := tx.ExecContext(ctx, `INSERT INTO kept_name (n, name) VALUES ($1, $2)`, m.Names, name); err != nil {
			return err
		}
		m.Rest += hashOf("name", m.Names, []byte(name))
		m.Names++
	}
	return nil
}

// totals replaces the totals, in which what was counted before is.
func (m *mark) totals(ctx context.Context, tx *sql.Tx, totals []byte) error {
	if totals == nil {
		return nil
	}
	rows, err := rowsOf(ctx, tx, `SELECT n, body FROM kept_counted UNION ALL SELECT -1, body FROM kept_part WHERE key = '`+keptTotals+`'`, scanKept)
	if err != nil {
		return err
	}
	for _, r := range rows {
		m.Rest -= hashOf("counted", r.n, r.body)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM kept_counted`); err != nil {
		return err
	}
	m.Counted = 0
	m.Rest += hashOf("counted", -1, totals)
	return putPart(ctx, tx, keptTotals, totals)
}

func (m *mark) counted(ctx context.Context, tx *sql.Tx, entries []latency.Entry) error {
	if m.Head == nil {
		return nil // the totals are yet to come
	}
	for i := range entries {
		body := appendEntry(appendString(nil, string(entries[i].ID.Kind)), &entries[i])
		if _, err := tx.ExecContext(ctx, `INSERT INTO kept_counted (n, body) VALUES ($1, $2)`, m.Counted, body); err != nil {
			return err
		}
		m.Rest += hashOf("counted", m.Counted, body)
		m.Counted++
	}
	return nil
}

// keptRow is a row of a table of what is kept.
type keptRow struct {
	n    int64
	body []byte
}

func scanKept(rows *sql.Rows) (r keptRow, err error) { return r, rows.Scan(&r.n, &r.body) }

// Kept returns what is kept of the last derivation, and totals with what was counted
// since added by add. It is an ErrNotKept where nothing is, or is not complete, and an
// ErrDamaged where it is not as it was written, or the ledger is another one.
func (s *Store) Kept(ctx context.Context, add func(totals []byte, since []latency.Entry) error) (jiradata.KeptState, error) {
	var out jiradata.KeptState
	m, ok, err := readMark(ctx, s.read)
	switch {
	case err != nil:
		return out, s.explain(err)
	case !ok || m.Head == nil:
		return out, ErrNotKept
	}
	var ledger string
	var entries int64
	if err := s.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT value FROM meta WHERE key = $1), ''), (SELECT COUNT(*) FROM ledger)`, metaLedger).Scan(&ledger, &entries); err != nil {
		return out, s.explain(err)
	}
	if ledger != m.Ledger || entries != m.Entries {
		return out, fmt.Errorf("the ledger has %d entries, and had %d when the derivation was kept: %w", entries, m.Entries, ErrDamaged)
	}
	out.Head = m.Head
	var sum uint64
	names, err := query(ctx, s, `SELECT n, name FROM kept_name ORDER BY n`, scanKept)
	if err != nil {
		return out, err
	}
	for i, r := range names {
		if r.n != int64(i) {
			return out, fmt.Errorf("a name is missing: %w", ErrDamaged)
		}
		sum += hashOf("name", r.n, r.body)
		out.Names = append(out.Names, string(r.body))
	}
	counted, err := query(ctx, s, `SELECT n, body FROM kept_counted UNION ALL SELECT -1, body FROM kept_part WHERE key = '`+keptTotals+`' ORDER BY 1`, scanKept)
	if err != nil {
		return out, err
	}
	for _, r := range counted {
		sum += hashOf("counted", r.n, r.body)
	}
	if sum != m.Rest || len(counted) == 0 || counted[0].n != -1 {
		return out, fmt.Errorf("names or totals are not as they were written: %w", ErrDamaged)
	}
	since := make([]latency.Entry, len(counted)-1)
	dec := newDecoder()
	for i, r := range counted[1:] {
		if err := dec.counted(r.body, &since[i]); err != nil {
			return out, err
		}
	}
	if err := add(counted[0].body, since); err != nil {
		return out, errors.Join(err, ErrDamaged)
	}
	out.Changed, err = s.Touched(ctx)
	return out, err
}

// Touched returns the stories that were written since they were derived, in order, if
// something is kept of a derivation.
func (s *Store) Touched(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT story FROM touched ORDER BY story`, scanID)
}

func scanID(rows *sql.Rows) (id int64, err error) { return id, rows.Scan(&id) }

// counted reads an entry of the ledger with what its counting needs of its identity.
func (d *decoder) counted(body []byte, e *latency.Entry) error {
	d.rest, d.failed = body, false
	e.ID.Kind = latency.Kind(d.name())
	if d.failed {
		return ErrDamaged
	}
	return d.entry(d.rest, e)
}

// EachKept calls f with each story of which something is kept, whose bytes are valid
// during the call, and returns an ErrDamaged if they are not as they were written.
func (s *Store) EachKept(ctx context.Context, f func(story int64, body []byte) error) error {
	m, _, err := readMark(ctx, s.read)
	if err != nil {
		return s.explain(err)
	}
	rows, err := s.scan.QueryContext(s.kind.quiet(ctx), `SELECT story, body FROM kept ORDER BY story`)
	if err != nil {
		return s.explain(err)
	}
	defer rows.Close()
	var sum uint64
	for rows.Next() {
		var story integer
		var body sql.RawBytes
		if err := cmp.Or(ctx.Err(), rows.Scan(&story, &body)); err != nil {
			return s.explain(err)
		}
		sum += hashOf("kept", int64(story), body)
		if err := f(int64(story), body); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.explain(err)
	}
	if sum != m.Rows {
		return fmt.Errorf("what is kept of stories is not as it was written: %w", ErrDamaged)
	}
	return nil
}
