package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/stack"
)

// adasName is the display name of the person whom the tests below erase.
const adasName = "Ada Lovelace"

// withAda adds an owner of the rig's config, who owns a story and is named wherever a
// person can be. It returns her, and her key and accounts as the config has them.
func (p *rig) withAda() (ada *jirasim.User, owner string) {
	p.Helper()
	flavor := p.site.Flavor
	ada = p.site.AddUser(&jirasim.User{
		Ref: "ada", AccountID: "5b10ac8d82e05b22cc7d4ef5", Name: "alovelace", Key: "JIRAUSER10842", DisplayName: adasName,
		AccountType: "atlassian", Active: true, TimeZone: "Europe/London",
	})
	const people = "customfield_10060"
	p.site.AddField(&jirasim.Field{ID: people, Name: "Request participants", Custom: true, SchemaType: "array", SchemaItems: "user", SchemaCustom: "com.atlassian.jira.plugin.system.customfieldtypes:multiuserpicker"})
	story := p.site.CreateIssue(p.now(), p.dev, p.pay, map[string]any{
		"summary": "Have Ada Lovelace sign", "issuetype": map[string]any{"id": "10", "name": "Story"}, "status": map[string]any{"id": "1", "name": "Open"},
		"customfield_10050": ada, people: []*jirasim.User{p.dev, ada}, "labels": []string{"Ada-Lovelace", "invoice"},
	})
	text := func(s string) *string { return &s }
	p.move(p.dev, story, "1", "2",
		jirasim.Item{Field: "assignee", FieldType: "jira", FieldID: "assignee", From: text(ada.ID(flavor)), FromString: text(adasName), To: text(p.dev.ID(flavor)), ToString: text("DEV")},
		jirasim.Item{Field: "labels", FieldType: "jira", FieldID: "labels", FromString: text("invoice"), ToString: text("Ada-Lovelace invoice")},
	)
	mention := map[jirasim.Flavor]string{jirasim.Cloud: "[~accountid:" + ada.AccountID + "]", jirasim.DataCenter: "[~ALovelace]"}[flavor]
	p.later(time.Hour)
	p.site.Comment(p.now(), p.dev, story, mention+" Ada Lovelace, which currency? alovelace knows")
	p.later(time.Hour)
	p.site.Comment(p.now(), ada, story, "Q: is the secret of Ada Lovelace the euro?")
	p.later(time.Hour)
	edited := p.site.Comment(p.now(), ada, story, "Answered: in ada's words")
	p.later(time.Hour)
	p.site.EditComment(p.now(), story, edited, "Answered: in other words of Ada Lovelace", true)
	p.later(time.Hour)
	p.move(ada, story, "2", "3")
	waiting := p.create(p.pay)
	p.site.Change(p.now(), p.dev, waiting, map[string]any{"customfield_10050": ada})
	p.move(p.dev, waiting, "1", "2")
	return ada, fmt.Sprintf(", ada: {accounts: [%s]}", ada.ID(flavor))
}

