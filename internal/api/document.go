package api

import (
	_ "embed" // the document
	"encoding/json"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var source []byte

// Document returns the OpenAPI 3.1 document of the API as JSON.
func Document() []byte { return document() }

//nolint:gochecknoglobals // made once, of a constant
var document = sync.OnceValue(func() []byte {
	var tree any
	err := yaml.Unmarshal(source, &tree)
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // the tests read it
	}
	text, err := json.Marshal(tree)
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	return text
})
