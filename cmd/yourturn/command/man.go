package command

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/yourturn/yourturn/internal/app"
)

// manCommand writes the manual.
func manCommand(e Env) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Write the pages of the manual",
		Long: `man writes a page of the manual for each command, made of what --help says:
yourturn.1, yourturn-serve.1 and so on. It asks nobody and needs no config. Each run
writes all of them anew.`,
		Example: `  yourturn man --out /usr/local/share/man/man1
  yourturn man --out pages && man -l pages/yourturn-serve.1`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // there are no secrets in it
				return fmt.Errorf("%w: name another folder with --out", err)
			}
			for _, c := range documented(cmd.Root()) {
				path := filepath.Join(out, pageName(c)+".1")
				if err := os.WriteFile(path, md2man.Render([]byte(manPage(c))), 0o644); err != nil { //nolint:gosec // there are no secrets in it
					return fmt.Errorf("%w: name another folder with --out", err)
				}
				fmt.Fprintln(e.Out, path)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "yourturn-man", "the `folder` to write into")
	return cmd
}

// documented returns a command and those below it that have a page.
func documented(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			list = append(list, documented(c)...)
		}
	}
	return list
}

// pageName returns the name of a command's page, such as yourturn-serve.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the page of a command in the Markdown of md2man.
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	cmd.InitDefaultHelpFlag() // else only the one has them that runs
	cmd.InitDefaultVersionFlag()
	name := pageName(cmd)
	build := app.BuildInfo()
	day, _, _ := strings.Cut(build.Date, "T") // not today, so that the same source makes the same pages
	line("%% %q 1 %q %q %q\n", strings.ToUpper(name), day, "yourturn "+build.Version, "yourturn")
	line("# NAME\n%s \\- %s\n", name, asMarkdown(cmd.Short))
	line("# SYNOPSIS\n**%s**\n", asMarkdown(cmd.UseLine()))
	line("# DESCRIPTION")
	for text := range strings.SplitSeq(cmd.Long, "\n\n") {
		if laidOut.MatchString(text) {
			line("```\n%s\n```\n", text)
		} else {
			line("%s\n", asMarkdown(text))
		}
	}
	line("# OPTIONS")
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		term := "**--" + f.Name + "**"
		if f.Shorthand != "" {
			term = "**-" + f.Shorthand + "**, " + term
		}
		if value != "" {
			term += " *" + asMarkdown(value) + "*"
		}
		if !slices.Contains([]string{"", "false", "0", "0s", "[]"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		line("%s\n: %s\n", term, asMarkdown(usage))
	})
	if cmd.Example != "" {
		line("# EXAMPLES\n```\n%s\n```\n", cmd.Example)
	}
	others := documented(cmp.Or(cmd.Parent(), cmd))
	others = slices.DeleteFunc(others, func(c *cobra.Command) bool { return c == cmd })
	if cmd.HasParent() {
		others = others[:1]
	}
	var see []string
	for _, c := range others {
		see = append(see, "**"+pageName(c)+"**(1)")
	}
	line("# SEE ALSO\n%s", strings.Join(see, ", "))
	return b.String()
}

// laidOut finds paragraphs whose spaces and lines mean something, as in a table.
var laidOut = regexp.MustCompile(`(?m)^ |\S {2,}\S`)

// asMarkdown returns plain text so that Markdown reads no more than text in it.
func asMarkdown(text string) string {
	return regexp.MustCompile("[\\\\`*_<>\\[\\]#|~]").ReplaceAllString(text, `\$0`)
}
