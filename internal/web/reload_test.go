package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestReloadSaysWhatIsWrong(t *testing.T) {
	var failure error
	var asked string
	s := serving(Sources{Reload: func(_ context.Context, by string) error { asked = by; return failure }})
	post := func() (int, string) {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/-/reload", nil))
		return rec.Code, rec.Body.String()
	}
	if code, _ := post(); code != http.StatusOK {
		t.Errorf("right: %d", code)
	}
	if asked != "somebody at 192.0.2.1" { // the address of httptest's requests
		t.Errorf("it was asked for by %q", asked)
	}
	failure = errors.New("unknown key wbe")
	if code, body := post(); code != http.StatusInternalServerError || !strings.Contains(body, "unknown key wbe") {
		t.Errorf("wrong: %d %s", code, body)
	}
	if code, _ := get(s, "/-/reload"); code != http.StatusMethodNotAllowed {
		t.Errorf("a reload by GET: %d", code)
	}
}
