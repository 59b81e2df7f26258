package latency

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page is what people read of the rules.
const page = "../../docs/how-it-is-measured.md"

// rulesOfThePage says, for each rule of the page by its anchor, which functions
// follow it and which tests hold it. Names without a package are of this one.
var rulesOfThePage = map[string]struct{ functions, tests string }{
	"as-of":            {"Deriver.Story", "TestAsOf TestThePastIsWhatWasKnownThen"},
	"key-of-that-time": {"keyAt", "TestKeyOfThatTime"},
	"final":            {"replay.addParts Rules.Entries measure.Engine.needsConfirmation", "TestAcceptance TestEntriesAreCountedWhenFinal measure.TestWhatIsFinalIsReadBeforeItIsCounted"},

	"scope":         {"replay.enterScope replay.recordOut replay.leaveScope", "TestScope TestScopeInFull"},
	"types":         {"Rules.counts rules.builder.types", "TestTypesInScope rules.TestTypesThatJiraNoLongerLists"},
	"created":       {"birthOf replay.beforeCreated", "TestBeforeCreated"},
	"moved-project": {"replay.recordIn replay.enterPart", "TestHandOversInFull TestABreachIsOfTheProjectItWasIn"},
	"history-from":  {"replay.addParts Deriver.mark", "TestHistoryFrom TestHistoryBegins"},
	"status-names":  {"Deriver.readStatus replay.statusIn", "TestStatusNames"},
	"done":          {"replay.assess", "TestDone"},

	"acceptance-begins":            {"replay.startAcceptance replay.enterAcceptance", "TestAcceptance TestAcceptanceInFull"},
	"acceptance-goes-on":           {"replay.endAcceptance", "TestAcceptance"},
	"acceptance-entered-withdrawn": {"replay.enterAcceptance replay.withdrawn", "TestAcceptance TestAcceptanceInFull"},
	"acceptance-withdrawn":         {"replay.endAcceptance replay.withdrawn", "TestAcceptance TestDone"},
	"accepted":                     {"replay.accepts", "TestVectors TestAcceptanceInFull"},
	"rejected":                     {"replay.endAcceptance", "TestVectors TestAcceptanceInFull"},
	"recalled":                     {"replay.endAcceptance", "TestVectors TestSlipRules"},
	"migration":                    {"record.endsAs replay.endAcceptance", "TestVectors TestMigrationsThatMove TestAcceptanceInFull"},
	"acceptance-out-of-scope":      {"replay.recordOut", "TestScope"},
	"acceptance-moved-project":     {"replay.endAcceptance", "TestVectors TestAcceptance"},
	"exit-by-default":              {"replay.accepts", "TestFindings"},
	"slip":                         {"Deriver.undoSlips", "TestSlips TestSlipRules TestSlipsOfOnePerson"},
	"hop":                          {"replay.isHop replay.forgetVisit", "TestHops TestHopsAndVisits"},
	"pauses":                       {"pauses.until", "TestPauses TestPausedNow"},
	"pause-status":                 {"replay.pauseForStatus replay.resumeFromStatus", "TestVectors TestPausesInFull"},
	"pause-flag":                   {"replay.pauseForFlag", "TestPauses"},
	"pause-question":               {"replay.pauseForQuestion replay.endOwnersQuestion", "TestOwnersQuestion TestPauses"},
	"cycle":                        {"replay.endAcceptance", "TestAcceptanceInFull"},

	"ask-mention":        {"replay.askOf", "TestComments TestVectors"},
	"ask-marker":         {"replay.askOf comment.Facts.HasMarker", "TestComments comment.TestHasMarker"},
	"ask-status":         {"replay.startAsks", "TestQuestions TestAsksByState"},
	"ask-label":          {"replay.startAsks", "TestQuestions TestAsksByState"},
	"ask-assignment":     {"replay.startAsks assigned", "TestQuestions TestAsksByState"},
	"ask-by-state":       {"replay.startAsks replay.enterScope", "TestAsksByState"},
	"ask-by-edit":        {"replay.commentEdited", "TestComments TestCommentsInFull"},
	"markers":            {"comment.Facts.HasMarker", "comment.TestHasMarker"},
	"addressed":          {"comment.Wiki comment.ADF", "comment.TestWiki comment.TestADF"},
	"answered":           {"replay.commentOnQuestion replay.endQuestion", "TestComments TestQuestions"},
	"answered-by-name":   {"replay.commentOnQuestion", "TestAnswersAfterAHandOver TestComments"},
	"answered-elsewhere": {"replay.commentOnQuestion", "TestComments"},
	"resolved":           {"replay.takes", "TestQuestions TestQuestionsInFull"},
	"question-withdrawn": {"replay.takeBack replay.withdrawOwnAsks", "TestComments TestQuestions"},
	"obsolete":           {"replay.endQuestion", "TestVectors TestDone"},
	"lapsed":             {"replay.setLapse", "TestLapse TestLapseOverParts"},
	"endings-in-order":   {"replay.endQuestion", "TestEndingsInOrder"},
	"joined":             {"replay.addAsk replay.dropAsks", "TestComments TestCommentsInFull"},
	"replies":            {"replay.commentOnQuestion", "TestRepliesAndAsks"},
	"mute":               {"replay.commentAdded", "TestComments TestCommentsInFull"},
	"echo":               {"replay.roleOf replay.echoes replay.noteAction", "TestRecords TestRecordsInFull"},

	"owner":       {"Deriver.ownerAt Deriver.nextOwnerTick", "TestOwnersInOrder TestParentsOwnOverTime TestComponentsAndTerms"},
	"components":  {"Project.componentOwner rules.builder.components", "TestComponentsByID rules.TestComponentsAreFoundByTheirID"},
	"hand-over":   {"replay.handOver", "TestVectors TestHandOversInFull"},
	"short-parts": {"runningWait.ownersParts", "TestShortParts TestHandOvers"},
	"delegation":  {"Deriver.isDelegate", "TestDelegatesInFull TestDelegateField"},
	"responder":   {"replay.responderTo", "TestShortParts"},
	"dates":       {"rules.span config.Config.ProjectZone config.Config.OwnerZone config.Config.Zone", "rules.TestDatesAreDaysOfAZone"},

	"working":      {"measure calendar.Calendar.Working calendar.wallClock.reaches", "calendar.TestWorking calendar.TestHoursWithinAnHourShownTwice TestVectors"},
	"owners-clock": {"Deriver.away replay.awayFrom", "TestAbsences TestAbsencesInFull"},
	"storys-clock": {"replay.addParts", "TestPartsAddUp TestVectors"},
	"target":       {"runningWait.breach passes", "TestBreachOverPauses TestATargetIsPassedOnce TestABreachIsOfTheProjectItWasIn"},

	"ledger":     {"Rules.Entries Totals.Add", "TestEntriesAreCountedWhenFinal TestTotalsAddUp"},
	"corrected":  {"Rules.Corrections", "TestCorrections"},
	"late":       {"LedgerState.Late LedgerState.Advanced rules.Fingerprint", "TestLate rules.TestFingerprintHasTheVersionOfTheRules"},
	"new-ledger": {"RenewedUntil Ledger.CountedByAnother query.Ledger.Renewed store.Store.NewLedger", "TestTheFirstGuess e2e.TestTheFirstGuessIsNotKept e2e.TestNoGrowthAcrossANewLedger"},
	"bypassed":   {"replay.countBypass replay.countInstantBypass FirstWaits.Passed", "TestBypass TestBypassByAutomation TestFirstWaits"},

	"guard-reopened":            {"replay.guardReopening", "TestGuards"},
	"guard-silent-rejections":   {"replay.guardSilence", "TestGuards"},
	"guard-instant-acceptances": {"replay.guardAcceptance", "TestGuards"},
	"guard-asked-again":         {"replay.guardAsk", "TestGuards"},

	"open":              {"openList.note openList.add", "TestAStoryIsOpenOnce"},
	"forgotten":         {"replay.forgotten calendar.Calendar.AfterDays openList.oldest", "TestForgotten TestForgottenWaitsAreListedApart calendar.TestAfterDays measure.TestTimeAloneForgets"},
	"quantiles":         {"statisticsBuilder.sample Distribution.Quantile survival.Estimator.Curve", "TestVectors TestWindowEdges survival.TestQuantiles"},
	"samples":           {"statisticsBuilder.sample", "TestSamples"},
	"pace":              {"Statistics.Pace", "TestPace TestPaceLeavesOutTheWaitItself"},
	"states":            {"Report.arrange Waiting.stateOn compareWaiting calendar.Calendar.Today", "TestStatesOfOpenWaits TestOrderOfOpenWaits calendar.TestToday"},
	"expected":          {"Statistics.Expect survival.Curve.Remaining survival.Ages.Watched", "TestExpectedAnswer survival.TestRemaining survival.TestWatched"},
	"stages":            {"Rules.stage StageNames StageOfCategory", "TestStages TestStagesByName"},
	"stages-in-absence": {"replay.stages replay.lay", "TestStagesInAbsence"},
	"windows":           {"Rolling NewStatistics RollingStatistics.At", "TestRollingStatisticsAreStatistics TestWindowsLookWhereTheirEndsLie"},
	"sprints":           {"LastSprints", "TestLastSprints"},
	"cycle-time":        {"replay.noteStage", "TestStages TestCycleTimeBeginsWithAcceptance"},
	"stage-order":       {"replay.stages replay.lay", "TestStages"},
	"share":             {"statisticsBuilder.stages Share.Low Share.High", "TestShareAndLargestBlocker"},
	"largest-blocker":   {"statisticsBuilder.blockers", "TestLargestBlockerIsLongEnough TestShareAndLargestBlocker"},
	"first-pass":        {"Result.Trace statisticsBuilder.verdict", "TestFirstPass"},

	"configured": {"Project.Configured Project.Measures Totals.leaveOut rules.inWorkflow", "TestProjectsWithoutAcceptance rules.TestAcceptanceInTheWorkflow e2e.TestAWrongConfigIsNoQuietZero"},
	"misfits":    {"Misfits replay.home", "TestMisfits TestWhatTheOwnerFieldHolds rules.TestWhoCountsOnTheOwnerField e2e.TestStoriesAndWaitsWithoutOwners"},

	"audit": {"replay.find Bulk.Findings measure.Reasons", "TestFindings TestBulk measure.TestReasons"},
}