// TestErase erases an owner by way of a serve that runs: refused while the config
// names her, done once it does not, proved on the file, and lasting.
func TestErase(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		ada, owner := p.withAda()
		flavor := p.site.Flavor
		id := ada.ID(flavor)
		p.fine()
		p.later(time.Hour)
		config := p.svc.Config().File()
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		named := strings.Replace(string(text), p.po.ID(flavor)+"]}", p.po.ID(flavor)+"]}"+owner, 1)
		p.restart(func(string) string { return named })
		p.fine()
		p.shows(`po_waits_open{kind="acceptance",owner="ada",project="PAY"}`, 1)

		for _, name := range []string{id, ada.DisplayName} {
			if len(found(p.T, config, name)) == 0 {
				p.Errorf("the store does not hold %s: mend the test", name)
			}
		}
		export := p.export(config, id)
		if got := export.Account; got.ID != id || got.DisplayName != adasName || got.Type != "person" || !got.Active {
			p.Errorf("the export says of the account %+v", got)
		}
		roles := map[string]int{}
		for _, ev := range export.Events {
			for _, role := range ev.Roles {
				roles[role]++
			}
		}
		for _, role := range []string{"actor", "asked", "mentioned", "named", "assignee"} {
			if roles[role] == 0 {
				p.Errorf("the export has no event in which she is %s: %v", role, roles)
			}
		}
		if len(export.Fields) < 3 || len(export.Counted) == 0 || !slices.Equal(export.OwnerKeys, []string{"ada"}) {
			p.Errorf("the export lacks fields, what was counted, or her key: %+v, %+v, %v", export.Fields, export.Counted, export.OwnerKeys)
		}

		if !slices.Equal(export.Titles, []string{"PAY-1"}) {
			p.Errorf("the export says that the titles of %v name her, want PAY-1", export.Titles)
		}

		r := p.serve()
		await(p.T, r.base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
		refused := yourturn(p.T, 2, "erase", "--config.file", config, "--account", id)
		if want := fmt.Sprintf("yourturn.yml:5: owners.*.accounts names %s", id); !strings.Contains(refused, want) {
			p.Errorf("with her in the config erase says:\n%swant %q", refused, want)
		}
		// The file does not name her any more, and serve has not read it.
		write(p.T, config, string(text))
		refused = yourturn(p.T, 1, "erase", "--config.file", config, "--account", id)
		if !strings.Contains(refused, "reload the config of a serve that runs") || len(found(p.T, config, id)) == 0 {
			p.Errorf("before the reload erase says:\n%s", refused)
		}
		if status, answer := post(p.T, r.base+"/-/reload", ""); status != http.StatusOK {
			p.Fatal(answer)
		}
		if status, _ := post(p.T, control(p.T, config)+"/-/erase", fmt.Sprintf(`{"account": %q}`, id), "Authorization", "Bearer guessed"); status != http.StatusForbidden {
			p.Errorf("without the secret of the lock file erase answers %d", status)
		}
		began := p.metric(ledgerStart)
		said := yourturn(p.T, 0, "erase", "--config.file", config, "--account", id)
		is := regexp.MustCompile(`erased-[0-9a-f]{16}`).FindString(said)
		for _, want := range []string{
			"is erased, and is " + is, fmt.Sprintf("%q 0 times", id), fmt.Sprintf("%q 0 times", adasName),
			fmt.Sprintf(`'match[]={owner="%s"}'`, id), `'match[]={owner="ada"}'`, fmt.Sprintf(`'match[]={display_name="%s"}'`, adasName), "backups of the store",
		} {
			if !strings.Contains(said, want) {
				p.Errorf("erase says:\n%swant %q", said, want)
			}
		}
		if now := p.metric(ledgerStart); now <= began {
			p.Errorf("the ledger of other labels began at %v, want later than %v", now, began)
		}
		p.shows(fmt.Sprintf(`po_waits_open{kind="acceptance",owner=%q,project="PAY"}`, is), 1)
		p.nobody(config, ada)

		// It lasts: what changes, and everything again.
		p.later(time.Hour)
		hers := p.create(p.pay)
		p.site.Comment(p.now(), ada, hers, "I am Ada Lovelace")
		p.site.Comment(p.now(), p.dev, hers, "Ada Lovelace said so")
		before := p.completed()
		yourturn(p.T, 0, "sync", "--config.file", config)
		p.completes(r, before)
		p.nobody(config, ada)
		p.stopped(r)
		if err := p.svc.Close(); err != nil {
			p.Fatal(err)
		}
		readAgain(p.T, config)
		p.start(config)
		p.fine()
		p.nobody(config, ada)
		if err := p.svc.Close(); err != nil {
			p.Fatal(err)
		}
		p.nobody(config, ada)
		again := yourturn(p.T, 0, "erase", "--config.file", config, "--account", id)
		if !strings.Contains(again, "was erased before, and is "+is) {
			p.Errorf("erased again, it says:\n%s", again)
		}
		if gone := yourturn(p.T, 1, "export", "--config.file", config, "--account", id); !strings.Contains(gone, "the store holds no account") {
			p.Errorf("the export of an erased person says:\n%s", gone)
		}
	})
}

// nobody fails if the files of a store, the metrics, waits or the log since name Ada.
func (p *rig) nobody(config string, ada *jirasim.User) {
	p.Helper()
	names := []string{ada.ID(p.site.Flavor), ada.DisplayName, "Ada-Lovelace", "the euro", "other words"}
	if p.site.Flavor == jirasim.DataCenter { // Cloud does not tell the user name
		names = append(names, "alovelace", "ALovelace")
	}
	if left := found(p.T, config, names...); len(left) > 0 {
		p.Errorf("the store still holds %q", left)
	}
	text := strings.Join(numbersOf(p.T, p.svc, config), "")
	text += yourturn(p.T, 0, "waits", "--config.file", config, "--story", "PAY-1") + p.log.String()
	for _, n := range names {
		if strings.Contains(text, n) {
			p.Errorf("somewhere it still says %q", n)
		}
	}
}

