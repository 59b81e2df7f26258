package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNearest(t *testing.T) {
	known := []string{"acceptance_statuses", "accepted_statuses", "owner", "owners", "url"}
	for _, c := range []struct {
		word string
		want []string
	}{
		{"acceptance_status", []string{"acceptance_statuses"}},
		{"Owner", []string{"owner", "owners"}},
		{"ulr", []string{"url"}},
		{"colour", nil},
		{"", nil},
	} {
		if diff := cmp.Diff(c.want, Nearest(c.word, known, 2)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.word, diff)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}, {"serve", "sevre", 1}, {"open", "opne", 1}, {"ca", "abc", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q it is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
