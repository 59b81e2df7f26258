package survival

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// hour is the unit in which the cases are written.
const hour = time.Hour

// began is a sample that was watched from its beginning.
func began(age time.Duration, event bool) Sample { return Sample{Began: true, Age: age, Event: event} }

// late is a sample that was watched from the age of entry on.
func late(entry, age time.Duration, event bool) Sample {
	return Sample{Entry: entry, Age: age, Event: event}
}

// never is the quantile where S does not fall as far.
const never = time.Duration(-1)

func TestQuantiles(t *testing.T) {
	var day []Sample // responses after 1, 2, … 24 hours
	for h := range time.Duration(24) {
		day = append(day, began((h+1)*hour, true))
	}
	for _, tc := range []struct {
		name    string
		samples []Sample
		want    map[float64]time.Duration // hours
	}{
		{
			name:    "two open among three answered",
			samples: []Sample{began(2*hour, true), began(4*hour, true), began(6*hour, false), began(8*hour, true), began(10*hour, false)},
			want:    map[float64]time.Duration{0.2: 2, 0.4: 4, 0.5: 8, 0.7: 8, 0.71: never, 0.75: never, 0.85: never},
		},
		{
			name:    "two that were old when watching began",
			samples: []Sample{began(2*hour, true), late(10*hour, 14*hour, true), late(3*hour, 20*hour, false), began(6*hour, false)},
			want:    map[float64]time.Duration{0.5: 2, 0.51: 14, 0.75: 14, 0.76: never, 0.85: never},
		},
		{name: "one, open for ten minutes", samples: []Sample{began(hour/6, false)}, want: map[float64]time.Duration{0: never, 0.5: never, 0.95: never}},
		{name: "one, open past any target", samples: []Sample{began(8*hour+time.Minute, false)}, want: map[float64]time.Duration{0.5: never, 0.95: never}},
		{name: "a day of answers", samples: day, want: map[float64]time.Duration{-1: 1, 0: 1, 0.5: 12, 0.75: 18, 0.95: 23, 1: 24, 1.1: never, math.NaN(): never}},
		{name: "none", want: map[float64]time.Duration{0: never, 0.5: never}},
		{name: "one answered", samples: []Sample{began(3*hour, true)}, want: map[float64]time.Duration{0.5: 3, 1: 3}},
		{name: "answered at once", samples: []Sample{began(0, true), began(0, true), began(hour, false)}, want: map[float64]time.Duration{0.5: 0, 0.66: 0, 0.67: never}},
		{
			name:    "events before censorings of the same age",
			samples: []Sample{began(2*hour, false), began(2*hour, true), began(4*hour, true)},
			want:    map[float64]time.Duration{1. / 3: 2, 0.34: 4, 1: 4},
		},
		{
			name:    "not at risk at the age of entry",
			samples: []Sample{began(2*hour, true), late(2*hour, 3*hour, false), began(4*hour, false)},
			want:    map[float64]time.Duration{0.5: 2, 0.51: never},
		},
		{
			name:    "never at risk, so no event",
			samples: []Sample{late(3*hour, 3*hour, true), late(5*hour, 3*hour, true), began(4*hour, true), began(6*hour, true)},
			want:    map[float64]time.Duration{0.5: 4, 0.51: 6},
		},
		{
			name:    "alone at risk early on, and nothing after",
			samples: []Sample{began(hour, true), late(2*hour, 9*hour, true), late(3*hour, 30*hour, false)},
			want:    map[float64]time.Duration{0.5: 1, 0.95: 1},
		},
		{
			name:    "entry has no meaning from the beginning on",
			samples: []Sample{{Began: true, Entry: 100 * hour, Age: hour, Event: true}, began(2*hour, true)},
			want:    map[float64]time.Duration{0.5: 1, 1: 2},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := New(tc.samples)
			for q, want := range tc.want {
				got := never
				if age, ok := c.Quantile(q); ok {
					got = age
				} else if age != 0 {
					t.Errorf("quantile %v: not reached, yet %d", q, age)
				}
				if want != never {
					want *= hour
				}
				if got != want {
					t.Errorf("quantile %v is %v h, want %v h", q, float64(got)/float64(hour), float64(want)/float64(hour))
				}
			}
		})
	}
}

