package propose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Draft is a config on its way: what is written, what is left commented out,
// and why.
type Draft struct {
	URL, Email, TokenFile string
	Read                  string // a sentence about what the proposal was made from
	Zone                  string // of who has none; IANA name

	Projects    []DraftProject
	Owners      []DraftOwner
	Delegations []Setting
	Automation  []Setting
}

// DraftProject is a project of the draft.
type DraftProject struct {
	ID, Key, Name string
	Statuses      []jiradata.Status // of its workflow
	Settings      []Setting         // in the order in which they are written and asked about

	deciders []string // accounts of those who own stories, by the source that is chosen
}

// DraftOwner is an owner of the draft.
type DraftOwner struct {
	Account, Name, Key string
	Hours              Setting // calendar
}

// Setting is a key of the config with the value that the history speaks for.
type Setting struct {
	Key        string // acceptance_statuses; of lists that have no keys, what the entry is about
	Value      string // YAML, on one line
	Confidence Confidence
	Evidence   string
	On         bool // it is written; else it is commented out
}

// settingAcceptance is the key that a project must have.
const settingAcceptance = "acceptance_statuses"

// NewDraft words a proposal as a config, with everything of at least a
// confidence switched on.
func NewDraft(p *Proposal, s *Sample, least Confidence, zone string) *Draft {
	d := &Draft{Zone: zone}
	keys := map[string]string{}
	for _, o := range p.Owners {
		keys[o.Account] = o.Key
	}
	on := func(c Confidence) bool { return rank(c) >= rank(least) }
	for i := range p.Projects {
		d.Projects = append(d.Projects, draftProject(&p.Projects[i], s, keys, on))
	}
	for _, o := range p.Owners {
		d.Owners = append(d.Owners, DraftOwner{Account: o.Account, Name: o.Name, Key: o.Key, Hours: Setting{
			Key: "calendar", Value: calendarOf(o.Hours), Confidence: o.Hours.Confidence, Evidence: o.Hours.Evidence, On: on(o.Hours.Confidence),
		}})
	}
	for _, pr := range p.Projects {
		for _, g := range pr.Delegates {
			if keys[g.Owner] == "" {
				continue
			}
			d.Delegations = append(d.Delegations, Setting{
				Key: pr.Key, Confidence: Medium, Evidence: g.Evidence, On: on(Medium),
				Value: fmt.Sprintf("{owner: %s, delegate: %s, from: %s, to: %s, projects: [%s]}", keys[g.Owner], keys[g.Delegate], date(g.From), date(g.To), pr.Key),
			})
		}
	}
	for _, a := range p.Automation {
		d.Automation = append(d.Automation, Setting{Key: a.Name, Value: quote(a.ID), Confidence: a.Confidence, Evidence: a.Evidence, On: on(a.Confidence)})
	}
	return d
}

// Keys returns the keys of the draft's owners by account.
func (d *Draft) Keys() map[string]string {
	keys := map[string]string{}
	for _, o := range d.Owners {
		keys[o.Account] = o.Key
	}
	return keys
}

// Used returns the draft without the owners that nothing which is written
// names.
func (d *Draft) Used() *Draft {
	out := *d
	named := map[string]bool{}
	for _, pr := range d.Projects {
		for _, who := range pr.deciders {
			named[who] = true
		}
		for _, s := range pr.Settings {
			for _, o := range d.Owners {
				if slices.Contains(ownerSettings(), s.Key) && containsWord(s.Value, o.Key) {
					named[o.Account] = true
				}
			}
		}
	}
	for _, g := range d.Delegations {
		for _, o := range d.Owners {
			if containsWord(g.Value, o.Key) {
				named[o.Account] = true
			}
		}
	}
	out.Owners = slices.DeleteFunc(slices.Clone(d.Owners), func(o DraftOwner) bool { return !named[o.Account] })
	return &out
}

// containsWord reports whether a value of the config names a key.
func containsWord(value, key string) bool {
	return slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" ,:{}[]\"", r) }), key)
}

// rank orders confidences.
func rank(c Confidence) int { return slices.Index([]Confidence{Low, Medium, High}, c) }

// draftProject words the proposal for one project.
func draftProject(p *Project, s *Sample, keys map[string]string, on func(Confidence) bool) DraftProject {
	out := DraftProject{ID: p.ID, Key: p.Key, Name: p.Name}
	for _, st := range s.Meta.Statuses {
		if st.ProjectID == "" || st.ProjectID == p.ID {
			out.Statuses = append(out.Statuses, st)
		}
	}
	add := func(key, value string, c Confidence, evidence string) {
		out.Settings = append(out.Settings, Setting{key, value, c, evidence, on(c)})
	}
	lists := func(key string, list Statuses) {
		if len(list.IDs) > 0 {
			add(key, out.List(list.IDs), list.Confidence, list.Evidence)
		}
	}
	switch {
	case len(p.Acceptance.IDs) > 0:
		lists(settingAcceptance, p.Acceptance)
	case p.None:
		add(settingAcceptance, "[]", High, p.Acceptance.Evidence)
	case len(p.Choices) > 0:
		add(settingAcceptance, out.List(p.Choices[0].IDs), Low, p.Acceptance.Evidence)
	default:
		add(settingAcceptance, "[]", Low, p.Acceptance.Evidence)
	}
	lists("accepted_statuses", p.Accepted)
	lists("withdrawn_statuses", p.Withdrawn)
	lists("paused_statuses", p.Paused)
	if len(p.Question.IDs) > 0 {
		lists("question_statuses", p.Question)
	} else {
		add("question_statuses", "[]", High, "no status is for questions to the owner: they are asked in comments")
	}
	if len(p.Stages) > 0 {
		var parts, names []string
		for _, stage := range slices.Sorted(maps.Keys(p.Stages)) {
			parts = append(parts, fmt.Sprintf("%s: %s", stage, out.List(p.Stages[stage])))
			names = append(names, string(stage))
		}
		add("stages", "{"+strings.Join(parts, ", ")+"}", High, "the names of these statuses hint at "+strings.Join(names, " and "))
	}
	if p.Source.Kind != "" {
		out.SetSource(p.Source, s.Meta.Fields, keys, on)
	}
	if set := out.Setting("owner_field"); set == nil || !set.On {
		if name, empty, all := builtInField(p, s); all > 0 && empty*10 >= all*9 {
			out.Set(Setting{"owner_field", `""`, High, fmt.Sprintf("the user field %q, which is the built-in one, is empty on %d of %d stories", name, empty, all), on(High)})
		}
	}
	return out
}

