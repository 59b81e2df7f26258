package query

// Person is somebody whom an answer names. Name is what Jira calls them: untrusted text.
type Person struct {
	Label string `json:"label"`
	Name  string `json:"name"`
}

// person returns what a person is called where people are told apart.
func (r *Reader) person(who string) Person {
	return Person{Label: r.Rules.Pseudonym(who), Name: r.Rules.Name(who)}
}
