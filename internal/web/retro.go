package web

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/retrospective/render"
)

// longestRetro is how many days a retrospective on the page looks at, at most.
const longestRetro = 366

// RetroAsk is what a retrospective is asked of.
type RetroAsk struct {
	Projects []string  // keys, in order; none: all that are watched
	Sprint   string    // of the one project; "": the days count
	From, To time.Time // the first and the last day; zero: the last whole days
}

// Retro is a retrospective as far as it is made.
type Retro struct {
	Report   *retrospective.Report // nil: there is none yet
	Zone     *time.Location        // of its days
	Making   bool                  // it is being made, or a newer one than Report
	Progress string                // how far that is
	Err      error                 // why there is none, or no newer one
}

// ofRetro is whoever sees the project that is asked for, or, where none is, any.
func ofRetro() audience {
	return audience{"lead or member of the project", func(_ *Server, c Caller, r *http.Request) bool {
		if project := strings.ToUpper(r.URL.Query().Get("project")); project != "" {
			return c.SeesProject(project)
		}
		return c.everything || len(c.lead)+len(c.member) > 0
	}}
}

// retroForm is what the form of the page shows.
type retroForm struct {
	Project  field
	Sprint   field // no options: the project has none, or no project is chosen
	From, To string
}

// retroPage is what the page shows.
type retroPage struct {
	Form    retroForm
	Loading string // what is under way; "": nothing that the page waits for
	Newer   bool   // newer numbers are being made
	AsOf    moment // of Body
	Body    template.HTML
	Files   []menuEntry // the same, to keep
}

// retro serves the retrospective (/retro): the page, and the same as a file.
func (s *Server) retro() http.Handler {
	page := page("retro.html", nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		form, ask, err := s.asked(r)
		if err != nil {
			s.refuseRetro(w, r, page, form, err)
			return
		}
		answer := s.from.Retro(ask)
		report := answer.Report
		if report != nil {
			var owners []string
			if report, owners = report.For(callerOf(r).SeesOwner); !s.looked(w, r, owners...) {
				return
			}
		}
		if ending := r.URL.Query().Get("format"); ending != "" {
			s.retroFile(w, r, ending, answer, report)
			return
		}
		v := view{Title: "Retrospective", Notices: s.state(callerOf(r))}
		shown := retroPage{Form: form}
		switch {
		case report != nil:
			made, err := render.NewPage(report, render.Format{Zone: answer.Zone, Base: s.from.Status().JiraURL})
			if err != nil {
				s.unanswered(w, r, err)
				return
			}
			v.Title, shown.Body, shown.Newer = made.Title, made.Body, answer.Making
			shown.AsOf = momentOf(latency.Instant(report.AsOf), time.Now(), s.from.Status().zone())
			shown.Files = retroFiles(r.URL.Query())
			if ask.Sprint == "" {
				shown.Form.From, shown.Form.To = render.Days(report, answer.Zone)
			}
		case answer.Err != nil:
			v.Notices = append(v.Notices, notice{Kind: "error", Title: "There is no report.", Text: sentence(answer.Err)})
		default:
			shown.Loading = "The report is being made: " + cmp.Or(answer.Progress, "it has begun") + "."
		}
		v.Page = shown
		s.show(w, r, page, v)
	})
}

