package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/stack"
)

// TestCommandsBesideReplicas runs sync, sync --recount and erase beside two replicas that
// poll once an hour: the one that writes to the store does it at once, and both show it.
func TestCommandsBesideReplicas(t *testing.T) {
	t.Parallel()
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	story := p.create(p.pay)
	p.later(time.Hour)
	config := p.inReplicas("1h")
	first := startServe(t, config, "127.0.0.1:0")
	await(t, "http://"+first.address()+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 })
	address := stack.Free(t)
	second := startServe(t, config, address)
	started(t, &second.out, second.ended, `(this one shows its numbers)`)
	ready(t, address)
	both := []string{"http://" + first.address(), "http://" + address}
	commands := func(args ...string) string {
		t.Helper()
		code, out := run(t, append(args, "--config.file", config)...)
		if code != 0 || !strings.Contains(out, " writes to this store, and is asked to ") {
			t.Fatalf("%v ended with %d:\n%s", args, code, out)
		}
		return out
	}

	p.later(time.Minute)
	p.move(p.dev, story, "1", "2")
	if out := commands("sync"); !strings.Contains(out, "read 1 stories, 1 new events") {
		t.Errorf("sync says\n%s", out)
	}
	for _, url := range both {
		await(t, url+"/metrics", line(open+" 1"))
	}

	const start = "yourturn_ledger_start_timestamp_seconds"
	before := value(await(t, both[0]+"/metrics", func(int, string) bool { return true }), start)
	p.later(time.Minute)
	commands("sync", "--recount")
	for _, url := range both {
		await(t, url+"/metrics", func(_ int, body string) bool { return value(body, start) > before })
	}

	page := "/stories/" + p.site.Key(story)
	for _, url := range both {
		await(t, url+page, func(status int, body string) bool {
			return status == http.StatusOK && strings.Contains(body, p.dev.DisplayName)
		})
	}
	out := commands("erase", "--account", p.dev.AccountID)
	for _, want := range []string{p.dev.AccountID + " is erased, and is ", `"` + p.dev.AccountID + `" 0 times`} {
		if !strings.Contains(out, want) {
			t.Errorf("erase does not say %q:\n%s", want, out)
		}
	}
	for _, url := range both {
		await(t, url+page, func(status int, body string) bool {
			return status == http.StatusOK && !strings.Contains(body, p.dev.DisplayName)
		})
		await(t, url+"/metrics", line(open+" 1"))
	}
	cfg, err := app.LoadConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	var rows, bytes int64
	if err := stack.OpenSQL(t, cfg.Store.URL).QueryRowContext(t.Context(), `SELECT count(*), pg_relation_size('requests') FROM requests`).Scan(&rows, &bytes); err != nil || rows != 0 || bytes != 0 {
		t.Errorf("the database still has %d requests, and %d bytes of them: %v", rows, bytes, err)
	}

	code, text := run(t, "erase", "--config.file", config, "--account", "nobody-at-all")
	if code == 0 || strings.Contains(text, "is erased") {
		t.Errorf("erasing nobody ended with %d:\n%s", code, text)
	}
}
