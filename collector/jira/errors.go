package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// The kinds of errors of a Client, beside jiradata.ErrIncomplete, for errors.Is.
var (
	// ErrUnauthorized: Jira refuses the token, or answered without regard to it.
	ErrUnauthorized = errors.New("not authenticated")
	// ErrForbidden: the account may not do this.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: it does not exist, or the account may not see it.
	ErrNotFound = errors.New("not found")
	// ErrGone: this Jira has removed the endpoint.
	ErrGone = errors.New("endpoint removed")
	// ErrRefused: Jira does not accept the request, for instance a query that names an unknown project.
	ErrRefused = jiradata.ErrRefused
	// ErrRateLimited: Jira wants fewer requests; see Error.RetryAfter.
	ErrRateLimited = errors.New("rate limited")
	// ErrUnavailable: Jira did not answer, or failed.
	ErrUnavailable = errors.New("unavailable")
	// ErrBadReply: the answer is not one that Jira gives: a login page, or a document
	// that is cut or broken.
	ErrBadReply = errors.New("not an answer of Jira")
)

// lasting reports whether an error is a refusal that another try cannot change.
func lasting(err error) bool {
	for _, kind := range []error{ErrUnauthorized, ErrForbidden, ErrNotFound, ErrGone, ErrRefused} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Error is a failed request to Jira.
type Error struct {
	Endpoint   string        // for instance "search/jql"
	Address    string        // of the Jira that did not answer; "" where it did
	Status     int           // 0 where no answer came
	Detail     string        // what Jira, or the network, said; shortened
	RetryAfter time.Duration // how long Jira asks to be left alone, an hour at most; 0 if it does not say
	kind       error
	toDo       string // what the operator can do; "": what is to be done about the kind
	proof      bool   // Jira itself says that the issue does not exist, or is hidden from this account
}

// lacking returns the error of a reply that is JSON, but lacks what Jira always
// sends: a gateway's own document, for instance, which would read as an empty list.
func lacking(endpoint, what string) error {
	return &Error{Endpoint: endpoint, Detail: "there is no " + what + " in it", kind: ErrBadReply}
}

// provenAbsent reports whether an answer proves that the issue asked for does not
// exist or cannot be seen. A proxy answers 404 too, and so does a Jira that is
// starting: neither is about the issue.
func provenAbsent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.proof
}

// unproven returns the error of a reading by id. A 404 that proves nothing becomes
// an ErrBadReply.
func unproven(err error) error {
	var e *Error
	if errors.Is(err, ErrNotFound) && errors.As(err, &e) {
		return &Error{Endpoint: e.Endpoint, Status: e.Status, Detail: "Jira does not say so of the issue: " + e.Detail, kind: ErrBadReply}
	}
	return err
}

// noEndpoint reports whether an answer means that the endpoint is not there, whether
// Jira or a gateway says so.
func noEndpoint(err error) bool { return errors.Is(err, ErrNotFound) || errors.Is(err, ErrGone) }

// Error implements error: it names the endpoint, what happened and a remedy.
func (e *Error) Error() string {
	if r := e.Remedy(); r != "" {
		return e.What() + "; " + r
	}
	return e.What()
}

// What returns a text that says what happened, and at which endpoint, without the remedy.
func (e *Error) What() string {
	var b strings.Builder
	fmt.Fprintf(&b, "jira %s", e.Endpoint)
	if e.Address != "" {
		fmt.Fprintf(&b, " at %s", e.Address)
	}
	fmt.Fprintf(&b, ": %v", e.kind)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; Jira asks to wait %s", e.RetryAfter.Round(time.Second))
	}
	return b.String()
}

// Unwrap returns the sentinel that classifies e.
func (e *Error) Unwrap() error { return e.kind }

// Wait returns how long Jira asks to be left alone, an hour at most; 0 if it does
// not say. Until then no request is sent.
func (e *Error) Wait() time.Duration { return e.RetryAfter }

