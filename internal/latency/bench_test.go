package latency

import (
	"fmt"
	"testing"
)

// benchmarkTales are stories such as there are many of: a year of life with
// questions, verdicts, a rejection, labels and talk.
func benchmarkTales(b *testing.B) []*History {
	var out []*History
	for i := range 50 {
		s := newTale(b, "Mon 08:00", "To Do").move("Mon 09:00", "dev", "In Progress").
			says("Mon 10:00", "dev", "a word").says("Mon 11:00", "dev2", "another").
			record("Mon 12:00", "dev", FieldAssignee, "dev").record("Mon 12:30", "dev", FieldLabels, "x y")
		if i%2 == 0 {
			s.says("Mon 13:00", "dev", "[~po] which?").says("Mon 15:00", "po", "that one")
		}
		s.move("Tue 09:00", "dev", "PO Review").says("Tue 10:00", "dev2", "waiting").move("Wed 09:00", "po", "In Progress").
			record("Wed 10:00", "dev", FieldSprint, fmt.Sprint(i)).says("Wed 11:00", "dev", "done again").
			move("Thu 09:00", "dev", "PO Review").record("Thu 10:00", "dev", FieldAssignee, "po")
		if i%10 != 0 {
			s.record("Fri 09:00", "po", FieldStatus, "Done", FieldResolution, "Fixed")
		}
		out = append(out, s.history())
	}
	return out
}

// BenchmarkStory derives decoded stories; events/s is what one core does.
func BenchmarkStory(b *testing.B) {
	tales := benchmarkTales(b)
	d := NewDeriver(testRules(b), nil)
	asOf := when(b, long)
	events := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h := tales[i%len(tales)]
		d.Story(h, asOf)
		events += len(h.Events)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(events)/float64(b.N), "events/op")
}

// BenchmarkStoryWithoutWaits derives stories nobody waits on: what an event
// itself costs.
func BenchmarkStoryWithoutWaits(b *testing.B) {
	h := newTale(b, "Mon 08:00", "To Do").move("Mon 09:00", "dev", "In Progress").says("Mon 10:00", "dev", "a word").
		says("Mon 11:00", "dev2", "another").record("Mon 12:00", "dev", FieldAssignee, "dev").record("Mon 12:30", "dev", FieldLabels, "x y").
		says("Mon 13:00", "dev", "a third").record("Mon 12:00", "dev", FieldAssignee, "dev2").history()
	d := NewDeriver(testRules(b), nil)
	asOf := when(b, long)
	events := 0
	b.ReportAllocs()
	for b.Loop() {
		d.Story(h, asOf)
		events += len(h.Events)
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
