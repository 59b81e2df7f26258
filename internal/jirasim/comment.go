package jirasim

import (
	"net/http"
	"slices"
	"strings"
)

// commentDoc is a comment as Jira renders one. Body is wiki text, and in the
// third version of REST a document.
type commentDoc struct {
	Self         string `json:"self"`
	ID           string `json:"id"`
	Author       any    `json:"author,omitempty"`
	UpdateAuthor any    `json:"updateAuthor,omitempty"`
	Body         any    `json:"body"`
	Created      string `json:"created"`
	Updated      string `json:"updated"`
	JSDPublic    *bool  `json:"jsdPublic,omitempty"` // Cloud
}

// commentsDoc is a page of comments.
type commentsDoc struct {
	Comments   []commentDoc `json:"comments"`
	MaxResults int          `json:"maxResults"`
	Total      int          `json:"total"`
	StartAt    int          `json:"startAt"`
}

func (c *call) renderComments(is *Issue, list []*Comment) []commentDoc {
	out := make([]commentDoc, len(list))
	for i, cm := range list {
		author := c.site.renderAuthor(cm.Author)
		out[i] = commentDoc{
			Self: c.link("/rest/api/" + c.version() + "/issue/" + number(is.ID) + "/comment/" + number(cm.ID)), ID: number(cm.ID),
			Author: author, UpdateAuthor: author, Body: cm.Body, Created: c.site.stamp(cm.Created), Updated: c.site.stamp(cm.Updated),
		}
		if c.v3 {
			out[i].Body = c.site.document(cm.Body)
		}
		if c.site.Flavor == Cloud {
			public := !cm.internal
			out[i].JSDPublic = &public
		}
	}
	return out
}

// visibleComments returns the comments that the account may see, and how many
// Jira says there are.
func (c *call) visibleComments(is *Issue) (list []*Comment, total int) {
	if !slices.ContainsFunc(is.Comments, func(cm *Comment) bool { return cm.restricted }) {
		return is.Comments, len(is.Comments)
	}
	list = slices.DeleteFunc(slices.Clone(is.Comments), func(cm *Comment) bool { return cm.restricted })
	if c.opts.CountRestricted {
		return list, len(is.Comments)
	}
	return list, len(list)
}

// inlineComments is the comment field: on Cloud the newest ones, with the true
// total.
func (c *call) inlineComments(is *Issue) commentsDoc {
	list, total := c.visibleComments(is)
	if extra := len(list) - c.opts.InlineComments; extra > 0 && c.site.Flavor == Cloud {
		list = list[extra:]
	}
	return commentsDoc{Comments: c.renderComments(is, list), MaxResults: len(list), Total: total}
}

// comments pages through an issue's comments, oldest first.
func (c *call) comments() {
	is := c.issueOf()
	if is == nil {
		return
	}
	q := c.r.URL.Query()
	list, total := c.visibleComments(is)
	switch strings.ToLower(strings.ReplaceAll(q.Get("orderBy"), " ", "")) {
	case "", "created", "+created": // a plus in a query is a space
	case "-created":
		list = slices.Clone(list)
		slices.Reverse(list)
	default:
		c.refuse(http.StatusBadRequest, "'orderBy' must be 'created', '+created' or '-created'.")
		return
	}
	start, size := c.window(c.opts.CommentPage, c.opts.CommentPage)
	if c.site.Flavor == DataCenter && q.Get("maxResults") == "" {
		size = len(list) // all of them, although its documentation says otherwise
	}
	c.json(http.StatusOK, commentsDoc{Comments: c.renderComments(is, cut(list, start, size)), MaxResults: size, Total: total, StartAt: start})
}
