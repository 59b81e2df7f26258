package support

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/zap"
)

// unpacked returns the files of an archive.
func unpacked(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	if r.File[0].Name != manifest {
		t.Errorf("the first file is %s", r.File[0].Name)
	}
	out := map[string]string{}
	for _, f := range r.File {
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// full returns a bundle with a file of each kind, in which people are named wherever they
// can be.
func full(b *Bundle) {
	r := NewRing()
	log := logged(r)
	log.Warn("bo says so", zap.String("owner", "nobody-known"), zap.String("by", "stranger at 10.1.2.3"), zap.Strings("first", []string{`x{owner="bo"}`}))
	reg := prometheus.NewRegistry()
	for _, l := range []string{"owner", "delegate", "display_name", "url", "reason"} {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "about_" + l, Help: "h"}, []string{l})
		g.WithLabelValues("https://jira.corp.example/bo").Set(1)
		reg.MustRegister(g)
	}
	families, err := reg.Gather()
	b.Fixed("fixed.json", "fixed", map[string]string{"n": "t0k3n-of-jira"}, nil)
	b.Fixed("broken.json", "broken", nil, errors.New("Ada Lovelace broke it"))
	b.Told("told.json", "told", map[string]any{"text": "Ada Lovelace", "n": 12345678901234567890.0, "list": []string{"bo"}}, nil)
	b.Log("log.jsonl", r)
	b.Metrics("metrics.txt", families, err)
	b.Profiles("goroutines.txt", "heap.txt")
}

// TestBundle: the archive opens, each file parses and holds no name, and the manifest says
// of each what was done to it, and what is not there and why.
func TestBundle(t *testing.T) {
	b := NewBundle(known(), time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC), "A test made it.")
	full(b)
	archive, err := b.Zip()
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, archive)
	for name, text := range files {
		for _, leak := range []string{"Lovelace", "stranger", "nobody-known", "corp.example", "10.1.2.3", `"bo"`, "t0k3n"} {
			if strings.Contains(text, leak) {
				t.Errorf("%s holds %q:\n%.2000s", name, leak, text)
			}
		}
		if name != manifest && !strings.Contains(files[manifest], "- `"+name+"`, ") {
			t.Errorf("the manifest does not list %s", name)
		}
	}
	if len(files) != 7 || files["broken.json"] != "" || !strings.Contains(files[manifest], "broken. Why not: owner-1-account-1-name broke it") {
		t.Errorf("a file that cannot be made is %d of %d:\n%s", len(files["broken.json"]), len(files), files[manifest])
	}
	documents := []string{files["fixed.json"], files["told.json"]}
	for _, doc := range append(documents, strings.Split(strings.TrimSpace(files["log.jsonl"]), "\n")...) {
		if !json.Valid([]byte(doc)) {
			t.Errorf("no JSON: %s", doc)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	got, err := parser.TextToMetricFamilies(strings.NewReader(files["metrics.txt"]))
	if err != nil || len(got) != 2 || got["about_url"] == nil || got["about_reason"] == nil {
		t.Errorf("the metrics are %v, %v", got, err)
	}
	if text := strings.Join(strings.Fields(files[manifest]), " "); !strings.Contains(text, "about_delegate (1 series), about_display_name (1 series), about_owner (1 series)") {
		t.Errorf("the manifest does not say what is left out:\n%s", files[manifest])
	}
	list, err := Contents(archive)
	if err != nil || len(list) != len(files) || list[0].Size != int64(len(files[manifest])) {
		t.Errorf("the contents are %v, %v", list, err)
	}
	if _, err := Contents([]byte("no archive")); err == nil {
		t.Error("what is no archive has contents")
	}
}

// TestProfilesNameNoFolder: stacks have functions with lines, no folder of the machine that
// built the program, and no argument.
func TestProfilesNameNoFolder(t *testing.T) {
	b := NewBundle(known(), time.Now(), "A test made it.")
	full(b)
	archive, err := b.Zip()
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, archive)
	for name, function := range map[string]string{"goroutines.txt": "support.TestProfilesNameNoFolder(...)\n\tbundle_test.go:", "heap.txt": "heap profile: "} {
		text := files[name]
		if !strings.Contains(text, function) {
			t.Errorf("%s has no %q:\n%.3000s", name, function, text)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "\t/") || strings.Contains(line, "\t/") || strings.Contains(line, "(0x") || strings.Contains(line, "{0x") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// TestWithoutFolders: only the folder before a source file goes, on Windows too.
func TestWithoutFolders(t *testing.T) {
	for _, tt := range []struct{ of, want string }{
		{"\t/src/a.go:7 +0x1d\n", "\ta.go:7 +0x1d\n"},
		{"\tC:\\src\\a.go:7\n", "\ta.go:7\n"},
		{"\ta.go:7", "\ta.go:7"},
		{"#\t0x4a\texample.com/m/p.F+0x1\t\t/src/p/f.go:12\n", "#\t0x4a\texample.com/m/p.F+0x1\t\tf.go:12\n"},
		{"#\t0x4a\n", "#\t0x4a\n"},
		{"example.com/m/p.F(...)\n\t/src/f.go:1\n\ncreated by example.com/m.G\n", "example.com/m/p.F(...)\n\tf.go:1\n\ncreated by example.com/m.G\n"},
	} {
		if got := string(withoutFolders([]byte(tt.of))); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.of, got, tt.want)
		}
	}
}

// TestNobodyKnown: while it is not known who the people are, no file that could name one is
// made.
func TestNobodyKnown(t *testing.T) {
	b := NewBundle(known(), time.Now(), "A test made it.")
	b.Unknown(errors.New("the disk is broken"))
	full(b)
	archive, err := b.Zip()
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, archive)
	for _, name := range []string{"told.json", "log.jsonl"} {
		if _, made := files[name]; made {
			t.Errorf("%s is there", name)
		}
	}
	if files["fixed.json"] == "" || !strings.Contains(strings.Join(strings.Fields(files[manifest]), " "), "reading who they are failed: the disk is broken") {
		t.Errorf("the manifest says:\n%s", files[manifest])
	}
}
