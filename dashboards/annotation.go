package dashboards

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// annotation marks the spans of time in which a query has values above zero.
// The builders know none of Prometheus' own fields, hence this one.
type annotation struct {
	Name        string                  `json:"name"`
	Datasource  dashboard.DataSourceRef `json:"datasource"`
	Enable      bool                    `json:"enable"`
	Expr        string                  `json:"expr"`
	TitleFormat string                  `json:"titleFormat"`
	// Step is the distance of the instants looked at, so that neighbours join into one span.
	Step      string `json:"step"`
	IconColor string `json:"iconColor"`
}
