package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

const year = 365 * 24 * time.Hour

// wrongClocks are how far a clock of Jira is ahead for 45 seconds; 0: so far that no
// Duration holds it.
var wrongClocks = map[string]time.Duration{"a year": year, "the year 9999": 0}

// serverTimeAhead makes serverInfo's clock wrong, serverTimeRight right again.
func (p *rig) serverTimeAhead(by time.Duration) {
	p.site.Update(func() { p.site.ServerTimeAhead, p.site.ServerTime = by, "" })
	if by == 0 {
		p.site.Update(func() { p.site.ServerTime = "9999-06-01T12:00:00.000+0000" })
	}
}

func (p *rig) serverTimeRight() {
	p.site.Update(func() { p.site.ServerTimeAhead, p.site.ServerTime = 0, "" })
}

// TestWrongServerTime: serverInfo's clock is far ahead for 45 s, in a poll of its
// own, across a restart, or at the very first one. Those polls fail and say why;
// nothing is stored of that time, and nothing is missed when it is right again.
func TestWrongServerTime(t *testing.T) {
	for name, by := range wrongClocks {
		for _, restarts := range []bool{false, true} {
			label := name
			if restarts {
				label += ", with a restart"
			}
			t.Run(label, func(t *testing.T) {
				rigs(t, jirasim.Options{}, func(p *rig) {
					id := p.create(p.pay)
					p.later(time.Hour)
					p.fine()
					before := p.state()

					p.serverTimeAhead(by)
					p.later(70 * time.Minute) // the clocks are compared again
					p.site.Update(func() { p.site.DateAhead = 3 * time.Minute })
					p.move(p.dev, id, "1", "2")
					for range 3 {
						p.later(15 * time.Second)
						if err := p.cycle(); err == nil {
							t.Fatal("a poll by a wrong clock was complete")
						}
					}
					p.shows(`yourturn_poll_failures_total{reason="clock"}`, 3)
					p.shows("yourturn_poll_success", 0)
					if got := p.metric("yourturn_jira_clock_doubt_seconds"); got < year.Seconds()-600 {
						t.Errorf("Jira's clock is shown to be %v s ahead", got)
					}
					p.logs("jira's clock is doubted", true)
					p.lists("poll_failed", true)
					if got := p.state(); got.Watermark != before.Watermark || got.DataTimestamp != before.DataTimestamp || got.Census != before.Census {
						t.Errorf("the state moved from %+v to %+v", before, got)
					}
					if restarts {
						p.restart(asItWas)
						if err := p.cycle(); err == nil {
							t.Fatal("a poll by a wrong clock was complete after a restart")
						}
						p.shows(`yourturn_poll_failures_total{reason="clock"}`, 1)
					}

					p.serverTimeRight()
					p.later(15 * time.Second)
					p.fine()
					p.shows("yourturn_jira_clock_doubt_seconds", 0)
					p.shows(open, 1)
					p.settle()
					p.lists("poll_failed", false)
					if got := p.metric("yourturn_census_timestamp_seconds"); got > float64(p.now().Unix()) {
						t.Errorf("the last census is shown to be in the future: %v", got)
					}
				})
			})
		}
	}
}

// TestWrongClockAtTheFirstStart: with nothing stored yet, this machine's clock alone
// is enough to doubt a Jira that is ahead, and a Jira that is behind it is believed.
func TestWrongClockAtTheFirstStart(t *testing.T) {
	for name, by := range wrongClocks {
		t.Run(name, func(t *testing.T) {
			rigs(t, jirasim.Options{}, func(p *rig) {
				p.create(p.pay)
				p.serverTimeAhead(by)
				if by != 0 { // and the Date of its replies with it
					p.site.Update(func() { p.site.DateAhead = by })
				}
				if err := p.cycle(); err == nil {
					t.Fatal("the first poll by a wrong clock was complete")
				}
				p.shows(`yourturn_poll_failures_total{reason="clock"}`, 1)
				if st := p.state(); st.FirstDone || st.FullStarted != 0 {
					t.Errorf("the state is %+v, and nothing was read", st)
				}
				p.serverTimeRight()
				p.site.Update(func() { p.site.DateAhead = 0 })
				p.fine()
			})
		})
	}
	t.Run("behind", func(t *testing.T) {
		rigs(t, jirasim.Options{}, func(p *rig) {
			p.skew.Store(int64(90 * time.Hour))
			p.create(p.pay)
			p.fine()
		})
	})
}

