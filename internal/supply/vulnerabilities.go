package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// errVulnerable means that a function with a known vulnerability is linked.
var errVulnerable = errors.New("a module has a known vulnerability: raise its version in go.mod") //nolint:gochecknoglobals // an error to compare with

// vulnerabilities prints which known vulnerabilities are in what is linked into a
// binary. It fails for those of a module. Those of the standard library are printed and
// do not fail: whoever builds chooses the Go, and this repository cannot. Where no
// database can be reached it says that it did not look.
func vulnerabilities(ctx context.Context, binary string, w io.Writer) error {
	if _, err := os.Stat(binary); err != nil {
		return err
	}
	scan, from, err := look(ctx, binary)
	if err != nil {
		fmt.Fprintf(w, "could not look for vulnerabilities: %v\n", err)
		return nil
	}
	fmt.Fprintf(w, "looked for vulnerabilities with %s\n", from)
	return scan.print(w)
}

// look asks govulncheck with the first database that answers: the one that GOVULNDB
// names, else Go's, else the newest copy of it that the module proxy has.
func look(ctx context.Context, binary string) (scan scan, from string, err error) {
	tool, err := govulncheck(ctx)
	if err != nil {
		return scan, "", err
	}
	databases := []func() (string, string, error){
		func() (string, string, error) { return "https://vuln.go.dev", "https://vuln.go.dev", nil },
		func() (string, string, error) { return proxied(ctx) },
	}
	if db := os.Getenv("GOVULNDB"); db != "" {
		databases = []func() (string, string, error){func() (string, string, error) { return db, db, nil }}
	}
	var reasons error
	for _, database := range databases {
		db, name, err := database()
		if err == nil {
			var out []byte
			if out, err = output(ctx, "", tool, "-mode=binary", "-format=json", "-db="+db, binary); err == nil {
				if scan, err = decode(out); err == nil {
					return scan, name, nil
				}
			}
		}
		reasons = errors.Join(reasons, err)
	}
	return scan, "", reasons
}

// govulncheck returns where the tool is installed.
func govulncheck(ctx context.Context) (string, error) {
	dir, err := output(ctx, "", "go", "env", "GOPATH")
	if err != nil {
		return "", err
	}
	tool := filepath.Join(strings.TrimSpace(string(dir)), "bin", "govulncheck")
	if _, err := os.Stat(tool); err != nil {
		return "", fmt.Errorf("%w: .ci/run installs it", err)
	}
	return tool, nil
}

// proxied returns the database that the module golang.org/x/vulndb holds, as a URL,
// and its name with its version, which bears its date.
func proxied(ctx context.Context) (db, name string, err error) {
	elsewhere, err := os.MkdirTemp("", "vulndb") // where no go.mod says which version
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(elsewhere) //nolint:errcheck // it is empty
	const module = "golang.org/x/vulndb"
	text, err := output(ctx, elsewhere, "go", "mod", "download", "-json", module+"@latest")
	if err != nil {
		return "", "", err
	}
	var m struct{ Version, Dir string }
	if err := json.Unmarshal(text, &m); err != nil {
		return "", "", err
	}
	return "file://" + filepath.ToSlash(filepath.Join(m.Dir, "data", "osv")), module + "@" + m.Version, nil
}

// output runs a program in a folder, "" for this one, and returns what it prints. The
// error holds its complaint.
func output(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.Join(strings.Fields(complaint.String()), " "))
	}
	return out, nil
}

// vulnerability is a known one in what is linked.
type vulnerability struct {
	ID, Module, Found, Fixed, Summary string
}

// scan is what govulncheck found.
type scan struct {
	linked   []vulnerability // their functions are in the binary
	unlinked int             // those whose functions the linker left out
}

// decode reads what govulncheck prints with -format=json.
func decode(text []byte) (scan, error) {
	summaries := map[string]string{}
	linked, all := map[string]vulnerability{}, map[string]bool{}
	configured := false
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var m struct {
			Config *struct{} `json:"config"`
			OSV    *struct {
				ID      string `json:"id"`
				Summary string `json:"summary"`
			} `json:"osv"`
			Finding *struct {
				OSV   string `json:"osv"`
				Fixed string `json:"fixed_version"`
				Trace []struct{ Module, Version, Function string }
			} `json:"finding"`
		}
		err := d.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return scan{}, fmt.Errorf("reading what govulncheck printed: %w", err)
		}
		configured = configured || m.Config != nil
		if m.OSV != nil {
			summaries[m.OSV.ID] = m.OSV.Summary
		}
		if f := m.Finding; f != nil && len(f.Trace) > 0 {
			all[f.OSV] = true
			if at := f.Trace[0]; at.Function != "" {
				linked[f.OSV+" "+at.Module] = vulnerability{ID: f.OSV, Module: at.Module, Found: at.Version, Fixed: f.Fixed}
			}
		}
	}
	if !configured {
		return scan{}, errors.New("govulncheck printed no report")
	}
	out := scan{}
	for _, v := range linked {
		delete(all, v.ID)
		v.Summary = summaries[v.ID]
		out.linked = append(out.linked, v)
	}
	slices.SortFunc(out.linked, func(a, b vulnerability) int { return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.ID, b.ID)) })
	out.unlinked = len(all)
	return out, nil
}

// print prints what was found, and returns errVulnerable if a module has it.
func (s scan) print(w io.Writer) error {
	const std = "stdlib"
	var failed error
	count := map[string]int{}
	for _, v := range s.linked {
		count[v.Module]++
		if v.Module != std {
			failed = errVulnerable
		}
		fmt.Fprintf(w, "%s: %s %s, fixed in %s: %s\n", v.ID, v.Module, v.Found, cmp.Or(v.Fixed, "no version yet"), v.Summary)
	}
	for _, module := range slices.Sorted(maps.Keys(count)) {
		if module == std {
			fmt.Fprintf(w, "%d in the standard library: build with a newer Go\n", count[module])
		} else {
			fmt.Fprintf(w, "%d in %s\n", count[module], module)
		}
	}
	fmt.Fprintf(w, "%d in what is linked; %d more in functions that are not\n", len(s.linked), s.unlinked)
	return failed
}
