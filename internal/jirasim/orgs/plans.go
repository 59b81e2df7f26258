package orgs

// plan describes an organisation.
type plan struct {
	name, what string
	devs       int
	testers    int
	owners     []person
	delegate   int // which of the owners stands in while another is on leave; 0: nobody, else its place from 1
	zone       string
	projects   []projectPlan
	fields     []fieldPlan
	teamOwned  bool    // each project has statuses of its own, named alike
	bot        float64 // share of moves and comments that automation adds
	botName    string
}

// person decides on stories, in these hours.
type person struct {
	ref, name string
	zone      string
	profile   string // the zone of the profile; "": zone
	from, to  int    // hours of the local day
	weight    int    // how many of the verdicts
}

// fieldPlan is a custom field that holds a person.
type fieldPlan struct {
	id, name string
	many     bool    // it holds several
	filled   float64 // on how many stories
	holds    string  // owner, tester, reviewer
}

// projectPlan describes a project.
type projectPlan struct {
	key, name string
	statuses  []statusPlan
	owner     OwnerSource
	field     string // id, for OwnerByField
	lead      string // ref; "": the manager, who does nothing in stories
	deciders  []string
	stories   int
	dead      bool // nothing happened for two years

	components []string // each is owned by the decider in the same place
	bypass     float64  // share of stories that skip acceptance
	reject     float64
	recall     float64
	drop       float64
	park       float64
	ask        float64 // share of stories with a question to the owner
	byBot      bool    // automation takes accepted stories to done
}

// statusPlan is a status and what it is for.
type statusPlan struct {
	name, category string
	is             purpose
}

// purpose is what a status is for.
type purpose string

// The purposes, in the order in which a story visits them.
const (
	isTodo     purpose = "todo"
	isDoing    purpose = "doing"
	isReview   purpose = "review"
	isTest     purpose = "test"
	isAccept   purpose = "acceptance"
	isDeciding purpose = "deciding" // a second status of acceptance: the owner is looking
	isParked   purpose = "parked"
	isAsking   purpose = "question"
	isReleased purpose = "released" // accepted, and not done yet
	isDone     purpose = "done"
	isDropped  purpose = "dropped"
	isReopened purpose = "reopened"
)

const (
	categoryNew  = "new"
	categoryWork = "indeterminate"
	categoryDone = "done"
)

