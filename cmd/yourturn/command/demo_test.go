package command

import (
	"net"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/suite"
)

// TestDemoHasALastWeek starts the demo's organisation at many hours of a week:
// whenever that is, some stories had their first decision in the last seven days, so
// that no panel over seven days is empty.
func TestDemoHasALastWeek(t *testing.T) {
	begin := time.Date(2026, time.May, 20, 15, 4, 5, 0, time.UTC)
	step := 17 * time.Hour // which meets ten different hours
	if suite.Full() {
		step = 5 * time.Hour
	}
	for at := begin; at.Before(begin.AddDate(0, 0, 7)); at = at.Add(step) {
		o := demoFlags{seed: 1}.organisation()
		o.Now = func() time.Time { return at }
		tm, err := team.New(o)
		if err != nil {
			t.Fatal(err)
		}
		judged := 0
		for _, w := range tm.Truth() {
			if w.Kind == "acceptance" && w.Cycle == 1 && (w.Outcome == "accepted" || w.Outcome == "rejected") && w.End.After(at.AddDate(0, 0, -7)) {
				judged++
			}
		}
		tm.Close()
		if judged < 3 {
			t.Errorf("started at %v, the demo shows %d first decisions in the last seven days", at, judged)
		}
	}
}

// TestReached: what listens everywhere is reached on loopback.
func TestReached(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:9818": "127.0.0.1:9818", "[::]:9818": "127.0.0.1:9818", "127.0.0.1:5": "127.0.0.1:5", "[::1]:5": "[::1]:5",
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := reached(a); got != want {
			t.Errorf("%s is reached at %s, want %s", address, got, want)
		}
	}
}
