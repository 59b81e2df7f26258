package latency

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImports holds the domain pure: what it is built on does no I/O, reads no
// clock of its own, and is neither a logger nor a metric nor a Jira. The linter sees to it
// that what it draws comes from a fixed seed.
func TestImports(t *testing.T) {
	const module = "github.com/yourturn/yourturn/"
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, module+"internal/latency", module+"internal/calendar", module+"internal/comment", module+"internal/survival").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"cmp", "container/heap", "encoding/json", "errors", "fmt", "iter", "maps", "math", "math/rand/v2", "regexp", "slices", "sort", "strconv", "strings", "sync", "time",
		"unicode", "unicode/utf8", "unicode/utf16", "unique", module + "internal/calendar", module + "internal/comment", module + "internal/survival",
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if !slices.Contains(allowed, dep) {
			t.Errorf("the domain imports %s", dep)
		}
	}
}
