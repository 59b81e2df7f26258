package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/retrospective"
)

// ofTwoTeams is a retrospective of PAY and WEB, with numbers of an owner in each.
func ofTwoTeams() *retrospective.Report {
	project := func(key, owner, name string) retrospective.Project {
		waits := []retrospective.Waits{{Kind: latency.Question, Cells: []retrospective.Cell{{Responded: 7, Begun: 7}}, Change: retrospective.Change{Direction: retrospective.Unmatched}}}
		return retrospective.Project{Key: key, Waits: waits, Share: []retrospective.Share{{}}, Owners: []retrospective.Owner{{Key: owner, Name: name, Waits: waits}}}
	}
	return &retrospective.Report{
		Range:       retrospective.Extent{Name: "Sprint 12"},
		Projects:    []retrospective.Project{project("PAY", "ada", "Ada Ohm"), project("WEB", "grace", "Grace Ampere")},
		Delegations: []retrospective.StandIn{{Project: "PAY", Owner: "ada", Name: "Ada Ohm"}, {Project: "WEB", Owner: "grace", Name: "Grace Ampere"}},
		WhatIf:      []retrospective.Saving{{Project: "PAY", Owner: "ada", Name: "Ada Ohm"}, {Project: "WEB", Owner: "grace", Name: "Grace Ampere"}},
	}
}

// retroServer serves an answer under identified, and keeps what it was asked and who was
// looked at.
type retroServer struct {
	*Server
	answer Retro
	asked  []RetroAsk
	done   changes
}

func newRetroServer(t *testing.T) *retroServer {
	t.Helper()
	report := twoTeams(t)
	s := &retroServer{answer: Retro{Report: ofTwoTeams(), Zone: time.UTC}}
	s.Server = New(Sources{
		Report: func() *latency.Report { return report },
		Status: func() Status { return Status{} },
		Policy: func() *Policy { return identified() },
		Looks:  &s.done,
		Retro:  func(ask RetroAsk) Retro { s.asked = append(s.asked, ask); return s.answer },
	})
	return s
}

// get asks for a path as one of the senders.
func (s *retroServer) get(t *testing.T, as, path string) *httptest.ResponseRecorder {
	t.Helper()
	all := senders()
	i := slices.IndexFunc(all, func(from sender) bool { return from.name == as })
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "yourturn.example.com"
	all[i].sign(r)
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return rec
}

// TestRetroShowsOwnersToLeads asks as each role, for the page and for each file.
func TestRetroShowsOwnersToLeads(t *testing.T) {
	for _, tc := range []struct {
		as, query string
		code      int
		projects  []string // that the report is asked for
		owners    []string // whose numbers are in it
		looks     int
	}{
		{"lead of PAY", "?project=PAY", 200, []string{"PAY"}, []string{"Ada Ohm"}, 1},
		{"lead of PAY", "", 200, []string{"PAY"}, []string{"Ada Ohm"}, 1},
		{"lead of PAY", "?project=WEB", 403, nil, nil, 0},
		{"member of PAY", "?project=PAY", 200, []string{"PAY"}, nil, 0},
		{"member of PAY", "", 200, []string{"PAY"}, nil, 0},
		{"member of PAY", "?project=WEB", 403, nil, nil, 0},
		{"the owner ada", "?project=PAY", 403, nil, nil, 0},
		{"operator", "", 403, nil, nil, 0},
	} {
		for _, format := range []string{"", "html", "md", "csv", "json"} {
			s := newRetroServer(t)
			path := "/retro" + tc.query
			if format != "" {
				path += map[bool]string{true: "?", false: "&"}[tc.query == ""] + "format=" + format
			}
			rec := s.get(t, tc.as, path)
			if rec.Code != tc.code {
				t.Errorf("%s by %s: %d, want %d", path, tc.as, rec.Code, tc.code)
			}
			if tc.code != http.StatusOK {
				if len(s.asked) > 0 {
					t.Errorf("%s by %s is refused, and was made", path, tc.as)
				}
				continue
			}
			if d := cmp.Diff([]RetroAsk{{Projects: tc.projects}}, s.asked); d != "" {
				t.Errorf("%s by %s (-want +asked):\n%s", path, tc.as, d)
			}
			var named []string
			for _, name := range []string{"Ada Ohm", "Grace Ampere"} {
				if strings.Contains(rec.Body.String(), name) || format == "csv" && strings.Contains(rec.Body.String(), ","+strings.ToLower(strings.Fields(name)[0])+",") {
					named = append(named, name)
				}
			}
			if !slices.Equal(named, tc.owners) {
				t.Errorf("%s by %s names %v, want %v", path, tc.as, named, tc.owners)
			}
			if s.done.looks != tc.looks {
				t.Errorf("%s by %s: %d looks are recorded, want %d", path, tc.as, s.done.looks, tc.looks)
			}
		}
	}
}

// TestRetroWhileItIsMade asks before there is a report, and when there is none.
func TestRetroWhileItIsMade(t *testing.T) {
	s := newRetroServer(t)
	s.answer = Retro{Zone: time.UTC, Making: true, Progress: "12 stories are read"}
	if rec := s.get(t, "lead of PAY", "/retro"); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "12 stories are read") || !strings.Contains(rec.Body.String(), "data-soon") {
		t.Errorf("the page says %d: %s", rec.Code, rec.Body)
	}
	if rec := s.get(t, "lead of PAY", "/retro?format=json"); rec.Code != http.StatusAccepted || rec.Header().Get("Retry-After") == "" || rec.Header().Get("Content-Disposition") != "" {
		t.Errorf("the file is answered with %d, %v", rec.Code, rec.Header())
	}
	s.answer.Report = ofTwoTeams()
	if rec := s.get(t, "lead of PAY", "/retro"); !strings.Contains(rec.Body.String(), "being made anew") || !strings.Contains(rec.Body.String(), "data-soon") {
		t.Errorf("while a newer one is made the page is %s", rec.Body)
	}
	s.answer = Retro{Zone: time.UTC, Err: errors.New("PAY has no sprint of that name")}
	if rec := s.get(t, "lead of PAY", "/retro"); !strings.Contains(rec.Body.String(), "PAY has no sprint of that name.") || strings.Contains(rec.Body.String(), "data-soon") {
		t.Errorf("without one the page is %s", rec.Body)
	}
	if rec := s.get(t, "lead of PAY", "/retro?format=md"); rec.Code != http.StatusNotFound {
		t.Errorf("without one the file is answered with %d", rec.Code)
	}
	if rec := s.get(t, "lead of PAY", "/retro?format=exe"); rec.Code != http.StatusBadRequest {
		t.Errorf("an unknown format is answered with %d", rec.Code)
	}
}

// TestRetroOfNothingRead asks as somebody whose one project is not read yet: an empty list
// of projects must not stand for all.
func TestRetroOfNothingRead(t *testing.T) {
	for _, path := range []string{"/retro", "/retro?format=json", "/api/v1/report"} {
		s := newRetroServer(t)
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "yourturn.example.com"
		named(proxy, "ned", "")(r)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if len(s.asked) > 0 || strings.Contains(rec.Body.String(), "Ada Ohm") || strings.Contains(rec.Body.String(), "WEB") {
			t.Errorf("%s asks for %v and is answered with %d: %s", path, s.asked, rec.Code, rec.Body)
		}
	}
}
