// Package support makes the bundle that somebody attaches to a bug report: what the
// service is, how it is configured and what it did last, without secrets and without
// names. Names finds people and hosts in text (names.go), Ring keeps the last lines of
// the log (ring.go), and Bundle is the archive (bundle.go). What goes into it is
// gathered by package app.
package support
