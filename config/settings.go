package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Settings are the rules by which a project's stories are read. A status is an id
// or a name.
type Settings struct {
	AcceptanceStatuses   []string            `yaml:"acceptance_statuses"`    // in which a story waits for its owner's verdict; empty: no acceptance step
	AcceptedStatuses     []string            `yaml:"accepted_statuses"`      // to which accepting moves; empty: category Done, or stage release
	WithdrawnStatuses    []string            `yaml:"withdrawn_statuses"`     // to which a story is taken away
	WithdrawnResolutions []string            `yaml:"withdrawn_resolutions"`  // with which a story is taken away; empty: the built-in list
	PausedStatuses       []string            `yaml:"paused_statuses"`        // in which a third party holds the story
	PauseWhenFlagged     bool                `yaml:"pause_when_flagged"`     // an impediment stops the clock
	PauseWhenAbsent      bool                `yaml:"pause_when_absent"`      // absence without a delegate stops the owner's clock
	PauseWhileOwnerAsks  bool                `yaml:"pause_while_owner_asks"` // an owner's question stops the clock of an acceptance wait
	SlipWindow           time.Duration       `yaml:"slip_window"`            // of wall time, within which a move can be undone
	MinDwell             time.Duration       `yaml:"min_dwell"`              // of wall time; automation's shorter visits are no waits
	QuestionStatuses     []string            `yaml:"question_statuses"`
	QuestionLabels       []string            `yaml:"question_labels"`
	Question             QuestionSettings    `yaml:"question"`
	OwnerField           string              `yaml:"owner_field"`    // name or id of a user field, such as assignee or reporter; empty: none
	DelegateField        string              `yaml:"delegate_field"` // name or id of a user field; empty: none
	Stages               map[string][]string `yaml:"stages"`         // statuses by stage
	Targets              Targets             `yaml:"targets"`
	HistoryFrom          Bound               `yaml:"history_from"` // what began earlier is not derived
}

// QuestionSettings say what asks the owner and what answers.
type QuestionSettings struct {
	Mention         bool          `yaml:"mention"`          // a question mark addressed to the owner asks
	MentionAny      bool          `yaml:"mention_any"`      // a mention asks, without a question mark too
	Markers         []string      `yaml:"markers"`          // a comment that begins with one asks
	AnsweredMarkers []string      `yaml:"answered_markers"` // the asker's comment that begins with one says that the answer came elsewhere
	Assignment      bool          `yaml:"assignment"`       // assigning the story to the owner asks
	AnswerByEdit    bool          `yaml:"answer_by_edit"`   // the owner's edit of the description answers
	LapseAfter      time.Duration `yaml:"lapse_after"`      // of working time without a comment; 0: never
}

// Targets are how long a wait should take at most, in working time.
type Targets struct {
	Acceptance time.Duration `yaml:"acceptance"`
	Question   time.Duration `yaml:"question"`
}

// Stages lists the stages of a story's life, in the order of the work.
func Stages() []string {
	return []string{"backlog", "development", "review", "test", "blocked", "release"}
}

// DefaultOwnerField is the name of the user field that says who owns a story,
// unless the file names another.
const DefaultOwnerField = "Product Owner"

// defaultSettings returns the settings of a file that has none.
func defaultSettings() Settings {
	return Settings{
		AcceptanceStatuses:  []string{"PO Review"},
		PauseWhenAbsent:     true,
		PauseWhileOwnerAsks: true,
		SlipWindow:          5 * time.Minute,
		MinDwell:            10 * time.Second,
		QuestionStatuses:    []string{"Waiting for PO"},
		QuestionLabels:      []string{"po-question"},
		Question: QuestionSettings{
			Mention:         true,
			Markers:         []string{"Q:", "Question:", "#question"},
			AnsweredMarkers: []string{"#answered", "Answered:", "A:"},
			LapseAfter:      240 * time.Hour,
		},
		OwnerField: DefaultOwnerField,
		Targets:    Targets{Acceptance: 8 * time.Hour, Question: 4 * time.Hour},
	}
}

