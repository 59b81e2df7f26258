package diagnose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/listen"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// calendars says which working hours are in force, and whether somebody works
// now.
func (e *examination) calendars(context.Context) ([]Line, error) {
	c := e.Config
	now := e.Now()
	state := func(cal *calendar.Calendar) string {
		if cal.Open(calendar.At(now)) {
			return "working time"
		}
		return "no working time"
	}
	common := Line{Topic: "calendars", Text: fmt.Sprintf("%s; there it is %s now, %s", c.OwnerHours(""), now.In(c.Zone()).Format("Mon 15:04"), state(c.ProjectCalendar("")))}
	if !c.Given("calendar") {
		common.Grade = Look
		common.Text = "the config has no calendar: " + common.Text
		common.Remedy = "write calendar.time_zone and calendar.hours of your team"
	}
	lines := []Line{common}
	who := map[string][]string{}
	for key := range c.Owners {
		if c.HasOwnCalendar(key) {
			text := fmt.Sprintf("%s; there it is %s now, %s", c.OwnerHours(key), now.In(c.OwnerZone(key)).Format("Mon 15:04"), state(c.OwnerCalendar(key)))
			who[text] = append(who[text], key)
		}
	}
	for key := range c.Projects {
		if c.ProjectCalendar(key) != c.ProjectCalendar("") {
			text := fmt.Sprintf("%s; there it is %s now, %s", c.ProjectHours(key), now.In(c.ProjectZone(key)).Format("Mon 15:04"), state(c.ProjectCalendar(key)))
			who[text] = append(who[text], "project "+key)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(who)) {
		slices.Sort(who[text])
		lines = append(lines, Line{Topic: "calendars", Text: strings.Join(who[text], ", ") + ": " + text})
	}
	if len(lines) > 1 {
		lines[0].Text = "everybody else: " + lines[0].Text
	}
	return lines, nil
}

// webhook says whether Jira can report changes by itself.
func (e *examination) webhook(context.Context) ([]Line, error) {
	c := e.Config
	line := Line{Topic: "webhook", Text: fmt.Sprintf("none is accepted; Jira is asked every %s", c.Jira.PollInterval)}
	switch {
	case c.Webhook.Secret.Reveal() == "":
	case listen.Loopback(c.Web.ListenAddress):
		line.Grade, line.Text = Look, fmt.Sprintf("webhooks are accepted at /webhook/jira, but %s takes them from this machine alone", c.Web.ListenAddress)
		line.Remedy = "let a proxy pass /webhook/jira on, or write another web.listen_address"
	default:
		line.Text = fmt.Sprintf("webhooks that are signed with the secret are accepted at /webhook/jira of %s", c.Web.ListenAddress)
	}
	return []Line{line}, nil
}

// secrets says what of the config others can get at.
func (e *examination) secrets(context.Context) ([]Line, error) { return Exposures(e.Config), nil }

// Exposures returns a line for each way in which others can get at a secret of a
// config. It asks nobody.
func Exposures(cfg *config.Config) []Line {
	var lines []Line
	for _, x := range cfg.Exposures() {
		lines = append(lines, Line{Topic: "secrets", Grade: Look, Text: x.Key + ": " + x.Text, Remedy: x.Remedy})
	}
	return lines
}

// pages says who can open the pages and read the metrics.
func (e *examination) pages(context.Context) ([]Line, error) { return Pages(e.Config), nil }

// Pages says who can open the pages of a config and read its metrics.
func Pages(cfg *config.Config) []Line {
	w := cfg.Web
	protection, err := listen.Check(w.ConfigFile)
	if err != nil {
		return []Line{{Topic: "pages", Grade: Broken, Text: err.Error(), Remedy: "mend the file, or leave web.config_file out"}}
	}
	var lines []Line
	for _, text := range listen.Exposed(w, w.ListenAddress, protection) {
		what, remedy, _ := strings.Cut(text, ": ")
		lines = append(lines, Line{Topic: "pages", Grade: Look, Text: what, Remedy: remedy})
	}
	if len(lines) > 0 {
		return lines
	}
	text := fmt.Sprintf("pages and metrics at %s are for this machine alone", w.ListenAddress)
	switch {
	case w.Identity.Configured():
		text = fmt.Sprintf("pages and metrics at %s are for those who have a role (web.roles, owners.*.users)", w.ListenAddress)
	case protection.BasicAuth || protection.ClientCertificate:
		text = fmt.Sprintf("pages and metrics at %s are for those whom %s lets in", w.ListenAddress, w.ConfigFile)
	}
	return []Line{{Topic: "pages", Text: text}}
}

// openStore opens the store for reading, if there is one with a completed sync.
func (e *examination) openStore(ctx context.Context) {
	st, err := store.Open(ctx, e.Config.Store.URL, store.ReadOnly)
	if err != nil {
		return // what is wrong with it is said by writable
	}
	if e.state, err = st.State(ctx); err != nil {
		st.Close()
		return
	}
	e.store = st
}

// writable looks at the store: whether it can be written, who writes to it, and
// how far it is.
func (e *examination) writable(ctx context.Context) ([]Line, error) {
	if !store.IsFile(e.Config.Store.URL) {
		return e.server(ctx)
	}
	path, err := store.Path(e.Config.Store.URL)
	if err != nil {
		return nil, err
	}
	broken := func(text, remedy string) ([]Line, error) {
		return []Line{{Topic: "store", Grade: Broken, Text: text, Remedy: remedy}}, nil
	}
	const otherwise = ", or set store.url to another one"
	var lines []Line
	_, err = os.Stat(path)
	exists := err == nil
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return broken(fmt.Sprintf("%s: there is no folder %s", path, dir), "create the folder"+otherwise)
	}
	if err := tryFolder(dir); err != nil {
		return broken(fmt.Sprintf("%s: its folder cannot be written: %v", path, cause(err)), "make the folder writable, in which the database has files beside the store"+otherwise)
	}
	if exists {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return broken(fmt.Sprintf("%s cannot be written: %v", path, cause(err)), "make the file writable"+otherwise)
		}
		f.Close()
		if mode, open := store.OpenToAll(path); open {
			lines = append(lines, Line{Topic: "store", Grade: Look, Text: fmt.Sprintf("%s is open to every user of this machine (mode %04o)", path, mode), Remedy: "run chmod o= on it; the next start does so if the file is its user's"})
		}
		if e.store == nil {
			_, err := store.Open(ctx, e.Config.Store.URL, store.ReadOnly)
			if err == nil {
				err = errors.New("its state cannot be read")
			}
			return cannotOpen(err, "set store.url to another file"), nil
		}
	}
	line := Line{Topic: "store", Text: path + " can be written; it is made by the first sync"}
	if exists && e.state.FirstDone {
		counts, err := e.store.Counts(ctx)
		if err != nil {
			return nil, err
		}
		line.Text = fmt.Sprintf("%s can be written; it holds %d stories as of %s", path, counts.Stories, e.state.DataTimestamp.Time().Format("2006-01-02 15:04 UTC"))
	} else if exists {
		line.Text = path + " can be written; it has no completed sync yet"
	}
	lines = append(lines, line)
	ledger, err := e.ledger(ctx)
	if err != nil {
		return lines, err
	}
	lines = append(lines, ledger...)
	if holder, held, err := storelock.Held(path); err != nil {
		lines = append(lines, Line{Topic: "store", Grade: Look, Text: err.Error()})
	} else if held {
		lines = append(lines, Line{Topic: "store", Text: holder.String() + " writes to it"})
	}
	if kind := storelock.NetworkFilesystem(path); kind != "" {
		lines = append(lines, Line{Topic: "store", Grade: Look, Text: path + " is on a network file system (" + kind + "), where a database's locks may not hold", Remedy: "keep the store on a disk of this machine (store.url)"})
	}
	return lines, nil
}

