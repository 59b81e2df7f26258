package query_test

import (
	"testing"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
)

type initials struct{}

func (initials) Of(person string) string { return "p-" + person[:1] }

// TestNameless holds that titles tell nobody who has a pseudonym.
func TestNameless(t *testing.T) {
	rules := &latency.Rules{
		Names:  map[string]string{"ada": "Ada Lovelace", "bob": "Bill"},
		People: map[string]string{"5b10ac8d82e05b22cc7d4ef5": "ada", "test": "bob"},
	}
	const title = "Pay a bill as Ada Lovelace (5b10ac8d82e05b22cc7d4ef5) in test"
	if got := query.Nameless(rules)(title); got != title {
		t.Errorf("without pseudonyms: %q", got)
	}
	rules.Pseudonyms = initials{}
	if got, want := query.Nameless(rules)(title), "Pay a bill as p-a (p-a) in test"; got != want {
		t.Errorf("with pseudonyms: %q, want %q", got, want)
	}
	if got := query.Nameless(&latency.Rules{Pseudonyms: initials{}})(title); got != title {
		t.Errorf("where nobody is known: %q", got)
	}
}
