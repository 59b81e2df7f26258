package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/support"
)

// supportFlags are the flags of support.
type supportFlags struct {
	configFile, out string
	offline         bool
	timeout         time.Duration
}

// supportCommand makes a bundle for a bug report.
func supportCommand(e Env) *cobra.Command {
	var f supportFlags
	cmd := &cobra.Command{
		Use:   "support",
		Short: "Make a bundle for a bug report, without secrets and names",
		Long: `support writes a zip file to attach to a bug report: versions, the config in force,
the size of the store, the audit by reason, how the last polls went, the last lines
of the log, the service's metrics, and the state of its goroutines and its memory.

Secrets are taken out. Placeholders such as owner-1, account-3 and host-1 stand in
the places of people, accounts, e-mail addresses and hosts, the same ones in all
files. All of it is text: MANIFEST.md in it says what each file is and what was done
to it. Read it before you send it.

If serve runs on the store, that process makes the bundle, as with sync: no address
and no password is needed. If serve does not run, or with --offline, the bundle is
made of the config and the store alone, and lacks the log, polls, metrics and profiles.
--offline also helps when a running serve does not answer: it only reads.`,
		Example: "  yourturn support --config.file yourturn.yml --out bundle.zip\n" +
			"  yourturn support --config.file yourturn.yml --out - >bundle.zip",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.out == "" {
				return usageError{errors.New("--out is missing: name the file to write, such as --out bundle.zip, or - for standard output")}
			}
			if f.out == "-" && isTerminal(e.Out) {
				return usageError{errors.New("--out - would write a zip file to a terminal: send it into a file or a pipe, or name a file")}
			}
			cfg, err := loadConfig(e, f.configFile)
			if err != nil {
				return err
			}
			made, err := f.bundle(cmd.Context(), e, cfg)
			if err != nil {
				return err
			}
			return f.write(e, made)
		},
	}
	configFlag(cmd.Flags(), &f.configFile)
	cmd.Flags().StringVar(&f.out, "out", "", "write the bundle to this `file`, which must not exist; - is standard output; required")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "make it of the config and the store alone, though serve runs")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 2*time.Minute, "how long to wait for a serve that runs")
	return cmd
}

// bundle returns the bundle, from the process that serves or without one.
func (f supportFlags) bundle(ctx context.Context, e Env, cfg *config.Config) ([]byte, error) {
	if f.out != "-" { // before anything is made
		if _, err := os.Stat(f.out); !errors.Is(err, fs.ErrNotExist) {
			return nil, usageError{fmt.Errorf("--out: %s exists, or cannot be looked at: choose another name", f.out)}
		}
	}
	holder, held, err := app.WriterOf(ctx, cfg)
	switch {
	case f.offline:
	case err != nil:
		return nil, fmt.Errorf("looking for a serve that runs: %w: run this as the user of serve, or with --offline", err)
	case held && holder.Address != "":
		fmt.Fprintf(e.Err, "%s runs, and is asked for a bundle\n", holder)
		ctx, stop := context.WithTimeout(ctx, f.timeout)
		defer stop()
		made, err := app.AskForSupport(ctx, holder)
		if err != nil {
			return nil, fmt.Errorf("%w: with --offline the bundle is made without that process", err)
		}
		return made, nil
	case held:
		fmt.Fprintf(e.Err, "%s holds the store and cannot be asked\n", holder)
	default:
		fmt.Fprintln(e.Err, "no serve runs on this store")
	}
	fmt.Fprintln(e.Err, "the bundle is made of the config and the store alone: it lacks the log, polls, metrics and profiles; deriving the audit takes a while where there are many stories")
	return app.SupportOffline(ctx, cfg, e.now())
}

// write writes the bundle, and says what is in it.
func (f supportFlags) write(e Env, made []byte) error {
	list, err := support.Contents(made)
	if err != nil {
		return err
	}
	said := e.Out
	if f.out == "-" {
		said = e.Err
		_, err = e.Out.Write(made)
	} else {
		err = create(f.out, made)
	}
	if err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	name := f.out
	if name == "-" {
		name = "the bundle"
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s has %d bytes, and holds\n", name, len(made))
	for _, c := range list {
		fmt.Fprintf(&text, "  %-16s %9d bytes\n", c.Name, c.Size)
	}
	fmt.Fprintf(&text, "%s says what each file is, and what was done to it. Read all of it before you send it.\n", list[0].Name)
	_, err = text.WriteTo(said)
	return err
}

// create writes a new file that its user alone may read.
func create(name string, data []byte) error {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return errors.Join(err, out.Close())
}
