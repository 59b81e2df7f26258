package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scanned is what govulncheck prints of a binary.
func scanned(findings ...string) string {
	return `{"config": {"scanner_name": "govulncheck"}}
{"osv": {"id": "GO-1", "summary": "one"}}
{"osv": {"id": "GO-2", "summary": "two"}}` + "\n" + strings.Join(findings, "\n")
}

// TestScan holds what is said of what govulncheck found, and what fails.
func TestScan(t *testing.T) {
	finding := func(id, fixed, module, function string) string {
		return `{"finding": {"osv": "` + id + `", "fixed_version": "` + fixed + `", "trace": [{"module": "` + module + `", "version": "v1.0.0", "function": "` + function + `"}]}}`
	}
	for _, tc := range []struct {
		name, printed string
		vulnerable    bool
		want          []string
	}{
		{"nothing", scanned(), false, []string{"0 in what is linked; 0 more"}},
		{
			"the standard library",
			scanned(finding("GO-1", "v1.0.1", "stdlib", ""), finding("GO-1", "v1.0.1", "stdlib", "Get"), finding("GO-1", "v1.0.1", "stdlib", "Do")), false,
			[]string{"GO-1: stdlib v1.0.0, fixed in v1.0.1: one", "1 in the standard library: build with a newer Go", "1 in what is linked; 0 more"},
		},
		{"a module", scanned(finding("GO-2", "", "example.com/m", "Get")), true, []string{"GO-2: example.com/m v1.0.0, fixed in no version yet: two", "1 in example.com/m"}},
		{"a module whose function is not linked", scanned(finding("GO-2", "", "example.com/m", "")), false, []string{"0 in what is linked; 1 more"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, err := decode([]byte(tc.printed))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := s.print(&out); errors.Is(err, errVulnerable) != tc.vulnerable {
				t.Errorf("it fails with %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, out.String())
				}
			}
		})
	}
	for _, broken := range []string{"", "{", `{"osv": {"id": "GO-1"}}`} {
		if _, err := decode([]byte(broken)); err == nil {
			t.Errorf("%q is no report, and is taken for one that found nothing", broken)
		}
	}
}

// TestCouldNotLook holds that where the database cannot be reached, or the tool is not
// there, nothing fails and nothing is said to be clean.
func TestCouldNotLook(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, tool := range map[string]string{
		"no tool":           "",
		"no database":       "#!/bin/sh\necho 'dial tcp: lookup vuln.example: no such host' >&2\nexit 1\n",
		"a silent database": "#!/bin/sh\nexit 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			if tool != "" {
				if err := os.Mkdir(filepath.Join(path, "bin"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(path, "bin", "govulncheck"), []byte(tool), 0o700); err != nil { //nolint:gosec // it is run
					t.Fatal(err)
				}
			}
			t.Setenv("GOPATH", path)
			t.Setenv("GOVULNDB", "https://vuln.example")
			var out, errs bytes.Buffer
			if code := run(t.Context(), []string{"vulnerabilities", binary}, &out, &errs); code != 0 {
				t.Errorf("exit code %d: %s", code, errs.String())
			}
			if !strings.HasPrefix(out.String(), "could not look for vulnerabilities: ") || strings.Contains(out.String(), "in what is linked") {
				t.Errorf("it says: %s", out.String())
			}
		})
	}
}
