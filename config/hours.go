package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/internal/calendar"
)

// Hours are the hours of work. The file has either intervals such as "09:00-17:00",
// which hold on the calendar's days, or a mapping from weekdays to intervals. One
// of the fields is set; neither is if the file has no hours.
type Hours struct {
	Each  []calendar.Interval
	ByDay map[time.Weekday][]calendar.Interval // a weekday that is absent is a day off
}

// isZero reports whether the file has no hours.
func (h Hours) isZero() bool { return h.Each == nil && h.ByDay == nil }

const hoursForm = `hours, as in "09:00-17:00", or hours by day, as in {mon-thu: ["09:00-12:00", "13:00-17:00"], fri: ["09:00-15:00"]}`

func (h *Hours) decodeNode(d *decoder, n *yaml.Node, key string) {
	if n.Kind != yaml.MappingNode {
		if each, ok := d.intervals(n, key, hoursForm); ok {
			h.Each = each
		}
		return
	}
	h.ByDay = map[time.Weekday][]calendar.Interval{}
	given := map[time.Weekday]string{}
	nodes := d.entries(n, key, nil)
	for i := 0; i+1 < len(n.Content); i += 2 { // in the order of the file
		name := n.Content[i].Value
		node, ok := nodes[name]
		if !ok || node != n.Content[i+1] {
			continue // reported already
		}
		at := join(key, name)
		days, err := weekdays(name)
		if err != nil {
			d.on(at, "%v", err)
			continue
		}
		intervals, ok := d.intervals(target(node), at, `hours, as in "09:00-17:00"`)
		if !ok {
			continue
		}
		for _, day := range days {
			if first, again := given[day]; again {
				d.on(at, "%s has its hours from %s already; name each day once", dayNames()[day], first)
				break
			}
			given[day], h.ByDay[day] = name, intervals
		}
	}
}

// intervals reads one interval or a list of them, which may be empty.
func (d *decoder) intervals(n *yaml.Node, key, form string) ([]calendar.Interval, bool) {
	switch {
	case n != nil && n.Kind == yaml.ScalarNode && !isNull(n):
		interval, err := parseInterval(n.Value)
		if err != nil {
			d.on(key, "%v", err)
			return nil, false
		}
		return []calendar.Interval{interval}, true
	case n != nil && n.Kind == yaml.SequenceNode:
		intervals, fine := []calendar.Interval{}, true
		for i, node := range n.Content {
			at := item(key, i)
			d.lines[at] = node.Line
			if node = target(node); node == nil || node.Kind != yaml.ScalarNode {
				d.on(at, `is not an interval; write it as in "09:00-17:00"`)
				fine = false
				continue
			}
			interval, err := parseInterval(node.Value)
			if err != nil {
				d.on(at, "%v", err)
				fine = false
			}
			intervals = append(intervals, interval)
		}
		return intervals, fine
	case n == nil:
		d.on(key, "is an alias of itself; write the value")
	default:
		d.wrong(n, key, form)
	}
	return nil, false
}

// parseInterval reads an interval of the local day, as in 09:00-17:00. One
// whose end is before its start goes on into the next day.
func parseInterval(text string) (calendar.Interval, error) {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return calendar.Interval{}, fmt.Errorf(`%q is not an interval; write it as in "09:00-17:00"`, shorten(text))
	}
	var iv calendar.Interval
	var err error
	if iv.From, err = parseMinute(from); err != nil {
		return calendar.Interval{}, err
	}
	if iv.To, err = parseMinute(to); err != nil {
		return calendar.Interval{}, err
	}
	if iv.From == 24*60 {
		return calendar.Interval{}, fmt.Errorf("%q begins at the end of the day; write 00:00 and the next day", shorten(text))
	}
	if iv.From == iv.To {
		return calendar.Interval{}, fmt.Errorf(`%q has no length; write "00:00-24:00" for the whole day, or [] for a day off`, shorten(text))
	}
	return iv, nil
}

// parseMinute reads a time of day as minutes since midnight; 24:00 is its end.
func parseMinute(text string) (int, error) {
	text = strings.TrimSpace(text)
	hour, minute, ok := strings.Cut(text, ":")
	h, hErr := strconv.ParseUint(hour, 10, 8)
	m, mErr := strconv.ParseUint(minute, 10, 8)
	if !ok || len(hour) > 2 || len(minute) != 2 || hErr != nil || mErr != nil || m > 59 || h*60+m > 24*60 {
		return 0, fmt.Errorf("%q is not a time of day; write 00:00 to 24:00", shorten(text))
	}
	return int(h*60 + m), nil
}

// dayNames returns the names of the days, indexed by time.Weekday.
func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// weekdays reads a day, a range of days such as mon-thu or sat-mon, or daily.
func weekdays(text string) ([]time.Weekday, error) {
	names := dayNames()
	if text == "daily" {
		text = "sun-sat"
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, to := slices.Index(names, first), slices.Index(names, last)
	if from < 0 || to < 0 {
		return nil, fmt.Errorf("%q is not a day; write mon, tue, wed, thu, fri, sat, sun, a range such as mon-thu, or daily", shorten(text))
	}
	days := []time.Weekday{time.Weekday(from)}
	for day := from; day != to; {
		day = (day + 1) % len(names)
		days = append(days, time.Weekday(day))
	}
	return days, nil
}