// TestTolerance has three equal events: S is 1/3 after the second by a product
// that does not hit 1-2/3 in binary.
func TestTolerance(t *testing.T) {
	c := New([]Sample{began(1, true), began(2, true), began(3, true)})
	for q, want := range map[float64]time.Duration{2. / 3: 2, 2./3 + 0.5e-9: 2, 2./3 + 2e-9: 3} {
		if got, ok := c.Quantile(q); got != want || !ok {
			t.Errorf("quantile %.12f is %d, want %d", q, got, want)
		}
	}
}

func TestEitherSideOfAnAge(t *testing.T) {
	c := New([]Sample{began(2, true), began(4, true), began(6, false), began(8, true), began(10, false)})
	for _, tc := range []struct {
		age           time.Duration
		before, after float64
	}{
		{math.MinInt64, 1, 1},
		{0, 1, 1},
		{1, 1, 1},
		{2, 1, 0.8},
		{3, 0.8, 0.8},
		{4, 0.8, 0.6},
		{6, 0.6, 0.6},
		{8, 0.6, 0.3},
		{9, 0.3, 0.3},
		{math.MaxInt64, 0.3, 0.3},
	} {
		if before, after := c.Before(tc.age), c.Survival(tc.age); math.Abs(before-tc.before) > 1e-12 || math.Abs(after-tc.after) > 1e-12 {
			t.Errorf("at %d: S from %v to %v, want from %v to %v", tc.age, before, after, tc.before, tc.after)
		}
	}
}

// falls returns the ages at which S falls and where to, to some decimals.
func falls(c *Curve, decimals int) []string {
	var list []string
	for _, s := range c.steps {
		list = append(list, strconv.FormatInt(int64(s.age), 10)+": "+strconv.FormatFloat(s.after, 'f', decimals, 64))
	}
	return list
}

