package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Known returns what is stored of stories, by id; one that is not stored is absent.
func (s *Store) Known(ctx context.Context, ids []int64) (map[int64]jiradata.Known, error) {
	out := map[int64]jiradata.Known{}
	if len(ids) == 0 {
		return out, nil
	}
	in := idList(ids)
	stories, err := query(ctx, s, `SELECT id, updated, gone FROM story WHERE id IN (`+in+`)`, func(r *sql.Rows) (v struct {
		id      int64
		updated latency.Instant
		gone    bool
	}, err error,
	) {
		return v, r.Scan(&v.id, &v.updated, &v.gone)
	})
	if err != nil {
		return nil, err
	}
	for _, v := range stories {
		out[v.id] = jiradata.Known{Updated: v.updated, Gone: v.gone, Comments: map[int64]jiradata.KnownComment{}}
	}
	type row struct {
		story, id int64
		at        latency.Instant
		rank      latency.Rank
		body      []byte
	}
	rows, err := query(ctx, s, `SELECT story, at, rank, id, body FROM event WHERE story IN (`+in+`) AND rank IN ($1, $2, $3) ORDER BY story, at, rank, id`,
		func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.story, &v.at, &v.rank, &v.id, &v.body) },
		latency.RankCommentAdded, latency.RankCommentEdited, latency.RankCommentDeleted)
	if err != nil {
		return nil, err
	}
	dec := newDecoder()
	for _, v := range rows {
		known, ok := out[v.story]
		if !ok {
			continue
		}
		c := known.Comments[v.id]
		if v.rank == latency.RankCommentDeleted {
			c.Deleted = true
			known.Comments[v.id] = c
			continue
		}
		var ev latency.Event
		if err := dec.event(v.body, &ev); err != nil {
			return nil, fmt.Errorf("store %s: comment %d of story %d: %w", s.path, v.id, v.story, err)
		}
		c.Deleted, c.Facts = false, comment.Facts{}
		if ev.Comment != nil {
			c.Facts = *ev.Comment
		}
		if v.rank == latency.RankCommentAdded {
			c.First, c.Reading = c.Facts, dec.reading
		} else {
			c.Edits = append(c.Edits, jiradata.KnownEdit{At: v.at, Observed: ev.Observed, Reading: dec.reading})
		}
		known.Comments[v.id] = c
	}
	return out, nil
}

// Updates returns when stories were updated, as Jira said last, by id. Stories
// that have gone, and issues that are stored as parents alone, are absent.
func (s *Store) Updates(ctx context.Context, ids []int64) (map[int64]latency.Instant, error) {
	type row struct {
		id int64
		at latency.Instant
	}
	rows, err := query(ctx, s, `SELECT id, updated FROM story WHERE gone = 0 AND parent_only = 0 AND id IN (`+idList(ids)+`)`,
		func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.at) })
	out := make(map[int64]latency.Instant, len(rows))
	for _, v := range rows {
		out[v.id] = v.at
	}
	return out, err
}

// Keys returns the last known keys of stories, by id.
func (s *Store) Keys(ctx context.Context, ids []int64) (map[int64]string, error) {
	type row struct {
		id  int64
		key string
	}
	rows, err := query(ctx, s, `SELECT id, key FROM story WHERE id IN (`+idList(ids)+`)`,
		func(r *sql.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.key) })
	out := make(map[int64]string, len(rows))
	for _, v := range rows {
		out[v.id] = v.key
	}
	return out, err
}

// PresentIDs returns the ids of the stories that a census must find, in order:
// those that have not gone, and have not moved to a project that is not watched.
func (s *Store) PresentIDs(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT id FROM story WHERE gone = 0 AND parent_only = 0 AND id NOT IN (SELECT story FROM outside) ORDER BY id`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// StoryIDs returns the ids of at most n stories, in order, the first of which is not less
// than from. Those that have gone are among them.
func (s *Store) StoryIDs(ctx context.Context, from int64, n int) ([]int64, error) {
	return query(ctx, s, `SELECT id FROM story WHERE parent_only = 0 AND id >= $1 ORDER BY id LIMIT $2`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) }, from, n)
}

// MissingParents returns the ids of issues that stories have, or had, as parents
// and that are not stored, in order.
func (s *Store) MissingParents(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT DISTINCT id FROM parent WHERE NOT EXISTS (SELECT 1 FROM story WHERE story.id = parent.id) ORDER BY id`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// ParentsAlone returns the ids of issues that are stored for being parents of
// stories, and are none themselves, in order.
func (s *Store) ParentsAlone(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT id FROM story WHERE parent_only = 1 ORDER BY id`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// ParentsOutside returns the ids of issues that are stored as stories, have left
// the scope and are, or were, parents of stories that have not, in order.
func (s *Store) ParentsOutside(ctx context.Context) ([]int64, error) {
	return query(ctx, s, `SELECT story FROM outside WHERE EXISTS (SELECT 1 FROM parent JOIN story AS child ON child.id = parent.child
		WHERE parent.id = outside.story AND child.gone = 0 AND child.id NOT IN (SELECT story FROM outside)) ORDER BY story`,
		func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// Counts are how much the store holds of the watched projects.
type Counts struct {
	Stories, Records, Comments, Quarantined int
}

// Counts returns how much the store holds, without issues that are parents only.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.read.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM story WHERE parent_only = 0),
		(SELECT COUNT(*) FROM event JOIN story ON story.id = event.story WHERE parent_only = 0 AND rank = $1),
		(SELECT COUNT(*) FROM event JOIN story ON story.id = event.story WHERE parent_only = 0 AND rank = $2),
		(SELECT COUNT(*) FROM quarantine)`,
		latency.RankRecord, latency.RankCommentAdded).Scan(&c.Stories, &c.Records, &c.Comments, &c.Quarantined)
	return c, s.explain(err)
}
