package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
)

var update = flag.Bool("update", false, "write the golden files")

// at returns an instant of March 2026.
func at(day, hour int) retrospective.Instant {
	return retrospective.Instant(latency.At(time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC)))
}

func hoursOf(h float64) retrospective.Length {
	return retrospective.Length{Duration: time.Duration(h * float64(time.Hour)), Reached: true}
}

func interval(low, high float64) retrospective.Interval {
	return retrospective.Interval{Low: hoursOf(low), High: hoursOf(high)}
}

// sample is a report with something in every part of it, and names that are markup.
func sample() *retrospective.Report {
	const hostile = "<b>Ada</b> | *x* [y](z)\n# `no`"
	cell := retrospective.Cell{
		Begun: 14, Responded: 12, Open: 1, Censored: 1, Met: 10, Breached: 3, Outcomes: map[latency.Outcome]int{latency.Accepted: 9, latency.Rejected: 3, latency.HandedOver: 1},
		Median: hoursOf(5.2), Interval: interval(3.1, 8), P85: hoursOf(31), P85Within: interval(20, 90), FirstPass: latency.FirstPass{Accepted: 9, Stories: 12},
	}
	old := retrospective.Cell{Begun: 11, Responded: 11, Outcomes: map[latency.Outcome]int{latency.Accepted: 11}, Median: hoursOf(9), Interval: retrospective.Interval{Low: hoursOf(0.5)}}
	none := retrospective.Cell{}
	waits := retrospective.Waits{
		Kind: latency.Acceptance, Target: hoursOf(8), Cells: []retrospective.Cell{cell, old},
		Change: retrospective.Change{Direction: retrospective.Sooner, Before: hoursOf(9), Difference: hoursOf(-3.8), Interval: interval(-6, -0.4), Now: 12, Then: 11, Power: 29},
	}
	questions := retrospective.Waits{
		Kind: latency.Question, Target: hoursOf(4), Cells: []retrospective.Cell{none, none}, Change: retrospective.Change{Direction: retrospective.Unclear},
	}
	return &retrospective.Report{
		Range:  retrospective.Extent{Name: "=Sprint 12|", From: at(2, 0), To: at(16, 0), AsOf: at(16, 0)},
		Before: []retrospective.Extent{{From: at(2, 0) - 14*24*3600*1000, To: at(2, 0), AsOf: at(2, 0)}},
		AsOf:   at(20, 9),
		Projects: []retrospective.Project{{
			Key: "PAY", Waits: []retrospective.Waits{waits, questions},
			Share: []retrospective.Share{{Low: 0.031, High: 0.06, Hours: 900, Stories: 31, Blocker: "test", BlockedBy: 0.12, Stages: []retrospective.Stage{
				{Name: latency.StageDevelopment, Hours: 700, Share: 0.78}, {Name: latency.StageTest, Hours: 108, Share: 0.12}, {Name: latency.StageOwner, Hours: 28, Share: 0.031}, {Name: latency.StageOwnerQuestion, Hours: 26, Share: 0.029},
			}}, {}},
			Guards: []retrospective.Guards{{Reopened: 1, SilentRejections: 2, Bypassed: 3}, {AskedAgain: 1, InstantAcceptances: 4}},
			Owners: []retrospective.Owner{{Key: "=ada", Name: hostile, Waits: []retrospective.Waits{waits}}},
		}},
		Longest: []retrospective.Waited{{
			Story: "PAY-7", Title: hostile + " @all &amp; https://x.example #12 {x}\u202e", Absent: hoursOf(16), Project: "PAY", Kind: latency.Acceptance, Owner: "ada", Name: hostile, Start: at(3, 9), End: at(9, 10), Outcome: latency.Rejected,
			Within: hoursOf(31), Age: hoursOf(31), Targets: 3.9, Steps: []retrospective.Happened{
				{At: at(3, 9), Rule: latency.EnteredAcceptance, By: "dev", Name: "Dev"},
				{At: at(4, 9), Rule: latency.Handed},
				{At: at(5, 9), Rule: latency.Replied},
				{At: at(5, 9), Rule: latency.Replied},
				{At: at(5, 9), Rule: latency.Replied},
				{At: at(5, 9), Rule: latency.Replied},
				{At: at(9, 10), Rule: latency.Rule(latency.Rejected), By: "ada", Name: hostile},
			},
		}},
		Open: []retrospective.Waited{
			{Story: "PAY-9", Title: "Split a payment", URL: "https://site.example.com/browse/PAY-9?focusedCommentId=7", Project: "PAY", Kind: latency.Question, Name: "Ada", Start: at(12, 9), End: retrospective.Instant(latency.Never), Age: hoursOf(20), Targets: 5},
			{Story: "PAY-2", Project: "PAY", Kind: latency.Acceptance, Name: "Ada", Start: at(1, 9), End: retrospective.Instant(latency.Never), Age: hoursOf(900), Targets: 112.5, Forgotten: true},
		},
		Delegations: []retrospective.StandIn{{
			Project: "PAY", Owner: "ada", Name: "Ada", Kind: latency.Acceptance, With: retrospective.Arm{Ended: 10, Median: hoursOf(4)}, Without: retrospective.Arm{Ended: 12, Open: 1},
			Compared: true, Median: hoursOf(-6), MedianInterval: interval(-9, -2), Mean: hoursOf(-4), MeanInterval: interval(-7, -1), Horizon: hoursOf(16), P: 0.0004, PWeeks: 0.0123, Corrected: 0.0123, Power: 29,
		}, {Project: "PAY", Name: "Bo", Kind: latency.Question, With: retrospective.Arm{Ended: 1, Waits: []string{"PAY-1", "PAY-2"}}}},
		WhatIf: []retrospective.Saving{
			{Project: "PAY", Kind: latency.Acceptance, Told: true, PerWait: hoursOf(1.5), Interval: interval(0.2, 3), Horizon: hoursOf(40), Past: 4, Ran: 15, Begun: 14, Total: hoursOf(21), Totals: interval(2.8, 42), Absent: hoursOf(8)},
			{Project: "PAY", Kind: latency.Question, Past: 1, Ran: 2, Absent: hoursOf(2)},
		},
		CycleTime:   []retrospective.CycleSaving{{Project: "PAY", Low: hoursOf(21), Lows: interval(2.8, 42), Hours: 900}},
		StandInDays: 180,
		Talk:        []retrospective.Topic{{Rule: "silent", Project: "PAY", Question: "What does the team need to know when a story comes back?", Evidence: "2 stories were sent back without a comment"}},
		LeftOut:     []retrospective.Omission{{What: "acceptance in OPS", Why: "the config says that the project has none"}},
		Notes:       []retrospective.Note{{About: retrospective.AboutIntervals, Text: "A note on intervals."}, {About: retrospective.AboutStandIns, Text: "A note on stand-ins."}, {About: retrospective.AboutWhatIf, Text: "A note on what-if."}},
	}
}

