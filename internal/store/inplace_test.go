package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/stack"
)

// TestAStoreThatIsTakenAway: a file that is deleted, moved or replaced while it is
// open is noticed before anything is written, and before the state is read from what
// is not the store any more.
func TestAStoreThatIsTakenAway(t *testing.T) {
	stack.NeedsFile(t)
	for name, take := range map[string]func(path string) error{
		"deleted": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			other := path + ".new"
			if err := os.WriteFile(other, nil, 0o600); err != nil {
				return err
			}
			return os.Rename(other, path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.db")
			s := open(t, path)
			save(t, s, jiradata.Batch{Stories: []jiradata.Story{story(10, "PAY-1")}})
			if err := take(path); err != nil {
				t.Fatal(err)
			}
			if _, err := s.SaveStories(t.Context(), jiradata.Batch{}); !errors.Is(err, ErrReplaced) || !strings.Contains(err.Error(), path) {
				t.Errorf("writing: got error %v, want one that names the store", err)
			}
			if _, err := s.State(t.Context()); !errors.Is(err, ErrReplaced) {
				t.Errorf("reading the state: got error %v", err)
			}
		})
	}
}
