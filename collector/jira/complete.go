package jira

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// idOf returns the id of an issue, a valid document of which the rest may not be
// readable; 0 if it has no readable id.
func idOf(raw json.RawMessage) int64 {
	for name, value := range members(raw) {
		var id number
		if name == "id" && id.UnmarshalJSON(value) == nil {
			return int64(id)
		}
	}
	return 0
}

// quarantined describes an issue that could not be read.
func quarantined(raw json.RawMessage, err error) jiradata.Quarantined {
	var doc struct {
		Key string `json:"key"`
	}
	q := jiradata.Quarantined{ID: idOf(raw), Reason: shorten(err.Error())}
	if json.Unmarshal(raw, &doc) == nil {
		q.Key = doc.Key
		if len(q.Key) > maxKey {
			q.Key = q.Key[:maxKey]
		}
	}
	return q
}

// completePages turns the chunks of a search into pages of stories.
func (w *walk) completePages(ctx context.Context, chunks iter.Seq2[chunk, error]) iter.Seq2[jiradata.Page, error] {
	return func(yield func(jiradata.Page, error) bool) {
		for c, err := range chunks {
			var page jiradata.Page
			if err == nil {
				var gone []int64
				page, gone, err = w.completeChunk(ctx, c.issues)
				page.Cursor = c.cursor
				page.Quarantined = append(page.Quarantined, c.quarantined...)
				for _, id := range gone { // as if it had not been found
					w.c.log.Info("a story went while a search read it", zap.Int64("id", id))
				}
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// completeChunk reads what did not come with the issues, and turns them into
// stories. It returns the ids of those that went meanwhile.
func (w *walk) completeChunk(ctx context.Context, raw []json.RawMessage) (page jiradata.Page, gone []int64, err error) {
	readings := make([]*reading, 0, len(raw))
	there := make(map[number]bool, len(raw))
	for _, doc := range raw {
		r := &reading{source: doc, parentOnly: w.reads == readParents}
		if err := r.issue.read(doc); err != nil {
			page.Quarantined = append(page.Quarantined, quarantined(doc, err))
			continue
		}
		if there[r.issue.ID] {
			continue
		}
		there[r.issue.ID] = true
		readings = append(readings, r)
	}
	if readings, err = w.setAside(ctx, readings, &page); err != nil {
		return page, nil, err
	}
	if err := w.histories(ctx, readings); err != nil {
		return page, nil, err
	}
	if err := w.rereadFields(ctx, readings); err != nil {
		return page, nil, err
	}
	for _, r := range readings {
		err := w.completeReading(ctx, r)
		if errors.Is(err, errVanished) {
			there, lookErr := w.exists(ctx, int64(r.issue.ID))
			if lookErr != nil {
				return page, nil, lookErr
			}
			if !there {
				gone = append(gone, int64(r.issue.ID))
				continue
			}
		}
		if e := (*Error)(nil); errors.As(err, &e) || ctx.Err() != nil {
			return page, nil, err
		}
		var st jiradata.Story
		if err == nil {
			st, err = w.schema.story(r)
			if w.c.titles && !r.parentOnly {
				st.Title, st.Titled = titleOf(&r.issue)
			}
		}
		if err == nil {
			err = w.c.bounded(&st)
		}
		if err == nil {
			err = w.linkEpic(ctx, r, &st)
			if e := (*Error)(nil); errors.As(err, &e) || ctx.Err() != nil {
				return page, nil, err
			}
		}
		if err != nil {
			page.Quarantined = append(page.Quarantined, quarantined(r.source, err))
			continue
		}
		page.Stories = append(page.Stories, st)
	}
	return page, gone, nil
}

// exists reports whether an issue is there, after Jira said that a part of it is
// not.
func (w *walk) exists(ctx context.Context, id int64) (bool, error) {
	var doc json.RawMessage
	err := w.c.get(ctx, "issue", "rest/api/2/issue/"+strconv.FormatInt(id, 10), url.Values{"fields": {"status"}}, &doc)
	if provenAbsent(err) {
		return false, nil
	}
	return err == nil, unproven(err)
}

// setAside leaves out the issues that are known, and the canary if it was only to
// be found, and marks those that are read as parents alone.
func (w *walk) setAside(ctx context.Context, readings []*reading, page *jiradata.Page) ([]*reading, error) {
	q := &w.query
	var known map[int64]latency.Instant
	if q.Known != nil && len(readings) > 0 {
		ids := make([]int64, len(readings))
		for i, r := range readings {
			ids[i] = int64(r.issue.ID)
		}
		var err error
		if known, err = q.Known(ctx, ids); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(readings, func(r *reading) bool {
		id := int64(r.issue.ID)
		updated := r.updated()
		if id == q.Canary {
			page.Canary = true
			if updated != 0 && updated < q.Since {
				return true
			}
		}
		if slices.Contains(q.Parents, id) && !slices.Contains(q.Projects, r.project()) {
			r.parentOnly = true
			return false
		}
		if have, ok := known[id]; ok && updated != 0 && updated <= have {
			page.Unchanged = append(page.Unchanged, id)
			return true
		}
		return false
	}), nil
}

// completeReading reads what is still missing of an issue. An *Error concerns all
// issues, any other error only this one.
func (w *walk) completeReading(ctx context.Context, r *reading) error {
	if r.broken != nil || r.parentOnly {
		return r.broken
	}
	return w.comments(ctx, r)
}

// rereadFields reads Jira's fields again when a record changes a custom field that
// is not among them: it may hold people, and a change that is not read now is not
// read later. For a field that was deleted it asks once.
func (w *walk) rereadFields(ctx context.Context, readings []*reading) error {
	if w.fieldsReread {
		return nil
	}
	for _, r := range readings {
		for i := range r.histories {
			for j := range r.histories[i].Items {
				if w.schema.knows(&r.histories[i].Items[j]) {
					continue
				}
				w.fieldsReread = true
				if _, err := w.c.Fields(ctx); err != nil {
					return err
				}
				var err error
				w.schema, err = w.c.fieldsRead(ctx)
				return err
			}
		}
	}
	return nil
}

// issueKey is what the key of an issue looks like. Anything else that Jira gives as
// one must not become part of an address.
var issueKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*-[1-9][0-9]*$`)

// linkEpic makes the epic, which Data Center names by key, the story's parent.
func (w *walk) linkEpic(ctx context.Context, r *reading, st *jiradata.Story) error {
	key := w.schema.epicKey(&r.issue)
	if key == "" {
		return nil
	}
	id, ok := w.epics[key]
	if !ok {
		id = epicInHistory(st.History.Events, key)
		if id == "" && issueKey.MatchString(key) {
			var doc issue
			err := w.c.get(ctx, "issue", "rest/api/2/issue/"+key, url.Values{"fields": {"project"}}, &doc)
			if err != nil && !provenAbsent(err) {
				return unproven(err)
			}
			if err == nil && doc.ID == 0 {
				return lacking("issue", "id of an epic")
			}
			if err == nil {
				id = strconv.FormatInt(int64(doc.ID), 10)
			}
		}
		w.epics[key] = id
	}
	st.History.Now[latency.FieldParent] = []latency.Value{{ID: id, Name: key}}
	return nil
}

// epicInHistory returns the id that a record gave for the epic with a key.
func epicInHistory(events []latency.Event, key string) string {
	for i := range events {
		for _, c := range events[i].Changes {
			if c.Field == latency.FieldParent && c.To.Name == key {
				if _, err := strconv.ParseInt(c.To.ID, 10, 64); err == nil {
					return c.To.ID
				}
			}
		}
	}
	return ""
}