func inUTC() Format { return Format{time.UTC, "https://jira.example.com/"} }

func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer, *retrospective.Report) error{
		"sample.md": func(w *bytes.Buffer, r *retrospective.Report) error {
			return Markdown(w, r, inUTC())
		},
		"sample.html": func(w *bytes.Buffer, r *retrospective.Report) error { return HTML(w, r, inUTC(), "/* the sheet */") },
		"sample.csv":  func(w *bytes.Buffer, r *retrospective.Report) error { return CSV(w, r) },
		"sample.json": func(w *bytes.Buffer, r *retrospective.Report) error { return JSON(w, r) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got, sample()); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("(-want +got); run with -update if it is meant:\n%s", d)
			}
		})
	}
}

// TestNamesAreText holds that no name becomes markup, a cell of its own or a formula.
func TestNamesAreText(t *testing.T) {
	var md, table bytes.Buffer
	if err := Markdown(&md, sample(), Format{Zone: time.UTC}); err != nil {
		t.Fatal(err)
	}
	columns := 0
	for line := range strings.Lines(md.String()) {
		if strings.Contains(line, "<b>") || strings.Contains(strings.ReplaceAll(line, `\]`, ""), "](z)") {
			t.Errorf("markup of a name: %s", line)
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if n > 0 && columns > 0 && n != columns {
			t.Errorf("%d columns of %d: %s", n-1, columns-1, line)
		}
		columns = n
	}
	if err := CSV(&table, sample()); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		for _, cell := range line {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
}

// TestEmptyReport has a project in which nothing happened.
func TestEmptyReport(t *testing.T) {
	r := &retrospective.Report{Projects: []retrospective.Project{{Key: "PAY", Share: []retrospective.Share{{}}}}}
	var md, text, page bytes.Buffer
	if err := HTML(&page, r, Format{Zone: time.UTC}, ""); err != nil || !strings.Contains(page.String(), "Nothing waited in this range.") {
		t.Errorf("%v: %s", err, page.String())
	}
	if err := Markdown(&md, r, Format{Zone: time.UTC}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"No story was in work in this range", "Nothing waited in this range.", "Nothing in these numbers asks for it.", "there is no range before"} {
		if !strings.Contains(md.String(), want) {
			t.Errorf("does not say %q:\n%s", want, md.String())
		}
	}
	if err := JSON(&text, r); err != nil || !json.Valid(text.Bytes()) {
		t.Errorf("%v: %s", err, text.String())
	}
}
