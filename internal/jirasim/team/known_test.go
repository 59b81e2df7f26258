package team

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// at returns an instant n minutes into a day.
func at(n int) time.Time {
	return time.Date(2026, time.March, 2, 8, n, 0, 0, time.UTC)
}

// TestKnownOfAComment has what looks show of a comment that asks at minute
// 10, does not from 20 on, asks again from 30 on and is deleted at 40.
func TestKnownOfAComment(t *testing.T) {
	asks, silent := says{question: true, to: "ada"}, says{}
	r := &remark{id: 7, texts: []wording{{at(10), "", asks}, {at(20), "", silent}, {at(30), "", asks}}, deleted: at(40)}
	type heard struct {
		At   time.Time
		Rank int
	}
	for _, tc := range []struct {
		name  string
		looks []int
		want  []heard
	}{
		{"before it was said", []int{5}, nil},
		{"after it was deleted", []int{5, 45}, nil},
		{"once", []int{15}, []heard{{at(10), rankSaid}}},
		{"when it is edited: it always said that", []int{25}, []heard{{at(10), rankSaid}}},
		{"all", []int{15, 25, 35, 45, 55}, []heard{{at(10), rankSaid}, {at(20), rankEdited}, {at(30), rankEdited}, {at(45), rankDeleted}}},
		{"two edits that come to nothing", []int{15, 35}, []heard{{at(10), rankSaid}}},
		{"an edit and a deletion are a deletion", []int{15, 45}, []heard{{at(10), rankSaid}, {at(45), rankDeleted}}},
		{"at the instants themselves", []int{10, 20, 40}, []heard{{at(10), rankSaid}, {at(20), rankEdited}, {at(40), rankDeleted}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var looks []time.Time
			for _, n := range tc.looks {
				looks = append(looks, at(n))
			}
			var got []heard
			for _, n := range r.known(looks) {
				got = append(got, heard{n.at, n.rank})
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestKnownOfAStoryThatVanishes has what looks show of a story that is
// created in acceptance, then hidden or deleted.
func TestKnownOfAStoryThatVanishes(t *testing.T) {
	team, err := Begin(Options{Seed: 1, Flavor: jirasim.Cloud, End: at(600), Now: func() time.Time { return at(600) }})
	if err != nil {
		t.Fatal(err)
	}
	defer team.Close()
	type seen struct {
		Start, End         time.Time
		Outcome, Responder string
	}
	for _, tc := range []struct {
		name   string
		hidden span
		looks  []int
		want   []seen
	}{
		{"never", span{at(500), time.Time{}}, []int{30, 100}, []seen{{at(10), time.Time{}, "", ""}}},
		{"deleted: the look that misses it", span{at(50), time.Time{}}, []int{30, 70, 100}, []seen{{at(10), at(70), "withdrawn", ""}}},
		{"deleted before anybody looked", span{at(50), time.Time{}}, []int{70, 100}, nil},
		{"hidden between two looks", span{at(40), at(60)}, []int{30, 70, 100}, []seen{{at(10), time.Time{}, "", ""}}},
		{"hidden, and there again", span{at(40), at(60)}, []int{30, 50, 70, 100}, []seen{{at(10), at(50), "withdrawn", ""}, {at(70), time.Time{}, "", ""}}},
		{"hidden until the first look", span{at(20), at(60)}, []int{50, 70, 100}, []seen{{at(10), time.Time{}, "", ""}}},
		{"missed just now", span{at(50), time.Time{}}, []int{30, 70}, []seen{{at(10), time.Time{}, "", ""}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := team.projects[0]
			l := &life{t: team, p: p, id: 1, created: at(10), hidden: []span{tc.hidden}}
			l.origin = book{t: team, p: p, status: p.accept, owner: "ada", lastWord: at(10)}
			l.notes = []note{{at: at(10), by: team.devs[0], tell: (*book).start}}
			team.lives = []*life{l}
			var looks []time.Time
			for _, n := range tc.looks {
				looks = append(looks, at(n))
			}
			var got []seen
			for _, w := range team.Known(looks) {
				got = append(got, seen{w.Start, w.End, w.Outcome, w.Responder})
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// TestKnownOfAnEpic has an epic that is handed over between the last look that sees
// a story of it and the one that misses the story. The epic shows it all the same.
func TestKnownOfAnEpic(t *testing.T) {
	team, err := Begin(Options{Seed: 1, Flavor: jirasim.Cloud, End: at(600), Now: func() time.Time { return at(600) }})
	if err != nil {
		t.Fatal(err)
	}
	defer team.Close()
	p := team.projects[0]
	l := &life{t: team, p: p, id: 1, created: at(10), hidden: []span{{at(50), time.Time{}}}}
	l.origin = book{t: team, p: p, status: p.accept, owner: "ada", lastWord: at(10)}
	l.notes = []note{{at: at(10), by: team.devs[0], tell: (*book).start}, {at: at(40), tell: func(b *book) { b.own("cy") }}}
	team.lives = []*life{l}
	var got []string
	for _, w := range team.Known([]time.Time{at(30), at(70), at(100)}) {
		got = append(got, w.Owner+" "+w.Outcome)
	}
	if d := cmp.Diff([]string{"ada handed_over", "cy withdrawn"}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
