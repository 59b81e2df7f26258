package command

import (
	"fmt"
	"io"
	"time"
)

// progressEvery is how often progress is shown where a line cannot be rewritten.
const progressEvery = 5 * time.Second

// progress shows how far long work has come: on a terminal in one line that is
// rewritten, elsewhere in a line every progressEvery.
type progress struct {
	w        io.Writer
	terminal bool
	begun    time.Time
	last     time.Time
	wrote    bool
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, terminal: isTerminal(w), begun: time.Now(), last: time.Now()}
}

// show shows what is being done, unless it showed something a moment ago.
func (p *progress) show(format string, args ...any) {
	every := progressEvery
	if p.terminal {
		every = 100 * time.Millisecond
	}
	if time.Since(p.last) < every {
		return
	}
	p.last, p.wrote = time.Now(), true
	text := fmt.Sprintf(format, args...)
	if p.terminal {
		fmt.Fprintf(p.w, "\r\x1b[K%s (%s)", text, time.Since(p.begun).Round(time.Second))
	} else {
		fmt.Fprintf(p.w, "%s (%s)\n", text, time.Since(p.begun).Round(time.Second))
	}
}

// done ends the line.
func (p *progress) done() {
	if p.terminal && p.wrote {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
