package store

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

// Bodies hold what no statement selects by: what events and entries of the
// ledger are beside their identity, and the snapshot of a story. They are the
// larger part of a store and all of them are read at a start, so they are
// binary.
//
// A body begins with the version of its form, and each row is read by the form
// that it names: a store that was written by several versions of the program
// holds rows of several forms side by side, and none of them has to be written
// anew. A form that this program does not know is ErrNewer. After the version,
// with numbers as unsigned varints and strings in UTF-8 after their length:
//
//	event 1:    flags, actor, [head, asked, mentioned], changes
//	event 2:    flags, actor, [reading, head, asked, mentioned], changes
//	snapshot 1: fields
//	entry 1:    type, project, owner, outcome, responder, working, elapsed, happened
//
// where the part in brackets is there for a comment, reading is the version of
// jiradata.Reading that read it (1 in form 1), asked and mentioned are lists of
// accounts, working, elapsed and happened (since the instant of the identity) are
// milliseconds as signed varints, changes is a list of (field, id and name
// before, id and name after), fields is a list of (field, list of (id, name)),
// ordered by field so that equal snapshots are equal bytes, and a list is its
// length and its elements. Events without a comment are written in form 1, which
// says all there is of them, and comments in form 2. To see the strings of a
// story's events:
//
//	sqlite3 FILE "SELECT hex(body) FROM event WHERE story = 10001" | xxd -r -p | strings -n 2
const (
	eventForm    = 1 // without a comment
	commentForm  = 2
	snapshotForm = 1
	entryForm    = 1
)

// The flags of an event's body. The account type stands above them.
const (
	flagObserved = 1 << iota
	flagComment
	flagQuestion
	flagBits = iota
)

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

func appendValue(b []byte, v latency.Value) []byte {
	return appendString(appendString(b, v.ID), v.Name)
}

// appendEvent appends the body of an event to b; reading is the version of
// jiradata.Reading that its comment was read with.
func appendEvent(b []byte, ev *latency.Event, reading int) []byte {
	flags := uint64(ev.ActorType) << flagBits
	if ev.Observed {
		flags |= flagObserved
	}
	if ev.Comment != nil {
		flags |= flagComment
		if ev.Comment.Question {
			flags |= flagQuestion
		}
	}
	form := byte(eventForm)
	if ev.Comment != nil {
		form = commentForm
	}
	b = append(b, form)
	b = binary.AppendUvarint(b, flags)
	b = appendString(b, ev.Actor)
	if c := ev.Comment; c != nil {
		b = binary.AppendUvarint(b, uint64(reading)) //nolint:gosec // it counts from 1
		b = appendString(b, c.Head)
		b = appendStrings(b, c.Asked)
		b = appendStrings(b, c.Mentioned)
	}
	b = binary.AppendUvarint(b, uint64(len(ev.Changes)))
	for i := range ev.Changes {
		c := &ev.Changes[i]
		b = appendString(b, c.Field)
		b = appendValue(b, c.From)
		b = appendValue(b, c.To)
	}
	return b
}

// appendSnapshot appends the body of a snapshot to b.
func appendSnapshot(b []byte, now latency.Snapshot) []byte {
	b = append(b, snapshotForm)
	b = binary.AppendUvarint(b, uint64(len(now)))
	for _, field := range slices.Sorted(maps.Keys(now)) {
		b = appendString(b, field)
		b = binary.AppendUvarint(b, uint64(len(now[field])))
		for _, v := range now[field] {
			b = appendValue(b, v)
		}
	}
	return b
}

