package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/suite"
)

// rule says where the numbers of a part of some pages come from.
type rule struct {
	page string // matches the paths of the pages
	at   string // selects the part within main
	// want returns the texts that hold the part's numbers, in order. What is left of the
	// part without them has no digit.
	want func(place) []string
}

// place is a part of a page that a rule is about.
type place struct {
	*walk
	url  *url.URL
	main *html.Node
	node *html.Node
}

// unmeasured are the parts whose digits are no measurements. What they say is left out of
// everything that a rule looks at.
func unmeasured() []struct{ page, at, why string } {
	return []struct{ page, at, why string }{
		{``, `time`, "instants, whose machine form the pages' own tests compare"},
		{``, `code`, "commands and names of keys"},
		{``, `select`, "choices"},
		{``, `thead`, "what a column is"},
		{`^/($|owners/|stories/|projects/|how|data)`, `bdi`, "names, titles and details as somebody wrote them"},
		{`^/retro`, `section:not([aria-labelledby=waited]):not([aria-labelledby=time]) th bdi`, "likewise"},
		{`^/retro`, `td[data-label=On] bdi`, "likewise"},
		{`^/retro`, `.tick`, "the scale of a chart"},
		{`^/stories/`, `.axis`, "likewise"},
		{`^/stories/`, `#timeline svg > title, #timeline g > title`, "from when to when something was"},
		{`^/owners/`, `h1`, "a name"},
		{`^/how`, `tr:not(:has(a[href="#target"])) td, #owners ~ table td, #people ~ table td`, "what the config says"},
		{`^/how`, `section.rules`, "docs/how-it-is-measured.md"},
		{`^/data`, `tr[id^=reason-] td:first-child, tr[id^=reason-] td:last-child`, "texts of the audit, the same for all"},
		{`^/stories/`, `#odd td:first-child, #odd td:last-child`, "likewise"},
		{`^/sync`, `#heading > .answer`, "when the next poll is due, by the machine's clock"},
		{`^/sync`, `#in-quarantine td, #noted td`, "details of findings"},
	}
}

// walk is what a walk through the pages of a service knows.
type walk struct {
	*testing.T
	*facts
	base  string
	seen  map[string]bool // addresses
	used  []int           // how often each rule was used
	table []rule
	left  map[string][]string // numbers without a rule, by where they stand
	texts int                 // that hold numbers and were compared
}

// mostStories is of how many stories the pages are looked at by default.
const mostStories = 40

// TestPagesSayWhatTheCommandsSay walks through all pages of services from the first one
// on, and compares every number on them with what `waits`, `report` and the metrics say as
// of the same data timestamp. A number that no rule explains fails it, and so does a rule
// that explains none.
func TestPagesSayWhatTheCommandsSay(t *testing.T) {
	t.Parallel()
	table := walkRules()
	used, texts := make([]int, len(table)), 0
	walks := func(t *testing.T, config, base string) {
		w := &walk{T: t, facts: newFacts(t, config, base), base: base, seen: map[string]bool{}, left: map[string][]string{}, table: table, used: used}
		w.all()
		w.nothingElse()
		texts += w.texts
	}
	for seed := range suite.Count(t, "YOURTURN_WALK_SEEDS", 1, 6) {
		flavor := []jirasim.Flavor{jirasim.DataCenter, jirasim.Cloud}[seed%2]
		t.Run(fmt.Sprintf("%d/%s", seed, flavor), func(t *testing.T) {
			o := newOrganisation(t, int64(seed+3), flavor)
			text, err := os.ReadFile(o.config)
			if err != nil {
				t.Fatal(err)
			}
			write(t, o.config, strings.Replace(string(text), "jira:\n", "jira:\n  poll_interval: 24h\n", 1)) // no poll comes between
			yourturn(t, 0, "sync", "--config.file", o.config)
			base := servedBy(t, o.config)
			await(t, base+"/metrics", line(`yourturn_poll_cycles_total{result="complete"} 1`))
			walks(t, o.config, base)
		})
	}
	t.Run("long lists", func(t *testing.T) {
		p := rigJira(t, jirasim.Cloud, jirasim.Options{})
		srv := httptest.NewServer(p.server)
		t.Cleanup(srv.Close)
		p.on(srv.URL, "projects: [PAY, OPS], poll_interval: 24h", "")
		p.longLists()
		p.fine()
		base := served(t, p.svc)
		await(t, base+"/metrics", line(`yourturn_poll_cycles_total{result="complete"} 2`))
		walks(t, p.svc.Config().File(), base)
	})
	for i, r := range table {
		if used[i] == 0 {
			t.Errorf("no page matching %q has a %s: the rule explains nothing", r.page, r.at)
		}
	}
	if texts < 1000 {
		t.Errorf("only %d texts with numbers were compared", texts)
	}
}

