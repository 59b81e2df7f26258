package metrics

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// Handler returns what answers a scrape: the report that e published last, and
// what service gathers. The part of the report is rendered, and compressed, once
// in each format that is asked for, and its readers share it: the memory of a
// scrape does not grow with the series or with the number of readers.
func Handler(e *Exporter, service prometheus.Gatherer) http.Handler {
	c := newCompressor()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		shared, err := e.render(format, c)
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
		parts := [][]byte{shared.plain, own}
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			parts = c.gzipped(shared, own)
		}
		for _, part := range parts {
			if _, err := w.Write(part); err != nil {
				return // the reader is gone
			}
		}
	})
}

// rendered is the part of a report in a format of a scrape.
type rendered struct {
	plain      []byte
	compressed []byte // as deflate blocks, of which none is the last one
	sum        uint32 // the CRC-32 of plain
}

// renderings are those of one report, by the type of their format.
type renderings struct {
	mu   sync.Mutex
	made map[expfmt.FormatType]*rendered
}

// render returns the report that was published last in a format. The names and
// labels of the report need no escaping, so only the type of a format matters.
func (e *Exporter) render(format expfmt.Format, c *compressor) (*rendered, error) {
	p := e.published.Load()
	if p == nil {
		return &rendered{}, nil
	}
	p.renderings.mu.Lock() // readers that come while it is made wait for it
	defer p.renderings.mu.Unlock()
	if r := p.renderings.made[format.FormatType()]; r != nil {
		return r, nil
	}
	reg := prometheus.NewRegistry()
	if err := reg.Register(snapshot{e, p}); err != nil {
		return nil, err
	}
	plain, err := encode(reg, format, false)
	if err != nil {
		return nil, err
	}
	r := &rendered{plain: plain, compressed: c.deflated(plain, false), sum: crc32.ChecksumIEEE(plain)}
	if p.renderings.made == nil {
		p.renderings.made = map[expfmt.FormatType]*rendered{}
	}
	p.renderings.made[format.FormatType()] = r
	return r, nil
}

// snapshot is one report of an exporter as a collector.
type snapshot struct {
	*Exporter
	of *published
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

// compressor compresses one text after the other: what it needs for that is larger
// than most texts.
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

// deflated compresses data. Where it is not the last part of a stream it ends at a
// byte, so that another part may follow.
func (c *compressor) deflated(data []byte, last bool) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out bytes.Buffer
	c.w.Reset(&out)
	end := c.w.Flush
	if last {
		end = c.w.Close
	}
	if _, err := c.w.Write(data); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := end(); err != nil {
		panic(err)
	}
	return bytes.Clone(out.Bytes())
}

// gzipped returns a gzip member (RFC 1952) of what is shared and what follows. It
// is one member, because not every reader goes on to a second one.
func (c *compressor) gzipped(shared *rendered, own []byte) [][]byte {
	head := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255} // deflate, no name, no time, unknown system
	end := binary.LittleEndian.AppendUint32(nil, crc32.Update(shared.sum, crc32.IEEETable, own))
	end = binary.LittleEndian.AppendUint32(end, uint32(len(shared.plain)+len(own))) //nolint:gosec // the format keeps the lowest 32 bits
	return [][]byte{head, shared.compressed, c.deflated(own, true), end}
}
