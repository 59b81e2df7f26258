package web

import (
	"net/http"
	"net/http/httptest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/yourturn/yourturn/internal/latency"
)

// serving returns a server of sources; those that every server needs and that
// from leaves out say nothing.
func serving(from Sources) *Server {
	from.Metrics = promhttp.HandlerFor(prometheus.NewRegistry(), promhttp.HandlerOpts{})
	if from.Report == nil {
		from.Report = func() *latency.Report { return nil }
	}
	if from.Status == nil {
		from.Status = func() Status { return Status{} }
	}
	return New(from)
}

func get(s *Server, path string) (int, string) {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec.Code, rec.Body.String()
}
