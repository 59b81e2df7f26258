// Package propose makes a proposal of a config from the history of a Jira: which
// statuses wait for acceptance, who decides, when those people work. Each part
// has its evidence, in a sentence with counts, and a confidence. It is pure: it
// reads no clock and asks no Jira.
//
// The strongest signal is the hand-off: a visit of a status that somebody else
// ends than began it. Names in many languages are evidence on top.
// docs/first-hour.md has the rules with their thresholds and reasons.
package propose

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Sample is what a proposal is made from: stories of some projects with their
// whole histories, and what describes them.
type Sample struct {
	Meta    jiradata.Meta
	Stories []jiradata.Story
	Users   map[string]jiradata.User // by account
	Zones   map[string]string        // IANA zone of a profile, by account, where Jira tells it
	AsOf    latency.Instant
}

// slip is how soon a move that its actor takes back is none.
const slip = 5 * time.Minute

// visit is a stay of a story in a status.
type visit struct {
	story  int // index in the project's stories
	status string
	from   string // status before; "": the story was created here
	to     string // status after; "" while the visit goes on
	began  act
	ended  act
	drops  bool // it ended with a resolution that withdraws
}

// act is who did something, and when.
type act struct {
	at   latency.Instant
	by   string
	kind latency.AccountType
}

// story is a story as the proposal looks at it.
type story struct {
	source  *jiradata.Story
	created act
	visits  []visit
	over    bool // its last status is of category done
}

// timeline returns the visits of a story, in order.
func timeline(s *jiradata.Story, n int, dropped func(resolution string) bool) story {
	events := slices.Clone(s.History.Events)
	slices.SortFunc(events, latency.CompareEvents)
	out := story{source: s}
	resolution := ""
	for _, ev := range events {
		a := act{ev.At, ev.Actor, ev.ActorType}
		switch ev.Rank {
		case latency.RankCreated:
			out.created = a
		case latency.RankRecord:
			to, from, workflow := "", "", false
			for _, c := range ev.Changes {
				switch c.Field {
				case latency.FieldStatus:
					to, from = cmp.Or(c.To.ID, c.To.Name), cmp.Or(c.From.ID, c.From.Name)
				case latency.FieldResolution:
					resolution = c.To.Name
				case latency.FieldWorkflow:
					workflow = true
				}
			}
			if to == "" || workflow {
				continue
			}
			if len(out.visits) == 0 {
				out.visits = append(out.visits, visit{story: n, status: from, began: out.created})
			}
			last := &out.visits[len(out.visits)-1]
			if last.from == to && last.began.by == a.by && a.at <= last.began.at.Add(slip) && len(out.visits) > 1 {
				out.visits = out.visits[:len(out.visits)-1] // taken back at once
				back := &out.visits[len(out.visits)-1]
				back.to, back.ended = "", act{}
				continue
			}
			last.to, last.ended, last.drops = to, a, dropped(resolution)
			out.visits = append(out.visits, visit{story: n, status: to, from: last.status, began: a})
		default: // comments move nothing
		}
	}
	if len(out.visits) == 0 {
		if now := s.History.Now[latency.FieldStatus]; len(now) > 0 {
			out.visits = []visit{{story: n, status: now[0].ID, began: out.created}}
		}
	}
	return out
}

// holder returns who a user field held at an instant; "" for nobody. Of several
// people it is the first.
func (s *story) holder(field string, at latency.Instant) string {
	value := ""
	if now := s.source.History.Now[field]; len(now) > 0 {
		value = now[0].ID
	}
	// Backwards from today: the value before the first change after the instant.
	events := s.source.History.Events
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].At <= at {
			break
		}
		for _, c := range events[i].Changes {
			if c.Field == field {
				value = c.From.ID
			}
		}
	}
	first, _, _ := strings.Cut(value, ",")
	return first
}
