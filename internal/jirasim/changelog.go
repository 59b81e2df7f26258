package jirasim

import (
	"cmp"
	"hash/fnv"
	"net/http"
	"slices"
)

// inlineRecords is how many records Cloud gives with expand=changelog: the
// newest ones, and no way to the rest.
const inlineRecords = 40

// changelogPage is how many records of one issue Cloud gives at a time.
const changelogPage = 100

// changelogDoc is the changelog within an issue.
type changelogDoc struct {
	StartAt    int          `json:"startAt"`
	MaxResults int          `json:"maxResults"`
	Total      int          `json:"total"`
	Histories  []historyDoc `json:"histories"`
}

// historyDoc is a history record. Created is a text, but in bulk answers a
// number of milliseconds.
type historyDoc struct {
	ID      string    `json:"id"`
	Author  any       `json:"author,omitempty"`
	Created any       `json:"created"`
	Items   []itemDoc `json:"items"`
}

// itemDoc is an Item as Jira renders one.
type itemDoc struct {
	Field      string  `json:"field"`
	FieldType  string  `json:"fieldtype"`
	FieldID    string  `json:"fieldId,omitempty"`
	From       *string `json:"from"`
	To         *string `json:"to"`
	FromString *string `json:"fromString"`
	ToString   *string `json:"toString"`
}

func (s *Site) renderHistory(h *History, created any) historyDoc {
	doc := historyDoc{ID: number(h.ID), Author: s.renderAuthor(h.Author), Created: created, Items: make([]itemDoc, len(h.Items))}
	for i, it := range h.Items {
		doc.Items[i] = itemDoc(it)
	}
	return doc
}

// renderHistories renders records with instants as text.
func (s *Site) renderHistories(list []*History) []historyDoc {
	out := make([]historyDoc, len(list))
	for i, h := range list {
		out[i] = s.renderHistory(h, s.stamp(h.Created))
	}
	return out
}

// histories returns the records of an issue that changelogs show.
func (c *call) histories(is *Issue) []*History {
	if c.opts.LoseRecord == nil {
		return is.Histories
	}
	return slices.DeleteFunc(slices.Clone(is.Histories), func(h *History) bool { return c.opts.LoseRecord(is.ID, h.ID) })
}

// inlineChangelog is what expand=changelog gives: on Cloud the newest records
// alone, on Data Center all of them, in no order to rely on.
func (c *call) inlineChangelog(is *Issue) *changelogDoc {
	list := slices.Clone(c.histories(is))
	total := len(list)
	if c.site.Flavor == Cloud {
		slices.Reverse(list)
		list = list[:min(len(list), inlineRecords)]
	} else {
		slices.SortFunc(list, func(a, b *History) int {
			return cmp.Or(cmp.Compare(scramble(a.ID), scramble(b.ID)), cmp.Compare(a.ID, b.ID))
		})
	}
	return &changelogDoc{MaxResults: len(list), Total: total, Histories: c.site.renderHistories(list)}
}

// scramble returns a number that has the order of nothing, and is always the same.
func scramble(id int64) uint32 {
	h := fnv.New32a()
	h.Write([]byte(number(id))) //nolint:errcheck // it cannot fail
	return h.Sum32()
}

// changelog is Cloud's complete changelog of one issue, oldest first.
func (c *call) changelog() {
	is := c.issueOf()
	if is == nil {
		return
	}
	ceiling := cmp.Or(c.opts.ChangelogPage, changelogPage)
	start, size := c.window(ceiling, ceiling)
	list := c.histories(is)
	c.json(http.StatusOK, map[string]any{
		"self":    c.link("/rest/api/" + c.version() + "/issue/" + number(is.ID) + "/changelog"),
		"startAt": start, "maxResults": size, "total": len(list), "isLast": start+size >= len(list),
		"values": c.site.renderHistories(cut(list, start, size)),
	})
}
