package jirasim

import "time"

// Secure gives an issue a security level that the account is in, so that it still sees
// the issue; "" takes the level away. It returns the record's id.
func (s *Site) Secure(at time.Time, actor *User, issue int64, level string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mutate(at, issue)
	it := Item{Field: "security", FieldType: "jira", FieldID: "security"}
	if had, ok := is.Fields["security"].(map[string]any); ok {
		id, name := had["id"].(string), had["name"].(string)
		it.From, it.FromString = &id, &name
	}
	value := securityLevel(level)
	if value != nil {
		id := value["id"].(string)
		it.To, it.ToString = &id, &level
	}
	return s.change(is, at, actor, map[string]any{"security": value}, []Item{it})
}

// securityLevel is a level as an issue's field holds it; nil: none.
func securityLevel(name string) map[string]any {
	if name == "" {
		return nil
	}
	return map[string]any{"id": "10900", "name": name, "description": "Seen by those whom the level names"}
}

// Rename gives an issue another title. It returns the record's id.
func (s *Site) Rename(at time.Time, actor *User, issue int64, title string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := s.mutate(at, issue)
	had, _ := is.Fields["summary"].(string)
	return s.change(is, at, actor, map[string]any{"summary": title},
		[]Item{{Field: "summary", FieldType: "jira", FieldID: "summary", FromString: &had, ToString: &title}})
}
