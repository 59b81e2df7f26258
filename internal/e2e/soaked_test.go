package e2e

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// holdsAll fails unless the soaked store holds the stories of a fresh one as they
// are and all their events, each once, and beside them nothing but what Jira no
// longer shows of comments that were edited and deleted.
func (s *soaking) holdsAll() {
	s.Helper()
	yourturnAt(s.T, s.machine, 0, "sync", "--config.file", s.config("fresh"))
	s.fresh, s.soaked = histories(s.T, s.db("fresh")), histories(s.T, s.db("soaked"))
	for story, want := range s.fresh {
		got, ok := s.soaked[story]
		if !ok {
			s.Errorf("story %s was lost", want.Key)
			continue
		}
		diff := cmp.Diff(want.Now, got.Now)
		if diff != "" || want.Key != got.Key {
			s.Errorf("story %s is %s, and otherwise than it is (-is +stored):\n%s", want.Key, got.Key, diff)
		}
		have, shown := ids(got), ids(want)
		lost := false
		for id, ev := range shown {
			if _, ok := have[id]; !ok {
				lost = true
				s.Errorf("story %s lost event %+v", want.Key, ev)
			}
		}
		if diff != "" || lost {
			s.Logf("story %s as it is, and as it is stored:\n%s\n%s", want.Key, course(want), course(got))
		}
		for id, ev := range have {
			if _, ok := shown[id]; !ok && (ev.Rank == latency.RankCreated || ev.Rank == latency.RankRecord || ev.Rank == latency.RankGone || ev.Rank == latency.RankReturned) {
				s.Errorf("story %s has event %+v, which never was", want.Key, ev)
			}
		}
	}
	for story, got := range s.soaked {
		if _, ok := s.fresh[story]; !ok {
			s.Errorf("story %s is not there, and stored", got.Key)
		}
	}
	s.hear()
}

// hear learns from the soaked store which comments it saw, saying what, and
// fails on what it took for an edit or a deletion and was none.
func (s *soaking) hear() {
	s.Helper()
	remarks := map[int64]team.Remark{}
	for _, r := range s.tm.Remarks() {
		remarks[r.ID] = r
	}
	s.heard = map[int64]team.Heard{}
	last := map[int64]comment.Facts{}
	never := map[string][]string{}
	for _, h := range s.soaked {
		for _, ev := range h.Events {
			r, h := remarks[ev.ID], s.heard[ev.ID]
			wrong := func(what string) {
				never[what] = append(never[what], fmt.Sprintf("story %d, comment %d at %s, observed %t", r.StoryID, ev.ID, stampOf(ev.At.Time()), ev.Observed))
			}
			says := func(i int) bool { return cmp.Equal(*ev.Comment, comment.Wiki(r.Texts[i].Text), cmpopts.EquateEmpty()) }
			switch ev.Rank {
			case latency.RankCommentAdded:
				for h.First = 0; h.First < len(r.Texts) && !says(h.First); h.First++ {
				}
				if h.First == len(r.Texts) {
					wrong("a comment that never said that")
					continue
				}
				last[ev.ID] = *ev.Comment
			case latency.RankCommentEdited:
				i := slices.IndexFunc(r.Texts, func(x team.Text) bool { return latency.At(x.At) == ev.At })
				if ev.Observed || i < 1 || !says(i) {
					wrong("an edit that never was")
					continue
				}
				h.Later = append(h.Later, i)
				last[ev.ID] = *ev.Comment
			case latency.RankCommentDeleted:
				if r.Deleted.IsZero() || s.tr.pollAfter(ev.At.Time()).Before(r.Deleted) {
					wrong("a deletion that never was")
				}
				h.Deleted = ev.At.Time()
			default:
				continue
			}
			s.heard[ev.ID] = h
		}
	}
	for what, list := range never {
		s.Errorf("%d times %s:\n%s", len(list), what, strings.Join(list[:min(len(list), 8)], "\n"))
	}
	edited, deleted := 0, 0
	for id, h := range s.heard {
		r := remarks[id]
		switch {
		case !r.Deleted.IsZero():
			deleted++
			if h.Deleted.IsZero() {
				s.Errorf("story %d: comment %d was deleted, and is stored as if it were there", r.StoryID, id)
			}
		case !cmp.Equal(last[id], comment.Wiki(r.Texts[len(r.Texts)-1].Text), cmpopts.EquateEmpty()):
			s.Errorf("story %d: comment %d is stored with what it does not say any more", r.StoryID, id)
		}
		if len(h.Later) > 0 {
			edited++
		}
	}
	s.Logf("%d comments were seen, %d of them before an edit, %d before a deletion", len(s.heard), edited, deleted)
}

