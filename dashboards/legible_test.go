package dashboards

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
)

// backgrounds has the background of panels by theme, as @grafana/data 12.1.4 defines
// it (createColors).
var backgrounds = map[string]string{"dark": "#181B1F", "light": "#FFFFFF"}

// onColor is the colour in which Grafana writes on a cell with a dark background, in
// both themes (getTextColorForAlphaBackground of @grafana/ui 12.1.4); it writes in
// black from a brightness of 180 on.
const onColor = "#F7F8FA"

// luminance is the relative luminance of WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
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

// contrast is the contrast of two colours by WCAG 2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	l, m := luminance(t, a), luminance(t, b)
	return (max(l, m) + 0.05) / (min(l, m) + 0.05)
}

// TestColorsStandOut holds that each colour stands out from both themes' panels by 3
// to 1, as WCAG 2 wants of what carries a meaning, and the text on it by 4.5 to 1.
func TestColorsStandOut(t *testing.T) {
	for color, meaning := range meanings() {
		for theme, background := range backgrounds {
			if ratio := contrast(t, color, background); ratio < 3 {
				t.Errorf("%s (%s) on the %s theme has a contrast of %.2f", color, meaning, theme, ratio)
			}
		}
	}
	for _, color := range bearsText() {
		if ratio := contrast(t, color, onColor); ratio < 4.5 {
			t.Errorf("text on %s (%s) has a contrast of %.2f", color, meanings()[color], ratio)
		}
	}
}

// walk calls f with each object in a part of a dashboard.
func walk(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(v)
		for _, part := range v {
			walk(part, f)
		}
	case []any:
		for _, part := range v {
			walk(part, f)
		}
	}
}

// decoded is a part of a dashboard as plain values.
func decoded(t *testing.T, v any) any {
	t.Helper()
	var out any
	if err := json.Unmarshal(mustMarshal(t, v), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestOneMeaningPerColor holds that no two meanings share a colour, that dashboards use
// the colours that have one and no others, and that Grafana gives none by itself.
func TestOneMeaningPerColor(t *testing.T) {
	said := map[string]string{}
	for color, meaning := range meanings() {
		if other := said[meaning]; other != "" {
			t.Errorf("%s and %s both mean %q", color, other, meaning)
		}
		said[meaning] = color
	}
	for _, list := range [][]term{stages(), roles()} {
		of := map[string]string{}
		for _, s := range list {
			if s.color == "" || of[s.color] != "" {
				t.Errorf("%q has the colour of %q, or none", s.words, of[s.color])
			}
			of[s.color] = s.words
		}
	}
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			if slices.Contains([]string{"timeseries", "barchart", "state-timeline"}, p.Type) && !strings.Contains(string(mustMarshal(t, p.FieldConfig.Defaults.Color)), colorSeries) {
				t.Errorf("%s/%s leaves its colours to Grafana, whose palette has colours that mean something here", b.UID, p.Title)
			}
			walk(decoded(t, []any{p.FieldConfig.Defaults, p.FieldConfig.Overrides}), func(o map[string]any) {
				for _, key := range []string{"color", "fixedColor"} {
					color, is := o[key].(string)
					if is && meanings()[color] == "" && color != colorTarget && color != colorPlain && color != colorNothing {
						t.Errorf("%s/%s uses the colour %q, which has no meaning", b.UID, p.Title, color)
					}
				}
			})
			if p.Type != "table" && p.Type != "stat" {
				continue
			}
			// Backgrounds, on which there is text.
			bars := strings.Contains(string(mustMarshal(t, p.FieldConfig.Overrides)), `"gauge"`)
			walk(decoded(t, []any{p.FieldConfig.Defaults, p.FieldConfig.Overrides}), func(o map[string]any) {
				if color, is := o["color"].(string); is && strings.HasPrefix(color, "#") && !slices.Contains(bearsText(), color) && !bars {
					t.Errorf("%s/%s writes on %s (%s), on which text is hard to read", b.UID, p.Title, color, meanings()[color])
				}
			})
		}
	}
}

// TestWords holds that every outcome, and every reason of the audit, has words, which
// are no name of a label.
func TestWords(t *testing.T) {
	of := map[string]string{}
	for _, list := range [][]term{stages(), roles(), outcomes(), reasons()} {
		for _, s := range list {
			of[s.label] = s.words
			if s.words == "" || strings.Contains(s.words, "_") {
				t.Errorf("%q is no words for %s", s.words, s.label)
			}
		}
	}
	for _, o := range []latency.Outcome{latency.Accepted, latency.Rejected, latency.Recalled, latency.Answered, latency.Resolved, latency.Withdrawn, latency.Obsolete, latency.Lapsed, latency.HandedOver} {
		if of[string(o)] == "" {
			t.Errorf("there are no words for the outcome %s", o)
		}
	}
	if len(reasons()) != len(measure.Reasons()) {
		t.Errorf("there are words for %d reasons, and %d reasons", len(reasons()), len(measure.Reasons()))
	}
}

