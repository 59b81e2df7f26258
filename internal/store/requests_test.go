package store

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/stack"
)

// asking opens the store of a process that asks, and of one that has the lease.
func asking(t *testing.T) (asks, leads *Store) {
	t.Helper()
	url := inPostgres(t)
	leads, asks = openAt(t, url, ReadWrite), openAt(t, url, Join)
	lead(t, leads, "the first")
	return asks, leads
}

// lead takes the lease for a store.
func lead(t *testing.T, s *Store, holder string) {
	t.Helper()
	l, other, err := s.Lease(t.Context(), holder)
	if err != nil || l == nil {
		t.Fatalf("%s holds the lease, %v", other, err)
	}
	t.Cleanup(func() { l.Release() }) //nolint:errcheck // the test is over
}

// want fails the test unless a request is so far.
func (s *Store) want(t *testing.T, id, when string, want Asked) {
	t.Helper()
	if got, err := s.Asked(t.Context(), id); err != nil || got != want {
		t.Errorf("%s the request is at %+v, %v, want %+v", when, got, err, want)
	}
}

// ask places a request.
func (s *Store) ask(t *testing.T, id, given string) {
	t.Helper()
	if err := s.Ask(t.Context(), Request{ID: id, What: "erase", Given: given, Asker: "somebody"}); err != nil {
		t.Fatal(err)
	}
}

// waiting fails the test unless so many requests wait for the process that has the lease.
func (s *Store) waiting(t *testing.T, when string, want int) {
	t.Helper()
	if n, err := s.Requested(t.Context()); err != nil || n != want {
		t.Errorf("%s %d requests wait, %v, want %d", when, n, err, want)
	}
}

// TestARequestIsTakenOnce goes with a request from one process to the other and back. From
// when it is taken nothing of the database says whom it named, though a transaction may
// still see it; and it raises no revision, for it changes nothing that others follow.
func TestARequestIsTakenOnce(t *testing.T) {
	const name = "5b10ac8d82e05b22cc7d4ef5"
	asks, leads := asking(t)
	before, err := asks.Standing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{asks, leads} {
		s.waiting(t, "before anybody asks", 0)
	}
	if _, ok, err := leads.TakeRequest(t.Context()); ok || err != nil {
		t.Fatalf("before anybody asks a request is taken: %t, %v", ok, err)
	}
	asks.ask(t, "a", name)
	asks.want(t, "a", "at first", Asked{Holder: "the first"})
	if !strings.Contains(bytesOf(t, asks), name) {
		t.Fatal("the files do not hold what is asked for: mend the test")
	}
	asks.waiting(t, "for who does not have the lease", 0)
	if _, ok, err := asks.TakeRequest(t.Context()); ok || err != nil {
		t.Fatalf("it is taken without the lease: %t, %v", ok, err)
	}
	leads.waiting(t, "once it is placed", 1)
	asks.want(t, "a", "known,", Asked{Known: true, Holder: "the first"})

	reader, err := asks.scan.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Rollback() //nolint:errcheck // the test is over
	if _, err := reader.ExecContext(t.Context(), `SELECT 1`); err != nil {
		t.Fatal(err)
	}
	r, ok, err := leads.TakeRequest(t.Context())
	if want := (Request{"a", "erase", name, "somebody"}); !ok || err != nil || r != want {
		t.Fatalf("%+v is taken: %t, %v, want %+v", r, ok, err, want)
	}
	asks.want(t, "a", "taken,", Asked{Known: true, Taken: true, Holder: "the first"})
	leads.waiting(t, "once it is taken", 0)
	if _, ok, err := leads.TakeRequest(t.Context()); ok || err != nil {
		t.Errorf("it is taken twice: %t, %v", ok, err)
	}
	if withdrawn, err := asks.Withdraw(t.Context(), "a"); withdrawn || err != nil {
		t.Errorf("it is withdrawn after it was taken: %v", err)
	}
	if err := leads.CleanRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(bytesOf(t, asks), name) {
		t.Error("the files hold what is asked for after it was taken")
	}
	asks.want(t, "a", "with its table written anew,", Asked{Known: true, Taken: true, Holder: "the first"})

	if err := leads.Answer(t.Context(), "a", `"`+name+` is erased"`, "not all of it"); err != nil {
		t.Fatal(err)
	}
	asks.want(t, "a", "answered,", Asked{Known: true, Taken: true, Answered: true, Answer: `"` + name + ` is erased"`, Failure: "not all of it", Holder: "the first"})
	if err := errors.Join(asks.ForgetRequest(t.Context(), "a"), asks.CleanRequests(t.Context())); err != nil {
		t.Fatal(err)
	}
	asks.want(t, "a", "forgotten,", Asked{Gone: true})
	if err := leads.Answer(t.Context(), "a", name, ""); err != nil {
		t.Error(err)
	}
	if strings.Contains(bytesOf(t, asks), name) {
		t.Error("the files hold the answer after it was read")
	}
	if after, err := asks.Standing(t.Context()); err != nil || after.Revision != before.Revision {
		t.Errorf("the revision was %d and is %d, %v", before.Revision, after.Revision, err)
	}
}

