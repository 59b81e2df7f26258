package latency

import "maps"

// All is the owner of everything where the config wants no statistic of an owner:
// a reserved label.
const All = "all"

// allName is the display name of All.
const allName = "All owners"

// Pseudonyms give people names that say nothing. Equal persons have equal
// pseudonyms, and different ones different ones.
type Pseudonyms interface {
	Of(person string) string
}

// Label returns what stands for a person in everything that leaves the service:
// the label owner of a metric, a page, a line of waits. The domain computes with
// persons and names them at the end, so a name changes no number; All is an owner
// as any other, whose waits are everybody's.
func (r *Rules) Label(person string) string {
	switch {
	case person == "":
		return ""
	case r.Together:
		return All
	}
	return r.Pseudonym(person)
}

// LabelName returns the display name that goes with Label.
func (r *Rules) LabelName(person string) string {
	switch {
	case person == "":
		return ""
	case r.Together:
		return allName
	}
	return r.Name(person)
}

// Pseudonym is Label for one wait or one story, which is no statistic: it names
// people where Label puts all of them together.
func (r *Rules) Pseudonym(person string) string {
	if r.Pseudonyms == nil || person == "" || person == Unowned {
		return person
	}
	return r.Pseudonyms.Of(person)
}

// labels remembers the labels of people: a pseudonym takes longer than to look it up.
type labels struct {
	rules *Rules
	known map[string]string
}

func newLabels(rules *Rules) *labels { return &labels{rules, map[string]string{}} }

func (l *labels) of(person string) string {
	if !l.rules.Together && l.rules.Pseudonyms == nil {
		return person
	}
	label, ok := l.known[person]
	if !ok {
		label = l.rules.Label(person)
		l.known[person] = label
	}
	return label
}

// labelled returns a copy of the totals in which owners have their labels. Those
// with one label are added up.
func (t *Totals) labelled(l *labels) *Totals {
	if !l.rules.Together && l.rules.Pseudonyms == nil {
		return t.Clone()
	}
	c := NewTotals()
	maps.Copy(c.Slips, t.Slips)
	maps.Copy(c.Bypassed, t.Bypassed)
	key := func(k Key) Key { return Key{k.Kind, k.Project, l.of(k.Owner)} }
	for k, n := range t.Ended {
		c.Ended[EndedKey{key(k.Key), k.Outcome, k.Responder}] += n
	}
	for k, n := range t.Breached {
		c.Breached[key(k)] += n
	}
	for k, n := range t.Met {
		c.Met[key(k)] += n
	}
	for k, n := range t.Guards {
		c.Guards[GuardKey{k.Guard, k.Project, l.of(k.Owner)}] += n
	}
	for k, h := range t.Latency {
		c.latency(EndedKey{key(k.Key), k.Outcome, k.Responder}).merge(h)
	}
	for k, h := range t.Elapsed {
		c.elapsed(key(k)).merge(h)
	}
	return c
}

// merge adds what another histogram with the same bounds counted.
func (h *Histogram) merge(other *Histogram) {
	for i, n := range other.Counts {
		h.Counts[i] += n
	}
	h.Count += other.Count
	h.Sum += other.Sum
}
