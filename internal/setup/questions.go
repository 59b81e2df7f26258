package setup

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/columns"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/propose"
)

// question asks about one part of the draft.
type question func(ctx context.Context, n, of int) error

// askAll asks every question; "back" returns to the one before. The list is made
// anew after each answer, because an answer may bring others up.
func (s *session) askAll(ctx context.Context) error {
	s.say(0, "Each proposal has its evidence. Nothing is written before the end.")
	for n := 0; ; {
		list := s.questions()
		if n >= len(list) {
			return nil
		}
		s.blank()
		switch err := list[n](ctx, n+1, len(list)); {
		case errors.Is(err, errBack):
			if n == 0 {
				s.say(2, "This is the first question.")
				continue
			}
			n--
		case err != nil:
			return err
		default:
			n++
		}
	}
}

// questions lists what is asked, in order.
func (s *session) questions() []question {
	var out []question
	for i := range s.draft.Projects {
		p := &s.draft.Projects[i]
		out = append(out, s.askAcceptance(i), s.askSource(i))
		for _, key := range []string{"accepted_statuses", "withdrawn_statuses", "paused_statuses", "question_statuses"} {
			if set := p.Setting(key); set != nil && (set.Value != "[]" || set.Confidence != propose.High) {
				out = append(out, s.askStatuses(i, key))
			}
		}
		if p.Setting("targets") != nil {
			out = append(out, s.askTargets(i))
		}
	}
	used := s.draft.Used().Owners
	for i := range s.draft.Owners {
		if slices.ContainsFunc(used, func(o propose.DraftOwner) bool { return o.Account == s.draft.Owners[i].Account }) {
			out = append(out, s.askHours(i))
		}
	}
	for i := range s.draft.Delegations {
		out = append(out, s.askEntry("Was this a delegation?", &s.draft.Delegations[i],
			"While a delegation is active, the delegate's verdicts and answers count as the owner's. Without it they are somebody else's."))
	}
	for i := range s.draft.Automation {
		out = append(out, s.askEntry("Is this account automation? "+s.draft.Automation[i].Key, &s.draft.Automation[i],
			"What automation does is nobody's verdict or answer, but what it does within a minute after its owner."))
	}
	return out
}

// head prints a question with its proposal and evidence.
func (s *session) head(n, of int, text string, set *propose.Setting) {
	s.say(0, "%d of %d. %s", n, of, text)
	if set == nil {
		return
	}
	s.say(2, "Proposed: %s", set.Value)
	s.say(2, "Why (%s confidence): %s.", set.Confidence, set.Evidence)
}

const acceptanceHelp = "A story that enters one of these statuses waits for its Product Owner's verdict until it leaves them. Type the numbers or names of the statuses, with commas between them. Type none where this project has no such step: then questions alone are measured."

// askAcceptance asks which statuses of a project wait for acceptance.
func (s *session) askAcceptance(i int) question {
	return func(ctx context.Context, n, of int) error {
		p := &s.draft.Projects[i]
		set := p.Setting("acceptance_statuses")
		s.head(n, of, fmt.Sprintf("Project %s (%s): which statuses wait for the Product Owner's verdict?", p.Key, columns.Clean(p.Name)), set)
		for j, c := range s.proposal.Projects[i].Choices {
			s.say(2, "Else %s: %s.", p.List(c.IDs), c.Evidence)
			if j == 0 {
				s.sayChoice(i, c.IDs)
			}
		}
		s.sayStatuses(i)
		return s.askList(ctx, p, set, acceptanceHelp)
	}
}

// sayChoice says what the second-best choice would have measured.
func (s *session) sayChoice(i int, ids []string) {
	d := *s.draft
	d.Projects = slices.Clone(s.draft.Projects)
	p := &d.Projects[i]
	p.Settings = slices.Clone(p.Settings)
	p.Set(propose.Setting{Key: "acceptance_statuses", Value: p.List(ids), On: true})
	r, err := propose.NewReplay(s.sample, s.Output, d.YAML())
	if err != nil {
		return // the choice may not go together with the rest; the evidence stands
	}
	s.say(4, "with it, %s instead of %s", waits(r[p.Key].Acceptance, "acceptance waits"), waits(s.replay[p.Key].Acceptance, "acceptance waits"))
}

// sayStatuses lists the statuses of a project with their numbers.
func (s *session) sayStatuses(i int) {
	var names []string
	for j, st := range s.draft.Projects[i].Statuses {
		names = append(names, fmt.Sprintf("%d %s", j+1, columns.Clean(st.Name)))
	}
	s.say(2, "Statuses: %s", strings.Join(names, " · "))
}

// askList asks for a list of statuses.
func (s *session) askList(ctx context.Context, p *propose.DraftProject, set *propose.Setting, help string) error {
	value := *set
	got, err := s.ask(ctx, func(text string) error {
		ids, err := pickStatuses(p, text)
		if err != nil {
			return err
		}
		value.Value, value.Confidence, value.Evidence = p.List(ids), propose.High, "chosen by hand"
		return nil
	}, help)
	if err != nil {
		return err
	}
	value.On = got != skipped
	p.Set(value)
	return s.measure(false)
}