// advances are the widths of Inter Medium 3.019 (SIL Open Font License 1.1,
// rsms.me/inter), Grafana's typeface, in thousandths of the font size: of the
// characters from the blank to the tilde, and of those in alsoAdvances. Regular is
// narrower.
var (
	advances = [...]int{
		265, 294, 400, 637, 643, 828, 651, 217, 378, 378, 522, 666, 288, 463, 283, 368, 646, 473, 613, 644, 654, 620, 636, 579, 631, 636, 283, 288,
		666, 666, 666, 526, 968, 700, 654, 735, 722, 603, 586, 749, 742, 270, 552, 664, 564, 898, 747, 768, 639, 768, 645, 643, 651, 738, 700, 978,
		666, 685, 639, 378, 368, 378, 475, 460, 497, 569, 626, 568, 626, 587, 369, 617, 602, 249, 249, 556, 249, 884, 597, 602, 617, 617, 384, 536,
		372, 594, 566, 825, 551, 566, 551, 378, 342, 378, 666,
	}
	alsoAdvances = map[rune]int{'÷': 666, '×': 666, '–': 500, '…': 814, '≥': 666}
)

// fontSize is that of titles, headers and cells in pixels; titles have wider letter
// spacing than the font.
const fontSize = 14

// textWidth is the width of a text in pixels.
func textWidth(text string) float64 {
	sum := 0
	for _, r := range text {
		switch {
		case r >= ' ' && r <= '~':
			sum += advances[r-' ']
		case alsoAdvances[r] != 0:
			sum += alsoAdvances[r]
		default:
			sum += 1000
		}
	}
	return float64(sum) * fontSize / 1000 * spacing
}

// spacing is by how much the letters of titles are further apart than in the font,
// as measured in a browser.
const spacing = 1.02

// TestTextWidth compares the widths with what Chromium measured of titles.
func TestTextWidth(t *testing.T) {
	for text, want := range map[string]float64{
		"Which version runs?": 138, "How many stories do polls bring in?": 242, "How fast does Jira answer?": 188,
		"How much of Jira's request budget is left?": 288, "Does it become more?": 153, "Which machine does it need?": 200,
	} {
		if got := textWidth(text); got < want-3 || got > want+5 {
			t.Errorf("%q is %.1f pixels wide, and %.0f in a browser", text, got, want)
		}
	}
}

// panelWidth is the width in pixels of a panel of so many columns, in a window of 800.
func panelWidth(columns int) float64 {
	const window, margin, gap = 800, 16, 8
	cell := (window - 2*margin - 23*gap) / 24.0
	return float64(columns)*cell + float64(columns-1)*gap
}

// TestTitlesFit holds that no title is cut in a window of 800 pixels.
func TestTitlesFit(t *testing.T) {
	const rest = 50 // the frame, and the sign of the description
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			if p.Type == "row" {
				continue
			}
			title := strings.ReplaceAll(p.Title, "$project", "PROJECT")
			if got, room := textWidth(title), panelWidth(p.GridPos.W)-rest; got > room {
				t.Errorf("%s/%s: the title is %.0f pixels wide, and there are %.0f", b.UID, p.Title, got, room)
			}
		}
	}
}

