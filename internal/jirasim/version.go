package jirasim

import (
	"maps"
	"slices"
	"time"
)

// maxLag is how far a search index may lag behind writes. Older states of an
// issue are forgotten, so that a generated past costs no memory.
const maxLag = time.Hour

// version is a state of an issue that held until an instant.
type version struct {
	until time.Time
	was   *Issue
}

// remember keeps the present state of an issue that changes at the instant at.
func (is *Issue) remember(at, now time.Time) {
	if at.Before(now.Add(-maxLag)) {
		return // every index has seen it
	}
	is.past = slices.DeleteFunc(is.past, func(v version) bool { return v.until.Before(at.Add(-maxLag)) })
	was := *is
	was.Fields, was.Histories, was.past = maps.Clone(is.Fields), slices.Clone(is.Histories), nil
	is.past = append(is.past, version{until: at, was: &was})
}

// asOf returns the issue as it was at an instant of the last maxLag, or nil
// before its creation.
func (is *Issue) asOf(t time.Time) *Issue {
	if is.Created.After(t) {
		return nil
	}
	for _, v := range is.past {
		if v.until.After(t) {
			return v.was
		}
	}
	return is
}
