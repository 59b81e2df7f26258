// Package api is what the answers to machines (/api/v1) have in common: their parameters,
// places where a list goes on, tags, problems, and the document that describes them all
// (openapi.yaml). What is answered comes from package query, and who may ask is found out
// by package web.
package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Prefix begins the path of every route.
const Prefix = "/api/v1"

// MaxAnswer is how long an answer is at most, in bytes, if its list can be cut.
const MaxAnswer = 96_000

// Tag returns the tag of an answer to a request. It is that of what the answer says, which
// the data timestamp, the config, the parameters and the roles of the sender decide.
func Tag(r *http.Request, text []byte) string {
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(r.URL.Path), []byte(r.URL.Query().Encode()), text} {
		sum.Write(part)      //nolint:errcheck // a hash takes everything
		sum.Write([]byte{0}) //nolint:errcheck // likewise
	}
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:15]) + `"`
}

// Unchanged reports whether the sender of a request has the answer with a tag already. A
// proxy that compresses answers makes their tags weak.
func Unchanged(r *http.Request, tag string) bool {
	for known := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimSpace(known); known == "*" || strings.TrimPrefix(known, "W/") == tag {
			return true
		}
	}
	return false
}

// Fit returns the JSON of what make makes of so many elements: of limit or, if that is
// longer than MaxAnswer, of half as many, and so on.
func Fit(limit int, produce func(limit int) (any, error)) ([]byte, error) {
	for {
		answer, err := produce(limit)
		if err != nil {
			return nil, err
		}
		text, err := encode(answer)
		if err != nil || len(text) <= MaxAnswer || limit <= 1 {
			return text, err
		}
		limit /= 2
	}
}

// Write answers with JSON, or, if the sender of the request has it already, with 304.
func Write(w http.ResponseWriter, r *http.Request, text []byte) {
	tag := Tag(r, text)
	w.Header().Set("ETag", tag)
	if Unchanged(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Write(text) //nolint:errcheck // the reader is gone
}

// encode returns the JSON of a value, with a line end.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}
