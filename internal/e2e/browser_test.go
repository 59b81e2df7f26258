package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/browser"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// pagesToLookAt are the addresses of all pages, in all their states that a service
// which runs has. Whoever adds a page adds it here.
func pagesToLookAt() []string {
	return []string{
		"/", "/?state=overdue&kind=question", "/?state=forgotten", "/owners/po", "/owners/nobody", "/stories/PAY-1", "/stories/PAY-2", "/projects/PAY",
		"/retro", "/how", "/data", "/sync",
	}
}

// hostileTexts are titles and names that are more than words.
func hostileTexts() []string {
	return []string{
		`<script>alert(1)</script><img src="https://evil.example/x.png" onerror="alert(2)">"'&{{.}}`,
		"\u202eright to left \u2067and isolated, שלום \u202d\u0007",
		strings.Repeat("a", 10_000),
		strings.Repeat("long words ", 900),
		"👩‍👩‍👧‍👦 🏳️‍🌈 family\nnew line\r\n\ttab\u0000",
		"=HYPERLINK(\"https://evil.example\")",
	}
}

// inBrowser is a service with waits of every kind on a Jira of hostile texts, and a
// browser.
type inBrowser struct {
	*rig
	browser *browser.Browser
	base    string
	down    atomic.Bool // the service answers nothing
}

// serveToBrowser starts them.
func serveToBrowser(t *testing.T) *inBrowser {
	t.Helper()
	s := &inBrowser{browser: browser.New(t)}
	s.rig = rigJira(t, jirasim.Cloud, jirasim.Options{})
	s.po.DisplayName = hostileTexts()[0]
	s.dev.DisplayName = hostileTexts()[1]
	s.serveJira()
	for i := range 60 { // more than two pages, of both kinds, some overdue, some forgotten
		if i == 30 {
			s.later(40 * 24 * time.Hour)
		}
		s.later(time.Hour)
		s.wait(hostileTexts()[i%len(hostileTexts())], i%3 == 0)
	}
	s.later(2 * time.Hour)
	s.fine()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			panic(http.ErrAbortHandler)
		}
		s.svc.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	s.base = srv.URL
	return s
}

// wait creates a story with a title that waits for acceptance, or also for an answer.
func (s *inBrowser) wait(title string, asks bool) {
	id := s.create(s.pay)
	s.site.Change(s.now(), s.dev, id, map[string]any{"summary": title})
	if asks {
		asker := s.site.User("asker")
		if asker == nil {
			asker = s.site.AddUser(&jirasim.User{Ref: "asker", AccountID: "acc-asker", DisplayName: "Asker", AccountType: "atlassian", Active: true, TimeZone: "UTC"})
		}
		s.site.Comment(s.now(), asker, id, "[~accountid:acc-po] which one?")
		return
	}
	s.move(s.dev, id, "1", "2")
}

// TestPagesInABrowser looks at the pages of one service in a real Chromium.
func TestPagesInABrowser(t *testing.T) {
	s := serveToBrowser(t)
	t.Run("look right", s.looksRight)
	t.Run("look right in every state", s.looksRightInEveryState)
	t.Run("look back", s.looksBack)
	t.Run("by keyboard", s.byKeyboard)
	t.Run("on paper", s.onPaper)
	t.Run("without scripts", s.withoutScripts)
	t.Run("stay where the reader is", s.staysWhereTheReaderIs)
	t.Run("say that they are old", s.saysThatItIsOld)
}

// looksBack opens a retrospective, which is made meanwhile, and sees its page fill itself.
func (s *inBrowser) looksBack(t *testing.T) {
	browser.Axe(t)
	_, base := polledOrganisation(t)
	const path = "/retro?project=PAY&from=2026-04-06&to=2026-04-19"
	page := s.browser.Open(t, browser.Look{Width: 1400}, base+path)
	got := browser.Evaluate[string](page, `(async () => {
		while (!document.getElementById("made")) await new Promise(done => document.addEventListener("page:fresh", done, {once: true}));
		return [...document.querySelectorAll("main svg.plot")].filter(e => e.checkVisibility()).length + " charts, " + document.querySelectorAll("main table tbody tr").length + " rows";
	})()`)
	if strings.HasPrefix(got, "0 ") || strings.HasSuffix(got, " 0 rows") {
		t.Errorf("the retrospective has %s", got)
	}
	s.looks(t, base, path, browser.Looks())
}

