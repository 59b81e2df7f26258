package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/columns"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/propose"
)

// Options say how a first config is made.
type Options struct {
	Client    *jira.Client
	URL       string
	Email     string
	TokenFile string   // as the config is to name it; "": the environment
	Projects  []string // keys; none: those with recent activity
	Output    string   // the file that is written
	Yes       bool     // ask nothing, and write what is of high confidence
	DryRun    bool     // print the config instead of writing it
	Requests  func() int

	In       io.Reader // where answers are typed
	Out      io.Writer // where questions, evidence and, with DryRun, the config go
	Progress Progress
}

// ErrUndecided says that the config was written and that the acceptance step of
// some projects has to be decided by somebody.
var ErrUndecided = errors.New("no acceptance step is known")

// Run makes a first config.
func Run(ctx context.Context, o Options) error {
	s := &session{Options: o, dialog: newDialog(o.In, o.Out), least: propose.Medium}
	if o.Yes {
		s.least = propose.High
	}
	if err := s.look(ctx); err != nil {
		return err
	}
	if o.Yes {
		for i := range s.draft.Projects {
			s.sayProject(i)
		}
		s.sayPeople()
	} else if err := s.askAll(ctx); err != nil {
		return err
	}
	return s.finish(ctx)
}

// session is one making of a config.
type session struct {
	Options
	*dialog
	least propose.Confidence // what is switched on before anybody is asked

	site     string // where people find the Jira
	zone     string // of the account whose token it is
	now      latency.Instant
	projects []Project
	sample   *propose.Sample
	read     []Read
	proposal *propose.Proposal
	draft    *propose.Draft
	replay   propose.Replay
}

// look asks Jira for everything that the proposal needs, and makes it.
func (s *session) look(ctx context.Context) error {
	me, err := s.Client.Myself(ctx)
	if err != nil {
		return err
	}
	s.site, s.now, s.zone = me.SiteURL, me.At, me.TimeZone
	if s.zone == "" {
		s.zone = "UTC"
	}
	s.say(0, "%s is a Jira %s, and answers %s.", s.URL, flavorName(string(me.Flavor)), me.DisplayName)
	if s.projects, err = Projects(ctx, s.Client, s.Projects, s.now, s.Progress); err != nil {
		return err
	}
	if len(s.projects) == 0 {
		return fmt.Errorf("the account %s sees no project: give it the permission Browse projects in those of your teams", me.DisplayName)
	}
	keys := s.Projects
	if len(keys) == 0 {
		for _, p := range s.projects {
			if p.Living {
				keys = append(keys, p.Key)
			}
		}
	}
	s.listProjects(keys)
	if !s.Yes && len(s.Projects) == 0 {
		if keys, err = s.chooseProjects(ctx, keys); err != nil {
			return err
		}
	}
	if len(keys) == 0 {
		return fmt.Errorf("nothing has happened for %d days in any project that the account sees: name the project with --projects, or use another account", livingDays)
	}
	if s.sample, s.read, err = Sample(ctx, s.Client, keys, s.now, s.Progress); err != nil {
		return err
	}
	s.Progress("")
	s.say(0, "Read, with %d requests in all:", s.Requests())
	for _, r := range s.read {
		s.say(2, "%s", r)
	}
	if s.proposal, err = Propose(ctx, s.Client, s.sample, s.zone); err != nil {
		return err
	}
	s.draft = propose.NewDraft(s.proposal, s.sample, s.least, s.zone)
	s.draft.URL, s.draft.Email, s.draft.TokenFile = s.URL, s.Email, s.TokenFile
	s.draft.Read = s.readSentence()
	return s.measure(true)
}

func flavorName(flavor string) string {
	if flavor == "cloud" {
		return "Cloud"
	}
	return "Data Center"
}

func (s *session) readSentence() string {
	var parts []string
	for _, r := range s.read {
		parts = append(parts, r.String())
	}
	return "Read on " + s.now.Time().Format(time.DateOnly) + ": " + strings.Join(parts, "; ") + "."
}

// measure replays the draft; targets lets it propose the targets, too.
func (s *session) measure(targets bool) error {
	r, err := propose.NewReplay(s.sample, s.Output, s.draft.Used().YAML())
	if err != nil {
		return fmt.Errorf("the proposal does not make a config: %w", err)
	}
	if targets {
		s.draft.Targets(r, s.least)
	}
	s.replay = r
	return nil
}

// listProjects shows the projects that the token sees.
func (s *session) listProjects(chosen []string) {
	s.blank()
	s.say(0, "Projects that the account sees (* is proposed):")
	fmt.Fprintf(s.out, "    %-12s %8s  %-14s %s\n", "KEY", "ISSUES", "LAST CHANGE", "NAME")
	for _, p := range s.projects {
		mark, last := " ", "never"
		if slices.Contains(chosen, p.Key) {
			mark = "*"
		}
		if p.Last > 0 {
			last = ago(s.now, p.Last)
		}
		fmt.Fprintf(s.out, "  %s %-12s %8d  %-14s %s\n", mark, p.Key, p.Issues, last, columns.Cut(columns.Clean(p.Name), 34))
	}
	s.blank()
}

