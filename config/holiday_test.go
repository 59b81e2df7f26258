package config

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestHolidays(t *testing.T) {
	for _, c := range []struct {
		region, day string
		want        bool
	}{
		{"DE", "2026-10-03", true},
		{"DE", "2026-03-08", false},
		{"DE-BE", "2026-03-08", true},
		{"DE-BY", "2026-06-04", true}, // Corpus Christi
		{"DE-BE", "2026-06-04", false},
		{"US", "2026-07-03", true}, // the fourth is a Saturday
		{"US", "2021-12-31", true}, // the first of January 2022 is a Saturday
		{"US", "2026-12-31", false},
		{"GB", "2026-04-06", true},
		{"GB-SCT", "2026-04-06", false},
		{"GB-SCT", "2026-01-02", true},
		{"GB-SCT", "2023-01-03", true}, // behind the first, a Sunday that moved to the second
		{"GB-SCT", "2026-08-03", true},
		{"GB-ENG", "2026-08-03", false},
		{"GB-NIR", "2026-07-13", true}, // the twelfth is a Sunday
		{"CH", "2026-08-01", true},
		{"CH", "2026-01-06", false}, // in some cantons alone
		{"CH-TI", "2026-01-06", true},
		{"AU", "2026-01-26", true},
		{"AU-VIC", "2026-11-03", true},
		{"FI", "2026-06-19", true}, // Midsummer Eve
		{"FI", "2027-06-25", true},
		{"FI", "2026-12-06", true},
		{"PT", "2026-06-04", true},
		{"PT", "2014-12-01", false}, // suspended
		{"PT", "2016-12-01", true},
		{"2026-12-24", "2026-12-24", true},
		{"2026-12-24", "2027-12-24", false},
	} {
		spec := specOf(t, "calendar: {holidays: ["+c.region+"]}")
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := spec.Holiday(day.Date()); got != c.want {
			t.Errorf("%s on %s: got %v, want %v", c.region, c.day, got, c.want)
		}
	}
}

// TestRegions holds that each region has holidays of its own every year, and
// that the function can be shared.
func TestRegions(t *testing.T) {
	for _, region := range slices.Sorted(maps.Keys(regions())) {
		holiday := holidayFunc(regions()[region], nil)
		var wg sync.WaitGroup
		for year := 2020; year <= 2030; year++ {
			wg.Go(func() {
				n := 0
				for day := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == year; day = day.AddDate(0, 0, 1) {
					if holiday(day.Date()) {
						n++
					}
				}
				if n < 4 || n > 30 {
					t.Errorf("%s has %d holidays in %d", region, n, year)
				}
			})
		}
		wg.Wait()
	}
}
