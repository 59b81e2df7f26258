package dashboards

import (
	"encoding/json"
	"regexp"
	"slices"
)

// Need returns what asks for a metric family: the titles of dashboards, and the names of
// alerts and recorded series. Without the family they show less, or nothing.
func Need(family string) (boards, rules []string, err error) {
	asks := regexp.MustCompile(`\b` + regexp.QuoteMeta(family) + `(_bucket|_sum|_count)?\b`)
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
		if asks.Match(askedBy(f.JSON)) {
			boards = append(boards, board.Title)
		}
	}
	_, groups, err := Bundle{}.rules()
	if err != nil {
		return nil, nil, err
	}
	for _, group := range groups {
		for _, rule := range member(group, "rules").Content {
			if !asks.MatchString(member(rule, "expr").Value) {
				continue
			}
			name := member(rule, "alert")
			if name == nil {
				name = member(rule, "record")
			}
			rules = append(rules, name.Value)
		}
	}
	slices.Sort(rules)
	return boards, slices.Compact(rules), nil
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
