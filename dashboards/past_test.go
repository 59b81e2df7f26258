package dashboards

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// past is an invented past of every metric that dashboards show, written as a real
// one is imported: a sample an hour.
type past struct {
	from, to time.Time
	step     time.Duration
	// labels are appended to those of each series; with them it is what is scraped.
	labels string
	// families, if there are any, replace all those that dashboards show.
	families []pastFamily
	// rename, which may be nil, changes what is written.
	rename *strings.Replacer
}

// pastSeries is a series. Its functions get the hours since the past's beginning.
type pastSeries struct {
	suffix, labels string
	value          func(h float64) float64
	shown          func(h float64) bool
}

// write writes OpenMetrics.
func (p past) write(out io.Writer) error {
	w := bufio.NewWriter(out)
	families := p.families
	if families == nil {
		families = pastFamilies()
	}
	rename := p.rename
	if rename == nil {
		rename = strings.NewReplacer()
	}
	for _, f := range families {
		fmt.Fprintf(w, "# TYPE %s %s\n", f.name, f.kind)
		for _, s := range f.series {
			labels := strings.Join(slices.DeleteFunc([]string{rename.Replace(s.labels), p.labels}, func(l string) bool { return l == "" }), ",")
			for at := p.from; at.Before(p.to); at = at.Add(p.step) {
				h := at.Sub(pastBegins).Hours()
				if s.shown == nil || s.shown(h) {
					fmt.Fprintf(w, "%s%s{%s} %g %d\n", f.name, s.suffix, labels, s.value(h), at.Unix())
				}
			}
		}
	}
	fmt.Fprintln(w, "# EOF")
	return w.Flush()
}

// pastBegins is the first instant of the past.
var pastBegins = time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)

// pastFamily is a metric.
type pastFamily struct {
	name, kind string
	series     []pastSeries
}

// wave goes up and down between low and high every days days.
func wave(low, high, days, shift float64) func(float64) float64 {
	return func(h float64) float64 {
		return math.Round((low+(high-low)*(0.5+0.5*math.Sin(2*math.Pi*(h/24/days+shift))))*100) / 100
	}
}

// grows is a counter that gains perDay a day.
func grows(perDay float64) func(float64) float64 {
	return func(h float64) float64 { return math.Floor(h / 24 * perDay) }
}

// fixed never changes.
func fixed(v float64) func(float64) float64 { return func(float64) float64 { return v } }

