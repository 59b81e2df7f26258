package command

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/redact"
)

// TestLoggerHides: no line shows a secret in any encoding, or holds a character that
// turns the direction of writing or controls a terminal; a line of JSON stays one.
func TestLoggerHides(t *testing.T) {
	const secret = "ATATT-very-secret"
	encoded := base64.StdEncoding.EncodeToString([]byte("ada@example.com:" + secret))
	for _, format := range []string{"console", "json"} {
		var out bytes.Buffer
		log, err := newLogger(&out, "debug", format, redact.New(secret))
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("you sent "+secret+" \u202egnp.exe\u202c \x1b[31m", zap.Error(errors.New("401: Basic "+encoded)), zap.String("key", "PAY-1\u2066\u009b\U000e0041"))
		line := out.String()
		for _, hidden := range []string{secret, encoded, encoded[24:], "\u202e", "\u202c", "\x1b", "\u2066", "\u009b", "\U000e0041"} {
			if strings.Contains(line, hidden) {
				t.Errorf("%s: %q is in %q", format, hidden, line)
			}
		}
		for _, shown := range []string{`\u202e`, `\u2066`, "PAY-1", redact.Placeholder} {
			if !strings.Contains(line, shown) {
				t.Errorf("%s: %q is not in %q", format, shown, line)
			}
		}
		var doc map[string]any
		if err := json.Unmarshal(out.Bytes(), &doc); format == "json" && (err != nil || doc["key"] != "PAY-1\u2066\u009b\U000e0041") {
			t.Errorf("the line means %v, %v", doc, err)
		}
	}
}
