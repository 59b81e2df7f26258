package comment

import "strings"

// token is a piece of a paragraph: text, a mention, or the end of a line.
type token struct {
	text    string
	account string // of a mention
}

// lineEnd is the token that ends a line within a paragraph.
func lineEnd() token { return token{text: "\n"} }

func (t token) isLineEnd() bool { return t.text == "\n" }

// paragraph is a block of lines: within it a question mark addresses everybody
// who is mentioned.
type paragraph []token

// mentions returns who is mentioned, without those after cc, fyi or ping on
// their line, who are merely informed.
func (p paragraph) mentions() []string {
	var accounts []string
	informed := false
	for _, t := range p {
		switch {
		case t.isLineEnd():
			informed = false
		case t.account == "":
			informed = informed || informs(t.text)
		case !informed:
			accounts = append(accounts, t.account)
		}
	}
	return accounts
}

// asks reports whether there is a question mark.
func (p paragraph) asks() bool {
	for _, t := range p {
		if strings.ContainsFunc(t.text, isQuestionMark) {
			return true
		}
	}
	return false
}

// informs reports whether text holds one of the words that turn the mentions
// after it on the line into information.
func informs(text string) bool {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !isWord(r) }) {
		if strings.EqualFold(word, "cc") || strings.EqualFold(word, "fyi") || strings.EqualFold(word, "ping") {
			return true
		}
	}
	return false
}

// read returns the facts of paragraphs that code, quotes and links are already
// gone from.
func read(paragraphs []paragraph) Facts {
	var start head
	var mentioned, asked set
	var facts Facts
	mentions := make([][]string, len(paragraphs))
	for i, p := range paragraphs {
		mentions[i] = p.mentions()
		mentioned.add(mentions[i])
		for _, t := range p {
			if t.account != "" {
				start.mention()
			}
			start.write(t.text)
		}
		start.write("\n")
	}
	following := nextMentioning(mentions)
	last := -1  // the last paragraph so far that mentions anybody
	added := -1 // the last one whose mentions are in asked; the next is never before it
	for i, p := range paragraphs {
		if len(mentions[i]) > 0 {
			last = i
		}
		if !p.asks() {
			continue
		}
		facts.Question = true
		nearest := last
		if nearest < 0 {
			nearest = following[i]
		}
		if nearest > added {
			asked.add(mentions[nearest])
			added = nearest
		}
	}
	facts.Asked, facts.Mentioned, facts.Head = asked.list, mentioned.list, start.String()
	return facts
}

// nextMentioning returns for each paragraph the index of the nearest one after
// it that mentions anybody; -1 where there is none.
func nextMentioning(mentions [][]string) []int {
	next := make([]int, len(mentions))
	nearest := -1
	for i := len(mentions) - 1; i >= 0; i-- {
		next[i] = nearest
		if len(mentions[i]) > 0 {
			nearest = i
		}
	}
	return next
}

// set is a list of accounts without duplicates, in order of appearance.
type set struct {
	list []string
	seen map[string]bool
}

// add appends the accounts that the set does not hold yet.
func (s *set) add(accounts []string) {
	for _, a := range accounts {
		if s.seen[a] {
			continue
		}
		if s.seen == nil {
			s.seen = map[string]bool{}
		}
		s.seen[a] = true
		s.list = append(s.list, a)
	}
}
