package dashboards

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
)

// mostSamples is how many samples the queries of one dashboard may touch together when
// it opens, all of two projects and 60 days and more of past being known. It is a
// bound on work, which is the same on every machine. Most of it is due to windows that
// begin before the past does; queries that look at every step of every window would
// touch thirty times as many.
const mostSamples = 5_000_000

// costBoard is what decides the cost of a dashboard.
type costBoard struct {
	Title string
	Time  struct{ From string }
	// Panels may be in rows that are folded, whose queries are not asked at first.
	Panels []struct {
		Title         string
		GridPos       struct{ W int }
		MaxDataPoints float64
		Targets       []struct {
			RefID    string
			Expr     string
			Instant  bool
			Interval string
		}
	}
}

// stepOf returns the time between two points of a graph, as Grafana rounds it: one
// point a pixel at most, on a window 1400 pixels wide.
func stepOf(span time.Duration, width int, most float64, least time.Duration) time.Duration {
	points := float64(width)*1400/columns - 50
	if most > 0 {
		points = most
	}
	exact := time.Duration(float64(span) / points)
	for _, r := range [][2]time.Duration{
		{45 * time.Second, 30 * time.Second},
		{90 * time.Second, time.Minute},
		{210 * time.Second, 2 * time.Minute},
		{450 * time.Second, 5 * time.Minute},
		{750 * time.Second, 10 * time.Minute},
		{1050 * time.Second, 15 * time.Minute},
		{25 * time.Minute, 20 * time.Minute},
		{45 * time.Minute, 30 * time.Minute},
		{90 * time.Minute, time.Hour},
		{150 * time.Minute, 2 * time.Hour},
		{270 * time.Minute, 3 * time.Hour},
		{9 * time.Hour, 6 * time.Hour},
	} {
		if exact < r[0] {
			return max(r[1], least)
		}
	}
	return max(12*time.Hour, least)
}

// spent is what a query cost.
type spent struct {
	query   string
	samples int
	took    time.Duration
}

// opens asks all queries of a dashboard at once, as a browser does that opens it, of
// one owner where it has one, and returns what each cost.
func (b costBoard) opens(t *testing.T, s stack.Prometheus, at time.Time, owner string) []spent {
	t.Helper()
	span := duration(t, strings.TrimPrefix(b.Time.From, "now-"))
	var mu sync.Mutex
	var out []spent
	var all sync.WaitGroup
	for _, p := range b.Panels {
		for _, q := range p.Targets {
			var least time.Duration
			if q.Interval != "" {
				least = duration(t, q.Interval)
			}
			step := stepOf(span, p.GridPos.W, p.MaxDataPoints, least)
			c := choice{"project": everything, "owner": owner, "kind": everything, "job": everything, "window": "28d"}
			form := url.Values{"query": {c.fill(q.Expr, span, step)}, "stats": {"all"}}
			path := "query_range"
			if q.Instant {
				path = "query"
				form.Set("time", strconv.FormatInt(at.Unix(), 10))
			} else {
				end := at.Truncate(step)
				form.Set("start", strconv.FormatInt(end.Add(-span).Unix(), 10))
				form.Set("end", strconv.FormatInt(end.Unix(), 10))
				form.Set("step", strconv.FormatFloat(step.Seconds(), 'f', -1, 64))
			}
			all.Go(func() {
				begin := time.Now()
				samples := samplesOf(t, "http://"+s.Address+"/api/v1/"+path, form)
				mu.Lock()
				defer mu.Unlock()
				out = append(out, spent{p.Title + ", query " + q.RefID, samples, time.Since(begin)})
			})
		}
	}
	all.Wait()
	return out
}

// samplesOf returns how many samples Prometheus says that a query touched.
func samplesOf(t *testing.T, address string, form url.Values) int {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	var body struct {
		Error string
		Data  struct {
			Stats struct {
				Samples struct {
					Touched int `json:"totalQueryableSamples"`
				}
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || body.Error != "" {
		t.Errorf("%s %v\n%s", body.Error, err, form.Get("query"))
	}
	return body.Data.Stats.Samples.Touched
}

// costs opens every dashboard, says what that cost, and fails if it is too much.
func costs(t *testing.T, s stack.Prometheus, at time.Time) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		var b costBoard
		if err := json.Unmarshal(f.JSON, &b); err != nil {
			t.Fatal(err)
		}
		owner := everything
		if strings.HasPrefix(f.Name, uidOwner) {
			owner = "ada"
		}
		begin := time.Now()
		var total int
		var dearest spent
		list := b.opens(t, s, at, owner)
		for _, q := range list {
			total += q.samples
			if q.samples >= dearest.samples {
				dearest = q
			}
		}
		t.Logf("%s: %d queries touch %d samples, in %s; the dearest is %s with %d, in %s", b.Title, len(list), total, time.Since(begin).Round(time.Millisecond), dearest.query, dearest.samples, dearest.took.Round(time.Millisecond))
		if total > mostSamples {
			t.Errorf("%s touches %d samples when it opens, more than %d", b.Title, total, mostSamples)
		}
	}
}
