package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// dataPage is what is odd in the data (/data).
type dataPage struct {
	Loading    string
	Outside    string // the caller sees no project; "" if they do
	Doubtful   []oddRow
	Harmless   []oddRow
	Quarantine []quarantineRow
	More       int // in quarantine
}

// oddRow is a reason of the audit.
type oddRow struct {
	query.OddReason
	Examples []exampleLink
	In       []string // projects with their counts
	InMore   int
	Same     string // the reason before it that has the same examples; ""
}

// exampleLink is a story with something odd.
type exampleLink struct {
	Key, Detail, Path string // Path "": the caller does not see the story
}

// quarantineRow is an issue that cannot be read.
type quarantineRow struct{ Key, Why string }

const (
	quarantineListed = 50
	projectsNamed    = 12
)

// data serves the page of what is odd in the data (/data).
func (s *Server) data() http.Handler {
	page := page("data.html", nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callerOf(r)
		reader, err := s.reader(r)
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		v := view{Title: "What is odd in the data", Notices: s.state(c)}
		if reader == nil {
			v.Page = dataPage{Loading: waitingForNumbers(s.from.Status())}
			s.show(w, r, page, v)
			return
		}
		if !c.Operates() && len(c.lead)+len(c.member) == 0 {
			v.Page = dataPage{Outside: outside}
			s.show(w, r, page, v)
			return
		}
		odd, err := reader.Odd(r.Context(), func(project string) bool { return c.Operates() || c.SeesProject(project) }, c.Operates())
		if err != nil {
			s.unanswered(w, r, err)
			return
		}
		v.Answer, v.Page = newDataPage(odd, c)
		s.show(w, r, page, v)
	})
}

// newDataPage makes the page of what is odd, and says it in a sentence.
func newDataPage(odd *query.Odd, c Caller) (answer string, p dataPage) {
	doubtful := 0
	for _, reason := range odd.Reasons {
		row := oddRow{OddReason: reason}
		for _, in := range reason.Projects {
			if len(row.In) == projectsNamed {
				row.InMore = len(reason.Projects) - projectsNamed
				break
			}
			row.In = append(row.In, in.Project+" "+words.Number(in.Count))
		}
		for _, e := range reason.Examples {
			l := exampleLink{Key: e.Story, Detail: plain(e.Detail, detailLength)}
			if e.Story == "" {
				l.Key = "all of Jira"
			} else if c.SeesProject(projectOf(e.Story)) {
				l.Path = "/stories/" + url.PathEscape(e.Story)
			}
			row.Examples = append(row.Examples, l)
		}
		for _, before := range slices.Concat(p.Doubtful, p.Harmless) {
			if len(row.Examples) > 1 && slices.EqualFunc(row.Examples, before.Examples, func(a, b exampleLink) bool { return a.Key == b.Key }) {
				row.Same = before.Reason
			}
		}
		if reason.Doubtful {
			doubtful += reason.Count
			p.Doubtful = append(p.Doubtful, row)
		} else {
			p.Harmless = append(p.Harmless, row)
		}
	}
	for _, q := range odd.Quarantine {
		if len(p.Quarantine) == quarantineListed {
			p.More = len(odd.Quarantine) - quarantineListed
			break
		}
		key := plain(q.Story, nameLength)
		if key == "" {
			key = "unknown"
		}
		p.Quarantine = append(p.Quarantine, quarantineRow{key, plain(q.Detail, detailLength)})
	}
	slices.SortStableFunc(p.Doubtful, func(a, b oddRow) int { return b.Count - a.Count })
	switch {
	case doubtful > 0:
		return words.Count(doubtful, "finding may make numbers wrong", "findings may make numbers wrong") + ", for " + words.Count(len(p.Doubtful), "reason", "reasons") + ". Nothing is excluded for being odd.", p
	case len(odd.Reasons) > 0:
		return "Nothing was found that is likely to make numbers wrong.", p
	}
	return "Nothing is odd.", p
}
