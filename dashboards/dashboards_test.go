package dashboards

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update writes the dashboards instead of comparing them.
var update = flag.Bool("update", false, "write grafana/*.json from the code")

// TestCommitted holds the JSON in the repository against the code.
func TestCommitted(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range files {
		want = append(want, f.Name)
		if *update {
			if err := os.WriteFile(filepath.Join("grafana", f.Name), f.JSON, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(filepath.Join("grafana", f.Name))
		if err != nil {
			t.Errorf("%v: run go generate ./dashboards", err)
			continue
		}
		if diff := cmp.Diff(string(f.JSON), string(got)); diff != "" {
			t.Errorf("grafana/%s is not what the code says: run go generate ./dashboards (-code +file):\n%s", f.Name, diff)
		}
	}
	got, err := filepath.Glob(filepath.Join("grafana", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = filepath.Base(got[i])
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files in grafana (-code +folder):\n%s", diff)
	}
}

// grafanaBoard is what the tests read of a dashboard.
type grafanaBoard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []grafanaVariable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Name string `json:"name"`
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
	Panels []grafanaPanel `json:"panels"`
}

// grafanaVariable is a variable of a dashboard.
type grafanaVariable struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Query json.RawMessage `json:"query"`
	Regex string          `json:"regex"`
}

// grafanaPanel is a panel of a dashboard.
type grafanaPanel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		RefID    string `json:"refId"`
		Expr     string `json:"expr"`
		Instant  bool   `json:"instant"`
		Interval string `json:"interval"`
	} `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
		Overrides json.RawMessage `json:"overrides"`
	} `json:"fieldConfig"`
}

// boards are the dashboards as Grafana reads them.
func boards(t *testing.T) []grafanaBoard {
	t.Helper()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	var list []grafanaBoard
	for _, f := range files {
		var b grafanaBoard
		if err := json.Unmarshal(f.JSON, &b); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		list = append(list, b)
	}
	return list
}

// TestPanels holds what every panel promises its readers.
func TestPanels(t *testing.T) {
	seconds := regexp.MustCompile(`po_[a-z_]*seconds(_sum)?[{ ]`)
	for _, b := range boards(t) {
		t.Run(b.UID, func(t *testing.T) {
			ids, cells := map[int]bool{}, map[[2]int]string{}
			for _, p := range b.Panels {
				if ids[p.ID] || p.ID == 0 {
					t.Errorf("%q: id %d is not its own", p.Title, p.ID)
				}
				ids[p.ID] = true
				for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
					for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
						if other := cells[[2]int{x, y}]; other != "" || x >= columns {
							t.Fatalf("%q lies on %q or outside the grid", p.Title, other)
						}
						cells[[2]int{x, y}] = p.Title
					}
				}
				if p.Type == "row" {
					continue
				}
				if len(strings.Fields(p.Description)) < 4 || !strings.HasSuffix(p.Description, ".") {
					t.Errorf("%q: the description says nothing: %q", p.Title, p.Description)
				}
				if p.Type != "table" && p.Type != "heatmap" && p.Type != "state-timeline" && p.FieldConfig.Defaults.Unit == "" {
					t.Errorf("%q has no unit", p.Title)
				}
				for _, q := range p.Targets {
					counts := strings.Contains(q.Expr, "timestamp_seconds") || strings.Contains(q.Expr, "_bucket") || strings.Contains(q.Expr, "/ sum by") || strings.Contains(q.Expr, "\n/ on")
					if seconds.MatchString(q.Expr) && !counts && !strings.Contains(q.Expr, "/ 3600") && p.Type != "barchart" {
						t.Errorf("%q shows working time in seconds: %s", p.Title, q.Expr)
					}
					if quantile := strings.Contains(q.Expr, "rolling_seconds"); quantile && p.Type == "table" && !strings.Contains(string(mustMarshal(t, p)), "rolling_samples") {
						t.Errorf("%q shows a quantile with no sample sizes beside it", p.Title)
					}
					if strings.Contains(q.Expr, "rolling_seconds") && p.Type == "timeseries" && !strings.Contains(q.Expr, "< +Inf") {
						t.Errorf("%q draws a line to infinity: %s", p.Title, q.Expr)
					}
				}
			}
		})
	}
}

// TestNoRanking holds that nothing sorts people by a number.
func TestNoRanking(t *testing.T) {
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				for _, f := range []string{"sort(", "sort_desc(", "topk(", "bottomk("} {
					if strings.Contains(q.Expr, f) && !strings.Contains(q.Expr, "story") {
						t.Errorf("%s, %q orders what is no story: %s", b.Title, p.Title, q.Expr)
					}
				}
			}
		}
	}
}

// mustMarshal is json.Marshal of what cannot fail.
func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
