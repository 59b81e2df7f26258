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
	"hash"
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
	maxBody  = 1 << 20 // bytes of a payload: an issue with long texts
	maxDepth = 100     // of a payload's values in one another
	maxMark  = 128     // bytes of an identifier that is remembered; Jira's are shorter
	maxQueue = 1000    // issues that wait to be read; more are left to the next poll
	maxSeen  = 8192    // signatures and identifiers that are remembered, to know a repetition
	// maxAge is how old a payload may be, or how far ahead. Jira repeats a webhook for
	// about an hour; an attacker could repeat it for ever. It is so long that this
	// clock and Jira's need not agree; where they are hours apart, polls find the
	// changes.
	maxAge = 2 * time.Hour
	method = "sha256="   // that Jira signs with
	gap    = time.Second // between two batches, so that a bulk edit causes few readings
)

// commentAddress finds the id of the issue in the address of a comment.
var commentAddress = regexp.MustCompile(`/issue/(\d+)/comment/\d+$`)

// The results of a webhook, as Options.Observe gets them.
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

// Taken reports whether there is a secret: without one there is no endpoint.
func (r *Receiver) Taken() bool { return r.opts.Secret() != "" }

// ServeHTTP implements http.Handler. It answers before anything is read from
// Jira: 202 if the webhook is understood, whatever becomes of it, 401 if its
// signature is wrong, 400 if it cannot be read or is larger than 1 MiB. It keeps
// no more of a payload than one text at a time, and reads none without something
// that can be a signature.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	mac, given, ok := r.signature(req.Header.Get("X-Hub-Signature"))
	if !ok {
		r.answer(w, http.StatusUnauthorized, Refused)
		return
	}
	if req.ContentLength > maxBody {
		r.answer(w, http.StatusBadRequest, Malformed)
		return
	}
	body := io.TeeReader(http.MaxBytesReader(w, req.Body, maxBody), mac)
	issue, at, malformed := read(body)
	if _, err := io.Copy(io.Discard, body); err != nil { // what is behind an error in it is signed too
		r.answer(w, http.StatusBadRequest, Malformed)
		return
	}
	if !hmac.Equal(given, mac.Sum(nil)) {
		r.answer(w, http.StatusUnauthorized, Refused)
		return
	}
	if malformed != nil {
		r.answer(w, http.StatusBadRequest, Malformed)
		return
	}
	if age := r.opts.Now().Sub(at); issue == 0 || age > maxAge || age < -maxAge {
		r.answer(w, http.StatusAccepted, Ignored)
		return
	}
	// The identifier stays the same when Jira tries again, but it is not signed. By
	// its signature a captured webhook is known under any identifier.
	marks := []string{string(given)}
	if id := req.Header.Get("X-Atlassian-Webhook-Identifier"); id != "" && len(id) <= maxMark {
		marks = append(marks, "identifier "+id)
	}
	r.answer(w, http.StatusAccepted, r.take(issue, marks...))
}

// answer answers, and reports what became of the webhook.
func (r *Receiver) answer(w http.ResponseWriter, status int, result string) {
	r.opts.Observe(result)
	w.WriteHeader(status)
}

// signature returns what makes the signature of a body, and the one that a header
// gives. It reports whether there is a secret, and a signature.
func (r *Receiver) signature(header string) (mac hash.Hash, given []byte, ok bool) {
	secret := r.opts.Secret()
	text, ok := strings.CutPrefix(header, method)
	given, err := hex.DecodeString(text)
	if secret == "" || !ok || err != nil || len(given) != sha256.Size {
		return nil, nil, false
	}
	return hmac.New(sha256.New, []byte(secret)), given, true
}

// read returns the issue that a payload is about, 0 if it is about none, and
// when Jira sent it. What Data Center sends of a comment names its issue in the
// comment's address alone.
func read(body io.Reader) (issue int64, at time.Time, err error) {
	d := json.NewDecoder(body)
	var sent int64 // ms
	var id json.RawMessage
	var address string
	err = members(d, func(name string) error {
		switch name {
		case "timestamp":
			return d.Decode(&sent)
		case "issue":
			return members(d, func(name string) error {
				if name == "id" {
					return d.Decode(&id) // a text, or a number
				}
				return skip(d)
			})
		case "comment":
			return members(d, func(name string) error {
				if name == "self" {
					return d.Decode(&address)
				}
				return skip(d)
			})
		}
		return skip(d)
	})
	if err != nil {
		return 0, at, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return 0, at, errors.New("there is more behind it")
	}
	at = time.UnixMilli(sent)
	text := strings.Trim(string(id), `"`)
	if m := commentAddress.FindStringSubmatch(address); text == "" && m != nil {
		text = m[1]
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

// members calls member with the name of each member of the object that comes next;
// it must read the value. null has none.
func members(d *json.Decoder, member func(name string) error) error {
	switch begin, err := d.Token(); {
	case err != nil || begin == nil:
		return err
	case begin != json.Delim('{'):
		return errors.New("not an object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := member(name.(string)); err != nil { // of an object, as Token has checked
			return err
		}
	}
	_, err := d.Token()
	return err
}

// skip reads the value that comes next, and keeps nothing of it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		switch {
		case depth == 0:
			return nil
		case depth > maxDepth:
			return errors.New("nested too deeply")
		}
	}
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