// TestFutureIsNotBelieved: a store that a wrong clock filled, be it that of an older
// version or that of a machine and a Jira that were wrong together, holds instants in
// the future. None of them counts once the clocks are right: the next poll brings what
// happened since, the census and the sprints are due, and the data are of today.
func TestFutureIsNotBelieved(t *testing.T) {
	far := map[string]latency.Instant{
		"a year":        latency.At(time.Date(2027, 3, 2, 9, 0, 0, 0, time.UTC)),
		"the year 9999": latency.At(time.Date(9999, 6, 1, 12, 0, 0, 0, time.UTC)),
	}
	spoiled := map[string]func(*jiradata.State, latency.Instant){
		"all of it": func(st *jiradata.State, at latency.Instant) {
			st.FirstComplete, st.Watermark, st.DataTimestamp, st.Census, st.QuestionsRead, st.BesideSearch, st.LookedBack = at, at, at, at, at, at, at
		},
		"what polls left": func(st *jiradata.State, at latency.Instant) {
			st.Watermark, st.DataTimestamp, st.Census, st.BesideSearch = at, at, at, at
		},
		"a full sync under way": func(st *jiradata.State, at latency.Instant) {
			st.FullStarted, st.Cursor = at, "253402300799000"
		},
	}
	for name, at := range far {
		for what, spoil := range spoiled {
			t.Run(name+"/"+what, func(t *testing.T) {
				rigs(t, jirasim.Options{}, func(p *rig) {
					id := p.create(p.pay)
					p.later(time.Hour)
					p.fine()
					p.restart(func(config string) string {
						st, err := store.Open(p.Context(), p.svc.Config().Store.URL, store.ReadWrite)
						if err != nil {
							p.Fatal(err)
						}
						defer st.Close() //nolint:errcheck // SaveStories says it
						state, err := st.State(p.Context())
						if err != nil {
							p.Fatal(err)
						}
						spoil(&state, at)
						if _, err := st.SaveStories(context.WithoutCancel(p.Context()), jiradata.Batch{State: state}); err != nil {
							p.Fatal(err)
						}
						return config
					})
					for _, series := range []string{"yourturn_data_timestamp_seconds", "yourturn_census_timestamp_seconds"} {
						if got := p.metric(series); got > float64(p.now().Unix()) {
							t.Errorf("before the first poll %s is of the future: %v", series, got)
						}
					}
					p.move(p.dev, id, "1", "2") // which a watermark in the future hides
					p.later(time.Hour)
					p.fine()
					p.logs("instants that are in the future", true)
					p.shows(open, 1)
					st := p.state()
					limit := latency.At(p.now())
					for field, got := range map[string]latency.Instant{
						"watermark": st.Watermark, "data": st.DataTimestamp, "census": st.Census, "look back": st.LookedBack,
						"questions": st.QuestionsRead, "beside": st.BesideSearch, "first": st.FirstComplete, "full": st.FullStarted,
					} {
						if got > limit {
							t.Errorf("%s is still %s", field, got.Time())
						}
					}
					if st.DataTimestamp != limit {
						t.Errorf("the data are of %s, want %s", st.DataTimestamp.Time(), limit.Time())
					}
					if what != "a full sync under way" && st.Census != limit {
						t.Errorf("the last census began at %s, and one was due", st.Census.Time())
					}
				})
			})
		}
	}
}
