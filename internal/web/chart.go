package web

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/words"
)

// chart is the picture of a story's life. What lies in time has its place in percent of the
// width, and all else in pixels: so it fits any window, and its letters are never scaled.
type chart struct {
	Title, Text string // what it shows, for those who do not see it
	Height      int
	Axis        int // where the ticks' text stands
	Ticks       []tick
	Hours       []box
	Lanes       []chartLane
	Now         string // where the present is; "": outside
	Legend      []legend
	Zone        string
	Other       menuEntry // leads to another stretch of the life; zero: there is none
}

// tick is a mark on the axis of time.
type tick struct {
	X, Text string
	Wide    bool // it has room in a wide window alone
}

// chartLane is a row of a chart.
type chartLane struct {
	Name       string
	NameY      int
	Y          int
	Boxes      []box
	Over       []box // what lies over them
	HandedOver []box
	TextY, End int
}

// box is a stretch of time in a lane. Fits says in which windows its text has room: "" in
// none, else any, middle or wide.
type box struct {
	X, Width          string
	Class, Text, Fits string
	Title             string // what it is, in words

	from, to float64 // percent
	room     float64 // of it, that its text has; 0: all
}

// legend explains a class of boxes.
type legend struct {
	Class, Text string
	Under       string // the class of what it lies on; "": on nothing
}

const (
	laneName   = 17 // pixels of a lane's name
	laneHeight = 26
	laneGap    = 8
	axisHeight = 20
	crowd      = 60  // a lane with more boxes joins the narrow ones
	narrow     = 2.0 // percent: what is less is joined there
)

// scale turns instants into places.
type scale struct {
	from, to latency.Instant
	zone     *time.Location
}

// at returns the place of an instant in percent, within the picture.
func (s scale) at(i latency.Instant) float64 {
	return 100 * float64(min(max(i, s.from), s.to)-s.from) / float64(max(1, s.to-s.from))
}

// box returns the box of a stretch; ok is false if none of it is in the picture.
func (s scale) box(from, to query.Time, class, text, title string) (box, bool) {
	if to.Instant() < s.from || from.Instant() > s.to {
		return box{}, false
	}
	b := box{Class: class, Text: text, Title: title, from: s.at(from.Instant()), to: s.at(to.Instant())}
	return b, true
}

// percent writes a place.
func percent(at float64) string { return strconv.FormatFloat(at, 'f', 2, 64) + "%" }

// span says from when to when something was.
func (s scale) span(from, to query.Time) string {
	say := func(t query.Time) string { return t.Instant().Time().In(s.zone).Format("2 Jan 2006 15:04") }
	return say(from) + " to " + say(to)
}

// placed writes the places of boxes, with what has room, and joins narrow ones where there
// are very many: a picture has no more to show, and a page must stay small.
func placed(boxes []box) []box {
	if len(boxes) > crowd {
		boxes = joined(boxes)
	}
	for i := range boxes {
		b := &boxes[i]
		width := max(b.to-b.from, 0.3)
		b.X, b.Width = percent(min(b.from, 100-width)), percent(width)
		space := width
		if b.room != 0 {
			space = b.room
		}
		need := float64(7*utf8.RuneCountInString(b.Text) + 12) // pixels
		for _, fit := range []struct {
			name   string
			window float64
		}{{"any", 350}, {"middle", 680}, {"wide", 1000}} {
			if b.Text != "" && space/100*fit.window >= need {
				b.Fits = fit.name
				break
			}
		}
	}
	return boxes
}

// joined returns boxes, in order of time, with each run of narrow ones as one.
func joined(boxes []box) []box {
	var out []box
	run := 0 // how many boxes the last one is made of; 0: it is wide
	for _, b := range boxes {
		if b.to-b.from >= narrow {
			out, run = append(out, b), 0
			continue
		}
		if last := len(out) - 1; run > 0 && b.from-out[last].to < narrow/2 && b.to-out[last].from < 2*narrow {
			run++
			out[last].to = max(out[last].to, b.to)
			out[last].Class, out[last].Text, out[last].Title = b.Class+" many", "", fmt.Sprintf("%d changes", run)
			continue
		}
		out, run = append(out, b), 1
	}
	return out
}

