package command

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/yourturn/yourturn/internal/redact"
	"github.com/yourturn/yourturn/internal/support"
)

// newLogger returns a logger of level and format that writes to w. No line shows a
// secret that r finds, nor holds what changes how a terminal shows it.
func newLogger(w io.Writer, level, format string, r *redact.Redactor) (*zap.Logger, error) {
	lvl, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, usageError{fmt.Errorf("log level %q: use debug, info, warn or error", level)}
	}
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.ISO8601TimeEncoder
	var encoder zapcore.Encoder
	switch format {
	case "json":
		encoder = zapcore.NewJSONEncoder(enc)
	case "console":
		enc.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(enc)
	default:
		return nil, usageError{fmt.Errorf("log format %q: use console or json", format)}
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(lines{w, r})), lvl)), nil
}

// newServiceLogger is newLogger for a service, of whose log the last lines are kept for a
// bundle, from debug on whatever the level is.
func newServiceLogger(w io.Writer, level, format string, r *redact.Redactor) (*zap.Logger, *support.Ring, error) {
	log, err := newLogger(w, level, format, r)
	if err != nil {
		return nil, nil, err
	}
	recent := support.NewRing()
	keep := zap.WrapCore(func(written zapcore.Core) zapcore.Core { return zapcore.NewTee(written, recent.Core(r)) })
	return log.WithOptions(keep), recent, nil
}

// lines writes lines of a log.
type lines struct {
	to     io.Writer
	redact *redact.Redactor
}

// Write implements io.Writer.
func (l lines) Write(line []byte) (int, error) {
	if _, err := io.WriteString(l.to, visible(l.redact.String(string(line)))); err != nil {
		return 0, err
	}
	return len(line), nil
}

// visible returns a text in which characters that are not seen, and change how a
// terminal shows the others, stand as they are escaped in JSON: those that turn the
// direction of writing, and those that control a terminal, except line ends and tabs.
func visible(text string) string {
	hidden := func(c rune) bool {
		return c != '\n' && c != '\t' && (unicode.Is(unicode.Cc, c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Zl, c) || unicode.Is(unicode.Zp, c))
	}
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		switch {
		case !hidden(c):
			b.WriteRune(c)
		case c > 0xffff: // as JSON writes it, in two halves
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(c>>10), 0xdc00+(c&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, c)
		}
	}
	return b.String()
}