// plans lists the organisations.
func plans() []plan {
	return []plan{
		{
			name: "english-field", what: "a plain English workflow; a user field names the Product Owner, and two other user fields mislead",
			devs: 6, testers: 2, zone: "Europe/London", bot: 0.05, botName: "Automation for Jira", delegate: 2,
			owners: []person{{"olive", "Olive Grant", "Europe/London", "", 9, 17, 9}, {"omar", "Omar Reed", "Europe/London", "", 8, 16, 1}},
			fields: []fieldPlan{
				{"customfield_10060", "Product Owner", false, 0.94, "owner"},
				{"customfield_10061", "Reviewer", false, 0.8, "reviewer"},
				{"customfield_10062", "QA Engineer", false, 0.9, "tester"},
			},
			projects: []projectPlan{
				{
					key: "SHOP", name: "Shop", owner: OwnerByField, field: "customfield_10060", deciders: []string{"olive"}, stories: 220,
					bypass: 0.08, reject: 0.15, recall: 0.05, drop: 0.03, ask: 0.35,
					statuses: []statusPlan{
						{"To Do", categoryNew, isTodo},
						{"In Progress", categoryWork, isDoing},
						{"Code Review", categoryWork, isReview},
						{"QA", categoryWork, isTest},
						{"PO Review", categoryWork, isAccept},
						{"Done", categoryDone, isDone},
						{"Won't Do", categoryDone, isDropped},
					},
				},
				{
					key: "OLD", name: "Former shop", owner: OwnerByField, field: "customfield_10060", deciders: []string{"olive"}, stories: 40, dead: true,
					statuses: []statusPlan{{"To Do", categoryNew, isTodo}, {"In Progress", categoryWork, isDoing}, {"Done", categoryDone, isDone}},
				},
			},
		},
		{
			name: "german-lead", what: "German statuses, a status for questions to the owner, and the project lead decides",
			devs: 5, testers: 1, zone: "Europe/Berlin", bot: 0.03, botName: "Jira-Automatisierung",
			owners: []person{{"anke", "Anke Vogt", "Europe/Berlin", "", 8, 16, 1}},
			projects: []projectPlan{{
				key: "KASSE", name: "Kasse", owner: OwnerByLead, lead: "anke", deciders: []string{"anke"}, stories: 200,
				bypass: 0.05, reject: 0.2, recall: 0.04, drop: 0.04, ask: 0.4,
				statuses: []statusPlan{
					{"Zu erledigen", categoryNew, isTodo},
					{"In Arbeit", categoryWork, isDoing},
					{"Code-Review", categoryWork, isReview},
					{"Test", categoryWork, isTest},
					{"Abnahme", categoryWork, isAccept},
					{"Rückfrage", categoryWork, isAsking},
					{"Erledigt", categoryDone, isDone},
					{"Verworfen", categoryDone, isDropped},
				},
			}},
		},
		{
			name: "french-components", what: "French statuses, an owner for each component, stories parked with a customer, and automation that releases",
			devs: 7, testers: 0, zone: "Europe/Paris", bot: 0.1, botName: "Robot de livraison",
			owners: []person{{"chloe", "Chloé Martin", "Europe/Paris", "", 9, 17, 1}, {"theo", "Théo Blanc", "Europe/Paris", "", 10, 18, 1}},
			projects: []projectPlan{{
				key: "BANQUE", name: "Banque", owner: OwnerByComponent, deciders: []string{"chloe", "theo"}, components: []string{"Paiement", "Comptes"}, stories: 240,
				bypass: 0.06, reject: 0.18, recall: 0.04, drop: 0.03, park: 0.15, ask: 0.3, byBot: true,
				statuses: []statusPlan{
					{"À faire", categoryNew, isTodo},
					{"En cours", categoryWork, isDoing},
					{"Revue de code", categoryWork, isReview},
					{"Recette", categoryWork, isAccept},
					{"En attente client", categoryWork, isParked},
					{"Validé", categoryWork, isReleased},
					{"Livré", categoryDone, isDone},
					{"Abandonné", categoryDone, isDropped},
				},
			}},
		},
		{
			name: "classic-reporter", what: "Jira's classic workflow: Resolved, of category done, waits until the reporter closes or reopens",
			devs: 8, testers: 0, zone: "America/New_York", bot: 0.02, botName: "build-bot",
			owners: []person{
				{"rita", "Rita Cole", "America/New_York", "", 9, 17, 5}, {"ray", "Ray Park", "America/New_York", "", 8, 16, 3}, {"ruth", "Ruth Abel", "America/Chicago", "", 9, 17, 2},
			},
			projects: []projectPlan{{
				key: "CORE", name: "Core", owner: OwnerByReporter, deciders: []string{"rita", "ray", "ruth"}, stories: 260,
				bypass: 0.07, reject: 0.2, recall: 0.02, drop: 0.03, ask: 0.3,
				statuses: []statusPlan{
					{"Open", categoryNew, isTodo},
					{"In Progress", categoryWork, isDoing},
					{"Resolved", categoryDone, isAccept},
					{"Closed", categoryDone, isDone},
					{"Reopened", categoryNew, isReopened},
				},
			}},
		},
		{
			name: "spanish-two", what: "Spanish, two acceptance statuses one after the other, a people field with several owners",
			devs: 6, testers: 2, zone: "Europe/Madrid", bot: 0.04, botName: "Automatización",
			owners: []person{{"sara", "Sara Núñez", "Europe/Madrid", "", 9, 18, 5}, {"pablo", "Pablo Gil", "Europe/Madrid", "", 9, 17, 4}, {"lucia", "Lucía Rey", "Atlantic/Canary", "", 8, 16, 3}},
			fields: []fieldPlan{{"customfield_10070", "Responsable de producto", true, 0.97, "owner"}, {"customfield_10071", "Revisor", false, 0.7, "reviewer"}}, //nolint:misspell // Spanish
			projects: []projectPlan{{
				key: "RESERVA", name: "Reservas", owner: OwnerByField, field: "customfield_10070", deciders: []string{"sara", "pablo", "lucia"}, stories: 260,
				bypass: 0.05, reject: 0.15, recall: 0.05, drop: 0.03, ask: 0.3,
				statuses: []statusPlan{
					{"Por hacer", categoryNew, isTodo},
					{"En curso", categoryWork, isDoing},
					{"Revisión de código", categoryWork, isReview},
					{"Pruebas", categoryWork, isTest},
					{"Listo para validar", categoryWork, isAccept},
					{"En validación", categoryWork, isDeciding},
					{"Hecho", categoryDone, isDone},
					{"Descartado", categoryDone, isDropped},
				},
			}},
		},
		{
			name: "kanban-none", what: "a team-managed board with no acceptance step at all; people ask the lead in comments",
			devs: 4, testers: 0, zone: "Europe/Stockholm", bot: 0.02, botName: "Automation for Jira", teamOwned: true,
			owners: []person{{"nils", "Nils Berg", "Europe/Stockholm", "", 9, 17, 1}},
			projects: []projectPlan{{
				key: "KAN", name: "Kanban", owner: OwnerByNobody, lead: "nils", deciders: nil, stories: 200, drop: 0.02, ask: 0.3,
				statuses: []statusPlan{{"To Do", categoryNew, isTodo}, {"In Progress", categoryWork, isDoing}, {"Done", categoryDone, isDone}},
			}},
		},
		{
			name: "japanese-team-managed", what: "Japanese, team-managed: two projects with statuses of their own under the same names, and a user field",
			devs: 6, testers: 1, zone: "Asia/Tokyo", bot: 0.05, botName: "自動化", teamOwned: true,
			owners: []person{{"yuki", "佐藤 由紀", "Asia/Tokyo", "", 9, 17, 3}, {"ken", "田中 健", "Asia/Tokyo", "", 10, 18, 2}},
			fields: []fieldPlan{{"customfield_10080", "プロダクトオーナー", false, 0.95, "owner"}},
			projects: []projectPlan{
				{
					key: "APPJ", name: "アプリ", owner: OwnerByField, field: "customfield_10080", deciders: []string{"yuki"}, stories: 170,
					bypass: 0.05, reject: 0.15, recall: 0.04, drop: 0.03, ask: 0.3, statuses: japanese(),
				},
				{
					key: "WEBJ", name: "ウェブ", owner: OwnerByField, field: "customfield_10080", deciders: []string{"ken", "yuki"}, stories: 150,
					bypass: 0.05, reject: 0.15, recall: 0.04, drop: 0.03, ask: 0.3, statuses: japanese(),
				},
			},
		},
		{
			name: "mixed-workflows", what: "three projects with three workflows: user acceptance, a done-category acceptance status, none; a Product Owner field that nobody fills",
			devs: 9, testers: 3, zone: "Europe/Dublin", bot: 0.05, botName: "Automation for Jira",
			owners: []person{{"una", "Una Daly", "Europe/Dublin", "", 9, 17, 1}, {"vera", "Vera Kane", "Europe/Dublin", "", 7, 15, 1}, {"will", "Will Nolan", "Europe/Dublin", "", 10, 18, 1}},
			fields: []fieldPlan{{"customfield_10090", "Product Owner", false, 0.03, "owner"}, {"customfield_10091", "Tester", false, 0.85, "tester"}},
			projects: []projectPlan{
				{
					key: "ALPHA", name: "Alpha", owner: OwnerByLead, lead: "una", deciders: []string{"una"}, stories: 180, bypass: 0.06, reject: 0.15, recall: 0.05, drop: 0.03, ask: 0.3,
					statuses: []statusPlan{
						{"Backlog", categoryNew, isTodo},
						{"Development", categoryWork, isDoing},
						{"Peer Review", categoryWork, isReview},
						{"System Test", categoryWork, isTest},
						{"UAT", categoryWork, isAccept},
						{"Shipped", categoryDone, isDone},
						{"Cancelled", categoryDone, isDropped},
					},
				},
				{
					key: "BETA", name: "Beta", owner: OwnerByLead, lead: "vera", deciders: []string{"vera"}, stories: 180, bypass: 0.05, reject: 0.18, recall: 0.03, drop: 0.03, ask: 0.3,
					statuses: []statusPlan{
						{"Backlog", categoryNew, isTodo}, {"Development", categoryWork, isDoing}, {"Delivered", categoryDone, isAccept}, {"Closed", categoryDone, isDone}, {"Cancelled", categoryDone, isDropped},
					},
				},
				{
					key: "GAMMA", name: "Gamma", owner: OwnerByNobody, lead: "will", stories: 180, drop: 0.03, ask: 0.2,
					statuses: []statusPlan{
						{"Backlog", categoryNew, isTodo}, {"Development", categoryWork, isDoing}, {"Peer Review", categoryWork, isReview}, {"Shipped", categoryDone, isDone}, {"Cancelled", categoryDone, isDropped},
					},
				},
			},
		},
		{
			name: "polish-noise", what: "a small Polish team whose automation comments and moves at all hours; rejections and recalls go to the same status; the owner's profile has no zone of its own",
			devs: 2, testers: 0, zone: "Europe/Warsaw", bot: 0.5, botName: "ci-robot",
			owners: []person{{"zofia", "Zofia Lis", "America/Phoenix", "UTC", 8, 16, 1}},
			projects: []projectPlan{{
				key: "MAG", name: "Magazyn", owner: OwnerByLead, lead: "zofia", deciders: []string{"zofia"}, stories: 200, bypass: 0.1, reject: 0.2, recall: 0.12, drop: 0.04, ask: 0.4, byBot: false,
				statuses: []statusPlan{
					{"Do zrobienia", categoryNew, isTodo}, {"W toku", categoryWork, isDoing}, {"Do akceptacji", categoryWork, isAccept}, {"Gotowe", categoryDone, isDone}, {"Anulowane", categoryDone, isDropped},
				},
			}},
		},
		{
			name: "unnamed-steps", what: "a large team whose statuses say nothing (Step A to Step F); two people decide, no field names them, and the lead is a manager",
			devs: 14, testers: 0, zone: "America/Toronto", bot: 0.08, botName: "Automation for Jira",
			owners: []person{{"gail", "Gail Ross", "America/Toronto", "", 9, 17, 8}, {"hugh", "Hugh Lane", "America/Vancouver", "", 9, 17, 2}},
			projects: []projectPlan{
				{
					key: "STEP", name: "Steps", owner: OwnerByHabit, deciders: []string{"gail", "hugh"}, stories: 320, bypass: 0.05, reject: 0.15, recall: 0.04, drop: 0.03, ask: 0.25,
					statuses: []statusPlan{
						{"Step A", categoryNew, isTodo}, {"Step B", categoryWork, isDoing}, {"Step C", categoryWork, isReview}, {"Step D", categoryWork, isAccept}, {"Step E", categoryDone, isDone}, {"Step F", categoryDone, isDropped},
					},
				},
				{
					key: "ARCH", name: "Archive", owner: OwnerByHabit, deciders: []string{"gail"}, stories: 30, dead: true,
					statuses: []statusPlan{{"Step A", categoryNew, isTodo}, {"Step B", categoryWork, isDoing}, {"Step E", categoryDone, isDone}},
				},
			},
		},
	}
}

func japanese() []statusPlan {
	return []statusPlan{
		{"未着手", categoryNew, isTodo},
		{"作業中", categoryWork, isDoing},
		{"レビュー中", categoryWork, isReview},
		{"受け入れ確認", categoryWork, isAccept},
		{"完了", categoryDone, isDone},
		{"却下", categoryDone, isDropped},
	}
}
