package orgs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
)

// noon is the Jira's clock in these tests: a Tuesday.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// issue is what a test reads of an issue.
type issue struct {
	Key    string
	Fields struct {
		Status  struct{ ID string }
		Project struct{ Key string }
	}
	Changelog struct {
		Histories []struct {
			Author  struct{ AccountID, Key string }
			Created string
			Items   []struct{ Field, From, To string }
		}
	}
}

// read reads all issues of a project over HTTP, as Data Center serves them.
func read(t *testing.T, org *orgs.Org, project string) []issue {
	t.Helper()
	srv := httptest.NewServer(jirasim.NewServer(org.Site, jirasim.Options{Token: "t"}))
	defer srv.Close()
	var all []issue
	for {
		url := fmt.Sprintf("%s/rest/api/2/search?jql=project=%s&startAt=%d&maxResults=100&expand=changelog&fields=status,project", srv.URL, project, len(all))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer t")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Total  int
			Issues []issue
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s: %v", url, resp.Status, err)
		}
		if all = append(all, page.Issues...); len(all) >= page.Total || len(page.Issues) == 0 {
			return all
		}
	}
}

// TestOrganisationsAreAsTheirTruthSays reads each organisation over HTTP: every
// status that the truth names is visited, and those who decide end the visits of
// acceptance, in their hours.
func TestOrganisationsAreAsTheirTruthSays(t *testing.T) {
	for _, name := range orgs.Names() {
		t.Run(name, func(t *testing.T) {
			org, err := orgs.New(name, orgs.Options{Flavor: jirasim.DataCenter, Seed: 1, Now: noon})
			if err != nil {
				t.Fatal(err)
			}
			for key, p := range org.Truth.Projects {
				issues := read(t, org, key)
				if !p.Living {
					continue
				}
				if len(issues) < 140 {
					t.Errorf("%s has %d stories", key, len(issues))
				}
				visits, ends, byDecider, inHours, decisions := map[string]int{}, 0, 0, 0, 0
				for _, is := range issues {
					for _, h := range is.Changelog.Histories {
						for _, it := range h.Items {
							if it.Field != "status" {
								continue
							}
							visits[it.To]++
							if !slices.Contains(p.Acceptance, it.From) || slices.Contains(p.Acceptance, it.To) {
								continue
							}
							ends++
							hours, decides := org.Truth.Hours[h.Author.Key]
							if !decides {
								continue
							}
							byDecider++
							at, err := time.Parse("2006-01-02T15:04:05.000-0700", h.Created)
							if err != nil {
								t.Fatal(err)
							}
							zone, err := time.LoadLocation(hours.Zone)
							if err != nil {
								t.Fatal(err)
							}
							decisions++
							if m := at.In(zone).Hour()*60 + at.In(zone).Minute(); m >= hours.From && m <= hours.To {
								inHours++
							}
						}
					}
				}
				for _, list := range [][]string{p.Acceptance, p.Accepted, p.Withdrawn, p.Paused, p.Question} {
					for _, id := range list {
						if visits[id] == 0 {
							t.Errorf("%s: no story visited status %s", key, id)
						}
					}
				}
				if len(p.Acceptance) == 0 {
					continue
				}
				if ends < 80 || byDecider*10 < ends*8 {
					t.Errorf("%s: of %d visits of acceptance that ended, people who decide ended %d", key, ends, byDecider)
				}
				if inHours*20 < decisions*19 {
					t.Errorf("%s: %d of %d decisions fell into the hours", key, inHours, decisions)
				}
			}
		})
	}
}

// TestOrganisationsAreRepeatable generates one twice.
func TestOrganisationsAreRepeatable(t *testing.T) {
	texts := map[string]bool{}
	for range 2 {
		org, err := orgs.New("german-lead", orgs.Options{Flavor: jirasim.DataCenter, Seed: 3, Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(read(t, org, "KASSE"))
		if err != nil {
			t.Fatal(err)
		}
		texts[string(text)] = true
	}
	if len(texts) != 1 {
		t.Error("two organisations of the same options differ")
	}
}
