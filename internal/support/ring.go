package support

import (
	"bytes"
	"encoding/json"
	"sync"

	"go.uber.org/zap/zapcore"

	"github.com/yourturn/yourturn/internal/redact"
)

// Limits bound what a Ring keeps of a kind of lines.
type Limits struct{ Lines, Bytes int }

// The limits of a service's Ring. What is less than info is counted apart, because
// anybody who reaches the port can cause it, and must not push out the rest.
const (
	recentLines = 2000
	recentBytes = 1 << 20
	minorLines  = 500
	minorBytes  = 1 << 18
)

// longestLine is how long a line is at most, in bytes, of which more than its place is
// kept.
const longestLine = 8 << 10

// Ring keeps the last lines of a log in memory, whatever level is written elsewhere. A
// nil Ring keeps nothing. It is safe for concurrent use.
type Ring struct {
	mu     sync.Mutex
	recent lines // info and more
	minor  lines // less
	count  uint64
}

// lines are the last lines of a kind.
type lines struct {
	Limits
	kept    []line // in a circle
	first   int    // the oldest
	n, size int    // how many there are, and their bytes
	dropped uint64 // how many there were before
}

// line is a line of a log, in JSON.
type line struct {
	nth  uint64
	text []byte
}

// NewRing returns a Ring with the limits of a service.
func NewRing() *Ring {
	return newRing(Limits{Lines: recentLines, Bytes: recentBytes}, Limits{Lines: minorLines, Bytes: minorBytes})
}

func newRing(recent, minor Limits) *Ring {
	return &Ring{recent: lines{Limits: recent}, minor: lines{Limits: minor}}
}

// Core returns what writes a log into the ring: every line from debug on, as JSON, with
// the secrets taken out that secrets finds.
func (r *Ring) Core(secrets *redact.Redactor) zapcore.Core {
	enc := zapcore.EncoderConfig{
		TimeKey: "at", LevelKey: "level", NameKey: "logger", MessageKey: "msg", LineEnding: "\n",
		EncodeTime: zapcore.RFC3339NanoTimeEncoder, EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeDuration: zapcore.StringDurationEncoder,
	}
	return &core{r, zapcore.NewJSONEncoder(enc), secrets}
}

// core is a zapcore.Core over a ring.
type core struct {
	ring    *Ring
	enc     zapcore.Encoder
	secrets *redact.Redactor
}

// Enabled implements zapcore.LevelEnabler.
func (c *core) Enabled(zapcore.Level) bool { return true }

// With implements zapcore.Core.
func (c *core) With(fields []zapcore.Field) zapcore.Core {
	enc := c.enc.Clone()
	for _, f := range fields {
		f.AddTo(enc)
	}
	return &core{c.ring, enc, c.secrets}
}

// Check implements zapcore.Core.
func (c *core) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return ce.AddCore(e, c)
}

// Write implements zapcore.Core.
func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	encoded, err := c.enc.EncodeEntry(e, fields)
	if err != nil {
		return err
	}
	defer encoded.Free()
	text := c.secrets.Bytes(encoded.Bytes())
	if len(text) > longestLine {
		// Half a line could hold half a name.
		if text, err = json.Marshal(map[string]any{"at": e.Time, "level": e.Level, "logger": e.LoggerName, "msg": "a line was too long to be kept here", "bytes": len(text)}); err != nil {
			return err
		}
	}
	c.ring.add(bytes.Clone(bytes.TrimSpace(text)), e.Level < zapcore.InfoLevel)
	return nil
}

// Sync implements zapcore.Core.
func (c *core) Sync() error { return nil }

func (r *Ring) add(text []byte, minor bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
	of := &r.recent
	if minor {
		of = &r.minor
	}
	of.add(line{r.count, text})
}

// add appends a line, in the place of the oldest ones where there is no room.
func (l *lines) add(new line) {
	for l.n > 0 && (l.n == l.Lines || l.size+len(new.text) > l.Bytes) {
		l.size -= len(l.kept[l.first].text)
		l.kept[l.first] = line{}
		l.first = (l.first + 1) % len(l.kept)
		l.n--
		l.dropped++
	}
	if l.kept == nil {
		l.kept = make([]line, l.Lines)
	}
	l.kept[(l.first+l.n)%len(l.kept)] = new
	l.n++
	l.size += len(new.text)
}

// at returns the line at a place, the oldest first.
func (l *lines) at(i int) line { return l.kept[(l.first+i)%len(l.kept)] }

// Lines returns the lines that are kept, the oldest first, and how many there were
// before.
func (r *Ring) Lines() (kept [][]byte, dropped uint64) {
	if r == nil {
		return nil, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, j := 0, 0; i < r.recent.n || j < r.minor.n; {
		if j == r.minor.n || i < r.recent.n && r.recent.at(i).nth < r.minor.at(j).nth {
			kept = append(kept, r.recent.at(i).text)
			i++
			continue
		}
		kept = append(kept, r.minor.at(j).text)
		j++
	}
	return kept, r.recent.dropped + r.minor.dropped
}
