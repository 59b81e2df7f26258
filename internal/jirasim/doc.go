// Package jirasim is a simulated Jira: it speaks Jira's REST over HTTP, in
// Cloud's and in Data Center's flavour, so that everything above HTTP runs and can
// be tested without a Jira.
//
// A Site holds what a Jira holds: users, projects, boards, and issues with
// their histories and comments. LoadExport fills one from an export of real
// issues; a generator or a test fills one by its mutators (CreateIssue, Change,
// Comment, Move and so on). NewServer answers for a Site:
//
//	site := jirasim.NewSite(jirasim.Cloud, time.Now)
//	http.ListenAndServe(addr, jirasim.NewServer(site, jirasim.Options{Token: "t", Email: "bot@example.com"}))
//
// The server has Jira's pitfalls. On Cloud the old search is gone, page
// tokens are opaque, an inline changelog ends after the 40 newest records, and
// a dead token sees an empty Jira instead of a refusal. On Data Center searches
// end at a window of results, changelogs come in no order, and what Cloud alone
// knows answers 404 in another envelope. Options turn the knobs that a test
// needs: page sizes, a search index that lags, page tokens that repeat, and any
// bad answer to any request. Only reads are implemented; everything else answers
// 404. Links to an issue lead to /browse/KEY, which needs no login and shows none
// of the texts.
//
// The package knows nothing of how the product measures anything: it imports
// neither the domain, nor the store, nor the collector.
package jirasim
