package collector_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/suite"
)

// badAnswer is what is made of one.
type badAnswer struct {
	tries int // of the request, when it is never answered otherwise
	fails error
	wait  time.Duration // that the error asks for
}

// badAnswers are those of the docs' table, by the name of the fault.
func badAnswers() map[string]badAnswer {
	return map[string]badAnswer{
		"429":                     {4, jira.ErrRateLimited, 7 * time.Second},
		"429 without Retry-After": {4, jira.ErrRateLimited, 0},
		"429 with a reset":        {1, jira.ErrRateLimited, time.Hour}, // which is hours away
		"429 for hours":           {1, jira.ErrRateLimited, time.Hour},
		"500":                     {4, jira.ErrUnavailable, 0},
		"502":                     {4, jira.ErrUnavailable, 0},
		"503":                     {4, jira.ErrUnavailable, 3 * time.Second},
		"login page":              {1, jira.ErrBadReply, 0},
		"empty":                   {1, jira.ErrBadReply, 0},
		"cut":                     {1, jira.ErrBadReply, 0},
		"another document":        {1, jira.ErrBadReply, 0},
		"nobody's answer":         {1, jira.ErrUnauthorized, 0},
		"401":                     {1, jira.ErrUnauthorized, 0},
		"403":                     {1, jira.ErrForbidden, 0},
		"redirect":                {1, jira.ErrBadReply, 0},
		"reset":                   {4, jira.ErrUnavailable, 0},
		"cut connection":          {4, jira.ErrUnavailable, 0},
		"hang":                    {4, jira.ErrUnavailable, 0},
		"drip":                    {4, jira.ErrUnavailable, 0},
	}
}

// TestBadAnswers holds what the docs say of each kind of bad answer: how often it
// is asked again, whether one such answer fails the cycle, how the cycle that
// gets no other one fails, and how long Jira is left alone then. In no case does
// the state move, and the cycle after it brings what this one missed.
func TestBadAnswers(t *testing.T) {
	for _, f := range faults {
		for flavor, kind := range flavors {
			t.Run(f.name+"/"+flavor, func(t *testing.T) {
				want, ok := badAnswers()[f.name]
				if !ok {
					t.Fatal("nothing is said of it")
				}
				synctest.Test(t, func(t *testing.T) {
					v, st := newVoyage(t, kind, filepath.Join(t.TempDir(), "bad.db"))
					defer st.Close()
					id := v.create(v.pay)
					v.later(time.Hour)
					v.sync()
					before := v.state()
					v.move(id)
					v.later(time.Minute)

					v.wire.n, v.wire.at, v.wire.fault, v.wire.onwards = 0, 2, f.fault, true // the search
					_, err := v.collector.Sync(v.Context())
					if !errors.Is(err, want.fails) {
						t.Errorf("got error %v, want %v", err, want.fails)
					}
					if got := v.wire.n - 1; got != want.tries {
						t.Errorf("it was asked %d times, want %d", got, want.tries)
					}
					wait := collector.Patience(err)
					if wait != want.wait {
						t.Errorf("Jira is left alone for %s, want %s", wait, want.wait)
					}
					if got := v.state(); got.Watermark != before.Watermark || got.DataTimestamp != before.DataTimestamp {
						t.Errorf("the state moved from %+v to %+v", before, got)
					}

					time.Sleep(wait)
					v.wire.n, v.wire.onwards = 0, false // once
					_, err = v.collector.Sync(v.Context())
					if failed := err != nil; failed != (want.tries == 1) {
						t.Errorf("with one such answer: got error %v, want one: %t", err, want.tries == 1)
					}
					v.wire.at = 0
					time.Sleep(collector.Patience(err))
					v.sync()
					if got := v.ranks(id); len(got) != 2 || got[1] != latency.RankRecord {
						t.Errorf("the story has events %v, want its creation and its move", got)
					}
				})
			})
		}
	}
}

// busyVoyage returns a voyage that is about to run a cycle in which every
// endpoint is asked that there is to ask: for what changed, what describes
// stories, a census, open questions, sprints, and endings that are counted.
func busyVoyage(t *testing.T, flavor jirasim.Flavor, path string) (*voyage, *store.Store) {
	v, st := newVoyage(t, flavor, path)
	v.board(1, "PAY", "one")
	epic := v.create(v.ops)
	asked, accepted, talked, hidden, deleted := v.create(v.pay), v.create(v.pay), v.create(v.ops), v.create(v.pay), v.create(v.pay)
	question := v.site.Comment(v.now(), v.dev, asked, v.po.Mention(flavor)+" why?")
	v.site.Comment(v.now(), v.dev, talked, v.po.Mention(flavor)+" and how?") // which stays open
	v.move(accepted)
	v.later(time.Hour)
	v.complete()
	v.later(time.Hour)
	v.accept(accepted)
	parent, key := fmt.Sprint(epic), "OPS-1"
	v.site.Change(v.now(), v.dev, talked, map[string]any{"parent": map[string]any{"id": parent, "key": key}, "customfield_10014": key},
		jirasim.Item{Field: "IssueParentAssociation", FieldType: "jira", To: &parent, ToString: &key})
	v.grow(talked, 3, 5) // more comments than come with an issue
	v.blind = map[int64]bool{hidden: true}
	v.site.DeleteIssue(deleted)                                           // which a census alone finds
	v.site.EditComment(v.now(), asked, question, "never mind, so", false) // which another reading of open questions alone finds
	v.later(7 * time.Hour)
	time.Sleep(7 * time.Hour)
	v.wire.n, v.wire.log = 0, nil
	return v, st
}

