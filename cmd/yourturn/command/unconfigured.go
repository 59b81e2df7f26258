package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/query"
)

// sayUnconfigured says on stderr in which of the projects asked for nothing of
// acceptance is measured, because the config does not fit them: what is listed is
// silent about them.
func sayUnconfigured(e Env, r *query.Reader, f query.Filter) {
	if f.Kind == "question" {
		return
	}
	of := f.Project
	if key, _, ok := strings.Cut(f.Story, "-"); of == "" && ok {
		of = strings.ToUpper(key)
	}
	none := slices.DeleteFunc(r.Unconfigured(), func(project string) bool { return of != "" && project != of })
	if len(none) > 0 {
		fmt.Fprintf(e.Err, "no acceptance step is configured in %s: none of the acceptance_statuses is in its workflow; see yourturn check --online\n", strings.Join(none, ", "))
	}
}
