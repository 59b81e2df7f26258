package jira_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/collector/jira"
)

// TestReplyBounds: over a real network, a reply whose headers, bytes or values are too
// many fails, whatever its length is said to be, and is not asked for again and again.
func TestReplyBounds(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"bytes": func(w http.ResponseWriter) {
			fmt.Fprint(w, `[{"id":"1","name":"`)
			piece := strings.Repeat("a", 1<<20)
			for range 33 {
				fmt.Fprint(w, piece)
			}
			fmt.Fprint(w, `"}]`)
		},
		"values": func(w http.ResponseWriter) { fmt.Fprint(w, "["+strings.Repeat("{},", 1_000_001)+"{}]") },
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				tries++
				w.Header().Set("Content-Type", "application/json")
				write(w)
			}))
			defer srv.Close()
			c, err := jira.New(jira.Options{URL: srv.URL, Token: "a-token"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Statuses(t.Context())
			if !errors.Is(err, jira.ErrBadReply) || !strings.Contains(err.Error(), "longer than 32 MiB") || tries != 1 {
				t.Errorf("got error %v after %d tries, want one of %v that says the bound, after 1", err, tries, jira.ErrBadReply)
			}
		})
	}
}

// TestHeadersAreBounded, and what they say is shortened in an error.
func TestHeadersAreBounded(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/"+strings.Repeat("x", 60_000))
		fmt.Fprint(w, "[]")
	}))
	defer srv.Close()
	c, err := jira.New(jira.Options{URL: srv.URL, Token: "a-token", OneShot: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Statuses(t.Context()); err == nil || len(err.Error()) > 1000 {
		t.Errorf("got an error of %d bytes, want one of 1,000 at most", len(fmt.Sprint(err)))
	}
}
