package query_test

import (
	"testing"

	"github.com/yourturn/yourturn/internal/query"
)

func TestLink(t *testing.T) {
	for _, tc := range []struct {
		jira, story string
		comment     int64
		want        string
	}{
		{"https://jira.example.com", "PAY-7", 0, "https://jira.example.com/browse/PAY-7"},
		{"https://jira.example.com/jira/", "PAY-7", 10100, "https://jira.example.com/jira/browse/PAY-7?focusedCommentId=10100"},
		{"https://jira.example.com", `PAY-7"><b>`, 0, "https://jira.example.com/browse/PAY-7%22%3E%3Cb%3E"},
		{"https://jira.example.com", "PAY-7)[x](y", 0, "https://jira.example.com/browse/PAY-7%29%5Bx%5D%28y"},
		{"", "PAY-7", 10100, ""},
		{"https://jira.example.com", "", 0, ""},
	} {
		if got := query.Link(tc.jira, tc.story, tc.comment); got != tc.want {
			t.Errorf("%s, %s, %d: %s, want %s", tc.jira, tc.story, tc.comment, got, tc.want)
		}
	}
}
