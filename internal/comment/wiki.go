package comment

import "strings"

// Wiki reads a comment in Jira's wiki markup, as version 2 of the REST API and
// Data Center give it.
//
// A paragraph is a block of lines between blank ones; a heading, an item of a
// list and a row of a table are paragraphs of their own, as they are in the
// document format. A macro that is not closed is text, as Jira shows it. A
// question mark at the end of a bare URL counts: people end questions so.
func Wiki(text string) Facts {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var r wikiReader
	for line := range strings.SplitSeq(cutMacros(text), "\n") {
		r.line(strings.TrimSpace(line))
	}
	r.end()
	return read(r.paragraphs)
}

// wikiReader collects paragraphs.
type wikiReader struct {
	paragraphs []paragraph
	open       paragraph
	row        bool // open is a row of a table whose last cell goes on
}

// end ends the paragraph under way.
func (r *wikiReader) end() {
	r.row = false
	if len(r.open) > 0 {
		r.paragraphs, r.open = append(r.paragraphs, r.open), nil
	}
}

// line reads one line.
func (r *wikiReader) line(line string) {
	if line == "" || isRule(line) || strings.HasPrefix(line, "bq.") {
		r.end()
		return
	}
	heading := cutHeading(line)
	item := cutListMark(line)
	switch {
	case heading != "":
		r.end()
		line = heading
	case item != "" && !r.row:
		r.end()
		line = item
	case line[0] == '|':
		r.end()
		r.row = true
	}
	r.open = append(scanLine(r.open, line, markup{wiki: true, row: r.row}), lineEnd())
	if heading != "" || r.row && strings.HasSuffix(line, "|") {
		r.end()
	}
}

// isRule reports whether line is a horizontal rule.
func isRule(line string) bool { return len(line) >= 4 && strings.Trim(line, "-") == "" }

// cutHeading returns the text of a heading, "h1. text"; "" if line is none.
func cutHeading(line string) string {
	if len(line) < 4 || line[0] != 'h' || line[1] < '1' || line[1] > '6' || line[2] != '.' || line[3] != ' ' {
		return ""
	}
	return line[4:]
}

// cutListMark returns the text of an item of a list, as in "** text" and
// "# text"; "" if line is none.
func cutListMark(line string) string {
	rest := strings.TrimLeft(line, "*#-")
	if len(rest) == len(line) || !strings.HasPrefix(rest, " ") {
		return ""
	}
	return rest
}

// cutMacros removes the macros whose content is no word of the writer, with
// their content.
func cutMacros(text string) string {
	var out strings.Builder
	missing := map[string]bool{} // names with no closing tag ahead
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		skip := i + 1
		switch name, open := macro(text[i:]); {
		case strings.HasPrefix(text[i:], "{{"):
			skip = i + 2 // monospaced text, whatever its first word
		case name == "" || missing[name] || i > 0 && text[i-1] == '\\':
		default:
			closing := "{" + name + "}"
			end := strings.Index(text[i+open:], closing)
			if end < 0 {
				missing[name] = true
				break
			}
			out.WriteString(text[:i])
			out.WriteByte(' ')
			text = text[i+open+end+len(closing):]
			continue
		}
		out.WriteString(text[:skip])
		text = text[skip:]
	}
}

// macro returns the name of the macro that text begins with and the length of
// its opening tag; "" for anything else.
func macro(text string) (name string, length int) {
	// Parameters hold no brace: to stop at one keeps a row of tags without an
	// end from being read once for each.
	end := 1 + strings.IndexAny(text[1:], "{}\n")
	if end < 1 || text[end] != '}' {
		return "", 0
	}
	name, _, _ = strings.Cut(text[1:end], ":")
	switch name {
	case "code", "noformat", "quote":
		return name, end + 1
	}
	return "", 0
}
