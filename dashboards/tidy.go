package dashboards

// tidy makes a built dashboard what Grafana 11, 12 and 13 all know. The builders of
// the SDK write every field of a type, also those that belong to another kind of
// variable, or that a later version has moved. schema/check.mjs holds the result
// against the types that Grafana publishes.
func tidy(d map[string]any) {
	for _, v := range objects(d["templating"], "list") {
		if v["type"] != "interval" {
			for _, key := range []string{"auto", "auto_min", "auto_count"} {
				delete(v, key)
			}
		}
	}
	for _, p := range objects(d, "panels") {
		if p["type"] == "row" && p["panels"] == nil {
			p["panels"] = []any{}
		}
		tidyTable(p)
		for _, folded := range objects(p, "panels") {
			tidyTable(folded)
		}
	}
}

// tidyTable leaves out the footer of a table, which 12.4 has moved and no table shows,
// and hides columns in the words of 11 and of 12.4 on: each ignores the other's.
func tidyTable(p map[string]any) {
	if p["type"] != "table" {
		return
	}
	if options, ok := p["options"].(map[string]any); ok {
		delete(options, "footer")
	}
	for _, o := range objects(p["fieldConfig"], "overrides") {
		for _, property := range objects(o, "properties") {
			if property["id"] == "custom.hidden" {
				list, _ := o["properties"].([]any)
				o["properties"] = append(list, map[string]any{"id": "custom.hideFrom", "value": map[string]any{"legend": false, "tooltip": false, "viz": true}})
			}
		}
	}
}

// objects returns the objects of a list in an object; none if there is no such list.
func objects(in any, key string) []map[string]any {
	m, _ := in.(map[string]any)
	list, _ := m[key].([]any)
	var out []map[string]any
	for _, x := range list {
		if o, ok := x.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}
