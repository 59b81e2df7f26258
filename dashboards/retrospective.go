package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// uidRetrospective is the dashboard of a sprint.
const uidRetrospective = "yourturn-retrospective"

// within restricts a series to the selected projects.
const within = `{` + isProject + `}`

// inRange returns by how much a counter grew within the range shown.
func inRange(series string) string { return grownIn(series, "$__range", "$__interval") }

// today returns the value of expr today, whichever range is shown: from an old sprint a
// reader wants to go on to the next one, and most sprints are older than what was
// scraped of them. PromQL cannot name the present, so the query looks from a day before
// the end of the range to more than a year after it. Steps of six hours keep that cheap;
// the value may be as old.
func today(expr string) string { return "last_over_time((" + expr + ")[401d:6h] offset -400d)" }

// sprints returns a metric of sprints, as known today.
func sprints(metric string) string {
	expr := "max by (project, sprint) (" + metric + within + ")"
	return "(" + today(expr) + " or " + expr + ")"
}

// asOf returns the data timestamp of today or of the end of the range, whichever is
// later, in seconds.
func asOf() string {
	const expr = `max(yourturn_data_timestamp_seconds)`
	return `scalar(max(label_replace(` + expr + `, "at", "end of range", "", "") or ` + today(expr) + `))`
}

// inSprint returns the share of the range shown that each sprint takes.
func inSprint() string {
	return strings.NewReplacer("S", sprints("po_sprint_start_timestamp_seconds"), "E", sprints("po_sprint_end_timestamp_seconds")).Replace(
		"clamp_min((clamp_max(E, time()) - clamp_min(S, time() - ${__range_s})) / ${__range_s}, 0)")
}

// seen returns what f, a function over time, says of a series of open waits within the
// range shown, by story.
func seen(f, series string) string {
	return `max by (job, kind, project, story) (` + f + `((max by (job, kind, project, owner, story) (` + series + within + `))[$__range:$__interval]))`
}

// partInRange returns for how many hours of the range each story waited: of a wait that
// began in it all, else what its clock gained.
func partInRange() string {
	return hours(strings.NewReplacer(
		"LAST", seen("last_over_time", "po_open_wait_seconds"), "MOST", seen("max_over_time", "po_open_wait_seconds"),
		"BEGAN", seen("last_over_time", "po_open_wait_start_timestamp_seconds"),
		"THEN", `max by (job, kind, project, story) (po_open_wait_seconds`+within+` offset $__range)`,
	).Replace("(LAST and BEGAN > time() - ${__range_s}\nor MOST - THEN\nor MOST)"))
}

// passed leaves the stories whose wait passed its target by the end of the range.
func passed(expr string) string {
	return "(" + expr + ")\nand on (job, kind, project, story) (" + ofTargets(seen("last_over_time", "po_open_wait_seconds")) + ") >= 1"
}

// atEnd returns what became of each wait by the end of the range, as a number for
// atEndWords. A wait that is not open any more and was older than 10 targets may have
// ended, or have been forgotten.
func atEnd() string {
	last := ofTargets(seen("last_over_time", "po_open_wait_seconds"))
	return `1 * group by (job, kind, project, story) (po_open_wait_seconds` + within + `)
or 3 * group by (job, kind, project, story) (` + last + ` >= 10)
or 2 * group by (job, kind, project, story) (` + seen("last_over_time", "po_open_wait_start_timestamp_seconds") + `)`
}

// atEndWords are the words for what became of a wait.
func atEndWords() []dashboard.ValueMapping {
	return words(word("open", colorNothing), word("ended", colorNothing), word("ended or forgotten", colorNothing))
}

