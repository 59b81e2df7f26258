package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// facts are those of a small Jira with two projects.
func facts() Facts {
	return Facts{
		Meta: jiradata.Meta{
			Projects: []jiradata.Project{{ID: "1", Key: "PAY", Lead: "u-lead"}, {ID: "2", Key: "WEB"}},
			Statuses: []jiradata.Status{
				{ID: "10", Name: "PO Review", Category: latency.CategoryIndeterminate},
				{ID: "11", Name: "PO Review", Category: latency.CategoryIndeterminate, ProjectID: "2"},
				{ID: "12", Name: "Ready for release", Category: latency.CategoryIndeterminate},
				{ID: "13", Name: "Done", Category: latency.CategoryDone},
			},
			Types: []jiradata.IssueType{
				{ID: "1", Name: "Story", HasLevel: true},
				{ID: "2", Name: "Epic", Level: 1, HasLevel: true},
				{ID: "3", Name: "Sub-task", Subtask: true},
				{ID: "4", Name: "Epic"},
			},
			Fields: []jiradata.Field{
				{ID: "customfield_1", Name: "Product Owner", People: true},
				{ID: "customfield_2", Name: "Reviewer", People: true},
				{ID: "customfield_3", Name: "Reviewer", People: true},
				{ID: "customfield_4", Name: "Team"},
			},
		},
		Users: []jiradata.User{{ID: "KEY1", Name: "ada.login", DisplayName: "Ada", Active: true}, {ID: "KEY2", Name: "dev.login", DisplayName: "Dev", Active: true}, {ID: "KEY3", Name: "robot", DisplayName: "Robot", Active: true}},
		Leads: []jiradata.Lead{{Project: "1", At: 1000, Account: "KEY2"}, {Project: "1", At: 2000, Account: "KEY1"}},
	}
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("yourturn.yml", []byte("jira: {url: https://example.org, projects: [PAY, WEB]}\n"+text), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func ids(s latency.Set) []string { return slices.Sorted(maps.Keys(s)) }

func TestNamesBecomeIDs(t *testing.T) {
	r := New(parse(t, `
owners: {ada: {accounts: [ada.login], absences: [{from: 2026-08-03, to: 2026-08-04}], calendar: {time_zone: Europe/Berlin}}}
projects:
  PAY: {owner: ada, acceptance_statuses: [po review], stages: {release: ["13"]}}
automation_accounts: [robot]
`), facts())
	if len(r.Errors()) > 0 {
		t.Fatal(r.Errors())
	}
	pay, web := r.Rules.Projects["1"], r.Rules.Projects["2"]
	if d := cmp.Diff([]string{"10"}, ids(pay.Acceptance)); d != "" {
		t.Errorf("a status of another project's:\n%s", d)
	}
	if d := cmp.Diff([]string{"10", "11"}, ids(web.Acceptance)); d != "" {
		t.Errorf("a name of several ids:\n%s", d)
	}
	if d := cmp.Diff(map[string]latency.Stage{"12": latency.StageRelease, "13": latency.StageRelease}, pay.Stages); d != "" {
		t.Errorf("stages:\n%s", d)
	}
	if pay.OwnerField != "customfield_1" {
		t.Errorf("owner field %q", pay.OwnerField)
	}
	for account, want := range map[string]string{"KEY1": "ada", "ada.login": "ada", "dev.login": "KEY2", "KEY2": "KEY2", "": ""} {
		if got := r.Rules.Person(account); got != want {
			t.Errorf("account %q is %q, want %q", account, got, want)
		}
	}
	if !r.Rules.Automation["KEY3"] || r.Rules.Name("ada") != "Ada" || r.Rules.Name("KEY9") != "KEY9" {
		t.Errorf("automation %v, names %v", r.Rules.Automation, r.Rules.Names)
	}
	if d := cmp.Diff(map[string]bool{"1": true, "2": false, "3": false, "4": false}, r.Rules.Types); d != "" {
		t.Errorf("types:\n%s", d)
	}
	if d := cmp.Diff([]latency.Term{{Person: "KEY2", Span: latency.Span{From: latency.Always.From, To: 2000}}, {Person: "ada", Span: latency.Span{From: 2000, To: latency.Never}}}, pay.Leads); d != "" {
		t.Errorf("leads:\n%s", d)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := latency.Span{From: latency.At(time.Date(2026, 8, 3, 0, 0, 0, 0, berlin)), To: latency.At(time.Date(2026, 8, 5, 0, 0, 0, 0, berlin))}
	if got := r.Rules.Owners["ada"].Absences; len(got) != 1 || got[0] != want {
		t.Errorf("absences %v, want %v: days are the owner's, both included", got, want)
	}
}

func TestARenamedStatusStaysWhatItWas(t *testing.T) {
	cfg, f := parse(t, ""), facts()
	f.Resolved = New(cfg, f).Resolved
	f.Meta.Statuses[0].Name = "Sign-off"
	r := New(cfg, f)
	if d := cmp.Diff([]string{"10"}, ids(r.Rules.Projects["1"].Acceptance)); d != "" || len(r.Errors()) > 0 {
		t.Errorf("%v\n%s", r.Errors(), d)
	}
}

// TestBuiltInUserFields holds that the fields of people that every Jira has are found
// by their English names in any case, and by the name that Jira's language gives them.
func TestBuiltInUserFields(t *testing.T) {
	translated := facts()
	translated.Meta.Fields = append(translated.Meta.Fields,
		jiradata.Field{ID: "assignee", Name: "Bearbeiter", People: true},
		jiradata.Field{ID: "reporter", Name: "Rapporteur", People: true},
		jiradata.Field{ID: "creator", Name: "Ersteller", People: true})
	for name, want := range map[string]string{
		"assignee": latency.FieldAssignee, "ASSIGNEE": latency.FieldAssignee, "Bearbeiter": latency.FieldAssignee,
		"reporter": latency.FieldReporter, "Reporter": latency.FieldReporter, "rapporteur": latency.FieldReporter,
		"creator": latency.FieldCreator, "Creator": latency.FieldCreator, "Ersteller": latency.FieldCreator,
	} {
		r := New(parse(t, "defaults: {owner_field: "+name+", delegate_field: "+name+"}"), translated)
		if p := r.Rules.Projects["1"]; p.OwnerField != want || p.DelegateField != want || len(r.Errors()) > 0 {
			t.Errorf("%s is %q and %q, want %q; errors: %v", name, p.OwnerField, p.DelegateField, want, r.Errors())
		}
	}
}

func TestNamesThatMeanNothing(t *testing.T) {
	for _, tc := range []struct{ name, config, key, want string }{
		{"a status", "defaults: {acceptance_statuses: [Revue]}", "defaults.acceptance_statuses", "PO Review"},
		{"a project's status", "projects: {PAY: {paused_statuses: [Parked]}}", "projects.PAY.paused_statuses", `"Parked"`},
		{"a field", "defaults: {owner_field: Boss}", "defaults.owner_field", "Product Owner (customfield_1)"},
		{"a field of no people", "defaults: {owner_field: Team}", "defaults.owner_field", "no user field"},
		{"a built-in field in a language that this Jira does not speak", "defaults: {owner_field: Melder}", "defaults.owner_field", "no user field"},
		{"several fields", "defaults: {owner_field: Reviewer}", "defaults.owner_field", "customfield_2, customfield_3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := New(parse(t, tc.config), facts()).Errors()
			if len(bad) == 0 || bad[0].Key != tc.key || !strings.Contains(bad[0].Message, tc.want) {
				t.Errorf("%v: want one at %s with %s", bad, tc.key, tc.want)
			}
		})
	}
	f := facts()
	f.Meta.Statuses, f.Meta.Fields = f.Meta.Statuses[2:], nil
	r := New(parse(t, ""), f)
	if len(r.Errors()) > 0 || len(r.Problems) == 0 {
		t.Errorf("a Jira without the default names: errors %v, problems %v; want warnings alone", r.Errors(), r.Problems)
	}
}

// TestWrittenNamesMustExist holds that a name that this Jira lacks is an error
// where the file has it, in whichever section, though it be that of the built-in
// default; and a warning where nobody wrote it.
func TestWrittenNamesMustExist(t *testing.T) {
	f := facts()
	f.Meta.Projects = f.Meta.Projects[:1]
	f.Meta.Statuses, f.Meta.Fields = f.Meta.Statuses[2:], nil
	for _, tc := range []struct{ name, config, key, what string }{
		{"nothing is written", "", "", ""},
		{"other settings are written", "defaults: {slip_window: 1m}\nprojects: {PAY: {min_dwell: 1s}}", "", ""},
		{"the default status, under defaults", "defaults: {acceptance_statuses: [PO Review]}", "defaults.acceptance_statuses", "PO Review"},
		{"the default status, for the project", "projects: {PAY: {acceptance_statuses: [PO Review]}}", "projects.PAY.acceptance_statuses", "PO Review"},
		{"the default status, under defaults, and the project has a section", "defaults: {question_statuses: [Waiting for PO]}\nprojects: {PAY: {min_dwell: 1s}}", "projects.PAY.question_statuses", "Waiting for PO"},
		{"the default field, under defaults", "defaults: {owner_field: Product Owner}", "defaults.owner_field", "Product Owner"},
		{"another field", "defaults: {owner_field: Boss}", "defaults.owner_field", "Boss"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := New(parse(t, tc.config), f)
			var errs []string
			for _, p := range r.Errors() {
				errs = append(errs, p.String())
			}
			if tc.key == "" {
				if len(errs) > 0 || len(r.Problems) != 3 {
					t.Errorf("problems %v, want warnings of two statuses and a field", r.Problems)
				}
				return
			}
			if len(errs) != 1 || !strings.HasPrefix(errs[0], tc.key+": ") || !strings.Contains(errs[0], strconv.Quote(tc.what)) {
				t.Errorf("errors %q, want one at %s about %q", errs, tc.key, tc.what)
			}
		})
	}
}

func TestFingerprint(t *testing.T) {
	base := Fingerprint(parse(t, ""))
	for _, text := range []string{
		"calendar: {hours: {mon: [\"09:00-10:00\"]}}",
		"defaults: {history_from: 2026-01-01}",
		"defaults: {targets: {question: 5h}}",
		"owners: {ada: {accounts: [a], absences: [{from: 2026-01-01}]}}",
	} {
		if Fingerprint(parse(t, text)) == base {
			t.Errorf("the same fingerprint with %s", text)
		}
	}
	if Fingerprint(parse(t, "log: {level: debug}")) != base {
		t.Error("another fingerprint for what changes no rule")
	}
}

// TestDatesAreDaysOfAZone has dates that are days of the project's, the owner's
// and the global zone.
func TestDatesAreDaysOfAZone(t *testing.T) {
	r := New(parse(t, `
calendar: {time_zone: America/New_York}
defaults: {history_from: 2026-01-01}
owners:
  ada: {accounts: [a], calendar: {time_zone: Asia/Tokyo}, absences: [{from: 2026-08-03, to: 2026-08-04}]}
  bo: {accounts: [b], absences: [{from: 2026-08-03, to: 2026-08-04}]}
projects:
  PAY: {owner: [{owner: ada, to: 2026-05-31}, {owner: bo, from: 2026-06-01}], calendar: {time_zone: Europe/Berlin}}
delegations: [{owner: ada, delegate: bo, from: 2026-08-03, to: 2026-08-04}]
`), facts())
	day := func(zone string, month time.Month, day int) latency.Instant {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		return latency.At(time.Date(2026, month, day, 0, 0, 0, 0, loc))
	}
	june := day("Europe/Berlin", 6, 1)
	august := func(zone string) []latency.Span { return []latency.Span{{From: day(zone, 8, 3), To: day(zone, 8, 5)}} }
	for _, tc := range []struct {
		name      string
		got, want any
	}{
		{"a project's list of owners: the project's", r.Rules.Projects["1"].Terms, []latency.Term{
			{Person: "ada", Span: latency.Span{From: latency.Always.From, To: june}}, {Person: "bo", Span: latency.Span{From: june, To: latency.Never}},
		}},
		{"absences: the owner's", r.Rules.Owners["ada"].Absences, august("Asia/Tokyo")},
		{"absences of an owner without a calendar: the global one", r.Rules.Owners["bo"].Absences, august("America/New_York")},
		{"delegations: the owner's", []latency.Span{r.Rules.Delegates[0].Span}, august("Asia/Tokyo")},
		{"history_from: the global one", r.Rules.Projects["1"].HistoryFrom, day("America/New_York", 1, 1)},
	} {
		if d := cmp.Diff(tc.want, tc.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}

// TestTypesThatJiraNoLongerLists are stories unless the config names its types.
func TestTypesThatJiraNoLongerLists(t *testing.T) {
	if !New(parse(t, ""), facts()).Rules.UnlistedTypes {
		t.Error("by default they are none")
	}
	cfg, err := config.Parse("yourturn.yml", []byte("jira: {url: https://example.org, projects: [PAY], issue_types: [Story]}"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if New(cfg, facts()).Rules.UnlistedTypes {
		t.Error("they are though the config names its types")
	}
}

// TestComponentsAreFoundByTheirID resolves the names of components.
func TestComponentsAreFoundByTheirID(t *testing.T) {
	cfg := parse(t, `
owners: {ada: {accounts: [a]}, bo: {accounts: [b]}}
projects: {PAY: {components: {checkout: {owner: ada}, "502": {owner: bo}, Gone: {owner: bo}}}}
`)
	f := facts()
	f.Meta.Projects[0].Components = map[string]string{"501": "Checkout", "502": "Ledger"}
	r := New(cfg, f)
	if d := cmp.Diff(map[string]string{"501": "ada", "502": "bo", "Gone": "bo"}, r.Rules.Projects["1"].Components); d != "" {
		t.Errorf("owners (-want +got):\n%s", d)
	}
	if d := cmp.Diff(f.Meta.Projects[0].Components, r.Rules.Projects["1"].ComponentNames); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Warning && p.Key == "projects.PAY.components.Gone" }) {
		t.Errorf("problems %v: want a warning about a component that is no more", r.Problems)
	}
	f.Meta.Projects[0].Components = nil // nobody has read them
	r = New(cfg, f)
	if d := cmp.Diff(map[string]string{"checkout": "ada", "502": "bo", "Gone": "bo"}, r.Rules.Projects["1"].Components); d != "" {
		t.Errorf("owners while components are unknown (-want +got):\n%s", d)
	}
}

// TestFingerprintHasTheVersionOfTheRules holds that another version of the rules
// is another fingerprint: what a ledger counted by the old ones is not counted
// by the new ones again.
func TestFingerprintHasTheVersionOfTheRules(t *testing.T) {
	cfg := parse(t, "")
	if fingerprint(cfg, latency.RulesVersion) == fingerprint(cfg, latency.RulesVersion+1) {
		t.Error("the version of the rules does not count")
	}
	if Fingerprint(cfg) != fingerprint(cfg, latency.RulesVersion) {
		t.Error("the version is not that of the rules")
	}
}

// TestAcceptanceInTheWorkflow holds which projects have an acceptance step: those
// whose workflow has one of the statuses. Of a workflow that is not known, as in a
// store of an older version, a status that the Jira has is taken for one.
func TestAcceptanceInTheWorkflow(t *testing.T) {
	for _, tc := range []struct {
		name, config   string
		workflow       []string
		none, question bool
		configured     bool
	}{
		{"in the workflow", "", []string{"10", "13"}, false, false, true},
		{"in Jira, and not in the workflow", "", []string{"12", "13"}, true, false, false},
		{"in no workflow at all", "", []string{}, true, false, false},
		{"a workflow that is not known", "", nil, false, false, true},
		{"one of two", "defaults: {acceptance_statuses: [Ready for release, PO Review]}", []string{"10", "13"}, false, false, true},
		{"by id", "projects: {PAY: {acceptance_statuses: ['12']}}", []string{"10", "13"}, true, false, false},
		{"none, in so many words", "projects: {PAY: {acceptance_statuses: []}}", []string{"10", "13"}, true, true, true},
		{"none by default", "defaults: {acceptance_statuses: []}", nil, true, true, true},
	} {
		f := facts()
		f.Meta.Projects[0].Workflow = tc.workflow
		r := New(parse(t, tc.config), f)
		p := r.Rules.Projects["1"]
		if p.NoAcceptance != tc.none || p.QuestionsAlone != tc.question || p.Configured() != tc.configured {
			t.Errorf("%s: none %t, questions alone %t, configured %t; want %t, %t, %t", tc.name, p.NoAcceptance, p.QuestionsAlone, p.Configured(), tc.none, tc.question, tc.configured)
		}
	}
}

// TestWhoCountsOnTheOwnerField holds that the owner field is expected to have
// somebody where the config names it for the project, or names nobody else there.
func TestWhoCountsOnTheOwnerField(t *testing.T) {
	const ada = "owners: {ada: {accounts: [ada.login]}}\n"
	for text, want := range map[string]bool{
		"":                                    true,
		ada + "projects: {PAY: {owner: ada}}": false,
		ada + "projects: {PAY: {components: {Web: {owner: ada}}}}":                    false,
		ada + "projects: {PAY: {owner: ada, owner_field: Product Owner}}":             true,
		ada + "defaults: {owner_field: Product Owner}\nprojects: {PAY: {owner: ada}}": false,
	} {
		if got := New(parse(t, text), facts()).Rules.Projects["1"].FieldExpected; got != want {
			t.Errorf("%q: expected %t, want %t", text, got, want)
		}
	}
}
