package store

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/yourturn/yourturn/internal/calendar"
	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// What generated stories are made of.
const (
	genAccounts = 300
	genStatuses = 20
	genProjects = 40
	genFirstID  = 10_000
	genOwner    = "customfield_10050"
	genStart    = latency.Instant(1_640_995_200_000) // 1 January 2022
	genMinute   = latency.Instant(60_000)
)

// generator makes stories of ten events each, as long-lived Jiras hold them:
// created, six records (two of them with several items) and three comments.
// The same number always gives the same story.
type generator struct {
	accounts []string
	statuses []latency.Value
	owners   []latency.Value // by project
}

func newGenerator() *generator {
	g := &generator{}
	for i := range genAccounts {
		g.accounts = append(g.accounts, fmt.Sprintf("5b10ac8d82e05b22cc%06x", i*7919))
	}
	for i := range genStatuses {
		g.statuses = append(g.statuses, latency.Value{ID: strconv.Itoa(10_000 + i), Name: fmt.Sprintf("In Step %d", i)})
	}
	for i := range genProjects {
		g.owners = append(g.owners, latency.Value{ID: g.accounts[i]})
	}
	return g
}

// rules are of an office where every project waits for its owner.
func (g *generator) rules() (*latency.Rules, error) {
	var week calendar.Week
	for _, d := range []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday} {
		week[d] = []calendar.Interval{{From: 9 * 60, To: 12 * 60}, {From: 13 * 60, To: 17 * 60}}
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	cal, err := calendar.New(calendar.Spec{Zone: zone, Week: week})
	if err != nil {
		return nil, err
	}
	r := &latency.Rules{Types: map[string]bool{"10001": true}, Statuses: map[string]latency.Status{}, Projects: map[string]*latency.Project{}}
	for _, v := range g.statuses {
		r.Statuses[v.ID] = latency.Status{Name: v.Name, Category: latency.CategoryIndeterminate}
	}
	r.Statuses[g.done().ID] = latency.Status{Name: g.done().Name, Category: latency.CategoryDone}
	for i := range genProjects {
		id := strconv.Itoa(i)
		r.Projects[id] = &latency.Project{
			ID: id, Key: "PRJ" + id, Acceptance: latency.Set{g.review().ID: true}, Calendar: cal, OwnerField: genOwner,
			SlipWindow: 5 * time.Minute, MinDwell: 10 * time.Second, PauseWhenAbsent: true, PauseWhileOwnerAsks: true,
			Mention: true, Markers: []string{"Q:"}, AnsweredMarkers: []string{"A:"}, LapseAfter: 240 * time.Hour,
			TargetAcceptance: 8 * time.Hour, TargetQuestion: 4 * time.Hour, HistoryFrom: latency.Always.From,
		}
	}
	return r, nil
}

// The statuses with a meaning.
func (g *generator) review() latency.Value { return g.statuses[genStatuses-2] }
func (g *generator) done() latency.Value   { return g.statuses[genStatuses-1] }

// story returns story number n.
func (g *generator) story(n int) jiradata.Story {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	who := func() string { return g.accounts[r.IntN(genAccounts)] }
	project := r.IntN(genProjects)
	owner := g.owners[project]
	dev, other := who(), who()
	at := genStart + latency.Instant(n)*2*genMinute
	recordID, commentID := int64(n)*8, int64(n)*4
	h := latency.History{ID: genFirstID + int64(n), Key: fmt.Sprintf("PRJ%d-%d", project, n)}
	record := func(actor string, changes ...latency.Change) {
		at += latency.Instant(1+r.IntN(2000)) * genMinute
		recordID++
		h.Events = append(h.Events, latency.Event{At: at, Rank: latency.RankRecord, ID: recordID, Actor: actor, Changes: changes})
	}
	say := func(actor string, f comment.Facts) {
		at += latency.Instant(1+r.IntN(2000)) * genMinute
		commentID++
		h.Events = append(h.Events, latency.Event{At: at, Rank: latency.RankCommentAdded, ID: commentID, Actor: actor, Comment: &f})
	}
	status := func(from, to latency.Value) latency.Change {
		return latency.Change{Field: latency.FieldStatus, From: from, To: to}
	}
	open, doing := g.statuses[r.IntN(5)], g.statuses[5+r.IntN(10)]
	h.Events = append(h.Events, latency.Event{At: at, Rank: latency.RankCreated, Actor: other})
	record(other, latency.Change{Field: genOwner, To: owner}, latency.Change{Field: latency.FieldAssignee, To: latency.Value{ID: dev}},
		latency.Change{Field: latency.FieldLabels, To: latency.Value{Name: "invoice checkout"}})
	record(dev, status(open, doing))
	say(dev, comment.Facts{
		Question: true, Asked: []string{owner.ID}, Mentioned: []string{owner.ID, other},
		Head: fmt.Sprintf("which currency does the customer of number %d see on the invoice of the month after?", n),
	})
	say(owner.ID, comment.Facts{Mentioned: []string{dev}, Head: fmt.Sprintf("the one of the contract, see the page on number %d", n)})
	record(dev, status(doing, g.review()))
	say(other, comment.Facts{Head: fmt.Sprintf("deployed to the test system as build %d", r.IntN(1_000_000))})
	record(owner.ID, status(g.review(), doing))
	record(dev, status(doing, g.review()))
	record(owner.ID, status(g.review(), g.done()), latency.Change{Field: latency.FieldResolution, To: latency.Value{ID: "10000", Name: "Done"}})
	h.Now = latency.Snapshot{
		latency.FieldProject: {{ID: strconv.Itoa(project), Name: fmt.Sprintf("PRJ%d", project)}}, latency.FieldType: {{ID: "10001", Name: "Story"}},
		latency.FieldStatus: {g.done()}, latency.FieldResolution: {{ID: "10000", Name: "Done"}},
		latency.FieldAssignee: {{ID: dev}}, genOwner: {owner}, latency.FieldLabels: {{Name: "invoice"}, {Name: "checkout"}},
	}
	return jiradata.Story{History: h, ProjectID: strconv.Itoa(project), Updated: at}
}
