package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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
	tooLong := fresh + strings.Repeat(" ", maxBody)
	deep := `{"x":` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + "}"
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
		{"another method", fresh, strings.Replace(sign(fresh), "sha256", "sha1", 1), secret, 401, Refused},
		{"no method", fresh, strings.TrimPrefix(sign(fresh), "sha256="), secret, 401, Refused},
		{"signature that is no hex", fresh, "sha256=zz", secret, 401, Refused},
		{"no secret is configured", fresh, sign(fresh), "", 401, Refused},
		{"no issue", "{}", sign("{}"), secret, 202, Ignored},
		{"stolen yesterday", about(`"10001"`, 24*time.Hour), sign(about(`"10001"`, 24*time.Hour)), secret, 202, Ignored},
		{"of tomorrow", about(`"10001"`, -24*time.Hour), sign(about(`"10001"`, -24*time.Hour)), secret, 202, Ignored},
		{"no JSON", "x", sign("x"), secret, 400, Malformed},
		{"id that is none", about(`"../1"`, 0), sign(about(`"../1"`, 0)), secret, 400, Malformed},
		{"too long", tooLong, sign(tooLong), secret, 400, Malformed},
		{"more behind it", fresh + "{}", sign(fresh + "{}"), secret, 400, Malformed},
		{"an error, and no signature of it", "x", sign("y"), secret, 401, Refused},
		{"nested deeply", deep, sign(deep), secret, 400, Malformed},
		{"nothing", "", sign(""), secret, 400, Malformed},
		{"an issue that is null", `{"issue":null}`, sign(`{"issue":null}`), secret, 202, Ignored},
		{"an issue that is a list", `{"issue":[{"id":1}]}`, sign(`{"issue":[{"id":1}]}`), secret, 400, Malformed},
		{"half a signature", fresh, sign(fresh)[:20], secret, 401, Refused},
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
	const mac = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
	for _, tc := range []struct {
		name, signature string
		want            bool
	}{
		{"right", "sha256=" + mac, true},
		{"in capitals", "sha256=" + strings.ToUpper(mac), true},
		{"another method", "sha1=" + mac, false},
		{"cut", "sha256=" + mac[:62], false},
	} {
		mac, given, got := r.signature(tc.signature)
		if got {
			mac.Write([]byte("Hello World!"))
			got = hmac.Equal(given, mac.Sum(nil))
		}
		if got != tc.want {
			t.Errorf("%s: taken for right: %t, want %t", tc.name, got, tc.want)
		}
	}
}

// unread is a body that must not be read.
type unread struct{ *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.Error("a body is read")
	return 0, io.EOF
}

// TestNothingIsReadInVain holds that a body is not read of which the head says
// that it cannot be right.
func TestNothingIsReadInVain(t *testing.T) {
	for _, tc := range []struct {
		name, signature string
		length          int64
		secret          string
		want            int
	}{
		{"no secret", sign(""), 10, "", 401},
		{"no signature", "", 10, secret, 401},
		{"too long", sign(""), maxBody + 1, secret, 400},
	} {
		r := New(Options{Secret: func() string { return tc.secret }})
		req := httptest.NewRequest(http.MethodPost, "/webhook/jira", unread{t})
		req.ContentLength = tc.length
		req.Header.Set("X-Hub-Signature", tc.signature)
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, req)
		if rec.Code != tc.want {
			t.Errorf("%s: answered with %d, want %d", tc.name, rec.Code, tc.want)
		}
		if r.Taken() != (tc.secret != "") {
			t.Errorf("%s: taken: %t", tc.name, r.Taken())
		}
	}
}

