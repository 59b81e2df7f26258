package collector_test

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"github.com/yourturn/yourturn/internal/archive"
	"github.com/yourturn/yourturn/internal/latency"
)

// memory is a Store without a disk.
type memory struct {
	state      archive.State
	meta       archive.Meta
	stories    map[int64]*archive.Story
	quarantine map[int64]archive.Quarantined
}

func newMemory() *memory {
	return &memory{stories: map[int64]*archive.Story{}, quarantine: map[int64]archive.Quarantined{}}
}

func (m *memory) State(context.Context) (archive.State, error) { return m.state, nil }

func (m *memory) SaveMeta(_ context.Context, meta archive.Meta) error {
	m.meta = meta
	return nil
}

func (m *memory) Known(_ context.Context, ids []int64) (map[int64]archive.Known, error) {
	out := map[int64]archive.Known{}
	for _, id := range ids {
		st := m.stories[id]
		if st == nil {
			continue
		}
		k := archive.Known{Updated: st.Updated, Comments: map[int64]archive.KnownComment{}}
		for _, ev := range st.History.Events {
			switch ev.Rank {
			case latency.RankCommentAdded, latency.RankCommentEdited:
				k.Comments[ev.ID] = archive.KnownComment{Facts: *ev.Comment}
			case latency.RankCommentDeleted:
				k.Comments[ev.ID] = archive.KnownComment{Facts: k.Comments[ev.ID].Facts, Deleted: true}
			default:
			}
		}
		out[id] = k
	}
	return out, nil
}

func (m *memory) SaveStories(_ context.Context, b archive.Batch) (archive.Changed, error) {
	var changed archive.Changed
	for i := range b.Stories {
		st := b.Stories[i]
		before := m.stories[st.History.ID]
		var events []latency.Event
		if before != nil {
			events = before.History.Events
		}
		fresh := 0
		for _, ev := range st.History.Events {
			if !slices.ContainsFunc(events, func(have latency.Event) bool { return latency.CompareEvents(have, ev) == 0 }) {
				events = append(events, ev)
				fresh++
			}
		}
		slices.SortFunc(events, latency.CompareEvents)
		if fresh > 0 || before == nil || !reflect.DeepEqual(before.History.Now, st.History.Now) {
			changed.Stories = append(changed.Stories, st.History.ID)
		}
		changed.Events += fresh
		st.History.Events = events
		m.stories[st.History.ID] = &st
		delete(m.quarantine, st.History.ID)
	}
	for _, q := range b.Quarantined {
		m.quarantine[q.ID] = q
	}
	b.State.Parents, b.State.Wanted = slices.Clone(b.State.Parents), slices.Clone(b.State.Wanted)
	m.state = b.State
	return changed, nil
}

// ids returns the stories kept, in order; those that are parents alone apart.
func (m *memory) ids() (stories, parents []int64) {
	for id, st := range m.stories {
		if st.ParentOnly {
			parents = append(parents, id)
		} else {
			stories = append(stories, id)
		}
	}
	slices.SortFunc(stories, cmp.Compare[int64])
	slices.SortFunc(parents, cmp.Compare[int64])
	return stories, parents
}