// tellsTheTruth fails unless both stores have for every story what its people know,
// as far as it can be seen: of a comment that was edited or deleted, what each store
// saw of it.
func (s *soaking) tellsTheTruth() {
	s.Helper()
	at := stampOf(s.end)
	s.touched = map[string]bool{}
	for _, h := range s.soaked {
		if h.Events[len(h.Events)-1].At >= latency.At(s.began) {
			s.touched[strconv.FormatInt(h.ID, 10)] = true
		}
	}
	for _, of := range []struct {
		name string
		want []team.Part
	}{
		{"fresh", s.tm.Known([]time.Time{s.end})},
		{"soaked", s.tm.KnownOf(s.heard, s.end)},
	} {
		config := filepath.Join(s.dir, of.name+".yml")
		want := told(of.want)
		diff := differences(want, derived(s.T, config, "--as-of", at))
		stories := map[string]bool{}
		for _, p := range want {
			if s.touched[p.StoryID] {
				stories[p.StoryID] = true
			}
		}
		figures.Note(s.T, "%s store: %d waits compared with the ground truth, %d of them of %d stories touched in the day (of %d), %d differ",
			of.name, len(want), len(slices.DeleteFunc(want, func(p part) bool { return !s.touched[p.StoryID] })), len(stories), len(s.touched), len(diff))
		// The others of the day were compared too, and have had no wait.
		if len(stories) == 0 || s.length >= longSoak && len(stories) < max(300, len(s.touched)/2) {
			s.Errorf("%s: %d stories of the day have waits, too few to say anything", of.name, len(stories))
		}
		if len(diff) > 0 {
			s.Errorf("%s: %d differences\n%s", of.name, len(diff), strings.Join(diff[:min(len(diff), 12)], "\n"))
			s.Log(yourturn(s.T, 0, "waits", "--config.file", config, "--story", s.tm.Site().Key(storyOf(diff[0]))))
		}
	}
}

// counts fails unless a count of all that is stored comes to what the ground
// truth says, and the process has counted that too: all of it, once. What it
// counted and a later fact has changed since, such as a first ask that is deleted,
// is in the audit, and rare.
func (s *soaking) counts(served string) {
	s.Helper()
	for _, suffix := range []string{"", "-wal"} {
		if text, err := os.ReadFile(s.db("soaked") + suffix); err == nil {
			write(s.T, s.db("recount")+suffix, string(text))
		}
	}
	yourturnAt(s.T, s.machine, 0, "sync", "--recount", "--config.file", s.config("recount"))
	recount, _ := scrapeAt(s.T, s.machine, filepath.Join(s.dir, "recount.yml"))
	truth := s.counters()
	maps.DeleteFunc(truth, func(_ string, v float64) bool { return v == 0 })
	if diff := cmp.Diff(truth, comparable(recount)); diff != "" {
		s.Errorf("what is stored comes to other counters than the truth (-truth +counted):\n%s", diff)
	}

	counters, gauges := series(s.T, strings.NewReader(served))
	again, _ := scrapeAt(s.T, s.machine, filepath.Join(s.dir, "soaked.yml"))
	if diff := cmp.Diff(again, counters); diff != "" {
		s.Errorf("the process served other counters than its ledger comes to (-ledger +served):\n%s", diff)
	}
	want, got := s.ledger("recount"), s.ledger("soaked")
	var wrong []string
	for id, entry := range want {
		if have, ok := got[id]; !ok {
			wrong = append(wrong, fmt.Sprintf("not counted: %+v", entry))
		} else if have != entry {
			wrong = append(wrong, fmt.Sprintf("counted %+v, and is %+v", have, entry))
		}
	}
	for id, entry := range got {
		if _, ok := want[id]; !ok {
			wrong = append(wrong, fmt.Sprintf("counted, and is no more: %+v", entry))
		}
	}
	findings := int(corrected(gauges))
	if most := len(s.touched)/50 + 2; len(wrong) != findings || findings > most {
		s.Errorf("%d of %d entries of the ledger are otherwise than what is stored, and the audit has %d corrections, of which there may be %d:\n%s",
			len(wrong), len(want), findings, most, strings.Join(wrong[:min(len(wrong), 12)], "\n"))
	}
	if len(wrong) > 0 {
		s.Logf("corrected:\n%s", strings.Join(wrong[:min(len(wrong), 12)], "\n"))
	}
	figures.Note(s.T, "%d things counted, as the truth and %d counters and histograms' series say, but for %d that were corrected later", len(want), len(counters), findings)
}

