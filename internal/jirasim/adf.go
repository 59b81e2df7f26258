package jirasim

import (
	"regexp"
	"strings"
)

var (
	adfFence   = regexp.MustCompile(`^\{(code|noformat)(?::[^}]*)?\}`)
	adfOpening = regexp.MustCompile(`(?s)\{quote\}.*\{quote\}|\{code(?::[^}]*)?\}.*\{code\}|\{noformat\}.*\{noformat\}`)
	adfInline  = regexp.MustCompile(`\[~(?:accountid:)?([^\]]+)\]|\{\{(.+?)\}\}|\[([^\]|\n]+)\|([^\]|\n]+)(?:\|[^\]\n]*)?\]`)
)

// document turns wiki text into an Atlassian document, as the third version of
// REST has it: paragraphs, code blocks, quotes, mentions, inline code, links and
// line breaks. Other markup stays text.
func (s *Site) document(text string) map[string]any {
	return node("doc", s.blocks(text), "version", 1)
}

// node returns a node of a document.
func node(kind string, content []any, more ...any) map[string]any {
	n := map[string]any{"type": kind, "content": content}
	for i := 0; i+1 < len(more); i += 2 {
		n[more[i].(string)] = more[i+1]
	}
	return n
}

// blocks turns text into block nodes.
func (s *Site) blocks(text string) []any {
	out := []any{}
	var paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, s.paragraph(paragraph))
			paragraph = nil
		}
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		if m := adfFence.FindStringSubmatch(text); m != nil {
			if code, after, ok := strings.Cut(text[len(m[0]):], "{"+m[1]+"}"); ok {
				flush()
				out = append(out, node("codeBlock", plain(strings.Trim(code, "\n"))))
				text = strings.TrimPrefix(after, "\n")
				continue
			}
		}
		if inner, ok := strings.CutPrefix(text, "{quote}"); ok {
			if quoted, after, ok := strings.Cut(inner, "{quote}"); ok {
				flush()
				out = append(out, node("blockquote", s.blocks(quoted)))
				text = strings.TrimPrefix(after, "\n")
				continue
			}
		}
		switch quoted, ok := strings.CutPrefix(line, "bq. "); {
		case ok:
			flush()
			out = append(out, node("blockquote", []any{s.paragraph([]string{quoted})}))
		case strings.TrimSpace(line) == "":
			flush()
		default:
			// What opens in the middle of a line ends the paragraph too.
			if at := adfOpening.FindStringIndex(text); at != nil && at[0] > 0 && at[0] < len(line) {
				paragraph, text = append(paragraph, line[:at[0]]), text[at[0]:]
				continue
			}
			paragraph = append(paragraph, line)
		}
		text = rest
	}
	flush()
	return out
}

// plain returns a text as content, none if it is empty: a text node may not be.
func plain(text string) []any {
	if text == "" {
		return []any{}
	}
	return []any{map[string]any{"type": "text", "text": text}}
}

// paragraph turns lines into a paragraph.
func (s *Site) paragraph(lines []string) map[string]any {
	out := []any{}
	for i, line := range lines {
		if i > 0 {
			out = append(out, map[string]any{"type": "hardBreak"})
		}
		for line != "" {
			m := adfInline.FindStringSubmatchIndex(line)
			if m == nil {
				out = append(out, plain(line)...)
				break
			}
			out = append(out, plain(line[:m[0]])...)
			group := func(n int) string { return line[m[2*n]:m[2*n+1]] }
			switch {
			case m[2] >= 0:
				out = append(out, s.mention(group(1)))
			case m[4] >= 0:
				out = append(out, marked(group(2), map[string]any{"type": "code"}))
			default:
				out = append(out, marked(group(3), map[string]any{"type": "link", "attrs": map[string]any{"href": group(4)}}))
			}
			line = line[m[1]:]
		}
	}
	return node("paragraph", out)
}

func marked(text string, mark map[string]any) map[string]any {
	return map[string]any{"type": "text", "text": text, "marks": []any{mark}}
}

// mention returns the node that mentions an account; its text is the name that
// the account had.
func (s *Site) mention(account string) map[string]any {
	name := account
	for _, u := range s.users {
		if u.AccountID == account {
			name = u.DisplayName
		}
	}
	return map[string]any{"type": "mention", "attrs": map[string]any{"id": account, "text": "@" + name, "accessLevel": ""}}
}
