// Package webhook takes Jira's webhooks as hints that an issue is worth reading now.
// It uses only the id of the issue, and only if the signature is right: the issue
// itself is read from Jira. If every webhook is lost, nothing is, because polls find
// the same changes.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxBody  = 4 << 20 // bytes of a payload: an issue with long texts
	maxQueue = 1000    // issues that wait to be read; more are left to the next poll
	maxSeen  = 8192    // signatures and identifiers that are remembered, to know a repetition
	// maxAge is how old a payload may be, or how far ahead. Jira repeats a webhook for
	// about an hour; an attacker could repeat it for ever. It is so long that this
	// clock and Jira's need not agree; where they are hours apart, polls find the
	// changes.
	maxAge    = 2 * time.Hour
	signature = "sha256="   // the method Jira signs with
	gap       = time.Second // between two batches, so that a bulk edit causes few readings
)

// commentAddress finds the id of the issue in the address of a comment.
var commentAddress = regexp.MustCompile(`/issue/(\d+)/comment/\d+$`)

// What becomes of a webhook, as Options.Observe gets it.
const (
	Accepted  = "accepted"  // its issue will be read
	Repeated  = "repeated"  // it was accepted before
	Ignored   = "ignored"   // it names no issue, or is too old
	Refused   = "refused"   // its signature is wrong
	Malformed = "malformed" // it cannot be read
	Dropped   = "dropped"   // too many issues wait: the next poll finds it
)

// Options say whose webhooks are accepted.
type Options struct {
	// Secret returns the secret that Jira signs with; while it is "" everything
	// is refused.
	Secret func() string
	// Observe, which may be nil, is called with what becomes of each webhook.
	Observe func(result string)
	// Now is Jira's clock as far as it is known; nil: the local one.
	Now func() time.Time
}

// Receiver is the handler of the endpoint that Jira posts to. It is safe for
// concurrent use.
type Receiver struct {
	opts  Options
	ready chan struct{} // holds a value while issues wait

	mu      sync.Mutex
	waiting map[int64]bool
	seen    map[string]bool // what webhooks were known by that were accepted
	order   []string        // of seen, oldest first
}

// New returns a receiver. Its Run must run for issues to be handed on.
func New(o Options) *Receiver {
	if o.Observe == nil {
		o.Observe = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Receiver{opts: o, ready: make(chan struct{}, 1), waiting: map[int64]bool{}, seen: map[string]bool{}}
}

// ServeHTTP implements http.Handler. It answers before anything is read from
// Jira: 202 if the webhook is understood, whatever becomes of it, 401 if its
// signature is wrong, 400 if it cannot be read.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		r.answer(w, http.StatusBadRequest, Malformed)
		return
	}
	mac, ok := r.signed(body, req.Header.Get("X-Hub-Signature"))
	if !ok {
		r.answer(w, http.StatusUnauthorized, Refused)
		return
	}
	issue, at, err := read(body)
	if err != nil {
		r.answer(w, http.StatusBadRequest, Malformed)
		return
	}
	if age := r.opts.Now().Sub(at); issue == 0 || age > maxAge || age < -maxAge {
		r.answer(w, http.StatusAccepted, Ignored)
		return
	}
	// The identifier stays the same when Jira tries again, but it is not signed. By
	// its signature a captured webhook is known under any identifier.
	marks := []string{string(mac)}
	if id := req.Header.Get("X-Atlassian-Webhook-Identifier"); id != "" {
		marks = append(marks, "identifier "+id)
	}
	r.answer(w, http.StatusAccepted, r.take(issue, marks...))
}

// answer answers, and reports what became of the webhook.
func (r *Receiver) answer(w http.ResponseWriter, status int, result string) {
	r.opts.Observe(result)
	w.WriteHeader(status)
}

// signed reports whether a signature is of a body by the secret, and returns it.
func (r *Receiver) signed(body []byte, header string) ([]byte, bool) {
	secret := r.opts.Secret()
	given, err := hex.DecodeString(strings.TrimPrefix(header, signature))
	if secret == "" || err != nil || !strings.HasPrefix(header, signature) {
		return nil, false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body) //nolint:errcheck // it cannot fail
	return given, hmac.Equal(given, mac.Sum(nil))
}

// read returns the issue that a payload is about, 0 if it is about none, and
// when Jira sent it. What Data Center sends of a comment names its issue in the
// comment's address alone.
func read(body []byte) (issue int64, at time.Time, err error) {
	var doc struct {
		Timestamp int64 `json:"timestamp"` // ms
		Issue     struct {
			ID json.RawMessage `json:"id"` // a text, or a number
		} `json:"issue"`
		Comment struct {
			Self string `json:"self"`
		} `json:"comment"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return 0, at, err
	}
	at = time.UnixMilli(doc.Timestamp)
	text := strings.Trim(string(doc.Issue.ID), `"`)
	if address := commentAddress.FindStringSubmatch(doc.Comment.Self); text == "" && address != nil {
		text = address[1]
	}
	if text == "" || text == "null" {
		return 0, at, nil
	}
	issue, err = strconv.ParseInt(text, 10, 64)
	if err == nil && issue < 0 {
		err = errors.New("a negative id")
	}
	return issue, at, err
}

// take queues an issue unless the webhook was seen before, by any of its marks.
func (r *Receiver) take(issue int64, marks ...string) (result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(marks, func(m string) bool { return r.seen[m] }) {
		return Repeated
	}
	if len(r.waiting) >= maxQueue && !r.waiting[issue] {
		return Dropped
	}
	for _, m := range marks {
		r.seen[m] = true
		if r.order = append(r.order, m); len(r.order) > maxSeen {
			delete(r.seen, r.order[0])
			r.order = r.order[1:]
		}
	}
	r.waiting[issue] = true
	select {
	case r.ready <- struct{}{}:
	default: // Run knows already that some wait
	}
	return Accepted
}

// Run hands the issues that wait on to wanted, each once however often it was
// named, until ctx ends.
func (r *Receiver) Run(ctx context.Context, wanted chan<- []int64) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.ready:
		}
		r.mu.Lock()
		ids := slices.Sorted(maps.Keys(r.waiting))
		clear(r.waiting)
		r.mu.Unlock()
		if len(ids) == 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case wanted <- ids:
		}
		pause := time.NewTimer(gap)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}
