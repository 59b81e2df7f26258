package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yourturn/yourturn/internal/erased"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Erasure is whom to erase.
type Erasure struct {
	Account string    // id; on Data Center a user key or name
	Names   []string  // further names of the person: former keys of owners, names in the access log
	Kept    []string  // keys of owners that the config has today: they are somebody else's now
	Markers []string  // that the rules ask comments for: of what the person wrote they alone stay
	At      time.Time // now
}

// Erased is what came of an erasure. It names the person, for whoever asked.
type Erased struct {
	Account     string         `json:"account"`             // id
	Tombstone   string         `json:"tombstone"`           // what stands in its place
	UserName    string         `json:"user_name,omitempty"` // of Data Center
	DisplayName string         `json:"display_name,omitempty"`
	Labels      []string       `json:"labels"`  // what the label owner called the person: the account, and keys of owners
	Changed     map[string]int `json:"changed"` // rows, by table
	Again       bool           `json:"again"`   // the person was erased before; the store was only cleaned and searched
	Left        map[string]int `json:"left"`    // how often the store's files still hold each name, as bytes; nil if they were not searched
}

// UnknownAccountError says that the store holds nothing of an account.
type UnknownAccountError struct {
	Account string
	Near    []string // accounts that it may have meant, each with its name
}

func (e *UnknownAccountError) Error() string {
	text := fmt.Sprintf("the store holds no account %q", e.Account)
	if len(e.Near) == 0 {
		return text + ": give the id of an account, as `yourturn check --online --names` lists them"
	}
	return text + "; did you mean " + strings.Join(e.Near, " or ") + "?"
}

// ErrPolling says that the account is the one as which Jira is read.
var ErrPolling = errors.New("it is the account of the token, as which Jira is read: poll as another account first")

// Erase takes a person out of all that is kept, and puts a tombstone in their place,
// under which every count stays. What Jira sends of the person later is replaced on
// its way in. The labels of series change, so the ledger is taken for one that began
// anew; its entries stay. Then the store is written anew, so that nothing of the
// person stays in free pages or a journal, and searched. No other write may be under way.
// Where somebody reads the store all the while, so that it cannot be written anew, the
// person is erased and the error is an ErrBusy or ErrInUse. An account that the store does not know is an UnknownAccountError.
func (s *Store) Erase(ctx context.Context, e Erasure) (Erased, error) {
	p, err := s.plan(ctx, e)
	if err != nil {
		return Erased{}, err
	}
	out := p.out
	if !out.Again {
		if err := s.replace(ctx, p, e.At); err != nil {
			return Erased{}, err
		}
		s.forgetErased()
	}
	if err := s.rewrite(ctx); err != nil {
		return out, fmt.Errorf("%s was erased, but the store still holds what was there before: erase again to clean it: %w", out.Tombstone, err)
	}
	out.Left, err = s.kind.search(ctx, s.read, slices.Concat(out.Labels, []string{out.UserName, out.DisplayName}))
	return out, s.explain(err)
}

// plan is whom an erasure is about, all that names them, and what their tombstones
// are made with.
type plan struct {
	out   Erased
	names []erased.Name
	with  erasure
}

func (s *Store) plan(ctx context.Context, e Erasure) (plan, error) {
	var with erasure
	known, err := getMeta(ctx, s.read, metaErasure, &with)
	if err != nil {
		return plan{}, s.explain(err)
	}
	if !known {
		with = newErasure()
	}
	with.with(e.Markers)
	key := with.key()
	state, err := s.State(ctx)
	if err != nil {
		return plan{}, err
	}
	user, err := s.Account(ctx, e.Account)
	if e.Account == state.Account || err == nil && user.ID == state.Account {
		return plan{}, fmt.Errorf("account %s is not erased: %w", state.Account, ErrPolling)
	}
	if unknown := (*UnknownAccountError)(nil); errors.As(err, &unknown) {
		people, readErr := s.Erased(ctx)
		if readErr != nil {
			return plan{}, readErr
		}
		if is := tombstoneOf(people, e.Account); is != "" {
			return plan{out: Erased{Account: e.Account, Tombstone: is, Labels: []string{e.Account}, Again: true}}, nil
		}
	}
	if err != nil {
		return plan{}, err
	}
	is := erased.Tombstone(key, erased.Account, user.ID)
	out := Erased{Account: user.ID, Tombstone: is, UserName: user.Name, DisplayName: user.DisplayName, Labels: []string{user.ID}, Changed: map[string]int{}}
	names := erased.NamesOf(user, is)
	had, err := s.OwnerKeys(ctx, user)
	if err != nil {
		return plan{}, err
	}
	keys := slices.Concat(e.Names, had)
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		if slices.Contains(e.Kept, k) {
			continue
		}
		// Another tombstone than the account's: what the ledger counted for the one is
		// not what it counted for the other.
		as := erased.Tombstone(key, erased.Owner, k)
		names = append(names, erased.Name{Kind: erased.Owner, Text: erased.Fold(k), Tombstone: as}, erased.Name{Kind: erased.Looker, Text: erased.Fold(k), Tombstone: is})
		out.Labels = append(out.Labels, k)
	}
	return plan{out, names, with}, nil
}

