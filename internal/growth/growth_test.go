// Package growth watches how what the service does costs more with more stories. It is
// tests alone: the costs are those of the benchmarks of other packages.
package growth

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/suite"
)

// Exponents of growth: a cost is as the number of stories to the power of it.
const (
	linear = 1.1 // by what it does: each story is looked at once
	flat   = 0.1 // whatever the number of stories
)

// stage is something that the service does, and how a benchmark measures it.
type stage struct {
	name      string
	pkg       string
	benchmark string // with its subtests; N is the number of stories
	rounds    int
	unit      string  // of the cost, among those that the benchmark reports
	most      float64 // exponent of growth at most
}

// stages lists what is watched. Processor time is less noisy than the time on the wall;
// where a benchmark stops its clock in between, or works in another process, it is that.
func stages() []stage {
	return []stage{
		{"first sync", "collector", "FirstSync/N", 1, "sync-s", linear},
		{"start", "internal/store", "Start", 5, "cpu-ms/op", linear},
		{"reload", "internal/store", "Rederive", 1, "cpu-ms/op", linear},
		{"poll that finds nothing", "internal/store", "Poll/idle", 30, "cpu-ms/op", flat},
		{"poll that finds 50 changed stories", "internal/store", "Poll/50", 30, "cpu-ms/op", flat},
		{"scrape", "internal/store", "Scrape", 300, "cpu-ms/op", flat},
		{"waits", "internal/store", "Waits/json", 1, "cpu-ms/op", linear},
		{"page of a story", "internal/web", "ExplainingPages//stories//busy=false", 300, "p50-ms", flat},
		{"page of a project", "internal/web", "ExplainingPages//projects/PAY/busy=false", 300, "p50-ms", flat},
		{"report", "internal/backfill", "Retrospective", 1, "cpu-ms/op", linear},
		{"backfill of a month", "internal/backfill", "Month", 1, "cpu-ms/op", linear},
	}
}

// TestGrowth measures each stage with as many stories as YOURTURN_GROWTH lists, such as
// 10000,50000,200000, and fails where its cost grows faster than it may. Without that list
// it holds that each stage can be measured, if everything is asked for.
func TestGrowth(t *testing.T) {
	text := os.Getenv("YOURTURN_GROWTH")
	if text == "" && !suite.Full() {
		t.Skip("YOURTURN_GROWTH lists no numbers of stories, such as 10000,50000,200000")
	}
	var sizes []int
	for s := range strings.SplitSeq(cmp.Or(text, "2000"), ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("YOURTURN_GROWTH: %v", err)
		}
		sizes = append(sizes, n)
	}
	stores := t.TempDir()
	for _, s := range stages() {
		t.Run(s.name, func(t *testing.T) {
			var costs []float64
			for _, n := range sizes {
				costs = append(costs, s.cost(t, n, filepath.Join(stores, fmt.Sprintf("%d.db", n))))
			}
			if len(sizes) == 1 {
				return
			}
			grows := exponent(sizes, costs)
			figures.Note(t, "%v stories: %v %s, as the number of stories to the power of %.2f, of at most %.1f", sizes, costs, s.unit, grows, s.most)
			if grows > s.most {
				t.Errorf("it grows as the number of stories to the power of %.2f, and may as that of %.1f: %v", grows, s.most, costs)
			}
		})
	}
}

// cost runs the benchmark of a stage. Those of internal/store keep their stories in a file.
func (s stage) cost(t *testing.T, stories int, file string) float64 {
	t.Helper()
	var pattern []string // each part of a name is a pattern of its own
	for part := range strings.SplitSeq(strings.ReplaceAll(s.benchmark, "N", strconv.Itoa(stories)), "/") {
		pattern = append(pattern, "^"+part+"$")
	}
	pattern[0] = "^Benchmark" + strings.TrimPrefix(pattern[0], "^")
	cmd := exec.CommandContext(t.Context(), "go", "test", "./"+s.pkg, "-run", "^$", "-bench", strings.Join(pattern, "/"), "-benchtime", fmt.Sprint(s.rounds, "x"), "-timeout", "1h") //nolint:gosec // what this file lists
	cmd.Dir = "../.."
	// What is open is what somebody can look after: it does not grow with the years.
	cmd.Env = append(os.Environ(), fmt.Sprint("YOURTURN_BENCH_STORIES=", stories), "YOURTURN_BENCH_STORE="+file, "YOURTURN_BENCH_OPEN=200")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for i := 1; i < len(fields); i++ {
			if strings.HasPrefix(fields[0], "Benchmark") && fields[i] == s.unit {
				v, err := strconv.ParseFloat(fields[i-1], 64)
				if err != nil || v <= 0 {
					t.Fatalf("a cost of %s (%v):\n%s", fields[i-1], err, out)
				}
				return v
			}
		}
	}
	t.Fatalf("%s says no %s:\n%s", cmd, s.unit, out)
	return 0
}

// exponent returns the power of the size that fits the costs best: the slope of the
// straight line through their logarithms, by least squares.
func exponent(sizes []int, costs []float64) float64 {
	var x, y, xx, xy float64
	n := float64(len(sizes))
	for i, size := range sizes {
		a, b := math.Log(float64(size)), math.Log(costs[i])
		x, y, xx, xy = x+a, y+b, xx+a*a, xy+a*b
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// TestExponent holds that what grows by a power is seen to.
func TestExponent(t *testing.T) {
	sizes := []int{10_000, 50_000, 200_000}
	for _, power := range []float64{0, 0.1, 1, 1.5, 2} {
		var costs []float64
		for _, n := range sizes {
			costs = append(costs, 3*math.Pow(float64(n), power))
		}
		if got := exponent(sizes, costs); math.Abs(got-power) > 1e-9 {
			t.Errorf("a power of %v is taken for %v", power, got)
		}
	}
}
