package propose_test

import (
	"fmt"
	"maps"
	"math"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/collector/jira"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/propose"
)

// noon is the Jira's clock in these tests: a Tuesday.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// read reads a whole simulated Jira over HTTP.
func read(t *testing.T, org *orgs.Org, flavor jirasim.Flavor) *propose.Sample {
	t.Helper()
	opts := jirasim.Options{Token: "t"}
	if flavor == jirasim.Cloud {
		opts.Email = "bot@example.com"
	}
	srv := httptest.NewServer(jirasim.NewServer(org.Site, opts))
	defer srv.Close()
	client, err := jira.New(jira.Options{URL: srv.URL, Flavor: "auto", Email: opts.Email, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	me, err := client.Myself(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	meta, err := client.Meta(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &propose.Sample{Meta: meta, Users: map[string]jiradata.User{}, Zones: map[string]string{}, AsOf: me.At}
	for _, p := range meta.Projects {
		for page, err := range client.Search(t.Context(), jiradata.Query{Projects: []string{p.Key}}) {
			if err != nil {
				t.Fatal(err)
			}
			s.Stories = append(s.Stories, page.Stories...)
		}
	}
	for i := range s.Stories {
		for _, u := range s.Stories[i].Users {
			s.Users[u.ID] = u
		}
	}
	for id := range org.Truth.Hours {
		for _, ref := range refs() {
			if u := org.Site.User(ref); u != nil && u.ID(flavor) == id {
				s.Zones[id] = u.TimeZone
			}
		}
	}
	return s
}

// refs are the handles of everybody who decides anywhere.
func refs() []string {
	return strings.Fields("olive omar anke chloe theo rita ray ruth sara pablo lucia nils yuki ken una vera will zofia gail hugh")
}

// score is how a proposal did against the truth of an organisation.
type score struct {
	acceptance, owner, lists, hours string
	acceptanceRight, ownerRight     bool
	wrong                           []string // proposed with high confidence, and wrong
}

func same(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// judge compares a proposal with the truth.
func judge(p *propose.Proposal, truth orgs.Truth) score {
	var s score
	ok, owners, lists, living := 0, 0, 0, 0
	for _, got := range p.Projects {
		want := truth.Projects[got.Key]
		if !want.Living {
			continue
		}
		living++
		right := same(got.Acceptance.IDs, want.Acceptance)
		switch {
		case right:
			ok++
		case got.Acceptance.Confidence == propose.High:
			s.wrong = append(s.wrong, fmt.Sprintf("%s: acceptance %v, want %v", got.Key, got.Acceptance.IDs, want.Acceptance))
		default:
			s.acceptance += got.Key + " not found; "
		}
		source := map[orgs.OwnerSource]propose.OwnerSource{
			orgs.OwnerByField: propose.FromField, orgs.OwnerByReporter: propose.FromReporter, orgs.OwnerByComponent: propose.FromComponent,
			orgs.OwnerByLead: propose.FromLead, orgs.OwnerByHabit: propose.FromHabit, orgs.OwnerByNobody: "",
		}[want.Owner]
		fits := got.Source.Kind == source && got.Source.Field == map[bool]string{true: "reporter", false: want.OwnerField}[want.Owner == orgs.OwnerByReporter]
		if source == "" {
			fits = got.None
		}
		if want.Owner == orgs.OwnerByComponent {
			fits = fits && maps.Equal(got.Source.Components, want.Components)
		}
		if want.Owner == orgs.OwnerByHabit {
			fits = fits && got.Source.Person == want.Deciders[0]
		}
		if fits {
			owners++
		} else {
			s.owner += fmt.Sprintf("%s by %s %s; ", got.Key, got.Source.Kind, got.Source.Field)
			if got.Source.Confidence == propose.High {
				s.wrong = append(s.wrong, got.Key+": owner by "+string(got.Source.Kind))
			}
		}
		accepted := len(got.Accepted.IDs) == 0 || subset(got.Accepted.IDs, want.Accepted)
		if accepted && subset(got.Withdrawn.IDs, want.Withdrawn) && len(got.Withdrawn.IDs) == len(want.Withdrawn) && same(got.Paused.IDs, want.Paused) && same(got.Question.IDs, want.Question) {
			lists++
		} else {
			s.lists += fmt.Sprintf("%s accepted %v withdrawn %v paused %v question %v; ", got.Key, got.Accepted.IDs, got.Withdrawn.IDs, got.Paused.IDs, got.Question.IDs)
		}
	}
	right, known := 0, 0
	for _, o := range p.Owners {
		want, ok := truth.Hours[o.Account]
		if !ok {
			continue
		}
		known++
		if within(o.Hours, want) {
			right++
		} else {
			s.hours += fmt.Sprintf("%s %s-%s %s; ", o.Name, o.Hours.From, o.Hours.To, o.Hours.Zone)
		}
	}
	s.acceptanceRight, s.ownerRight = ok == living, owners == living
	s.acceptance = strings.TrimSuffix(fmt.Sprintf("%d/%d %s", ok, living, s.acceptance), "; ")
	s.owner = fmt.Sprintf("%d/%d %s", owners, living, s.owner)
	s.lists = fmt.Sprintf("%d/%d %s", lists, living, s.lists)
	s.hours = fmt.Sprintf("%d/%d %s", right, known, s.hours)
	return s
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// within reports whether hours are those of the truth to half an hour, in
// whichever zone they are told.
func within(h propose.Hours, want orgs.Hours) bool {
	day := noon()
	a, errA := time.LoadLocation(h.Zone)
	b, errB := time.LoadLocation(want.Zone)
	if errA != nil || errB != nil {
		return false
	}
	utc := func(loc *time.Location, d time.Duration) float64 {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, loc).Add(d).Sub(day).Minutes()
	}
	near := func(x, y float64) bool {
		d := math.Mod(math.Abs(x-y), 24*60)
		return min(d, 24*60-d) <= 30
	}
	return near(utc(a, h.From), utc(b, time.Duration(want.From)*time.Minute)) && near(utc(a, h.To), utc(b, time.Duration(want.To)*time.Minute))
}

// TestOrganisations proposes a config for every generated organisation in both
// flavours and compares it with what they know of themselves: no acceptance
// status is wrong with high confidence, and in eight of ten the owner is right.
func TestOrganisations(t *testing.T) {
	seeds := 1
	if n, err := strconv.Atoi(os.Getenv("YOURTURN_SEEDS")); err == nil {
		seeds = min(n, 10) // a seed of both flavours takes two seconds
	}
	for _, flavor := range []jirasim.Flavor{jirasim.Cloud, jirasim.DataCenter} {
		for seed := range int64(seeds) {
			acceptance, owner := 0, 0
			for _, name := range orgs.Names() {
				org, err := orgs.New(name, orgs.Options{Flavor: flavor, Seed: seed, Now: noon})
				if err != nil {
					t.Fatal(err)
				}
				p, err := propose.New(read(t, org, flavor), "UTC")
				if err != nil {
					t.Fatal(err)
				}
				s := judge(p, org.Truth)
				t.Logf("%-10s %-22s acceptance %-10s owner %-20s lists %-10s hours %s", flavor, name, s.acceptance, s.owner, s.lists, s.hours)
				for _, w := range s.wrong {
					t.Errorf("%s, seed %d: %s is wrong with high confidence: %s", flavor, seed, name, w)
				}
				if s.acceptanceRight {
					acceptance++
				}
				if s.ownerRight {
					owner++
				}
			}
			if owner < 8 {
				t.Errorf("%s, seed %d: the owner is right in %d organisations of %d", flavor, seed, owner, len(orgs.Names()))
			}
			t.Logf("%s, seed %d: acceptance right in %d of %d, owner in %d", flavor, seed, acceptance, len(orgs.Names()), owner)
		}
	}
}

// TestJudge judges two configs of every organisation: of the true one nothing
// else looks like acceptance, and where nothing is listed the true statuses do.
func TestJudge(t *testing.T) {
	found, missed := 0, 0
	for _, name := range orgs.Names() {
		org, err := orgs.New(name, orgs.Options{Flavor: jirasim.Cloud, Seed: 1, Now: noon})
		if err != nil {
			t.Fatal(err)
		}
		s := read(t, org, jirasim.Cloud)
		listed, keys := map[string]latency.Set{}, map[string]string{}
		for _, p := range s.Meta.Projects {
			listed[p.ID], keys[p.ID] = latency.Set{}, p.Key
			for _, id := range org.Truth.Projects[p.Key].Acceptance {
				listed[p.ID][id] = true
			}
		}
		right, err := propose.Judge(s, listed, nil)
		if err != nil {
			t.Fatal(err)
		}
		nothing, err := propose.Judge(s, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for id, key := range keys {
			truth := org.Truth.Projects[key]
			for _, other := range right[id].Others {
				t.Errorf("%s, %s: beside the true statuses %v others look like acceptance: %v, %s", name, key, truth.Acceptance, other.IDs, other.Evidence)
			}
			if len(truth.Acceptance) > 0 && right[id].Handed*2 < right[id].Ended {
				t.Errorf("%s, %s: of the true statuses: %+v", name, key, right[id])
			}
			others := nothing[id].Others
			switch {
			case len(truth.Acceptance) == 0 && len(others) > 0:
				t.Errorf("%s, %s: has no acceptance step, and %v look like it", name, key, others)
			case len(truth.Acceptance) > 0 && len(others) > 0 && same(others[0].IDs, truth.Acceptance):
				found++
			case len(truth.Acceptance) > 0:
				missed++
				t.Logf("%s, %s: %v is not found among %v", name, key, truth.Acceptance, others)
			}
		}
	}
	t.Logf("found %d, missed %d", found, missed)
	if missed > 2 {
		t.Errorf("of %d acceptance steps that nothing lists only %d are found", found+missed, found)
	}
}