// Account returns the account with an id or a user name. One that the store does not
// know is an UnknownAccountError.
func (s *Store) Account(ctx context.Context, account string) (jiradata.User, error) {
	users, err := s.Users(ctx)
	if err != nil {
		return jiradata.User{}, err
	}
	for _, u := range users {
		if u.ID == account || u.Name != "" && strings.EqualFold(u.Name, account) {
			return u, nil
		}
	}
	e := &UnknownAccountError{Account: account}
	for _, u := range users {
		if strings.EqualFold(u.DisplayName, account) || strings.EqualFold(u.ID, account) || nearly(u.ID, account) || nearly(u.Name, account) || nearly(u.DisplayName, account) {
			e.Near = append(e.Near, fmt.Sprintf("%s (%s)", u.ID, u.DisplayName))
		}
	}
	if len(e.Near) > 3 {
		e.Near = e.Near[:3]
	}
	return jiradata.User{}, e
}

// nearly reports whether two names share all but their ends, or all but a character
// or two.
func nearly(name, given string) bool {
	name, given = strings.ToLower(name), strings.ToLower(given)
	if len(name) < 4 || len(given) < 4 {
		return false
	}
	ahead := 0
	for ahead < min(len(name), len(given)) && name[ahead] == given[ahead] {
		ahead++
	}
	behind := 0
	for behind < min(len(name), len(given))-ahead && name[len(name)-1-behind] == given[len(given)-1-behind] {
		behind++
	}
	return ahead+behind >= max(len(name), len(given))-2
}

// tombstoneOf returns the tombstone of an erased account; "" if it was not erased.
func tombstoneOf(people *erased.People, account string) string {
	if people == nil {
		return ""
	}
	if is := people.Account(account); is != account {
		return is
	}
	return ""
}

