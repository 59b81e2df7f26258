package query

import "github.com/yourturn/yourturn/internal/latency"

// Meaning is a rule in plain words, and where it is explained.
type Meaning struct {
	Rule   string `json:"rule"`
	Words  string `json:"words"`
	Anchor string `json:"anchor"` // of docs/how-it-is-measured.md, and of the page /how
}

// MeaningOf returns what a rule that used an event of a wait means; without words if
// it is not known.
func MeaningOf(kind latency.Kind, rule latency.Rule) Meaning {
	m, ok := meanings()[kind][rule]
	if !ok {
		m = meanings()[""][rule]
	}
	m.Rule = string(rule)
	return m
}

// meanings are the meanings of the rules of a kind of wait, and of both.
func meanings() map[latency.Kind]map[latency.Rule]Meaning {
	say := func(words, anchor string) Meaning { return Meaning{Words: words, Anchor: anchor} }
	ended := func(o latency.Outcome) latency.Rule { return latency.Rule(o) }
	mark := func(t latency.EntryType) latency.Rule { return latency.Rule(t) }
	return map[latency.Kind]map[latency.Rule]Meaning{
		latency.Acceptance: {
			latency.EnteredAcceptance:   say("it was moved into acceptance", "acceptance-begins"),
			latency.CreatedInAcceptance: say("it was created in acceptance", "acceptance-begins"),
			latency.Paused:              say("the clock is stopped", "pauses"),
			latency.Resumed:             say("the clock runs again", "pauses"),
			latency.OwnerAsks:           say("the owner has asked the team something, so the clock is stopped", "pause-question"),
			latency.TeamSpoke:           say("the team has answered the owner, so the clock runs again", "pause-question"),
			ended(latency.Accepted):     say("accepted", "accepted"),
			ended(latency.Rejected):     say("rejected: sent back by the owner or a stand-in", "rejected"),
			ended(latency.Recalled):     say("recalled: somebody else took it back, and no verdict was given", "recalled"),
			ended(latency.Withdrawn):    say("withdrawn: no decision is needed any more", "acceptance-withdrawn"),
		},
		latency.Question: {
			latency.ByMention:        say("a comment asks the owner", "ask-mention"),
			latency.ByMarker:         say("a comment begins with a marker that asks", "ask-marker"),
			latency.ByStatus:         say("it was moved into a status that asks", "ask-status"),
			latency.ByLabel:          say("it got a label that asks", "ask-label"),
			latency.ByAssignment:     say("it was assigned to the owner, which asks", "ask-assignment"),
			latency.Joined:           say("asked again while the question is open", "joined"),
			latency.TakenBack:        say("one of the questions was taken back", "question-withdrawn"),
			latency.Replied:          say("a comment by somebody else, which is no answer", "replies"),
			ended(latency.Answered):  say("answered", "answered"),
			ended(latency.Resolved):  say("resolved: somebody else took away what asks", "resolved"),
			ended(latency.Withdrawn): say("withdrawn: no answer is needed any more", "question-withdrawn"),
			ended(latency.Obsolete):  say("obsolete: the story was done, and nobody had answered", "obsolete"),
			ended(latency.Lapsed):    say("lapsed: nobody had commented for a long time", "lapsed"),
		},
		"": {
			latency.Handed:                       say("the owner changed: the wait goes on with the next one", "hand-over"),
			mark(latency.EntrySlip):              say("a slip: a move that was taken back at once", "slip"),
			mark(latency.EntryBypass):            say("done without acceptance", "bypassed"),
			mark(latency.GuardReopened):          say("worked on again soon after it was accepted", "guard-reopened"),
			mark(latency.GuardSilentRejection):   say("rejected without a comment", "guard-silent-rejections"),
			mark(latency.GuardInstantAcceptance): say("accepted within a minute", "guard-instant-acceptances"),
			mark(latency.GuardAskedAgain):        say("asked again soon after the answer", "guard-asked-again"),
		},
	}
}