// ledger returns what a store's ledger counts.
func (s *soaking) ledger(name string) map[latency.EntryID]latency.Entry {
	s.Helper()
	st, err := store.Open(s.Context(), "sqlite:"+s.db(name), store.ReadOnly)
	if err != nil {
		s.Fatal(err)
	}
	defer st.Close()
	counted, err := st.LedgerOf(s.Context(), slices.Sorted(maps.Keys(s.soaked)))
	if err != nil {
		s.Fatal(err)
	}
	out := map[latency.EntryID]latency.Entry{}
	for _, c := range counted {
		if c.Counted {
			out[c.ID] = c.Entry
		}
	}
	return out
}

// counters returns what the ground truth comes to, of what it knows: guards it
// does not.
func (s *soaking) counters() map[string]float64 {
	out := map[string]float64{}
	for _, w := range s.tm.KnownOf(s.heard, s.end) {
		if !w.Final {
			continue
		}
		out[fmt.Sprintf("po_waits_ended_total{kind=%s,outcome=%s,owner=%s,project=%s,responder=%s}", w.Kind, w.Outcome, w.Owner, w.Project, w.Responder)]++
		name, labels := "po_acceptance_latency", "outcome="+w.Outcome+","
		switch w.Outcome {
		case "accepted", "rejected":
		case "answered":
			name, labels = "po_question_response_latency", ""
		default:
			continue
		}
		by := strings.Replace(w.Responder, "automation", "other", 1) // histograms do not tell them apart
		full := fmt.Sprintf("%s_seconds{%sowner=%s,project=%s,responder=%s}", name, labels, w.Owner, w.Project, by)
		elapsed := fmt.Sprintf("%s_elapsed_seconds{owner=%s,project=%s}", name, w.Owner, w.Project)
		out[full+" count"]++
		out[full+" sum"] += float64(w.Working.Milliseconds())
		out[elapsed+" count"]++
		out[elapsed+" sum"] += float64(w.Elapsed.Milliseconds())
		if !w.Breached {
			out[fmt.Sprintf("po_waits_met_total{kind=%s,owner=%s,project=%s}", w.Kind, w.Owner, w.Project)]++
		}
	}
	for _, w := range s.tm.KnownOf(s.heard, s.end.Add(-liveSlip)) { // what was breached later is not final
		if w.Breached {
			out[fmt.Sprintf("po_waits_breached_total{kind=%s,owner=%s}", w.Kind, w.Owner)]++
		}
	}
	for _, tally := range s.tm.KnownTallies([]time.Time{s.end}) {
		out[map[string]string{"slip": "po_slips_total", "bypass": "po_acceptance_bypassed_total"}[tally.What]+"{project="+tally.Project+"}"]++
	}
	return out
}

// comparable returns those of counters that the ground truth knows, sums in
// milliseconds. A breach is of the project that the story was in just then, of
// which the truth knows the last one alone.
func comparable(counters map[string]float64) map[string]float64 {
	out := map[string]float64{}
	project := regexp.MustCompile(`,project=[^,}]*`)
	for id, v := range counters {
		switch {
		case v == 0, strings.HasPrefix(id, "po_guard_"), strings.Contains(id, " le "):
		case strings.HasPrefix(id, "po_waits_breached_total{"):
			out[project.ReplaceAllString(id, "")] += v
		case strings.HasSuffix(id, " sum"):
			out[id] = math.Round(v * 1000)
		default:
			out[id] = v
		}
	}
	return out
}

// shownOpen is how many open waits of an owner and kind are shown one by one.
const shownOpen = 20