// TestARequestWhoseAskerIsGone holds that a request at which nobody looks any more is not
// done, and that neither it nor an answer stays.
func TestARequestWhoseAskerIsGone(t *testing.T) {
	const name = "5b10ac8d82e05b22cc7d4ef5"
	asks, leads := asking(t)
	asks.ask(t, "answered", name)
	if _, ok, err := leads.TakeRequest(t.Context()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := leads.Answer(t.Context(), "answered", name, ""); err != nil {
		t.Fatal(err)
	}
	asks.ask(t, "waits", name)
	if _, err := asks.db.ExecContext(t.Context(), `UPDATE request SET until = `+leaseNow); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := leads.TakeRequest(t.Context()); ok || err != nil {
		t.Errorf("a request of nobody is taken: %v", err)
	}
	asks.ask(t, "another", "{}")
	leads.waiting(t, "beside two of nobody", 1)
	for _, id := range []string{"answered", "waits"} {
		asks.want(t, id, "of nobody", Asked{Gone: true})
	}
	asks.want(t, "another", "beside two of nobody", Asked{Known: true, Holder: "the first"})
	if strings.Contains(bytesOf(t, asks), name) {
		t.Error("the files hold what they said")
	}
}

// TestARequestOutlivesALeader has the lease go to another process before a request is taken,
// and afterwards. The first process takes nothing any more.
func TestARequestOutlivesALeader(t *testing.T) {
	asks, leads := asking(t)
	next := openAt(t, asks.kind.(*postgres).config.ConnString(), ReadWrite) //nolint:forcetypeassert // it is one
	handOver := func(to *Store, holder string) {
		t.Helper()
		if _, err := asks.db.ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
			t.Fatal(err)
		}
		lead(t, to, holder)
	}
	asks.ask(t, "a", "{}")
	leads.waiting(t, "at first", 1)
	handOver(next, "the second")
	asks.want(t, "a", "with another leader", Asked{Holder: "the second"})
	if _, ok, err := leads.TakeRequest(t.Context()); ok || !errors.Is(err, ErrFenced) {
		t.Errorf("the former leader takes it: %t, %v", ok, err)
	}
	next.waiting(t, "for the second", 1)
	asks.want(t, "a", "with another leader", Asked{Known: true, Holder: "the second"})
	if _, ok, err := next.TakeRequest(t.Context()); !ok || err != nil {
		t.Fatalf("the next leader does not take it: %v", err)
	}
	if _, err := asks.db.ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
		t.Fatal(err)
	}
	asks.want(t, "a", "with a leader that is late", Asked{Known: true, Taken: true})
	third := openAt(t, asks.kind.(*postgres).config.ConnString(), ReadWrite) //nolint:forcetypeassert // it is one
	handOver(third, "the third")
	asks.want(t, "a", "of a former leader", Asked{Taken: true, Lost: true, Holder: "the third"})
	third.waiting(t, "for the third", 0)
	if _, ok, err := third.TakeRequest(t.Context()); ok || err != nil {
		t.Errorf("it is taken twice: %v", err)
	}
}

