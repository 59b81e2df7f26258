package support

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/yourturn/yourturn/internal/redact"
)

// logged returns a logger into a ring.
func logged(r *Ring) *zap.Logger { return zap.New(r.Core(redact.New("t0k3n-of-jira"))) }

// messages returns what the lines of a ring say, and fails unless each is JSON.
func messages(t *testing.T, r *Ring) (out []string, size int) {
	t.Helper()
	kept, _ := r.Lines()
	for _, text := range kept {
		var v struct{ Msg string }
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		out, size = append(out, v.Msg), size+len(text)
	}
	return out, size
}

// TestRing: the last lines are kept, whatever their level and in their order, and those
// that anybody can cause push out none of the others.
func TestRing(t *testing.T) {
	r := newRing(Limits{3, 1000}, Limits{2, 1000})
	log := logged(r)
	log.Info("one")
	log.Debug("a")
	log.With(zap.String("key", "v")).Warn("two")
	log.Debug("b")
	log.Error("three")
	log.Debug("c")
	log.Info("four")
	got, _ := messages(t, r)
	if want := "two b three c four"; strings.Join(got, " ") != want {
		t.Errorf("kept %v, want %s", got, want)
	}
	if _, dropped := r.Lines(); dropped != 2 {
		t.Errorf("%d lines are gone, want 2", dropped)
	}
	kept, _ := r.Lines()
	if line := string(kept[0]); !strings.Contains(line, `"key":"v"`) || !strings.Contains(line, `"level":"warn"`) {
		t.Errorf("a line is %s", line)
	}
	if kept, dropped := (*Ring)(nil).Lines(); kept != nil || dropped != 0 {
		t.Error("a nil Ring has lines")
	}
}

// TestRingIsBounded floods a ring from several sides with lines of all sizes: neither
// their number nor their bytes pass the limits, and the newest is always there.
func TestRingIsBounded(t *testing.T) {
	r := NewRing()
	log := logged(r)
	var writers sync.WaitGroup
	for writer := range 4 {
		writers.Go(func() {
			for i := range 3000 {
				text := strings.Repeat("x", i*7%5000)
				log.Info("flood", zap.Int("writer", writer), zap.String("text", text))
				log.Debug("minor", zap.String("text", text))
			}
		})
	}
	writers.Wait()
	log.Info("the last")
	got, size := messages(t, r)
	if most := recentLines + minorLines; len(got) > most || len(got) < 100 {
		t.Errorf("%d lines are kept, want %d at most", len(got), most)
	}
	if most := recentBytes + minorBytes; size > most || size < most/2 {
		t.Errorf("%d bytes are kept, want %d at most", size, most)
	}
	if got[len(got)-1] != "the last" {
		t.Errorf("the last line says %q", got[len(got)-1])
	}
	for range 2 * recentLines {
		log.Info("short")
	}
	if got, _ := messages(t, r); len(got) > recentLines+minorLines {
		t.Errorf("%d short lines are kept", len(got))
	}
}

// TestLongAndSecretLines: a line that is too long is kept as no more than that it was, and
// no line has a secret.
func TestLongAndSecretLines(t *testing.T) {
	r := NewRing()
	log := logged(r)
	log.Named("audit").Warn("it says", zap.String("all", strings.Repeat("Quillfeather ", 2000)))
	log.Info("you sent t0k3n-of-jira", zap.Error(errors.New("no t0k3n-of-jira")))
	kept, _ := r.Lines()
	if len(kept) != 2 {
		t.Fatalf("%d lines are kept", len(kept))
	}
	for i, want := range []string{`"msg":"a line was too long to be kept here"`, "you sent [redacted]"} {
		if line := string(kept[i]); !strings.Contains(line, want) || strings.Contains(line, "Quill") || strings.Contains(line, "t0k3n-of-jira") {
			t.Errorf("line %d is %s", i, line)
		}
	}
}

// BenchmarkLog measures what a line costs: at info, which is written as well, with a ring
// and without; and at debug, which the ring alone keeps.
func BenchmarkLog(b *testing.B) {
	secrets := redact.New("ATATT3xFfGF0T4JNSxyzabcdefghijklmnopqrstuvwxyz=12AB34CD", "a-secret-of-webhooks")
	written := zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(io.Discard), zapcore.InfoLevel)
	for name, log := range map[string]*zap.Logger{"written": zap.New(written), "with a ring": zap.New(zapcore.NewTee(written, NewRing().Core(secrets)))} {
		for level, say := range map[string]func(string, ...zap.Field){"info": log.Info, "debug": log.Debug} {
			b.Run(fmt.Sprintf("%s/%s", level, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					say("http: TLS handshake error from 192.0.2.1:51234: EOF", zap.Int("stories", 12), zap.String("endpoint", "search"), zap.Bool("full", false))
				}
			})
		}
	}
}
