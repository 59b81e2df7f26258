// Package suite says how much the tests do. There is one switch:
//
//	YOURTURN_TEST=full
//
// makes every test run, with as many cases as are worth waiting for, and makes a
// test fail for a program that the machine lacks. Without it a test that lacks a
// program skips, and counts are so small that `go test ./...` takes minutes.
//
// Two tests that take half an hour, or a program of an earlier version, are not built but
// with the tag long (-tags long), which .ci/full gives.
//
// One thing that a test lacks skips it still: an export of real issues (YOURTURN_EXPORT).
// .ci/run says so when it has none.
package suite

import (
	"os"
	"strconv"
	"testing"
)

// Full reports whether YOURTURN_TEST asks for everything.
func Full() bool { return os.Getenv("YOURTURN_TEST") == "full" }

// Count returns how often a test repeats itself: what the environment variable
// name says, else full if everything is asked for, else small.
func Count(t testing.TB, name string, small, full int) int {
	t.Helper()
	text := os.Getenv(name)
	switch {
	case text == "" && Full():
		return full
	case text == "":
		return small
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: give a number above 0", name, text)
	}
	return n
}

// Lacks skips a test for a program that the machine lacks, or fails it if
// everything is asked for. pkg is the package of Debian that has the program.
func Lacks(t testing.TB, program, pkg string) {
	t.Helper()
	if Full() {
		t.Fatalf("%s is required: install Debian's package %s", program, pkg)
	}
	t.Skipf("%s is not installed", program)
}

// Skip skips a test for a reason that the machine gives, or fails it if everything is
// asked for.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if Full() {
		t.Fatalf("nothing skips with YOURTURN_TEST=full, and %s", reason)
	}
	t.Skip(reason)
}