// pickStatuses reads numbers and names of a project's statuses; "none" is none.
func pickStatuses(p *propose.DraftProject, text string) ([]string, error) {
	if strings.EqualFold(text, "none") || text == "[]" {
		return []string{}, nil
	}
	var ids []string
	for _, word := range fields(text) {
		if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(p.Statuses) {
			ids = append(ids, p.Statuses[n-1].ID)
			continue
		}
		found := false
		for _, st := range p.Statuses {
			if st.ID == word || latency.Fold(st.Name) == latency.Fold(word) {
				ids, found = append(ids, st.ID), true
			}
		}
		if !found {
			return nil, fmt.Errorf("%s has no status %q: type a number or a name of the list above, or none", p.Key, columns.Clean(word))
		}
	}
	return ids, nil
}

// askStatuses asks about another list of statuses.
func (s *session) askStatuses(i int, key string) question {
	texts := map[string][2]string{
		"accepted_statuses":  {"to which does accepting move a story?", "Leaving acceptance to one of these counts as accepted. Without the key it is every status of category done."},
		"withdrawn_statuses": {"where do stories go that nobody wants any more?", "A wait that ends there is withdrawn: it is no verdict, and says nothing of how fast the owner answers."},
		"paused_statuses":    {"in which does a third party hold a story during acceptance?", "The clock of an acceptance wait stands while the story is there."},
		"question_statuses":  {"in which does a story wait for an answer of its owner?", "A story that enters one of these asks its owner, until the owner answers or moves it on."},
	}
	return func(ctx context.Context, n, of int) error {
		p := &s.draft.Projects[i]
		set := p.Setting(key)
		s.head(n, of, fmt.Sprintf("Project %s: %s", p.Key, texts[key][0]), set)
		s.sayStatuses(i)
		return s.askList(ctx, p, set, texts[key][1]+" Type numbers or names with commas between them, or none.")
	}
}

// askSource asks what says who owns a project's stories.
func (s *session) askSource(i int) question {
	return func(ctx context.Context, n, of int) error {
		p, list := &s.draft.Projects[i], s.proposal.Projects[i].Sources
		s.head(n, of, fmt.Sprintf("Project %s: who owns a story?", p.Key), nil)
		if len(list) == 0 {
			s.say(2, "The history does not say. Without an answer it is the project's lead.")
			_, err := s.ask(ctx, nil, "Write the owner into the config later: projects."+p.Key+".owner, or owner_field.")
			return err
		}
		for j, src := range list {
			s.say(2, "%d %s (%s confidence): %s.", j+1, sourceName(src, s.sample), src.Confidence, src.Evidence)
		}
		choice := 0
		got, err := s.ask(ctx, func(text string) error {
			c, err := strconv.Atoi(text)
			if err != nil || c < 1 || c > len(list) {
				return fmt.Errorf("type a number from 1 to %d", len(list))
			}
			choice = c - 1
			return nil
		}, "Type the number of another source. The owner is whom the team waits for: the person who gives the verdict and answers questions.")
		if err != nil {
			return err
		}
		on := func(propose.Confidence) bool { return got != skipped }
		s.proposal.Projects[i].Source = list[choice]
		p.SetSource(list[choice], s.sample.Meta.Fields, s.draft.Keys(), on)
		return s.measure(false)
	}
}

// sourceName says what a source is, in a few words.
func sourceName(src propose.Source, sample *propose.Sample) string {
	switch src.Kind {
	case propose.FromField:
		return fmt.Sprintf("the user field %q", columns.Clean(src.FieldName))
	case propose.FromReporter:
		return "the story's reporter"
	case propose.FromComponent:
		return "an owner for each component"
	case propose.FromLead, propose.FromHabit:
		return columns.Clean(sample.Users[src.Person].DisplayName) + ", for the whole project"
	}
	return "nobody"
}

// hoursPattern is how hours are typed: 09:00-17:00 with a zone behind it, or
// without.
var hoursPattern = regexp.MustCompile(`^(\d\d:\d\d-\d\d:\d\d)(?:\s+([A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*))?$`)

