// Package figures keeps what tests measure.
package figures

import (
	"fmt"
	"os"
	"testing"
)

// Note logs what a test measured, and appends it to the file that YOURTURN_FIGURES
// names, if that is set: `go test` shows the logs of passing tests only with -v.
func Note(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	path := os.Getenv("YOURTURN_FIGURES")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%s: %s\n", t.Name(), line)
}
