package comment

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestHasMarker(t *testing.T) {
	markers := []string{"Q:", "Question:", "#question", "", "Вопрос"}
	for _, tc := range []struct {
		name, text string
		want       bool
	}{
		{"at the beginning", "Q: which?", true},
		{"in another case", "qUESTION: which?", true},
		{"in another script", "ВОПРОС и ответ", true},
		{"after white space", " \n\u200f Q: which?", true},
		{"after a mention", "[~po] Q: which?", true},
		{"after mentions", "[~po] [~dev]\nQ: which?", true},
		{"after a mention with a comma", "[~po], Q: which?", true},
		{"after code", "{code}x{code}\nQ: a", true},
		{"in bold", "*Q:* which?", true},
		{"in bold within a word", "{*}Q:{*}which?", true},
		{"in colour", "{color:red}Q:{color} which?", true},
		{"in a heading", "h3. Q: which?", true},
		{"in colour and bold", "{color:red}*Q:*{color} which?", true},
		{"in bold and colour", "*{color:red}Q:{color}* which?", true},
		{"in a heading, in bold and colour", "h2. *{color:#ff0000}Question:{color}* which?", true},
		{"after a mention in bold", "*[~po]* Q: which?", true},
		{"after a mention in bold with a comma", "*[~po]*, Q: which?", true},
		{"bold that begins a longer word", "*#questionable* things", false},
		{"in an item of a list", "# Q: which?", true},
		{"the marker alone", "#question", true},
		{"escaped", `\#question which?`, true},
		{"part of a longer word", "#questionable things", false},
		{"followed by punctuation", "#question, which?", true},
		{"later", "my Q: which?", false},
		{"after a comma without a mention", ", Q: which?", false},
		{"half a marker", "Question", false},
		{"nothing", "", false},
		{"in a quote", "{quote}Q: which?{quote} yes", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Wiki(tc.text).HasMarker(markers); got != tc.want {
				t.Errorf("%q: got %t, want %t", tc.text, got, tc.want)
			}
		})
	}
}

func TestHeadLimit(t *testing.T) {
	long := strings.Repeat(" \n", 1000) + strings.Repeat("ж ", 1000)
	got := Wiki(long).Head
	if n := utf8.RuneCountInString(got); n < HeadLimit-1 || n > HeadLimit {
		t.Errorf("the head of a long text has %d runes, want about %d", n, HeadLimit)
	}
	if !strings.HasPrefix(got, "ж ж") {
		t.Errorf("the head of a long text is %q", got)
	}
}

func TestFactsJSON(t *testing.T) {
	for want, f := range map[string]*Facts{
		`{}`: {},
		`{"q":true,"a":["po"],"m":["po","dev"],"h":"ok?"}`: {Question: true, Asked: []string{"po"}, Mentioned: []string{"po", "dev"}, Head: "ok?"},
	} {
		got, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// checkInvariants checks what holds of the facts of any comment.
func checkInvariants(t *testing.T, f Facts) {
	t.Helper()
	if len(f.Asked) > 0 && !f.Question {
		t.Error("somebody is asked without a question mark")
	}
	if f.Question && len(f.Mentioned) > 0 && len(f.Asked) == 0 {
		t.Error("somebody is mentioned, and the question addresses nobody")
	}
	rest := f.Mentioned
	for _, a := range f.Asked {
		i := slices.Index(rest, a)
		if i < 0 {
			t.Errorf("%q is asked twice, out of order or not mentioned", a)
			break
		}
		rest = rest[i+1:]
	}
	if slices.Contains(f.Mentioned, "") {
		t.Error("nobody is mentioned")
	}
	if n := utf8.RuneCountInString(f.Head); n > HeadLimit {
		t.Errorf("the head has %d runes", n)
	}
	if f.Head != strings.TrimLeft(f.Head, " \n") {
		t.Errorf("the head %q begins with white space", f.Head)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back Facts
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, back); d != "" {
		t.Errorf("facts change when stored (-before +after):\n%s", d)
	}
}

// TestSameLooksAtEveryFact holds that facts differ where any one of them does, and
// not by how an empty list is written.
func TestSameLooksAtEveryFact(t *testing.T) {
	for field := range reflect.TypeFor[Facts]().Fields() {
		var f Facts
		switch v := reflect.ValueOf(&f).Elem().FieldByIndex(field.Index); v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.String:
			v.SetString("x")
		case reflect.Slice:
			v.Set(reflect.ValueOf([]string{"x"}))
		default:
			t.Fatalf("fact %s is of a kind that this test does not know", field.Name)
		}
		if f.Same(Facts{}) || !f.Same(f) {
			t.Errorf("facts that differ in %s are the same, or equal ones differ", field.Name)
		}
	}
	if !(Facts{Asked: []string{}}).Same(Facts{}) {
		t.Error("an empty list is not the same as none")
	}
}