// replace writes tombstones in the place of a person, in one transaction.
func (s *Store) replace(ctx context.Context, p plan, at time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := putMeta(ctx, tx, metaErasure, p.with); err != nil {
			return err
		}
		r := replacer{tx: tx, people: erased.New(p.names, p.with.Markers), changed: p.out.Changed}
		for _, step := range []func(context.Context) error{r.events, r.snapshots, r.accounts, r.leads, r.ledger, r.texts, r.titles, r.meta, r.owners, r.looks} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		key := p.with.key()
		for _, n := range p.names {
			if _, err := tx.ExecContext(ctx, `INSERT INTO erased_name (hash, kind, words, tombstone) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				erased.Hash(key, n.Kind, n.Text), string(n.Kind), n.Words, n.Tombstone); err != nil {
				return err
			}
		}
		if err := s.dropKept(ctx, tx); err != nil { // it names people
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO erased (tombstone, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, p.out.Tombstone, int64(latency.At(at))); err != nil {
			return err
		}
		var state jiradata.State
		if _, err := getMeta(ctx, tx, metaState, &state); err != nil {
			return err
		}
		var start ledgerStart
		if _, err := getMeta(ctx, tx, metaLedgerStart, &start); err != nil {
			return err
		}
		_, err := restartLedger(ctx, tx, start, state.DataTimestamp)
		return err
	})
}

// replacer replaces people in the rows of a store.
type replacer struct {
	tx      *sql.Tx
	people  *erased.People
	changed map[string]int
}

// replaceChunk is how many stories are read at a time.
const replaceChunk = 500

// update runs a statement that changes one row of a table.
func (r *replacer) update(ctx context.Context, table, text string, args ...any) error {
	_, err := r.tx.ExecContext(ctx, text, args...)
	r.changed[table]++
	return err
}

// events replaces people in the events, story by story.
func (r *replacer) events(ctx context.Context) error {
	dec := newDecoder()
	after := int64(-1 << 63)
	for {
		ids, err := rowsOf(ctx, r.tx, `SELECT DISTINCT story FROM event WHERE story > $1 ORDER BY story LIMIT $2`,
			func(rows *sql.Rows) (id int64, err error) { return id, rows.Scan(&id) }, after, replaceChunk)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		type row struct {
			story   int64
			body    []byte
			reading int
			event   latency.Event
		}
		list, err := rowsOf(ctx, r.tx, `SELECT story, at, rank, id, body FROM event WHERE story >= $1 AND story <= $2 ORDER BY story, at, rank, id`,
			func(rows *sql.Rows) (v row, err error) {
				return v, rows.Scan(&v.story, &v.event.At, &v.event.Rank, &v.event.ID, &v.body)
			}, ids[0], after)
		if err != nil {
			return err
		}
		for from := 0; from < len(list); {
			to := from
			for to < len(list) && list[to].story == list[from].story {
				to++
			}
			events := make([]latency.Event, 0, to-from)
			dec.reset()
			for i := from; i < to; i++ {
				if err := dec.event(list[i].body, &list[i].event); err != nil {
					return fmt.Errorf("story %d: %w", list[i].story, err)
				}
				list[i].reading = dec.reading
				events = append(events, list[i].event)
			}
			r.people.Events(events)
			for i := from; i < to; i++ {
				v := &list[i]
				body := appendEvent(nil, &events[i-from], v.reading)
				if bytes.Equal(body, v.body) {
					continue
				}
				if err := r.update(ctx, "event", `UPDATE event SET body = $5 WHERE story = $1 AND at = $2 AND rank = $3 AND id = $4`,
					v.story, int64(v.event.At), v.event.Rank, v.event.ID, body); err != nil {
					return err
				}
			}
			from = to
		}
	}
}

// snapshots replaces people in what stories hold now.
func (r *replacer) snapshots(ctx context.Context) error {
	dec := newDecoder()
	type row struct {
		id   int64
		body []byte
	}
	after := int64(-1 << 63)
	for {
		list, err := rowsOf(ctx, r.tx, `SELECT id, now FROM story WHERE id > $1 ORDER BY id LIMIT $2`,
			func(rows *sql.Rows) (v row, err error) { return v, rows.Scan(&v.id, &v.body) }, after, replaceChunk)
		if err != nil || len(list) == 0 {
			return err
		}
		after = list[len(list)-1].id
		for _, v := range list {
			now := latency.Snapshot{}
			dec.reset()
			if err := dec.snapshot(v.body, now); err != nil {
				return fmt.Errorf("story %d: %w", v.id, err)
			}
			if body := appendSnapshot(nil, r.people.Snapshot(now)); !bytes.Equal(body, v.body) {
				if err := r.update(ctx, "story", `UPDATE story SET now = $2 WHERE id = $1`, v.id, body); err != nil {
					return err
				}
			}
		}
	}
}

func (r *replacer) accounts(ctx context.Context) error {
	users, err := rowsOf(ctx, r.tx, `SELECT id, type, name, display_name, active FROM account`, scanUser)
	if err != nil {
		return err
	}
	for _, before := range users {
		now := []jiradata.User{before}
		if r.people.Users(now); now[0] == before {
			continue
		}
		if _, err := r.tx.ExecContext(ctx, `DELETE FROM account WHERE id = $1`, before.ID); err != nil {
			return err
		}
		u := now[0]
		if err := r.update(ctx, "account", putUser, u.ID, u.Type, u.Name, u.DisplayName, u.Active); err != nil {
			return err
		}
	}
	return nil
}

func (r *replacer) leads(ctx context.Context) error {
	accounts, err := rowsOf(ctx, r.tx, `SELECT DISTINCT account FROM lead`, func(rows *sql.Rows) (a string, err error) { return a, rows.Scan(&a) })
	for _, a := range accounts {
		if is := r.people.Account(a); is != a && err == nil {
			err = r.update(ctx, "lead", `UPDATE lead SET account = $2 WHERE account = $1`, a, is)
		}
	}
	return err
}

func (r *replacer) ledger(ctx context.Context) error {
	type row struct {
		story, at   int64
		kind, topic string
		body        []byte
	}
	dec := newDecoder()
	after := int64(-1 << 63)
	for {
		ids, err := rowsOf(ctx, r.tx, `SELECT DISTINCT story FROM ledger WHERE story > $1 ORDER BY story LIMIT $2`,
			func(rows *sql.Rows) (id int64, err error) { return id, rows.Scan(&id) }, after, replaceChunk)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		list, err := rowsOf(ctx, r.tx, `SELECT story, kind, topic, at, body FROM ledger WHERE story >= $1 AND story <= $2`,
			func(rows *sql.Rows) (v row, err error) {
				return v, rows.Scan(&v.story, &v.kind, &v.topic, &v.at, &v.body)
			}, ids[0], after)
		if err != nil {
			return err
		}
		for _, v := range list {
			var e latency.Entry
			e.ID.At = latency.Instant(v.at)
			if err := dec.entry(v.body, &e); err != nil {
				return fmt.Errorf("ledger of story %d: %w", v.story, err)
			}
			is := r.people.OwnerLabel(e.Owner)
			if is == e.Owner {
				continue
			}
			e.Owner = is
			if err := r.update(ctx, "ledger", `UPDATE ledger SET body = $5 WHERE story = $1 AND kind = $2 AND topic = $3 AND at = $4`,
				v.story, v.kind, v.topic, v.at, appendEntry(nil, &e)); err != nil {
				return err
			}
		}
	}
}

// texts replaces people in what polls noted, and in the names of sprints.
func (r *replacer) texts(ctx context.Context) error {
	for _, column := range []struct {
		table, name string
		replaced    func(string) string
	}{
		{"note", "detail", r.people.Text}, {"quarantine", "reason", r.people.Text}, {"sprint", "name", r.people.Thing},
	} {
		texts, err := rowsOf(ctx, r.tx, `SELECT DISTINCT `+column.name+` FROM `+column.table, func(rows *sql.Rows) (t string, err error) { return t, rows.Scan(&t) })
		if err != nil {
			return err
		}
		for _, before := range texts {
			if now := column.replaced(before); now != before {
				if err := r.update(ctx, column.table, `UPDATE `+column.table+` SET `+column.name+` = $2 WHERE `+column.name+` = $1`, before, now); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r *replacer) meta(ctx context.Context) error {
	var m jiradata.Meta
	if known, err := getMeta(ctx, r.tx, metaJira, &m); err != nil || !known {
		return err
	}
	r.changed["meta"]++
	return putMeta(ctx, r.tx, metaJira, r.people.Meta(m))
}

// owners forgets which keys the person had: the ledger does not name them any more.
func (r *replacer) owners(ctx context.Context) error {
	list, err := rowsOf(ctx, r.tx, `SELECT key, account FROM owner`, func(rows *sql.Rows) (o ownerKey, err error) { return o, rows.Scan(&o.Key, &o.Account) })
	for _, o := range list {
		if err == nil && (r.people.Account(o.Account) != o.Account || r.people.OwnerLabel(o.Key) != o.Key) {
			err = r.update(ctx, "owner", `DELETE FROM owner WHERE key = $1 AND account = $2`, o.Key, o.Account)
		}
	}
	return err
}

// looks removes the looks at the person's numbers, and replaces the person in those
// at others'.
func (r *replacer) looks(ctx context.Context) error {
	type row struct {
		owner, by, what string
		at              int64
	}
	list, err := rowsOf(ctx, r.tx, `SELECT owner, at, viewer, what FROM look`, func(rows *sql.Rows) (v row, err error) {
		return v, rows.Scan(&v.owner, &v.at, &v.by, &v.what)
	})
	for _, v := range list {
		theirs := r.people.OwnerLabel(v.owner) != v.owner
		by := r.people.Looks(v.by)
		if err != nil || !theirs && by == v.by {
			continue
		}
		if err = r.update(ctx, "look", `DELETE FROM look WHERE owner = $1 AND at = $2 AND viewer = $3 AND what = $4`, v.owner, v.at, v.by, v.what); err == nil && !theirs {
			_, err = r.tx.ExecContext(ctx, `INSERT INTO look (owner, at, viewer, what) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, v.owner, v.at, by, v.what)
		}
	}
	return err
}

// rowsOf reads all rows of a small result in a transaction.
func rowsOf[T any](ctx context.Context, tx *sql.Tx, text string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
