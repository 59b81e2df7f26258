package dashboards

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ruleFiles are the rules and alerts as Prometheus reads them.
//
//go:embed prometheus/rules/*.yml
var ruleFiles embed.FS

// The values of a Bundle that leave dashboards and rules as they are committed.
const (
	DefaultRunbooks  = "https://github.com/yourturn/yourturn/blob/main/docs/runbooks.md"
	DefaultObjective = 0.8
	DefaultFolder    = "yourturn"
)

// Bundle is the dashboards, rules and alerts for an installation other than the one
// of docker-compose.yml.
type Bundle struct {
	// Selector is the label matchers that every series must meet, as PromQL writes
	// them between braces: job="yourturn", cluster="eu". "" asks for none.
	Selector string
	// Runbooks is the address of the page to which each alert's runbook_url adds the
	// alert's anchor.
	Runbooks string
	// Objective is the share of acceptance waits that should meet their target, more
	// than 0 and less than 1.
	Objective float64
	// DataSource is the uid of the data source that is selected at first; "" leaves it to
	// Grafana.
	DataSource string
	// Folder is where Grafana's sidecar puts the dashboards.
	Folder string
	// Namespace is that of the Kubernetes objects; "" leaves it to kubectl.
	Namespace string
	// Labels are added to the Kubernetes objects, for what selects them.
	Labels map[string]string
}

// check returns what is wrong with the values.
func (b Bundle) check() error {
	var errs []error
	const matcher = `\s*[a-zA-Z_]\w*\s*(=|!=|=~|!~)\s*"([^"\\]|\\.)*"\s*`
	if b.Selector != "" && !regexp.MustCompile(`^`+matcher+`(,`+matcher+`)*$`).MatchString(b.Selector) {
		errs = append(errs, fmt.Errorf("selector %q: write label matchers without braces, such as job=\"yourturn\"", b.Selector))
	}
	if u, err := url.Parse(b.Runbooks); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Fragment != "" {
		errs = append(errs, fmt.Errorf("address of the runbooks %q: write it with https:// and a host, and without #", b.Runbooks))
	}
	if !(b.Objective > 0 && b.Objective < 1) {
		errs = append(errs, fmt.Errorf("objective %v: write a share between 0 and 1, such as 0.8", b.Objective))
	}
	if b.Namespace != "" && !regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`).MatchString(b.Namespace) {
		errs = append(errs, fmt.Errorf("namespace %q: Kubernetes allows up to 63 small letters, digits and dashes", b.Namespace))
	}
	return errors.Join(errs...)
}

// BundleFile is a file of a bundle.
type BundleFile struct {
	// Name is its path in the folder, with slashes.
	Name string
	Text []byte
}

// Files returns the files by their path in a folder: grafana/*.json to import,
// prometheus/rules/*.yml for a Prometheus, and both again as Kubernetes objects: a
// ConfigMap for each dashboard, as Grafana's sidecar looks for, and a PrometheusRule.
func (b Bundle) Files() ([]BundleFile, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	boards, err := b.boards()
	if err != nil {
		return nil, err
	}
	rules, groups, err := b.rules()
	if err != nil {
		return nil, err
	}
	var objects bytes.Buffer
	e := yaml.NewEncoder(&objects)
	e.SetIndent(2)
	for _, f := range boards {
		var short bytes.Buffer // kubectl apply keeps a copy of at most 256 KiB in the object
		if err := json.Compact(&short, f.Text); err != nil {
			return nil, err
		}
		o := b.object("v1", "ConfigMap", strings.TrimSuffix(path.Base(f.Name), ".json"), map[string]string{"grafana_dashboard": "1"})
		o.Metadata.Annotations = map[string]string{"grafana_folder": b.Folder}
		o.Data = map[string]string{path.Base(f.Name): short.String()}
		if err := e.Encode(o); err != nil {
			return nil, err
		}
	}
	o := b.object("monitoring.coreos.com/v1", "PrometheusRule", "yourturn", nil)
	o.Spec = map[string]any{"groups": groups}
	rule, err := yaml.Marshal(o)
	if err != nil {
		return nil, err
	}
	return append(append(boards, rules...), BundleFile{"kubernetes/dashboards.yml", objects.Bytes()}, BundleFile{"kubernetes/rules.yml", rule}), nil
}

// object is a Kubernetes object.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name        string            `yaml:"name"`
		Namespace   string            `yaml:"namespace,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Annotations map[string]string `yaml:"annotations,omitempty"`
	} `yaml:"metadata"`
	Data map[string]string `yaml:"data,omitempty"`
	Spec map[string]any    `yaml:"spec,omitempty"`
}

