package dashboards

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// palette has, by theme, the panel's background and the shades of the colours in
// which large figures are written, as @grafana/data 12.1.4 defines them
// (createVisualizationColors).
var palette = map[string]map[string]string{
	"dark":  {"": "181B1F", "dark-green": "37872D", "dark-orange": "FA6400", "semi-dark-red": "E02F44"},
	"light": {"": "FFFFFF", "dark-green": "19730E", "dark-orange": "E55400", "semi-dark-red": "C4162A"},
}

// luminance is the relative luminance of WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

// TestLargeFiguresAreLegible holds that the colours of large figures stand out from
// both themes' panels by 3 to 1, as WCAG 2 wants of large text.
func TestLargeFiguresAreLegible(t *testing.T) {
	for theme, shades := range palette {
		for _, color := range []string{colorCalm, colorOver, colorBad} {
			a, b := luminance(t, shades[color]), luminance(t, shades[""])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 3 {
				t.Errorf("%s on the %s theme has a contrast of %.1f", color, theme, ratio)
			}
		}
	}
	// Yellow is a background and no text.
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			text := string(mustMarshal(t, p.FieldConfig))
			if p.Type == "stat" && strings.Contains(text, colorNear) {
				t.Errorf("%s/%s writes figures in %s", b.UID, p.Title, colorNear)
			}
		}
	}
}

// TestNothingHiddenIsDrawn holds that series which only the tooltip shows leave no
// points, that tooltips keep the order of the legend, and that no unit has a blank
// of its own before Grafana's.
func TestNothingHiddenIsDrawn(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var doc struct {
			Panels []struct {
				Title, Type string
				FieldConfig struct {
					Overrides []struct {
						Matcher    struct{ Options any }
						Properties []struct {
							ID    string
							Value any
						}
					}
				}
				Options struct{ Tooltip *struct{ Sort string } }
			}
		}
		if err := json.Unmarshal(f.JSON, &doc); err != nil {
			t.Fatal(err)
		}
		for _, p := range doc.Panels {
			for _, o := range p.FieldConfig.Overrides {
				has := map[string]any{}
				for _, pr := range o.Properties {
					has[pr.ID] = pr.Value
				}
				if has["custom.axisPlacement"] == "hidden" && (has["custom.pointSize"] != 0.0 || has["custom.spanNulls"] != true) {
					t.Errorf("%s/%s: the hidden series %v has points", f.Name, p.Title, o.Matcher.Options)
				}
			}
			if slices.Contains([]string{"timeseries", "barchart", "state-timeline"}, p.Type) && (p.Options.Tooltip == nil || p.Options.Tooltip.Sort != "none") {
				t.Errorf("%s/%s: the tooltip is ordered by value", f.Name, p.Title)
			}
		}
		if m := regexp.MustCompile(`"suffix: [^"]*"`).Find(f.JSON); m != nil {
			t.Errorf("%s has the unit %s: Grafana puts a blank before it", f.Name, m)
		}
	}
}

// TestNoDataIsNeverGreen holds that where there is no number, nothing is praised: the
// first colour of a scale is neutral, and a table's cell with no number has a dash.
func TestNoDataIsNeverGreen(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var doc any
		if err := json.Unmarshal(f.JSON, &doc); err != nil {
			t.Fatal(err)
		}
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if steps, ok := v["steps"].([]any); ok && len(steps) > 0 {
					if first, ok := steps[0].(map[string]any); ok && first["color"] != colorPlain && first["color"] != colorNothing {
						t.Errorf("%s: a scale begins with %v", f.Name, first["color"])
					}
				}
				for _, part := range v {
					walk(part)
				}
			case []any:
				for _, part := range v {
					walk(part)
				}
			}
		}
		walk(doc)
	}
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			if p.Type == "table" && !strings.Contains(string(mustMarshal(t, p.FieldConfig.Defaults.Mappings)), `"null`) {
				t.Errorf("%s/%s: a cell with no number shows the panel's words for no data", b.UID, p.Title)
			}
		}
	}
}
