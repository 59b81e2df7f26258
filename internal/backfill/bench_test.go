package backfill_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/backfill"
	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// The size of the company. Each project has two of the owners.
const (
	projects        = 10
	owners          = 20
	storiesOfAnYear = 10_000
)

// begins is the first day of the year that the benchmark writes.
var begins = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

// BenchmarkYear writes a year of a company's past, a sample an hour, and reports
// the number of series and the peak of resident memory. The files stay
// in YOURTURN_BENCH_OUT, if that names a folder, to be imported. Memory is that of
// the whole process, so the store, which was filled before, is counted too.
func BenchmarkYear(b *testing.B) {
	dir := os.Getenv("YOURTURN_BENCH_OUT")
	if dir == "" {
		dir = b.TempDir()
	}
	write(b, company(b, storiesOfAnYear), dir, begins, begins.AddDate(1, 0, 0).Add(-time.Hour))
}

// BenchmarkMonth writes the last month of a company's past of YOURTURN_BENCH_STORIES stories
// (10,000), a sample an hour.
func BenchmarkMonth(b *testing.B) {
	write(b, company(b, benchStories(b)*4/5), b.TempDir(), begins.AddDate(0, 11, 0), begins.AddDate(1, 0, 0).Add(-time.Hour))
}

// benchStories is how many stories a company has in a year.
func benchStories(b *testing.B) int {
	b.Helper()
	text := os.Getenv("YOURTURN_BENCH_STORIES")
	if text == "" {
		return storiesOfAnYear
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// write writes a part of a company's past.
func write(b *testing.B, s *store.Store, dir string, from, to time.Time) {
	figures.Work(b, func() { writeAll(b, s, dir, from, to) })
}

func writeAll(b *testing.B, s *store.Store, dir string, from, to time.Time) {
	for b.Loop() {
		done, err := backfill.Write(b.Context(), s, backfill.Options{
			Rules: companyRules(b), From: from, To: to, Step: time.Hour, OpenWaits: 20, Dir: dir, Overwrite: true,
			Labels:   []backfill.Label{{Name: "instance", Value: "yourturn:9817"}, {Name: "job", Value: "yourturn"}},
			Progress: func(f backfill.File) { b.Logf("%s: %d series, %d samples", filepath.Base(f.Path), f.Series, f.Samples) },
		})
		if err != nil {
			b.Fatal(err)
		}
		series, samples := 0, 0
		for _, f := range done.Files {
			series, samples = max(series, f.Series), samples+f.Samples
		}
		b.ReportMetric(float64(series), "series")
		b.ReportMetric(float64(samples), "samples")
		b.ReportMetric(peak(b), "peak-MB")
	}
}

// peak returns the most memory that was resident, in megabytes.
func peak(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}

// companyRules are the rules of the company.
func companyRules(b *testing.B) *latency.Rules {
	b.Helper()
	week := calendar.Spec{Zone: time.UTC}
	for day := time.Monday; day <= time.Friday; day++ {
		week.Week[day] = []calendar.Interval{{From: 9 * 60, To: 17 * 60}}
	}
	cal, err := calendar.New(week)
	if err != nil {
		b.Fatal(err)
	}
	rules := &latency.Rules{
		Projects: map[string]*latency.Project{}, Types: map[string]bool{"story": true}, Statuses: map[string]latency.Status{},
		StatusIDs: map[string]string{}, People: map[string]string{}, Owners: map[string]*latency.Owner{}, Names: map[string]string{},
		Automation: latency.Set{},
	}
	for name, category := range map[string]latency.Category{"todo": latency.CategoryNew, "doing": latency.CategoryIndeterminate, "review": latency.CategoryIndeterminate, "done": latency.CategoryDone} {
		rules.Statuses[name] = latency.Status{Name: name, Category: category}
		rules.StatusIDs[name] = name
	}
	for i := range owners {
		key := fmt.Sprint("owner", i)
		rules.People[key], rules.Names[key], rules.Owners[key] = key, "Owner "+strconv.Itoa(i), &latency.Owner{Key: key}
	}
	for i := range projects {
		id := strconv.Itoa(i)
		rules.Projects[id] = &latency.Project{
			ID: id, Key: "P" + id, Calendar: cal, Acceptance: latency.Set{"review": true}, Accepted: latency.Set{}, Withdrawn: latency.Set{},
			WithdrawnResolutions: latency.Set{}, Paused: latency.Set{}, QuestionStatuses: latency.Set{}, QuestionLabels: latency.Set{},
			PauseWhenAbsent: true, SlipWindow: 5 * time.Minute, MinDwell: 10 * time.Second, Mention: true, LapseAfter: 240 * time.Hour,
			TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour, OwnerField: "customfield_1", HistoryFrom: latency.Always.From,
			Terms: []latency.Term{{Person: fmt.Sprint("owner", 2*i), Span: latency.Always}},
		}
	}
	return rules
}

// company returns a store of the year and the quarter before it: so many stories a year, of 12
// events that two owners of each project accept, reject and answer, sooner or later.
func company(b *testing.B, year int) *store.Store {
	b.Helper()
	s, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "s.db"), store.ReadWrite)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	random := rand.New(rand.NewPCG(1, 1))
	total := year * 5 / 4
	var batch jiradata.Batch
	for id := range int64(total) {
		at := latency.At(begins.AddDate(0, 0, -91)).Add(time.Duration(id) * (456 * 24 * time.Hour / time.Duration(total)))
		batch.Stories = append(batch.Stories, companyStory(random, id+1, at))
		if len(batch.Stories) == 1000 || id == int64(total)-1 {
			if _, err := s.SaveStories(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch.Stories = nil
		}
	}
	return s
}

// companyStory returns a story that is created at an instant.
func companyStory(random *rand.Rand, id int64, at latency.Instant) jiradata.Story {
	project := random.IntN(projects)
	owner := fmt.Sprint("owner", 2*project+random.IntN(2))
	h := latency.History{ID: id, Key: fmt.Sprintf("P%d-%d", project, id)}
	status := latency.Value{ID: "todo", Name: "todo"}
	record := int64(0)
	pass := func(most time.Duration) { at = at.Add(time.Duration(random.Int64N(int64(most)))) }
	move := func(who, to string) {
		next := latency.Value{ID: to, Name: to}
		record++
		h.Events = append(h.Events, latency.Event{
			At: at, Rank: latency.RankRecord, ID: id*100 + record, Actor: who,
			Changes: []latency.Change{{Field: latency.FieldStatus, From: status, To: next}},
		})
		status = next
	}
	say := func(who string, facts comment.Facts) {
		record++
		h.Events = append(h.Events, latency.Event{At: at, Rank: latency.RankCommentAdded, ID: id*100 + record, Actor: who, Comment: &facts})
	}
	h.Events = append(h.Events, latency.Event{At: at, Rank: latency.RankCreated, Actor: "dev"})
	pass(200 * time.Hour)
	move("dev", "doing")
	for range 1 + random.IntN(2) {
		pass(60 * time.Hour)
		say("dev", comment.Facts{Question: true, Asked: []string{owner}, Mentioned: []string{owner}})
		pass(60 * time.Hour)
		say(owner, comment.Facts{})
	}
	for range 1 + random.IntN(2) {
		pass(100 * time.Hour)
		move("dev", "review")
		pass(120 * time.Hour)
		move(owner, []string{"done", "doing"}[random.IntN(2)])
		if status.ID == "done" {
			break
		}
	}
	h.Now = latency.Snapshot{
		latency.FieldProject: {{ID: strconv.Itoa(project), Name: fmt.Sprint("P", project)}}, latency.FieldStatus: {status},
		latency.FieldType: {{ID: "story", Name: "story"}}, "customfield_1": {{ID: owner, Name: owner}},
	}
	return jiradata.Story{History: h, ProjectID: strconv.Itoa(project)}
}
