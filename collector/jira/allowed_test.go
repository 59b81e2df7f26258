package jira_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/yourturn/yourturn/collector/jira"
)

// TestNothingIsAskedThatIsNotAllowed takes the permission to ask away between two requests:
// the second one reaches no Jira, is not tried again, and says why.
func TestNothingIsAskedThatIsNotAllowed(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer srv.Close()
	errTaken := errors.New("another process asks")
	var taken atomic.Bool
	c, err := jira.New(jira.Options{URL: srv.URL, Flavor: "cloud", Email: "bot@example.com", Token: "t0k3n", Allowed: func() error {
		if taken.Load() {
			return errTaken
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Myself(t.Context()); err == nil || errors.Is(err, errTaken) {
		t.Fatalf("the first request ends with %v", err)
	}
	before := asked.Load()
	taken.Store(true)
	if _, err := c.Myself(t.Context()); !errors.Is(err, errTaken) {
		t.Errorf("the second request ends with %v", err)
	}
	if n := asked.Load(); n != before || before == 0 {
		t.Errorf("Jira was asked %d times, and %d times while it was allowed", n, before)
	}
}