// export returns what the export of an account holds.
func (p *rig) export(config, account string) (out query.Personal) {
	p.Helper()
	text := yourturn(p.T, 0, "export", "--config.file", config, "--account", account)
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&out); err != nil {
		p.Fatal(err)
	}
	if strings.Contains(text, p.dev.ID(p.site.Flavor)) {
		p.Errorf("the export names somebody else:\n%s", text)
	}
	return out
}

// TestMistakesOfErasing holds what is said to those who name nobody, or the wrong one.
func TestMistakesOfErasing(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		ada, _ := p.withAda()
		p.fine()
		config := p.svc.Config().File()
		if err := p.svc.Close(); err != nil {
			t.Fatal(err)
		}
		id := ada.ID(p.site.Flavor)
		for _, tc := range []struct {
			account string
			code    int
			want    string
		}{
			{"", 2, "--account is missing: give the id of the account"},
			{"nobody-like-this", 1, "the store holds no account \"nobody-like-this\": give the id of an account"},
			{id[:len(id)-1] + "x", 1, "did you mean " + id + " (" + adasName + ")?"},
			{adasName, 1, "did you mean " + id + " (" + adasName + ")?"},
			{p.site.Self.ID(p.site.Flavor), 1, "it is the account of the token, as which Jira is read"},
			{p.po.ID(p.site.Flavor), 2, "because the config names it"},
		} {
			if got := yourturn(p.T, tc.code, "erase", "--config.file", config, "--account", tc.account); !strings.Contains(got, tc.want) {
				p.Errorf("erase --account %q says %q, want %q", tc.account, got, tc.want)
			}
		}
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		write(p.T, config, strings.Replace(string(text), "rig.db", "other.db", 1))
		if got := yourturn(p.T, 1, "erase", "--config.file", config, "--account", id); !strings.Contains(got, "no such file") {
			p.Errorf("without a store erase says %q", got)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(config), "other.db")); err == nil {
			p.Error("erase made a store")
		}
	})
}