// ago says how long ago something happened, in days.
func ago(now, at latency.Instant) string {
	switch days := int(now.Time().Sub(at.Time()).Hours() / 24); {
	case days <= 0:
		return "today"
	case days == 1:
		return "yesterday"
	case days < 120:
		return fmt.Sprintf("%d days ago", days)
	case days < 730:
		return fmt.Sprintf("%d months ago", days/30)
	default:
		return fmt.Sprintf("%d years ago", days/365)
	}
}

// chooseProjects asks which projects are watched.
func (s *session) chooseProjects(ctx context.Context, proposed []string) ([]string, error) {
	chosen := proposed
	s.say(0, "Which projects are watched? Proposed: %s", strings.Join(proposed, ", "))
	for {
		got, err := s.ask(ctx, func(text string) error {
			chosen = nil
			for _, key := range fields(text) {
				i := slices.IndexFunc(s.projects, func(p Project) bool { return strings.EqualFold(p.Key, key) })
				if i < 0 {
					return fmt.Errorf("there is no project %q in the list above", key)
				}
				chosen = append(chosen, s.projects[i].Key)
			}
			return nil
		}, "Watch the projects in which your teams do their stories. Type their keys with commas between them. A project in which nothing happens costs requests and shows nothing.")
		switch {
		case errors.Is(err, errBack):
			s.say(2, "This is the first question.")
			continue
		case err != nil:
			return nil, err
		case got == skipped || len(chosen) == 0:
			s.say(2, "At least one project is needed.")
			chosen = proposed
			continue
		}
		return chosen, nil
	}
}

// fields splits what somebody typed as a list.
func fields(text string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.Trim(text, "[] "), ",") {
		if part = strings.Trim(strings.TrimSpace(part), `"'`); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// finish shows what the config would have measured, and writes it.
func (s *session) finish(ctx context.Context) error {
	final := s.draft.Used()
	if err := s.measure(false); err != nil {
		return err
	}
	s.showReplay()
	text := final.YAML()
	if s.DryRun {
		s.say(0, "The config, which was not written (--dry-run):")
		s.blank()
		if _, err := s.out.Write(text); err != nil {
			return err
		}
		return s.undecided()
	}
	written, err := s.write(ctx, text)
	if err != nil {
		return err
	}
	if !written {
		return errQuit
	}
	s.say(0, "Wrote %s.", s.Output)
	s.say(0, "What no tool can know: whether your owners also answer by voice or in a chat, or sign off in another tool. Then a comment that begins with #answered says so; docs/first-hour.md has more.")
	s.say(0, "Next: yourturn check --config.file %s --online", s.Output)
	return s.undecided()
}

// undecided returns ErrUndecided with the projects that have no acceptance step
// yet.
func (s *session) undecided() error {
	if keys := s.draft.Undecided(); len(keys) > 0 {
		return fmt.Errorf("%w for %s: nothing there says surely which status waits for the owner. Its candidates are commented out in the config: take the # away from the right one, or write acceptance_statuses: [] where there is none", ErrUndecided, strings.Join(keys, ", "))
	}
	return nil
}

// write writes the config so that a process that ends in the middle leaves
// either the old file or the whole new one. An existing file is replaced only
// if somebody says so.
func (s *session) write(ctx context.Context, text []byte) (bool, error) {
	switch _, err := os.Stat(s.Output); {
	case err == nil && s.Yes:
		return false, fmt.Errorf("%s is there already and was left as it is: name another file with --output, or remove it", s.Output)
	case err == nil:
		yes, err := s.confirm(ctx, s.Output+" is there already. Replace it?", false)
		if err != nil || !yes {
			return false, err
		}
	case !errors.Is(err, os.ErrNotExist):
		return false, fmt.Errorf("the config cannot be written: %w", err)
	case !s.Yes:
		yes, err := s.confirm(ctx, "Write "+s.Output+"?", true)
		if err != nil || !yes {
			return false, err
		}
	}
	return true, replaceFile(s.Output, text)
}

// replaceFile writes a file that only its owner can read, by way of another one
// beside it.
func replaceFile(name string, text []byte) error {
	f, err := os.CreateTemp(dir(name), ".yourturn-*.yml") // CreateTemp makes it for its owner alone
	if err != nil {
		return fmt.Errorf("the config cannot be written: %w: name a file in a folder that you may write to with --output", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the config cannot be written: %w", err), os.Remove(f.Name()))
	}
	return nil
}

func dir(name string) string {
	if i := strings.LastIndexByte(name, os.PathSeparator); i >= 0 {
		return name[:i+1]
	}
	return "."
}
