package jirasim

import "slices"

// Key returns an issue's present key.
func (s *Site) Key(issue int64) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.must(issue).Key
}

// Resolution returns the name of an issue's resolution; "" if it has none.
func (s *Site) Resolution(issue int64) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	doc, _ := s.must(issue).Fields["resolution"].(map[string]any)
	name, _ := doc["name"].(string)
	return name
}

// Person returns who is in a user field of an issue, or nil.
func (s *Site) Person(issue int64, field string) *User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	u, _ := s.must(issue).Fields[field].(*User)
	return u
}

// Labelled reports whether an issue has a label.
func (s *Site) Labelled(issue int64, label string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	labels, _ := s.must(issue).Fields["labels"].([]string)
	return slices.Contains(labels, label)
}
