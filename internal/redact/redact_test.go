package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/redact"
)

// encodings are how a secret may come back.
var encodings = map[string]func(secret string) string{
	"as it is":     func(s string) string { return s },
	"base64":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 URL":   func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"of a user":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte("ada@example.com:" + s)) },
	"of another":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("bo@example.com:" + s + "!")) },
	"of a third":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("joe@example.com:" + s + "!!")) },
	"query":        url.QueryEscape,
	"path":         url.PathEscape,
	"hex":          func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":          func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"JSON":         inJSON,
	"all escaped":  allEscaped,
	"slashes":      func(s string) string { return strings.ReplaceAll(inJSON(s), "/", `\/`) },
	"base64, JSON": func(s string) string { return allEscaped(base64.StdEncoding.EncodeToString([]byte("u:" + s))) },
}

func inJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b[1 : len(b)-1])
}

// allEscaped escapes every character for JSON.
func allEscaped(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c < 0x80 {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// TestEncodings: a secret is found in each encoding, wherever it stands, and what
// remains says nothing of it.
func TestEncodings(t *testing.T) {
	for _, secret := range []string{"ATATT3xFfGF0-a_b=1234", "p@ss/w0rd+&<x>", "longer than others: äöü ß", "t0k3n"} {
		r := redact.New("another-secret", secret)
		for name, encode := range encodings {
			for _, around := range []string{"%s", `{"errorMessages":["you sent Basic %s"],"errors":{}}`, "a%sb%[1]sc"} {
				encoded := encode(secret)
				if name == "all escaped" && strings.Contains(secret, "ä") {
					continue // characters beyond ASCII stand as they are
				}
				got := r.String(fmt.Sprintf(around, encoded))
				if strings.Contains(got, encoded) || strings.Contains(got, secret) || !strings.Contains(got, redact.Placeholder) {
					t.Errorf("%s of %q in %s became %s", name, secret, around, got)
				}
			}
		}
	}
}

// TestRedactorLeavesTheRest: text without a secret is the same bytes, JSON stays JSON
// and means the same apart from the secret, and no form of it remains.
func TestRedactorLeavesTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9+/=_~-]{8,40}`).Draw(t, "secret")
		r := redact.New(secret)
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		plain, err := json.Marshal(map[string]string{"text": before + after})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(before+after, secret) {
			t.Skip("it is there by chance")
		}
		if got := r.Bytes(plain); !bytes.Equal(got, plain) {
			t.Fatalf("%s became %s", plain, got)
		}
		with, err := json.Marshal(map[string]string{"text": before + secret + after})
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]string
		if err := json.Unmarshal(r.Bytes(with), &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out["text"], secret) || !strings.Contains(out["text"], redact.Placeholder) {
			t.Fatalf("%q became %q", before+secret+after, out["text"])
		}
	})
}

// TestAdd: a secret that is added is found beside the former ones, and a redactor of
// nothing changes nothing.
func TestAdd(t *testing.T) {
	r := redact.New("", "first-secret")
	r.Add("second-secret")
	if got, want := r.String("first-secret and second-secret"), redact.Placeholder+" and "+redact.Placeholder; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var none *redact.Redactor
	if got := none.String("first-secret"); got != "first-secret" {
		t.Errorf("got %q", got)
	}
	if got := redact.New("abc").String("abc"); got != "abc" {
		t.Errorf("a secret of three characters was looked for: %q", got)
	}
}

func BenchmarkBytes(b *testing.B) {
	r := redact.New("ATATT3xFfGF0T4JNSxyzabcdefghijklmnopqrstuvwxyz=12AB34CD", "ada@example.com:ATATT3xFfGF0T4JNSxyzabcdefghijklmnopqrstuvwxyz=12AB34CD", "a-secret-of-webhooks")
	page := []byte(strings.Repeat(`{"id":"10001","fields":{"summary":"It behaves as the first one does: shall we keep it?","created":"2026-01-05T10:00:00.000+0100"}},`, 40000))
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		r.Bytes(page)
	}
}
