package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/stack"
)

// requestsLeft fails unless nothing of a request is in a store any more.
func requestsLeft(t *testing.T, s *Store, url string) {
	t.Helper()
	var rows, bytes int64
	if err := stack.OpenSQL(t, url).QueryRowContext(t.Context(), `SELECT count(*), pg_relation_size('requests') FROM requests`).Scan(&rows, &bytes); err != nil || rows != 0 || bytes != 0 {
		t.Errorf("%s still has %d requests, and %d bytes of them: %v", s.Name(), rows, bytes, err)
	}
}

// TestRequests hands requests to the process that writes to a store: it takes each once,
// and what it answers comes back.
func TestRequests(t *testing.T) {
	url := inPostgres(t)
	writer, other := openAt(t, url, ReadWrite), openAt(t, url, Join)
	lease, _, err := writer.Lease(t.Context(), "the writer")
	if err != nil || lease == nil {
		t.Fatal(lease, err)
	}
	for _, c := range []struct{ answer, failure string }{{`{"name":"Ada"}`, ""}, {"", "the config names Ada"}} {
		done := make(chan error, 1)
		go func() {
			for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
				list, err := writer.TakeRequests(t.Context())
				if err == nil && len(list) == 0 {
					continue
				}
				if err == nil && (len(list) != 1 || list[0].What != "erase" || string(list[0].Body) != `{"account":"ada"}`) {
					t.Errorf("taken are %+v", list)
				}
				again, second := writer.TakeRequests(t.Context())
				if len(again) != 0 {
					t.Errorf("taken again are %+v", again)
				}
				var body string
				third := writer.db.QueryRowContext(t.Context(), `SELECT body FROM requests`).Scan(&body)
				if body != "" {
					t.Errorf("of a request that was taken there is still %s", body)
				}
				done <- errors.Join(err, second, third, writer.Answer(t.Context(), list[0].ID, []byte(c.answer), c.failure))
				return
			}
		}()
		answer, failure, err := other.Ask(t.Context(), "erase", []byte(`{"account":"ada"}`), time.Hour)
		if string(answer) != c.answer || failure != c.failure || err != nil {
			t.Errorf("answered are %s, %q, %v", answer, failure, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		requestsLeft(t, other, url)
	}
}

// TestRequestsThatNobodyAnswers withdraws what nobody took, and says where it is not known
// whether it was done.
func TestRequestsThatNobodyAnswers(t *testing.T) {
	url := inPostgres(t)
	writer, other := openAt(t, url, ReadWrite), openAt(t, url, Join)
	lease, _, err := writer.Lease(t.Context(), "the writer")
	if err != nil || lease == nil {
		t.Fatal(lease, err)
	}
	if _, _, err := other.Ask(t.Context(), "poll", nil, 0); !errors.Is(err, ErrNotTaken) {
		t.Errorf("of a request that nobody takes: %v", err)
	}
	requestsLeft(t, other, url)

	stopped, stop := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	ask := func(ctx context.Context) {
		go func() {
			_, _, err := other.Ask(ctx, "poll", nil, time.Hour)
			asked <- err
		}()
	}
	waiting := func() bool {
		n, err := query(t.Context(), writer, `SELECT count(*) FROM requests WHERE taken = 0`, scanID)
		if err != nil {
			t.Fatal(err)
		}
		return n[0] > 0
	}
	ask(stopped)
	awaiting(waiting)
	stop()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("of a request that was given up: %v", err)
	}
	requestsLeft(t, other, url)

	for name, end := range map[string]string{
		"another process writes": `UPDATE lease SET epoch = epoch + 1`,
		"nobody writes":          `UPDATE lease SET until = 0`,
		"the server crashed":     `DELETE FROM requests`,
	} {
		ask(t.Context())
		awaiting(waiting)
		list, err := writer.TakeRequests(t.Context())
		if len(list) != 1 || err != nil {
			t.Fatalf("%s: taken are %+v, %v", name, list, err)
		}
		if _, err := stack.OpenSQL(t, url).ExecContext(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		if err := <-asked; !errors.Is(err, ErrUnanswered) {
			t.Errorf("%s before it answers: %v", name, err)
		}
		requestsLeft(t, other, url)
		if _, err := stack.OpenSQL(t, url).ExecContext(t.Context(), `UPDATE lease SET until = 0`); err != nil {
			t.Fatal(err)
		}
		if lease, _, err = writer.Lease(t.Context(), "the writer"); err != nil || lease == nil {
			t.Fatal(lease, err)
		}
	}
}

// awaiting returns once so reports true.
func awaiting(so func() bool) {
	for tick := time.NewTicker(time.Millisecond); !so(); {
		<-tick.C
	}
}