// askHours asks about an owner's working hours.
func (s *session) askHours(i int) question {
	return func(ctx context.Context, n, of int) error {
		o := &s.draft.Owners[i]
		s.head(n, of, fmt.Sprintf("When does %s work?", columns.Clean(o.Name)), &o.Hours)
		value := o.Hours
		got, err := s.ask(ctx, func(text string) error {
			m := hoursPattern.FindStringSubmatch(text)
			if m == nil {
				return errors.New("type hours such as 09:00-17:00, or hours and a zone such as 09:00-17:00 Europe/Berlin")
			}
			zone := m[2]
			if zone == "" {
				zone = s.zoneOf(o.Account)
			}
			if _, err := time.LoadLocation(zone); err != nil {
				return fmt.Errorf("%q is no time zone; write one such as Europe/Berlin", zone)
			}
			value.Value, value.Evidence, value.Confidence = fmt.Sprintf(`{time_zone: %s, days: [mon-fri], hours: %q}`, zone, m[1]), "typed by hand", propose.High
			return nil
		}, "Waits are measured in working hours. Type hours such as 09:00-17:00, with a zone behind them if it is another one; skip to take those of the whole config.")
		if err != nil {
			return err
		}
		value.On = got != skipped
		o.Hours = value
		if err := s.measure(false); err != nil {
			o.Hours.On = false
			s.say(2, "%v", err)
			return s.measure(false)
		}
		return nil
	}
}

func (s *session) zoneOf(account string) string {
	if zone := s.sample.Zones[account]; zone != "" {
		return zone
	}
	return s.zone
}

// askTargets asks about a project's targets.
func (s *session) askTargets(i int) question {
	return func(ctx context.Context, n, of int) error {
		p := &s.draft.Projects[i]
		set := p.Setting("targets")
		s.head(n, of, fmt.Sprintf("Project %s: how long should a wait take at most, in working hours?", p.Key), set)
		value := *set
		got, err := s.ask(ctx, func(text string) error {
			words := strings.Fields(text)
			if len(words) != 2 {
				return errors.New("type two durations, for acceptance and for questions, such as 8h 4h")
			}
			for _, w := range words {
				if d, err := time.ParseDuration(w); err != nil || d <= 0 {
					return fmt.Errorf("%q is no duration; write one such as 8h or 90m", columns.Clean(w))
				}
			}
			value.Value, value.Evidence, value.Confidence = fmt.Sprintf("{acceptance: %s, question: %s}", words[0], words[1]), "typed by hand", propose.High
			return nil
		}, "Targets are what the team and its owner agree on. Type two durations, for acceptance and for questions, such as 8h 4h. Skip to take 8h and 4h.")
		if err != nil {
			return err
		}
		value.On = got != skipped
		p.Set(value)
		return nil
	}
}

// askEntry asks whether an entry of a list is right.
func (s *session) askEntry(text string, set *propose.Setting, help string) question {
	return func(ctx context.Context, n, of int) error {
		s.head(n, of, columns.Clean(text), set)
		got, err := s.ask(ctx, nil, help)
		if err == nil {
			set.On = got != skipped
		}
		return err
	}
}

// sayProject prints the proposal for a project without asking.
func (s *session) sayProject(i int) {
	p := &s.draft.Projects[i]
	s.blank()
	s.say(0, "Project %s (%s)", p.Key, columns.Clean(p.Name))
	for _, set := range p.Settings {
		s.saySetting(set.Key+": ", set)
	}
}

// sayPeople prints the proposals for owners, delegations and automation.
func (s *session) sayPeople() {
	s.blank()
	for _, o := range s.draft.Used().Owners {
		s.say(0, "Owner %s (%s)", o.Key, columns.Clean(o.Name))
		s.saySetting("calendar: ", o.Hours)
	}
	for _, set := range s.draft.Delegations {
		s.saySetting("delegation: ", set)
	}
	for _, set := range s.draft.Automation {
		s.saySetting("automation account: ", set)
	}
}

// saySetting prints a setting with its evidence.
func (s *session) saySetting(prefix string, set propose.Setting) {
	mark := "written"
	if !set.On {
		mark = "commented out"
	}
	s.say(2, "%s%s", prefix, set.Value)
	s.say(4, "%s, %s confidence: %s.", mark, set.Confidence, set.Evidence)
}

// showReplay shows what the config would have measured, before it is written.
func (s *session) showReplay() {
	s.blank()
	s.say(0, "With this config the stories that were read have had, in the last 90 days:")
	for i := range s.draft.Projects {
		key := s.draft.Projects[i].Key
		m := s.replay[key]
		s.say(2, "%s: %s; %s; %d stories were done without acceptance; %d of %d waits belong to nobody", key,
			waits(m.Acceptance, "acceptance waits"), waits(m.Question, "questions"), m.Bypassed, m.Unowned, m.Parts)
		for _, e := range m.Check {
			s.say(4, "check by hand: %s/browse/%s %s", s.site, e.Story, e.What)
		}
	}
	s.blank()
}

// waits words what was measured of a kind.
func waits(w propose.Waits, what string) string {
	text := fmt.Sprintf("%d %s", w.All(), what)
	if w.All() == 0 {
		return "no " + what
	}
	if w.Open > 0 {
		text += fmt.Sprintf(" (%d still open)", w.Open)
	}
	if w.Known {
		text += fmt.Sprintf(", median %.1f working hours", w.Median.Hours())
	}
	return text
}
