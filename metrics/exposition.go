package metrics

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/yourturn/yourturn/internal/latency"
)

// A scrape waits until the newest report is rendered, but where the last one is larger than
// largeText, in bytes of text, for newestWithin at most. It is then answered with that one.
const (
	newestWithin = time.Second
	largeText    = 64 << 20
)

// Handler returns what answers a scrape: the report that e published last, and
// what service gathers. The part of the report is rendered, and compressed, once
// in each format that is asked for, and its readers share it: the memory of a
// scrape does not grow with the series or with the number of readers.
func Handler(e *Exporter, service prometheus.Gatherer) http.Handler {
	c := newCompressor()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		shared, err := e.render(format)
		var own []byte
		if err == nil {
			own, err = encode(service, format, true)
		}
		if err != nil {
			http.Error(w, "gathering the metrics: "+err.Error(), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", string(format))
		h.Add("Vary", "Accept")
		h.Add("Vary", "Accept-Encoding")
		if !acceptsGzip(r) {
			if _, err := io.Copy(w, shared.plain()); err == nil {
				w.Write(own) //nolint:errcheck // the reader is gone
			}
			return
		}
		h.Set("Content-Encoding", "gzip")
		for _, part := range c.gzipped(shared, own) {
			if _, err := w.Write(part); err != nil {
				return // the reader is gone
			}
		}
	})
}

// compression is the level at which a report is compressed. The next one, which is the
// default, takes more than twice as long for 2 % less.
const compression = 5

// rendered is the part of a report in a format of a scrape. It is kept compressed alone.
type rendered struct {
	of         *published
	compressed []byte // as deflate blocks, of which none is the last one
	sum        uint32 // the CRC-32 of what they hold
	size       uint64 // its length
}

// plain returns what it holds.
func (r *rendered) plain() io.Reader {
	last := strings.NewReader("\x01\x00\x00\xff\xff") // an empty block
	return flate.NewReader(io.MultiReader(bytes.NewReader(r.compressed), last))
}

// shown is what is shown in one type of format.
type shown struct {
	last   *rendered     // nil: nothing was rendered yet
	err    error         // why there is none of the report that was to be rendered last
	making chan struct{} // is closed when one has been rendered; nil: none is
}

// render returns the report that was published last in a format or, where a large one takes
// long, the one that was rendered last. The names and labels of the report need no
// escaping, so only the type of a format matters.
func (e *Exporter) render(format expfmt.Format) (*rendered, error) {
	newest := e.published.Load()
	if newest == nil {
		return &rendered{}, nil
	}
	wait := time.NewTimer(newestWithin)
	defer wait.Stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.shown[format.FormatType()]
	if s == nil {
		s = &shown{}
		e.shown[format.FormatType()] = s
	}
	for late := false; ; {
		switch {
		case s.last != nil && (s.last.of == newest || late && s.last.size > largeText):
			return s.last, nil
		case s.err != nil:
			err := s.err
			s.err = nil // the next one tries again
			return nil, err
		case s.making == nil:
			s.making = make(chan struct{})
			go e.make(format, s)
		}
		making := s.making
		e.mu.Unlock()
		if late {
			<-making
		} else {
			select {
			case <-making:
			case <-wait.C:
				late = true
			}
		}
		e.mu.Lock()
	}
}

// make renders the report that was published last.
func (e *Exporter) make(format expfmt.Format, s *shown) {
	r, err := e.published.Load().in(format)
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.err = err; err == nil {
		s.last = r
	}
	close(s.making)
	s.making = nil
}

// in renders a report in a format.
func (p *published) in(format expfmt.Format) (*rendered, error) {
	var out bytes.Buffer
	compressed, err := flate.NewWriter(&out, compression)
	if err != nil {
		return nil, err
	}
	into := &summed{w: bufio.NewWriterSize(compressed, 64<<10)}
	switch format.FormatType() {
	case expfmt.TypeTextPlain, expfmt.TypeOpenMetrics:
		err = newText(format.FormatType() == expfmt.TypeOpenMetrics).write(into, p)
	default:
		var plain []byte
		reg := prometheus.NewRegistry()
		if err := reg.Register(snapshot{p}); err != nil {
			return nil, err
		}
		if plain, err = encode(reg, format, false); err == nil {
			_, err = into.Write(plain)
		}
	}
	if err := errors.Join(err, into.w.Flush(), compressed.Flush()); err != nil {
		return nil, err
	}
	// The buffer may be twice as large.
	return &rendered{of: p, compressed: bytes.Clone(out.Bytes()), sum: into.sum, size: into.size}, nil
}

// WriteText writes what a scrape shows of a report where nothing is left out, in the text
// format of Prometheus. The same numbers are always the same text.
func WriteText(w io.Writer, r *latency.Report) error {
	e := NewExporter()
	e.Publish(r)
	return newText(false).write(w, e.published.Load())
}

// summed passes on what is written, and sums it up as gzip does.
type summed struct {
	w    *bufio.Writer
	sum  uint32
	size uint64
}

// Write implements io.Writer.
func (s *summed) Write(p []byte) (int, error) {
	s.sum, s.size = crc32.Update(s.sum, crc32.IEEETable, p), s.size+uint64(len(p))
	return s.w.Write(p)
}

// snapshot is one report of an exporter as a collector.
type snapshot struct{ of *published }

// Describe implements prometheus.Collector.
func (s snapshot) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range s.of.metrics {
		ch <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (s snapshot) Collect(ch chan<- prometheus.Metric) { s.of.collect(ch) }

// encode returns what g gathers in a format. Only the last part of an exposition
// ends it.
func encode(g prometheus.Gatherer, format expfmt.Format, last bool) ([]byte, error) {
	families, err := g.Gather()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := expfmt.NewEncoder(&out, format)
	for _, family := range families {
		if err := enc.Encode(family); err != nil {
			return nil, err
		}
	}
	if end, ok := enc.(expfmt.Closer); ok && last {
		if err := end.Close(); err != nil {
			return nil, err
		}
	}
	return bytes.Clone(out.Bytes()), nil // the buffer may be twice as large
}

// acceptsGzip reports whether a client takes a compressed answer.
func acceptsGzip(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") && strings.TrimSpace(weight) != "q=0" {
				return true
			}
		}
	}
	return false
}

// compressor compresses what the service says of itself, one text after the other: what it
// needs for that is larger than most texts.
type compressor struct {
	mu sync.Mutex
	w  *flate.Writer
}

func newCompressor() *compressor {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a known one
	}
	return &compressor{w: w}
}

// deflated compresses data as the last part of a stream.
func (c *compressor) deflated(data []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out bytes.Buffer
	c.w.Reset(&out)
	_, err := c.w.Write(data)
	if err = errors.Join(err, c.w.Close()); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
}

// gzipped returns a gzip member (RFC 1952) of what is shared and what follows. It
// is one member, because not every reader goes on to a second one.
func (c *compressor) gzipped(shared *rendered, own []byte) [][]byte {
	head := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255} // deflate, no name, no time, unknown system
	end := binary.LittleEndian.AppendUint32(nil, crc32.Update(shared.sum, crc32.IEEETable, own))
	end = binary.LittleEndian.AppendUint32(end, uint32(shared.size)+uint32(len(own))) //nolint:gosec // the format keeps the lowest 32 bits
	return [][]byte{head, shared.compressed, c.deflated(own), end}
}
