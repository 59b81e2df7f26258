package store

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// rewrite writes the store anew, so that nothing is left of what was overwritten.
func (s *Store) rewrite(ctx context.Context) error { return s.explain(s.kind.rewrite(ctx, s.db)) }

// counts returns a count of 0 for each text that is not empty.
func counts(texts []string) map[string]int {
	found := map[string]int{}
	for _, t := range texts {
		if t != "" {
			found[t] = 0
		}
	}
	return found
}

// searchBlock is how much of a file is read at a time.
const searchBlock = 1 << 20

// count adds to found how often r holds each of the texts.
func count(r io.Reader, found map[string]int) error {
	longest := 0
	for t := range found {
		longest = max(longest, len(t))
	}
	var window []byte // the end of the last block, and a block
	block := make([]byte, searchBlock)
	for {
		n, err := io.ReadFull(r, block)
		before := len(window)
		window = append(window, block[:n]...)
		for t := range found {
			// What ends in the old part was counted.
			found[t] += bytes.Count(window[max(0, before-len(t)+1):], []byte(t))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		window = append(window[:0], window[max(0, len(window)-longest):]...)
	}
}
