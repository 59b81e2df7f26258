package dashboards

import (
	"encoding/json"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Need returns what asks for a metric family, itself or through what rules record of it:
// the titles of dashboards, and the names of alerts and recorded series, whose annotations
// ask too. Without the family they show less, or nothing, and alerts may fire wrongly.
func Need(family string) (boards, rules []string, err error) {
	_, groups, err := Bundle{}.rules()
	if err != nil {
		return nil, nil, err
	}
	asked := []string{family} // and what is recorded of it
	asks := func(text string) bool {
		for _, name := range asked {
			if regexp.MustCompile(`(^|[^\w:])` + regexp.QuoteMeta(name) + `(_bucket|_sum|_count)?($|[^\w:])`).MatchString(text) {
				return true
			}
		}
		return false
	}
	for grown := true; grown; {
		grown = false
		for _, group := range groups {
			for _, rule := range member(group, "rules").Content {
				name, recorded := member(rule, "alert"), false
				if name == nil {
					name, recorded = member(rule, "record"), true
				}
				if slices.Contains(rules, name.Value) || !asks(textOf(rule)) {
					continue
				}
				rules, grown = append(rules, name.Value), true
				if recorded {
					asked = append(asked, name.Value)
				}
			}
		}
	}
	slices.Sort(rules)
	files, err := Files()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		var board struct {
			Title string `json:"title"`
		}
		if err := json.Unmarshal(f.JSON, &board); err != nil {
			return nil, nil, err
		}
		if asks(string(askedBy(f.JSON))) {
			boards = append(boards, board.Title)
		}
	}
	return boards, rules, nil
}

// textOf returns the expression and the annotations of a rule.
func textOf(rule *yaml.Node) string {
	out := member(rule, "expr").Value
	if notes := member(rule, "annotations"); notes != nil {
		for _, n := range notes.Content {
			out += "\n" + n.Value
		}
	}
	return out
}

// askedBy returns the queries in a dashboard, without the texts that only speak of
// metrics.
func askedBy(dashboard []byte) []byte {
	var out []byte
	for _, m := range regexp.MustCompile(`"(?:expr|query|definition)": ("(?:[^"\\]|\\.)*")`).FindAllSubmatch(dashboard, -1) {
		out = append(append(out, m[1]...), '\n')
	}
	return out
}
