package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCursorsComeBack holds that a cursor leads to its place and to no other list, and that
// any other text is a problem.
func TestCursorsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, place := rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "list"), rapid.String().Draw(t, "place")
		read := func(text, list string) (string, error) {
			p, at := ParamsOf(&url.URL{RawQuery: url.Values{"cursor": {text}}.Encode()}, "cursor"), ""
			p.Cursor(list, &at)
			return at, p.Err()
		}
		text := *Cursor(list, place)
		if len(text) <= longestValue {
			at, err := read(text, list)
			if want := strings.ToValidUTF8(place, "\ufffd"); err != nil || at != want {
				t.Fatalf("%q came back as %q (%v)", want, at, err)
			}
			if _, err := read(text, list+"x"); err == nil {
				t.Fatal("another list takes it")
			}
		}
		garbage := rapid.String().Draw(t, "garbage")
		var p *Problem
		if _, err := read(garbage, list); garbage != text && err != nil && !errors.As(err, &p) {
			t.Fatalf("%q: %v is no problem", garbage, err)
		}
	})
}

// TestFit holds that an answer that is too long has fewer elements, and at least one.
func TestFit(t *testing.T) {
	for _, tc := range []struct{ each, limit, want int }{{10, 100, 100}, {3000, 100, 25}, {50_000, 100, 1}, {200_000, 100, 1}, {10, 0, 0}} {
		got := -1
		text, err := Fit(tc.limit, func(limit int) (any, error) {
			got = limit
			return strings.Repeat("x", limit*tc.each), nil
		})
		if err != nil || got != tc.want || len(text) > MaxAnswer && got > 1 {
			t.Errorf("%d elements of %d bytes: %d are given (%v)", tc.limit, tc.each, got, err)
		}
	}
	broken := errors.New("broken")
	if _, err := Fit(1, func(int) (any, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got error %v", err)
	}
}

// TestUnchanged reads what a sender says that it has.
func TestUnchanged(t *testing.T) {
	for header, want := range map[string]bool{"": false, `"a"`: true, `W/"a"`: true, `"b", "a"`: true, `"b"`: false, "*": true, "a": false} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", header)
		if got := Unchanged(r, `"a"`); got != want {
			t.Errorf("If-None-Match %s: %t", header, got)
		}
	}
}

// TestEveryProblemHasItsOwnName holds that problems are told apart.
func TestEveryProblemHasItsOwnName(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if seen[k.Name] || k.Title == "" || k.Status < 400 {
			t.Errorf("%+v", k)
		}
		seen[k.Name] = true
	}
}
