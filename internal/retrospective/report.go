package retrospective

import (
	"encoding/json"
	"math"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/survival"
)

// Range is a stretch of time that waits are looked at in.
type Range struct {
	Name string // of a sprint; "" for a stretch of days
	latency.Span
}

// Options are what a report is made of.
type Options struct {
	Range  Range
	Before []Range // those that it is compared with, the latest first
	// DataTimestamp is as of when the store is: no range is derived as of a later
	// instant.
	DataTimestamp latency.Instant
	Projects      []string // keys; none: all that are watched
	PerOwner      bool     // whether statistics of single owners are made
	Longest       int      // how many of the longest waits are listed
	Arrangements  int      // up to how many a permutation test looks at one by one; 0: 200,000
	Workers       int      // that compute at a time; 0: one. They change no number
	StandInDays   int      // over how many days up to the range's end stand-ins are compared; 0: 180
}

// Report is the retrospective of a range. Its JSON form is stable: instants in UTC, lengths
// in seconds of working time, and null where a length is not reached.
type Report struct {
	Range       Extent        `json:"range"`
	Before      []Extent      `json:"before"`
	Projects    []Project     `json:"projects"`
	Longest     []Waited      `json:"longest"`     // without those that are forgotten
	Open        []Waited      `json:"open_at_end"` // with them
	Delegations []StandIn     `json:"stand_ins"`
	StandInDays int           `json:"stand_in_days"` // over how many days up to the range's end they are compared
	WhatIf      []Saving      `json:"what_if"`
	CycleTime   []CycleSaving `json:"what_if_cycle_time"`
	Talk        []Topic       `json:"questions_to_talk_about"`
	LeftOut     []Omission    `json:"left_out"`
	Notes       []Note        `json:"notes"`
	AsOf        Instant       `json:"as_of"`
}

// Instant is an instant whose JSON form is in UTC with milliseconds.
type Instant latency.Instant

// MarshalJSON implements json.Marshaler; an instant that never comes is null.
func (i Instant) MarshalJSON() ([]byte, error) {
	if latency.Instant(i) == latency.Never {
		return []byte("null"), nil
	}
	return json.Marshal(latency.Instant(i).Time().Format("2006-01-02T15:04:05.000Z"))
}

// Extent is a range as it was looked at.
type Extent struct {
	Name string  `json:"name"`
	From Instant `json:"from"`
	To   Instant `json:"to"`
	AsOf Instant `json:"as_of"` // earlier than To while the range runs
}

// Length is a length of working time, or that it is not reached: too few of the waits
// are over to say.
type Length struct {
	time.Duration
	Reached bool
}

// MarshalJSON implements json.Marshaler: seconds, or null.
func (l Length) MarshalJSON() ([]byte, error) {
	if !l.Reached {
		return []byte("null"), nil
	}
	return json.Marshal(latency.MillisecondsOf(l.Duration).Seconds())
}

// Interval is where a length lies, with 95 % confidence.
type Interval struct {
	Low  Length `json:"low_seconds"`
	High Length `json:"high_seconds"`
}

// length returns hours as a length; an infinite one is not reached.
func length(hours float64) Length {
	if math.IsInf(hours, 0) || math.IsNaN(hours) {
		return Length{}
	}
	return Length{time.Duration(math.Round(hours * float64(time.Hour))), true}
}

// Project is what a project's waits say.
type Project struct {
	Key    string   `json:"project"`
	Waits  []Waits  `json:"waits"`
	Share  []Share  `json:"share_of_cycle_time"` // of the range, then of those before
	Guards []Guards `json:"guards"`              // likewise
	Owners []Owner  `json:"owners,omitempty"`
}

// Share is the share of the cycle time in which a project's stories waited for an
// owner: at least Low, at most High.
type Share struct {
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Hours   float64 `json:"cycle_time_hours"`
	Stories int     `json:"stories"`
	Stages  []Stage `json:"stages"` // that stories were in, the longest first
	// Blocker is the stage in which stories stood the longest and nobody worked on them;
	// "": none is long enough, or there are too few stories.
	Blocker   latency.Stage `json:"largest_blocker"`
	BlockedBy float64       `json:"largest_blocker_share"`
}

// Stage is how much of the cycle time stories were in a stage. Low of a Share is the
// stage owner; High is that and owner_question.
type Stage struct {
	Name  latency.Stage `json:"stage"`
	Hours float64       `json:"hours"`
	Share float64       `json:"share"`
}

