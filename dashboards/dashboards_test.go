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
	Repeat      string `json:"repeat"`
	GridPos     struct{ X, Y, W, H int }
	// Panels are what is folded in a row; fold is the id of that row, or 0.
	Panels  []grafanaPanel `json:"panels"`
	fold    int
	Targets []struct {
		RefID    string `json:"refId"`
		Expr     string `json:"expr"`
		Legend   string `json:"legendFormat"`
		Instant  bool   `json:"instant"`
		Interval string `json:"interval"`
	} `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Unit     string          `json:"unit"`
			NoValue  string          `json:"noValue"`
			Mappings json.RawMessage `json:"mappings"`
			Max      *float64        `json:"max"`
			Color    json.RawMessage `json:"color"`
			// Thresholds are the colours of numbers.
			Thresholds json.RawMessage `json:"thresholds"`
		} `json:"defaults"`
		Overrides json.RawMessage `json:"overrides"`
	} `json:"fieldConfig"`
	Transformations []struct {
		ID      string `json:"id"`
		Options struct {
			RenameByName map[string]string `json:"renameByName"`
			Include      struct {
				Names []string `json:"names"`
			} `json:"include"`
		} `json:"options"`
	} `json:"transformations"`
	Options struct {
		Stacking string `json:"stacking"`
		SortBy   []struct {
			DisplayName string `json:"displayName"`
			Desc        bool   `json:"desc"`
		} `json:"sortBy"`
		Legend  struct{ SortBy string } `json:"legend"`
		Tooltip struct{ Sort string }   `json:"tooltip"`
	} `json:"options"`
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
		var flat []grafanaPanel
		for _, p := range b.Panels {
			for i := range p.Panels {
				p.Panels[i].fold = p.ID
			}
			flat = append(append(flat, p), p.Panels...)
		}
		b.Panels = flat
		list = append(list, b)
	}
	return list
}

// TestPanels holds what every panel promises its readers.
func TestPanels(t *testing.T) {
	seconds := regexp.MustCompile(`po_[a-z_]*seconds(_sum)?[{ ]`)
	// What others are divided by, counted by, or joined with is not shown.
	unshown := regexp.MustCompile(`po_wait_target_seconds( offset \S+)?\)|group by \(job, project\) \(po_stage_seconds`)
	for _, b := range boards(t) {
		t.Run(b.UID, func(t *testing.T) {
			ids, cells := map[int]bool{}, map[[3]int]string{}
			for _, p := range b.Panels {
				if ids[p.ID] || p.ID == 0 {
					t.Errorf("%q: id %d is not its own", p.Title, p.ID)
				}
				ids[p.ID] = true
				for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
					for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
						if other := cells[[3]int{p.fold, x, y}]; other != "" || x >= columns {
							t.Fatalf("%q lies on %q or outside the grid", p.Title, other)
						}
						cells[[3]int{p.fold, x, y}] = p.Title
					}
				}
				if p.Type == "row" {
					continue
				}
				about, caution, _ := strings.Cut(p.Description, "Caution: ")
				if len(strings.Fields(about)) < 4 || !strings.HasSuffix(strings.TrimSpace(about), ".") {
					t.Errorf("%q: the description does not say how the number is made: %q", p.Title, p.Description)
				}
				if len(strings.Fields(caution)) < 4 || !strings.HasSuffix(caution, ".") {
					t.Errorf("%q: the description does not say when to caution it: %q", p.Title, p.Description)
				}
				if asks, _, is := strings.Cut(p.Description, "? "); !is || len(strings.Fields(asks)) < 3 || strings.Contains(p.Title, "?") {
					t.Errorf("%q: the title is a noun, and the description begins with the question: %q", p.Title, p.Description)
				}
				if !strings.Contains(p.FieldConfig.Defaults.NoValue, "no data") {
					t.Errorf("%q says %q where there are no data", p.Title, p.FieldConfig.Defaults.NoValue)
				}
				if p.Type == "barchart" && (p.Options.Stacking == "percent" || p.FieldConfig.Defaults.Max == nil) {
					t.Errorf("%q: the axis of parts of a whole goes beyond it", p.Title)
				}
				if p.Type != "table" && p.Type != "heatmap" && p.Type != "state-timeline" && p.FieldConfig.Defaults.Unit == "" {
					t.Errorf("%q has no unit", p.Title)
				}
				all := string(mustMarshal(t, p.Targets))
				for _, statistic := range []string{"rolling_seconds", "first_pass_ratio", "share_ratio", "po_stage_seconds", "_sum{"} {
					if strings.Contains(all, statistic) && p.Type != "state-timeline" && p.Type != "barchart" &&
						!strings.Contains(all, "rolling_samples") && !strings.Contains(all, "counted\"") && (p.Type != "table" || !strings.Contains(string(p.FieldConfig.Overrides), "counted")) {
						t.Errorf("%q has no sample size beside it", p.Title)
					}
				}
				for _, q := range p.Targets {
					expr := unshown.ReplaceAllString(q.Expr, ")")
					counts := strings.Contains(expr, "timestamp_seconds") || strings.Contains(expr, "_bucket") || strings.Contains(expr, "\n/ (sum by") || strings.Contains(expr, "\n/ on")
					if seconds.MatchString(expr) && !counts && !strings.Contains(q.Expr, "/ 3600") {
						t.Errorf("%q shows working time in seconds: %s", p.Title, q.Expr)
					}
					if regexp.MustCompile(`quantile|\{\{(q|bound|delegate|owner)\}\}`).MatchString(q.Legend) && !strings.Contains(q.Expr, "po_owner_absent") {
						t.Errorf("%q: who is to read the legend %q?", p.Title, q.Legend)
					}
					if strings.Contains(q.Expr, "rolling_seconds") && p.Type == "timeseries" && !strings.Contains(q.Expr, "< +Inf") {
						t.Errorf("%q draws a line to infinity: %s", p.Title, q.Expr)
					}
				}
			}
		})
	}
}

// stories are the tables whose rows are stories, and which order these by how
// long they have waited. No other orders by a number what names people.
var stories = map[string]bool{
	"yourturn-waiting/Stories that wait, without the forgotten": true,
	"yourturn-owner/Stories that wait, without the forgotten":   true,
	"yourturn-retrospective/Longest waits in the range":         true,
}

// TestNoRanking holds that nothing sorts people by a number: no query, no table,
// no legend, no tooltip.
func TestNoRanking(t *testing.T) {
	// One name of several, and one address, are no order.
	innocent := strings.NewReplacer(ownerNames, "", jiras, "", "topk by (owner) (1, max by (owner, display_name)", "", "topk(1, )", "")
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			if text := innocent.Replace(string(v.Query)); strings.Contains(text, "topk") || strings.Contains(text, "sort") {
				t.Errorf("%s: the variable %s is ordered: %s", b.Title, v.Name, text)
			}
		}
		for _, p := range b.Panels {
			id := b.UID + "/" + p.Title
			if stories[id] && !strings.Contains(p.Description, "Stories are in the order of ") {
				t.Errorf("%s orders stories, and its description does not say so", id)
			}
			for _, q := range p.Targets {
				for _, f := range []string{"sort(", "sort_desc(", "topk(", "bottomk(", "topk by", "bottomk by", "sort_by_label"} {
					if strings.Contains(innocent.Replace(q.Expr), f) && !stories[id] {
						t.Errorf("%s orders what is no story: %s", id, q.Expr)
					}
				}
			}
			people, columns := false, map[string]string{} // title: label or value
			for _, tr := range p.Transformations {
				switch tr.ID {
				case "merge", "filterFieldsByName", "organize", "groupingToMatrix":
				default:
					t.Errorf("%s: the transformation %s may order or cut", id, tr.ID)
				}
				for _, name := range tr.Options.Include.Names {
					people = people || name == "owner" || name == "display_name" || name == "delegate_name"
				}
				for from, title := range tr.Options.RenameByName {
					columns[title] = from
				}
			}
			for _, by := range p.Options.SortBy {
				number := strings.HasPrefix(columns[by.DisplayName], "Value")
				if columns[by.DisplayName] == "" {
					t.Errorf("%s is ordered by %q, which it does not have", id, by.DisplayName)
				}
				if people && (number || by.Desc) && !stories[id] {
					t.Errorf("%s orders people by %q", id, by.DisplayName)
				}
				if stories[id] && (columns["Story"] != "story" || by.DisplayName != "Hours in range" && by.DisplayName != "State") {
					t.Errorf("%s orders by %q what is no waiting story", id, by.DisplayName)
				}
			}
			if p.Options.Legend.SortBy != "" || p.Options.Tooltip.Sort != "" && p.Options.Tooltip.Sort != "none" {
				t.Errorf("%s orders its legend or its tooltip", id)
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
