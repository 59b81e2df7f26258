package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
)

// titled creates a story with a title, which waits for acceptance.
func (p *rig) titled(title string) int64 {
	id := p.create(p.pay)
	p.site.Rename(p.now(), p.dev, id, title)
	p.move(p.dev, id, "1", "2")
	return id
}

// TestTitlesAsTheConfigSays holds that titles are kept by default, are deleted when the
// config forbids them, at a start and at a reload, are read again when it allows them,
// and are in no metric, log line or entry of the ledger.
func TestTitlesAsTheConfigSays(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		const title = "Rhubarb for everybody"
		id := p.titled(title)
		secret := p.titled("Rhubarb in secret")
		p.site.Secure(p.now(), p.dev, secret, "Board")
		p.later(time.Hour)
		p.fine()
		config := p.svc.Config().File()
		shown := func(when, want string) {
			p.Helper()
			for _, w := range p.waits(id) {
				if w.Title != want {
					p.Errorf("%s: the story is called %q, want %q", when, w.Title, want)
				}
			}
			if got := len(found(p.T, config, "Rhubarb")) > 0; got != (want != "") {
				p.Errorf("%s: the store holds titles: %t", when, got)
			}
		}
		shown("by default", title)
		p.move(p.po, id, "2", "3")
		p.settle()
		p.settle()
		if body := p.shown("/metrics"); strings.Contains(body, "Rhubarb") || !strings.Contains(body, "po_waits_ended_total") {
			p.Error("the metrics tell a title, or count nothing")
		}
		st := openStore(p.T, p.svc.Config(), store.ReadOnly)
		ledger := 0
		for e, err := range st.LedgerIn(p.Context(), jiradata.Shard{From: math.MinInt64, To: math.MaxInt64}) {
			if err != nil {
				p.Fatal(err)
			}
			if ledger++; strings.Contains(fmt.Sprintf("%+v", e), "Rhubarb") {
				p.Errorf("the ledger tells a title: %+v", e)
			}
		}
		if ledger == 0 {
			p.Error("nothing is in the ledger")
		}

		const off = "privacy: {titles: false}\n"
		// Only read: the store still holds titles, and nobody shows them.
		text, err := os.ReadFile(config)
		if err != nil {
			p.Fatal(err)
		}
		write(p.T, config, string(text)+off)
		for _, w := range p.waits(id) {
			if w.Title != "" {
				p.Errorf("a config without titles shows %q", w.Title)
			}
		}
		p.restart(asItWas)
		shown("off", "")
		p.settle()
		shown("off, and polled", "")
		p.restart(p.replaced(off, ""))
		p.later(time.Minute)
		p.fine()
		p.later(7 * time.Hour)
		p.fine()
		shown("on, after a census", title)

		r := p.serve()
		await(p.T, r.base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
		if status, answer := p.reload(r, string(text)+off); status != http.StatusOK {
			p.Fatal(answer)
		}
		shown("off by a reload", "")
		p.stopped(r)
		p.logs("Rhubarb", false)
	})
}

// TestUpgradeReadsNoTitles holds that a store that an earlier release filled gets no
// titles until its config says so, and then those of open waits first.
func TestUpgradeReadsNoTitles(t *testing.T) {
	u := newUpgrade(t)
	titles := func() (n int) {
		t.Helper()
		for _, w := range u.waits() {
			if w.Title != "" {
				n++
			}
		}
		return n
	}
	p := newPoller(t, u.config, u.now)
	u.clock.Add(int64(24 * time.Hour))
	p.look()
	if n := titles(); n > 0 {
		t.Errorf("%d waits have titles after an upgrade", n)
	}
	p.leave()
	text, err := os.ReadFile(u.config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, u.config, string(text)+"privacy: {titles: true}\n")
	p = newPoller(t, u.config, u.now)
	u.clock.Add(int64(time.Minute))
	p.look()
	open := 0
	for _, w := range u.waits() {
		if w.End == nil && w.Title == "" {
			t.Errorf("%s waits and has no title", w.Story)
		}
		if w.End == nil {
			open++
		}
	}
	if open == 0 {
		t.Error("nothing waits: mend the test")
	}
	p.leave()
	write(t, u.config, string(text)) // by now the store is like any other
	p = newPoller(t, u.config, u.now)
	u.clock.Add(int64(24 * time.Hour))
	p.look()
	for _, w := range u.waits() {
		if w.Title == "" {
			t.Errorf("%s has no title after a census", w.Story)
		}
	}
}

