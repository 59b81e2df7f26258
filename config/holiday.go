package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/mw"
	"github.com/rickar/cal/v2/nc"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// regions returns the holidays by region: the ISO 3166 code of a country or of a
// part of one.
func regions() map[string][]*cal.Holiday {
	return map[string][]*cal.Holiday{
		"AR": ar.Holidays,
		"AT": at.Holidays,
		// The library has no list for Australia. These are the days that all states share.
		"AU":     {au.NewYear, au.AustraliaDay, au.GoodFriday, au.EasterMonday, au.AnzacDay, au.MourningDay2022, au.ChristmasDay, au.BoxingDay},
		"AU-ACT": au.HolidaysACT, "AU-NSW": au.HolidaysNSW, "AU-NT": au.HolidaysNT, "AU-QLD": au.HolidaysQLD,
		"AU-SA": au.HolidaysSA, "AU-TAS": au.HolidaysTAS, "AU-VIC": au.HolidaysVIC, "AU-WA": au.HolidaysWA,
		"BE": be.Holidays,
		"BG": bg.Holidays,
		"BR": br.Holidays,
		"CA": ca.Holidays,
		// The library's list for Switzerland has the days of every canton. These are the ones that all share.
		"CH":    {ch.Neujahr, ch.Auffahrt, ch.Bundesfeiertag, ch.Weihnachtstag},
		"CH-AG": ch.HolidaysAG, "CH-AI": ch.HolidaysAI, "CH-AR": ch.HolidaysAR, "CH-BE": ch.HolidaysBE, "CH-BL": ch.HolidaysBL,
		"CH-BS": ch.HolidaysBS, "CH-FR": ch.HolidaysFR, "CH-GE": ch.HolidaysGE, "CH-GL": ch.HolidaysGL, "CH-GR": ch.HolidaysGR,
		"CH-JU": ch.HolidaysJU, "CH-LU": ch.HolidaysLU, "CH-NE": ch.HolidaysNE, "CH-NW": ch.HolidaysNW, "CH-OW": ch.HolidaysOW,
		"CH-SG": ch.HolidaysSG, "CH-SH": ch.HolidaysSH, "CH-SO": ch.HolidaysSO, "CH-SZ": ch.HolidaysSZ, "CH-TG": ch.HolidaysTG,
		"CH-TI": ch.HolidaysTI, "CH-UR": ch.HolidaysUR, "CH-VD": ch.HolidaysVD, "CH-VS": ch.HolidaysVS, "CH-ZG": ch.HolidaysZG,
		"CH-ZH": ch.HolidaysZH,
		"CZ":    cz.Holidays,
		"DE":    de.Holidays,
		"DE-BB": de.HolidaysBB, "DE-BE": de.HolidaysBE, "DE-BW": de.HolidaysBW, "DE-BY": de.HolidaysBY, "DE-HB": de.HolidaysHB,
		"DE-HE": de.HolidaysHE, "DE-HH": de.HolidaysHH, "DE-MV": de.HolidaysMV, "DE-NI": de.HolidaysNI, "DE-NW": de.HolidaysNW,
		"DE-RP": de.HolidaysRP, "DE-SH": de.HolidaysSH, "DE-SL": de.HolidaysSL, "DE-SN": de.HolidaysSN, "DE-ST": de.HolidaysST,
		"DE-TH": de.HolidaysTH,
		"DK":    dk.Holidays,
		"ES":    es.Holidays,
		"FI":    finland(),
		"FR":    fr.Holidays,
		"GB":    gb.Holidays, "GB-ENG": gb.Holidays, "GB-WLS": gb.Holidays, "GB-SCT": scotland(), "GB-NIR": northernIreland(),
		"GR": gr.Holidays,
		"HR": hr.Holidays,
		"IE": ie.Holidays,
		"IT": it.Holidays,
		"JP": jp.Holidays,
		"LT": lt.Holidays,
		"LV": lv.Holidays,
		"MW": mw.Holidays,
		"NC": nc.Holidays,
		"NL": nl.Holidays,
		"NO": no.Holidays,
		"NZ": nz.Holidays,
		"PL": pl.Holidays,
		"PT": portugal(),
		"RO": ro.Holidays,
		"RU": ru.Holidays,
		"SE": se.Holidays,
		"SI": si.Holidays,
		"SK": sk.Holidays,
		"UA": ua.Holidays,
		"US": us.Holidays,
		"ZA": za.Holidays,
	}
}

