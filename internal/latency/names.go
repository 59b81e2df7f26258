package latency

import (
	"cmp"
	"slices"
	"strings"
)

// Fold brings a name into the form in which names are compared: lower case,
// with one form of apostrophe and without space around it.
func Fold(name string) string {
	return strings.ToLower(strings.TrimSpace(apostrophes.Replace(name)))
}

var apostrophes = strings.NewReplacer("\u2019", "'", "\u2018", "'", "\u02bc", "'", "\u00b4", "'", "`", "'") //nolint:gochecknoglobals // a constant in all but name

// fold is Fold with a memory: there are few names, and some are compared at
// every event.
func (d *Deriver) fold(name string) string {
	folded, ok := d.folded[name]
	if !ok {
		folded = Fold(name)
		d.folded[name] = folded
	}
	return folded
}

// Person returns the person an account belongs to: the owner's key in the
// config, or the account itself. An empty account is nobody: "".
func (r *Rules) Person(account string) string {
	if p, ok := r.People[account]; ok {
		return p
	}
	return account
}

// Mentioned returns the person whom a mention names. Jira on a server takes
// user names in any case.
func (r *Rules) Mentioned(name string) string {
	if p, ok := r.People[name]; ok {
		return p
	}
	return r.Person(strings.ToLower(name))
}

// Name returns the display name of a person, or the label itself if no name is
// known. Who has a pseudonym has no other name.
func (r *Rules) Name(person string) string {
	if r.Pseudonyms != nil {
		return r.Pseudonym(person)
	}
	if n := r.Names[person]; n != "" {
		return n
	}
	return person
}

// StatusID returns the id of a status value, by its name where a record lost
// the id; "" when it cannot be known.
func (r *Rules) StatusID(v Value) string {
	if v.ID != "" {
		return v.ID
	}
	return r.StatusIDs[Fold(v.Name)]
}

// statusReading is what a status value of a history record may mean.
type statusReading struct {
	id      string   // the status by its id
	bearing []string // those that bear its name today, in order; nil unless they are others
}

// readStatus returns what a status value may mean. An id is read whatever name
// it bears, because statuses are renamed. A name that is another status's today is
// odd: either both were renamed, or the id is another Jira's.
func (d *Deriver) readStatus(v Value) statusReading {
	if today, ok := d.rules.Statuses[v.ID]; ok && today.Name == v.Name {
		return statusReading{id: v.ID}
	}
	if read, ok := d.statuses[v]; ok {
		return read
	}
	read := statusReading{id: d.rules.StatusID(v)}
	if name := Fold(v.Name); v.ID != "" && name != "" && Fold(d.rules.Statuses[v.ID].Name) != name {
		for id, s := range d.rules.Statuses {
			if Fold(s.Name) == name {
				read.bearing = append(read.bearing, id)
			}
		}
		slices.SortFunc(read.bearing, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	}
	d.statuses[v] = read
	return read
}

// statusIn returns the status that a value in the story's nth event means. An
// event before the story's import from another Jira bears that Jira's ids, so
// a name that is another status's today is what counts there. If it is the name
// of several, the one that the story had after the import counts, else the first.
func (r *replay) statusIn(n int, v Value) string {
	read := r.d.readStatus(v)
	return r.choose(n, &read)
}

// choose returns which of the statuses that a value of the nth event may mean it
// means.
func (r *replay) choose(n int, read *statusReading) string {
	if n >= r.imported || len(read.bearing) == 0 {
		return read.id
	}
	if len(read.bearing) > 1 {
		for _, ev := range r.h.Events[r.imported:] {
			for _, c := range ev.Changes {
				for _, has := range [2]string{c.From.ID, c.To.ID} {
					if c.Field == FieldStatus && slices.Contains(read.bearing, has) {
						return has
					}
				}
			}
		}
		for _, has := range r.h.Now[FieldStatus] {
			if slices.Contains(read.bearing, has.ID) {
				return has.ID
			}
		}
	}
	return read.bearing[0]
}
