package command

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"
)

// completionCommand writes what makes a shell complete commands and flags.
func completionCommand(e Env) *cobra.Command {
	scripts := map[string]func(root *cobra.Command, w io.Writer) error{
		"bash": func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":  (*cobra.Command).GenZshCompletion,
		"fish": func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },

		"powershell": (*cobra.Command).GenPowerShellCompletionWithDesc,
	}
	return &cobra.Command{
		Use:   "completion (bash | zsh | fish | powershell)",
		Short: "Print what makes your shell complete commands and flags",
		Long: `completion prints a script for a shell. With it, the Tab key completes yourturn's
commands and flags. The script asks the installed yourturn, so it stays right after an
upgrade. In bash it needs the package bash-completion.`,
		Example: `  yourturn completion bash > /etc/bash_completion.d/yourturn
  yourturn completion zsh > "${fpath[1]}/_yourturn"
  yourturn completion fish > ~/.config/fish/completions/yourturn.fish
  source <(yourturn completion bash)     # for this bash alone`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(cmd.ValidArgs, args[0]) {
				return errors.New("name one shell: bash, zsh, fish or powershell")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return scripts[args[0]](cmd.Root(), e.Out) },
	}
}
