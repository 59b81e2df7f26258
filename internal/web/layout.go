package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/api"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

//go:embed *.html
var pages embed.FS

// page returns the named page: a file that defines the template main, within the frame
// of all pages, with its components and with what it shares with some others.
func page(name string, funcs template.FuncMap, shared ...string) *template.Template {
	return template.Must(template.New(name).Funcs(common()).Funcs(funcs).ParseFS(pages, append(shared, "layout.html", "components.html", name)...))
}

// common are the functions that every page has.
func common() template.FuncMap {
	return template.FuncMap{
		"asset": asset,
		"working": func(d, day time.Duration) phrase {
			return phrase{words.Working(d, day), words.Exact(d) + " of working time"}
		},
		"elapsed": func(d time.Duration) phrase { return phrase{words.Elapsed(d), words.Exact(d)} },
		"number":  words.Number,
		"count":   words.Count,
		"list":    words.List,
		"plain":   plain,
		"code":    code,
		"badge":   func(tone, text string) badge { return badge{tone, text} },
	}
}

// phrase is a duration in words, and exactly.
type phrase struct{ Text, Exact string }

// moment is an instant as pages show it: by the clocks of a zone, which it names. The
// script of the pages shows it by the reader's.
type moment struct {
	At    time.Time
	Text  string
	Brief string // without the day if it is that of the data; "": it is never shown so
}

// Machine is the instant as scripts read it.
func (m moment) Machine() string { return m.At.UTC().Format("2006-01-02T15:04:05.000Z") }

// momentOf returns an instant on a page of now.
func momentOf(at latency.Instant, now time.Time, zone *time.Location) moment {
	return moment{at.Time(), words.Instant(at.Time(), now, zone), words.Brief(at.Time(), now, zone)}
}

// known is momentOf, nil for an instant that is not known.
func known(at query.Time, now time.Time, zone *time.Location) *moment {
	if !at.Known() {
		return nil
	}
	m := momentOf(at.Instant(), now, zone)
	return &m
}

// badge is a state in a word or two. Its tone is late, today, new, good or "".
type badge struct{ Tone, Text string }

// tile is a number and what it counts.
type tile struct {
	ID, Number, Label string
	Tone              string // as of a badge
	Path              string // where what it counts is listed; "": nowhere
	Here              bool   // it is listed on this page
}

// filter is a form that chooses what a page lists.
type filter struct {
	Name, Action string
	Fields       []field
	Clear        string // leads to everything; "": everything is shown
}

// field is what is chosen in a filter, by a name that the address has.
type field struct {
	Name, Label string
	Options     []option
}

// option is a choice.
type option struct {
	Value, Text string
	Chosen      bool
}

// pager leads through a list that is longer than a page. From and To count from one.
type pager struct {
	Name            string
	From, To, Total int
	Before, After   string // "": there is none
}

// view is what a page says; the frame around it is everybody's.
type view struct {
	Title   string        // the heading, and the title of the window
	Answer  string        // in a sentence, what the page is opened for
	Lead    template.HTML // the same where it holds names and instants; "": Answer
	Notices []notice
	Code    int // of the answer; 0: 200
	Page    any // for the page's own template
}

// menuEntry is a page that the menu leads to.
type menuEntry struct {
	Name, Path string
	Here       bool
}

// menuOrder are the names that routes have in the menu, in order.
func menuOrder() []string {
	return []string{waitsNow, "Your turn", "Retrospective", "How it is measured", "Data", "Sync"}
}

// waitsNow is the name of the first page.
const waitsNow = "What waits now"

// menu returns the pages that a caller may see.
func (s *Server) menu(r *http.Request) []menuEntry {
	c := callerOf(r)
	var out []menuEntry
	add := func(name, path string) {
		out = append(out, menuEntry{name, path, r.URL.Path == path})
	}
	for _, rt := range s.table {
		if rt.menu != "" && rt.audience.admits(s, c, r) {
			add(rt.menu, strings.TrimSuffix(strings.TrimPrefix(rt.pattern, "GET "), "{$}"))
		}
	}
	if c.owner != "" && s.serves("GET /owners/{owner}") && !s.together() {
		add("Your turn", "/owners/"+c.owner)
	}
	order := menuOrder()
	slices.SortStableFunc(out, func(a, b menuEntry) int {
		return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name))
	})
	if len(out) == 1 && out[0].Here {
		return nil // it would lead nowhere
	}
	return out
}

// together reports whether owners are not told apart: then none has a page.
func (s *Server) together() bool {
	report := s.from.Report()
	return report != nil && report.Rules().Together
}

// serves reports whether there is a route: pages lead to no page that is not there.
func (s *Server) serves(pattern string) bool {
	return slices.ContainsFunc(s.table, func(rt route) bool { return rt.pattern == pattern })
}

// show answers with a page in its frame. Its tag is that of what it says, so that a
// page that has not changed is not sent again.
func (s *Server) show(w http.ResponseWriter, r *http.Request, page *template.Template, v view) {
	st := s.from.Status()
	zone := st.zone()
	frame := struct {
		view
		Menu    []menuEntry
		AsOf    moment
		Zone    string
		JiraURL string
		Version string
		Path    string // of the page itself
	}{view: v, Menu: s.menu(r), Zone: zone.String(), Path: r.URL.RequestURI()}
	if callerOf(r).HasRole() {
		frame.JiraURL, frame.Version = st.JiraURL, st.Version
		if report := s.from.Report(); report != nil {
			frame.AsOf = momentOf(report.DataTimestamp, time.Now(), zone)
		}
	}
	var buf bytes.Buffer
	if err := page.ExecuteTemplate(&buf, "layout", frame); err != nil {
		http.Error(w, "The page could not be made"+s.whyNot(r, err), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(buf.Bytes())
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	code := cmp.Or(v.Code, http.StatusOK)
	if code == http.StatusOK && api.Unchanged(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	w.Write(buf.Bytes()) //nolint:errcheck // the reader is gone
}

// failure is the template of the page that says that there is no page.
func failure() *template.Template { return page("failure.html", nil) }

// fail answers with a page that says why there is none, and where to go on.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, code int, title, answer string, instead ...menuEntry) {
	s.show(w, r, s.failure, view{Title: title, Answer: answer, Code: code, Page: instead})
}

// unanswered answers with a page that says that there is no answer.
func (s *Server) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	s.fail(w, r, http.StatusInternalServerError, "No answer", "What the page shows could not be read"+s.whyNot(r, err), s.menu(r)...)
}

// whyNot returns the end of a sentence that says that a request could not be answered. An
// operator of the service reads the error, others read where they can find it. The error is
// logged, unless the sender has gone away.
func (s *Server) whyNot(r *http.Request, err error) string {
	if r.Context().Err() == nil {
		s.from.Failed(r.URL.Path, err)
	}
	if callerOf(r).Operates() {
		return ": " + err.Error() + "."
	}
	return ". The log of the service says why, for those who run it."
}
