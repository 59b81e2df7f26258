package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSupport: the bundle is a file to keep, and who asked for it is known; where there is
// none, an operator reads why.
func TestSupport(t *testing.T) {
	var failure error
	var asked string
	s := serving(Sources{Support: func(_ context.Context, by string) ([]byte, error) { asked = by; return []byte("PK"), failure }})
	get := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/-/support", nil))
		return rec
	}
	rec := get()
	if h := rec.Header(); rec.Code != http.StatusOK || rec.Body.String() != "PK" || h.Get("Content-Type") != "application/zip" || !strings.HasPrefix(h.Get("Content-Disposition"), `attachment; filename="yourturn-support-2`) {
		t.Errorf("it is answered with %d, %v: %s", rec.Code, h, rec.Body)
	}
	if asked != "somebody at 192.0.2.1" {
		t.Errorf("it was asked for by %q", asked)
	}
	failure = errors.New("the disk is broken")
	if rec := get(); rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "the disk is broken") || rec.Header().Get("Content-Disposition") != "" {
		t.Errorf("a failure is answered with %d: %s", rec.Code, rec.Body)
	}
}

// TestControlMakesABundle: another process gets it as it is, with the secret alone.
func TestControlMakesABundle(t *testing.T) {
	h := Control{Support: func(_ context.Context, secret string) ([]byte, error) {
		if secret != "right" {
			return nil, ErrSecret
		}
		return []byte("PK"), nil
	}}.Handler()
	for secret, want := range map[string]int{"right": http.StatusOK, "wrong": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodPost, "/-/support", nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != want || (rec.Body.String() == "PK") != (want == http.StatusOK) {
			t.Errorf("%s: %d %s", secret, rec.Code, rec.Body)
		}
	}
}