// newChart draws what lies within a stretch of a story's life.
func newChart(key string, t *query.Timeline, within query.Stretch, zone *time.Location) chart {
	s := scale{within.From.Instant(), max(within.To.Instant(), within.From.Instant()+1), zone}
	c := chart{
		Title: "The life of " + key + ", " + s.span(within.From, within.To),
		Axis:  axisHeight - 6, Zone: zone.String(),
	}
	seen := map[string]bool{}
	for _, h := range t.Hours {
		if b, ok := s.box(h.From, h.To, "hours", "", ""); ok {
			c.Hours = append(c.Hours, b)
			seen["hours"] = true
		}
	}
	c.Hours = placed(c.Hours)
	y := axisHeight
	add := func(name string, boxes, over, handed []box) {
		if len(boxes) == 0 {
			return
		}
		for _, b := range slices.Concat(boxes, over, handed) {
			seen[b.Class] = true
		}
		l := chartLane{Name: name, NameY: y + laneName - 4, Y: y + laneName, Boxes: placed(boxes), Over: placed(over), HandedOver: placed(handed)}
		l.TextY, l.End = l.Y+laneHeight-8, l.Y+laneHeight
		y = l.End + laneGap
		c.Lanes = append(c.Lanes, l)
	}
	add("Status", s.statuses(t), nil, nil)
	for _, kind := range []string{string(latency.Acceptance), string(latency.Question)} {
		boxes, over, handed := s.waits(t, kind)
		add(map[string]string{string(latency.Acceptance): "Waiting for acceptance by", string(latency.Question): "Waiting for an answer from"}[kind], boxes, over, handed)
	}
	c.Height = y
	c.Ticks = s.ticks()
	if now := t.To.Instant(); s.from <= now && now <= s.to {
		c.Now = percent(min(s.at(now), 99.9))
	}
	wait := string(latency.Question)
	if seen["acceptance"] {
		wait = string(latency.Acceptance)
	}
	for _, l := range []legend{
		{Class: "status accepts", Text: "a status in which it waits for acceptance"},
		{Class: "acceptance", Text: "waits for acceptance"},
		{Class: "question", Text: "waits for an answer"},
		{Class: "late", Text: "past target"},
		{Class: "paused", Text: "the clock is stopped"},
		{Class: "away", Text: "the owner is away and nobody stands in: their clock is stopped"},
		{Class: "absent", Text: "the owner is away"},
		{Class: "off", Text: "outside working hours: the clock does not run", Under: wait},
		{Class: "handed", Text: "handed over"},
		{Class: "hours", Text: "working hours of the owner"},
	} {
		if seen[l.Class] {
			c.Legend = append(c.Legend, l)
		}
	}
	if c.Now != "" {
		c.Legend = append(c.Legend, legend{Class: "now", Text: "now, as of the data"})
	}
	c.Text = s.told(t)
	return c
}

// statuses are the boxes of the statuses.
func (s scale) statuses(t *query.Timeline) []box {
	var out []box
	for _, st := range t.Statuses {
		class, name := "status", plain(st.Status, nameLength)
		switch {
		case st.Gone:
			class, name = "status gone", "cannot be seen"
		case st.Accepts:
			class = "status accepts"
		}
		if b, ok := s.box(st.From, st.To, class, name, name+", "+s.span(st.From, st.To)); ok {
			out = append(out, b)
		}
	}
	return out
}

