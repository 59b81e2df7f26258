package collector

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// slow is a search of three pages, each of which takes a minute.
func slow(ctx context.Context) iter.Seq2[jiradata.Page, error] {
	return func(yield func(jiradata.Page, error) bool) {
		for i := range 3 {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
				yield(jiradata.Page{}, ctx.Err())
				return
			}
			if !yield(jiradata.Page{Cursor: fmt.Sprint(i)}, nil) {
				return
			}
		}
	}
}

func TestReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var got []string
		for page, err := range readAhead(t.Context(), slow) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.Cursor)
			time.Sleep(time.Minute) // as long as a page takes
		}
		if diff := cmp.Diff([]string{"0", "1", "2"}, got); diff != "" {
			t.Errorf("pages (-want +got):\n%s", diff)
		}
		if took := time.Since(begin); took != 4*time.Minute {
			t.Errorf("it took %s, want 4m: to ask and to write overlap", took)
		}
	})
}

func TestReadAheadEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, err := range readAhead(t.Context(), slow) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		synctest.Wait() // the bubble ends only when no search goes on
	})
}

func TestReadAheadSaysThatItWasCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		var err error
		for _, e := range readAhead(ctx, slow) {
			time.Sleep(time.Minute)
			err = e
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