// appendEntry appends the body of an entry of the ledger to b.
func appendEntry(b []byte, e *latency.Entry) []byte {
	b = append(b, entryForm)
	for _, s := range [...]string{string(e.Type), e.Project, e.Owner, string(e.Outcome), string(e.Responder)} {
		b = appendString(b, s)
	}
	for _, n := range [...]int64{int64(e.Working), int64(e.Elapsed), int64(e.At - e.ID.At)} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// maxReading bounds the number of a reading, whatever a damaged row says.
const maxReading = 1 << 30

// decoder reads bodies. What it returns lies in lists that it keeps, and is
// valid until reset; the strings stay.
type decoder struct {
	names *interner

	rest   []byte // of the body that is read
	failed bool   // it ended early

	reading int // which version of jiradata.Reading read the comment of the last event; 0: it has none

	changes  []latency.Change
	comments []comment.Facts
	accounts []string
	values   []latency.Value
}

func newDecoder() *decoder { return &decoder{names: newInterner()} }

// reset takes back what was decoded.
func (d *decoder) reset() {
	d.changes, d.comments = d.changes[:0], d.comments[:0]
	d.accounts, d.values = d.accounts[:0], d.values[:0]
}

// event reads a body into ev, except for what is not in it: instant, rank and id.
func (d *decoder) event(body []byte, ev *latency.Event) error {
	form, err := d.begin(body, commentForm)
	if err != nil {
		return err
	}
	d.reading = 0
	flags := d.number()
	ev.Observed = flags&flagObserved != 0
	ev.ActorType = latency.AccountType(flags >> flagBits) //nolint:gosec // it was one
	ev.Actor = d.name()
	ev.Comment, ev.Changes = nil, nil
	if flags&flagComment != 0 {
		if d.reading = 1; form >= commentForm {
			d.reading = int(min(d.number(), maxReading)) //nolint:gosec // it is small
		}
		d.comments = append(d.comments, comment.Facts{
			Question: flags&flagQuestion != 0, Head: string(d.bytes()), Asked: d.list(), Mentioned: d.list(),
		})
		ev.Comment = &d.comments[len(d.comments)-1]
	}
	if n := d.length(); n > 0 {
		from := len(d.changes)
		for range n {
			d.changes = append(d.changes, latency.Change{Field: d.name(), From: d.value(), To: d.value()})
		}
		ev.Changes = slices.Clip(d.changes[from:])
	}
	return d.end()
}

// snapshot reads a body into now, which it empties first.
func (d *decoder) snapshot(body []byte, now latency.Snapshot) error {
	clear(now)
	if _, err := d.begin(body, snapshotForm); err != nil {
		return err
	}
	for range d.length() {
		field := d.name()
		from := len(d.values)
		for range d.length() {
			d.values = append(d.values, d.value())
		}
		now[field] = slices.Clip(d.values[from:])
	}
	return d.end()
}

// entry reads a body into e, except for what is not in it: the identity, which
// must be in e.
func (d *decoder) entry(body []byte, e *latency.Entry) error {
	if _, err := d.begin(body, entryForm); err != nil {
		return err
	}
	e.Type, e.Project, e.Owner = latency.EntryType(d.name()), d.name(), d.name()
	e.Outcome, e.Responder = latency.Outcome(d.name()), latency.Responder(d.name())
	e.Working, e.Elapsed = latency.Milliseconds(d.signed()), latency.Milliseconds(d.signed())
	e.At = e.ID.At + latency.Instant(d.signed())
	return d.end()
}

// begin starts to read a body, and returns its form; newest is the newest one
// that this program knows of such bodies.
func (d *decoder) begin(body []byte, newest byte) (form byte, err error) {
	switch {
	case len(body) == 0 || body[0] == 0:
		return 0, ErrDamaged
	case body[0] > newest:
		return 0, fmt.Errorf("a row has form %d and this yourturn knows forms up to %d: %w", body[0], newest, ErrNewer)
	}
	d.rest, d.failed = body[1:], false
	return body[0], nil
}

// end returns an error unless the body was read to its end, and no further.
func (d *decoder) end() error {
	if d.failed || len(d.rest) > 0 {
		return ErrDamaged
	}
	return nil
}

func (d *decoder) fail() {
	d.rest, d.failed = nil, true
}

func (d *decoder) number() uint64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 { // as nearly all of them are
		n := d.rest[0]
		d.rest = d.rest[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// signed reads a number that may be below zero.
func (d *decoder) signed() int64 {
	n := d.number()
	return int64(n>>1) ^ -int64(n&1) //nolint:gosec // the bits are meant
}

// length reads a length. No element is shorter than a byte, so a length that
// goes past the body is damage, and not a reason to allocate.
func (d *decoder) length() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) bytes() []byte {
	n := d.length()
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) name() string { return d.names.of(d.bytes()) }

func (d *decoder) value() latency.Value { return latency.Value{ID: d.name(), Name: d.name()} }

func (d *decoder) list() []string {
	n := d.length()
	if n == 0 {
		return nil
	}
	from := len(d.accounts)
	for range n {
		d.accounts = append(d.accounts, d.name())
	}
	return slices.Clip(d.accounts[from:])
}
