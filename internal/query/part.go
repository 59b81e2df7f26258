package query

import (
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// Part is the stable JSON form of one owner's part of a wait. Times are in UTC
// with milliseconds, durations in seconds.
type Part struct {
	Story               string  `json:"story"`
	StoryID             string  `json:"story_id"`
	Project             string  `json:"project"`
	Kind                string  `json:"kind"`
	Owner               string  `json:"owner"`
	OwnerName           string  `json:"owner_name"`
	Start               string  `json:"start"`
	End                 *string `json:"end"` // null: still open
	Outcome             string  `json:"outcome"`
	Responder           string  `json:"responder"`
	Final               bool    `json:"final"`
	Part                int     `json:"part"`
	Cycle               *int    `json:"cycle"` // null: not a wait for acceptance
	ElapsedSeconds      float64 `json:"elapsed_seconds"`
	WorkingSeconds      float64 `json:"working_seconds"`
	PausedSeconds       float64 `json:"paused_seconds"`
	StoryElapsedSeconds float64 `json:"story_elapsed_seconds"`
	StoryWorkingSeconds float64 `json:"story_working_seconds"`
	TargetSeconds       float64 `json:"target_seconds"`
	Breached            bool    `json:"breached"`
	Forgotten           bool    `json:"forgotten"`
	Addressed           string  `json:"addressed"`
	Asks                int     `json:"asks"`
	OtherReplies        int     `json:"other_replies"`
	FirstReply          *string `json:"first_reply"`
	Rule                string  `json:"rule"`
	Title               string  `json:"title"` // of the story; "": none is kept
	URL                 string  `json:"url"`   // of the story, or of the comment that asks
	Events              []Event `json:"events"`
}

// Event is the stable JSON form of an event that a rule of a wait used. Where owners
// are not told apart it says of nobody who did it.
type Event struct {
	At    string `json:"at"`
	Event string `json:"event"` // record, comment, …; "" where only time passed
	ID    string `json:"id,omitempty"`
	Actor string `json:"actor"`
	Rule  string `json:"rule"`
}

// Part returns the stable form of w, of a story with a title; "": it has none.
func (r *Reader) Part(w *latency.Part, title string) Part {
	p := NewPart(r.Rules, w)
	p.Title, p.URL = title, r.Link(&w.Wait)
	return p
}

// NewPart returns the stable form of w without a title and an address.
func NewPart(rules *latency.Rules, w *latency.Part) Part {
	sec := func(d time.Duration) float64 { return latency.MillisecondsOf(d).Seconds() }
	p := Part{
		Story: w.Story, StoryID: strconv.FormatInt(w.StoryID, 10), Project: projectKey(rules, w.ProjectID), Kind: string(w.Kind),
		Owner: rules.Label(w.Owner), OwnerName: rules.LabelName(w.Owner), Start: Stamp(w.Start), End: stampOrNil(w.End), Outcome: string(w.Outcome), Responder: string(w.Responder),
		Final: w.Final, Part: w.Number, ElapsedSeconds: sec(w.Elapsed), WorkingSeconds: sec(w.Working), PausedSeconds: sec(w.Paused),
		StoryElapsedSeconds: sec(w.StoryElapsed), StoryWorkingSeconds: sec(w.StoryWorking), TargetSeconds: sec(w.Target),
		Breached: w.Breached, Forgotten: w.Forgotten, Addressed: rules.Label(w.Addressed), Asks: w.Asks, OtherReplies: w.OtherReplies, FirstReply: stampOrNil(w.FirstReply),
		Rule: string(w.Rule), Events: []Event{},
	}
	if w.Kind == latency.Acceptance {
		p.Cycle = &w.Cycle
	}
	for _, st := range w.Steps {
		e := Event{At: Stamp(st.At), Event: EventName(st), Rule: string(st.Rule)}
		if !rules.Together { // who ended a wait is its owner, as a rule
			e.Actor = rules.Pseudonym(rules.Person(st.Actor))
		}
		if st.ID != 0 {
			e.ID = strconv.FormatInt(st.ID, 10)
		}
		p.Events = append(p.Events, e)
	}
	return p
}

// EventName returns the name of the kind of event that a step was, or "" if only
// time passed.
func EventName(s latency.Step) string {
	switch s.Rank {
	case latency.RankCreated:
		if s.Actor == "" && s.ID == 0 {
			return ""
		}
		return "created"
	case latency.RankRecord:
		return "record"
	case latency.RankCommentAdded:
		return "comment"
	case latency.RankCommentEdited:
		return "comment_edited"
	case latency.RankCommentDeleted:
		return "comment_deleted"
	case latency.RankGone:
		return "gone"
	default:
		return "returned"
	}
}

// Stamp renders an instant in UTC with milliseconds.
func Stamp(i latency.Instant) string { return i.Time().Format("2006-01-02T15:04:05.000Z") }

func stampOrNil(i latency.Instant) *string {
	if i == latency.Never {
		return nil
	}
	s := Stamp(i)
	return &s
}
