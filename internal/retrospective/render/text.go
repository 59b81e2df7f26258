package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
	"github.com/yourturn/yourturn/internal/untrusted"
	"github.com/yourturn/yourturn/internal/words"
)

// longestName is how many characters of a name or a title are shown.
const longestName = 80

// plain makes one line of what Jira or the config says, of at most longestName
// characters, without the characters that turn the direction of writing.
func plain(s string) string { return cut(s, longestName) }

// cut is plain with at most so many characters.
func cut(s string, most int) string {
	s = untrusted.Line(s)
	if runes := []rune(s); len(runes) > most {
		return strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return s
}

// linked writes a story as Markdown links it.
func linked(s story) string {
	out := untrusted.Markdown(s.Key)
	if s.URL != "" {
		out = "[" + out + "](" + strings.NewReplacer("(", "%28", ")", "%29", "|", "%7C", " ", "%20", "<", "%3C", ">", "%3E").Replace(s.URL) + ")"
	}
	if s.Title != "" {
		out += " " + untrusted.Markdown(s.Title)
	}
	return out
}

// Length writes a length of working time.
func Length(l retrospective.Length) string {
	switch d := l.Duration; {
	case !l.Reached:
		return "not reached"
	case d < 0:
		return "−" + Length(retrospective.Length{Duration: -d, Reached: true})
	case d == 0:
		return "0 h"
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 10*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	default:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
}

// within writes by when a share of waits is responded to.
func within(l retrospective.Length) string {
	if !l.Reached {
		return "not yet"
	}
	return "within " + Length(l)
}

func between(i retrospective.Interval) string { return Length(i.Low) + " to " + Length(i.High) }

// reached writes a length and where it lies.
func reached(l retrospective.Length, i retrospective.Interval) string {
	return Length(l) + " (" + between(i) + ")"
}

func (f Format) date(i retrospective.Instant) string {
	return latency.Instant(i).Time().In(f.Zone).Format("2 Jan 2006 15:04")
}

// days returns the first and the last day of a range.
func days(e retrospective.Extent, zone *time.Location) (from, last time.Time) {
	return latency.Instant(e.From).Time().In(zone), latency.Instant(e.To).Time().Add(-time.Millisecond).In(zone)
}

// extent names a range: by its name, or by its first and last day.
func (f Format) extent(e retrospective.Extent) string {
	from, last := days(e, f.Zone)
	text := from.Format("2 Jan") + " – " + last.Format("2 Jan 2006")
	if from.Year() != last.Year() {
		text = from.Format("2 Jan 2006") + " – " + last.Format("2 Jan 2006")
	}
	if e.Name != "" {
		return plain(e.Name) + " (" + text + ")"
	}
	return text
}

// shortly names a range where there is little room.
func (f Format) shortly(e retrospective.Extent) string {
	if name := cut(e.Name, 20); name != "" {
		return name
	}
	from, last := days(e, f.Zone)
	return from.Format("2 Jan") + " – " + last.Format("2 Jan")
}

// percent writes a share of one.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// bounds writes the bounds of a share.
func bounds(s retrospective.Share) string {
	if s.Hours == 0 {
		return "no story was in work"
	}
	return words.Between(s.Low, s.High)
}

// spaced writes the name of a rule, an outcome or a stage.
func spaced[T ~string](name T) string { return strings.ReplaceAll(string(name), "_", " ") }

// stage writes the name of a stage.
func stage(s latency.Stage) string {
	switch s {
	case latency.StageOwner:
		return "waiting for the owner"
	case latency.StageOwnerQuestion:
		return "question open, work may go on"
	default:
		return spaced(s)
	}
}

// times writes how many targets a wait has lasted.
func times(targets float64) string { return fmt.Sprintf("%.1f × target", targets) }

// pValue writes a p-value.
func pValue(p float64) string {
	if p < 0.001 {
		return "under 0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// count writes a number with its noun.
func count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

// shows says what a comparison of so many waits can show.
func shows(power int) string {
	if power == 0 {
		return "With so few waits, not even 24 of 100 comparisons would see waits that are 60 % shorter."
	}
	return fmt.Sprintf("With so many waits, at least %d of 100 comparisons would see waits that are 60 %% shorter.", power)
}

// chance is shows for a cell of a table.
func chance(power int) string {
	if power == 0 {
		return "under 24 of 100"
	}
	return fmt.Sprintf("at least %d of 100", power)
}
