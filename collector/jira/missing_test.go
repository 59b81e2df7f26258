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
	"github.com/yourturn/yourturn/internal/latency"
)

// TestMissing holds what proves that a story does not exist: Jira's own words,
// said to this account, and nothing else that has the status 404.
func TestMissing(t *testing.T) {
	const no = `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`
	page := []string{"Content-Type", "text/html"}
	for _, tc := range []struct {
		name   string
		body   string
		header []string
		want   error // nil: it is missing
	}{
		{"Jira's words", no, []string{"X-AAccountId", "acc-bot", "X-AUSERNAME", "bot"}, nil},
		{"a page", "<html>not found</html>", append(page, "X-AAccountId", "acc-bot", "X-AUSERNAME", "bot"), jira.ErrBadReply},
		{"nothing", "", []string{"X-AAccountId", "acc-bot", "X-AUSERNAME", "bot"}, jira.ErrBadReply},
		{"a gateway's words", `{"code":404,"message":"no route"}`, []string{"X-AAccountId", "acc-bot", "X-AUSERNAME", "bot"}, jira.ErrBadReply},
		{"a Jira that is starting", `{"message":"null for uri: https://x/rest/api/2/issue/1","status-code":404}`, []string{"X-AAccountId", "acc-bot", "X-AUSERNAME", "bot"}, jira.ErrBadReply},
		{"to a refused token", no, []string{"X-Seraph-LoginReason", "AUTHENTICATED_FAILED"}, jira.ErrUnauthorized},
		{"to nobody", no, []string{"X-AUSERNAME", "anonymous"}, jira.ErrUnauthorized},
		{"to another account", no, []string{"X-AAccountId", "acc-dev"}, jira.ErrUnauthorized},
		{"to who knows whom", no, nil, jira.ErrBadReply},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachFlavor(t, func(s *sim) {
				if s.site.Flavor == jirasim.DataCenter && tc.name == "to another account" {
					s.Skip("Data Center names the account otherwise")
				}
				there := s.create()
				if _, err := s.Myself(s.Context()); err != nil {
					s.Fatal(err)
				}
				s.fault = func(r *http.Request) *jirasim.Fault {
					if !strings.Contains(r.URL.Path, "/issue/1") { // a single one
						return nil
					}
					f := &jirasim.Fault{Status: 404, Body: tc.body, Header: http.Header{"Content-Type": {"application/json"}}}
					for i := 0; i < len(tc.header); i += 2 {
						f.Header.Set(tc.header[i], tc.header[i+1])
					}
					return f
				}
				_, missing, err := s.Issues(s.Context(), []int64{there})
				if !errors.Is(err, tc.want) || (len(missing) == 1) != (tc.want == nil) {
					s.Errorf("a story read by id: got %v missing and error %v, want error %v", missing, err, tc.want)
				}
			})
		})
	}
}

// TestEndpointThatIsNotThere holds that a bulk endpoint that a gateway does not
// have is done without, whatever says that it is not there.
func TestEndpointThatIsNotThere(t *testing.T) {
	for _, body := range []string{"<html>not found</html>", `{"errorMessages":["No endpoint."]}`, `{"code":404,"message":"no route"}`} {
		s := newSim(t, jirasim.Cloud)
		one, two := s.create(), s.create()
		s.site.Change(s.start, s.dev, two, nil, jirasim.Item{Field: "summary", FieldType: "jira"})
		s.fault = func(r *http.Request) *jirasim.Fault {
			if strings.HasSuffix(r.URL.Path, "/bulkfetch") {
				return &jirasim.Fault{Status: 404, Body: body}
			}
			return nil
		}
		page, missing, err := s.Issues(t.Context(), []int64{one, two, 99})
		if err != nil || len(page.Stories) != 2 || len(missing) != 1 {
			t.Errorf("%s: got %d stories, %v missing and error %v", body, len(page.Stories), missing, err)
		}
		if got := counts(jiradata.Page{Stories: page.Stories})[two][0]; got != 1 {
			t.Errorf("%s: got %d records, want 1", body, got)
		}
	}
}

