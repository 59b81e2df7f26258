// Package dashboards holds what Prometheus, Alertmanager and Grafana are given: the
// Grafana dashboards as code, and beside them the configs, the rules and the alerts.
// The JSON under grafana is generated from this package and committed, so that it
// can be imported without Go.
package dashboards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

//go:generate go test -run TestCommitted -update

// File is a dashboard as Grafana reads it.
type File struct {
	// Name is the dashboard's uid with ".json".
	Name string
	// JSON is indented and ends in a newline.
	JSON []byte
}

// Files returns all dashboards, in their reading order. It fails only if the code
// describes a dashboard that Grafana's schema refuses.
func Files() ([]File, error) {
	var files []File
	var errs []error
	for _, b := range []*board{waiting(), bottleneck(), oneOwner(), retrospective(), service()} {
		d, err := b.build()
		if err != nil {
			errs = append(errs, fmt.Errorf("dashboard %s: %w", b.uid, err))
			continue
		}
		text, err := marshal(d, b.events)
		if err != nil {
			errs = append(errs, fmt.Errorf("dashboard %s: %w", b.uid, err))
			continue
		}
		files = append(files, File{Name: b.uid + ".json", JSON: text})
	}
	return files, errors.Join(errs...)
}

// marshal adds the annotations.
func marshal(d dashboard.Dashboard, events []annotation) ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	tidy(v)
	if len(events) > 0 {
		v["annotations"] = map[string]any{"list": events}
	}
	return encode(v)
}

// encode returns JSON as it is committed. It does not escape <, > and &, so that people
// can read the queries.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
