package propose

import (
	"fmt"
	"slices"
	"strings"
)

// width is where comments are broken.
const width = 100

// YAML writes the draft as a config file, with the evidence of every setting as
// a comment above it. What is not switched on is commented out.
func (d *Draft) YAML() []byte {
	w := &writer{}
	w.comment(0, "The config of yourturn, proposed from the history of your Jira. "+d.Read+
		" Each setting has its evidence above it. What is commented out is a guess: decide, and take the # away.")
	w.comment(0, "Check it with: yourturn check --config.file FILE --online")
	w.line(0, "jira:")
	w.line(1, "url: %s", quote(d.URL))
	if d.Email != "" {
		w.line(1, "email: %s", quote(d.Email))
	}
	if d.TokenFile != "" {
		w.line(1, "token_file: %s", quote(d.TokenFile))
	} else {
		w.comment(1, "The token comes from the environment, as YOURTURN_JIRA_TOKEN, or from a file:")
		w.comment(1, "token_file: /run/secrets/jira")
	}
	var keys []string
	for _, p := range d.Projects {
		keys = append(keys, p.Key)
	}
	w.line(1, "projects: [%s]", strings.Join(keys, ", "))
	w.line(0, "")
	w.comment(0, "Working hours of everybody who has none below.")
	w.line(0, `calendar: {time_zone: %s, days: [mon-fri], hours: "09:00-17:00"}`, d.Zone)
	w.line(0, "")
	w.line(0, "projects:")
	for i := range d.Projects {
		p := &d.Projects[i]
		if i > 0 {
			w.line(0, "")
		}
		w.comment(1, p.Name)
		if on := slices.ContainsFunc(p.Settings, func(s Setting) bool { return s.On }); !on {
			w.line(1, "%s: {}", p.Key)
		} else {
			w.line(1, "%s:", p.Key)
		}
		for _, s := range p.ordered() {
			w.setting(2, s.Key+": ", s)
		}
	}
	if len(d.Owners) > 0 {
		w.line(0, "")
		w.line(0, "owners:")
		for _, o := range d.Owners {
			w.comment(1, o.Name)
			w.line(1, "%s:", o.Key)
			w.line(2, "accounts: [%s]", quote(o.Account))
			w.setting(2, "calendar: ", o.Hours)
		}
	}
	w.list("delegations", "Who decided in another's place.", d.Delegations)
	w.list("automation_accounts", "Accounts that are automation though Jira does not say so.", d.Automation)
	return []byte(w.b.String())
}

// ordered returns the project's settings in the order of the example config.
func (p *DraftProject) ordered() []Setting {
	order := []string{"owner", "components", "owner_field", "acceptance_statuses", "accepted_statuses", "withdrawn_statuses", "paused_statuses", "question_statuses", "stages", "targets"}
	return slices.SortedStableFunc(slices.Values(p.Settings), func(a, b Setting) int {
		return slices.Index(order, a.Key) - slices.Index(order, b.Key)
	})
}

// writer writes indented lines.
type writer struct{ b strings.Builder }

func (w *writer) line(indent int, format string, args ...any) {
	if text := fmt.Sprintf(format, args...); text != "" {
		w.b.WriteString(strings.Repeat("  ", indent))
		w.b.WriteString(text)
	}
	w.b.WriteByte('\n')
}

// comment writes a text as comments that are broken between words. What Jira
// says may hold line ends and controls; they become spaces.
func (w *writer) comment(indent int, text string) {
	row := "#"
	for _, word := range strings.Fields(strings.Map(printable, text)) {
		if len(row)+1+len(word) > width-2*indent && row != "#" {
			w.line(indent, "%s", row)
			row = "#"
		}
		row += " " + word
	}
	w.line(indent, "%s", row)
}

// printable turns controls, also those of the writing direction, into spaces.
func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return ' '
	}
	return r
}

// setting writes a setting with its evidence.
func (w *writer) setting(indent int, prefix string, s Setting) {
	w.comment(indent, fmt.Sprintf("%s confidence: %s.", s.Confidence, s.Evidence))
	if s.On {
		w.line(indent, "%s%s", prefix, s.Value)
	} else {
		w.line(indent, "# %s%s", prefix, s.Value)
	}
}

// list writes a list of settings without keys.
func (w *writer) list(key, about string, list []Setting) {
	if len(list) == 0 {
		return
	}
	w.line(0, "")
	w.comment(0, about)
	if slices.ContainsFunc(list, func(s Setting) bool { return s.On }) {
		w.line(0, "%s:", key)
	} else {
		w.line(0, "# %s:", key)
	}
	for _, s := range list {
		w.setting(1, "- ", s)
	}
}
