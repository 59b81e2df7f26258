package e2e

import (
	stdcmp "cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/figures"
)

// sample is what a process used at an instant, and by how much it says that its
// clock is ahead of Jira's, in seconds, which it knows from the first complete
// poll on.
type sample struct {
	goroutines, descriptors, memory, skew float64
	polled                                bool
}

// sampled reads each second what the metrics say that the process uses, until
// ctx ends.
func (s *soaking) sampled(ctx context.Context, url string) (list []sample) {
	s.Helper()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return list
		case <-ticker.C:
		}
		body, err := scraped(ctx, url)
		switch {
		case ctx.Err() != nil:
			return list
		case err != nil:
			s.Errorf("in the middle of the day the process does not answer: %v", err)
			continue
		}
		one := sample{
			value(body, "go_goroutines"), value(body, "process_open_fds"), value(body, "process_resident_memory_bytes") / (1 << 20), value(body, "yourturn_clock_skew_seconds"),
			value(body, `yourturn_poll_cycles_total{result="complete"}`) > 0,
		}
		if one.goroutines == 0 || one.descriptors == 0 || one.memory == 0 {
			s.Errorf("the process does not say what it uses: %+v", one)
		}
		list = append(list, one)
	}
}

// scraped returns the body of an answer.
func scraped(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// fewSamples say nothing of a trend.
const fewSamples = 100

// noTrend fails if samples are missing, or if what a process uses rises after a
// third of the time: by the median slope of all pairs of samples, which no spike
// moves. In 100 samples and more goroutines and descriptors have been seen to rise
// by 0.00. Memory rises by a third to two thirds of the share by which the day adds
// stories, of each of which the process keeps something, and has been seen to go
// 4 MiB up or down beside: so much it may.
func (s *soaking) noTrend(all []sample) {
	s.Helper()
	if want := int(s.length.Seconds() / 2); len(all) < want || len(all) == 0 {
		s.Errorf("in %s there were %d samples, want one a second", s.length, len(all))
		return
	}
	list := all[len(all)/3:]
	added := 0
	for id := range s.soaked {
		if id > s.tr.newest {
			added++
		}
	}
	grown := float64(added) / float64(len(s.soaked)) * 2 / 3
	for _, of := range []struct {
		what  string
		value func(sample) float64
		share float64 // of the median, that it may rise by
		more  float64 // and that
	}{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 0, 1},
		{"descriptors", func(s sample) float64 { return s.descriptors }, 0, 1},
		{"MiB of memory", func(s sample) float64 { return s.memory }, grown * 2 / 3, 4},
	} {
		var values []float64
		for _, one := range list {
			values = append(values, of.value(one))
		}
		rise := slope(values) * float64(len(values))
		slices.Sort(values)
		middle := values[len(values)/2]
		figures.Note(s.T, "%s: median %.0f of %d samples, rising by %.2f", of.what, middle, len(values), rise)
		if len(all) >= fewSamples && rise > of.share*middle+of.more {
			s.Errorf("%s rise by %.2f from a median of %.0f", of.what, rise, middle)
		}
	}
	list = slices.DeleteFunc(slices.Clone(list), func(one sample) bool { return !one.polled })
	if len(list) == 0 {
		if len(all) >= fewSamples {
			s.Error("no poll was complete all day")
		}
		return // the first poll takes longer than a day of some seconds
	}
	slices.SortFunc(list, func(a, b sample) int { return stdcmp.Compare(a.skew, b.skew) })
	if got, want := list[len(list)/2].skew, -s.tr.skew.Seconds(); math.Abs(got-want) > 60 {
		s.Errorf("the clock is shown to be %.0f s ahead of Jira's, want about %.0f", got, want)
	}
}

// slope returns the median of the slopes between all pairs of values (Theil 1950, Sen 1968).
func slope(values []float64) float64 {
	var all []float64
	for i := range values {
		for j := i + 1; j < len(values); j++ {
			all = append(all, (values[j]-values[i])/float64(j-i))
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func TestSlope(t *testing.T) {
	for _, tc := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"flat", []float64{5, 5, 5, 5, 5}, 0},
		{"flat with a spike", []float64{5, 5, 50, 5, 5, 5, 5}, 0},
		{"rising", []float64{1, 3, 5, 7}, 2},
		{"rising with a dip", []float64{1, 2, 3, 0, 5, 6, 7}, 1},
	} {
		if got := slope(tc.values); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

// value returns the value of a series without labels.
func value(metrics, series string) (v float64) {
	for line := range strings.Lines(metrics) {
		if text, ok := strings.CutPrefix(line, series+" "); ok {
			fmt.Sscan(text, &v) //nolint:errcheck // then it is 0
		}
	}
	return v
}
