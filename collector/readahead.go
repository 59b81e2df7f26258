package collector

import (
	"context"
	"iter"

	"github.com/yourturn/yourturn/internal/jiradata"
)

// readAhead yields what a search yields, and asks for the next page while the
// last one is written: a first sync takes as long as the slower of the two.
func readAhead(ctx context.Context, search func(context.Context) iter.Seq2[jiradata.Page, error]) iter.Seq2[jiradata.Page, error] {
	type answer struct {
		page jiradata.Page
		err  error
	}
	return func(yield func(jiradata.Page, error) bool) {
		asking, stop := context.WithCancel(ctx)
		answers := make(chan answer)
		go func() {
			defer close(answers)
			for page, err := range search(asking) {
				select {
				case answers <- answer{page, err}:
				case <-asking.Done():
					return
				}
			}
		}()
		defer func() {
			stop()
			for range answers { // the search has ended
			}
		}()
		for a := range answers {
			if !yield(a.page, a.err) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(jiradata.Page{}, err) // it may have ended before a page was handed over
		}
	}
}