// TestRequestsAreTakenInOrder has two wait at once.
func TestRequestsAreTakenInOrder(t *testing.T) {
	asks, leads := asking(t)
	asks.ask(t, "b", "1")
	asks.ask(t, "a", "2")
	if _, err := asks.db.ExecContext(t.Context(), `UPDATE request SET placed = placed + 1 WHERE id = 'a'`); err != nil { // within one millisecond the id decides
		t.Fatal(err)
	}
	leads.waiting(t, "both", 2)
	for _, want := range []string{"b", "a"} {
		if r, ok, err := leads.TakeRequest(t.Context()); !ok || err != nil || r.ID != want {
			t.Errorf("%q is taken, %v, want %q", r.ID, err, want)
		}
	}
	for _, id := range []string{"a", "b"} {
		asks.want(t, id, "both taken,", Asked{Known: true, Taken: true, Holder: "the first"})
	}
}

// TestAFileTakesNoRequests holds that a store in a file has none.
func TestAFileTakesNoRequests(t *testing.T) {
	stack.NeedsFile(t)
	s := open(t, t.TempDir()+"/s.db")
	if err := s.Ask(t.Context(), Request{ID: "a"}); !errors.Is(err, ErrNoLease) {
		t.Errorf("a request in a file: %v", err)
	}
	s.waiting(t, "in a file", 0)
	if _, ok, err := s.TakeRequest(t.Context()); ok || err != nil {
		t.Errorf("a file has a request: %v", err)
	}
}

// TestRequestsAreUnlogged holds that neither the server's write-ahead log nor a standby has
// anything of a request.
func TestRequestsAreUnlogged(t *testing.T) {
	asks, _ := asking(t)
	var how string
	if err := asks.read.QueryRowContext(t.Context(), `SELECT relpersistence FROM pg_class WHERE relname = 'request'`).Scan(&how); err != nil || how != "u" {
		t.Errorf("the table is kept as %q, %v", how, err)
	}
}

// TestErasingFindsNoRequest erases somebody for whom a request was taken: nothing of it is
// left for the search to find.
func TestErasingFindsNoRequest(t *testing.T) {
	const ada = "5b10ac8d82e05b22cc7d4ef5"
	asks, leads := asking(t)
	save(t, leads, jiradata.Batch{Stories: []jiradata.Story{{History: story(10, "PAY-1").History, Users: []jiradata.User{{ID: ada, DisplayName: "Ada Lovelace"}}}}})
	asks.ask(t, "a", ada)
	if _, ok, err := leads.TakeRequest(t.Context()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	done, err := leads.Erase(t.Context(), Erasure{Account: ada, At: time.Now()})
	if err != nil || done.Left[ada] != 0 {
		t.Errorf("after an erasure %v are left, %v", done.Left, err)
	}
	if strings.Contains(bytesOf(t, asks), ada) {
		t.Error("the files hold the person still")
	}
}

// TestRequestsWaitForALock holds that a table of requests that somebody uses is not written
// anew, and that the error says who.
func TestRequestsWaitForALock(t *testing.T) {
	asks, leads := asking(t)
	pg := asks.kind.(*postgres) //nolint:forcetypeassert // it is one
	pg.lockWait, pg.lockTries = 20*time.Millisecond, 2
	other, err := leads.scan.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := other.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM request`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if err := asks.CleanRequests(t.Context()); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "uses the table request") {
		t.Errorf("beside a transaction: %v", err)
	}
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := asks.CleanRequests(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}