// Guards are what haste leaves behind, and what went past the owner, counted in the range.
type Guards struct {
	Reopened           int `json:"reopened"`
	SilentRejections   int `json:"rejected_without_a_comment"`
	InstantAcceptances int `json:"accepted_within_a_minute"`
	AskedAgain         int `json:"asked_again"`
	Bypassed           int `json:"done_without_acceptance"`
}

// Owner is what one owner's waits say. Owners are listed by name.
type Owner struct {
	Key   string  `json:"owner"`
	Name  string  `json:"name"`
	Waits []Waits `json:"waits"`
}

// Waits are those of a kind, in the range and in those before it.
type Waits struct {
	Kind   latency.Kind `json:"kind"`
	Target Length       `json:"target_seconds"`
	Cells  []Cell       `json:"ranges"` // the range, then those before, the latest first
	Change Change       `json:"change"`
}

// Cell describes the waits that ran in one range.
type Cell struct {
	Begun     int                     `json:"begun"`
	Outcomes  map[latency.Outcome]int `json:"outcomes"`  // of those that ended in the range
	Responded int                     `json:"responded"` // verdicts or answers
	Open      int                     `json:"open_at_end"`
	Censored  int                     `json:"ended_another_way"`
	Met       int                     `json:"met_target"`
	Breached  int                     `json:"passed_target"`
	Median    Length                  `json:"median_seconds"` // half are responded to within
	Interval  Interval                `json:"median_interval"`
	P85       Length                  `json:"p85_seconds"`
	P85Within Interval                `json:"p85_interval"`
	FirstPass latency.FirstPass       `json:"first_pass"` // of acceptance alone

	samples clusters
	saving  Saving                        // of the range's own cells
	saved   func(*survival.Curve) float64 // hours per wait; nil: nothing is told
	drawn   [][]float64                   // of the samples: the median, the 85 of 100, what is saved
}

// Direction is how a range compares with those before.
type Direction string

// The directions. Unclear is said where either side has fewer than ten responses.
const (
	Sooner    Direction = "sooner"
	Later     Direction = "later"
	NotShown  Direction = "no_difference_shown"
	Unclear   Direction = "cannot_tell"
	Unmatched Direction = "nothing_before"
)

// Change compares the median of a range with that of all ranges before it together.
type Change struct {
	Direction  Direction `json:"direction"`
	Before     Length    `json:"median_before_seconds"`
	Difference Length    `json:"difference_seconds"` // the range less those before
	Interval   Interval  `json:"difference_interval"`
	Now        int       `json:"responses"`
	Then       int       `json:"responses_before"`
	// Power is what so many waits can show: the percentage of comparisons of this size
	// that see waits which are 60 % shorter, by a log-rank test at 5 %. 0: under 24.
	Power int `json:"power_percent"`
}

// Waited is one wait of a list.
type Waited struct {
	Story   string          `json:"story"`
	Title   string          `json:"title"` // "": not known
	URL     string          `json:"url"`   // of the story in Jira, for people; "": not known
	Project string          `json:"project"`
	Kind    latency.Kind    `json:"kind"`
	Owner   string          `json:"owner"`
	Name    string          `json:"owner_name"`
	Start   Instant         `json:"start"`
	End     Instant         `json:"end"` // null: open at the end of the range
	Outcome latency.Outcome `json:"outcome"`
	Within  Length          `json:"within_range_seconds"` // on the story's clock, within the range
	Age     Length          `json:"age_seconds"`          // on the story's clock, at its end or the range's
	Targets float64         `json:"targets"`              // how many targets that is
	// Absent is the working time within the range that it stood because the owner was
	// away and nobody stood in.
	Absent    Length     `json:"stood_in_absences_seconds"`
	Forgotten bool       `json:"forgotten"` // open for long, and nothing happens on the story
	Steps     []Happened `json:"events"`

	StoryID int64 `json:"-"`
	Comment int64 `json:"-"` // that asks the question; 0: none does
}

// Happened is an event that counted in a wait.
type Happened struct {
	At   Instant      `json:"at"`
	Rule latency.Rule `json:"rule"`
	By   string       `json:"by"`      // a person; "" where only time passed
	Name string       `json:"by_name"` // as Jira shows it
}