// refuseRetro answers what is wrong with what was asked for.
func (s *Server) refuseRetro(w http.ResponseWriter, r *http.Request, page *template.Template, form retroForm, err error) {
	if r.URL.Query().Get("format") != "" {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.show(w, r, page, view{
		Title: "Retrospective", Code: http.StatusBadRequest, Page: retroPage{Form: form},
		Notices: []notice{{Kind: "error", Title: "There is no such range.", Text: sentence(err)}},
	})
}

// sentence returns an error as pages say it.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// asked returns what a request asks for, and the form with it filled in.
func (s *Server) asked(r *http.Request) (form retroForm, ask RetroAsk, err error) {
	q, c, report := r.URL.Query(), callerOf(r), s.from.Report()
	project := strings.ToUpper(q.Get("project")) // as keys are in Jira
	var seen []string
	if report != nil {
		for _, key := range slices.Sorted(maps.Keys(report.Configured)) {
			if c.SeesProject(key) {
				seen = append(seen, key)
			}
		}
	}
	if len(seen) == 1 && project == "" {
		project = seen[0]
	}
	form = newRetroForm(q, report, seen, project)
	switch {
	case project != "" && report != nil && !slices.Contains(seen, project):
		return form, ask, fmt.Errorf("no project %q is watched", project)
	case project != "":
		ask.Projects = []string{project}
	case c.everything: // all that are watched
	case len(seen) == 0: // no list would mean all
		return form, ask, errors.New("no project that you see has been read yet")
	default:
		ask.Projects = seen
	}
	if ask.Sprint = q.Get("sprint"); ask.Sprint != "" {
		if project == "" {
			return form, ask, fmt.Errorf("a sprint is of one project: choose it")
		}
		return form, ask, nil
	}
	ask.From, ask.To, err = daysOf(q.Get("from"), q.Get("to"))
	return form, ask, err
}

// daysOf reads the first and the last day of a range.
func daysOf(from, to string) (first, last time.Time, err error) {
	if from == "" && to == "" {
		return first, last, nil
	}
	if first, err = time.Parse(time.DateOnly, from); err != nil {
		return first, last, fmt.Errorf("the first day %q is not a date such as 2026-03-02", from)
	}
	if last, err = time.Parse(time.DateOnly, to); err != nil {
		return first, last, fmt.Errorf("the last day %q is not a date such as 2026-03-15", to)
	}
	switch days := int(last.Sub(first)/(24*time.Hour)) + 1; {
	case days < 1:
		return first, last, fmt.Errorf("the last day %s is before the first, %s", to, from)
	case days > longestRetro:
		return first, last, fmt.Errorf("%d days are more than this page looks at: give at most %d, or use yourturn report", days, longestRetro)
	}
	return first, last, nil
}

// newRetroForm returns the form for a caller who sees projects.
func newRetroForm(q url.Values, report *latency.Report, projects []string, project string) retroForm {
	f := retroForm{Project: field{Name: "project", Label: "Project"}, Sprint: field{Name: "sprint", Label: "Sprint"}, From: q.Get("from"), To: q.Get("to")}
	if len(projects) > 1 {
		f.Project.Options = append(f.Project.Options, option{Text: "All projects", Chosen: project == ""})
	}
	for _, key := range projects {
		f.Project.Options = append(f.Project.Options, option{Value: key, Text: key, Chosen: key == project})
	}
	if report == nil || project == "" {
		return f
	}
	for _, sp := range report.Sprints {
		if sp.Project == project {
			f.Sprint.Options = append(f.Sprint.Options, option{Value: sp.Name, Text: sp.Name, Chosen: sp.Name == q.Get("sprint")})
		}
	}
	if len(f.Sprint.Options) > 0 {
		f.Sprint.Options = slices.Insert(f.Sprint.Options, 0, option{Text: "By days", Chosen: q.Get("sprint") == ""})
	}
	return f
}

// retroForms are the files that a report can be kept as.
func retroForms() []struct{ ending, name, kind string } {
	return []struct{ ending, name, kind string }{
		{"html", "HTML, one file", "text/html; charset=utf-8"},
		{"md", "Markdown", "text/markdown; charset=utf-8"},
		{"csv", "CSV", "text/csv; charset=utf-8"},
		{"json", "JSON", "application/json"},
	}
}

// retroFiles returns where the files of a report are.
func retroFiles(q url.Values) []menuEntry {
	var out []menuEntry
	for _, form := range retroForms() {
		q := maps.Clone(q)
		q.Set("format", form.ending)
		out = append(out, menuEntry{Name: form.name, Path: "/retro?" + q.Encode()})
	}
	return out
}

// retroFile answers with a report as a file, which browsers save. While there is none it
// says so, and when to ask again.
func (s *Server) retroFile(w http.ResponseWriter, r *http.Request, ending string, answer Retro, report *retrospective.Report) {
	forms := retroForms()
	i := slices.IndexFunc(forms, func(f struct{ ending, name, kind string }) bool { return f.ending == ending })
	switch {
	case i < 0:
		http.Error(w, fmt.Sprintf("there is no format %q: use html, md, csv or json", ending), http.StatusBadRequest)
		return
	case report == nil && answer.Err != nil:
		http.Error(w, answer.Err.Error(), http.StatusNotFound)
		return
	case report == nil:
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "the report is being made: %s; ask again\n", answer.Progress)
		return
	}
	format := render.Format{Zone: answer.Zone, Base: s.from.Status().JiraURL}
	var buf bytes.Buffer
	var err error
	switch ending {
	case "html":
		err = render.HTML(&buf, report, format, Style())
	case "md":
		err = render.Markdown(&buf, report, format)
	case "csv":
		err = render.CSV(&buf, report)
	default:
		err = render.JSON(&buf, report)
	}
	if err != nil {
		http.Error(w, "The report could not be written"+s.whyNot(r, err), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", forms[i].kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+render.Name(report, answer.Zone)+"."+ending+`"`)
	w.Write(buf.Bytes()) //nolint:errcheck // the reader is gone
}
