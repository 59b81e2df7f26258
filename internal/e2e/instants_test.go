package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
)

// Pitfall 3: Jira reads the instants in queries in another time zone than the
// poller's, and cuts them to the minute.
func TestInstantsInQueries(t *testing.T) {
	changes := map[string]time.Time{ // of the clock in Berlin, two hours later
		"an hour is left out": time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC),
		"an hour comes twice": time.Date(2026, 10, 24, 23, 0, 0, 0, time.UTC),
	}
	for name, begin := range changes {
		for _, zone := range []string{"Pacific/Honolulu", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Tongatapu", "Europe/Berlin"} {
			for _, deaf := range []bool{false, true} {
				t.Run(fmt.Sprint(name, " in ", zone, " does not understand instants: ", deaf), func(t *testing.T) {
					rigs(t, jirasim.Options{}, func(p *rig) {
						p.site.Self.TimeZone, p.site.NoInstants = zone, deaf
						p.site.Zone = time.FixedZone("", -7*3600) // what Jira writes is in a zone of its own
						p.clock.Store(begin.UnixMilli())
						p.create(p.pay) // which every search must show
						id := p.create(p.pay)
						p.later(time.Hour)
						p.fine()
						moves := 0
						for i := range 12 {
							p.later(9*time.Minute + 59*time.Second + 999*time.Millisecond)
							p.move(p.dev, id, []string{"1", "2"}[i%2], []string{"2", "1"}[i%2])
							moves++
							p.later(time.Millisecond)
							p.fine()
							if got := p.has(id, latency.RankRecord); got != moves {
								t.Fatalf("got %d moves of %d", got, moves)
							}
						}
						want := 0.0
						if deaf {
							want = 1
						}
						p.shows("yourturn_poll_zone_literals", want)
						p.logs("does not understand instants", deaf)
						p.lists(jiradata.NoteZoned, deaf)
					})
				})
			}
		}
	}
}

// The time zone is that of a profile, and people change it.
func TestZoneOfTheProfile(t *testing.T) {
	for _, zones := range [][2]string{{"Pacific/Auckland", "Pacific/Honolulu"}, {"Pacific/Honolulu", "Pacific/Auckland"}} {
		for _, midway := range []bool{false, true} {
			t.Run(fmt.Sprint(zones[0], " to ", zones[1], ", in the middle of a poll: ", midway), func(t *testing.T) {
				rigs(t, jirasim.Options{}, func(p *rig) {
					p.site.Self.TimeZone, p.site.NoInstants = zones[0], true
					p.create(p.pay) // which every search must show
					id := p.create(p.pay)
					p.later(time.Hour)
					p.fine()
					moves := 0
					step := func() {
						p.move(p.dev, id, []string{"1", "2"}[moves%2], []string{"2", "1"}[moves%2])
						moves++
						p.later(time.Minute)
						p.fine()
					}
					step()
					p.later(20 * time.Minute)
					p.fine()
					p.logs("zone of the account's profile was changed", false)
					change := func() { p.site.Update(func() { p.site.Self.TimeZone = zones[1] }) }
					if midway {
						p.faulty(func(r *http.Request) *jirasim.Fault {
							if strings.Contains(r.URL.Path, "/search") {
								change()
							}
							return nil
						})
					} else {
						change()
					}
					step() // a change in the old zone's poll need not be found in it
					p.faulty(nil)
					p.later(time.Hour)
					p.fine()
					p.logs("zone of the account's profile was changed", true)
					p.lists(jiradata.NoteZoned, true)
					for range 3 {
						step()
						if got := p.has(id, latency.RankRecord); got != moves {
							t.Fatalf("got %d moves of %d", got, moves)
						}
					}
				})
			})
		}
	}
}