// pastFamilies are all metrics of two projects and two owners.
func pastFamilies() []pastFamily {
	type pair struct{ project, owner string }
	pairs := []pair{{"PAY", "ada"}, {"WEB", "ada"}, {"WEB", "bo"}}
	kinds := []string{"acceptance", "question"}
	var list []pastFamily
	family := func(name, kind string, fill func(add func(labels string, value func(float64) float64))) {
		f := pastFamily{name: name, kind: kind}
		fill(func(labels string, value func(float64) float64) {
			suffix := ""
			if kind == "counter" {
				suffix = "_total"
			}
			f.series = append(f.series, pastSeries{suffix: suffix, labels: labels, value: value})
		})
		list = append(list, f)
	}
	each := func(name, kind string, value func(i int, kind string) func(float64) float64) {
		family(name, kind, func(add func(string, func(float64) float64)) {
			for i, p := range pairs {
				for _, k := range kinds {
					add(fmt.Sprintf(`kind="%s",project="%s",owner="%s"`, k, p.project, p.owner), value(i, k))
				}
			}
		})
	}
	each("po_waits_open", "gauge", func(i int, _ string) func(float64) float64 { return wave(1, float64(4+i), 9, float64(i)/3) })
	each("po_waits_overdue", "gauge", func(i int, _ string) func(float64) float64 { return wave(0, float64(1+i), 13, float64(i)/3) })
	each("po_waits_paused", "gauge", func(int, string) func(float64) float64 { return fixed(0) })
	each("po_waits_forgotten", "gauge", func(i int, _ string) func(float64) float64 { return fixed(float64(i)) })
	each("po_wait_oldest_seconds", "gauge", func(i int, _ string) func(float64) float64 { return wave(3600, 90000, 11, float64(i)/3) })
	each("po_waits_breached", "counter", func(i int, _ string) func(float64) float64 { return grows(0.2 + 0.1*float64(i)) })
	each("po_waits_met", "counter", func(int, string) func(float64) float64 { return grows(0.9) })
	family("po_waits_ended", "counter", func(add func(string, func(float64) float64)) {
		for _, p := range pairs {
			for _, e := range [][3]string{{"acceptance", "accepted", "owner"}, {"acceptance", "accepted", "delegate"}, {"acceptance", "rejected", "owner"}, {"question", "answered", "owner"}, {"question", "answered", "other"}, {"question", "lapsed", ""}} {
				add(fmt.Sprintf(`kind="%s",project="%s",owner="%s",outcome="%s",responder="%s"`, e[0], p.project, p.owner, e[1], e[2]), grows(0.4))
			}
		}
	})
	for _, h := range []struct{ name, labels string }{
		{"po_acceptance_latency_seconds", `,outcome="accepted"`}, {"po_question_response_latency_seconds", ""},
	} {
		f := pastFamily{name: h.name, kind: "histogram"}
		for i, p := range pairs {
			for j, responder := range []string{"owner", "delegate"} {
				labels := fmt.Sprintf(`project="%s",owner="%s"%s,responder="%s"`, p.project, p.owner, h.labels, responder)
				perDay := 0.8 / float64(1+j)
				for _, b := range []struct {
					le   string
					part float64
				}{{"3600", 0.2}, {"14400", 0.5}, {"28800", 0.8}, {"144000", 0.95 - 0.05*float64(i)}, {"+Inf", 1}} {
					f.series = append(f.series, pastSeries{suffix: "_bucket", labels: labels + `,le="` + b.le + `"`, value: grows(perDay * b.part)})
				}
				f.series = append(f.series,
					pastSeries{suffix: "_sum", labels: labels, value: grows(perDay * 9000 * float64(1+j))},
					pastSeries{suffix: "_count", labels: labels, value: grows(perDay)})
			}
		}
		list = append(list, f)
	}
	rolling := func(name string, of func(add func(labels string, shift float64))) {
		family(name, "gauge", func(add func(string, func(float64) float64)) {
			of(func(labels string, shift float64) {
				for _, k := range kinds {
					for _, w := range windows {
						for i, q := range []string{"0.5", "0.75", "0.85", "0.95"} {
							value := wave(7200*float64(1+i), 18000*float64(1+i), 60, shift)
							if q == "0.95" && shift == 0 {
								value = fixed(math.Inf(1))
							}
							add(fmt.Sprintf(`kind="%s",window="%s",q="%s",%s`, k, w, q, labels), value)
						}
					}
				}
			})
		})
	}
	rolling("po_wait_rolling_seconds", func(add func(string, float64)) {
		for i, p := range pairs {
			add(fmt.Sprintf(`project="%s",owner="%s"`, p.project, p.owner), float64(i)/3)
		}
	})
	rolling("po_owner_wait_rolling_seconds", func(add func(string, float64)) { add(`owner="ada"`, 0); add(`owner="bo"`, 0.4) })
	rolling("po_project_wait_rolling_seconds", func(add func(string, float64)) { add(`project="PAY"`, 0); add(`project="WEB"`, 0.4) })
	family("po_wait_rolling_samples", "gauge", func(add func(string, func(float64) float64)) {
		for _, p := range pairs {
			for _, k := range kinds {
				for _, w := range windows {
					for i, state := range []string{"ended", "open", "censored"} {
						add(fmt.Sprintf(`kind="%s",project="%s",owner="%s",window="%s",state="%s"`, k, p.project, p.owner, w, state), fixed(float64(24/(1+3*i))))
					}
				}
			}
		}
	})
	stages := []string{"backlog", "development", "review", "test", "blocked", "release", "owner", "owner_question"}
	family("po_stage_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for j, project := range []string{"PAY", "WEB"} {
			for i, stage := range stages {
				for _, w := range windows {
					add(fmt.Sprintf(`project="%s",stage="%s",window="%s"`, project, stage, w), wave(36000, 360000+float64(i)*36000, 80, float64(i)/8+float64(j)/2))
				}
			}
		}
	})
	family("po_largest_blocker", "gauge", func(add func(string, func(float64) float64)) {
		for j, project := range []string{"PAY", "WEB"} {
			for i, stage := range stages[2:] {
				for _, w := range windows {
					turn := func(h float64) float64 {
						if (int(h/24/12)+3*j)%4*2%6 == i {
							return 1
						}
						return 0
					}
					add(fmt.Sprintf(`project="%s",stage="%s",window="%s"`, project, stage, w), turn)
				}
			}
		}
	})
	family("po_cycle_time_share_ratio", "gauge", func(add func(string, func(float64) float64)) {
		for i, p := range pairs {
			for _, w := range windows {
				add(fmt.Sprintf(`project="%s",owner="%s",window="%s",bound="low"`, p.project, p.owner, w), wave(0.1, 0.3, 70, float64(i)/3))
				add(fmt.Sprintf(`project="%s",owner="%s",window="%s",bound="high"`, p.project, p.owner, w), wave(0.15, 0.45, 70, float64(i)/3))
			}
		}
	})
	family("po_first_pass_ratio", "gauge", func(add func(string, func(float64) float64)) {
		for i, p := range pairs {
			for _, w := range windows {
				add(fmt.Sprintf(`project="%s",owner="%s",window="%s"`, p.project, p.owner, w), wave(0.6, 0.95, 50, float64(i)/3))
			}
		}
	})
	for i, guard := range []string{"reopened", "silent_rejections", "instant_acceptances", "asked_again"} {
		family("po_guard_"+guard, "counter", func(add func(string, func(float64) float64)) {
			for _, p := range pairs {
				add(fmt.Sprintf(`project="%s",owner="%s"`, p.project, p.owner), grows(0.05*float64(1+i)))
			}
		})
	}
	family("po_open_wait_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for i, p := range pairs {
			for n, k := range kinds {
				add(fmt.Sprintf(`kind="%s",project="%s",owner="%s",story="%s-%d"`, k, p.project, p.owner, p.project, 10*i+n+1), wave(3600, float64(60000*(1+i+n)), 20, float64(n)/2))
			}
		}
	})
	family("po_open_wait_start_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for i, p := range pairs {
			for n, k := range kinds {
				add(fmt.Sprintf(`kind="%s",project="%s",owner="%s",story="%s-%d"`, k, p.project, p.owner, p.project, 10*i+n+1), fixed(float64(pastBegins.Unix())))
			}
		}
	})
	family("po_open_wait_paused", "gauge", func(add func(string, func(float64) float64)) {
		add(`kind="acceptance",project="PAY",owner="ada",story="PAY-1"`, fixed(1))
	})
	family("po_story_wait_oldest_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for i, project := range []string{"PAY", "WEB"} {
			for _, k := range kinds {
				add(fmt.Sprintf(`kind="%s",project="%s"`, k, project), wave(3600, 100000, 15, float64(i)/2))
			}
		}
	})
	family("po_wait_target_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for _, project := range []string{"PAY", "WEB"} {
			add(fmt.Sprintf(`kind="acceptance",project="%s"`, project), fixed(28800))
			add(fmt.Sprintf(`kind="question",project="%s"`, project), fixed(14400))
		}
	})
	family("po_acceptance_bypassed", "counter", func(add func(string, func(float64) float64)) {
		add(`project="PAY"`, grows(0.1))
		add(`project="WEB"`, grows(0.2))
	})
	family("po_owner_absent", "gauge", func(add func(string, func(float64) float64)) {
		add(`owner="ada"`, fixed(1))
		add(`owner="bo"`, fixed(0))
	})
	family("po_owner_info", "gauge", func(add func(string, func(float64) float64)) { add(`owner="ada",display_name="Ada Ohm"`, fixed(1)) })
	family("po_delegation_active", "gauge", func(add func(string, func(float64) float64)) { add(`owner="ada",delegate="bo"`, fixed(1)) })
	list[len(list)-1].series[0].shown = func(h float64) bool { return int(h/24)%40 < 15 }
	family("po_delegation_end_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		add(`owner="ada",delegate="bo"`, fixed(float64(pastBegins.AddDate(1, 0, 0).Unix())))
	})
	family("po_owner_absence_end_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		add(`owner="ada"`, fixed(float64(pastBegins.AddDate(1, 0, 0).Unix())))
	})
	family("po_sprint_start_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for i := range 5 {
			add(fmt.Sprintf(`project="PAY",sprint="PAY Sprint %d"`, i+1), fixed(float64(pastBegins.Add(time.Duration(34+14*i)*24*time.Hour).Unix())))
		}
	})
	family("po_sprint_end_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		for i := range 5 {
			add(fmt.Sprintf(`project="PAY",sprint="PAY Sprint %d"`, i+1), fixed(float64(pastBegins.Add(time.Duration(48+14*i)*24*time.Hour).Unix())))
		}
	})
	family("yourturn_ledger_start_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		add("", fixed(float64(pastBegins.AddDate(0, 0, -1).Unix())))
	})
	family("po_acceptance_configured", "gauge", func(add func(string, func(float64) float64)) {
		add(`project="PAY"`, fixed(0))
		add(`project="WEB"`, fixed(1))
	})
	family("yourturn:acceptance_objective:ratio", "gauge", func(add func(string, func(float64) float64)) { add("", fixed(0.8)) })
	for name, value := range map[string]float64{"ALERTS": 1, "ALERTS_FOR_STATE": float64(pastBegins.Unix())} {
		family(name, "gauge", func(add func(string, func(float64) float64)) {
			state := ""
			if name == "ALERTS" {
				state = `,alertstate="firing"`
			}
			add(`alertname="JiraRefuses",component="service",severity="critical"`+state, fixed(value))
			add(`alertname="StoryAwaitsAcceptance",component="waits",severity="warning",project="PAY"`+state, fixed(value))
		})
	}
	family("po_audit_findings", "gauge", func(add func(string, func(float64) float64)) {
		add(`project="PAY",reason="exit_by_default"`, grows(0.1))
		add(`project="WEB",reason="broken_chain"`, fixed(2))
	})
	family("yourturn_data_timestamp_seconds", "gauge", func(add func(string, func(float64) float64)) {
		add("", func(h float64) float64 { return float64(pastBegins.Unix()) + h*3600 })
	})
	return list
}
