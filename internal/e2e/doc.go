// Package e2e holds the end-to-end tests. They drive the commands through the
// entry point that main uses, the built binary where the behaviour of a process
// matters, or a service of package app, against a simulated Jira over HTTP. Each
// file is named for what it shows.
//
// A Jira can make a poller silently wrong in ten ways. Each has a file here: the
// service reads a Jira that does it, and gets its numbers right, or says that it
// cannot where an operator looks. It says nothing where the Jira does nothing
// wrong.
//
//	 1  deadtoken_test.go     a dead token is no empty Jira
//	 2  cutchangelog_test.go  a changelog that is cut off
//	 3  instants_test.go      instants in queries, and the zone of the profile
//	 4  laggingindex_test.go  a search index that lags
//	 5  partofacycle_test.go  a cycle that fails half way
//	 6  comments_test.go      comments that are edited, deleted or restricted
//	 7  vanished_test.go      stories that are deleted, moved or not visible any more
//	 8  statuses_test.go      statuses that are renamed, and moves that are no verdict
//	 9  people_test.go        people who are renamed, replaced or anonymised
//	10  pages_test.go         pages that overlap, repeat or end early
//
// Files without tests: rig_test.go has a service on a small Jira that a test
// changes step by step, organisation_test.go a generated Jira with months of
// history, running_test.go commands that run, and numbers_test.go recomputes what
// the metrics must show from what `waits` lists. The files walk*_test.go are one test:
// walk_test.go walks through all pages and compares their numbers, and the others are
// its table of where each number comes from.
package e2e