// longLists lives what makes pages list more than they have room for, and an owner whose
// next answer can be foreseen.
func (p *rig) longLists() {
	long := p.create(p.pay)
	for range 25 {
		p.move(p.dev, long, "1", "2")
		p.later(20 * time.Minute)
		p.move(p.po, long, "2", "3")
		p.later(20 * time.Minute)
		p.move(p.dev, long, "3", "1")
	}
	for i := range 14 {
		id := p.create(p.pay)
		p.site.Comment(p.now(), p.dev, id, "[~accountid:acc-po] which one?")
		p.later(time.Duration(i+1) * time.Hour)
		p.site.Comment(p.now(), p.po, id, "this one")
	}
	for range 40 {
		p.later(time.Minute)
		p.move(p.dev, p.create(p.ops), "1", "2")
	}
	p.later(10 * 24 * time.Hour)
	p.move(p.dev, long, "1", "2") // what waits is linked
	for range 3 {
		p.later(30 * time.Minute)
		id := p.create(p.pay)
		p.site.Comment(p.now(), p.dev, id, "[~accountid:acc-po] which one?")
		p.later(time.Minute)
		p.site.Comment(p.now(), p.dev, id, "[~accountid:acc-po] this one?")
	}
	p.later(time.Hour)
}

// all walks from the first page to every page that is linked, each once.
func (w *walk) all() {
	today := w.at.Format(time.DateOnly)
	queue := []string{"/", "/retro?" + url.Values{"from": {today}, "to": {today}}.Encode()} // and a range that still runs
	stories, sprints := 0, 0
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		if w.seen[address] {
			continue
		}
		w.seen[address] = true
		if strings.HasPrefix(address, "/stories/") {
			if stories++; stories > mostStories && !suite.Full() {
				continue
			}
		}
		links := w.page(address)
		if project := strings.TrimPrefix(address, "/projects/"); project != address {
			links = append(links, "/retro?project="+project)
			if name := w.sprintOf(project); name != "" && (sprints == 0 || suite.Full()) {
				sprints++
				links = append(links, "/retro?"+url.Values{"project": {project}, "sprint": {name}}.Encode())
			}
		}
		queue = append(queue, links...)
	}
}

// page looks at a page, and returns which pages it leads to.
func (w *walk) page(address string) (links []string) {
	w.Helper()
	body := await(w.T, w.base+address, func(_ int, body string) bool { return !strings.Contains(body, "data-soon") })
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	for _, a := range parts(doc, "a[href]:not([download])") {
		to, err := url.Parse(attribute(a, "href"))
		if err != nil {
			w.Errorf("%s leads to %q: %s", address, attribute(a, "href"), err)
			continue
		}
		if to.Host == "" && to.Path != "" && to.Path != "/metrics" && !strings.HasPrefix(to.Path, "/assets/") {
			to.Fragment = ""
			links = append(links, to.String())
		}
	}
	at, err := url.Parse(address)
	if err != nil {
		w.Fatal(err)
	}
	mains := parts(doc, "main")
	if len(mains) != 1 || len(parts(doc, ".loading")) > 0 {
		w.Errorf("%s is no page with numbers:\n%.500s", address, plain(body))
		return links
	}
	w.look(place{w, at, mains[0], nil})
	return links
}