// retrospective returns the dashboard of a sprint, or of any time range.
func retrospective() *board {
	b := newBoard(uidRetrospective, "Retrospective",
		"What waited in a sprint, or in any time range. Choose a sprint by its name in the first panel, or a range at the top right.",
		"now-14d", "")
	b.variables(projectVariable())
	this := period("$__range")
	part, of := late("project, kind", within, inRange), judged("project, kind", within, inRange)
	then, thenOf := this.before(this.late("project, kind", within)), this.before(this.judged("project, kind", within))
	toSprint := link("Look at this sprint",
		"/d/"+uidRetrospective+`?var-project=${__data.fields.Project:percentencode}&from=${__data.fields.Start.numeric}&to=${__data.fields["Value #C"].numeric}&${datasource:queryparam}`, false)
	const unknown = "Caution: if Prometheus has no data at the start of the range, it counts from the first data on. What ended in the last minutes of the range may not be final yet, and is missing."
	b.add(
		panel{
			title: "Sprints", asks: "Which sprint is it?", width: 24, height: 7,
			about:   "Covers: the share of the range shown that the sprint takes; it is no progress. The sprints that take the largest share come first, then all others, the newest first. A click on a name sets the range to that sprint, up to now if it still runs, and the project to its own. Set any other range at the top right. Sprints without dates are not listed.",
			caution: "Caution: these are the sprints known today, the last 12 of each project, whichever range is shown. Until a sprint is completed, its end is the planned one.",
			queries: []query{
				rows(sprints("po_sprint_start_timestamp_seconds") + " * 1000"),
				rows(sprints("po_sprint_end_timestamp_seconds") + " * 1000"),
				rows("clamp_max(" + sprints("po_sprint_end_timestamp_seconds") + ", " + asOf() + ") * 1000"),
				rows("100 * " + inSprint()),
				rows("1 + (" + sprints("po_sprint_end_timestamp_seconds") + " < bool " + asOf() + ")"),
			},
			view: grid("Covers", true,
				column{from: "sprint", title: "Sprint", links: toSprint},
				column{from: "project", title: "Project"},
				column{from: "Value #A", title: "Start", unit: unitDayOfYear, width: 105},
				column{from: "Value #B", title: "End", unit: unitDayOfYear, width: 105},
				column{from: "Value #E", title: "Now", named: words(word("runs", colorNothing), word("over", colorNothing)), width: 60},
				column{from: "Value #D", title: "Covers", unit: "suffix:% of the range", width: 132},
				column{from: "Value #C"}). // where the link ends
				SortBy([]cog.Builder[common.TableSortByFieldState]{
					common.NewTableSortByFieldStateBuilder().DisplayName("Covers").Desc(true),
					common.NewTableSortByFieldStateBuilder().DisplayName("Start").Desc(true),
					common.NewTableSortByFieldStateBuilder().DisplayName("Sprint").Desc(false),
				}).
				NoValue("no sprints are known, or no data from yourturn: choose a time range instead"),
		},
		panel{
			title: "Against the range before", asks: "Was it better than in the range before?", width: 12, height: 4,
			about:   "The waits of all selected projects together, by what is waited for. " + comparedAbout + " The table below has each project, and the numbers.",
			caution: "Caution: a change may be chance, holidays, or other stories. Look at the stories before you conclude anything.",
			queries: []query{now(this.compared("kind", within, `group by (kind) (po_waits_open`+within+`)`), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName).Orientation(common.VizOrientationHorizontal).Mappings(comparedWords()),
		},
		panel{
			title: "Went past target", asks: "How many passed their target?", width: 6, height: 4,
			about:   "Waits whose working time on the owner's clock passed the target within the range, whatever happened later.",
			caution: unknown,
			queries: []query{now(endedIn("kind", `po_waits_breached_total`+within), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Still open", asks: "How many are still open?", width: 6, height: 4,
			about:   "Open waits at the end of the range, the forgotten too.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{now(summed("kind", "kind, project, owner", `po_waits_open`+within), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "Late in this range and before", asks: "Was it better than in the ranges before, in each project?", width: 24, height: 10,
			about:   "Late: the share of waits that passed their target, of those that met or passed it, whose number stands beside it: in the range shown (this), in the range of the same length before it (1 ago), and in the one before that (2 ago). Change: from 1 ago to this. " + comparedAbout,
			caution: "Caution: of 20 rows one may say better or worse by chance. A dash: no wait met or passed its target, or Prometheus has not all of that range. If its data begin within this range, it counts from there.",
			queries: []query{
				rows(part), rows(then), rows(this.before(then)),
				rows(of), rows(thenOf), rows(this.before(thenOf)),
				rows(this.compared("project, kind", within, `group by (project, kind) (po_waits_open`+within+`)`)),
			},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "kind", title: "Waits for", words: kinds(), width: 92},
				column{from: "Value #C", title: "Late, 2 ago", unit: unitShare, width: 94},
				column{from: "Value #F", title: "of, 2", unit: unitOf, width: 61},
				column{from: "Value #B", title: "Late, 1 ago", unit: unitShare, width: 92},
				column{from: "Value #E", title: "of, 1", unit: unitOf, width: 61},
				column{from: "Value #A", title: "Late, this", unit: unitShare, width: 80},
				column{from: "Value #D", title: "of", unit: unitOf, width: 61},
				column{from: "Value #G", title: "Change", named: comparedWords(), width: 122}),
		},
	)
	b.row("Which stories waited?")
	b.add(
		panel{
			title: "Longest waits in the range", asks: "Which waits were the longest in this range?", width: 24, height: 13,
			about:   "The waits past their target that ran in this range, with the working hours that lie in the range, and in all, on the story's clock. Beside them: the whole wait as a multiple of its target, since when, and what became of it by the end of the range. Stories are in the order of how long they waited in the range; people are not named. The forgotten are only counted, below.",
			caution: "Caution: of an owner's open waits of a kind only the 20 oldest at a time are known here, and a wait shorter than a 300th of the range may be missing. A story that waited twice counts with one of its waits. If Prometheus has no data at the start of the range, what was waited before counts too.",
			queries: []query{
				rows(linked(passed(partInRange()))),
				rows(ofTargets(seen("last_over_time", "po_open_wait_seconds")) + " >= 1"),
				rows(passed(seen("last_over_time", "po_open_wait_start_timestamp_seconds") + " * 1000")),
				rows(passed(atEnd())),
				rows(passed(hours(seen("last_over_time", "po_open_wait_seconds")))),
			},
			view: grid("Hours in range", true,
				column{from: "story", title: "Story", links: toStory()},
				column{from: "kind", title: "Waits for", words: kinds(), width: 92},
				column{from: "url"},
				column{from: "Value #A", title: "Hours in range", unit: unitHours, decimals: 1, width: 140},
				column{from: "Value #E", title: "Hours in all", unit: unitHours, decimals: 1, width: 98},
				column{from: "Value #B", title: "× target", unit: unitTimes, decimals: 1, width: 80},
				column{from: "Value #C", title: "Since", unit: unitDayOfYear, width: 105},
				column{from: "Value #D", title: "At the end", named: atEndWords(), width: 145}).
				NoValue("no wait of this range passed its target, or no data: choose another range or project"),
		},
		panel{
			title: "Open at the end", asks: "What is still open?", width: 24, height: 10,
			about:   "Open waits at the end of the range by project; those past their target; the forgotten, which are older than 10 targets, on stories on which nothing has happened for 15 working days; and the longest of all, forgotten or not, in working hours in all on the story's clock. The end is the end of the range: now, while a sprint runs.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{
				rows(summed("project, kind", "kind, project, owner", `po_waits_open`+within)),
				rows(summed("project, kind", "kind, project, owner", `po_waits_overdue`+within)),
				rows(summed("project, kind", "kind, project, owner", `po_waits_forgotten`+within)),
				rows(hours(`max by (project, kind) (po_story_wait_oldest_seconds`+within+`)`) + " and on (project, kind) " + summed("project, kind", "kind, project, owner", `po_waits_open`+within) + " > 0"),
			},
			view: grid("Project", false,
				column{from: "project", title: "Project"},
				column{from: "kind", title: "Waits for", words: kinds(), width: 110},
				column{from: "Value #A", title: "Open", unit: unitCount, width: 80},
				column{from: "Value #B", title: "Past target", unit: unitCount, width: 110},
				column{from: "Value #C", title: "Forgotten", unit: unitCount, width: 100},
				column{from: "Value #D", title: "Longest, in all", unit: unitHours, width: 115}),
		},
	)
	b.fold("How did the waits end?")
	b.add(
		panel{
			title: "Ended", asks: "How many waits ended?", width: 8, height: 4,
			about:   "Waits that ended in the range with an acceptance, a rejection or an answer. They count when final.",
			caution: unknown,
			queries: []query{now(endedIn("kind", `po_waits_ended_total{`+isProject+`, outcome=~"accepted|rejected|answered"}`), "{{kind}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "No acceptance", asks: "How many stories were done with no acceptance?", width: 16, height: 4,
			about:   "Stories that reached done within the range without visiting an acceptance status, by project.",
			caution: unknown,
			queries: []query{now(endedIn("project", `po_acceptance_bypassed_total`+within), "{{project}}")},
			view:    number(unitCount, 0, plain()).TextMode(valueAndName),
		},
		panel{
			title: "How waits ended", asks: "How did the waits end?", width: 24, height: 9,
			about:   "All waits that ended within the range; a wait that was handed over counts once for each owner's part. Recalled: the team pulled the story back. Withdrawn: the story was taken away without a verdict. Handed over: to another owner. Lapsed, obsolete: nobody answered, and an answer was no longer needed.",
			caution: unknown,
			queries: []query{rows(orNone(endedIn("kind, outcome", `po_waits_ended_total`+within)+` > 0`, "outcome", saysNone))},
			view: grid("Waits for", false,
				column{from: "kind", title: "Waits for", words: kinds(), width: 110},
				column{from: "outcome", title: "How it ended", words: outcomes()},
				column{from: "Value", title: "How many", unit: unitCount, width: 90}),
		},
	)
	b.fold("The course of the range")
	b.add(
		panel{
			title: "Open over time", asks: "How many were open in the course of the range?", width: 12, height: 8,
			about:   "Open waits of the selected projects over the range, by what is waited for, the forgotten too.",
			caution: "Caution: a question that is answered by voice or chat stays open here.",
			queries: []query{course(summed("kind", "kind, project, owner", `po_waits_open`+within), "{{kind}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
		panel{
			title: "Past target over time", asks: "How many of them were past their target?", width: 12, height: 8,
			about:   "Those of them whose working time on the owner's clock was past the target.",
			caution: "Caution: a hand-over starts the owner's clock again.",
			queries: []query{course(summed("kind", "kind, project, owner", `po_waits_overdue`+within), "{{kind}}")},
			view:    stacked(unitCount, common.StackingModeNormal),
		},
	)
	return b
}