// payloads are what Jira sends, shortened, with the issue that each is about.
// Cloud numbers changelogs where Data Center writes a text; of comments Data
// Center sends the comment alone.
var payloads = []struct {
	name, body string
	issue      int64
}{
	{"cloud, issue created", `{"timestamp":%d,"webhookEvent":"jira:issue_created","issue_event_type_name":"issue_created","user":{"self":"https://example.atlassian.net/rest/api/2/user?accountId=5b10ac8d82e05b22cc7d4ef5","accountId":"5b10ac8d82e05b22cc7d4ef5","displayName":"Ada Ohm","active":true,"timeZone":"Europe/Berlin","accountType":"atlassian"},"issue":{"id":"10051","self":"https://example.atlassian.net/rest/api/2/10051","key":"PAY-7","fields":{"summary":"s","status":{"name":"Open","id":"1"},"project":{"id":"100","key":"PAY"}}},"changelog":{"id":"10271","items":[{"field":"status","fieldtype":"jira","fieldId":"status","from":null,"fromString":null,"to":"1","toString":"Open"}]}}`, 10051},
	{"cloud, issue updated", `{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_generic","user":{"accountId":"5b10ac8d82e05b22cc7d4ef5","accountType":"atlassian"},"issue":{"id":"10051","key":"PAY-7","fields":{"comment":{"comments":[{"self":"https://example.atlassian.net/rest/api/2/issue/10051/comment/1","id":"1"}],"total":1}}},"changelog":{"id":10272,"items":[{"field":"status","fieldtype":"jira","fieldId":"status","from":"1","fromString":"Open","to":"2","toString":"PO Review"}]}}`, 10051},
	{"cloud, issue deleted", `{"timestamp":%d,"webhookEvent":"jira:issue_deleted","user":{"accountId":"5b10ac8d82e05b22cc7d4ef5"},"issue":{"id":"10051","key":"PAY-7","fields":{"summary":"s"}}}`, 10051},
	{"cloud, comment created", cloudComment("comment_created"), 10051},
	{"cloud, comment updated", cloudComment("comment_updated"), 10051},
	{"cloud, comment deleted", cloudComment("comment_deleted"), 10051},
	{"data center, issue updated", `{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_assigned","user":{"self":"https://jira.example.com/jira/rest/api/2/user?username=ada","name":"ada","key":"JIRAUSER10100","emailAddress":"ada@example.com","displayName":"Ada Ohm","active":true,"timeZone":"Europe/Berlin"},"issue":{"id":"17334","self":"https://jira.example.com/jira/rest/api/2/issue/17334","key":"PAY-9","fields":{"assignee":{"name":"grace","key":"JIRAUSER10101"}}},"changelog":{"id":"18977","items":[{"field":"assignee","fieldtype":"jira","from":null,"fromString":null,"to":"JIRAUSER10101","toString":"Grace"}]}}`, 17334},
	{"data center, issue commented", `{"timestamp":%d,"webhookEvent":"jira:issue_updated","issue_event_type_name":"issue_commented","user":{"name":"ada","key":"JIRAUSER10100"},"issue":{"id":"17334","key":"PAY-9","fields":{}},"comment":{"self":"https://jira.example.com/jira/rest/api/2/issue/17334/comment/18977","id":"18977","body":"which currency?"}}`, 17334},
	{"data center, comment created", dataCenterComment("comment_created"), 17334},
	{"data center, comment updated", dataCenterComment("comment_updated"), 17334},
	{"data center, comment deleted", dataCenterComment("comment_deleted"), 17334},
	{"a sprint", `{"timestamp":%d,"webhookEvent":"sprint_started","sprint":{"id":7,"self":"https://example.atlassian.net/rest/agile/1.0/sprint/7","state":"active","name":"Sprint 7"}}`, 0},
	{"a comment on something else", `{"timestamp":%d,"webhookEvent":"comment_created","comment":{"self":"https://example.com/issue/../../wiki/comment/7","id":"7"}}`, 0},
}