// waits are the boxes of a kind of wait, what lies over them, and the hand-overs.
func (s scale) waits(t *query.Timeline, kind string) (boxes, over, handed []box) {
	for _, bar := range t.Bars {
		if bar.Kind != kind {
			continue
		}
		name := plain(bar.Owner.Name, nameLength)
		title := name + ", " + s.span(bar.From, bar.To)
		if bar.Open {
			title = name + ", open since " + bar.From.Instant().Time().In(s.zone).Format("2 Jan 2006 15:04")
		}
		b, ok := s.box(bar.From, bar.To, kind, name, title)
		if !ok {
			continue
		}
		for _, stretch := range slices.Concat(bar.Paused, bar.Away) { // no text lies under those
			if at := s.at(stretch.From.Instant()); at > b.from || stretch.To.Instant() > s.from {
				space := max(at-b.from, 0.01)
				if b.room == 0 || space < b.room {
					b.room = space
				}
			}
		}
		boxes = append(boxes, b)
		lay := func(list []query.Stretch, class, what string) {
			for _, stretch := range list {
				if b, ok := s.box(stretch.From, stretch.To, class, "", what+", "+s.span(stretch.From, stretch.To)); ok {
					over = append(over, b)
				}
			}
		}
		if bar.Owner == t.Bars[len(t.Bars)-1].Owner {
			lay(between(t.Hours, query.Stretch{From: bar.From, To: bar.To}), "off", "outside working hours")
		}
		lay(bar.Paused, "paused", "the clock is stopped")
		lay(bar.Away, "away", "the owner is away, and nobody stands in")
		lay(bar.Absent, "absent", "the owner is away")
		if bar.Late.Known() {
			lay([]query.Stretch{{From: bar.Late, To: bar.To}}, "late", "past target")
		}
	}
	for _, h := range t.Changes {
		if h.Kind != kind {
			continue
		}
		if b, ok := s.box(h.At, h.At, "handed", "", "handed over from "+plain(h.From.Name, nameLength)+" to "+plain(h.To.Name, nameLength)); ok {
			handed = append(handed, b)
		}
	}
	slices.SortStableFunc(over, func(a, b box) int { return int(a.from*100) - int(b.from*100) })
	return boxes, over, handed
}

// between returns what of a stretch lies between working hours, which are in order; nothing if
// they are not known.
func between(hours []query.Stretch, of query.Stretch) []query.Stretch {
	if len(hours) == 0 {
		return nil
	}
	var out []query.Stretch
	at := of.From
	for _, h := range hours {
		if h.From > at && at < of.To {
			out = append(out, query.Stretch{From: at, To: min(h.From, of.To)})
		}
		at = max(at, h.To)
	}
	if at < of.To {
		out = append(out, query.Stretch{From: at, To: of.To})
	}
	return out
}

// told says in words what the picture shows, in short: the page has it as a table too.
func (s scale) told(t *query.Timeline) string {
	waits := 0
	for _, b := range t.Bars {
		if b.To.Instant() >= s.from && b.From.Instant() <= s.to {
			waits++
		}
	}
	text := "Statuses as bands, and below them " + words.Count(waits, "wait", "waits") + " as bars with the name of the owner."
	if len(t.Statuses) > 0 {
		text += " The last status is " + plain(t.Statuses[len(t.Statuses)-1].Status, nameLength) + "."
	}
	return text + " The table below has every event."
}

// ticks are the marks of the axis: at most nine, of which at most four have room in a narrow window.
func (s scale) ticks() []tick {
	const day = 24 * time.Hour
	length := s.to.Sub(s.from)
	for _, step := range []time.Duration{15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 91 * day, 365 * day, 1826 * day} {
		if length/step > 8 {
			continue
		}
		return s.ticksEvery(step)
	}
	return nil
}

// ticksEvery are the marks at local times that are a multiple of a step.
func (s scale) ticksEvery(step time.Duration) []tick {
	const day = 24 * time.Hour
	from := s.from.Time().In(s.zone)
	var at time.Time
	next := func(t time.Time) time.Time { return t.Add(step) }
	form := "2 Jan"
	switch {
	case step < day:
		at = time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, s.zone)
		form = "2 Jan 15:04"
	case step < 30*day:
		at = time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, s.zone)
		next = func(t time.Time) time.Time { return t.AddDate(0, 0, int(step/day)) }
	default:
		at = time.Date(from.Year(), 1, 1, 0, 0, 0, 0, s.zone)
		months := max(1, int(step/(30*day)))
		next = func(t time.Time) time.Time { return t.AddDate(0, months, 0) }
		form = "Jan 2006"
	}
	var out []tick
	for ; latency.At(at) <= s.to; at = next(at) {
		if place := s.at(latency.At(at)); latency.At(at) >= s.from && place < 88 {
			out = append(out, tick{X: percent(place), Text: at.Format(form), Wide: place > 74})
		}
	}
	every := max(1, (len(out)+3)/4)
	for i := range out {
		out[i].Wide = out[i].Wide || i%every != 0
	}
	return out
}
