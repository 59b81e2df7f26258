package jira

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// The fields that hold what a story is called, and who may see it.
const (
	summaryField  = "summary"
	securityField = "security"
)

// titlesAtOnce is how many titles a search asks for.
const titlesAtOnce = 500

// maxRefused is how many queries for some titles Jira may refuse because of ids that
// do not exist: more are refused for another reason.
const maxRefused = 100

// Titles returns what stories are called, by id: "" for one that has a security level.
// It leaves out those that Jira does not show. It asks Jira's search, so a story that
// changed a moment ago may have its former title: the poll that finds the change
// brings the new one.
func (c *Client) Titles(ctx context.Context, ids []int64) (map[int64]string, error) {
	w, err := c.newWalk(ctx, jiradata.Query{}, readTitles)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]string, len(ids))
	for part := range slices.Chunk(ids, titlesAtOnce) {
		if err := w.titles(ctx, part, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// titles adds the titles of some stories to out. Jira may refuse a query for one id
// that does not exist any more: then it is asked for the halves, down to that one.
func (w *walk) titles(ctx context.Context, ids []int64, out map[int64]string) error {
	refused := 0
	for todo := [][]int64{ids}; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		err := w.titlesOf(ctx, part, out)
		if !errors.Is(err, ErrRefused) {
			if err != nil {
				return err
			}
			continue
		}
		if refused++; refused > maxRefused {
			return err
		}
		if half := len(part) / 2; half > 0 {
			todo = append(todo, part[:half], part[half:])
		}
	}
	return nil
}

// titlesOf is titles for ids that all exist.
func (w *walk) titlesOf(ctx context.Context, ids []int64, out map[int64]string) error {
	for chunk, err := range w.search(ctx, fmt.Sprintf("id in (%s)", list(ids))) {
		if err != nil {
			return err
		}
		for _, raw := range chunk.issues {
			var is issue
			if is.read(raw) != nil {
				continue // the poll that reads it says what is wrong
			}
			if title, ok := titleOf(&is); ok {
				out[int64(is.ID)] = title
			}
		}
	}
	return nil
}

// titleOf returns what may be kept of an issue's title: nothing of one that has a
// security level, and of others the first 255 characters, which is all that Jira
// itself allows. ok is false where Jira gave no summary, though it was asked for one.
func titleOf(is *issue) (title string, ok bool) {
	raw, given := is.Fields[summaryField]
	if !given {
		return "", false
	}
	if !isNull(is.Fields[securityField]) {
		return "", true
	}
	var summary text
	if isNull(raw) || summary.UnmarshalJSON(raw) != nil {
		return "", true // people read it, and no rule does: the story is read all the same
	}
	return cut(strings.TrimSpace(string(summary))), true
}
