package erased

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

const (
	is    = "erased-1"
	adaID = "557058:f58131cb-b67d"
)

// ada is an account of which all kinds of names are known.
func ada() jiradata.User {
	return jiradata.User{ID: adaID, Name: "ALovelace", DisplayName: "Ada Lovelace", Type: latency.Person, Active: true}
}

// both returns Ada as she is known while she is erased, and ever after by hashes alone.
func both() map[string]*People {
	names := NamesOf(ada(), is)
	key := []byte("key")
	var hashed []Name
	for _, n := range names {
		n.Text = string(Hash(key, n.Kind, n.Text))
		hashed = append(hashed, n)
	}
	markers := []string{"Q:", "#answered"}
	return map[string]*People{"by names": New(names, markers), "by hashes": Hashed(key, hashed, markers)}
}

func TestTexts(t *testing.T) {
	for name, p := range both() {
		for _, tc := range []struct{ text, inText, inThing string }{
			{"", "", ""},
			{"nobody is named", "nobody is named", "nobody is named"},
			{"Ada Lovelace", is, is},
			{"ask ADA   lovelace!", "ask " + is + "!", "ask " + is + "!"},
			{"(Ada-Lovelace's)", "(" + is + "'s)", "(" + is + "'s)"},
			{"Lovelace, Ada", "Lovelace, Ada", "Lovelace, Ada"},
			{"Canada Lovelace", "Canada Lovelace", "Canada Lovelace"},
			{"Ada Lovelaces", "Ada Lovelaces", "Ada Lovelaces"},
			{"[~alovelace] and " + adaID + ".", "[~" + is + "] and " + is + ".", "[~alovelace] and " + is + "."},
			{"Ada Lovelace and Ada Lovelace", is + " and " + is, is + " and " + is},
			{"Ada Ada Lovelace 你好", "Ada " + is + " 你好", "Ada " + is + " 你好"},
		} {
			if got := p.Text(tc.text); got != tc.inText {
				t.Errorf("%s: %q reads %q, want %q", name, tc.text, got, tc.inText)
			}
			if got := p.Thing(tc.text); got != tc.inThing {
				t.Errorf("%s: the thing %q is %q, want %q", name, tc.text, got, tc.inThing)
			}
		}
	}
}