// looksRight looks at every page wide and narrow, light and dark.
func (s *inBrowser) looksRight(t *testing.T) {
	browser.Axe(t)
	for _, path := range pagesToLookAt() {
		s.looks(t, s.base, path, browser.Looks())
	}
	figures.Note(t, "%d pages, each wide and narrow, light and dark: axe-core %s finds nothing, nothing is wider than the window, no request to others", len(pagesToLookAt()), browser.AxeVersion(t))
}

// looksRightInEveryState looks at pages before there are numbers, while Jira is away, and
// where the config does not fit.
func (s *inBrowser) looksRightInEveryState(t *testing.T) {
	browser.Axe(t)
	empty := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	away := rigJira(t, jirasim.Cloud, jirasim.Options{})
	away.site.Update(func() { away.ops.Statuses = []string{"1", "3"} })
	away.serveJira()
	away.create(away.pay)
	away.fine()
	away.faulty(func(*http.Request) *jirasim.Fault { return &jirasim.Fault{Status: http.StatusUnauthorized} }) // no reason to try again
	if away.cycle() == nil {
		t.Fatal("Jira is away, and the poll is complete")
	}
	for _, state := range []struct {
		rig  *rig
		says []string
	}{
		{empty, []string{"No numbers yet: the first sync has not started."}},
		{away, []string{"The last poll failed.", "clocks are stopped.", "The config may not fit.", "No acceptance step is configured in OPS", "Nothing waits."}},
	} {
		srv := httptest.NewServer(state.rig.svc)
		t.Cleanup(srv.Close)
		for _, path := range []string{"/", "/owners/po"} {
			s.looks(t, srv.URL, path, []browser.Look{{Width: 1400}, {Width: 400, Dark: true}})
		}
		text := browser.Evaluate[string](s.browser.Open(t, browser.Look{Width: 400}, srv.URL), `document.body.innerText`)
		for _, want := range state.says {
			if !strings.Contains(text, want) {
				t.Errorf("the page lacks %q:\n%s", want, text)
			}
		}
	}
}