// cannotOpen says why a store cannot be opened; otherwise is what to do where the error
// does not say it.
func cannotOpen(err error, otherwise string) []Line {
	for _, kind := range []error{
		store.ErrNoStore, store.ErrNewer, store.ErrDamaged, store.ErrReadOnly, store.ErrCannotOpen, store.ErrDisk, store.ErrUnreachable, store.ErrRefused, store.ErrStandby,
	} {
		if text, ok := strings.CutSuffix(err.Error(), ": "+kind.Error()); ok {
			return []Line{{Topic: "store", Grade: Broken, Text: text, Remedy: kind.Error()}}
		}
	}
	return []Line{{Topic: "store", Grade: Broken, Text: err.Error(), Remedy: otherwise}}
}

// server looks at a store in PostgreSQL.
func (e *examination) server(ctx context.Context) ([]Line, error) {
	st, err := store.Open(ctx, e.Config.Store.URL, store.ReadOnly)
	if errors.Is(err, store.ErrEmpty) {
		return []Line{{Topic: "store", Text: "the database can be reached; the first sync makes the store in it"}}, nil
	}
	if err != nil {
		return cannotOpen(err, "set store.url to a database that can be reached"), nil
	}
	defer st.Close() //nolint:errcheck // it was read
	line := Line{Topic: "store", Text: st.Name() + " can be reached; it has no completed sync yet"}
	if e.state.FirstDone {
		counts, err := st.Counts(ctx)
		if err != nil {
			return nil, err
		}
		line.Text = fmt.Sprintf("%s can be reached; it holds %d stories as of %s", st.Name(), counts.Stories, e.state.DataTimestamp.Time().Format("2006-01-02 15:04 UTC"))
	}
	ledger, err := e.ledger(ctx)
	if err != nil {
		return nil, err
	}
	lines := append([]Line{line}, ledger...)
	holder, held, err := st.LeaseHolder(ctx)
	if err != nil {
		return nil, err
	}
	if held {
		lines = append(lines, Line{Topic: "store", Text: storelock.HolderOf(holder).String() + " writes to it"})
	}
	return lines, nil
}

