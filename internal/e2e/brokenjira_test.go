package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/suite"
)

// mostMemory is how far the heap may grow in a poll, garbage included, whatever Jira
// answers, in MiB.
const mostMemory = 384

// spoiledPoll is what is known after a poll through a mode.
type spoiledPoll struct {
	during, after []string // what the store held after that poll, and in the end
	outcome       string
	said          []string
	grown         int // MiB
}

// pollThrough runs a history of polls of which one goes through a mode: first
// everything is honest, then much changes, and a poll finds that through the mode;
// then it is honest again, a poll and a census later.
func pollThrough(t *testing.T, flavor jirasim.Flavor, m proxyMode) (out spoiledPoll) {
	stop := func() int { return 0 }
	if m.spoil != nil {
		stop = peak()
	}
	synctest.Test(t, func(t *testing.T) {
		p := rigJira(t, flavor, jirasim.Options{})
		between := p.proxied()
		var stories []int64
		for i := range 6 {
			stories = append(stories, p.create([]*jirasim.Project{p.pay, p.ops}[i%2]))
		}
		if between.victim = id(stories[2]); between.victim != victim {
			t.Fatalf("the third story is %s", between.victim)
		}
		p.site.Comment(p.now(), p.dev, stories[1], "first")
		p.passes(time.Hour)
		p.fine()
		p.passes(2 * time.Hour) // what describes stories is read again
		for _, story := range stories[:4] {
			p.move(p.dev, story, "1", "2")
			p.site.Comment(p.now(), p.dev, story, p.po.Mention(flavor)+" why?")
		}
		p.create(p.pay)
		p.passes(time.Minute)

		between.mode(m.spoil)
		failed := p.cycle()
		p.passes(time.Minute)
		if strings.HasPrefix(m.name, "clock: ") {
			// The clocks were compared in that poll, and the next one goes by what it found.
			failed = p.cycle()
		}
		between.mode(nil)
		out.during = p.rows()
		notes := p.notes()
		switch reasons := p.reasons(); {
		case failed != nil && len(reasons) == 0:
			out.outcome = "a check fails: " + failed.Error()
		case failed != nil:
			out.outcome = failsAs + strings.Join(reasons, ", ")
			out.said = append(out.said, fmt.Sprintf("yourturn_poll_failures_total{reason=%q}", strings.Join(reasons, ", ")), "a poll cycle failed", "poll_failed")
			p.logs("a poll cycle failed", true)
			p.lists("poll_failed", true)
			p.shows("yourturn_poll_success", 0)
		case notes["quarantined"] > 0:
			out.outcome = quarantine
			out.said = append(out.said, `yourturn_odd_stories{reason="quarantined"}`, "an issue cannot be read", "quarantined")
			p.shows(`yourturn_odd_stories{reason="quarantined"}`, 1)
			p.logs("an issue cannot be read", true)
			p.lists("quarantined", true)
		case notes["comments_short"] > 0:
			out.outcome = short
			out.said = append(out.said, `yourturn_odd_stories{reason="comments_short"}`, "does not give all comments", "comments_short")
			p.shows(`yourturn_odd_stories{reason="comments_short"}`, 1)
			p.logs("does not give all comments", true)
			p.lists("comments_short", true)
		default:
			out.outcome = unharmed
		}
		if strings.HasPrefix(m.name, "echo: a label") && p.labelled(stories[2], "[redacted]") {
			out.outcome += ", redacted"
		}
		if strings.HasPrefix(m.name, "echo: ") {
			out.said = append(out.said, "yourturn_jira_redacted_replies_total", "repeats a secret")
			p.logs("repeats a secret", true)
			if p.redacted() == 0 {
				t.Error("no metric counts that a secret was repeated")
			}
		}
		p.secretsIn()

		p.passes(70 * time.Minute) // nothing that was put off is put off any longer
		p.site.Comment(p.now(), p.dev, stories[2], "so")
		p.passes(time.Minute)
		p.fine()
		p.passes(7 * time.Hour)
		p.fine() // with a census
		out.after = p.rows()
		p.secretsIn()
		if len(between.hosts) != 1 {
			t.Errorf("hosts were asked beside Jira: %v", between.hosts)
		}
	})
	out.grown = stop()
	return out
}

