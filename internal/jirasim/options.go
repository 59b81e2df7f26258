package jirasim

import (
	"cmp"
	"net/http"
	"time"
)

// Options say how the simulated Jira answers.
type Options struct {
	// Token is the token that is accepted; required. Cloud takes it as the
	// password of a Basic pair, or, when Email is empty, as a bearer token like
	// Data Center does.
	Token string
	// Email is the other half of Cloud's Basic pair.
	Email string
	// ContextPath is where Jira lives on its host, for instance "/jira"; empty: at the root.
	ContextPath string
	// SiteURL is where people find Jira, as it says itself; empty: where it is asked.
	SiteURL string

	// SearchPage caps a page of a search that asks for fields; 0: 100.
	SearchPage int
	// IDPage caps a page of Cloud's search that asks for ids alone; 0: what is
	// asked for, 5,000 at most.
	IDPage int
	// ChangelogPage caps a page of Cloud's changelogs; 0: 100 records of one
	// issue, and as many as are asked for (10,000 at most) of many.
	ChangelogPage int
	// CommentPage caps a page of comments; 0: 100.
	CommentPage int
	// InlineComments caps the comment field on Cloud: the oldest are left out; 0: 100.
	InlineComments int
	// ResultWindow is how far Data Center pages by offset; 0: 10,000.
	ResultWindow int

	// LoginPage makes Data Center answer a refused token with a page to log in,
	// and with status 200.
	LoginPage bool

	// IndexLag is how long the search index lags behind writes, an hour at most:
	// until then searches see the former state of an issue, and those that were
	// deleted or hidden. Reads by id, and of
	// issues named in reconcileIssues, do not lag.
	IndexLag time.Duration
	// IndexLagOf is the lag of one issue, instead of IndexLag; with lags that
	// vary, a later write may be seen first, and what was seen may vanish. It is
	// called for every issue of a search and must not call the Site's methods.
	IndexLagOf func(issue int64) time.Duration
	// Unindexed reports whether the index lost an issue: no search shows it, but a
	// read by id does. Like IndexLagOf it must not call the Site's methods.
	Unindexed func(issue int64) bool
	// Garbled reports whether an issue is answered unreadable. Like
	// IndexLagOf it must not call the Site's methods.
	Garbled func(issue int64) bool
	// CountRestricted makes the totals of comments count those that the account
	// may not see.
	CountRestricted bool
	// LoseRecord reports whether no changelog shows a record of an issue's history.
	LoseRecord func(issue, record int64) bool
	// RepeatToken makes every page of Cloud's search after the first name itself
	// as the next one, as a broken Jira has been seen to do.
	RepeatToken bool

	// IsLast, where it is set, is what a page of Cloud's search says of being the
	// last one, instead of whether it is.
	IsLast func(last bool) bool

	// Withhold reports whether searches count an issue although no page of them
	// holds it. Like IndexLagOf it must not call the Site's methods.
	Withhold func(issue int64) bool
	// Warnings returns the warnings that a search gives with its results.
	Warnings func(jql string) []string

	// OnRequest is called with each request before it is answered; it may change the Site.
	OnRequest func(*http.Request)
	// Fault returns the bad answer to a request, or nil for the right one; it may
	// change the Site.
	Fault func(*http.Request) *Fault
}

// limits returns the options with Jira's values where none is set.
func (o Options) limits() Options {
	o.SearchPage = cmp.Or(o.SearchPage, 100)
	o.CommentPage = cmp.Or(o.CommentPage, 100)
	o.InlineComments = cmp.Or(o.InlineComments, 100)
	o.ResultWindow = cmp.Or(o.ResultWindow, 10000)
	return o
}
