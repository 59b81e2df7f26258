package jirasim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
)

// call is one request being answered. It is the http.ResponseWriter of its own
// routing, so that what the router itself answers is kept like all else.
type call struct {
	*Server
	r         *http.Request
	body      []byte
	v3        bool // of REST's third version: texts are documents
	anonymous bool // without a token, or with a wrong one
	out       reply
}

// Header implements http.ResponseWriter.
func (c *call) Header() http.Header { return c.out.header }

// WriteHeader implements http.ResponseWriter.
func (c *call) WriteHeader(status int) { c.out.status = status }

// Write implements http.ResponseWriter.
func (c *call) Write(b []byte) (int, error) {
	c.out.body = append(c.out.body, b...)
	return len(b), nil
}

// json answers with a document.
func (c *call) json(status int, doc any) {
	c.Header().Set("Content-Type", "application/json;charset=UTF-8")
	c.WriteHeader(status)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		panic(fmt.Sprintf("jirasim: a field holds what JSON cannot: %v", err)) // a defect of who filled the Site
	}
	c.out.body = buf.Bytes()
}

// page answers with a page for people, as Jira's login and error pages are.
func (c *call) page(status int, title string) {
	c.Header().Set("Content-Type", "text/html;charset=UTF-8")
	c.WriteHeader(status)
	fmt.Fprintf(c, "<html><head><title>%s</title></head><body>%s</body></html>", title, title)
}

// refuse answers with Jira's error envelope.
func (c *call) refuse(status int, messages ...string) {
	c.json(status, map[string]any{"errorMessages": messages, "errors": map[string]any{}})
}

// notFound answers for an endpoint that is not there, in the flavour's envelope.
func (c *call) notFound() {
	path := c.opts.ContextPath + c.r.URL.Path
	if c.site.Flavor == DataCenter {
		c.json(http.StatusNotFound, map[string]any{"message": "null for uri: http://" + c.r.Host + path, "status-code": 404})
		return
	}
	c.refuse(http.StatusNotFound, "No endpoint "+c.r.Method+" "+path+".")
}

// noIssue is what Jira says of an issue that is not there or may not be seen.
const noIssue = "Issue does not exist or you do not have permission to see it."

// issueOf returns the issue that the path names, or answers 404 and returns nil.
func (c *call) issueOf() *Issue {
	is := c.site.lookup(c.r.PathValue("id"))
	if is == nil || c.anonymous {
		c.refuse(http.StatusNotFound, noIssue)
		return nil
	}
	return is
}

// projectOf returns the project that the path names, or answers 404 and returns nil.
func (c *call) projectOf() *Project {
	p := c.site.projectNamed(c.r.PathValue("project"))
	if p == nil || c.anonymous {
		c.refuse(http.StatusNotFound, "No project could be found with key '"+c.r.PathValue("project")+"'.")
		return nil
	}
	return p
}

// read decodes the request's body into doc, or refuses it and returns false.
// Cloud is strict: it takes JSON alone and no property that it does not know.
func (c *call) read(doc any) bool {
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		c.Header().Set("Content-Type", "application/problem+json")
		c.WriteHeader(http.StatusUnsupportedMediaType)
		io.WriteString(c, `{"title":"Unsupported Media Type","status":415,"detail":"Content-Type must be application/json."}`) //nolint:errcheck // it cannot fail
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(c.body))
	if c.site.Flavor == Cloud {
		dec.DisallowUnknownFields()
	}
	err := dec.Decode(doc)
	if err == nil && dec.More() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		c.refuse(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
		return false
	}
	return true
}

// window reads the offset and the size of a page from the query; def is the
// size of a page when none is asked for, ceiling the largest.
func (c *call) window(def, ceiling int) (start, size int) {
	q := c.r.URL.Query()
	if n, err := strconv.Atoi(q.Get("startAt")); err == nil {
		start = max(n, 0)
	}
	size = def
	if n, err := strconv.Atoi(q.Get("maxResults")); err == nil && n >= 0 {
		size = min(n, ceiling)
	}
	return start, size
}

// cut returns the part of a list that a window shows, never nil.
func cut[T any](list []T, start, size int) []T {
	start = min(start, len(list))
	return append([]T{}, list[start:min(start+size, len(list))]...)
}

// link returns the absolute address of a REST path.
func (c *call) link(path string) string {
	return "http://" + c.r.Host + c.opts.ContextPath + path
}

// number renders an id, which Jira writes as a text.
func number(id int64) string { return strconv.FormatInt(id, 10) }
