package query

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/internal/latency"
)

// Link returns the address of a story in the Jira at an address, or of a comment on
// the story; comment 0 is none. Without an address of Jira there is no link: "".
func Link(jiraURL, storyKey string, comment int64) string {
	if jiraURL == "" || storyKey == "" {
		return ""
	}
	// A parenthesis would end a link in Markdown.
	key := strings.NewReplacer("(", "%28", ")", "%29").Replace(url.PathEscape(storyKey))
	link := strings.TrimRight(jiraURL, "/") + "/browse/" + key
	if comment != 0 {
		link += "?focusedCommentId=" + strconv.FormatInt(comment, 10)
	}
	return link
}

// Link returns the address of what a wait waits for: its story, or the comment that
// asks.
func (r *Reader) Link(w *latency.Wait) string { return Link(r.jira, w.Story, w.AskedIn()) }