func cloudComment(event string) string {
	return `{"timestamp":%d,"webhookEvent":"` + event + `","comment":{"self":"https://example.atlassian.net/rest/api/2/issue/10051/comment/10274","id":"10274","author":{"accountId":"5b10ac8d82e05b22cc7d4ef5","displayName":"Ada Ohm","accountType":"atlassian"},"body":"[~accountid:5b10a2844c20165700ede21g] which currency?","created":"2026-03-02T09:00:00.000+0100","updated":"2026-03-02T09:00:00.000+0100","jsdPublic":true},"issue":{"id":"10051","self":"https://example.atlassian.net/rest/api/2/10051","key":"PAY-7","fields":{"summary":"s","issuetype":{"id":"10001","name":"Story"},"project":{"id":"10000","key":"PAY"},"assignee":null,"priority":{"name":"Medium","id":"3"},"status":{"name":"Open","id":"1"}}},"eventType":"primaryAction"}`
}

func dataCenterComment(event string) string {
	return `{"timestamp":%d,"webhookEvent":"` + event + `","comment":{"self":"https://jira.example.com/jira/rest/api/2/issue/17334/comment/18977","id":"18977","author":{"self":"https://jira.example.com/jira/rest/api/2/user?username=ada","name":"ada","key":"JIRAUSER10100","displayName":"Ada Ohm","active":true,"timeZone":"Europe/Berlin"},"body":"see https://jira.example.com/rest/api/2/issue/1/comment/2","updateAuthor":{"name":"ada","key":"JIRAUSER10100"},"created":"2026-03-02T09:00:00.000+0100","updated":"2026-03-02T09:00:00.000+0100"}}`
}

func TestPayloads(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for _, tc := range payloads {
		t.Run(tc.name, func(t *testing.T) {
			var result string
			r := New(Options{Secret: func() string { return secret }, Observe: func(s string) { result = s }, Now: func() time.Time { return now }})
			body := fmt.Sprintf(tc.body, now.UnixMilli())
			status := post(r, body, sign(body), "")
			waiting, want := map[int64]bool{}, Ignored
			if tc.issue != 0 {
				waiting, want = map[int64]bool{tc.issue: true}, Accepted
			}
			if status != 202 || result != want {
				t.Errorf("got %d and %s, want 202 and %s", status, result, want)
			}
			if diff := cmp.Diff(waiting, r.waiting); diff != "" {
				t.Errorf("issues that wait (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRepetitions holds that a webhook is known again by what is signed, under
// whatever identifier it comes, and by the identifier that Jira keeps when it
// tries again.
func TestRepetitions(t *testing.T) {
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var results []string
	r := New(Options{Secret: func() string { return secret }, Observe: func(s string) { results = append(results, s) }, Now: func() time.Time { return now }})
	body := func(later int) string {
		return fmt.Sprintf(`{"timestamp":%d,"issue":{"id":"10001"}}`, now.Add(time.Duration(later)*time.Second).UnixMilli())
	}
	for _, one := range []struct {
		body       int
		identifier string
	}{{0, "a"}, {0, "a"}, {0, "b"}, {0, ""}, {1, "a"}, {2, "c"}, {3, ""}, {3, ""}} {
		post(r, body(one.body), sign(body(one.body)), one.identifier)
	}
	want := []string{Accepted, Repeated, Repeated, Repeated, Repeated, Accepted, Accepted, Repeated}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestReceiverHandsOnEachIssueOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		results := map[string]int{}
		r := New(Options{Secret: func() string { return secret }, Observe: func(s string) { results[s]++ }})
		send := func(issue int, identifier string) {
			body := fmt.Sprintf(`{"timestamp":%d,"issue":{"id":%d},"changelog":{"id":%q}}`, time.Now().UnixMilli(), issue, identifier)
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
		if took := time.Since(start); took != time.Second { // in a bubble's clock
			t.Errorf("the second batch came after %s, want 1s", took)
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
	for i := range maxSeen/2 + 10 {
		r.take(1, fmt.Sprint("signature ", i), fmt.Sprint("identifier ", i))
	}
	if len(r.seen) != maxSeen || r.seen["identifier 9"] || !r.seen["signature 10"] {
		t.Errorf("got %d marks remembered, want the last %d", len(r.seen), maxSeen)
	}
}