// waits returns what the command lists.
func (u *upgrade) waits() (all []query.Part) {
	u.Helper()
	if err := json.Unmarshal([]byte(yourturn(u.T, 0, "waits", "--format", "json", "--config.file", u.config)), &all); err != nil {
		u.Fatal(err)
	}
	return all
}

// TestHostileTitles holds that titles do nothing where waits and reports show them.
func TestHostileTitles(t *testing.T) {
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	long := strings.Repeat("long ", 2000)
	hostile := []string{
		"=HYPERLINK(\"http://evil.example\",\"x\")", "@all, +1 | </td><script>alert(1)</script>", "\u202egnitteg \x1b[2Jrid\u202c",
		"[x](javascript:alert(1)) `y` @team #12", "new\nline\ttab", "👩‍🚀 שלום", long,
	}
	ids := map[string]string{}
	for _, title := range hostile {
		id := p.titled(title)
		p.site.Comment(p.now(), p.dev, id, p.po.Mention(jirasim.Cloud)+" why?")
		ids[fmt.Sprint(id)] = title
	}
	p.po.DisplayName = "=\u202eP\nO|"
	p.later(time.Hour)
	p.fine()
	config := p.svc.Config().File()

	var parts []query.Part
	if err := json.Unmarshal([]byte(yourturn(t, 0, "waits", "--format", "json", "--config.file", config)), &parts); err != nil {
		t.Fatal(err)
	}
	if len(parts) != 2*len(hostile) {
		t.Fatalf("%d waits, want %d", len(parts), 2*len(hostile))
	}
	for _, w := range parts {
		title := ids[w.StoryID]
		if title == long {
			title = strings.TrimSpace(title)[:255]
		}
		if w.Title != title {
			t.Errorf("in JSON %s is called %q, want %q", w.Story, w.Title, title)
		}
		link := regexp.MustCompile(`^http://127\.0\.0\.1:\d+/browse/` + w.Story + map[string]string{"question": `\?focusedCommentId=\d+`}[w.Kind] + `$`)
		if !link.MatchString(w.URL) {
			t.Errorf("the %s of %s is at %q", w.Kind, w.Story, w.URL)
		}
		if w.OwnerName != p.po.DisplayName {
			t.Errorf("%s is of %q", w.Story, w.OwnerName)
		}
	}
	var r struct {
		Longest []struct{ Story, Kind, Title, URL string }
		Open    []struct{ Story, Kind, Title, URL string } `json:"open_at_end"`
	}
	if err := json.Unmarshal([]byte(yourturn(t, 0, "report", "--from", "2026-03-01", "--to", "2026-03-02", "--format", "json", "--longest", "100", "--config.file", config)), &r); err != nil {
		t.Fatal(err)
	}
	for _, w := range append(r.Longest, r.Open...) {
		if !slices.ContainsFunc(parts, func(p query.Part) bool {
			return p.Story == w.Story && p.Kind == w.Kind && p.Title == w.Title && p.URL == w.URL
		}) {
			t.Errorf("the report says of a wait %+v", w)
		}
	}
	if len(r.Longest) != len(parts) {
		t.Errorf("the report lists %d waits, want %d", len(r.Longest), len(parts))
	}
	rows, err := csv.NewReader(strings.NewReader(yourturn(t, 0, "waits", "--format", "csv", "--config.file", config))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if n := slices.Index(rows[0], "title"); n < 0 || rows[0][n+1] != "url" || rows[0][n-1] != "owner_name" {
		t.Errorf("the columns are %v", rows[0])
	}
	for _, row := range rows[1:] {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) || strings.ContainsAny(cell, "\x1b\u202e\n") {
				t.Errorf("a cell is %q", cell)
			}
		}
	}
	for _, args := range [][]string{{"waits"}, {"waits", "--story", parts[4].Story}, {"report", "--from", "2026-03-01", "--to", "2026-03-02"}} {
		text := yourturn(t, 0, append(args, "--config.file", config)...)
		if strings.ContainsAny(text, "\x1b\u202e\u202c") {
			t.Errorf("%v: it controls the terminal:\n%q", args, text)
		}
		if args[0] == "waits" && len(args) == 1 {
			for line := range strings.Lines(text) {
				if n := len([]rune(line)); n > 260 {
					t.Errorf("a line of %d characters: %s", n, line)
				}
			}
			if n := strings.Count(text, "\n"); n != 2+len(parts) {
				t.Errorf("%d lines, want %d:\n%s", n, 2+len(parts), text)
			}
		}
	}
}

