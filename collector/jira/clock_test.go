package jira_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/latency"
)

// TestClocks holds when Jira's own clock is asked for: at first, with what
// describes stories, and when the Date of a reply is not what it should be.
func TestClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead time.Duration
		asked, refuse := 0, false
		c := newClient(t, jira.Options{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			own := time.Now().Add(5 * time.Hour).UTC() // Jira's, and not this machine's
			date := own.Add(ahead).Format(http.TimeFormat)
			switch r.URL.Path {
			case "/rest/api/2/serverInfo":
			case "/rest/api/2/myself":
				answer(w, 200, me, "Date", date)
				return
			case "/rest/api/2/project/search":
				answer(w, 200, `{"values":[],"total":0,"isLast":true}`)
				return
			default:
				answer(w, 200, `[{"id":"1","name":"Open"}]`)
				return
			}
			asked++
			if refuse {
				answer(w, 404, `{"errorMessages":["no"]}`, "Date", date)
				return
			}
			answer(w, 200, `{"version":"9.12.7","serverTime":"`+own.In(time.FixedZone("", 3600)).Format("2006-01-02T15:04:05.000-0700")+`"}`, "Date", date)
		})}})
		myself := func(step string, want, requests int) {
			t.Helper()
			asked = 0
			id, err := c.Myself(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", step, err)
			}
			if got := id.At.Time().Sub(time.Now().Add(5 * time.Hour).Truncate(time.Second)); got != time.Duration(want)*time.Second {
				t.Errorf("%s: the instant is %s from Jira's", step, got)
			}
			if asked != requests {
				t.Errorf("%s: serverInfo was asked %d times, want %d", step, asked, requests)
			}
		}
		time.Sleep(700 * time.Millisecond) // of the bubble's clock: a Date is cut to the second
		ahead = 9 * time.Minute
		myself("at first", 0, 1)
		time.Sleep(50 * time.Minute)
		myself("later", 0, 0)
		ahead -= 90 * time.Second
		myself("a Date that drifted", -90, 0)
		if _, err := c.Meta(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		myself("with what describes stories", 0, 0)
		ahead -= time.Hour
		myself("a Date that leapt", 0, 1)
		refuse, ahead = true, 0
		myself("a Jira without a clock", 0, 1)
		myself("a Jira that had none", 0, 0)
	})
}

// TestServerInfoIsRefused holds that a Jira which does not let that be asked is
// read all the same.
func TestServerInfoIsRefused(t *testing.T) {
	c := newClient(t, jira.Options{Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/rest/api/2/serverInfo":
			answer(w, 401, `{"code":401,"message":"Unauthorized; scope does not match"}`)
		case "/rest/api/2/myself":
			answer(w, 200, me, "Date", "Mon, 02 Mar 2026 08:00:00 GMT")
		case "/rest/api/2/project/search":
			answer(w, 200, `{"values":[],"total":0,"isLast":true}`)
		default:
			answer(w, 200, `[{"id":"1","name":"Open"}]`)
		}
	})}})
	id, err := c.Myself(t.Context())
	if want := latency.At(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)); err != nil || id.At != want {
		t.Errorf("got %s and error %v, want %s", id.At.Time(), err, want.Time())
	}
	if _, err := c.Meta(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
