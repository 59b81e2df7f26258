package jirasim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestBrowse opens the page that a link to an issue leads to, with no login.
func TestBrowse(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		s.move(id, 5)
		s.site.Comment(minute(6), s.dev, id, "words of a comment")
		hidden := s.create(7)
		s.site.Hide(hidden, true)
		s.site.Move(minute(8), s.dev, id, s.web, nil)
		open := func(path string) (int, string) {
			a := s.get(path, "Authorization", "")
			return a.StatusCode, a.text
		}
		for _, path := range []string{"/browse/WEB-1", "/browse/PAY-1"} { // its old key goes on resolving
			status, page := open(path)
			if status != http.StatusOK {
				s.Fatalf("%s: %d %s", path, status, page)
			}
			for _, want := range []string{"<h1>WEB-1</h1>", "<strong>PO Review</strong>", "Comments: 1", "2026-03-02 09:05:00</td><td>status</td><td>Open</td><td>PO Review", "<td>key</td><td>PAY-1</td><td>WEB-1"} {
				if !strings.Contains(page, want) {
					s.Errorf("%s does not show %q:\n%s", path, want, page)
				}
			}
			for _, words := range []string{"words of a comment", "story"} {
				if strings.Contains(page, words) {
					s.Errorf("%s tells the issue's words %q", path, words)
				}
			}
		}
		for _, path := range []string{"/browse/PAY-2", "/browse/PAY-99"} {
			if status, page := open(path); status != http.StatusNotFound {
				s.Errorf("%s: %d %s", path, status, page)
			}
		}
	})
}
