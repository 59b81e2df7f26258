package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// rewrite writes the file anew and empties the journal, so that neither a free page
// nor the journal holds what was overwritten.
func (s *Store) rewrite(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `VACUUM`); err != nil {
		return s.explain(err)
	}
	return s.emptyJournal(ctx)
}

// emptyJournal moves what the journal holds into the file, and empties it. While
// another process reads it, that is an ErrBusy.
func (s *Store) emptyJournal(ctx context.Context) error {
	var busy, pages, done int
	if err := s.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &done); err != nil {
		return s.explain(err)
	}
	if busy != 0 {
		return fmt.Errorf("store %s: another process reads it: %w", s.path, ErrBusy)
	}
	return nil
}

// search counts how often the files of the store hold some texts, as bytes.
func (s *Store) search(texts []string) (map[string]int, error) {
	found := map[string]int{}
	for _, t := range texts {
		if t != "" {
			found[t] = 0
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		f, err := os.Open(s.path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("searching the store: %w", err)
		}
		err = count(f, found)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("searching %s: %w", s.path+suffix, err)
		}
	}
	return found, nil
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
