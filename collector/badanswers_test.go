package collector_test

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestBadAnswers holds what the docs say of each kind of bad answer: how often it
// is asked again, whether one such answer fails the cycle, how the cycle that
// gets no other one fails, and how long Jira is left alone then. In no case does
// the state move, and the cycle after it brings what this one missed.
func TestBadAnswers(t *testing.T) {
	want := map[string]struct {
		tries int // of the request, when it is never answered otherwise
		fails error
		wait  time.Duration // that the error asks for
	}{
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
	for _, f := range faults {
		for flavor, kind := range flavors {
			t.Run(f.name+"/"+flavor, func(t *testing.T) {
				want, ok := want[f.name]
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