// TestBadAnswersEverywhere goes over every endpoint, with each bad answer from it
// until it is mended: it is asked again as often as the docs say, what fails is
// what needed it and for the reason that they say, nothing moves on without it,
// and once it is mended the store is as if nothing had been.
func TestBadAnswersEverywhere(t *testing.T) {
	for name, flavor := range flavors {
		t.Run(name, func(t *testing.T) {
			var want string
			first := map[string]int{} // the first request of each endpoint
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "good.db")
				v, st := busyVoyage(t, flavor, path)
				defer st.Close()
				v.complete()
				if v.fails > 0 {
					t.Fatal("a cycle failed without a bad answer")
				}
				for i, what := range slices.Backward(v.wire.log) {
					first[what] = i + 1
				}
				want = contents(t, path, false)
			})
			often := min(suite.Count(t, "YOURTURN_FAULT_RUNS", 2, len(faults)), len(faults))
			for nth, what := range slices.Sorted(maps.Keys(first)) {
				for i := range often { // other ones at each endpoint, if not all
					f := faults[(nth*often+i)%len(faults)]
					t.Run(what+"/"+f.name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							path := filepath.Join(t.TempDir(), "bad.db")
							v, st := busyVoyage(t, flavor, path)
							defer st.Close()
							v.wire.at, v.wire.fault, v.wire.onwards, v.wire.only = first[what], f.fault, true, what
							spoil(v, what, f.name)
							v.wire.at = 0
							time.Sleep(10 * time.Minute)
							v.complete()
							if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(contents(t, path, false), "\n")); diff != "" {
								t.Errorf("when it is mended the store differs (-without +with):\n%s", diff)
							}
						})
					})
				}
			}
		})
	}
}

// spoil runs a cycle that gets nothing but a bad answer from an endpoint.
func spoil(v *voyage, what, fault string) {
	v.Helper()
	want := badAnswers()[fault]
	// Numbers are right without sprints, of which there are two readings. A Jira
	// that does not let its clock be asked is taken by the Date of its replies, and
	// one that does not let its stories be counted by what its searches give.
	sprints := strings.Contains(what, "/agile/")
	withheld := errors.Is(want.fails, jira.ErrUnauthorized) || errors.Is(want.fails, jira.ErrForbidden)
	dispensable := withheld && (strings.HasSuffix(what, "/serverInfo") || strings.Contains(what, "/approximate-count"))
	if withheld && strings.HasSuffix(what, "/board") {
		want.tries = 2
	}
	// Once Jira wants to be left alone for long, nothing else is asked either.
	alone := want.wait > 2*time.Minute
	before, names := v.state(), v.sprints()
	done, err := v.counting.turn(v.Context())
	asked := v.wire.log[v.wire.at-1:]
	tries, all := 0, 0
	for i, one := range asked {
		if one == what {
			all++
		}
		if all == i+1 {
			tries++
		}
	}
	// A reading of open questions, a census and a count may each need it, and one
	// keeps the others from nothing.
	if tries != want.tries || all%want.tries != 0 || all > 3*want.tries {
		v.Errorf("it was asked %d times in a row and %d in all, want %d: %v", tries, all, want.tries, asked)
	}
	got := errors.Join(err, v.counting.checks, v.counting.held)
	switch goesOn := sprints && !alone || dispensable; {
	case goesOn && (!done || got != nil):
		v.Errorf("got error %v, and should go on without it", got)
	case !goesOn && (done || !errors.Is(got, want.fails)):
		v.Errorf("got error %v, want %v", got, want.fails)
	}
	if sprints && !slices.Equal(names, v.sprints()) {
		v.Errorf("the sprints became %v, want %v", v.sprints(), names)
	}
	if after := v.state(); err != nil && (after.Watermark != before.Watermark || after.DataTimestamp != before.DataTimestamp) {
		v.Errorf("the state moved from %+v to %+v", before, after)
	}
}
