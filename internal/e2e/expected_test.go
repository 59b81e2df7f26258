package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/backfill"
	"github.com/yourturn/yourturn/internal/stack"
)

// TestBackfillSaysWhatItWillWrite holds what backfill says before it writes to what it then
// writes, and promtool makes of it, within a factor of 2; that nothing is written where that
// does not fit; and that cleaning up as it says leaves nothing.
func TestBackfillSaysWhatItWillWrite(t *testing.T) {
	promtool := stack.Program(t, "prometheus", "promtool")
	o := collected(t, 3)
	dir := t.TempDir()
	past, data := filepath.Join(dir, "past"), filepath.Join(dir, "data")
	backfilled := func(code int, flags ...string) (line, said string) {
		t.Helper()
		var out, err bytes.Buffer
		args := append([]string{"backfill", "--config.file", o.config, "--from", "2026-02-10", "--step", "12h"}, flags...)
		if got := command.Run(t.Context(), args, command.Env{In: strings.NewReader(""), Out: &out, Err: &err, Now: end}); got != code {
			t.Fatalf("it ended with %d:\n%s", got, &err)
		}
		return out.String(), err.String()
	}
	if _, known := backfill.Free(dir); known { // nothing can be written there
		_, said := backfilled(command.ExitFailed, "--out", "/proc/yourturn/past")
		if !strings.Contains(said, "0.00 MB are free for /proc/yourturn/past: free some space, ") {
			t.Errorf("where nothing is free it says:\n%s", said)
		}
		if _, said = backfilled(command.ExitFailed, "--out", "/proc/yourturn/past", "--any-space"); !strings.Contains(said, "mkdir /proc/yourturn") {
			t.Errorf("with --any-space it says:\n%s", said)
		}
	}
	line, said := backfilled(command.ExitFine, "--out", past)
	before, _, _ := strings.Cut(said, past+"/2026-02") // the first file is complete
	for line := range strings.Lines(strings.ReplaceAll(before, past, "past")) {
		if len(line) > 81 {
			t.Errorf("a line has %d characters: %s", len(line)-1, line)
		}
	}
	number := func(pattern string) float64 {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(before)
		if m == nil {
			t.Fatalf("it does not say %s:\n%s", pattern, before)
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
		if err != nil {
			t.Fatal(err)
		}
		if len(m) > 2 {
			n *= map[string]float64{"MB": 1e6, "GB": 1e9}[m[2]]
		}
		return n
	}
	within := func(what string, said, is float64) {
		t.Helper()
		if said > 2*is || is > 2*said {
			t.Errorf("it says %v %s, and it is %v", said, what, is)
		}
		t.Logf("%s: said %v, is %v", what, said, is)
	}
	samples, size, names := 0, 0.0, pastFiles(t, past)
	counters := map[string]float64{}
	for _, name := range names {
		info, err := os.Stat(filepath.Join(past, name))
		if err != nil {
			t.Fatal(err)
		}
		size += float64(info.Size())
		samples += follow(t, filepath.Join(past, name), counters)
	}
	if n := number(`\n  (\d+) files, `); int(n) != len(names) {
		t.Errorf("it says %v files, and they are %d", n, len(names))
	}
	within("samples", number(` about ([\d,]+) samples`), float64(samples))
	within("bytes of files", number(` series: ([\d.,]+) (MB|GB)\n`), size)
	if memory := number(`\n  ([\d.,]+) (MB|GB) of memory, `); memory < 30e6 {
		t.Errorf("it says that %v bytes of memory are enough", memory)
	}

	line = strings.ReplaceAll(strings.ReplaceAll(line, "PROMETHEUS_DATA", data), "promtool ", promtool+" ")
	listed, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0.0
	if err := filepath.Walk(data, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			blocks += float64(info.Size())
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	within("bytes of blocks", number(`\n  ([\d.,]+) (MB|GB) more in Prometheus' data`), blocks)

	// The import was wrong.
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", regexp.MustCompile(`\n  (rm .*)\n`).FindStringSubmatch(before)[1]).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(past); err != nil || len(left) > 0 {
		t.Errorf("the folder still has %v, %v", left, err)
	}
	made := regexp.MustCompile(`(?m)^01[0-9A-Z]{24}`).FindAllString(string(listed), -1)
	if len(made) < len(names) {
		t.Fatalf("promtool lists the blocks %v:\n%s", made, listed)
	}
	for _, name := range made {
		if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "prometheus.yml"), "")
	prometheus := stack.StartPrometheus(t, dir, "--storage.tsdb.retention.time=20y")
	if got := prometheus.Instant(t, `count({job="yourturn"})`, end().Truncate(12*time.Hour)); len(got) > 0 {
		t.Errorf("Prometheus still has %v", fmt.Sprint(got))
	}
}