// check reports problems with the settings under key. For a project it reports
// those with what the project itself gives; those with the rest are reported for
// the defaults.
func (s Settings) check(p *report, key string) {
	for _, l := range s.lists() {
		checkTexts(p, join(key, l.name), l.values, l.what)
	}
	for _, stage := range slices.Sorted(maps.Keys(s.Stages)) {
		name := join(key, "stages."+stage)
		if !slices.Contains(Stages(), stage) {
			if p.given(name) {
				p.on(name, "is not a stage; write %s", alternatives(Stages()))
			}
			continue
		}
		checkTexts(p, name, s.Stages[stage], "a name or id of a status")
	}
	s.checkStatuses(p, key)
	s.checkMarkers(p, key)

	for _, d := range []struct {
		name    string
		value   time.Duration
		atLeast time.Duration
		example string
	}{
		{"slip_window", s.SlipWindow, 0, "0 or more, such as 5m"},
		{"min_dwell", s.MinDwell, 0, "0 or more, such as 10s"},
		{"question.lapse_after", s.Question.LapseAfter, 0, "0 for never or more, such as 240h"},
		{"targets.acceptance", s.Targets.Acceptance, 1, "more than 0, such as 8h"},
		{"targets.question", s.Targets.Question, 1, "more than 0, such as 4h"},
	} {
		if name := join(key, d.name); d.value < d.atLeast && p.given(name) {
			p.on(name, "%s is too short; write %s", d.value, d.example)
		}
	}
}

// namedList is a list of the settings and its key.
type namedList struct {
	name   string
	values []string
	what   string // one of the values
}

// lists returns the lists whose values are names.
func (s Settings) lists() []namedList {
	const status, resolution, label = "a name or id of a status", "a name of a resolution", "a label"
	return []namedList{
		{"acceptance_statuses", s.AcceptanceStatuses, status},
		{"accepted_statuses", s.AcceptedStatuses, status},
		{"withdrawn_statuses", s.WithdrawnStatuses, status},
		{"withdrawn_resolutions", s.WithdrawnResolutions, resolution},
		{"paused_statuses", s.PausedStatuses, status},
		{"question_statuses", s.QuestionStatuses, status},
		{"question_labels", s.QuestionLabels, label},
	}
}

// checkStatuses reports a status that has two meanings.
func (s Settings) checkStatuses(p *report, key string) {
	groups := [][]namedList{
		{ // entering a status of one of these ends what a status of another begins
			{name: "acceptance_statuses", values: s.AcceptanceStatuses},
			{name: "accepted_statuses", values: s.AcceptedStatuses},
			{name: "withdrawn_statuses", values: s.WithdrawnStatuses},
			{name: "paused_statuses", values: s.PausedStatuses},
		},
		{ // one status cannot make a story wait for a verdict and for an answer
			{name: "acceptance_statuses", values: s.AcceptanceStatuses},
			{name: "question_statuses", values: s.QuestionStatuses},
		},
	}
	var stages []namedList
	for _, stage := range Stages() {
		stages = append(stages, namedList{name: "stages." + stage, values: s.Stages[stage]})
	}
	for _, group := range append(groups, stages) {
		seen := map[string]string{}
		for _, l := range group {
			name := join(key, l.name)
			for i, status := range l.values {
				folded := strings.ToLower(strings.TrimSpace(status))
				first, again := seen[folded]
				if folded == "" || !again || first == l.name {
					seen[folded] = l.name
					continue
				}
				switch {
				case p.given(name):
					p.on(item(name, i), "%q is in %s too; keep it in one of them", status, first)
				case p.given(join(key, first)):
					p.on(join(key, first), "holds %q, which is in %s of the defaults too; give %s here as well", status, l.name, l.name)
				}
			}
		}
	}
}

// maxMarker is the length of the longest marker, in characters.
const maxMarker = 100

func (s Settings) checkMarkers(p *report, key string) {
	asking := map[string]bool{}
	for _, l := range []namedList{
		{name: "question.markers", values: s.Question.Markers},
		{name: "question.answered_markers", values: s.Question.AnsweredMarkers},
	} {
		name := join(key, l.name)
		for i, marker := range l.values {
			at, folded := item(name, i), strings.ToLower(strings.TrimSpace(marker))
			switch {
			case folded == "" && p.given(at):
				p.on(at, "is empty, and every comment begins with that; write what a comment begins with, such as Q:")
			case utf8.RuneCountInString(marker) > maxMarker && p.given(at):
				p.on(at, "is %d characters long; write at most %d", utf8.RuneCountInString(marker), maxMarker)
			case l.name == "question.markers":
				asking[folded] = true
			case asking[folded] && (p.given(name) || p.given(join(key, "question.markers"))):
				p.on(at, "%q is in markers too, and a comment cannot both ask and answer; keep it in one of them", marker)
			}
		}
	}
}

// clone returns a copy into which a project's settings can be decoded. Decoding
// replaces lists as a whole, so only the map needs a copy of its own.
func (s Settings) clone() Settings {
	s.Stages = maps.Clone(s.Stages)
	return s
}

// item returns the key of a list's element.
func item(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
