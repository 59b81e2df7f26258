package jirasim_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jirasim"
)

func TestInlineComments(t *testing.T) {
	for _, n := range []int{0, 20, 100, 101, 120} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			both(t, jirasim.Options{}, func(s *sim) {
				id := s.create(0)
				all := []string{}
				for i := range n {
					all = append(all, fmt.Sprint(s.site.Comment(minute(i), s.dev, id, "text")))
				}
				page := s.get(fmt.Sprintf("/rest/api/2/issue/%d?fields=comment", id)).doc()["fields"].(doc)["comment"].(doc)
				want := all
				if s.cloud() {
					want = all[max(0, n-100):] // the oldest are left out
				}
				if diff := cmp.Diff(want, recordIDs(page["comments"].([]any))); diff != "" {
					s.Errorf("comments (-want +got):\n%s", diff)
				}
				if page["total"] != float64(n) || page["maxResults"] != float64(len(want)) {
					s.Errorf("got total %v, maxResults %v", page["total"], page["maxResults"])
				}
			})
		})
	}
}

func TestCommentPages(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		var all []string
		for i := range 230 {
			all = append(all, fmt.Sprint(s.site.Comment(minute(i), s.dev, id, "text")))
		}
		first, rest := all[:100], all[5:105]
		if !s.cloud() {
			first, rest = all, all[5:] // all of them when no size is asked for
		}
		for query, want := range map[string][]string{
			"": first, "startAt=5": rest, "startAt=200&maxResults=100": all[200:], "startAt=2&maxResults=3": all[2:5], "maxResults=5000": all[:100],
			"orderBy=-created&maxResults=2": {all[229], all[228]}, "orderBy=%2BCreated&maxResults=1": all[:1], "startAt=999&maxResults=1": {},
		} {
			a := s.get("/rest/api/2/issue/PAY-1/comment?" + query)
			if diff := cmp.Diff(want, recordIDs(a.list("comments"))); diff != "" {
				s.Errorf("%s: comments (-want +got):\n%s", query, diff)
			}
			if a.doc()["total"] != 230.0 {
				s.Errorf("%s: got total %v", query, a.doc()["total"])
			}
		}
		if a := s.get("/rest/api/2/issue/PAY-1/comment?orderBy=updated"); a.StatusCode != 400 {
			s.Errorf("orderBy=updated: got %d", a.StatusCode)
		}
	})
}

func TestCommentOfNobodyAndEdits(t *testing.T) {
	both(t, jirasim.Options{}, func(s *sim) {
		id := s.create(0)
		kept, gone := s.site.Comment(minute(1), nil, id, "first"), s.site.Comment(minute(2), s.dev, id, "second")
		s.site.EditComment(minute(3), id, kept, "edited", false)
		s.site.DeleteComment(minute(4), id, gone, true)
		fields := s.get("/rest/api/2/issue/PAY-1").doc()["fields"].(doc)
		list := fields["comment"].(doc)["comments"].([]any)
		if len(list) != 1 {
			s.Fatalf("got comments %v", list)
		}
		c := list[0].(doc)
		if _, author := c["author"]; author || c["body"] != "edited" || c["created"] != "2026-03-02T11:01:00.000+0200" || c["updated"] != "2026-03-02T11:03:00.000+0200" {
			s.Errorf("got comment %v", c)
		}
		if fields["updated"] != "2026-03-02T11:04:00.000+0200" {
			s.Errorf("got updated %v", fields["updated"])
		}
	})
}

// textNode returns a text of a document.
func textNode(s string, mark ...any) doc {
	d := doc{"type": "text", "text": s}
	if len(mark) > 0 {
		d["marks"] = mark
	}
	return d
}

func TestDocuments(t *testing.T) {
	paragraph := func(content ...any) doc { return doc{"type": "paragraph", "content": content} }
	for _, tc := range []struct {
		name, wiki string
		want       []any
	}{
		{"empty", "", []any{}},
		{"paragraphs", "one\ntwo\n\nthree", []any{paragraph(textNode("one"), doc{"type": "hardBreak"}, textNode("two")), paragraph(textNode("three"))}},
		{
			"mention", "[~accountid:acc:ada], is it?",
			[]any{paragraph(doc{"type": "mention", "attrs": doc{"id": "acc:ada", "text": "@ADA", "accessLevel": ""}}, textNode(", is it?"))},
		},
		{
			"code", "see\n{code:java}\na ? b : c\n\nd\n{code}\nend {{x?}}",
			[]any{
				paragraph(textNode("see")),
				doc{"type": "codeBlock", "content": []any{textNode("a ? b : c\n\nd")}},
				paragraph(textNode("end "), textNode("x?", doc{"type": "code"})),
			},
		},
		{"unclosed code", "{code}\nx", []any{paragraph(textNode("{code}"), doc{"type": "hardBreak"}, textNode("x"))}},
		{
			"quotes", "bq. really?\n{quote}\nyes?\n{quote}\nno",
			[]any{
				doc{"type": "blockquote", "content": []any{paragraph(textNode("really?"))}},
				doc{"type": "blockquote", "content": []any{paragraph(textNode("yes?"))}},
				paragraph(textNode("no")),
			},
		},
		{
			"link", "[why?|https://example.com/?q|smart-link].",
			[]any{paragraph(textNode("why?", doc{"type": "link", "attrs": doc{"href": "https://example.com/?q"}}), textNode("."))},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, jirasim.Cloud, jirasim.Options{})
			id := s.create(0)
			s.site.Change(minute(1), s.dev, id, doc{"description": tc.wiki})
			s.site.Comment(minute(2), s.dev, id, tc.wiki)
			want := doc{"type": "doc", "version": 1.0, "content": tc.want}
			fields := s.get("/rest/api/3/issue/PAY-1").doc()["fields"].(doc)
			inline := fields["comment"].(doc)["comments"].([]any)[0].(doc)["body"]
			listed := s.get("/rest/api/3/issue/PAY-1/comment").list("comments")[0].(doc)["body"]
			for name, got := range map[string]any{"description": fields["description"], "inline comment": inline, "comment": listed} {
				if diff := cmp.Diff(any(want), got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if got := s.get("/rest/api/2/issue/PAY-1/comment").list("comments")[0].(doc)["body"]; got != tc.wiki {
				t.Errorf("the second version of REST has body %v", got)
			}
		})
	}
}