// TestEraseBesideAReader erases while another process reads the store all the while: the
// command says what was done, what is left, and how to finish it, and does so.
func TestEraseBesideAReader(t *testing.T) {
	t.Parallel() // it waits for the reader
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	ada, _ := p.withAda()
	p.fine()
	config, id := p.svc.Config().File(), ada.ID(p.site.Flavor)
	if err := p.svc.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := stack.OpenSQL(t, "sqlite:"+storeFile(t, config)).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM account`).Scan(&n); err != nil || n == 0 {
		t.Fatal(n, err)
	}
	said := yourturn(t, 1, "erase", "--config.file", config, "--account", id)
	is := regexp.MustCompile(`erased-[0-9a-f]{16}`).FindString(said)
	for _, want := range []string{"is erased, and is " + is + " from now on", "match[]={owner=\"" + id + "\"}", "erase again to clean it"} {
		if is == "" || !strings.Contains(said, want) {
			t.Errorf("beside a reader it says:\n%swant %q", said, want)
		}
	}
	if strings.Contains(said, "were searched") {
		t.Errorf("it says that it searched:\n%s", said)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if said := yourturn(t, 0, "erase", "--config.file", config, "--account", id); !strings.Contains(said, fmt.Sprintf("%q 0 times", id)) {
		t.Errorf("after it, it says:\n%s", said)
	}
	if left := found(t, config, id, adasName); len(left) > 0 {
		t.Errorf("there is still %q", left)
	}
}

// TestOwnersByOtherNames switches a service to pseudonyms, to none told apart, and
// back. The numbers stay, under other labels that are the same after a restart.
func TestOwnersByOtherNames(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		_, owner := p.withAda()
		p.later(time.Hour)
		config := p.svc.Config().File()
		plain, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		plain = []byte(strings.Replace(string(plain), p.po.ID(p.site.Flavor)+"]}", p.po.ID(p.site.Flavor)+"]}"+owner, 1))
		write(p.T, filepath.Join(filepath.Dir(config), "key"), "a key of which nobody knows a thing\n")
		with := func(privacy string) func(string) string {
			return func(string) string { return string(plain) + privacy }
		}
		p.restart(with(""))
		p.fine()
		asItWas := numbersOf(p.T, p.svc, config)
		open := p.metric(`po_waits_open{kind="acceptance",owner="ada",project="PAY"}`)
		start := p.metric(ledgerStart)

		p.restart(with("privacy: {pseudonyms: true, key_file: key}\n"))
		hidden := numbersOf(p.T, p.svc, config)
		if p.metric(ledgerStart) <= start {
			p.Error("pseudonyms begin no new ledger start")
		}
		start = p.metric(ledgerStart)
		text := strings.Join(hidden, "") + p.shown("/") + p.log.String() + yourturn(p.T, 0, "waits", "--config.file", config, "--story", "PAY-1") + yourturn(p.T, 0, "waits", "--config.file", config)
		for _, line := range hidden {
			if strings.Contains(line, `"Owner":`) { // the ledger itself knows its owners
				text = strings.ReplaceAll(text, line, "")
			}
		}
		ada := p.site.User("ada")
		for _, name := range []string{`"ada"`, ada.ID(p.site.Flavor), "alovelace", adasName, p.dev.ID(p.site.Flavor)} {
			if strings.Contains(text, name) {
				p.Errorf("by pseudonyms it still says %s", name)
			}
		}
		is := regexp.MustCompile(`po_owner_info\{display_name="(p-[0-9a-f]{16})",owner="(p-[0-9a-f]{16})"\}`).FindStringSubmatch(text)
		if is == nil || is[1] != is[2] {
			p.Fatalf("no owner has a pseudonym: %v", is)
		}
		yourturn(p.T, 0, "waits", "--config.file", config, "--owner", "ada")
		yourturn(p.T, 0, "waits", "--config.file", config, "--owner", is[1])
		p.restart(with("privacy: {pseudonyms: true, key_file: key}\n"))
		if again := numbersOf(p.T, p.svc, config); !slices.Equal(hidden, again) {
			p.Error("after a restart the pseudonyms are others")
		}
		p.shows(ledgerStart, start)

		p.restart(with("privacy: {per_owner: false}\n"))
		together := strings.Join(numbersOf(p.T, p.svc, config), "")
		if page := p.shown("/"); strings.Contains(page, adasName) || !strings.Contains(page, "All owners") {
			p.Errorf("the page of what waits says\n%s", page)
		}
		if p.metric(ledgerStart) <= start {
			p.Error("owners who are not told apart begin no new ledger start")
		}
		for _, m := range regexp.MustCompile(`owner="([^"]*)"`).FindAllStringSubmatch(together, -1) {
			if m[1] != "all" {
				p.Errorf("a metric is still %s's", m[1])
			}
		}
		p.shows(`po_waits_open{kind="acceptance",owner="all",project="PAY"}`, open)
		got := yourturn(p.T, 2, "waits", "--config.file", config, "--owner", "ada")
		if !strings.Contains(got, "privacy.per_owner is false") {
			p.Errorf("waits --owner says %q", got)
		}
		list := yourturn(p.T, 0, "waits", "--config.file", config) + yourturn(p.T, 0, "waits", "--config.file", config, "--format", "json")
		if regexp.MustCompile(`\bada\b`).MatchString(list) || strings.Contains(list, ada.ID(p.site.Flavor)) {
			p.Errorf("waits names an owner:\n%s", list)
		}
		if one := yourturn(p.T, 0, "waits", "--config.file", config, "--story", "PAY-2"); !strings.Contains(one, "waits for acceptance of ada ("+adasName+")") {
			p.Errorf("the open wait of one story does not name its owner:\n%s", one)
		}
		if one := yourturn(p.T, 0, "waits", "--config.file", config, "--story", "PAY-1"); strings.Contains(one, " of ada") {
			p.Errorf("an ended wait names its owner:\n%s", one)
		}

		p.restart(with(""))
		if back := numbersOf(p.T, p.svc, config); !slices.Equal(asItWas, back) {
			p.Error("back at the owners' own names the numbers are others")
		}
	})
}

// shown returns a page of the service.
func (p *rig) shown(path string) string {
	p.Helper()
	rec := httptest.NewRecorder()
	p.svc.ServeHTTP(rec, httptest.NewRequestWithContext(p.Context(), http.MethodGet, path, nil))
	if rec.Code != http.StatusOK {
		p.Errorf("%s answers %d", path, rec.Code)
	}
	return rec.Body.String()
}

