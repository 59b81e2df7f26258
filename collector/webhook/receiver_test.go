package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const secret = "It's a Secret to Everybody"

func sign(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// post sends a webhook to r and returns the status.
func post(r http.Handler, body, signature, identifier string) int {
	req := httptest.NewRequest(http.MethodPost, "/webhook/jira", strings.NewReader(body))
	req.Header.Set("X-Hub-Signature", signature)
	if identifier != "" {
		req.Header.Set("X-Atlassian-Webhook-Identifier", identifier)
	}
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec.Code
}

func TestReceiver(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	about := func(issue string, age time.Duration) string {
		return fmt.Sprintf(`{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue":{"id":%s}}`, now.Add(-age).UnixMilli(), issue)
	}
	fresh := about(`"10001"`, 0)
	for _, tc := range []struct {
		name, body, signature string
		secret                string
		status                int
		result                string
	}{
		{"right", fresh, sign(fresh), secret, 202, Accepted},
		{"id as a number", about("10001", 0), sign(about("10001", 0)), secret, 202, Accepted},
		{"no signature", fresh, "", secret, 401, Refused},
		{"signature of another body", fresh, sign(fresh + " "), secret, 401, Refused},
		{"another method", fresh, strings.Replace(sign(fresh), "sha256", "md5", 1), secret, 401, Refused},
		{"signature that is no hex", fresh, "sha256=zz", secret, 401, Refused},
		{"no secret is configured", fresh, sign(fresh), "", 401, Refused},
		{"no issue", "{}", sign("{}"), secret, 202, Ignored},
		{"stolen yesterday", about(`"10001"`, 24*time.Hour), sign(about(`"10001"`, 24*time.Hour)), secret, 202, Ignored},
		{"of tomorrow", about(`"10001"`, -24*time.Hour), sign(about(`"10001"`, -24*time.Hour)), secret, 202, Ignored},
		{"no JSON", "x", sign("x"), secret, 400, Malformed},
		{"id that is none", about(`"../1"`, 0), sign(about(`"../1"`, 0)), secret, 400, Malformed},
		{"too long", strings.Repeat(" ", maxBody+1), "", secret, 400, Malformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var result string
			r := New(Options{Secret: func() string { return tc.secret }, Observe: func(s string) { result = s }, Now: func() time.Time { return now }})
			if got := post(r, tc.body, tc.signature, ""); got != tc.status || result != tc.result {
				t.Errorf("got %d and %s, want %d and %s", got, result, tc.status, tc.result)
			}
			if got := len(r.waiting); (got == 1) != (tc.result == Accepted) {
				t.Errorf("got %d issues waiting after %s", got, result)
			}
		})
	}
}

// TestSignature holds the test vector of Jira's documentation.
func TestSignature(t *testing.T) {
	r := New(Options{Secret: func() string { return secret }})
	if !r.signed([]byte("Hello World!"), "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9") {
		t.Error("the signature is not taken for right")
	}
}

func TestReceiverHandsOnEachIssueOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		results := map[string]int{}
		r := New(Options{Secret: func() string { return secret }, Observe: func(s string) { results[s]++ }})
		send := func(issue int, identifier string) {
			body := fmt.Sprintf(`{"timestamp":%d,"issue":{"id":%d}}`, time.Now().UnixMilli(), issue)
			post(r, body, sign(body), identifier)
		}
		wanted := make(chan []int64)
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx, wanted)
		send(7, "a")
		start := time.Now()
		var got [][]int64
		got = append(got, <-wanted)
		send(9, "b")
		send(8, "c")
		send(8, "d")
		send(8, "c")
		got = append(got, <-wanted)
		if took := time.Since(start); took < gap {
			t.Errorf("two batches within %s, want %s between them", took, gap)
		}
		if diff := cmp.Diff([][]int64{{7}, {8, 9}}, got); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		for i := range maxQueue + 5 {
			send(100+i, "")
		}
		if diff := cmp.Diff(map[string]int{Accepted: 4 + maxQueue, Repeated: 1, Dropped: 5}, results); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		cancel()
		synctest.Wait()
	})
}

func TestReceiverRemembersSoManyWebhooks(t *testing.T) {
	r := New(Options{Secret: func() string { return secret }})
	for i := range maxSeen + 10 {
		r.take(1, fmt.Sprint(i))
	}
	if len(r.seen) != maxSeen || r.seen["9"] || !r.seen["10"] {
		t.Errorf("got %d webhooks remembered, want the last %d", len(r.seen), maxSeen)
	}
}