func TestPublished(t *testing.T) {
	channing := channingMen(t)
	var over68 []Sample // as one conditions on having reached the age of 68 years
	for _, s := range channing {
		if s.Age >= 68*12 {
			over68 = append(over68, s)
		}
	}
	for _, tc := range []struct {
		name     string
		samples  []Sample
		decimals int
		want     []string
	}{
		{
			// Remission in weeks of 21 children given 6-mercaptopurine. Freireich et
			// al., Blood 21 (1963); the estimate as in Klein and Moeschberger, table 4.1.
			name: "remission under 6-MP", decimals: 3,
			samples: []Sample{
				began(6, true), began(6, true), began(6, true), began(6, false), began(7, true), began(9, false), began(10, true),
				began(10, false), began(11, false), began(13, true), began(16, true), began(17, false), began(19, false), began(20, false),
				began(22, true), began(23, true), began(25, false), began(32, false), began(32, false), began(34, false), began(35, false),
			},
			want: []string{"6: 0.857", "7: 0.807", "10: 0.753", "13: 0.690", "16: 0.627", "22: 0.538", "23: 0.448"},
		},
		{
			// Age in months of 97 men of Channing House, a retirement home. Hyde,
			// Biostatistics Casebook (1980): the first two deaths at 1 of 2 at risk and
			// 1 of 1. Klein and Moeschberger, example 4.3.
			name: "Channing House, men", decimals: 1,
			samples: channing,
			want:    append([]string{"777: 0.5"}, zeroFrom(channing, 781)...),
		},
		{
			// The same, of those who reached 68 years. The figures are those that R's
			// survival gives, as the tests of scikit-survival list them.
			name: "Channing House, men over 68", decimals: 8,
			samples: over68,
			want: []string{
				"869: 0.95833333", "872: 0.92000000", "876: 0.88320000", "893: 0.85643636", "894: 0.83048375", "898: 0.80453113",
				"907: 0.78086845", "909: 0.75720577", "911: 0.73426014", "927: 0.71441527", "932: 0.69457040", "945: 0.67527678",
				"948: 0.65598316", "957: 0.63776140", "966: 0.62052461", "969: 0.60419501", "971: 0.58829514", "983: 0.57321065",
				"985: 0.55851294", "989: 0.54419210", "993: 0.51555041", "998: 0.50082040", "1009: 0.48466490", "1012: 0.45437335",
				"1022: 0.43814573", "1025: 0.42129397", "1029: 0.40444221", "1031: 0.38759045", "1033: 0.36913376", "1036: 0.35067707",
				"1043: 0.33473721", "1044: 0.31800035", "1053: 0.30033366", "1055: 0.28266697", "1059: 0.26382251", "1060: 0.24497804",
				"1080: 0.22270731", "1085: 0.20043658", "1094: 0.15032744", "1128: 0.10021829", "1139: 0.05010915",
			},
		},
		{
			// A small example of delayed entry from the tests of scikit-survival.
			name: "nine that enter late", decimals: 6,
			samples: []Sample{
				late(1, 4, true), late(4, 6, false), late(3, 7, true), late(4, 8, false), late(2, 10, false),
				late(1, 9, true), late(5, 9, true), late(6, 10, true), late(7, 11, false),
			},
			want: []string{"4: 0.750000", "7: 0.625000", "9: 0.375000", "10: 0.250000"},
		},
		{
			// Another from there: all events are after the last entry.
			name: "ten that enter late", decimals: 6,
			samples: []Sample{
				late(1, 11, false), late(2, 12, true), late(3, 13, false), late(4, 14, false), late(5, 15, true),
				late(6, 16, true), late(7, 17, true), late(8, 18, true), late(9, 19, false), late(9, 19, true),
			},
			want: []string{"12: 0.888889", "15: 0.740741", "16: 0.592593", "17: 0.444444", "18: 0.296296", "19: 0.148148"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, falls(New(tc.samples), tc.decimals)); d != "" {
				t.Errorf("S (-want +got):\n%s", d)
			}
		})
	}
}

// zeroFrom lists the ages of events from one on, with S at 0.
func zeroFrom(samples []Sample, from time.Duration) []string {
	var e Estimator
	e.sort(samples)
	var list []string
	last := time.Duration(-1)
	for _, age := range e.events {
		if age >= from && age != last {
			list = append(list, strconv.FormatInt(int64(age), 10)+": 0.0")
		}
		last = age
	}
	return list
}

// channingMen reads ages in months at entry and exit, and whether by death.
func channingMen(t *testing.T) []Sample {
	t.Helper()
	f, err := os.Open("testdata/channing-men.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var samples []Sample
	for _, row := range rows[1:] {
		entry, err1 := strconv.ParseInt(row[0], 10, 64)
		exit, err2 := strconv.ParseInt(row[1], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		samples = append(samples, late(time.Duration(entry), time.Duration(exit), row[2] == "1"))
	}
	return samples
}

// TestMemoryIsKept makes curves of many and of few samples by one estimator.
func TestMemoryIsKept(t *testing.T) {
	var e Estimator
	many := []Sample{late(1, 4, true), late(2, 6, true), began(5, false), began(7, true)}
	few := []Sample{began(3, true), began(9, false)}
	first := e.Curve(many)
	want := falls(first, 6)
	if d := cmp.Diff(falls(New(few), 6), falls(e.Curve(few), 6)); d != "" {
		t.Errorf("a curve shows what was estimated before it (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, falls(first, 6)); d != "" {
		t.Errorf("a curve changed with the next (-want +got):\n%s", d)
	}
	if n := testing.AllocsPerRun(10, func() { e.Curve(many) }); n > 2 {
		t.Errorf("%v allocations for a curve, want its own 2", n)
	}
}
