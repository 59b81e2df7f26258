package propose

import (
	"fmt"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// Hours are when somebody works.
type Hours struct {
	Zone       string // IANA name
	Days       [7]bool
	From, To   time.Duration // of the local day, on the half hour
	Confidence Confidence
	Evidence   string
}

// The least that a histogram of somebody's events must hold to say something about hours.
const (
	fewestEvents  = 100
	fewestWeeks   = 4
	binsPerDay    = 48 // half hours
	binLength     = 30 * time.Minute
	quietestShare = 0.2 // of the mean of the busiest eight hours: a half hour below it is free time
)

// hoursOf finds somebody's working hours in the instants at which they did
// something, in the zone of their profile; where Jira tells no zone, in
// fallback.
func hoursOf(instants []latency.Instant, profile, fallback string) Hours {
	h := Hours{Zone: profile, From: 9 * time.Hour, To: 17 * time.Hour, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, Confidence: Low}
	if h.Zone == "" {
		h.Zone = fallback
	}
	loc, err := time.LoadLocation(h.Zone)
	if err != nil {
		loc, h.Zone = time.UTC, "UTC"
	}
	var days [7]int
	var bins [binsPerDay]int
	weeks := map[int64]bool{}
	for _, at := range instants {
		t := at.Time().In(loc)
		days[t.Weekday()]++
		bins[t.Hour()*2+t.Minute()/30]++
		weeks[t.Unix()/int64((7*24*time.Hour).Seconds())] = true
	}
	if len(instants) < fewestEvents || len(weeks) < fewestWeeks {
		h.Evidence = fmt.Sprintf("only %d events in %d weeks: too few to see hours, so 09:00-17:00 in %s", len(instants), len(weeks), h.Zone)
		return h
	}
	from, length := activeBins(bins)
	h.From, h.To = time.Duration(from)*binLength, time.Duration(from+length)*binLength
	worked := 0
	for d, n := range days {
		if h.Days[d] = n*20 >= len(instants); h.Days[d] { // one event in twenty
			worked++
		}
	}
	inside := 0
	for i := range length {
		inside += bins[(from+i)%binsPerDay]
	}
	h.Confidence = Medium
	if profile != "" && share(inside, len(instants)) >= 0.9 {
		h.Confidence = High
	}
	h.Evidence = fmt.Sprintf("%d of %d events in %d weeks fall between %s and %s in %s, on %d days of the week", inside, len(instants), len(weeks), clock(h.From), clock(h.To), h.Zone, worked)
	return h
}

// activeBins returns the longest run of half hours, over midnight too, in which
// at least a fifth happens of what happens in the busiest eight hours on
// average. A single quiet half hour, as lunch is, does not end the run.
func activeBins(bins [binsPerDay]int) (from, length int) {
	const eight = 16
	busiest := 0
	for i := range bins {
		sum := 0
		for j := range eight {
			sum += bins[(i+j)%binsPerDay]
		}
		busiest = max(busiest, sum)
	}
	least := quietestShare * float64(busiest) / eight
	active := func(i int) bool { return float64(bins[((i%binsPerDay)+binsPerDay)%binsPerDay]) >= least }
	for i := range bins {
		if !active(i) || active(i-1) || active(i-2) {
			continue
		}
		n, last := 0, 0
		for n < binsPerDay && (active(i+n) || n+1 < binsPerDay && active(i+n+1) || n+2 < binsPerDay && active(i+n+2)) {
			if active(i + n) {
				last = n
			}
			n++
		}
		if last+1 > length {
			from, length = i, last+1
		}
	}
	if length == 0 {
		return 0, binsPerDay
	}
	return from, length
}

// clock renders a time of the day.
func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours())%25, int(d.Minutes())%60)
}
