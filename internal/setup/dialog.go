package setup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/yourturn/yourturn/internal/columns"
)

// errBack is the wish to see the question before again.
var errBack = errors.New("back")

// errQuit is the wish to end with nothing written.
var errQuit = errors.New("nothing was written")

// dialog asks in lines of text: it works in any terminal, in a log, and with a
// screen reader.
type dialog struct {
	out   io.Writer
	lines <-chan string // what is typed, line by line; closed at the end of the input
}

// newDialog reads lines from in.
func newDialog(in io.Reader, out io.Writer) *dialog {
	lines := make(chan string)
	go func() { // a read cannot be interrupted; the process may end meanwhile
		defer close(lines)
		r := bufio.NewReader(in)
		for {
			line, err := r.ReadString('\n')
			if line != "" {
				lines <- strings.TrimSpace(line)
			}
			if err != nil {
				return
			}
		}
	}()
	return &dialog{out: out, lines: lines}
}

// say prints a text that is broken between words, with an indent.
func (d *dialog) say(indent int, format string, args ...any) {
	fmt.Fprint(d.out, columns.Wrap(fmt.Sprintf(format, args...), indent))
}

// blank prints an empty line.
func (d *dialog) blank() { fmt.Fprintln(d.out) }

// read asks for a line. It fails with errQuit at the end of the input, and with
// ctx's error when that ends.
func (d *dialog) read(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(d.out, prompt+" ")
	select {
	case <-ctx.Done():
		fmt.Fprintln(d.out)
		return "", ctx.Err()
	case line, ok := <-d.lines:
		if !ok {
			fmt.Fprintln(d.out)
			return "", errQuit
		}
		return line, nil
	}
}

// answer is what somebody chose at a question.
type answer int

const (
	accepted answer = iota
	skipped
	adjusted
)

// ask asks a question until there is a usable answer. adjust takes what is
// typed besides the keys, and says what is wrong with it. help explains.
func (d *dialog) ask(ctx context.Context, adjust func(text string) error, help string) (answer, error) {
	keys := "Enter accepts, s skips, b goes back, ? helps, q quits"
	if adjust != nil {
		keys = "Enter accepts, or type your own; s skips, b goes back, ? helps, q quits"
	}
	for {
		d.say(2, "%s", keys)
		text, err := d.read(ctx, ">")
		if err != nil {
			return skipped, err
		}
		switch strings.ToLower(text) {
		case "", "y", "yes":
			return accepted, nil
		case "s", "skip":
			return skipped, nil
		case "b", "back":
			return skipped, errBack
		case "q", "quit":
			return skipped, errQuit
		case "?", "h", "help":
			d.say(2, "%s", help)
			continue
		}
		if adjust == nil {
			d.say(2, "%q is not understood here.", columns.Clean(text))
			continue
		}
		if err := adjust(text); err != nil {
			d.say(2, "%v", err)
			continue
		}
		return adjusted, nil
	}
}

// confirm asks a question that is answered by yes or no.
func (d *dialog) confirm(ctx context.Context, question string, byDefault bool) (bool, error) {
	choice := "[y/N]"
	if byDefault {
		choice = "[Y/n]"
	}
	for {
		text, err := d.read(ctx, question+" "+choice)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(text) {
		case "":
			return byDefault, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		case "b", "back":
			return false, errBack
		case "q", "quit":
			return false, errQuit
		}
		d.say(0, "Type y or n.")
	}
}