// object returns an object with the labels of all objects, and more.
func (b Bundle) object(version, kind, name string, labels map[string]string) object {
	o := object{APIVersion: version, Kind: kind}
	o.Metadata.Name, o.Metadata.Namespace = name, b.Namespace
	o.Metadata.Labels = map[string]string{"app.kubernetes.io/name": "yourturn"}
	for _, more := range []map[string]string{labels, b.Labels} {
		for k, v := range more {
			o.Metadata.Labels[k] = v
		}
	}
	return o
}

// boards returns the dashboards.
func (b Bundle) boards() ([]BundleFile, error) {
	list, err := Files()
	if err != nil {
		return nil, err
	}
	var files []BundleFile
	for _, f := range list {
		var v any
		if err := json.Unmarshal(f.JSON, &v); err != nil {
			return nil, err
		}
		b.ask(v)
		text, err := encode(v)
		if err != nil {
			return nil, err
		}
		files = append(files, BundleFile{"grafana/" + f.Name, text})
	}
	return files, nil
}

// ask restricts every query in a part of a dashboard, and selects the data source.
func (b Bundle) ask(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			b.ask(x)
		}
	case map[string]any:
		if v["type"] == "datasource" && v["name"] == "datasource" && b.DataSource != "" {
			v["current"] = map[string]any{"selected": true, "text": b.DataSource, "value": b.DataSource}
			return
		}
		for key, x := range v {
			if text, ok := x.(string); ok && (key == "expr" || key == "query") {
				v[key] = b.restrict(text)
			} else {
				b.ask(x)
			}
		}
	}
}

// rules returns the files of rules, and the groups of all of them.
func (b Bundle) rules() (files []BundleFile, groups []*yaml.Node, err error) {
	names, err := ruleFiles.ReadDir("prometheus/rules")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		at := "prometheus/rules/" + name.Name()
		text, err := ruleFiles.ReadFile(at)
		if err != nil {
			return nil, nil, err
		}
		var doc yaml.Node // it keeps comments
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", at, err)
		}
		list := member(doc.Content[0], "groups")
		for _, group := range list.Content {
			for _, rule := range member(group, "rules").Content {
				b.adapt(rule)
			}
		}
		groups = append(groups, list.Content...)
		var out bytes.Buffer
		e := yaml.NewEncoder(&out)
		e.SetIndent(2)
		if err := e.Encode(&doc); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", at, err)
		}
		files = append(files, BundleFile{at, out.Bytes()})
	}
	return files, groups, nil
}

// adapt changes a rule.
func (b Bundle) adapt(rule *yaml.Node) {
	expr := member(rule, "expr")
	if record := member(rule, "record"); record != nil && record.Value == "yourturn:acceptance_objective:ratio" {
		expr.Value = "vector(" + strconv.FormatFloat(b.Objective, 'f', -1, 64) + ")"
	}
	expr.Value = b.restrict(expr.Value)
	notes := member(rule, "annotations")
	if notes == nil {
		return
	}
	for i := 1; i < len(notes.Content); i += 2 {
		note := notes.Content[i]
		if notes.Content[i-1].Value == "runbook_url" {
			note.Value = strings.Replace(note.Value, DefaultRunbooks, b.Runbooks, 1)
		} else if b.Selector != "" {
			// A query in a template is the format of a printf.
			quoted := strconv.Quote(b.Selector)
			quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], "%", "%%")
			note.Value = regexp.MustCompile(`\b((?:po|yourturn)_[a-z_]+)\{`).ReplaceAllString(note.Value, "${1}{"+strings.ReplaceAll(quoted, "$", "$$")+", ")
		}
	}
}

// member returns a member of a mapping; nil if there is none.
func member(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// tokens are strings and comments of PromQL, and names with the brace behind them.
var tokens = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|#[^\n]*|[a-zA-Z_:][a-zA-Z0-9_:]*(?:\\s*\\{)?")

// exported are the names of what yourturn exports, and of what Prometheus says of its
// targets. What rules record has a colon, and is made of restricted series.
var exported = regexp.MustCompile(`^((po|yourturn|process)_[a-z0-9_]+|up)(\s*\{)?$`)

// restrict adds the selector to every series of a query.
func (b Bundle) restrict(query string) string {
	if b.Selector == "" {
		return query
	}
	return tokens.ReplaceAllStringFunc(query, func(token string) string {
		switch {
		case !exported.MatchString(token):
			return token
		case strings.HasSuffix(token, "{"):
			return token + b.Selector + ", "
		default:
			return token + "{" + b.Selector + "}"
		}
	})
}
