package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/web"
)

// Writer says how a process becomes the one that writes to a store.
type Writer struct {
	Command  string                 // how others see it named: serve, sync, ...
	Patience time.Duration          // how long it waits for another writer to leave; 0: not at all
	Waiting  func(storelock.Holder) // is told once whom it waits for; may be nil
	Follows  bool                   // it shows what another writer writes, where the store can be followed
}

// lock makes this process the writer of a config's store. Where another process
// is, the error is a storelock.HeldError.
func (w Writer) lock(ctx context.Context, cfg *config.Config, log *zap.Logger) (*storelock.Lock, error) {
	path, err := store.Path(cfg.Store.URL)
	if err != nil {
		return nil, err
	}
	if err := store.Writable(path); err != nil { // before a lock file is made
		return nil, err
	}
	switch narrowed, err := store.Narrow(path); {
	case err != nil:
		log.Warn("every user of this machine may read the store, and its mode cannot be changed: have its owner run chmod o= on it", zap.String("store", path), zap.Error(err))
	case narrowed:
		log.Warn("every user of this machine could read the store; now only its owner and its group can", zap.String("store", path))
	}
	if kind := storelock.NetworkFilesystem(path); kind != "" {
		log.Warn("the store is on a network file system, where SQLite's locks may not hold: keep it on a disk of this machine (store.url)",
			zap.String("store", path), zap.String("file_system", kind))
	}
	if w.Patience <= 0 {
		return storelock.Acquire(path, w.Command)
	}
	waiting, stop := context.WithTimeout(ctx, w.Patience)
	defer stop()
	l, err := storelock.Wait(waiting, path, w.Command, func(h storelock.Holder) {
		log.Warn("another process writes to the store; waiting for it to leave", zap.Stringer("holder", h), zap.Duration("at_most", w.Patience))
		if w.Waiting != nil {
			w.Waiting(h)
		}
	})
	var held *storelock.HeldError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &held):
		return nil, fmt.Errorf("waited %s: %w", w.Patience, err)
	}
	return l, err
}

// control opens what lets other processes on this machine ask this one to poll: it
// puts the address of a listener on loopback and a secret into the lock file. The
// pages' own address may ask for a certificate or a password.
func (s *Service) control(ctx context.Context) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for other processes on this machine: %w", err)
	}
	s.pollSecret = rand.Text()
	if err := s.lock.Serve(l.Addr().String(), s.pollSecret); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// request asks the poller to do something between two cycles.
type request struct {
	run    func(context.Context) (any, error)
	answer chan<- answer
}

// answer is what came of it, or why nothing did.
type answer struct {
	done any
	err  error
}

// between runs what is asked for between two cycles. One that is under way ends.
func (s *Service) between(ctx context.Context, run func(context.Context) (any, error)) (any, error) {
	done := make(chan answer, 1)
	select {
	case s.wanted <- request{run, done}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-done:
		return a.done, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Polled is what a cycle that was asked for did.
type Polled struct {
	Stories, Events int
	AsOf            time.Time
	Counts          store.Counts // what the store holds by then
}

// PollNow runs a cycle at once, between those that are due, with a new ledger
// before it if recount says so. It returns why the cycle, or deriving, failed.
func (s *Service) PollNow(ctx context.Context, recount bool) (Polled, error) {
	done, err := s.between(ctx, func(ctx context.Context) (any, error) { return s.pollNow(ctx, recount) })
	polled, _ := done.(Polled)
	return polled, err
}

// pollNow runs the cycle of a request. No other may be under way.
func (s *Service) pollNow(ctx context.Context, recount bool) (Polled, error) {
	if recount {
		if err := s.Recount(ctx); err != nil {
			return Polled{}, err
		}
		s.numbers.forget()
		s.log.Warn("a new ledger begins: every counter starts again from the whole history")
	}
	res, failed, err := s.cycle(ctx)
	err = errors.Join(failed, err)
	switch {
	case err != nil && recount:
		return Polled{}, fmt.Errorf("a new ledger has begun, and the poll after that failed; do not ask for another ledger: %w", err)
	case err != nil:
		return Polled{}, err
	}
	counts, err := s.Counts(ctx)
	return Polled{Stories: res.Stories, Events: res.Events, AsOf: res.AsOf.Time(), Counts: counts}, err
}

// pollFor runs a cycle for a process that knows the secret of the lock file.
func (s *Service) pollFor(ctx context.Context, secret string, recount bool) (any, error) {
	if !s.knows(secret) {
		return nil, web.ErrSecret
	}
	return s.PollNow(ctx, recount)
}

// knows reports whether a secret is the one in the lock file.
func (s *Service) knows(secret string) bool {
	return s.pollSecret != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(s.pollSecret)) == 1
}

// Asker asks the process that writes to the store of a config to do something: a store in a
// file by the address in its lock file, and one in PostgreSQL by a request in the store.
type Asker struct {
	Config   *config.Config
	Holder   storelock.Holder // Asked must be true of it
	Command  string           // how others see who asks: sync, ...
	Patience time.Duration    // for how long nobody may take a request in a store; 0: 30 s
}

// Poll asks for a poll now, with a new ledger before it if recount says so, and returns what
// that did.
func (a Asker) Poll(ctx context.Context, recount bool) (out Polled, err error) {
	if a.Holder.Address == "" {
		err = a.request(ctx, pollErrand(recount), recount, &out)
		return out, err
	}
	err = askHolder(ctx, a.Holder, "to poll", "/-/poll?recount="+strconv.FormatBool(recount), nil, &out)
	return out, err
}

// answerBytes bounds what a holder answers to a command, in bytes.
const answerBytes = 1 << 16

// askHolder asks the process that holds a store's lock to do something, with the
// secret of the lock file. given is sent as JSON, and the answer is read into out.
func askHolder(ctx context.Context, h storelock.Holder, what, path string, given, out any) error {
	text, err := askFor(ctx, h, what, path, given, answerBytes)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("asking %s %s: %w", h, what, err)
	}
	return nil
}

// askFor is askHolder for an answer of at most some bytes, as it is.
func askFor(ctx context.Context, h storelock.Holder, what, path string, given any, most int64) ([]byte, error) {
	body, err := json.Marshal(given)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking %s %s: %w", h, what, err)
	}
	req.Header.Set("Authorization", "Bearer "+h.Secret)
	req.Header.Set("Content-Type", "application/json")
	// No proxy and no redirect: the secret is for that process alone.
	client := &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s %s: %w", h, what, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		most = answerBytes // it says why not
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking %s %s: %w", h, what, err)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s was asked %s: %s", h, what, strings.TrimSpace(string(text)))
	case int64(len(text)) > most:
		return nil, fmt.Errorf("asking %s %s: the answer has more than %d bytes", h, what, most)
	}
	return text, nil
}
