package diagnose

import (
	"context"
	"errors"
	"fmt"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// mostBoards is of how many projects sprints are asked for: each takes several
// requests.
const mostBoards = 20

// sprints asks for the sprints of the watched projects. Nothing but the choice
// of a range by name needs them, so what is missing breaks nothing.
func (e *examination) sprints(ctx context.Context) ([]Line, error) {
	var lines []Line
	for _, p := range e.watched[:min(mostBoards, len(e.watched))] {
		e.Progress("reading the sprints of " + p.Key)
		line := Line{Topic: "sprints", Projects: []string{p.Key}}
		found, err := e.Client.Sprints(ctx, p)
		switch n := len(found); {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, jiradata.ErrWithheld):
			line.Grade, line.Text = Look, "Jira does not give the account its boards, so ranges cannot be chosen by sprint"
			line.Remedy = "a token with scopes needs read:board-scope:jira-software and read:sprint:jira-software, another one the permission to see the boards"
		case err != nil:
			line.Grade = Look
			line.Text, line.Remedy = explain(err)
		case n == 0:
			line.Text = "no board has a sprint; ranges are chosen by date"
		default:
			line.Text = fmt.Sprintf("%d sprints, the last is %q", n, found[n-1].Name)
		}
		lines = append(lines, line)
	}
	return lines, nil
}
