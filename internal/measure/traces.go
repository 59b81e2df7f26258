package measure

import (
	"encoding/binary"
	"iter"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// traces keep the traces of many stories in little memory: each as one string
// of varints, instants as differences, names as numbers of a common table.
type traces struct {
	packed map[int64]string
	names  *names
	reader unpacker // of Trace
}

// names number strings that occur often.
type names struct {
	index map[string]uint64
	list  []string
}

// of returns the number of a string.
func (n *names) of(s string) uint64 {
	i, ok := n.index[s]
	if !ok {
		i = uint64(len(n.list))
		n.index[s] = i
		n.list = append(n.list, s)
	}
	return i
}

func newTraces() *traces {
	n := &names{index: map[string]uint64{}}
	return &traces{packed: map[int64]string{}, names: n, reader: unpacker{names: n}}
}

// set replaces the trace of a story; an empty one is not kept.
func (s *traces) set(id int64, t *latency.Trace) {
	if t.Empty() {
		delete(s.packed, id)
		return
	}
	s.packed[id] = string(s.pack(t))
}

// Trace implements latency.Traces; it returns nil for a story without a trace.
func (s *traces) Trace(id int64) *latency.Trace {
	text, ok := s.packed[id]
	if !ok {
		return nil
	}
	return s.reader.trace(id, text)
}

// Drop implements latency.Traces.
func (s *traces) Drop(id int64) { delete(s.packed, id) }

// All implements latency.Traces.
func (s *traces) All() iter.Seq2[int64, *latency.Trace] {
	return func(yield func(int64, *latency.Trace) bool) {
		r := unpacker{names: s.names}
		for id, text := range s.packed {
			if !yield(id, r.trace(id, text)) {
				return
			}
		}
	}
}

// each yields every trace; each is valid until the next one.
func (s *traces) each() iter.Seq[*latency.Trace] {
	return func(yield func(*latency.Trace) bool) {
		for _, t := range s.All() {
			if !yield(t) {
				return
			}
		}
	}
}

// pack writes a trace: first the instant until which it matters.
func (s *traces) pack(t *latency.Trace) []byte {
	w := packer{names: s.names}
	w.instant(t.Until())
	story := ""
	if len(t.Samples) > 0 {
		story = t.Samples[0].Story
	}
	w.text(story)
	w.number(int64(len(t.Samples)))
	for i := range t.Samples {
		r := &t.Samples[i]
		w.name(string(r.Kind))
		w.name(r.ProjectID)
		w.name(r.Owner)
		w.name(r.EndedBy)
		w.instant(r.Start)
		w.instant(r.End)
		w.flag(r.Response)
		w.duration(r.Working)
		w.duration(r.Target)
		w.number(int64(len(r.Clock)))
		for _, c := range r.Clock {
			w.instant(c.From)
			w.instant(c.To)
		}
	}
	w.number(int64(len(t.Stages)))
	for i := range t.Stages {
		st := &t.Stages[i]
		w.name(string(st.Stage))
		w.name(st.ProjectID)
		w.name(st.Owner)
		w.instant(st.From)
		w.instant(st.To)
	}
	w.instant(t.Verdict.At)
	w.name(t.Verdict.ProjectID)
	w.name(t.Verdict.Owner)
	w.flag(t.Verdict.Accepted)
	w.name(t.Home.ProjectID)
	w.number(int64(t.Home.Field))
	return w.out
}

// packer writes varints. Instants are differences from the last one.
type packer struct {
	names *names
	out   []byte
	last  int64
}

func (w *packer) number(v int64) { w.out = binary.AppendVarint(w.out, v) }

// duration writes whole milliseconds.
func (w *packer) duration(d time.Duration) { w.number(d.Milliseconds()) }

// instant writes the difference; Never and its like overflow there and back.
func (w *packer) instant(i latency.Instant) {
	w.number(int64(i) - w.last)
	if i != latency.Never {
		w.last = int64(i)
	}
}

func (w *packer) flag(b bool) {
	if b {
		w.number(1)
	} else {
		w.number(0)
	}
}

func (w *packer) text(s string) {
	w.number(int64(len(s)))
	w.out = append(w.out, s...)
}

func (w *packer) name(s string) { w.out = binary.AppendUvarint(w.out, w.names.of(s)) }

// unpacker reads what a packer wrote into one trace, again and again.
type unpacker struct {
	names *names
	in    string
	last  int64
	out   latency.Trace
}

func (r *unpacker) trace(id int64, text string) *latency.Trace {
	r.in, r.last = text, 0
	r.instant()
	story := r.text()
	r.out.Samples = resize(r.out.Samples, r.number())
	for i := range r.out.Samples {
		run := &r.out.Samples[i]
		*run = latency.Sample{
			StoryID: id, Story: story, Kind: latency.Kind(r.name()), ProjectID: r.name(), Owner: r.name(), EndedBy: r.name(),
			Start: r.instant(), End: r.instant(), Response: r.number() == 1, Working: r.duration(), Target: r.duration(),
			Clock: resize(run.Clock, r.number()),
		}
		for j := range run.Clock {
			run.Clock[j] = latency.Span{From: r.instant(), To: r.instant()}
		}
	}
	r.out.Stages = resize(r.out.Stages, r.number())
	for i := range r.out.Stages {
		r.out.Stages[i] = latency.StageSpan{Stage: latency.Stage(r.name()), ProjectID: r.name(), Owner: r.name(), Span: latency.Span{From: r.instant(), To: r.instant()}}
	}
	r.out.Verdict = latency.Verdict{At: r.instant(), ProjectID: r.name(), Owner: r.name(), Accepted: r.number() == 1}
	r.out.Home = latency.Home{ProjectID: r.name(), Field: latency.FieldUse(r.number())} //nolint:gosec // it is one of three
	return &r.out
}

// resize returns a slice of n elements, in the room of s where it is large enough.
func resize[T any](s []T, n int64) []T {
	if int64(cap(s)) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (r *unpacker) number() int64 {
	v := r.unsigned()
	n := int64(v >> 1) //nolint:gosec // the zigzag of varints
	if v&1 != 0 {
		n = ^n
	}
	return n
}

// unsigned reads a varint; strings have no reader of their own.
func (r *unpacker) unsigned() (v uint64) {
	for shift := 0; ; shift += 7 {
		b := r.in[0]
		r.in = r.in[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func (r *unpacker) duration() time.Duration { return time.Duration(r.number()) * time.Millisecond }

func (r *unpacker) instant() latency.Instant {
	i := latency.Instant(r.last + r.number())
	if i != latency.Never {
		r.last = int64(i)
	}
	return i
}

func (r *unpacker) text() string {
	n := r.number()
	s := r.in[:n]
	r.in = r.in[n:]
	return s
}

func (r *unpacker) name() string { return r.names.list[r.unsigned()] }