// TestEvents replaces a person in each part of events.
func TestEvents(t *testing.T) {
	value := func(id, name string) latency.Value { return latency.Value{ID: id, Name: name} }
	for name, p := range both() {
		events := []latency.Event{
			{Rank: latency.RankCreated, Actor: adaID, ActorType: latency.Person},
			{Rank: latency.RankRecord, ID: 1, Actor: "dev", Changes: []latency.Change{
				{Field: latency.FieldAssignee, From: value(adaID, "Ada Lovelace"), To: value("dev", "Developer")},
				{Field: "customfield_1", From: value("dev, "+adaID, "Developer, Ada Lovelace"), To: value("", "Ada Lovelace")},
				{Field: latency.FieldLabels, From: value("", "ada lovelace ada-lovelace"), To: value("", "")},
				{Field: latency.FieldSprint, To: value("7", "Ada Lovelace 12")},
				{Field: latency.FieldStatus, From: value("1", "Waits for Ada Lovelace")},
			}},
			{Rank: latency.RankCommentAdded, ID: 2, Actor: "dev", Comment: &comment.Facts{Question: true, Asked: []string{"alovelace", "dev"}, Mentioned: []string{"alovelace", "dev"}, Head: "Q: Ada Lovelace?"}},
			{Rank: latency.RankCommentAdded, ID: 3, Actor: adaID, Comment: &comment.Facts{Head: "*q: my words"}},
			{Rank: latency.RankCommentEdited, ID: 3, Actor: "dev", Comment: &comment.Facts{Head: "my other words"}},
		}
		p.Events(events)
		want := []latency.Event{
			{Rank: latency.RankCreated, Actor: is, ActorType: latency.Person},
			{Rank: latency.RankRecord, ID: 1, Actor: "dev", Changes: []latency.Change{
				{Field: latency.FieldAssignee, From: value(is, is), To: value("dev", "Developer")},
				{Field: "customfield_1", From: value("dev, "+is, "dev, "+is), To: value("", is)},
				{Field: latency.FieldLabels, From: value("", "ada lovelace "+is), To: value("", "")},
				{Field: latency.FieldSprint, To: value("7", is+" 12")},
				{Field: latency.FieldStatus, From: value("1", "Waits for Ada Lovelace")},
			}},
			{Rank: latency.RankCommentAdded, ID: 2, Actor: "dev", Comment: &comment.Facts{Question: true, Asked: []string{is, "dev"}, Mentioned: []string{is, "dev"}, Head: "Q: " + is + "?"}},
			{Rank: latency.RankCommentAdded, ID: 3, Actor: is, Comment: &comment.Facts{Head: "*q:"}},
			{Rank: latency.RankCommentEdited, ID: 3, Actor: "dev", Comment: &comment.Facts{}},
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		again := slices.Clone(events)
		p.Events(again)
		if diff := cmp.Diff(events, again); diff != "" {
			t.Errorf("%s: replaced once more it is something else:\n%s", name, diff)
		}
	}
}

func TestUsersAndLabels(t *testing.T) {
	for name, p := range both() {
		users := []jiradata.User{ada(), {ID: "dev", Name: "alovelace2", DisplayName: "Ada Lovelace", Active: true}}
		p.Users(users)
		want := []jiradata.User{{ID: is, DisplayName: is, Active: true}, {ID: "dev", Name: "alovelace2", DisplayName: "Ada Lovelace", Active: true}}
		if diff := cmp.Diff(want, users); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for label, want := range map[string]string{adaID: is, "alovelace": "alovelace", "": "", latency.Unowned: latency.Unowned} {
			if got := p.OwnerLabel(label); got != want {
				t.Errorf("%s: the owner %q is %q, want %q", name, label, got, want)
			}
		}
		if got := p.Looks("alovelace"); got != is {
			t.Errorf("%s: alovelace looks as %q", name, got)
		}
	}
	var nobody *People
	nobody.Stories([]jiradata.Story{{}})
	if m := nobody.Meta(jiradata.Meta{At: 7}); m.At != 7 {
		t.Error("nobody changes what describes a Jira")
	}
}

// TestNoNameIsLeft holds that no text, however it is made, names an erased person
// afterwards, and that what an erased person wrote begins with the same markers.
func TestNoNameIsLeft(t *testing.T) {
	people := both()
	part := rapid.SampledFrom([]string{"Ada", "Lovelace", "Ada Lovelace", "ada\tlovelace", adaID, "ALovelace", "Q:", "*Q:", "#answered", "#answeredly", "é", " ", ", ", "x", "-"})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(rt, "parts"), "")
		p := people[rapid.SampledFrom([]string{"by names", "by hashes"}).Draw(rt, "known")]
		got := p.Text(text)
		if p.Text(got) != got {
			rt.Errorf("%q reads %q, and then %q", text, got, p.Text(got))
		}
		for _, mentioned := range [][]string{nil, {"dev"}} {
			for _, actor := range []string{"dev", adaID} {
				before := comment.Facts{Head: text, Mentioned: mentioned}
				events := []latency.Event{{Rank: latency.RankCommentAdded, Actor: actor, Comment: &comment.Facts{Head: text, Mentioned: mentioned}}}
				p.Events(events)
				for _, m := range []string{"Q:", "#answered"} {
					if had, has := before.HasMarker([]string{m}), events[0].Comment.HasMarker([]string{m}); had != has {
						rt.Errorf("%q of %s begins with %s: %t, and %q: %t", text, actor, m, had, events[0].Comment.Head, has)
					}
				}
			}
		}
	})
}