// TestThePageIsFollowed holds that each rule of the page has functions and tests,
// and that those exist.
func TestThePageIsFollowed(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllSubmatch(text, -1) {
		if anchors[string(m[1])] {
			t.Errorf("the page has the anchor %s twice", m[1])
		}
		anchors[string(m[1])] = true
	}
	functions := map[string]map[string]bool{}
	exists := func(name string) bool {
		dir := "."
		if pkg, rest, ok := strings.Cut(name, "."); ok && pkg == strings.ToLower(pkg) && isDir("../"+pkg) {
			dir, name = "../"+pkg, rest
		} else if ok && pkg == "config" {
			dir, name = "../../config", rest
		}
		if functions[dir] == nil {
			functions[dir] = functionsIn(t, dir)
		}
		return functions[dir][name]
	}
	for anchor := range anchors {
		if _, ok := rulesOfThePage[anchor]; !ok {
			t.Errorf("the page has a rule %s: say here which functions follow it and which tests hold it", anchor)
		}
	}
	for _, anchor := range slices.Sorted(maps.Keys(rulesOfThePage)) {
		rule := rulesOfThePage[anchor]
		if !anchors[anchor] {
			t.Errorf("the page has no rule %s", anchor)
		}
		for _, name := range strings.Fields(rule.functions) {
			if !exists(name) || strings.HasPrefix(name, "Test") {
				t.Errorf("%s: there is no function %s", anchor, name)
			}
		}
		for _, name := range strings.Fields(rule.tests) {
			if !exists(name) || !strings.HasPrefix(name[strings.IndexByte(name, '.')+1:], "Test") {
				t.Errorf("%s: there is no test %s", anchor, name)
			}
		}
		if rule.functions == "" || rule.tests == "" {
			t.Errorf("%s lacks functions or tests", anchor)
		}
	}
}

// TestEachFileHasItsTests holds that whoever opens a file finds its tests beside it.
func TestEachFileHasItsTests(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || f == "doc.go" {
			continue
		}
		if tests := strings.TrimSuffix(f, ".go") + "_test.go"; !slices.Contains(files, tests) {
			t.Errorf("%s has no %s", f, tests)
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// functionsIn returns the functions of a package, methods as Type.Method.
func functionsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				of := f.Recv.List[0].Type
				if p, ok := of.(*ast.StarExpr); ok {
					of = p.X
				}
				if id, ok := of.(*ast.Ident); ok {
					name = id.Name + "." + name
				}
			}
			out[name] = true
		}
	}
	return out
}
