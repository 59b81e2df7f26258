package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// posted posts a body and returns the status.
func posted(t *testing.T, url, body string, header ...string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// serving starts serve with a config that polls once an hour, and returns
// where it listens and what it prints.
func serving(t *testing.T, o *organisation) (base string, out *output) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out = &output{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--config.file", o.config, "--web.listen-address", "127.0.0.1:0"}, streams{strings.NewReader(""), out, out})
	}()
	base = "http://" + started(t, out, ended, `"address": "([^"]+)"`)
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("stopped, serve ended with %d:\n%s", code, out)
		}
	})
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	return base, out
}

// has tells whether a page holds a text.
func has(text string) func(int, string) bool {
	return func(_ int, body string) bool { return strings.Contains(body, text) }
}

// patient changes an organisation's config to poll once an hour, and appends text.
func patient(t *testing.T, o *organisation, text string) string {
	t.Helper()
	config, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Replace(string(config), "jira:\n", "jira:\n  poll_interval: 1h\n", 1) + text
	write(t, o.config, all)
	return all
}

func TestServeReloadsItsConfig(t *testing.T) {
	o := newOrganisation(t, 1, jirasim.Cloud)
	right := patient(t, o, "")
	base, out := serving(t, o)
	for _, tc := range []struct {
		name, config, says string
	}{
		{"unknown key", right + "wbe: {}\n", "wbe"},
		{"a status that this Jira lacks", strings.Replace(right, "[PO Review]", "[PO Revue]", 1), "PO Revue"},
		{"another store", strings.Replace(right, "store.db", "other.db", 1), "takes a restart"},
	} {
		write(t, o.config, tc.config)
		if status := posted(t, base+"/-/reload", ""); status != http.StatusInternalServerError {
			t.Errorf("%s: reloaded with status %d, want 500", tc.name, status)
		}
		await(t, base+"/metrics", has("yourturn_config_last_reload_successful 0"))
		if !strings.Contains(out.String(), tc.says) {
			t.Errorf("%s: the log does not say %q:\n%s", tc.name, tc.says, out)
		}
	}
	await(t, base+"/sync", has("the old one stays"))
	await(t, base+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })

	write(t, o.config, strings.Replace(right, "[PO Review]", "[Done]", 1))
	if status := posted(t, base+"/-/reload", ""); status != http.StatusOK {
		t.Fatalf("the right config was reloaded with status %d:\n%s", status, out)
	}
	await(t, base+"/metrics", has("yourturn_config_last_reload_successful 1"))
	write(t, o.config, "")
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, base+"/metrics", has("yourturn_config_last_reload_successful 0"))
}

// TestServeHearsWebhooks holds that a story a webhook names is in the numbers
// long before the next poll.
func TestServeHearsWebhooks(t *testing.T) {
	const secret = "hush"
	o := newOrganisation(t, 1, jirasim.Cloud)
	write(t, filepath.Join(filepath.Dir(o.config), "hook"), secret+"\n")
	patient(t, o, "webhook: {secret_file: hook}\n")
	base, _ := serving(t, o)
	await(t, base+"/sync", has("Jira shows"))
	await(t, base+"/-/healthy", func(status int, _ string) bool { return status == http.StatusOK })

	body := fmt.Sprintf(`{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue":{"id":"10050"}}`, time.Now().UnixMilli())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	if status := posted(t, base+"/webhook/jira", body, "X-Hub-Signature", "sha256=00"); status != http.StatusUnauthorized {
		t.Errorf("a wrong signature was answered with %d, want 401", status)
	}
	before := o.server.Requests()
	if status := posted(t, base+"/webhook/jira", body, "X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil))); status != http.StatusAccepted {
		t.Fatalf("a right signature was answered with %d, want 202", status)
	}
	await(t, base+"/metrics", has("yourturn_poll_cycles_total{result=\"complete\"} 2"))
	after := o.server.Requests()
	if n := after["GET /rest/api/2/issue/{id}"] - before["GET /rest/api/2/issue/{id}"]; n != 1 {
		t.Errorf("the story was read %d times, want once", n)
	}
	for _, want := range []string{`yourturn_webhooks_total{result="accepted"} 1`, `yourturn_webhooks_total{result="refused"} 1`} {
		await(t, base+"/metrics", has(want))
	}
}