// TestTablesFit holds that in a window of 800 pixels all columns of a table are in
// sight, and that their headers and the words in their cells are not cut.
func TestTablesFit(t *testing.T) {
	const (
		frame   = 18 // of the panel
		padding = 12 // of a cell
		edge    = 5  // beside a header, by which its column is made wider
		arrow   = 20 // beside the header of the column by which the table is sorted
		least   = 50 // that any column needs
	)
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			if p.Type != "table" {
				continue
			}
			titles := map[string]string{} // by what the column is made of
			var order []string
			for _, tr := range p.Transformations {
				maps.Copy(titles, tr.Options.RenameByName)
				order = append(order, tr.Options.Include.Names...)
			}
			var overrides []struct {
				Matcher    struct{ Options any }
				Properties []struct {
					ID    string
					Value json.RawMessage
				}
			}
			if err := json.Unmarshal(p.FieldConfig.Overrides, &overrides); err != nil {
				t.Fatal(err)
			}
			fixed, words, hidden := map[string]float64{}, map[string][]string{}, map[string]bool{}
			for _, o := range overrides {
				name, _ := o.Matcher.Options.(string)
				for _, pr := range o.Properties {
					switch pr.ID {
					case "custom.width":
						n, err := strconv.ParseFloat(string(pr.Value), 64)
						if err != nil {
							t.Fatal(err)
						}
						fixed[name] = n
					case "custom.hidden":
						hidden[name] = true
					case "mappings":
						for _, m := range regexp.MustCompile(`"text": ?"([^"]*)"`).FindAllStringSubmatch(string(pr.Value), -1) {
							words[name] = append(words[name], m[1])
						}
					}
				}
			}
			room, shared := panelWidth(p.GridPos.W)-frame, 0
			for _, from := range order {
				title := titles[from]
				switch {
				case hidden[from] || title == "":
				case fixed[title] > 0:
					room -= fixed[title]
				default:
					shared++
				}
			}
			share := room / float64(max(shared, 1))
			if room < 0 || shared > 0 && share < least {
				t.Errorf("%s/%s: %d columns share %.0f pixels, so some are out of sight", b.UID, p.Title, shared, room)
			}
			for _, from := range order {
				title := titles[from]
				if hidden[from] || title == "" {
					continue
				}
				width, need := share, textWidth(title)+padding+edge
				if fixed[title] > 0 {
					width = fixed[title]
				}
				if len(p.Options.SortBy) > 0 && p.Options.SortBy[0].DisplayName == title {
					need += arrow
				}
				if need > width {
					t.Errorf("%s/%s: the header %q needs %.0f pixels of %.0f", b.UID, p.Title, title, need, width)
				}
				for _, w := range words[title] {
					if need := textWidth(w) + padding; need > width {
						t.Errorf("%s/%s: in the column %q the words %q need %.0f pixels of %.0f", b.UID, p.Title, title, w, need, width)
					}
				}
			}
		}
	}
}

// TestNothingHiddenIsDrawn holds that series which only the tooltip shows leave no
// points, that tooltips keep the order of the legend, and that no unit has a blank
// of its own before Grafana's.
func TestNothingHiddenIsDrawn(t *testing.T) {
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			walk(decoded(t, p.FieldConfig.Overrides), func(o map[string]any) {
				properties, is := o["properties"].([]any)
				if !is {
					return
				}
				has := map[any]any{}
				for _, pr := range properties {
					if pr, is := pr.(map[string]any); is {
						has[pr["id"]] = pr["value"]
					}
				}
				if has["custom.axisPlacement"] == "hidden" && (has["custom.pointSize"] != 0.0 || has["custom.spanNulls"] != true) {
					t.Errorf("%s/%s: the hidden series %v has points", b.UID, p.Title, o["matcher"])
				}
			})
			if slices.Contains([]string{"timeseries", "barchart", "state-timeline"}, p.Type) && p.Options.Tooltip.Sort != "none" {
				t.Errorf("%s/%s: the tooltip is ordered by value", b.UID, p.Title)
			}
		}
	}
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if m := regexp.MustCompile(`"suffix: [^"]*"`).Find(f.JSON); m != nil {
			t.Errorf("%s has the unit %s: Grafana puts a blank before it", f.Name, m)
		}
		if strings.Contains(string(f.JSON), `"sort": ""`) {
			t.Errorf("%s has an order without a name, which Grafana takes for an ascending one", f.Name)
		}
	}
}

// TestNoDataIsNeverGreen holds that where there is no number, nothing is praised: the
// first colour of a scale is neutral, a table's cell with no number has a dash, and a
// panel with none says what to do. A large figure has room for the fact alone.
func TestNoDataIsNeverGreen(t *testing.T) {
	for _, b := range boards(t) {
		for _, p := range b.Panels {
			walk(decoded(t, []any{p.FieldConfig.Defaults, p.FieldConfig.Overrides}), func(o map[string]any) {
				if steps, ok := o["steps"].([]any); ok && len(steps) > 0 {
					if first, ok := steps[0].(map[string]any); ok && first["color"] != colorPlain && first["color"] != colorNothing {
						t.Errorf("%s/%s: a scale begins with %v", b.UID, p.Title, first["color"])
					}
				}
			})
			says := p.FieldConfig.Defaults.NoValue
			switch p.Type {
			case "row":
			case "stat":
				if len(says) > 40 {
					t.Errorf("%s/%s: the words %q are longer than a large figure", b.UID, p.Title, says)
				}
			default:
				if !strings.Contains(says, "choose") && !strings.Contains(says, "look") {
					t.Errorf("%s/%s does not say what to do: %q", b.UID, p.Title, says)
				}
			}
			if p.Type == "table" && !strings.Contains(string(mustMarshal(t, p.FieldConfig.Defaults.Mappings)), `"null`) {
				t.Errorf("%s/%s: a cell with no number shows the panel's words for no data", b.UID, p.Title)
			}
		}
	}
}
