package team

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// Setup is what the organisation's config needs to know of the machine.
type Setup struct {
	JiraURL, StoreURL, TokenFile string
	ListenAddress                string        // "": the default
	PollInterval                 time.Duration // 0: the default
}

// ConfigHead begins the config of every generated organisation.
const ConfigHead = "# The config of a generated organisation; the shape is that of any other."

// ConfigYAML returns the config that fits the organisation.
func (t *Team) ConfigYAML(s Setup) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", ConfigHead)
	line("jira:\n  url: %s", s.JiraURL)
	if t.opts.Flavor == jirasim.Cloud {
		line("  flavor: cloud\n  email: bot@example.com")
	} else {
		line("  flavor: datacenter")
	}
	line("  token_file: %q", s.TokenFile)
	var keys []string
	for _, p := range t.projects {
		keys = append(keys, p.jira.Key)
	}
	line("  projects: [%s]", strings.Join(keys, ", "))
	if s.PollInterval > 0 {
		line("  poll_interval: %s", s.PollInterval)
	}
	if t.opts.Losses {
		line("  census_max_removed: 1 # so few stories are there at first that each is a large share")
	}
	line("store: {url: %q}", s.StoreURL)
	if s.ListenAddress != "" {
		line("web: {listen_address: %q}", s.ListenAddress)
	}
	line("calendar: {time_zone: Europe/Berlin, hours: {mon-fri: [\"09:00-17:00\"]}}")
	line("defaults:\n  owner_field: Product Owner\n  question_labels: [%s]", questionLabel)
	if t.opts.SlipWindow != slipWindow {
		line("  slip_window: %s", t.opts.SlipWindow)
	}
	line("projects:")
	for _, p := range t.projects {
		t.projectYAML(line, p)
	}
	line("owners:")
	for _, ref := range t.refs {
		t.ownerYAML(line, t.owners[ref])
	}
	line("delegations:")
	for _, d := range t.standIns {
		text := fmt.Sprintf("owner: %s, delegate: %s", d.owner, d.delegate)
		switch {
		case d.dates:
			text += fmt.Sprintf(", from: %s, to: %s", d.from.Format(time.DateOnly), d.to.AddDate(0, 0, -1).Format(time.DateOnly))
		case !d.from.IsZero():
			text += fmt.Sprintf(", from: %q, to: %q", d.from.UTC().Format(time.RFC3339), d.to.UTC().Format(time.RFC3339))
		}
		line("  - {%s}", text)
	}
	if t.opts.Flavor == jirasim.DataCenter {
		line("automation_accounts: [%s]", t.robot.Key)
	}
	return b.String()
}

func (t *Team) projectYAML(line func(string, ...any), p *project) {
	line("  %s:", p.jira.Key)
	accept := []string{p.accept}
	if p.accept2 != "" {
		accept = append(accept, p.accept2)
	}
	line("    acceptance_statuses: [%s]", strings.Join(accept, ", "))
	line("    withdrawn_statuses: [%s]", p.dropped)
	line("    paused_statuses: [%s]", p.paused)
	line("    question_statuses: [%s]", p.asked)
	if p.flagPauses {
		line("    pause_when_flagged: true")
	}
	if p.awayRuns {
		line("    pause_when_absent: false")
	}
	var q []string
	if p.assignment {
		q = append(q, "assignment: true")
	}
	if p.lapse > 0 {
		q = append(q, "lapse_after: "+p.lapse.String())
	}
	if len(q) > 0 {
		line("    question: {%s}", strings.Join(q, ", "))
	}
	switch {
	case p.second != "":
		at := p.switched.UTC().Format(time.RFC3339)
		line("    owner: [{owner: %s, to: %q}, {owner: %s, from: %q}]", p.first, at, p.second, at)
	case p.first != "":
		line("    owner: %s", p.first)
	default:
		line("    # no owner here: it is the project's lead in Jira")
	}
	if p.component != "" {
		line("    components: {%s: {owner: %s}}", p.component, p.componentOwner)
	}
}

func (t *Team) ownerYAML(line func(string, ...any), o *owner) {
	clock := func(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }
	days := "daily"
	if len(o.days) == 5 {
		days = "mon-fri"
	}
	line("  %s: # %s, %s", o.user.Ref, o.user.DisplayName, o.habit)
	line("    accounts: [%s]", o.user.ID(t.opts.Flavor))
	line("    calendar: {time_zone: %s, hours: {%s: [\"%s-%s\"]}}", o.zone, days, clock(o.from), clock(o.to))
	if len(o.absences) > 0 {
		var list []string
		for _, a := range o.absences {
			if a.dates {
				list = append(list, fmt.Sprintf("{from: %s, to: %s}", a.from.Format(time.DateOnly), a.to.AddDate(0, 0, -1).Format(time.DateOnly)))
			} else {
				list = append(list, fmt.Sprintf("{from: %q, to: %q}", a.from.UTC().Format(time.RFC3339), a.to.UTC().Format(time.RFC3339)))
			}
		}
		line("    absences: [%s]", strings.Join(list, ", "))
	}
}

// Describe returns a line about each owner, for people who look on.
func (t *Team) Describe() []string {
	var out []string
	for _, ref := range t.refs {
		o := t.owners[ref]
		days := "every day"
		if len(o.days) == 5 {
			days = "on weekdays"
		}
		out = append(out, fmt.Sprintf("%s (%s): %s; works %02d:%02d-%02d:%02d %s in %s", o.user.DisplayName, ref, o.habit,
			o.from/60, o.from%60, o.to/60, o.to%60, days, o.zone))
	}
	return slices.Clip(out)
}
