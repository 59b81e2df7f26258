package jira_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestFreshTokensForEver holds that paging ends where every page has a token for
// another one, and brings nothing new.
func TestFreshTokensForEver(t *testing.T) {
	for name, tc := range map[string]struct {
		issues, logs string // of every page
		found        int
	}{
		"nothing":            {"", "", 0},
		"the same issue":     {issueJSON(1), "", 1},
		"the same histories": {issueJSON(1), `{"issueId":"1","changeHistories":[{"id":"7","created":1,"items":[]}]}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			c := newClient(t, jira.Options{RequestsPerSecond: 10000, Transport: inProcess{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests++; requests > 1000 {
					answer(w, 500, "")
					return
				}
				token := fmt.Sprintf(`,"nextPageToken":"t%d"`, requests)
				switch path := r.URL.Path; {
				case strings.HasSuffix(path, "/search/jql"):
					if tc.logs != "" {
						token = ""
					}
					answer(w, 200, `{"issues":[`+tc.issues+`]`+token+`}`)
				case strings.HasSuffix(path, "/changelog/bulkfetch"):
					if tc.logs == "" {
						token = ""
					}
					answer(w, 200, `{"issueChangeLogs":[`+tc.logs+`]`+token+`}`)
				default:
					answer(w, 200, `[{"id":"1","name":"Open"}]`)
				}
			})}})
			var err error
			for _, e := range c.Search(t.Context(), jiradata.Query{Projects: []string{"PAY"}}) {
				err = e
			}
			if !errors.Is(err, jiradata.ErrIncomplete) || requests > 20 {
				t.Errorf("got error %v after %d requests, want %v after a few", err, requests, jiradata.ErrIncomplete)
			}
		})
	}
}

// TestFewEmptyPages holds that a search goes on behind some pages without issues.
func TestFewEmptyPages(t *testing.T) {
	var pages []string
	for i := range 9 {
		pages = append(pages, fmt.Sprintf(`{"issues":[],"nextPageToken":"%d"}`, i))
	}
	c, _ := replies(t, jiradata.Cloud, append(pages, `{"issues":[`+issueJSON(1)+`]}`)...)
	found := 0
	for page, err := range c.Search(t.Context(), jiradata.Query{Projects: []string{"PAY"}}) {
		if err != nil {
			t.Fatal(err)
		}
		found += len(page.Stories)
	}
	if found != 1 {
		t.Errorf("got %d stories behind nine empty pages, want 1", found)
	}
}

// TestMatchingOfManyPages holds that what a query matches is read to the end.
func TestMatchingOfManyPages(t *testing.T) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(string(flavor), func(t *testing.T) {
			s := newSimWith(t, flavor, jirasim.Options{SearchPage: 7, IDPage: 7})
			var ids []int64
			for range 60 {
				ids = append(ids, s.create())
			}
			got, err := s.Matching(t.Context(), "project = PAY", ids)
			if slices.Sort(got); err != nil || !slices.Equal(got, ids) {
				t.Errorf("got %d of %d stories, error %v", len(got), len(ids), err)
			}
		})
	}
}

// TestLastPageByItsToken holds that the last page of Cloud's search is the one
// without a token, whatever it says itself.
func TestLastPageByItsToken(t *testing.T) {
	for _, says := range []bool{false, true} {
		s := newSimWith(t, jirasim.Cloud, jirasim.Options{SearchPage: 7, IDPage: 7, IsLast: func(bool) bool { return says }})
		for range 20 {
			s.create()
		}
		page, err := s.found("")
		if err != nil || len(page.Stories) != 20 {
			t.Errorf("every page says that it is the last one, %t: got %d stories of 20, error %v", says, len(page.Stories), err)
		}
		n := 0
		for ids, err := range s.IDs(t.Context(), jiradata.Query{Projects: []string{"PAY"}}) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(ids)
		}
		if n != 20 {
			t.Errorf("every page says that it is the last one, %t: got %d ids of 20", says, n)
		}
	}
}
