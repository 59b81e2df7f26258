package query

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/erased"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/store"
)

// Personal is all that a store holds of a person, in a stable JSON form. Other people
// in it have no names.
type Personal struct {
	Account   PersonalAccount  `json:"account"`
	OwnerKeys []string         `json:"owner_keys"` // of the config, today's and former ones
	Events    []PersonalEvent  `json:"events"`     // what they did, and what others did about them
	Fields    []PersonalField  `json:"fields"`     // that hold them now
	Titles    []string         `json:"titles"`     // keys of the stories whose titles name them
	Leads     []PersonalLead   `json:"leads"`      // of projects
	Counted   []PersonalCount  `json:"counted"`    // entries of the ledger under their name
	Notes     []Finding        `json:"notes"`      // of polls that name them
	SeenBy    []PersonalLook   `json:"seen_by"`    // who looked at their numbers, of the last 400 days
	LookedAt  []PersonalLookAt `json:"looked_at"`  // whose numbers they looked at
}

// PersonalAccount is an account as Jira described it last.
type PersonalAccount struct {
	ID          string `json:"id"`
	UserName    string `json:"user_name,omitempty"`
	DisplayName string `json:"display_name"`
	Type        string `json:"type"`
	Active      bool   `json:"active"`
}

// PersonalEvent is an event of a story.
type PersonalEvent struct {
	Story  string   `json:"story"`
	At     string   `json:"at"`
	Event  string   `json:"event"`
	ID     string   `json:"id,omitempty"`
	Roles  []string `json:"roles"` // actor, asked, mentioned, named (in its text), or a field that it set to them or from them
	Begins string   `json:"begins,omitempty"`
	Fields []string `json:"fields,omitempty"` // that it changed, if they did it
}

// PersonalField is a field of a story that holds the person.
type PersonalField struct {
	Story string `json:"story"`
	Field string `json:"field"`
}

// PersonalLead is since when the person led a project.
type PersonalLead struct {
	Project string `json:"project"` // id
	At      string `json:"at"`
}

// PersonalCount is an entry of the ledger.
type PersonalCount struct {
	StoryID   string  `json:"story_id"`
	Owner     string  `json:"owner"`
	Type      string  `json:"type"`
	Kind      string  `json:"kind,omitempty"`
	Project   string  `json:"project"`
	Outcome   string  `json:"outcome,omitempty"`
	Responder string  `json:"responder,omitempty"`
	Working   float64 `json:"working_seconds"`
	Elapsed   float64 `json:"elapsed_seconds"`
	At        string  `json:"at"`
	Counted   bool    `json:"counted"`
}

// PersonalLook is a look of somebody at the person's numbers.
type PersonalLook struct {
	At   string `json:"at"`
	By   string `json:"by"`
	What string `json:"what"`
}

// PersonalLookAt is a look of the person at somebody's numbers.
type PersonalLookAt struct {
	At   string `json:"at"`
	What string `json:"what"`
}

// Export returns what the store of a config holds of an account, which is given by id
// or user name, and of further names: former keys of owners, and what the access log
// calls the person.
func Export(ctx context.Context, cfg *config.Config, account string, names []string) (p Personal, err error) {
	st, err := store.Open(ctx, cfg.Store.URL, store.ReadOnly)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	user, err := st.Account(ctx, account)
	if err != nil {
		return p, err
	}
	keys, err := st.OwnerKeys(ctx, user)
	if err != nil {
		return p, err
	}
	x := exporter{st: st, user: user, labels: slices.Concat([]string{user.ID}, keys, names), is: erased.New(erased.NamesOf(user, "-"), nil)}
	x.out = Personal{
		Account: PersonalAccount{
			ID: user.ID, UserName: user.Name, DisplayName: user.DisplayName, Active: user.Active,
			Type: map[latency.AccountType]string{latency.Person: "person", latency.App: "app", latency.Customer: "customer"}[user.Type],
		},
		OwnerKeys: append([]string{}, keys...), Events: []PersonalEvent{}, Fields: []PersonalField{}, Titles: []string{}, Leads: []PersonalLead{},
		Counted: []PersonalCount{}, Notes: []Finding{}, SeenBy: []PersonalLook{}, LookedAt: []PersonalLookAt{},
	}
	for _, read := range []func(context.Context) error{x.stories, x.leads, x.ledger, x.notes, x.looks} {
		if err := read(ctx); err != nil {
			return p, err
		}
	}
	return x.out, nil
}

// exporter collects what a store holds of a person.
type exporter struct {
	st     *store.Store
	user   jiradata.User
	labels []string       // that the person has, or had
	is     *erased.People // the person alone
	out    Personal
}

