package command

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/dashboards"
)

// dashboardsCommand writes what Grafana and Prometheus are given.
func dashboardsCommand(e Env) *cobra.Command {
	var out string
	b := dashboards.Bundle{}
	cmd := &cobra.Command{
		Use:   "dashboards",
		Short: "Write the dashboards, rules and alerts for your Grafana and Prometheus",
		Long: `dashboards writes files into a folder; it asks nobody and needs no config:

  grafana/*.json              to import, or to provision from a folder
  prometheus/rules/*.yml      for rule_files of a Prometheus
  kubernetes/dashboards.yml   a ConfigMap for each dashboard, with the label that
                              Grafana's sidecar looks for: grafana_dashboard "1"
  kubernetes/rules.yml        a PrometheusRule

Each run writes all of them anew. Without flags they are what the repository has.`,
		Example: `  yourturn dashboards --out monitoring
  yourturn dashboards --selector 'job="yourturn", cluster="eu"' --objective 0.9
  yourturn dashboards --namespace monitoring --label release=kube-prometheus-stack
  kubectl apply -f yourturn-dashboards/kubernetes`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			files, err := b.Files()
			if err != nil {
				return usageError{err}
			}
			for _, f := range files {
				path := filepath.Join(out, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // there are no secrets in it
					return fmt.Errorf("%w: name another folder with --out", err)
				}
				if err := os.WriteFile(path, f.Text, 0o644); err != nil { //nolint:gosec // there are no secrets in it
					return fmt.Errorf("%w: name another folder with --out", err)
				}
				fmt.Fprintln(e.Out, path)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&out, "out", "yourturn-dashboards", "the `folder` to write into")
	flags.StringVar(&b.Selector, "selector", "", "label `matchers` that every series must meet, without braces")
	flags.StringVar(&b.Runbooks, "runbook-base", dashboards.DefaultRunbooks, "the `address` of your copy of docs/runbooks.md")
	flags.Float64Var(&b.Objective, "objective", dashboards.DefaultObjective, "the `share` of acceptance waits that should meet their target")
	flags.StringVar(&b.DataSource, "data-source", "", "the `uid` of the data source that is selected at first (default Grafana's)")
	flags.StringVar(&b.Folder, "folder", dashboards.DefaultFolder, "the `folder` of Grafana that the sidecar puts them into")
	flags.StringVar(&b.Namespace, "namespace", "", "the `namespace` of the Kubernetes objects (default kubectl's)")
	flags.StringToStringVar(&b.Labels, "label", nil, "a label of the Kubernetes objects, as `key=value`, by which others select them; may be repeated")
	return cmd
}
