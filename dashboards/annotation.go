package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// annotation marks the spans of time in which a query has values above zero.
// Grafana's builders lack the fields of Prometheus, so this package has its own type.
type annotation struct {
	Name        string                  `json:"name"`
	Datasource  dashboard.DataSourceRef `json:"datasource"`
	Enable      bool                    `json:"enable"`
	Expr        string                  `json:"expr"`
	TitleFormat string                  `json:"titleFormat"`
	// Step is the time between two evaluations; adjacent ones join into one span, which
	// begins and ends up to a step inside the true one. Grafana evaluates no more often
	// than once a pixel, and 11 joins only what is a Step apart: with less than that of 90
	// days on 800 pixels a span would fall apart into dots.
	Step      string `json:"step"`
	IconColor string `json:"iconColor"`
}
