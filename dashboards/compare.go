package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// earlier returns the value of expr the window before. The offset is on a subquery of
// one instant, because expr has offsets of its own.
func earlier(expr, window string) string {
	return "last_over_time((" + expr + ")[1s:1s] offset " + window + ")"
}

// growth returns by how much each series of a counter grew within the window that ends
// now, if Prometheus has all of that window, and nothing else. That makes it much
// cheaper than grown, and a comparison needs whole windows: one that lacks its
// beginning has fewer waits, and not the same ones.
func growth(series, window string) string {
	return strings.NewReplacer(
		"S", newest(series, " offset "+window), "N", newest(series, ""), "W", watched(" offset "+window),
	).Replace("max without (ledger) (clamp_min(N - (S or 0 * N and on (job, project, ledger) W), 0))")
}

// period is a window that ends now, of queries. There was one before it that is as long.
type period string

// before returns the value of expr for the period before.
func (p period) before(expr string) string { return earlier(expr, string(p)) }

// grown returns by how much a counter grew within the period.
func (p period) grown(series string) string { return growth(series, string(p)) }

// late returns the share of the judged waits that passed their target in the period.
func (p period) late(by, where string) string { return late(by, where, p.grown) }

// judged returns how many waits met or passed their target in the period.
func (p period) judged(by, where string) string { return judged(by, where, p.grown) }

// fewestJudged is how many judged waits a comparison needs on either side, as that of
// the report needs answers.
const fewestJudged = "10"

// compared returns a number for comparedWords for each of all: whether a smaller or a
// larger share of the judged waits than in the period before passed their target. A
// difference counts where chance alone makes one as large once in 20 times at most, by
// the normal approximation of the arcsine of the square root of each share, with the
// additions of Anscombe (Biometrika 35, 1948), without which 3 of 30 after 0 of 26 would
// count. Three times the difference, over 3.92 = 2 * 1.96, rounds to 2 from 1.96 on and
// to 0 below 0.65, which chance alone passes every second time.
func (p period) compared(by, where, all string) string {
	of := p.judged(by, where)
	passed := lateCount(by, where, p.grown)
	return strings.NewReplacer(
		"B1", "("+passed+")", "B0", p.before(passed), "N1", "("+of+")", "N0", p.before(of), "MIN", fewestJudged, "ALL", all,
	).Replace(`clamp(round(3 * (2 * asin(sqrt((B1 + 0.375) / (N1 + 0.75))) - 2 * asin(sqrt((B0 + 0.375) / (N0 + 0.75))))
/ sqrt(1 / ((N1 >= MIN) + 0.5) + 1 / ((N0 >= MIN) + 0.5)) / 3.92), -2, 2) + 3
or 6 * ALL`)
}

// comparedWords maps the numbers of compared to words.
func comparedWords() []dashboard.ValueMapping {
	return words(
		word("better", colorNothing), word("may be chance", colorNothing), word("no clear change", colorNothing),
		word("may be chance", colorNothing), word("worse", colorLate), word("cannot tell", colorNothing))
}

// comparedAbout says what the words mean, in the ⓘ of panels that have them.
const comparedAbout = "Better or worse: a smaller or a larger share passed the target, and chance alone makes such a difference once in 20 times at most. May be chance: there is a difference, and too few waits to tell it from chance. No clear change: chance alone makes as large a difference every second time. Cannot tell: under " + fewestJudged + " waits met or passed the target on either side, or Prometheus has not all of both."