// look compares the numbers of a page.
func (w *walk) look(page place) {
	explained := map[*html.Node]bool{}
	for _, u := range unmeasured() {
		if !regexp.MustCompile(u.page).MatchString(page.url.Path) {
			continue
		}
		for _, n := range parts(page.main, u.at) {
			mark(n, explained)
		}
	}
	silent := maps.Clone(explained)
	for i, r := range w.table {
		if !regexp.MustCompile(r.page).MatchString(page.url.Path) {
			continue
		}
		for _, n := range parts(page.main, r.at) {
			w.used[i]++
			page.node = n
			text := w.text(n, silent)
			if why := differs(text, r.want(page)); why != "" {
				w.Errorf("%s: %s: %s; the page says %q", page.url, r.at, why, text)
			}
			if strings.ContainsAny(text, digits) {
				w.texts++
			}
			mark(n, explained)
		}
	}
	for n := range page.main.Descendants() {
		if n.Type != html.TextNode || explained[n] {
			continue
		}
		if text := w.clean(n.Data); strings.ContainsAny(text, digits) {
			where := regexp.MustCompile(`^/[^/]*`).FindString(page.url.Path) + " " + path(n)
			w.left[where] = append(w.left[where], fmt.Sprintf("%s: %q", page.url, text))
		}
	}
}

// nothingElse fails for numbers that no rule explains.
func (w *walk) nothingElse() {
	for _, where := range slices.Sorted(maps.Keys(w.left)) {
		list := w.left[where]
		w.Errorf("no rule explains %d numbers in %s, as %s", len(list), where, list[0])
	}
	w.Logf("%d pages, %d texts with numbers", len(w.seen), w.texts)
}

// digits are what a number has.
const digits = "0123456789½"

// differs says how a text differs from one that has the wanted texts in order, and no
// other number; "" if it does not.
func differs(text string, want []string) string {
	rest, from := "", 0
	for _, one := range want {
		if one == "" {
			continue
		}
		at := wordIn(text[from:], one)
		if at < 0 {
			return fmt.Sprintf("%q is not there, of %q", one, want)
		}
		rest += text[from : from+at]
		from += at + len(one)
	}
	if rest += text[from:]; strings.ContainsAny(rest, digits) {
		return fmt.Sprintf("%q is not among %q", strings.TrimSpace(rest), want)
	}
	return ""
}

// wordIn returns where a text holds another that no other digit touches; -1 if nowhere.
func wordIn(text, one string) int {
	for from := 0; ; {
		at := strings.Index(text[from:], one)
		if at < 0 {
			return -1
		}
		at += from
		before, after := text[:at], text[at+len(one):]
		if !regexp.MustCompile(`[\d½][.,]?$`).MatchString(before) && !regexp.MustCompile(`^[.,]?[\d½]`).MatchString(after) {
			return at
		}
		from = at + 1
	}
}

// text returns the text of a part of a page, without the elements that silent selects.
func (w *walk) text(n *html.Node, silent map[*html.Node]bool) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && !silent[d] {
			b.WriteString(d.Data + " ")
		}
	}
	return w.clean(b.String())
}

