package config

import (
	"slices"
	"strings"
	"testing"
)

// TestNaming holds where a config is found to name a person.
func TestNaming(t *testing.T) {
	const text = `jira:
  url: https://jira.example.com
  jql: assignee = alovelace
owners:
  ada:
    accounts:
      - 557058:f58131cb
      - ALovelace
automation_accounts: [&who po, *who] # Ada Lovelace is but a comment
defaults:
  question_labels: [ada, po, ask-Ada-Lovelace]
  question: {markers: ["Ask Ada Lovelace:", "Ada:"]}
`
	cfg, err := Parse("x.yml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		id, user, name string
		want           []string
	}{
		{"557058:f58131cb", "alovelace", "Ada Lovelace", []string{
			"x.yml:3: jira.jql names alovelace", "x.yml:7: owners.*.accounts names 557058:f58131cb", "x.yml:8: owners.*.accounts names alovelace",
			"x.yml:12: defaults.question.markers names Ada Lovelace",
		}},
		{"557058:F58131CB", "", "", []string{"x.yml:7: owners.*.accounts names 557058:F58131CB"}},
		{"po", "", "PO", []string{"x.yml:9: automation_accounts names po", "x.yml:9: automation_accounts names po"}}, // a word may mean anything elsewhere
		{"557058:f58131c", "", "Ada", nil},
		{"somebody-else", "lovelace", "Ada Lovelac", nil},
	} {
		if got := cfg.Naming(tc.id, tc.user, tc.name); !slices.Equal(got, tc.want) {
			t.Errorf("%s, %s, %s is named in\n%s\nwant\n%s", tc.id, tc.user, tc.name, strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
		}
	}
}