// builtInField returns the name of the user field that the config takes for the
// owner's unless it says otherwise, and on how many of a project's stories it is
// empty. all is 0 where this Jira has no such field.
func builtInField(p *Project, s *Sample) (name string, empty, all int) {
	i := slices.IndexFunc(s.Meta.Fields, func(f jiradata.Field) bool {
		return f.People && latency.Fold(f.Name) == latency.Fold(config.DefaultOwnerField)
	})
	if i < 0 {
		return "", 0, 0
	}
	for j := range s.Stories {
		if st := &s.Stories[j]; st.ProjectID == p.ID {
			all++
			if len(st.History.Now[s.Meta.Fields[i].ID]) == 0 {
				empty++
			}
		}
	}
	return s.Meta.Fields[i].Name, empty, all
}

// SetSource gives the project the settings by which a source says who owns
// stories, in place of those it has. keys are the owners' keys by account.
func (p *DraftProject) SetSource(src Source, fields []jiradata.Field, keys map[string]string, on func(Confidence) bool) {
	p.deciders = src.Deciders
	p.Settings = slices.DeleteFunc(p.Settings, func(s Setting) bool { return slices.Contains(ownerSettings(), s.Key) })
	add := func(key, value, evidence string) {
		p.Settings = append(p.Settings, Setting{key, value, src.Confidence, evidence, on(src.Confidence)})
	}
	switch src.Kind {
	case FromField:
		field := quote(src.FieldName)
		if ambiguous(fields, src.FieldName) {
			field = quote(src.Field)
		}
		add("owner_field", field, src.Evidence)
	case FromReporter:
		add("owner_field", latency.FieldReporter, src.Evidence)
	case FromComponent:
		add("owner_field", `""`, "components name the owner here, and no field does")
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(src.Components)) {
			parts = append(parts, fmt.Sprintf("%s: {owner: %s}", quote(name), keys[src.Components[name]]))
		}
		add("components", "{"+strings.Join(parts, ", ")+"}", src.Evidence)
	case FromLead, FromHabit:
		add("owner_field", `""`, "the project's owner decides, and no field of a story names one")
		add("owner", keys[src.Person], src.Evidence)
	}
}

// ownerSettings are the keys of a project that say who owns its stories.
func ownerSettings() []string { return []string{"owner_field", "components", "owner"} }

func ambiguous(fields []jiradata.Field, name string) bool {
	n := 0
	for _, f := range fields {
		if f.People && latency.Fold(f.Name) == latency.Fold(name) {
			n++
		}
	}
	return n > 1
}

// List words statuses by name, those whose name the project has twice by id.
func (p *DraftProject) List(ids []string) string {
	count, names := map[string]int{}, map[string]string{}
	for _, s := range p.Statuses {
		count[latency.Fold(s.Name)]++
		names[s.ID] = s.Name
	}
	var out []string
	for _, id := range ids {
		if name := names[id]; name != "" && count[latency.Fold(name)] == 1 {
			out = append(out, quote(name))
		} else {
			out = append(out, quote(id))
		}
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// Set gives a setting of the project a value, and adds it where there is none.
func (p *DraftProject) Set(s Setting) {
	for i := range p.Settings {
		if p.Settings[i].Key == s.Key {
			p.Settings[i] = s
			return
		}
	}
	p.Settings = append(p.Settings, s)
}

// Setting returns the setting of a key; nil if there is none.
func (p *DraftProject) Setting(key string) *Setting {
	for i := range p.Settings {
		if p.Settings[i].Key == key {
			return &p.Settings[i]
		}
	}
	return nil
}

// Undecided returns the keys of the projects whose acceptance step is not
// written.
func (d *Draft) Undecided() []string {
	var out []string
	for i := range d.Projects {
		if s := d.Projects[i].Setting(settingAcceptance); s == nil || !s.On {
			out = append(out, d.Projects[i].Key)
		}
	}
	return out
}

// quote writes a text in YAML's double quotes.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == 0x85 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// calendarOf words hours as a calendar of the config.
func calendarOf(h Hours) string {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	var days []string
	for _, d := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
		if h.Days[d] {
			days = append(days, names[d])
		}
	}
	list := strings.Join(days, ", ")
	if list == "mon, tue, wed, thu, fri" {
		list = "mon-fri"
	}
	return fmt.Sprintf(`{time_zone: %s, days: [%s], hours: "%s-%s"}`, h.Zone, list, wall(h.From), wall(h.To))
}

// wall renders a time of the local day; hours that end on the next day end
// before they begin.
func wall(d time.Duration) string {
	minutes := int(d.Minutes())
	if minutes > 24*60 {
		minutes -= 24 * 60
	}
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}
