// Package apitest holds answers of the API to the document that describes them.
package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/yourturn/yourturn/internal/api"
)

// Document is the document of the API.
type Document struct {
	model *v3.Document
	valid validator.Validator
}

// New reads the document. It must be a right one by the schema of OpenAPI 3.1.
func New(t testing.TB) *Document {
	t.Helper()
	doc, err := libopenapi.NewDocument(api.Document())
	if err != nil {
		t.Fatal(err)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	valid, errs := validator.NewValidator(doc, config.WithFormatAssertions(), config.WithoutSecurityValidation())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, wrong := valid.ValidateDocument(); !ok {
		t.Fatalf("the document is no OpenAPI document: %v", wrong)
	}
	return &Document{&model.Model, valid}
}

// Answer is an answer that the document describes.
type Answer struct {
	Path, Status, Type string
	Example            []byte // JSON; nil: it has none
}

// Answers returns all answers with a body, and those without one with the Type "".
func (d *Document) Answers(t testing.TB) (out []Answer) {
	t.Helper()
	for path, item := range d.model.Paths.PathItems.FromOldest() {
		for code, response := range item.Get.Responses.Codes.FromOldest() {
			if response.Content == nil {
				out = append(out, Answer{Path: path, Status: code})
				continue
			}
			for kind, media := range response.Content.FromOldest() {
				a := Answer{Path: path, Status: code, Type: kind}
				if media.Example != nil {
					var tree any
					err := media.Example.Decode(&tree)
					if err == nil {
						a.Example, err = json.Marshal(tree)
					}
					if err != nil {
						t.Fatalf("the example of %s %s: %v", path, code, err)
					}
				}
				out = append(out, a)
			}
		}
	}
	return out
}

// Wrong returns in which ways an answer to a request is not what the document says.
func (d *Document) Wrong(r *http.Request, status int, header http.Header, text []byte) (out []string) {
	resp := &http.Response{StatusCode: status, Header: header, Request: r, Body: io.NopCloser(bytes.NewReader(text))}
	if ok, wrong := d.valid.ValidateHttpResponse(r, resp); !ok {
		for _, w := range wrong {
			out = append(out, w.Message+": "+w.Reason)
			for _, s := range w.SchemaValidationErrors {
				out = append(out, s.FieldPath+": "+s.Reason)
			}
		}
	}
	kind := header.Get("Content-Type")
	switch {
	case status == http.StatusNotModified && len(text) > 0:
		out = append(out, "304 has a body")
	case status == http.StatusOK && kind != "application/json", status >= http.StatusBadRequest && kind != "application/problem+json":
		out = append(out, "the answer is "+kind)
	}
	if len(text) > 100_000 {
		out = append(out, "the answer is too long")
	}
	return out
}
