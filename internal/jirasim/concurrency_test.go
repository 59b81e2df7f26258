package jirasim_test

import (
	"net/url"
	"sync"
	"testing"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// A living team writes while collectors read.
func TestReadsWhileTheTeamWrites(t *testing.T) {
	both(t, jirasim.Options{SearchPage: 3}, func(s *sim) {
		id := s.create(0)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 20 {
					path := "/rest/api/2/search?expand=changelog&fields=*all&jql=" + url.QueryEscape("project=PAY ORDER BY updated DESC")
					if s.cloud() {
						path = "/rest/api/3/search/jql?expand=changelog&fields=*all&jql=project=PAY"
					}
					if a, err := s.request("GET", path, ""); err != nil || a.StatusCode != 200 {
						s.Errorf("got %d, %v", a.StatusCode, err)
					}
				}
			})
		}
		wg.Go(func() {
			for n := range 100 {
				s.move(id, n)
				other := s.create(n)
				s.site.EditComment(minute(n), id, s.site.Comment(minute(n), s.dev, id, "?"), "!", true)
				s.site.Move(minute(n), s.dev, other, s.web, nil)
				s.site.Update(func() { s.ada.DisplayName += "a" })
				if n%2 == 0 {
					s.site.DeleteIssue(other)
				}
			}
		})
		wg.Wait()
	})
}
