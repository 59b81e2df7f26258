package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// docs is the page that describes the problems.
const docs = "https://github.com/yourturn/yourturn/blob/main/docs/api.md#"

// Kind is a kind of problem.
type Kind struct {
	Name   string // a heading of docs/api.md
	Title  string
	Status int
}

// Kinds are the kinds of problems.
func Kinds() []Kind {
	return []Kind{
		BadParameter(), BadCursor(), Forbidden(), NotFound(), NotAllowed(), NotReady(), Busy(), Failed(),
	}
}

// BadParameter is a parameter that the route does not have, or a value that it cannot have.
func BadParameter() Kind {
	return Kind{"bad-parameter", "A parameter is wrong", http.StatusBadRequest}
}

// BadCursor is a cursor that no answer of this list gave.
func BadCursor() Kind { return Kind{"bad-cursor", "The cursor is wrong", http.StatusBadRequest} }

// Forbidden is a route, or what it is about, that the sender may not see.
func Forbidden() Kind { return Kind{"forbidden", "This is not for you", http.StatusForbidden} }

// NotFound is a route, a story, an owner or a project that is not there.
func NotFound() Kind { return Kind{"not-found", "There is no such thing", http.StatusNotFound} }

// NotAllowed is a method that changes something: nothing can be changed here.
func NotAllowed() Kind {
	return Kind{"method-not-allowed", "Only GET and HEAD are answered", http.StatusMethodNotAllowed}
}

// NotReady is an answer that is being made.
func NotReady() Kind {
	return Kind{"not-ready", "The answer is not ready yet", http.StatusServiceUnavailable}
}

// Busy is a moment at which too many are answered.
func Busy() Kind { return Kind{"busy", "Too many are answered", http.StatusServiceUnavailable} }

// Failed is an answer that could not be made.
func Failed() Kind {
	return Kind{"failed", "The answer could not be made", http.StatusInternalServerError}
}

// Problem says why there is no answer (RFC 9457). It is an error.
type Problem struct {
	Kind
	Detail string   // what is wrong with this request
	Remedy string   // what to do
	Known  []string // what there is instead, as far as the sender may see it; nil: nothing to list
	Allow  string   // the methods of the route, for NotAllowed
	Again  time.Duration
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// body is the form of a problem in an answer.
type body struct {
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Detail   string   `json:"detail"`
	Instance string   `json:"instance"`
	Remedy   string   `json:"remedy"`
	Known    []string `json:"known,omitempty"`
}

// mostKnown is how many names a problem lists, and longestInstance how much of an address
// it repeats.
const (
	mostKnown       = 50
	longestInstance = 500
)

// Refuse answers with an error: as it is if it is a Problem, else as Failed.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := &Problem{Kind: Failed(), Detail: err.Error(), Remedy: "Look at the log of the service."}
	errors.As(err, &p)
	instance := r.URL.RequestURI()
	instance = instance[:min(len(instance), longestInstance)]
	text, err := encode(body{docs + p.Name, p.Title, p.Status, p.Detail, instance, p.Remedy, p.Known[:min(len(p.Known), mostKnown)]})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Del("ETag")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	if p.Again > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.Again+time.Second-1)/time.Second)))
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	w.WriteHeader(p.Status)
	w.Write(text) //nolint:errcheck // the reader is gone
}
