package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// hook is the secret that Jira signs webhooks with.
const hook = "hush"

// serveCommand runs serve on the rig's Jira and store, with a poll interval, and
// returns where it listens.
func (p *rig) serveCommand(interval string) (base string) {
	p.Helper()
	file := p.svc.Config().File()
	if err := p.svc.Close(); err != nil {
		p.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		p.Fatal(err)
	}
	write(p.T, filepath.Join(filepath.Dir(file), "hook"), hook+"\n")
	write(p.T, file, p.replaced("projects: [", "poll_interval: "+interval+", projects: [")(string(text))+"webhook: {secret_file: hook}\n")
	base, _ = serving(p.T, &organisation{config: file})
	await(p.T, base+"/metrics", func(_ int, body string) bool { return cycles(body) > 0 })
	return base
}

// cycles returns how many complete cycles the metrics count.
func cycles(metrics string) int {
	m := regexp.MustCompile(`(?m)^yourturn_poll_cycles_total\{result="complete"\} (\d+)$`).FindStringSubmatch(metrics)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// hears posts a webhook of Jira about a story.
func (p *rig) hears(base string, story int64) {
	p.Helper()
	body := fmt.Sprintf(`{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue":{"id":"%d"}}`, p.now().UnixMilli(), story)
	mac := hmac.New(sha256.New, []byte(hook))
	mac.Write([]byte(body))
	if status := posted(p.T, base+"/webhook/jira", body, "X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil))); status != http.StatusAccepted {
		p.Fatalf("a right signature was answered with %d, want 202", status)
	}
}

// latency1 is the series of how many accepted stories the histogram holds, at one.
const latency1 = `po_acceptance_latency_seconds_count{outcome="accepted",owner="po",project="PAY",responder="owner"} 1`

// TestServeHearsWebhooks follows stories through a service that polls once an hour:
// what it shows within a minute came from a webhook.
func TestServeHearsWebhooks(t *testing.T) {
	t.Parallel() // it waits more than it works
	rigs(t, jirasim.Options{}, func(p *rig) {
		var ids []int64
		for range 4 {
			ids = append(ids, p.create(p.pay))
		}
		p.later(time.Hour)
		base := p.serveCommand("1h")
		if status := posted(p.T, base+"/webhook/jira", "{}", "X-Hub-Signature", "sha256=00"); status != http.StatusUnauthorized {
			p.Errorf("a wrong signature was answered with %d, want 401", status)
		}

		before := p.server.Requests()
		p.later(time.Minute)
		p.move(p.dev, ids[0], "1", "2")
		begin := time.Now()
		p.hears(base, ids[0])
		await(p.T, base+"/metrics", line(open+" 1"))
		p.Logf("a story that moved was counted as waiting %s after its webhook came", time.Since(begin).Round(time.Millisecond))
		const byID = "GET /rest/api/2/issue/{id}"
		if n := p.server.Requests()[byID] - before[byID]; n != 1 {
			p.Errorf("the story was read %d times, want once", n)
		}

		// Right behind it two more, and one of them twice.
		begin = time.Now()
		for _, id := range ids[1:3] {
			p.move(p.dev, id, "1", "2")
			p.hears(base, id)
		}
		p.hears(base, ids[1])
		await(p.T, base+"/metrics", line(open+" 3"))
		p.Logf("two that moved right behind it, %s after theirs", time.Since(begin).Round(time.Millisecond))

		// An acceptance counts after the slip window.
		p.later(time.Minute)
		p.move(p.po, ids[0], "2", "3")
		p.hears(base, ids[0])
		asOf := func() string {
			p.Helper()
			return await(p.T, base+"/metrics", func(_ int, body string) bool {
				m := regexp.MustCompile(`(?m)^yourturn_data_timestamp_seconds (\S+)$`).FindStringSubmatch(body)
				if m == nil {
					return false
				}
				at, err := strconv.ParseFloat(m[1], 64)
				return err == nil && int64(at) == p.now().Unix()
			})
		}
		pending := func(when string) {
			p.Helper()
			if body := asOf(); strings.Contains(body, latency1) || !strings.Contains(body, "\n"+open+" 3\n") {
				p.Errorf("%s the acceptance is counted, or its wait not shown as open", when)
			}
		}
		pending("at once")
		p.later(4 * time.Minute)
		p.hears(base, ids[3])
		pending("within the slip window")
		p.later(2 * time.Minute)
		p.hears(base, ids[3])
		body := await(p.T, base+"/metrics", line(latency1))
		for _, want := range []string{open + " 2", ended("PAY") + " 1", `yourturn_webhooks_total{result="refused"} 1`} {
			if !strings.Contains(body, "\n"+want+"\n") {
				p.Errorf("there is no %s", want)
			}
		}
	})
}

// TestServeHearsWhatJustHappened: Jira gives its time to the second, so a cycle right
// after a webhook may be as of before the change. The change is still shown before
// the next poll.
func TestServeHearsWhatJustHappened(t *testing.T) {
	t.Parallel() // it waits more than it works
	rigs(t, jirasim.Options{}, func(p *rig) {
		id := p.create(p.pay)
		p.later(time.Hour)
		base := p.serveCommand("1h")
		p.later(time.Minute + 600*time.Millisecond)
		p.move(p.dev, id, "1", "2")
		p.hears(base, id)
		body := await(p.T, base+"/metrics", func(_ int, body string) bool {
			return value(body, `yourturn_poll_cycles_total{result="complete"}`) > 1
		})
		if strings.Contains(body, "\n"+open+" 1\n") {
			p.Error("it was shown as of an instant before it: the test tests nothing")
		}
		p.later(time.Second)
		await(p.T, base+"/metrics", line(open+" 1"))
	})
}

// TestServeNeedsNoWebhooks: without a webhook the next poll shows what changed.
func TestServeNeedsNoWebhooks(t *testing.T) {
	t.Parallel() // it waits more than it works
	rigs(t, jirasim.Options{}, func(p *rig) {
		id := p.create(p.pay)
		p.later(time.Hour)
		base := p.serveCommand("1s")
		p.later(time.Minute)
		p.move(p.dev, id, "1", "2")
		begin := time.Now()
		await(p.T, base+"/metrics", line(open+" 1"))
		p.Logf("with a poll each second, a story that moved was counted as waiting %s later", time.Since(begin).Round(time.Millisecond))
		p.later(time.Minute)
		p.move(p.po, id, "2", "3")
		p.later(6 * time.Minute)
		await(p.T, base+"/metrics", line(latency1))
		await(p.T, base+"/metrics", line(open+" 0"))
	})
}
