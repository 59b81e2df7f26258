package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// What a command asks of the serve that writes to a store of a server. Such a serve may be
// on another machine, so the request goes through the database.
const (
	requestPoll  = "poll"
	requestErase = "erase"
)

// pollRequest is the body of a request to poll.
type pollRequest struct {
	Recount bool `json:"recount"`
}

// requestWait is within what time the serve that writes takes a request: the lease of one
// that was killed is free before that.
const requestWait = 30 * time.Second

// MayBeAsked reports whether the process that writes to a config's store does what another
// process asks for.
func MayBeAsked(cfg *config.Config, h storelock.Holder) bool {
	return h.Address != "" || !store.IsFile(cfg.Store.URL) && h.Command == "serve"
}

// askWriter asks the serve that writes to a config's store, on a server, to do something.
// given is sent as JSON, and the answer is read into out.
func askWriter(ctx context.Context, cfg *config.Config, h storelock.Holder, what, kind string, given, out any) (err error) {
	body, err := json.Marshal(given)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, cfg.Store.URL, store.Join)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	text, failure, err := st.Ask(ctx, kind, body, requestWait)
	switch {
	case errors.Is(err, store.ErrNotTaken):
		return fmt.Errorf("%s was asked %s: %w: it may be of an earlier version, or stand still; stop it, and run this again", h, what, err)
	case err != nil:
		return fmt.Errorf("asking %s %s: %w", h, what, err)
	case failure != "":
		return fmt.Errorf("%s was asked %s: %s", h, what, failure)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("asking %s %s: %w", h, what, err)
	}
	return nil
}

// answerRequests does what other processes ask of this one through the database, until ctx
// ends.
func (s *Service) answerRequests(ctx context.Context) {
	if _, ok := s.lock.(*leaseLock); !ok {
		return
	}
	tick := time.NewTicker(wantedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		list, err := s.store.TakeRequests(ctx)
		if err != nil { // the polls say what is wrong with the database
			continue
		}
		for _, r := range list {
			s.answerRequest(ctx, r)
		}
	}
}

// answerRequest does what is asked for, and answers.
func (s *Service) answerRequest(ctx context.Context, r store.Request) {
	done, err := s.do(ctx, r)
	failure := ""
	var text []byte
	if err == nil {
		text, err = json.Marshal(done)
	}
	if err != nil {
		failure = err.Error()
	}
	// Who asks waits, also where this process is stopping.
	if err := s.store.Answer(context.WithoutCancel(ctx), r.ID, text, failure); err != nil {
		s.log.Warn("a command that asked for something got no answer", zap.String("asked", r.What), zap.Error(err))
	}
}

// do does what a request asks for.
func (s *Service) do(ctx context.Context, r store.Request) (any, error) {
	switch r.What {
	case requestPoll:
		var ask pollRequest
		if err := json.Unmarshal(r.Body, &ask); err != nil {
			return nil, fmt.Errorf("reading whether to recount: %w", err)
		}
		return s.PollNow(ctx, ask.Recount)
	case requestErase:
		return s.eraseNow(ctx, r.Body)
	}
	return nil, fmt.Errorf("this version does not know the request %q", r.What)
}
