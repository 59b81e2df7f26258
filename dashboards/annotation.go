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
	// Step is the time between two evaluations; adjacent ones join into one span.
	Step      string `json:"step"`
	IconColor string `json:"iconColor"`
}