// ledger says what the counters of a store make of a config that was changed.
func (e *examination) ledger(ctx context.Context) ([]Line, error) {
	if e.store == nil || !e.state.FirstDone {
		return nil, nil
	}
	l, err := query.LedgerBy(ctx, e.store, e.Config)
	if err != nil {
		return nil, fmt.Errorf("reading where the ledger stands: %w", err)
	}
	const format = "2006-01-02 15:04 UTC"
	line := Line{Topic: "store", Text: "the counters are counted by this config"}
	if l.Start != 0 {
		line.Text += ", since " + l.Start.Time().Format(format)
	}
	switch {
	case l.AsOf == 0 && !l.Changed:
		return nil, nil // nothing is counted yet
	case l.Renewed(e.state.DataTimestamp):
		line.Grade = Look
		line.Text = fmt.Sprintf("the counters were counted by another config; up to %s, the first day, a changed config begins a new ledger by itself", l.RenewedUntil.Time().Format(format))
		line.Remedy = "nothing: the next start or reload counts anew; Prometheus sees one reset"
	case l.Changed:
		line.Grade = Look
		line.Text = "the counters were counted by another config: waits and gauges follow this one from the next start on, and what was counted stays counted"
		line.Remedy = "if the past is to be counted by this config, run yourturn sync --recount: every counter begins anew, which Prometheus sees as one reset"
	}
	return []Line{line}, nil
}

// cause returns an error without the file's name, which the text has already.
func cause(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// tryFolder returns why no file can be made in a folder.
func tryFolder(dir string) error {
	f, err := os.CreateTemp(dir, ".yourturn-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