// showsOpen fails unless the process shows as open and overdue what `waits` lists,
// each with the age that it has there.
func (s *soaking) showsOpen(served string) {
	s.Helper()
	want, ages := map[string]float64{}, map[string]float64{}
	list := waitsOf(s.T, filepath.Join(s.dir, "soaked.yml"), "--open")
	newest := newestOpen(list)
	for i := range list {
		w := &list[i]
		last := newest[w.StoryID+w.Kind]
		if w.Project != last.Project || w.Owner != last.Owner {
			continue
		}
		if !w.Forgotten {
			age := fmt.Sprintf("po_open_wait_seconds{kind=%s,owner=%s,project=%s,story=%s}", w.Kind, w.Owner, w.Project, w.Story)
			ages[age] = max(ages[age], w.StoryWorkingSeconds)
		}
		if w != last {
			continue
		}
		labels := fmt.Sprintf("{kind=%s,owner=%s,project=%s}", w.Kind, w.Owner, w.Project)
		want["po_waits_open"+labels]++
		if w.Breached {
			want["po_waits_overdue"+labels]++
		}
	}
	_, gauges := series(s.T, strings.NewReader(served))
	owner := regexp.MustCompile(`kind=[^,]*,owner=[^,]*`)
	listed, shown := map[string]int{}, map[string]int{}
	for id := range ages {
		listed[owner.FindString(id)]++
	}
	for id, age := range gauges {
		if !strings.HasPrefix(id, "po_open_wait_seconds{") {
			continue
		}
		shown[owner.FindString(id)]++
		if want, ok := ages[id]; !ok || math.Abs(age-want) > 1e-6 {
			s.Errorf("%s is served as %g, and listed (%t) with %g", id, age, ok, want)
		}
	}
	for who, n := range listed {
		if shown[who] != min(n, shownOpen) {
			s.Errorf("%d of %d open waits of %s are shown one by one, want %d", shown[who], n, who, min(n, shownOpen))
		}
	}
	maps.DeleteFunc(gauges, func(id string, v float64) bool {
		return v == 0 || !strings.HasPrefix(id, "po_waits_open{") && !strings.HasPrefix(id, "po_waits_overdue{")
	})
	if diff := cmp.Diff(want, gauges); diff != "" {
		s.Errorf("open and overdue waits (-listed +served):\n%s", diff)
	}
	figures.Note(s.T, "%.0f open waits served, %.0f of them overdue, as `waits --open` lists them", sum(gauges, "po_waits_open{"), sum(gauges, "po_waits_overdue{"))
}

// troubled logs what went wrong on that day. It fails if a long day lacked a kind of
// trouble.
func (s *soaking) troubled(webhooks map[string]int) {
	s.Helper()
	count := maps.Clone(s.tr.count)
	for name := range s.tr.faults() {
		count[name] += 0
	}
	for _, name := range []string{hanging, garbled, lagging, forgetting, hiding, starting} {
		count[name] += 0
	}
	for _, name := range []string{"lost", "once", "twice"} {
		count["webhook that comes "+name] = webhooks[name]
	}
	count["story that a census found"] = strings.Count(s.out.String(), "a census found a story that no search had shown")
	count["story that was set aside"] = strings.Count(s.out.String(), "an issue cannot be read")
	figures.Note(s.T, "%s: requests %v, trouble %v", s.length, s.tr.server.Requests(), count)
	for name, n := range count {
		if n == 0 && s.length >= longSoak {
			s.Errorf("in %s there was never: %s", s.length, name)
		}
	}
}

// stampOf renders an instant in the form of `waits`.
func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// storyOf returns the story that a difference is about.
func storyOf(diff string) (id int64) {
	_, rest, _ := strings.Cut(diff, "story ")
	fmt.Sscan(rest, &id) //nolint:errcheck // every difference names one
	return id
}

// eventID identifies an event of a story.
// course is what happened to a story, a line each.
func course(h latency.History) string {
	var b strings.Builder
	for i := range h.Events {
		ev := &h.Events[i]
		fmt.Fprintf(&b, "\t%s rank %d, id %d, observed %t:", stampOf(ev.At.Time()), ev.Rank, ev.ID, ev.Observed)
		for _, c := range ev.Changes {
			fmt.Fprintf(&b, " %s from %s to %s", c.Field, c.From.Name, c.To.Name)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// eventID tells events of a story apart.
type eventID struct {
	at   latency.Instant
	rank latency.Rank
	id   int64
}

// ids returns a story's events by identity.
func ids(h latency.History) map[eventID]latency.Event {
	out := make(map[eventID]latency.Event, len(h.Events))
	for _, ev := range h.Events {
		out[eventID{ev.At, ev.Rank, ev.ID}] = ev
	}
	return out
}

// histories returns the stories that a store holds.
func histories(t *testing.T, path string) map[int64]latency.History {
	t.Helper()
	st, err := store.Open(t.Context(), "sqlite:"+path, store.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	out := map[int64]latency.History{}
	for h, err := range st.Histories(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		one := latency.History{ID: h.ID, Key: h.Key, Now: latency.Snapshot{}, Events: slices.Clone(h.Events)}
		for field, values := range h.Now {
			one.Now[field] = slices.Clone(values)
		}
		for i, ev := range one.Events {
			one.Events[i].Changes = slices.Clone(ev.Changes)
			if ev.Comment != nil {
				facts := *ev.Comment
				facts.Asked, facts.Mentioned = slices.Clone(facts.Asked), slices.Clone(facts.Mentioned)
				one.Events[i].Comment = &facts
			}
		}
		out[h.ID] = one
	}
	return out
}
