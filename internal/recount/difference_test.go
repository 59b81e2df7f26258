package recount

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// sorted puts parts into the product's order: by start, story id and kind.
func sorted(list []part) []part {
	slices.SortStableFunc(list, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(number(a.StoryID), number(b.StoryID)), cmp.Compare(a.Kind, b.Kind))
	})
	return list
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // ids are numbers; where one is not the parts differ anyhow
	return n
}

// differences describes each part on which the two sides differ: parts are the
// same one if their story, kind, start and place in their wait are.
func differences(got, want []part) []string {
	id := func(p part) string { return fmt.Sprintf("%s %s from %s, part %d", p.Story, p.Kind, p.Start, p.Part) }
	product := make(map[string]part)
	var list []string
	for _, p := range got {
		if _, twice := product[id(p)]; twice {
			list = append(list, fmt.Sprintf("%s: the product lists it twice", id(p)))
		}
		product[id(p)] = p
	}
	for _, w := range want {
		g, ok := product[id(w)]
		delete(product, id(w))
		if !ok {
			list = append(list, fmt.Sprintf("%s: the product does not have it: %+v", id(w), w))
		} else if d := fields(g, w); d != "" {
			list = append(list, fmt.Sprintf("%s: %s", id(w), d))
		}
	}
	for _, p := range got {
		if _, left := product[id(p)]; left {
			list = append(list, fmt.Sprintf("%s: the product alone has it: %+v", id(p), p))
		}
	}
	return list
}

// fields lists the fields in which two parts differ, by the names the product
// prints; seconds may differ by half a millisecond of rounding.
func fields(got, want part) string {
	var s string
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		a, b := g.Field(i), w.Field(i)
		same := a.Interface() == b.Interface()
		if a.CanFloat() {
			same = math.Abs(a.Float()-b.Float()) < 0.0005
		}
		if !same {
			s += fmt.Sprintf(" %s: product %v, recount %v;", g.Type().Field(i).Tag.Get("json"), a, b)
		}
	}
	return s
}

// counts returns how many parts there are of each kind and outcome and, so that
// nobody takes an agreement on nothing for one, how many exercise which rules.
func counts(list []part) map[string]int {
	n := make(map[string]int)
	for _, p := range list {
		n[p.Kind+" "+cmp.Or(p.Outcome, "open")]++
		for rule, met := range map[string]bool{
			"(by delegate)": p.Responder == "delegate", "(breached)": p.Breached, "(forgotten)": p.Forgotten, "(paused)": p.Paused > 0,
			"(owner absent)": p.Part == 1 && p.Elapsed < p.StoryElapsed, "(later cycle)": p.Cycle > 1,
			"(asks joined)": p.Asks > 1, "(others replied)": p.OtherReplies > 0,
		} {
			if met {
				n[rule]++
			}
		}
	}
	return n
}

// TestDifferences tests that the comparison is not blind: a change of any one
// field is a difference, as are a part too many and a part too few.
func TestDifferences(t *testing.T) {
	p := part{Story: "PAY-1", StoryID: "1", Kind: acceptanceKind, Start: "2026-03-02T08:00:00.000Z", Part: 1}
	if d := differences([]part{p}, []part{p}); len(d) != 0 {
		t.Errorf("the same part: %q", d)
	}
	for i := range reflect.TypeFor[part]().NumField() {
		other := p
		switch v := reflect.ValueOf(&other).Elem().Field(i); v.Kind() {
		case reflect.String:
			v.SetString("another")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int:
			v.SetInt(7)
		default:
			v.SetFloat(0.001)
		}
		if d := differences([]part{other}, []part{p}); len(d) == 0 {
			t.Errorf("another %s is no difference", reflect.TypeFor[part]().Field(i).Name)
		}
	}
	for _, sides := range [][2][]part{{nil, {p}}, {{p}, nil}, {{p, p}, {p}}} {
		if d := differences(sides[0], sides[1]); len(d) != 1 {
			t.Errorf("%d parts and %d: %q", len(sides[0]), len(sides[1]), d)
		}
	}
}
