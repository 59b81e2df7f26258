package jirasim

import (
	"fmt"
	"slices"
	"strings"
)

// query is a query as pollers send it: comparisons of a few fields, with AND,
// OR, NOT and parentheses, and an order.
type query struct {
	condition
	bounded bool // there is a restriction
	moving  bool // what it finds depends on when it is asked
	order   []orderTerm
}

// condition is a condition on issues.
type condition struct {
	match func(*Issue) bool
	from  int64 // no issue of a lower id matches: a search may begin there
}

// jqlError is why Jira refuses a query, in its words.
type jqlError string

func (e jqlError) Error() string { return string(e) }

// parseJQL parses a query; an error is in Jira's words. The caller holds the lock.
func (s *Site) parseJQL(text string) (*query, error) {
	list, err := lex(text)
	if err != nil {
		return nil, err
	}
	q := &query{condition: condition{match: func(*Issue) bool { return true }}}
	if i := orderBy(list); i >= 0 {
		if q.order, err = parseOrder(list[i+2:]); err != nil {
			return nil, err
		}
		list = list[:i]
	}
	if len(list) == 0 {
		return q, nil
	}
	q.bounded = true
	if s.Flavor == Cloud && bareWords(list) {
		q.match = func(*Issue) bool { return false } // a search for the words, which are nowhere
		return q, nil
	}
	p := &jqlParser{site: s, list: list}
	if q.condition, err = p.or(); err != nil {
		return nil, err
	}
	if l, ok := p.peek(); ok {
		return nil, jqlError(fmt.Sprintf("Error in the JQL Query: Expecting either 'OR' or 'AND' but got '%s'. (line 1, character %d)", l.text, l.at))
	}
	q.moving = p.moving
	return q, nil
}

// bareWords reports whether a query is words alone: Cloud searches for them
// instead of refusing them.
func bareWords(list []lexeme) bool {
	for _, l := range list {
		switch {
		case l.quoted:
		case strings.ContainsAny(l.text, "=<>~!(),&|"):
			return false
		case slices.ContainsFunc([]string{"in", "is", "was", "changed", "not", "and", "or"}, l.is):
			return false
		}
	}
	return true
}

// jqlParser parses by recursive descent.
type jqlParser struct {
	site   *Site
	list   []lexeme
	pos    int
	moving bool
}

func (p *jqlParser) peek() (lexeme, bool) {
	if p.pos < len(p.list) {
		return p.list[p.pos], true
	}
	return lexeme{}, false
}

// accept takes the next lexeme if it is one of the words.
func (p *jqlParser) accept(words ...string) bool {
	l, ok := p.peek()
	if ok = ok && slices.ContainsFunc(words, l.is); ok {
		p.pos++
	}
	return ok
}

// value takes the next lexeme, which must be a value.
func (p *jqlParser) value() (lexeme, error) {
	l, ok := p.peek()
	switch {
	case !ok:
		return l, jqlError("Error in the JQL Query: Expecting either a value, list or function before the end of the query.")
	case !l.quoted && strings.ContainsAny(l.text, "=<>~!(),&|"):
		return l, jqlError(fmt.Sprintf("Error in the JQL Query: Expecting either a value, list or function but got '%s'. You must surround '%s' in quotation marks to use it as a value. (line 1, character %d)", l.text, l.text, l.at))
	case slices.ContainsFunc([]string{"and", "or", "not", "in", "is", "was", "changed", "order", "by"}, l.is):
		return l, jqlError(fmt.Sprintf("Error in the JQL Query: '%s' is a reserved JQL word. You must surround it in quotation marks to use it as a field or value. (line 1, character %d)", l.text, l.at))
	}
	p.pos++
	return l, nil
}

func (p *jqlParser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.accept("or", "||", "|") {
		var right condition
		right, err = p.and()
		a, b := left.match, right.match
		left = condition{match: func(i *Issue) bool { return a(i) || b(i) }, from: min(left.from, right.from)}
	}
	return left, err
}

func (p *jqlParser) and() (condition, error) {
	left, err := p.not()
	for err == nil && p.accept("and", "&&", "&") {
		var right condition
		right, err = p.not()
		a, b := left.match, right.match
		left = condition{match: func(i *Issue) bool { return a(i) && b(i) }, from: max(left.from, right.from)}
	}
	return left, err
}

func (p *jqlParser) not() (condition, error) {
	if p.accept("not", "!") {
		c, err := p.not()
		return condition{match: func(i *Issue) bool { return !c.match(i) }}, err
	}
	if !p.accept("(") {
		return p.clause()
	}
	c, err := p.or()
	if err == nil && !p.accept(")") {
		err = jqlError("Error in the JQL Query: Expecting ')' before the end of the query.")
	}
	return c, err
}

// clause parses FIELD OPERATOR VALUE.
func (p *jqlParser) clause() (condition, error) {
	field, err := p.value()
	if err != nil {
		return condition{}, err
	}
	c := comparison{field: strings.ToLower(field.text)}
	op, ok := p.peek()
	if !ok {
		return condition{}, jqlError("Error in the JQL Query: Expecting operator before the end of the query. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'.")
	}
	p.pos++
	switch {
	case !op.quoted && slices.Contains([]string{"=", "!=", "<", ">", "<=", ">="}, op.text):
		c.op = op.text
		l, err := p.value()
		if err != nil {
			return condition{}, err
		}
		c.values = []lexeme{l}
	case op.is("in"), op.is("not") && p.accept("in"):
		c.op, c.list = "=", true
		if op.is("not") {
			c.op = "!="
		}
		if c.values, err = p.values(); err != nil {
			return condition{}, err
		}
	case op.is("~"), op.is("!~"), op.is("is"), op.is("was"), op.is("changed"):
		return condition{}, c.unsupported(op.text)
	default:
		return condition{}, jqlError(fmt.Sprintf("Error in the JQL Query: Expecting operator but got '%s'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, character %d)", op.text, op.at))
	}
	cond, moving, err := p.site.compare(c)
	p.moving = p.moving || moving
	return cond, err
}

// values parses a list in parentheses.
func (p *jqlParser) values() ([]lexeme, error) {
	if !p.accept("(") {
		l, _ := p.peek()
		return nil, jqlError(fmt.Sprintf("Error in the JQL Query: Expecting '(' but got '%s'.", l.text))
	}
	var out []lexeme
	for {
		l, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, l)
		if p.accept(")") {
			return out, nil
		}
		if !p.accept(",") {
			l, _ := p.peek()
			return nil, jqlError(fmt.Sprintf("Error in the JQL Query: Expecting ',' or ')' but got '%s'.", l.text))
		}
	}
}
