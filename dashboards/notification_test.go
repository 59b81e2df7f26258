package dashboards

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
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

// overdueStory is on whom a story waits.
type overdueStory struct{ owner, name, link string }

// livingJira serves the Jira of a generated organisation, and a yourturn that reads
// it. It returns the service's address, and a function that returns which stories are
// overdue in acceptance at an instant by the organisation's ground truth.
func livingJira(t *testing.T) (address string, overdue func(time.Time) map[string]overdueStory) {
	t.Helper()
	const target = 8 * time.Hour // the rules' default
	overdueIn := func(tm *team.Team, most time.Duration) (list []team.Part) {
		for _, w := range tm.Truth() {
			if w.Kind == "acceptance" && w.End.IsZero() && w.StoryWorking > target && w.StoryWorking <= most {
				list = append(list, w)
			}
		}
		return list
	}
	var tm *team.Team
	// Waits of over 10 targets may be forgotten, and forgotten ones are not notified of:
	// the first organisation will do in which others are overdue, whatever the hour.
	for seed := int64(1); tm == nil; seed++ {
		candidate, err := team.New(team.Options{Seed: seed, Flavor: jirasim.Cloud})
		if err != nil {
			t.Fatal(err)
		}
		if tm = candidate; len(overdueIn(tm, 10*target)) < 2 {
			tm.Close()
			tm = nil
		}
	}
	t.Cleanup(tm.Close)
	jira := httptest.NewServer(jirasim.NewServer(tm.Site(), jirasim.Options{Token: "t0k3n", Email: "bot@example.com"}))
	t.Cleanup(jira.Close)
	dir := t.TempDir()
	address = stack.Free(t)
	put(t, filepath.Join(dir, "token"), "t0k3n")
	put(t, filepath.Join(dir, "yourturn.yml"), tm.ConfigYAML(team.Setup{
		JiraURL: jira.URL, StoreURL: "sqlite:" + filepath.Join(dir, "store.db"), TokenFile: filepath.Join(dir, "token"), ListenAddress: address,
	}))
	stack.Begin(t, binary(t), "serve", "--config.file", filepath.Join(dir, "yourturn.yml"))
	return address, func(at time.Time) map[string]overdueStory {
		tm.Until(at)
		out := map[string]overdueStory{}
		for _, w := range overdueIn(tm, math.MaxInt64) {
			name := w.Owner
			if u := tm.Site().User(w.Owner); u != nil {
				name = u.DisplayName
			}
			out[w.Story] = overdueStory{w.Owner, name, jira.URL + "/browse/" + w.Story}
		}
		return out
	}
}

// TestNotification follows the overdue stories of a simulated Jira through the
// rules and Alertmanager to a receiver. The receiver gets exactly the stories that
// wait by the ground truth, each with the owner it waits on and a link to the story,
// but for those that the service counts as forgotten: they have one alert together.
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

	yourturn, overdue := livingJira(t)
	surely := overdue(time.Now())
	if len(surely) < 2 {
		t.Fatalf("only %d stories are overdue: mend the test", len(surely))
	}
	put(t, filepath.Join(dir, "prometheus.yml"), edited(t, "prometheus/prometheus.yml",
		"yourturn:9817", yourturn, "alertmanager:9093", address, "scrape_interval: 30s", "scrape_interval: 1s", "evaluation_interval: 30s", "evaluation_interval: 1s"))
	for _, name := range []string{"objective", "waits", "service"} {
		rules := edited(t, "prometheus/rules/"+name+".yml")
		put(t, filepath.Join(dir, "rules", name+".yml"), regexp.MustCompile(`\n( +)for: .*`).ReplaceAllString(rules, "\n${1}for: 0s"))
	}
	stack.StartPrometheus(t, dir)

	notified := map[string]overdueStory{}
	stack.Eventually(t, "notifications about all overdue stories", func(context.Context) bool {
		mu.Lock()
		defer mu.Unlock()
		for _, n := range got {
			for _, a := range n.Alerts {
				if n.Receiver == "team" && a.Status == "firing" && a.Labels["alertname"] == "StoryAwaitsAcceptance" {
					notified[a.Labels["story"]] = overdueStory{a.Labels["owner"], a.Annotations["owner"], a.Annotations["link"]}
				}
			}
		}
		return len(notified) > 0 && len(notified)+forgotten(t, yourturn) >= len(surely)
	})
	truth := overdue(time.Now()) // more, if one passed its target meanwhile
	for story, one := range notified {
		if want := truth[story]; one != want {
			t.Errorf("the notification about %s says %+v, the ground truth %+v", story, one, want)
		}
		if page := scrape(t, one.link); !strings.Contains(page, "<h1>"+story+"</h1>") {
			t.Errorf("the link of %s leads to:\n%s", story, page)
		}
	}
}

// forgotten returns how many acceptance waits a service counts as forgotten.
func forgotten(t *testing.T, service string) (n int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^po_waits_forgotten\{kind="acceptance".*\} (\d+)$`).FindAllStringSubmatch(scrape(t, "http://"+service+"/metrics"), -1) {
		one, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		n += one
	}
	return n
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
