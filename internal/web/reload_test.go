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
	s := serving(Sources{Reload: func(context.Context) error { return failure }})
	post := func() (int, string) {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/-/reload", nil))
		return rec.Code, rec.Body.String()
	}
	if code, _ := post(); code != http.StatusOK {
		t.Errorf("right: %d", code)
	}
	failure = errors.New("unknown key wbe")
	if code, body := post(); code != http.StatusInternalServerError || !strings.Contains(body, "unknown key wbe") {
		t.Errorf("wrong: %d %s", code, body)
	}
	if code, _ := get(s, "/-/reload"); code != http.StatusMethodNotAllowed {
		t.Errorf("a reload by GET: %d", code)
	}
}