// TestPartOfAnIssueIsNotThere holds that a story of which Jira says, when it is
// asked for a part, that it does not exist is either gone or shown as unreadable:
// never left out without a word.
func TestPartOfAnIssueIsNotThere(t *testing.T) {
	const no = `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`
	for _, part := range []string{"/comment", "/changelog"} {
		for _, deleted := range []bool{false, true} {
			t.Run(part+" of one that is gone: "+map[bool]string{true: "yes", false: "no"}[deleted], func(t *testing.T) {
				for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
					if flavor == jirasim.DataCenter && part == "/changelog" {
						continue // it comes with the issue
					}
					s := newSimWith(t, flavor, jirasim.Options{CountRestricted: true})
					first, id := s.create(), s.create()
					s.site.Restrict(id, s.site.Comment(s.start, s.dev, id, "so"), true) // so that they are asked for
					s.fault = func(r *http.Request) *jirasim.Fault {
						if part == "/changelog" && strings.HasSuffix(r.URL.Path, "/changelog/bulkfetch") {
							return &jirasim.Fault{Status: 404, Body: no}
						}
						if !strings.HasSuffix(r.URL.Path, fmt.Sprint("/issue/", id, part)) {
							return nil
						}
						if deleted {
							s.site.DeleteIssue(id)
						}
						return &jirasim.Fault{Status: 404, Body: no, Header: http.Header{"Content-Type": {"application/json"}, "X-AAccountId": {"acc-bot"}, "X-AUSERNAME": {"bot"}}}
					}
					if _, err := s.Myself(s.Context()); err != nil {
						s.Fatal(err)
					}
					page, missing, err := s.Issues(s.Context(), []int64{first, id})
					if err != nil {
						s.Fatal(err)
					}
					if !slices.Equal(ids(page), []int64{first}) {
						s.Errorf("got stories %v, want the other one", ids(page))
					}
					if deleted != slices.Equal(missing, []int64{id}) || deleted == (len(page.Quarantined) == 1) {
						s.Errorf("got %v missing and %v in quarantine", missing, page.Quarantined)
					}
				}
			})
		}
	}
}

// TestEpicThatIsNoKey holds that no address is made of what Jira has in the place
// of a key.
func TestEpicThatIsNoKey(t *testing.T) {
	eachFlavor(t, func(s *sim) {
		s.site.AddField(&jirasim.Field{ID: "customfield_10014", Name: "Epic Link", Custom: true, SchemaType: "any", SchemaCustom: "com.pyxis.greenhopper.jira:gh-epic-link"})
		epic := s.create()
		links := []string{s.site.Key(epic), "..", "../../serverInfo", "PAY-1/../2", "PAY-1?x=1", "1", "https://evil.example.com/x-1", "PAY-0"}
		var stories []int64
		for _, link := range links {
			stories = append(stories, s.create())
			s.site.Change(s.start, s.dev, stories[len(stories)-1], map[string]any{"customfield_10014": link})
		}
		s.fault = func(r *http.Request) *jirasim.Fault {
			if path := strings.TrimPrefix(r.URL.Path, "/jira"); r.Method == http.MethodGet && path != "/rest/api/2/field" && path != "/rest/api/2/serverInfo" && path != "/rest/api/2/issue/PAY-1" {
				s.Errorf("it asks for %s", r.URL)
			}
			return nil
		}
		page, err := s.found("")
		if err != nil || len(page.Stories) != 1+len(links) {
			s.Fatalf("got %d stories and error %v, want %d", len(page.Stories), err, 1+len(links))
		}
		for _, st := range page.Stories {
			i := slices.Index(stories, st.History.ID)
			if i < 0 {
				continue
			}
			want := ""
			if i == 0 {
				want = fmt.Sprint(epic)
			}
			if got := st.History.Now[latency.FieldParent]; len(got) != 1 || got[0].ID != want || got[0].Name != links[i] {
				s.Errorf("a story of the epic %q has the parent %v, want id %q", links[i], got, want)
			}
		}
	})
}
