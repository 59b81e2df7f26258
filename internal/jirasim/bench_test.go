package jirasim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// BenchmarkSearch reads a page of 100 from the middle of 20,000 issues.
func BenchmarkSearch(b *testing.B) {
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		site := jirasim.NewSite(flavor, time.Now)
		dev := site.AddUser(&jirasim.User{Ref: "dev", AccountID: "dev", Name: "dev", Key: "dev", DisplayName: "dev"})
		p := site.AddProject(&jirasim.Project{ID: "1", Key: "PAY", Name: "PAY"})
		from, to := "1", "2"
		for n := range 20000 {
			id := site.CreateIssue(minute(n), dev, p, doc{"status": doc{"id": "1"}, "assignee": dev, "labels": []string{}, "summary": "x"})
			for range 5 {
				site.Change(minute(n), dev, id, nil, jirasim.Item{Field: "status", FieldType: "jira", FieldID: "status", From: &from, To: &to, FromString: &from, ToString: &to})
				site.Comment(minute(n), dev, id, "text")
			}
		}
		path := "/rest/api/2/search"
		if flavor == jirasim.Cloud {
			path += "/jql"
		}
		server := jirasim.NewServer(site, jirasim.Options{Token: "t"})
		for name, jql := range map[string]string{
			"updated": "project = PAY AND updated >= 0 ORDER BY id",
			"id":      "project = PAY AND id > 20000 ORDER BY id",
			"few":     fmt.Sprintf("project = PAY AND updated >= %d ORDER BY updated", minute(19990).UnixMilli()),
		} {
			b.Run(fmt.Sprint(flavor, "/", name), func(b *testing.B) {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path+"?maxResults=100&expand=changelog&fields=*all&jql="+url.QueryEscape(jql), nil)
				r.Header.Set("Authorization", "Bearer t")
				for b.Loop() {
					w := httptest.NewRecorder()
					server.ServeHTTP(w, r)
					if w.Code != 200 {
						b.Fatal(w.Body)
					}
				}
			})
		}
	}
}