// TestNoGrowthUnderOtherNames has a real Prometheus scrape a service whose owners get
// pseudonyms, are then not told apart, and of whom one is erased. All series get other
// labels each time, with the whole history behind them. No rule and no panel takes that
// for growth, and no alert fires: every wait is within the objective but two, one before
// the first change and one after the last.
func TestNoGrowthUnderOtherNames(t *testing.T) {
	t.Parallel() // it waits more than it works
	p := rigJira(t, jirasim.DataCenter, jirasim.Options{})
	const every = 5 * time.Minute
	end := time.Now().Truncate(every)
	begin := end.Add(-26 * time.Hour)
	p.clock.Store(begin.AddDate(0, 0, -20).UnixMilli())
	for range 30 {
		p.accept(time.Hour) // within the target of 8 hours
	}
	for range 4 {
		p.accept(10 * time.Hour)
	}
	p.clock.Store(begin.UnixMilli())
	p.serveJira()
	config := p.svc.Config().File()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(filepath.Dir(config), "key"), "a key of which nobody knows a thing\n")
	var scraped recording
	polls := func(until time.Time) {
		t.Helper()
		for ; !p.now().After(until); p.later(every) {
			p.fine()
			scraped.scrape(p)
		}
	}
	accepted := func(from, until time.Time) {
		t.Helper()
		polls(from)
		story := p.create(p.pay)
		p.move(p.dev, story, "1", "2")
		polls(until)
		p.move(p.po, story, "2", "3")
	}
	accepted(begin, begin.Add(9*time.Hour)) // past the target
	polls(begin.Add(12 * time.Hour))
	started := p.metric(ledgerStart)
	p.restart(func(string) string { return string(text) + "privacy: {pseudonyms: true, key_file: key}\n" })
	scraped.scrape(p)
	accepted(p.now(), p.now().Add(time.Hour))
	polls(begin.Add(15 * time.Hour))
	p.restart(func(string) string { return string(text) + "privacy: {per_owner: false}\n" })
	scraped.scrape(p)
	accepted(p.now(), p.now().Add(time.Hour))
	polls(begin.Add(18 * time.Hour))
	p.restart(func(string) string { // po is erased, so the config may not name po
		return strings.Replace(string(text), "accounts: ["+p.po.ID(p.site.Flavor)+"]", "accounts: [somebody]", 1)
	})
	p.fine()
	if _, err := p.svc.Erase(t.Context(), app.Erasure{Account: p.po.ID(p.site.Flavor), Names: []string{"po"}}); err != nil {
		t.Fatal(err)
	}
	if p.metric(ledgerStart) <= started {
		t.Error("the ledger did not begin anew")
	}
	last := p.now()
	scraped.scrape(p)
	polls(end)
	prometheus := scraped.prometheus(t)
	recorded := []string{`job_project:acceptance_breached:growth14d{project="PAY"}`, `job_project:acceptance_breached:growth3d{project="PAY"}`}
	var now time.Time
	stack.Eventually(t, "the rules are evaluated", func(context.Context) bool {
		now = time.Now()
		return len(prometheus.Instant(t, recorded[0], now)) > 0
	})
	for _, series := range recorded {
		if a := prometheus.Instant(t, series, now); len(a) != 1 || a[0].Values[now.Unix()] != 0 {
			t.Errorf("%s is %v, want 0: nothing was counted since the last change", series, a)
		}
	}
	for _, expr := range []string{alertExpr(t, "AcceptanceObjectiveMissed"), `ALERTS{alertstate="firing"}`} {
		if a := prometheus.Instant(t, expr, now); len(a) > 0 {
			t.Errorf("somebody is alarmed: %v\n%s", a, expr)
		}
	}
	panels := 0
	for _, panel := range saidByPanels(t) {
		if !panel.counts {
			continue
		}
		for i, expr := range panel.exprs {
			if !strings.Contains(expr, "po_waits_") || strings.Contains(expr, "/ (") {
				continue
			}
			panels++
			for at := begin.Add(12 * time.Hour); !at.After(end); at = at.Add(30 * time.Minute) {
				most := 1.0 // what ended between two changes
				if at.Sub(last) > time.Hour {
					most = 0
				}
				for _, a := range prometheus.Instant(t, panel.query(i, ".*", 14*24*time.Hour), at) {
					if got := a.Values[at.Unix()]; got > most {
						t.Errorf("%s, %q draws %v at %s, want at most %v", panel.board, panel.title, got, at.Sub(begin), most)
					}
				}
			}
		}
	}
	if panels < 3 {
		t.Errorf("only %d queries were looked at", panels)
	}
}
