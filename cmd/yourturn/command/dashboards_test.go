package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDashboards writes a bundle twice into the same folder, as whoever changes a flag
// does, and has one refused.
func TestDashboards(t *testing.T) {
	out := filepath.Join(t.TempDir(), "a", "monitoring")
	run := func(args ...string) (code int, said string) {
		t.Helper()
		var o, e bytes.Buffer
		code = Run(t.Context(), append([]string{"dashboards", "--out", out}, args...), Env{In: strings.NewReader(""), Out: &o, Err: &e})
		return code, o.String() + e.String()
	}
	rules := func() string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(out, "prometheus", "rules", "objective.yml"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	code, said := run()
	if code != ExitFine || strings.Count(said, out) != 10 || !strings.Contains(rules(), "vector(0.8)") {
		t.Errorf("exit %d: %s", code, said)
	}
	if code, said = run("--objective", "0.9", "--selector", `job="a"`); code != ExitFine || !strings.Contains(rules(), "vector(0.9)") || !strings.Contains(rules(), `po_waits_met_total{job="a", kind`) {
		t.Errorf("exit %d: %s", code, said)
	}
	if code, said = run("--selector", "{}"); code != ExitUsage || !strings.Contains(said, "without braces") {
		t.Errorf("exit %d: %s", code, said)
	}
}
