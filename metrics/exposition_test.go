package metrics

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"

	"github.com/yourturn/yourturn/internal/latency"
)

// Formats that a Prometheus asks for.
const (
	asText        = "text/plain;version=0.0.4"
	asOpenMetrics = "application/openmetrics-text;version=1.0.0"
	asProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// ask returns what a handler answers to a scrape.
func ask(t *testing.T, h http.Handler, accept, encoding string) (http.Header, []byte) {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	req.Header.Set("Accept", accept)
	if encoding != "" {
		req.Header.Set("Accept-Encoding", encoding)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	body := rec.Body.Bytes()
	if rec.Code != http.StatusOK {
		t.Fatalf("answered with %d: %s", rec.Code, body)
	}
	if rec.Header().Get("Content-Encoding") == "gzip" {
		member, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		member.Multistream(false) // not every reader goes on to a second member
		if body, err = io.ReadAll(member); err != nil {
			t.Fatal(err)
		}
	}
	return rec.Header(), body
}

// families parses an exposition.
func families(t *testing.T, h http.Header, body []byte) map[string]*dto.MetricFamily {
	t.Helper()
	out := map[string]*dto.MetricFamily{}
	dec := expfmt.NewDecoder(bytes.NewReader(body), expfmt.ResponseFormat(h))
	for {
		f := &dto.MetricFamily{}
		switch err := dec.Decode(f); {
		case err == io.EOF: //nolint:errorlint // as the decoder returns it
			return out
		case err != nil:
			t.Fatal(err)
		}
		out[f.GetName()] = f
	}
}

// TestHandlerAnswersAsPrometheusClient compares the parts that readers share with
// what Prometheus' own handler answers.
func TestHandlerAnswersAsPrometheusClient(t *testing.T) {
	e, service, all := NewExporter(), prometheus.NewRegistry(), prometheus.NewRegistry()
	NewSelf(service).Observe(ConfigWarnings(3))
	NewSelf(all).Observe(ConfigWarnings(3))
	all.MustRegister(e)
	ours := Handler(e, service)
	theirs := promhttp.HandlerFor(all, promhttp.HandlerOpts{EnableOpenMetrics: true})
	for round := range 3 {
		if round > 0 { // before the first report there is nothing to share
			e.Publish(manyOwners(t, round))
		}
		for _, accept := range []string{asText, asOpenMetrics, asProtobuf} {
			for _, encoding := range []string{"", "gzip", "deflate, GZIP;q=0.5", "gzip;q=0, br"} {
				h, body := ask(t, ours, accept, encoding)
				wantHeader, want := ask(t, theirs, accept, encoding)
				if got, want := h.Get("Content-Type"), wantHeader.Get("Content-Type"); got != want {
					t.Errorf("%s: the type is %q, want %q", accept, got, want)
				}
				if got := h.Get("Content-Encoding"); (got == "gzip") != strings.Contains(strings.ToLower(encoding), "gzip") && !strings.Contains(encoding, "q=0,") {
					t.Errorf("asked for %q, the answer is %q", encoding, got)
				}
				if accept == asOpenMetrics {
					if bytes.Count(body, []byte("# EOF")) != 1 || !bytes.HasSuffix(body, []byte("# EOF\n")) {
						t.Errorf("the end is not where it belongs")
					}
					// Theirs sorts the service's metrics among the others.
					got, wanted := slices.Sorted(strings.Lines(string(body))), slices.Sorted(strings.Lines(string(want)))
					if diff := cmp.Diff(wanted, got); diff != "" {
						t.Errorf("the lines differ (-want +got):\n%s", diff)
					}
					continue
				}
				got, wanted := families(t, h, body), families(t, wantHeader, want)
				if len(got) != len(wanted) || len(got) < 5 {
					t.Errorf("%s: %d metrics, want %d", accept, len(got), len(wanted))
				}
				for name, f := range wanted {
					if !proto.Equal(got[name], f) {
						t.Errorf("%s %q: %s is another one", accept, encoding, name)
					}
				}
			}
		}
	}
}

// TestReadersShareAReport holds that a report is rendered once, however many read
// it, and anew after the next one.
func TestReadersShareAReport(t *testing.T) {
	e := NewExporter()
	e.Publish(manyOwners(t, 1))
	made := make([]*rendered, 8)
	var readers sync.WaitGroup
	for i := range made {
		readers.Go(func() {
			var err error
			if made[i], err = e.render(expfmt.NewFormat(expfmt.TypeTextPlain)); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	for _, r := range made {
		if r != made[0] {
			t.Error("readers of one report do not share it")
		}
	}
	e.Publish(manyOwners(t, 1))
	if again, err := e.render(expfmt.NewFormat(expfmt.TypeTextPlain)); err != nil || again == made[0] {
		t.Errorf("the next report is rendered as the last one (error %v)", err)
	}
}

// TestASlowRenderingDelaysNoScrape holds that a scrape is answered with what was rendered
// last where that is large and the newest report takes long, and with that once it is rendered.
func TestASlowRenderingDelaysNoScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		format := expfmt.NewFormat(expfmt.TypeTextPlain)
		render := func(e *Exporter) *rendered {
			r, err := e.render(format)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		e := NewExporter()
		e.Publish(manyOwners(t, 1))
		first := render(e)
		e.Publish(manyOwners(t, 2))
		s := e.shown[format.FormatType()]
		slow := make(chan struct{})
		s.making = slow // it is rendered, and takes long
		small := make(chan *rendered, 1)
		go func() { small <- render(e) }()
		time.Sleep(2 * newestWithin)
		synctest.Wait()
		if len(small) > 0 {
			t.Error("a scrape does not wait for a small report")
		}
		s.last.size = largeText + 1
		began := time.Now()
		if render(e) != first || time.Since(began) != newestWithin {
			t.Errorf("a scrape is not answered with the last report after %s", newestWithin)
		}
		s.last.size, s.making = 0, nil
		close(slow)
		if r := render(e); r.of != e.published.Load() || <-small != r {
			t.Error("a scrape is answered with an old report once the newest can be rendered")
		}
	})
}

// TestTextIsThatOfPrometheus compares the text of a report with what Prometheus' client
// makes of it, byte by byte.
func TestTextIsThatOfPrometheus(t *testing.T) {
	r := manyOwners(t, 12)
	r.Names = map[string]string{"plain": "Ada Ohm", "odd": "A \"quoted\" \\ name\nof two lines, Zoë"}
	r.AbsentUntil = map[string]latency.Instant{"plain": latency.Instant(1e15)}
	for k, h := range r.Totals.Latency {
		h.Count += 1_000_000 // with an exponent in one of the formats
		r.Totals.Latency[k] = h
	}
	e := NewExporter()
	e.Publish(r)
	reg := prometheus.NewRegistry()
	reg.MustRegister(e)
	for _, typ := range []expfmt.FormatType{expfmt.TypeTextPlain, expfmt.TypeOpenMetrics} {
		want, err := encode(reg, expfmt.NewFormat(typ), false)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := newText(typ == expfmt.TypeOpenMetrics).write(&got, e.published.Load()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
			t.Errorf("%v (-want +got):\n%.3000s", typ, diff)
		}
	}
}
