package command

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/internal/agent"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/query"
)

// mcpCommand answers agents.
func mcpCommand(e Env) *cobra.Command {
	var configFile string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Answer agents over the Model Context Protocol",
		Long: `mcp answers the questions of an agent on standard input and output, by the Model
Context Protocol: who decides on a story, whether and why it waits, when an answer
may come, what waits, what waits for an owner, how a sprint went, and what was agreed
on. An agent starts it; docs/mcp.md says how.

It reads the store alone and changes nothing. It can run beside serve. Whoever runs
it sees everything that is in the store, as with waits: web.roles does not apply.

Others write titles, names and statuses. In each answer these are marked as
untrusted_text, without invisible characters.`,
		Example: "  yourturn mcp --config.file yourturn.yml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := loadConfig(e, configFile)
			if err != nil {
				return err
			}
			store, err := query.Stand(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, store.Close()) }()
			server := agent.New(agent.Sources{Reader: store.Reader, Version: app.BuildInfo().Version})
			err = server.Run(cmd.Context(), agent.Over(e.In, e.Out))
			if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
				return nil // the agent is gone, or somebody stopped it
			}
			return err
		},
	}
	configFlag(cmd.Flags(), &configFile)
	return cmd
}