// victim is the story that modes are about: the third that is created.
const victim = "10003"

// others returns the rows of other stories than the victim.
func others(rows []string) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
		table, rest, _ := strings.Cut(row, " ")
		return table == "quarantine" || table == "account" || strings.HasPrefix(rest, victim+" ")
	})
}

// TestBrokenJira sends one poll through each mode of a proxy before Jira. After it the
// store is the honest one, or metric, log and audit say what was refused; once the
// mode ends the store is the honest one; the token is nowhere; and no answer lets the
// memory grow beyond a bound. TestBadAnswersEverywhere has each endpoint answer badly;
// this has the answers themselves bad in more ways.
func TestBrokenJira(t *testing.T) {
	every := suite.Count(t, "YOURTURN_BROKEN_EVERY", 5, 1) // of how many modes one is tried on each kind of Jira
	var table strings.Builder
	for nth, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		honest := pollThrough(t, flavor, proxyMode{})
		if honest.outcome != unharmed {
			t.Fatalf("an honest Jira: %s", honest.outcome)
		}
		for i, m := range proxyModes() {
			if (i+nth*every/2)%every != 0 {
				continue
			}
			want := m.cloud
			if flavor == jirasim.DataCenter {
				want = m.dataCenter
			}
			if want == noSuchMode {
				continue
			}
			t.Run(string(flavor)+"/"+m.name, func(t *testing.T) {
				got := pollThrough(t, flavor, m)
				if got.outcome != want {
					t.Errorf("the poll: %s, want %s", got.outcome, want)
				}
				switch got.outcome {
				case unharmed:
					if diff := cmp.Diff(honest.during, got.during); diff != "" {
						t.Errorf("the poll was complete and the store differs (-honest +got):\n%s", diff)
					}
				case quarantine:
					if diff := cmp.Diff(others(honest.during), others(got.during)); diff != "" {
						t.Errorf("of the other stories the store differs (-honest +got):\n%s", diff)
					}
				}
				if diff := cmp.Diff(honest.after, got.after); diff != "" {
					t.Errorf("once Jira is honest the store differs (-honest +got):\n%s", diff)
				}
				if got.grown > mostMemory {
					t.Errorf("the heap grew by %d MiB, want %d at most", got.grown, mostMemory)
				}
				said := strings.Join(got.said, " · ")
				if said == "" {
					said = "–"
				}
				fmt.Fprintf(&table, "%-10s | %-62s | %-22s | %3d MiB | %s\n", flavor, m.name, got.outcome, got.grown, said)
			})
		}
	}
	t.Logf("modes of the proxy, what became of the poll, how far the heap grew, and what metric, log and audit say:\n%s", table.String())
}

// TestStoreTakenAway: a store whose file is deleted while the service runs fails the
// next poll, with a reason of its own, and the numbers stay as they are.
func TestStoreTakenAway(t *testing.T) {
	rigs(t, jirasim.Options{}, func(p *rig) {
		story := p.create(p.pay)
		p.move(p.dev, story, "1", "2")
		p.later(time.Hour)
		p.fine()
		p.move(p.po, story, "2", "3")
		p.later(time.Minute)
		if err := os.Remove(p.storePath()); err != nil {
			t.Fatal(err)
		}
		if err := p.cycle(); err == nil {
			t.Fatal("a poll into a deleted store was complete")
		}
		p.shows(`yourturn_poll_failures_total{reason="store_replaced"}`, 1)
		p.shows("yourturn_poll_success", 0)
		p.shows(open, 1)
		p.logs("was deleted or moved away while it was open", true)
	})
}