// Remedy returns what the operator can do; "" where the detail says enough.
func (e *Error) Remedy() string {
	switch {
	case errors.Is(e.kind, ErrForbidden) && e.Endpoint == myself:
		// Every account may ask who it is. Cloud answers so to a bearer token that it
		// does not know, Data Center after too many failed logins.
		return "check that the token in jira.token_file is right and not expired, and that jira.email is set for an API token of Jira Cloud; or log in once in the browser if Jira asks for a CAPTCHA"
	case errors.Is(e.kind, ErrUnauthorized) && strings.Contains(e.Detail, "scope") && !strings.HasPrefix(e.Endpoint, "agile/"):
		return "give the token the scopes read:jira-work and read:jira-user"
	case e.toDo != "":
		return e.toDo
	}
	return map[error]string{
		ErrUnauthorized: "check that the token in jira.token_file is right and not expired, and that jira.email is set for an API token of Jira Cloud and unset for a personal access token",
		ErrForbidden:    "give the account the permission Browse projects",
		ErrNotFound:     "check jira.url, with its context path, and that the account may see what is asked for",
		ErrGone:         "check jira.flavor: this endpoint is of another kind of Jira",
		ErrRateLimited:  "raise jira.poll_interval, or let an administrator raise the account's limit",
		ErrUnavailable:  "check jira.url, jira.proxy_url and jira.ca_file, and whether Jira is up",
		errLeftOut:      "narrow jira.jql, or share the projects among several yourturns",
		errTooLong:      "look at what makes Jira's replies so long, or at the proxy before it",
		ErrBadReply:     "check that jira.url is Jira itself and not a login page or proxy before it",
	}[e.kind]
}

// maxDetail is how many characters of Jira's words stand in an error.
const maxDetail = 300

// statusError classifies an answer whose status is not a success.
func statusError(endpoint string, status int, h http.Header, body []byte, now time.Time) *Error {
	e := &Error{Endpoint: endpoint, Status: status, Detail: detail(body), kind: ErrRefused}
	switch {
	case status == http.StatusUnauthorized:
		e.kind = ErrUnauthorized
	case status == http.StatusForbidden:
		e.kind = ErrForbidden
	case status == http.StatusNotFound:
		e.kind = ErrNotFound
		e.proof = ofIssue(body)
	case status == http.StatusGone:
		e.kind = ErrGone
	case status == http.StatusTooManyRequests:
		e.kind = ErrRateLimited
		e.RetryAfter, _ = retryAfter(status, h, now)
	case status >= 500:
		e.kind = ErrUnavailable
		e.RetryAfter, _ = retryAfter(status, h, now)
	case status < 400: // a redirect that was not followed
		e.kind = ErrBadReply
	}
	return e
}

// ofIssue reports whether the document of a 404 is about what was asked for, in the
// form that Jira uses for that, and not about the address.
func ofIssue(body []byte) bool {
	var doc struct {
		ErrorMessages []string `json:"errorMessages"`
	}
	return json.Unmarshal(body, &doc) == nil && len(doc.ErrorMessages) > 0
}

// detail returns what an error document says, in any of Jira's envelopes.
// What is not JSON, such as a proxy's page, is left out.
func detail(body []byte) string {
	var doc struct {
		ErrorMessages []string                   `json:"errorMessages"`
		Errors        map[string]json.RawMessage `json:"errors"`
		Message       string                     `json:"message"`
		Error         json.RawMessage            `json:"error"` // of what stands before Jira
	}
	if json.Unmarshal(body, &doc) != nil {
		return ""
	}
	parts := doc.ErrorMessages
	for field, text := range doc.Errors {
		parts = append(parts, field+": "+strings.Trim(string(text), `"`))
	}
	if doc.Message != "" {
		parts = append(parts, doc.Message)
	}
	if s := strings.Trim(string(doc.Error), `"`); len(s) == len(doc.Error)-2 { // a text
		parts = append(parts, s)
	}
	return shorten(strings.Join(parts, "; "))
}

// shorten returns the first characters of Jira's words.
func shorten(s string) string {
	if len(s) <= maxDetail {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxDetail {
			return s[:i] + "…"
		}
	}
	return s
}
