package jira

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// documentOf draws any JSON document, at most so deep.
func documentOf(depth int) *rapid.Generator[any] {
	leaves := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }), rapid.Map(rapid.StringOf(rapid.RuneFrom([]rune(`ab"\{}[],: é`+"\n"))), func(s string) any { return s }),
	)
	if depth == 0 {
		return leaves
	}
	inner := documentOf(depth - 1)
	return rapid.OneOf(leaves,
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), inner, 0, 4), func(m map[string]any) any { return m }),
	)
}

// TestSplit holds that splitting a document gives the parts that decoding it gives.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := documentOf(4).Draw(t, "document")
		text, err := json.MarshalIndent(doc, rapid.SampledFrom([]string{"", " "}).Draw(t, "prefix"), rapid.SampledFrom([]string{"", "\t"}).Draw(t, "indent"))
		if rapid.Bool().Draw(t, "compact") {
			text, err = json.Marshal(doc)
		}
		if err != nil {
			t.Fatal(err)
		}
		value := func(raw json.RawMessage) (v any) {
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatalf("%q of %s: %v", raw, text, err)
			}
			return v
		}
		switch doc := doc.(type) {
		case []any:
			got := []any{}
			for raw := range elements(text) {
				got = append(got, value(raw))
			}
			if diff := cmp.Diff(doc, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", text, diff)
			}
		case map[string]any:
			got := map[string]any{}
			for name, raw := range members(text) {
				got[name] = value(raw)
			}
			if diff := cmp.Diff(doc, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", text, diff)
			}
		default:
			for range elements(text) {
				t.Fatalf("%s has elements", text)
			}
			for range members(text) {
				t.Fatalf("%s has members", text)
			}
		}
	})
}