// dates are instants that pages write where there is no room for an element.
var dates = regexp.MustCompile(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} [A-Z][a-z]{2}( \d{4})?(, \d\d:\d\d [A-Z+-]\S*)?`)

// clean takes keys of stories, isolated names and dates out of a text, and superfluous space.
func (w *walk) clean(text string) string {
	text = regexp.MustCompile("\u2068[^\u2069]*\u2069").ReplaceAllString(text, "·")
	text = w.keys.ReplaceAllString(text, "·")
	text = dates.ReplaceAllString(text, "·")
	return strings.Join(strings.Fields(text), " ")
}

// mark notes the texts within a part.
func mark(n *html.Node, in map[*html.Node]bool) {
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			in[d] = true
		}
	}
}

// path says where a text stands.
func path(n *html.Node) string {
	var out []string
	for n = n.Parent; n != nil && n.Data != "main"; n = n.Parent {
		name := n.Data
		if id := attribute(n, "id"); id != "" && len(out) > 2 {
			name += "#" + id
		}
		if class := attribute(n, "class"); class != "" {
			name += "." + strings.ReplaceAll(class, " ", ".")
		}
		out = append(out, name)
	}
	slices.Reverse(out)
	return strings.Join(out, " > ")
}

// parts returns what a selector of CSS finds within a part, in order.
func parts(n *html.Node, selector string) []*html.Node {
	list, err := cascadia.ParseGroup(selector)
	if err != nil {
		panic(err)
	}
	return cascadia.QueryAll(n, list)
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// within returns the nearest node around the place, or itself, that a selector of CSS
// matches.
func (p place) within(selector string) *html.Node {
	list, err := cascadia.ParseGroup(selector)
	if err != nil {
		panic(err)
	}
	for n := p.node; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && list.Match(n) {
			return n
		}
	}
	p.Fatalf("%s: %s is around nothing like %s", p.url, path(p.node), selector)
	return nil
}

// index returns which of the parts that a selector finds on the page the node is.
func (p place) index(n *html.Node, selector string) int {
	return slices.Index(parts(p.main, selector), n)
}

// nth returns a rule's want by the place's index among those that the same selector finds.
func nth(selector string, want func(p place, i int) []string) func(place) []string {
	return func(p place) []string { return want(p, p.index(p.node, selector)) }
}

// ofColumns is a rule for each column of a table: by the index of the row.
func ofColumns(page, rows string, cells map[int]func(p place, row *html.Node) []string) []rule {
	var out []rule
	for _, i := range slices.Sorted(maps.Keys(cells)) {
		out = append(out, rule{page, fmt.Sprintf("%s > :nth-child(%d)", rows, i), func(p place) []string { return cells[i](p, p.node.Parent) }})
	}
	return out
}

// retroOf returns the report that a page of a retrospective shows, as its JSON file.
func (w *walk) retroOf(at *url.URL) *retroTold {
	q := at.Query()
	q.Set("format", "json")
	address := "/retro?" + q.Encode()
	if known := w.retros[address]; known != nil {
		return known
	}
	text := await(w.T, w.base+address, func(status int, _ string) bool { return status == http.StatusOK })
	flags := []string{"report", "--config.file", w.config, "--format", "json"}
	for _, name := range []string{"project", "sprint", "from", "to"} {
		if v := q.Get(name); v != "" {
			flags = append(flags, "--"+name, v)
		}
	}
	if len(w.retros) == 0 || suite.Full() { // the files are compared with the command elsewhere too
		if want := yourturn(w.T, 0, flags...); want != text {
			w.Errorf("%s is not what the command says", address)
		}
	}
	r := &retroTold{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		w.Fatal(err)
	}
	r.zone = w.cfg.Zone()
	if project := q.Get("project"); project != "" {
		r.zone = w.cfg.ProjectZone(project)
	}
	w.retros[address] = r
	return r
}

// sprintOf returns the name of a sprint of a project that has ended; "" if it has none.
func (w *walk) sprintOf(project string) (name string) {
	last := time.Time{}
	for _, n := range w.metrics.where("po_sprint_end_timestamp_seconds", "project", project) {
		if at := time.Unix(int64(n.value), 0); at.Before(w.at) && at.After(last) {
			name, last = n.labels["sprint"], at
		}
	}
	return name
}