// unknownRegion returns what to write in place of an unknown region or date.
func unknownRegion(name string) string {
	known := slices.Sorted(maps.Keys(regions()))
	upper := strings.ToUpper(name)
	if slices.Contains(known, upper) {
		return fmt.Sprintf("%q is not a region; did you mean %s?", name, upper)
	}
	country, _, _ := strings.Cut(upper, "-")
	near := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k != country && !strings.HasPrefix(k, country+"-") })
	if len(near) == 0 {
		near = Nearest(upper, known, 5)
	}
	if len(near) == 0 {
		near = slices.DeleteFunc(known, func(k string) bool { return len(k) > 2 })
	}
	return fmt.Sprintf("%q is neither a date nor a region whose holidays are known; write a date, such as 2026-12-24, or %s", shorten(name), alternatives(near))
}

// on returns a holiday on the same day of each year.
func on(month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

// finland lists the days of a country that the library lacks. Midsummer Day
// and All Saints' Day are Saturdays; Midsummer Eve is a day off by custom.
func finland() []*cal.Holiday {
	midsummerEve := &cal.Holiday{Month: time.June, Day: 19, Weekday: time.Friday, Offset: 1, Func: cal.CalcWeekdayFrom}
	return []*cal.Holiday{
		aa.NewYear, aa.Epiphany, aa.GoodFriday, aa.EasterMonday, aa.WorkersDay, aa.AscensionDay, midsummerEve,
		on(time.December, 6), on(time.December, 24), aa.ChristmasDay, aa.ChristmasDay2,
	}
}

// portugal lists the days of a country that the library lacks. Four of them
// were suspended for three years.
func portugal() []*cal.Holiday {
	suspended := &cal.Holiday{Except: []int{2013, 2014, 2015}}
	return []*cal.Holiday{
		aa.NewYear, aa.GoodFriday, on(time.April, 25), aa.WorkersDay, aa.CorpusChristi.Clone(suspended), on(time.June, 10),
		aa.AssumptionOfMary, on(time.October, 5).Clone(suspended), aa.AllSaintsDay.Clone(suspended),
		on(time.December, 1).Clone(suspended), aa.ImmaculateConception, aa.ChristmasDay,
	}
}

// scotland has the second of January and Saint Andrew's Day, an earlier summer
// holiday, and no Easter Monday.
func scotland() []*cal.Holiday {
	second := on(time.January, 2)
	// Behind the first of January, which moves as well.
	second.Observed = []cal.AltDay{{Day: time.Saturday, Offset: 2}, {Day: time.Sunday, Offset: 2}, {Day: time.Monday, Offset: 1}}
	andrew := on(time.November, 30)
	andrew.StartYear, andrew.Observed = 2007, gb.NewYear.Observed
	return []*cal.Holiday{
		gb.NewYear, second, gb.GoodFriday, gb.EarlyMay, gb.VEDay, gb.CoronationDay, gb.SpringHoliday, gb.SpringHoliday2022,
		gb.PlatinumJubilee, gb.SummerHolidayScotland, andrew, gb.ChristmasDay, gb.BoxingDay,
	}
}

// northernIreland adds Saint Patrick's Day and the Twelfth.
func northernIreland() []*cal.Holiday {
	patrick, twelfth := on(time.March, 17), on(time.July, 12)
	patrick.Observed, twelfth.Observed = gb.NewYear.Observed, gb.NewYear.Observed
	return append(slices.Clone(gb.Holidays), patrick, twelfth)
}