// looks fails if axe-core finds something on a page, if it is wider than the window, if
// it asks another host for something, or if the browser complains.
func (s *inBrowser) looks(t *testing.T, base, path string, looks []browser.Look) {
	t.Helper()
	page := s.browser.Open(t, looks[0], base+path)
	for i, look := range looks {
		if i > 0 {
			page.Look(look)
			page.Go(base + path)
		}
		browser.Evaluate[bool](page, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
		for _, v := range page.Violations() {
			t.Errorf("%s at %s: %s (%s)\n%s", path, look, v.Rule, v.Impact, strings.Join(v.Nodes[:min(3, len(v.Nodes))], "\n"))
		}
		if wide := browser.Evaluate[string](page, `document.documentElement.scrollWidth > innerWidth ? [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 200)).slice(0, 3).join("\n") || "the page" : ""`); wide != "" {
			t.Errorf("%s at %s is wider than the window:\n%s", path, look, wide)
		}
	}
	for _, address := range page.Requests() {
		// A browser draws its own controls of data.
		if u, err := url.Parse(address); err != nil || u.Scheme != "data" && "http://"+u.Host != base {
			t.Errorf("%s asks for %s", path, address)
		}
	}
	for _, text := range page.Errors() {
		if !strings.HasSuffix(path, "/nobody") || !strings.Contains(text, "404") {
			t.Errorf("%s: the browser says %s", path, text)
		}
	}
}

// askAnew makes a page ask its server for news, and waits until it has them.
const askAnew = `(async () => {
	const fresh = new Promise(done => document.addEventListener("page:fresh", done, {once: true}));
	dispatchEvent(new Event("online"));
	await fresh;
	return true;
})()`

// stands is what a reader must not lose.
type stands struct {
	Focus, Chosen, Selected string
	Scroll                  int
	Open                    bool
}

// staysWhereTheReaderIs changes what waits under a reader who has the focus in
// a list, a folded section open, a choice not sent yet, and a text selected.
func (s *inBrowser) staysWhereTheReaderIs(t *testing.T) {
	page := s.browser.Open(t, browser.Look{Width: 1400}, s.base+"/")
	const state = `(() => ({
		Focus: document.activeElement.closest("tr").id + " " + document.activeElement.textContent, Chosen: document.getElementById("kind").value,
		Selected: String(document.getSelection()), Scroll: Math.round(document.activeElement.getBoundingClientRect().top), Open: document.getElementById("forgotten").open,
	}))()`
	browser.Evaluate[bool](page, askAnew) // it has a tag from now on
	browser.Evaluate[bool](page, `(() => {
		document.getElementById("forgotten").open = true;
		document.getElementById("kind").value = "question";
		const rows = [...document.querySelectorAll("#waits tbody tr")];
		rows[12].querySelector("a").focus();
		const text = rows[11].querySelector("th .soft").firstChild;
		document.getSelection().setBaseAndExtent(text, 0, text, 5);
		window.kept = rows[12];
		return true;
	})()`)
	count := func() int {
		return browser.Evaluate[int](page, `Number(document.querySelector("#tile-open .number").textContent)`)
	}
	before, had, open := browser.Evaluate[stands](page, state), len(page.Requests()), count()
	browser.Evaluate[bool](page, askAnew)
	if got := browser.Evaluate[stands](page, state); got != before {
		t.Errorf("nothing changed, and the page did: %+v, before %+v", got, before)
	}
	// Another story waits, and the first one is over.
	s.wait("One more", false)
	s.later(time.Hour)
	s.fine()
	browser.Evaluate[bool](page, askAnew)
	got := browser.Evaluate[stands](page, state)
	if d := cmp.Diff(before, got); d != "" || before.Selected == "" {
		t.Errorf("the reader lost something (-before +after):\n%s", d)
	}
	if count() != open+1 || !browser.Evaluate[bool](page, `window.kept.isConnected`) {
		t.Errorf("%d waits are open on the page, want %d; the row is the same: %t", count(), open+1, browser.Evaluate[bool](page, `window.kept.isConnected`))
	}
	if asked := len(page.Requests()) - had; asked != 2 {
		t.Errorf("two updates took %d requests", asked)
	}
}

// saysThatItIsOld takes the server away, and brings it back.
func (s *inBrowser) saysThatItIsOld(t *testing.T) {
	page := s.browser.Open(t, browser.Look{Width: 400}, s.base+"/")
	s.down.Store(true)
	said := browser.Evaluate[string](page, `(async () => {
		const old = document.getElementById("freshness");
		const shown = new Promise(done => new MutationObserver(() => old.hidden || done()).observe(old, {attributes: true}));
		dispatchEvent(new Event("online"));
		await shown;
		return old.textContent;
	})()`)
	if !strings.Contains(said, "This page is old: the server cannot be reached. It shows what was so at") {
		t.Errorf("the page says %q", said)
	}
	if n := browser.Evaluate[int](page, `document.querySelectorAll("#waits tbody tr").length`); n == 0 {
		t.Error("the old page shows nothing")
	}
	s.down.Store(false)
	browser.Evaluate[bool](page, askAnew)
	if !browser.Evaluate[bool](page, `document.getElementById("freshness").hidden`) {
		t.Error("the page calls itself old though it is fresh")
	}
}

// withoutScripts compares pages with and without JavaScript: they say the same,
// in another zone, and the form works.
func (s *inBrowser) withoutScripts(t *testing.T) {
	const text = `[...document.querySelectorAll("#waits tbody tr")].map(r => r.id).join(" ")`
	const first = `document.querySelector("#waits time").textContent + " " + document.querySelector("#waits time").title`
	silent, loud := s.browser.Open(t, browser.Look{Width: 1400, Silent: true}, s.base+"/"), s.browser.Open(t, browser.Look{Width: 1400}, s.base+"/")
	if a, b := browser.Evaluate[string](silent, text), browser.Evaluate[string](loud, text); a != b || a == "" {
		t.Errorf("without JavaScript the page lists %s, with it %s", a, b)
	}
	without, with := browser.Evaluate[string](silent, first), browser.Evaluate[string](loud, first)
	if !strings.HasSuffix(without, " UTC ") || strings.Count(with, "UTC") != 1 || !strings.HasSuffix(with, strings.TrimSpace(without)) {
		t.Errorf("an instant is %q, and with JavaScript %q", without, with)
	}
	if zones := browser.Evaluate[string](loud, `document.getElementById("zone").textContent`); zones != "Times are in your zone, "+browser.Zone+", unless they name another." {
		t.Errorf("the page says %q", zones)
	}
	silent.Go(s.base + "/?kind=question&state=overdue")
	got := browser.Evaluate[string](silent, `document.getElementById("kind").value + " " + document.getElementById("state").value + " " + document.querySelector("#waits .soft").textContent + " " + document.querySelector(".reload").getAttribute("href")`)
	if !strings.HasPrefix(got, "question overdue ") || !strings.Contains(got, "Question") || !strings.HasSuffix(got, "/?kind=question&state=overdue") {
		t.Errorf("chosen by an address: %s", got)
	}
}

// byKeyboard goes through pages by the tabulator: first over the menu into the
// content, then in the order of reading, and sees where it is.
func (s *inBrowser) byKeyboard(t *testing.T) {
	for _, path := range []string{"/", "/owners/po"} {
		page := s.browser.Open(t, browser.Look{Width: 1400}, s.base+path)
		page.Press(kb.Tab + kb.Enter)
		if at := browser.Evaluate[string](page, `document.activeElement.id`); at != "main" {
			t.Errorf("%s: after the first link one is at %q, want main", path, at)
		}
		seen := browser.Evaluate[int](page, `window.order = [...document.querySelectorAll("main a[href], main button, main select, main summary")].filter(e => e.checkVisibility()), order.length`)
		for i := range min(seen, 30) {
			page.Press(kb.Tab)
			got := browser.Evaluate[string](page, fmt.Sprintf(`(() => {
				const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
				if (e !== order[%d]) return "the focus is on " + e.outerHTML.slice(0, 120);
				if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return "no outline on " + e.outerHTML.slice(0, 120);
				if (box.bottom < 0 || box.top > innerHeight) return "out of sight: " + e.outerHTML.slice(0, 120);
				return "";
			})()`, i))
			if got != "" {
				t.Errorf("%s, tabulator %d: %s", path, i+1, got)
				break
			}
		}
		if seen < 8 {
			t.Errorf("%s: only %d can be reached", path, seen)
		}
	}
}

// onPaper prints pages: what is folded is there, what is exact too, and what
// one can only press is not.
func (s *inBrowser) onPaper(t *testing.T) {
	for _, path := range pagesToLookAt() {
		page := s.browser.Open(t, browser.Look{Width: 1400, Dark: true}, s.base+path)
		if pdf := page.PDF(); !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 5000 {
			t.Errorf("%s is printed to %d bytes", path, len(pdf))
		}
		page.Look(browser.Look{Width: 700, Dark: true, Print: true})
		got := browser.Evaluate[string](page, `(() => {
			const shown = e => { const b = e.getBoundingClientRect(); return e.checkVisibility() && b.width > 1 && b.height > 1; };
			const wrong = [];
			for (const e of document.querySelectorAll("nav, .filter, .skip, .reload")) if (e.matches(".pager") ? false : shown(e)) wrong.push("printed: " + e.className + e.tagName);
			for (const e of document.querySelectorAll("details > :not(summary)")) if (!shown(e)) wrong.push("not printed: " + e.outerHTML.slice(0, 80));
			for (const e of document.querySelectorAll("main .exact")) if (e.textContent.includes(" h") && !shown(e)) wrong.push("not printed: " + e.textContent);
			if (getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)") wrong.push("the ground is " + getComputedStyle(document.body).backgroundColor);
			return wrong.slice(0, 5).join("\n");
		})()`)
		if got != "" {
			t.Errorf("%s on paper:\n%s", path, got)
		}
	}
}
