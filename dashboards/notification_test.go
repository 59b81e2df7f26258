package dashboards

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/yourturn/yourturn/internal/stack"
)

// notification is what Alertmanager posts to a webhook.
type notification struct {
	Receiver string
	Alerts   []struct {
		Status              string
		Labels, Annotations map[string]string
	}
}

// TestNotification follows an overdue story of the demo through the rules and
// Alertmanager to a receiver: the right owner's name, and the link to the story.
func TestNotification(t *testing.T) {
	var mu sync.Mutex
	var got []notification
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var n notification
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, n)
	}))
	t.Cleanup(receiver.Close)

	dir, address := t.TempDir(), stack.Free(t)
	put(t, filepath.Join(dir, "alertmanager.yml"), edited(t, "alertmanager/alertmanager.yml",
		"\n  - name: team\n", "\n  - name: team\n    webhook_configs: [{url: \""+receiver.URL+"\"}]\n", "group_wait: 30s", "group_wait: 0s"))
	stack.Begin(t, stack.Program(t, "prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"),
		"--config.file="+filepath.Join(dir, "alertmanager.yml"), "--storage.path="+filepath.Join(dir, "am"),
		"--web.listen-address="+address, "--cluster.listen-address=")
	stack.Eventually(t, "Alertmanager is ready", func(ctx context.Context) bool { return stack.Answers(ctx, "http://"+address+"/-/ready") })

	yourturn := demo(t)
	put(t, filepath.Join(dir, "prometheus.yml"), edited(t, "prometheus/prometheus.yml",
		"yourturn:9817", yourturn, "alertmanager:9093", address, "scrape_interval: 30s", "scrape_interval: 1s", "evaluation_interval: 30s", "evaluation_interval: 1s"))
	for _, name := range []string{"objective", "waits", "service"} {
		rules := edited(t, "prometheus/rules/"+name+".yml")
		put(t, filepath.Join(dir, "rules", name+".yml"), regexp.MustCompile(`\n( +)for: .*`).ReplaceAllString(rules, "\n${1}for: 0s"))
	}
	stack.StartPrometheus(t, dir)

	var story map[string]string
	var owner, link string
	stack.Eventually(t, "a notification about an overdue story", func(context.Context) bool {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range got {
			for _, a := range n.Alerts {
				if n.Receiver == "team" && a.Status == "firing" && a.Labels["alertname"] == "StoryAwaitsAcceptance" {
					story, owner, link = a.Labels, a.Annotations["owner"], a.Annotations["link"]
					return true
				}
			}
		}
		return false
	})
	var exposed struct{ owner, name, jira string }
	metrics := scrape(t, "http://"+yourturn+"/metrics")
	for line := range strings.Lines(metrics) {
		labels := map[string]string{}
		for _, m := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(line, -1) {
			labels[m[1]] = m[2]
		}
		switch name, _, _ := strings.Cut(line, "{"); {
		case name == "po_open_wait_seconds" && labels["story"] == story["story"] && labels["kind"] == "acceptance":
			exposed.owner = labels["owner"]
		case name == "po_owner_info" && labels["owner"] == story["owner"]:
			exposed.name = labels["display_name"]
		case name == "yourturn_jira_info":
			exposed.jira = labels["url"]
		}
	}
	if story["owner"] != exposed.owner || owner != exposed.name || exposed.name == "" {
		t.Errorf("%s waits on %s, whose name is %q; told was %s, %q", story["story"], exposed.owner, exposed.name, story["owner"], owner)
	}
	if want := exposed.jira + "/browse/" + story["story"]; link != want || exposed.jira == "" {
		t.Errorf("the link is %q, not %q", link, want)
	}
}

// scrape returns the text at an address.
func scrape(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
