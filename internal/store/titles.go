package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
)

// metaUntitled marks a store that was filled before there were titles.
const metaUntitled = "untitled"

// metaTitlesLeft marks a store whose titles were deleted, and lie in its database still.
const metaTitlesLeft = "titles_left"

// Titles returns what stories are called, by id. Absent are stories that have a
// security level, that went or left the scope, or whose title was not read yet; and
// all of them where no titles are kept (WantsTitles). One query reads the titles of
// up to a thousand stories.
func (s *Store) Titles(ctx context.Context, ids []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	if has, err := s.has(ctx, "title"); err != nil || !has {
		return out, err
	}
	type row struct {
		id    int64
		title string
	}
	for chunk := range slices.Chunk(ids, idChunk) {
		rows, err := query(ctx, s, `SELECT story, title FROM title WHERE title <> '' AND story IN (`+idList(chunk)+`)`,
			func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.title) })
		if err != nil {
			return nil, err
		}
		for _, v := range rows {
			out[v.id] = v.title
		}
	}
	return out, nil
}

// WantsTitles reports whether a config makes the store keep titles: it allows them,
// and, where the store was filled before there were titles, says so itself instead of
// by default. KeepTitles puts that in force.
func (s *Store) WantsTitles(ctx context.Context, allowed, written bool) (bool, error) {
	if !allowed || written {
		return allowed, nil
	}
	var untitled bool
	_, err := getMeta(ctx, s.read, metaUntitled, &untitled)
	return !untitled, s.explain(err)
}

// KeepTitles says whether titles are kept from now on. If not, those that are stored
// are deleted, and what they were is overwritten in the file. Once they are kept, the
// store counts as one that always had them.
func (s *Store) KeepTitles(ctx context.Context, keep bool) error {
	// A start that changes nothing writes nothing.
	const stored, marked = `SELECT EXISTS (SELECT 1 FROM title) OR EXISTS (SELECT 1 FROM meta WHERE key = $1)`, `SELECT EXISTS (SELECT 1 FROM meta WHERE key = $1)`
	var has bool
	var err error
	if keep {
		err = s.read.QueryRowContext(ctx, marked, metaUntitled).Scan(&has)
	} else {
		err = s.read.QueryRowContext(ctx, stored, metaTitlesLeft).Scan(&has)
	}
	if err != nil || !has {
		return s.explain(err)
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if keep {
			return dropMeta(ctx, tx, metaUntitled)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM title`); err != nil {
			return err
		}
		return putMeta(ctx, tx, metaTitlesLeft, true)
	})
	if err != nil || keep {
		return err
	}
	// The journal, or the table's file, still holds them. If somebody reads it, the next start
	// overwrites it.
	err = s.explain(s.kind.forget(ctx, s.db, "title"))
	if errors.Is(err, ErrBusy) || errors.Is(err, ErrInUse) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error { return dropMeta(ctx, tx, metaTitlesLeft) })
}

// dropMeta deletes what is noted under a key.
func dropMeta(ctx context.Context, tx *sql.Tx, key string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, key)
	return err
}

// Untitled returns the ids of the stories whose titles were not read yet, of those
// that a census must find (PresentIDs), in order.
func (s *Store) Untitled(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT id FROM story WHERE gone = 0 AND parent_only = 0 AND id NOT IN (SELECT story FROM outside)
		AND id NOT IN (SELECT story FROM title) ORDER BY id`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// SaveTitles writes the titles of stories that had none: "" for one whose title must
// not be kept. A title that came with its story stays, because it is newer.
func (s *Store) SaveTitles(ctx context.Context, titles map[int64]string) error {
	people, err := s.Erased(ctx)
	if err != nil || len(titles) == 0 {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(titles)) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO title (story, title) SELECT id, $2 FROM story WHERE id = $1 AND gone = 0 AND parent_only = 0
				ON CONFLICT DO NOTHING`, id, people.Title(titles[id])); err != nil {
				return err
			}
		}
		return nil
	})
}

// forgetTitles deletes the titles of stories that Jira does not show any more: they
// may have a security level now.
func forgetTitles(ctx context.Context, tx *sql.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM title WHERE story IN (`+idList(ids)+`)`)
	return err
}

// titles replaces people in titles.
func (r *replacer) titles(ctx context.Context) error {
	type row struct {
		id    int64
		title string
	}
	after := int64(-1 << 63)
	for {
		list, err := rowsOf(ctx, r.tx, `SELECT story, title FROM title WHERE story > $1 ORDER BY story LIMIT $2`,
			func(rows *sql.Rows) (v row, err error) { return v, rows.Scan(&v.id, &v.title) }, after, replaceChunk)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].id
		for _, v := range list {
			if now := r.people.Title(v.title); now != v.title {
				if err := r.update(ctx, "title", `UPDATE title SET title = $2 WHERE story = $1`, v.id, now); err != nil {
					return err
				}
			}
		}
	}
}