// them reports whether accounts, separated by commas, name the person.
func (x *exporter) them(accounts string) bool {
	for a := range strings.SplitSeq(accounts, ",") {
		if a = strings.TrimSpace(a); a != "" && x.is.Account(a) != a {
			return true
		}
	}
	return false
}

func (x *exporter) stories(ctx context.Context) error {
	keys := map[int64]string{}
	for h, err := range x.st.Everything(ctx) {
		if err != nil {
			return err
		}
		keys[h.ID] = h.Key
		for i := range h.Events {
			if e, ok := x.event(&h.Events[i]); ok {
				e.Story = h.Key
				x.out.Events = append(x.out.Events, e)
			}
		}
		for field, values := range h.Now {
			if latency.HoldsPeople(field) && slices.ContainsFunc(values, func(v latency.Value) bool { return x.them(v.ID) }) {
				x.out.Fields = append(x.out.Fields, PersonalField{h.Key, field})
			}
		}
	}
	titles, err := x.st.Titles(ctx, slices.Sorted(maps.Keys(keys)))
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(titles)) {
		if x.is.Title(titles[id]) != titles[id] {
			x.out.Titles = append(x.out.Titles, keys[id])
		}
	}
	slices.SortFunc(x.out.Fields, func(a, b PersonalField) int { return strings.Compare(a.Story+"\x00"+a.Field, b.Story+"\x00"+b.Field) })
	return nil
}

// event returns what an event says of the person; ok is false if that is nothing.
func (x *exporter) event(ev *latency.Event) (out PersonalEvent, ok bool) {
	out = PersonalEvent{At: Stamp(ev.At), Event: EventName(latency.Step{Rank: ev.Rank, ID: ev.ID, Actor: ev.Actor})}
	if ev.ID != 0 {
		out.ID = strconv.FormatInt(ev.ID, 10)
	}
	actor := x.them(ev.Actor)
	if actor {
		out.Roles = append(out.Roles, "actor")
	}
	for _, c := range ev.Changes {
		if actor {
			out.Fields = append(out.Fields, c.Field)
		}
		if latency.HoldsPeople(c.Field) && (x.them(c.From.ID) || x.them(c.To.ID)) {
			out.Roles = append(out.Roles, c.Field)
		}
	}
	if f := ev.Comment; f != nil {
		for _, role := range []struct {
			name string
			has  bool
		}{
			{"asked", slices.ContainsFunc(f.Asked, x.them)},
			{"mentioned", slices.ContainsFunc(f.Mentioned, x.them)},
			{"named", x.is.Text(f.Head) != f.Head},
		} {
			if role.has {
				out.Roles = append(out.Roles, role.name)
			}
		}
		if actor {
			out.Begins = f.Head
		}
	}
	return out, len(out.Roles) > 0
}

func (x *exporter) leads(ctx context.Context) error {
	leads, err := x.st.Leads(ctx)
	for _, l := range leads {
		if x.them(l.Account) {
			x.out.Leads = append(x.out.Leads, PersonalLead{l.Project, Stamp(l.At)})
		}
	}
	return err
}

func (x *exporter) ledger(ctx context.Context) error {
	for e, err := range x.st.LedgerIn(ctx, jiradata.Shard{From: math.MinInt64, To: math.MaxInt64}) {
		if err != nil {
			return err
		}
		if slices.Contains(x.labels, e.Owner) {
			x.out.Counted = append(x.out.Counted, PersonalCount{
				StoryID: strconv.FormatInt(e.ID.StoryID, 10), Owner: e.Owner, Type: string(e.Type), Kind: string(e.ID.Kind), Project: e.Project,
				Outcome: string(e.Outcome), Responder: string(e.Responder), Working: e.Working.Seconds(), Elapsed: e.Elapsed.Seconds(), At: Stamp(e.At), Counted: e.Counted,
			})
		}
	}
	return nil
}

func (x *exporter) notes(ctx context.Context) error {
	notes, err := x.st.Notes(ctx)
	for _, n := range notes {
		if x.is.Text(n.Detail) != n.Detail {
			x.out.Notes = append(x.out.Notes, Finding{Reason: n.Reason, Story: n.Key, At: Stamp(n.At), Detail: n.Detail})
		}
	}
	return err
}

func (x *exporter) looks(ctx context.Context) error {
	for _, label := range x.labels {
		seen, err := x.st.Looks(ctx, label)
		if err != nil {
			return err
		}
		for _, l := range seen {
			x.out.SeenBy = append(x.out.SeenBy, PersonalLook{Stamp(l.At), l.By, l.What})
		}
		looked, err := x.st.LooksBy(ctx, label)
		if err != nil {
			return err
		}
		for _, l := range looked {
			x.out.LookedAt = append(x.out.LookedAt, PersonalLookAt{Stamp(l.At), l.What})
		}
	}
	return nil
}