// TestWaitsOfARange holds which waits the flags of a range select: those that ran at any
// instant of it, by the days that report has, and as many as report counts.
func TestWaitsOfARange(t *testing.T) {
	t.Parallel()
	o := newOrganisation(t, 3, jirasim.DataCenter)
	yourturn(t, 0, "sync", "--config.file", o.config)
	list := func(args ...string) (parts []query.Part) {
		t.Helper()
		if err := json.Unmarshal([]byte(yourturn(t, 0, append([]string{"waits", "--config.file", o.config, "--format", "json"}, args...)...)), &parts); err != nil {
			t.Fatal(err)
		}
		return parts
	}
	var r struct {
		Range struct {
			Name     string
			From, To string
		}
	}
	report := func(args ...string) {
		t.Helper()
		if err := json.Unmarshal([]byte(yourturn(t, 0, append([]string{"report", "--config.file", o.config, "--format", "json"}, args...)...)), &r); err != nil {
			t.Fatal(err)
		}
	}
	all := list()
	for _, args := range [][]string{
		{"--from", "2026-04-06", "--to", "2026-04-19"}, {"--from", "2026-04-06", "--to", "2026-04-06", "--project", "web"}, {"--sprint", "PAY Sprint 9", "--project", "PAY"},
	} {
		report(args...)
		ids := func(parts []query.Part) (out []string) {
			for _, w := range parts {
				out = append(out, fmt.Sprint(w.StoryID, w.Kind, w.Start, w.Part))
			}
			return out
		}
		project := ""
		if i := slices.Index(args, "--project"); i >= 0 {
			project = strings.ToUpper(args[i+1])
		}
		for _, only := range []string{"", "--open", "--ended"} {
			var want []query.Part
			for _, w := range all {
				ran := w.Start < r.Range.To && (w.End == nil || *w.End > r.Range.From)
				if ran && (project == "" || w.Project == project) && (only == "" || (only == "--open") == (w.End == nil)) {
					want = append(want, w)
				}
			}
			flags := slices.Clone(args)
			if only != "" {
				flags = append(flags, only)
			}
			if diff := gocmp.Diff(ids(want), ids(list(flags...))); diff != "" {
				t.Errorf("%v (-want +got):\n%s", flags, diff)
			}
			if only == "" && (len(want) < 3 || len(want) == len(all)) {
				t.Errorf("%v selects %d of %d waits: mend the test", args, len(want), len(all))
			}
		}
	}
	for _, wrong := range []struct {
		args []string
		want string
	}{
		{[]string{"--open", "--ended"}, "contradict"},
		{[]string{"--from", "2026-04-06"}, "give both --from and --to"},
		{[]string{"--from", "6 April", "--to", "2026-04-07"}, "--from \"6 April\": give a day like"},
		{[]string{"--from", "2026-04-07", "--to", "2026-04-06"}, "--to 2026-04-06 is before --from 2026-04-07"},
		{[]string{"--sprint", "PAY Sprint 9"}, "--sprint needs --project"},
		{[]string{"--sprint", "PAY Sprint 9", "--project", "PAY", "--from", "2026-04-06", "--to", "2026-04-06"}, "--sprint has its own days"},
		{[]string{"--sprint", "PAY Sprint", "--project", "PAY"}, "PAY has no sprint of that name; did you mean PAY Sprint"},
		{[]string{"--from", "2027-01-01", "--to", "2027-01-02"}, "the range begins after the waits, which are as of 2026-05-20"},
		{[]string{"--from", "2026-04-06", "--to", "2026-04-07", "--as-of", "2026-04-01T00:00:00Z"}, "the range begins after the waits, which are as of 2026-04-01"},
		{[]string{"--audit", "--ended"}, "--audit lists findings and no waits"},
	} {
		if got := yourturn(t, 2, append([]string{"waits", "--config.file", o.config}, wrong.args...)...); !strings.Contains(got, wrong.want) {
			t.Errorf("%v says: %s", wrong.args, got)
		}
	}
}
