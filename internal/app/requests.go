package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/internal/storelock"
)

// The times of a request in a store.
const (
	askEvery    = 250 * time.Millisecond // is how often whoever asks looks how far it is
	askPatience = 30 * time.Second       // a lease that nobody gives back is taken over before
	tidyTimeout = time.Minute            // bounds the removal of a request; waiting for locks takes 43 s
	answerAgain = time.Second            // after an answer that could not be written
	answerLast  = 5 * time.Second        // bounds the writing of an answer by a process that stops
)

// errand is what the process that writes to a store is asked for by a request in it.
type errand struct {
	what     string // names it in the store
	asked    string // continues "is asked"
	again    string // what to do where nobody knows whether it was done
	personal bool   // it names somebody, and so may its answer
}

const pollWhat, eraseWhat = "poll", "erase"

// pollErrand is a poll, with a new ledger before it if recount says so.
func pollErrand(recount bool) errand {
	if recount {
		return errand{what: pollWhat, asked: "to begin a new ledger", again: "look at yourturn_ledger_start_timestamp_seconds, which says when the ledger began, before you ask for another one"}
	}
	return errand{what: pollWhat, asked: "to poll", again: "run sync again"}
}

// eraseErrand is the erasure of a person.
func eraseErrand() errand {
	return errand{what: eraseWhat, asked: "to erase a person", again: "erase again, which changes nothing of what is done", personal: true}
}

// takeRequests does what commands ask for by requests in the store, until ctx ends. This
// process must have the lease.
func (s *Service) takeRequests(ctx context.Context) {
	if _, ok := s.lock.(*leaseLock); !ok {
		return
	}
	wake := make(chan struct{}, 1)
	var doing sync.WaitGroup
	defer doing.Wait()
	doing.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-wake:
			}
			// No cycle is ended for a request that was done, or withdrawn, meanwhile.
			if waiting, err := s.store.Requested(ctx); err != nil || waiting == 0 {
				continue
			}
			if _, err := s.between(ctx, s.fulfil); err != nil && ctx.Err() == nil {
				s.log.Warn("a request in the database could not be taken; this is tried again", zap.Error(err))
			}
		}
	})
	tick := time.NewTicker(wantedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Also while one is done: whoever asks for another one must know that somebody will.
		waiting, err := s.store.Requested(ctx)
		if errors.Is(err, store.ErrInUse) { // of other errors the polls say what is wrong with the database
			s.log.Warn("a request of somebody who is gone is forgotten, and its table could not be written anew: run erase again, if that was asked for", zap.Error(err))
		}
		if waiting > 0 {
			select {
			case wake <- struct{}{}:
			default: // it knows already
			}
		}
	}
}

// fulfil takes a request, does what it asks for, and answers it. No cycle may be under way.
func (s *Service) fulfil(ctx context.Context) (any, error) {
	r, ok, err := s.store.TakeRequest(ctx)
	if err != nil || !ok {
		return nil, err
	}
	s.audit.Info("a command asks for something through the database", zap.String("what", r.What), zap.Stringer("by", storelock.HolderOf(r.Asker)))
	done, failed := s.do(ctx, r)
	failure := ""
	if failed != nil {
		failure = failed.Error()
	}
	if failed != nil && ctx.Err() != nil {
		failure = "it was stopped in the middle: " + failure
	}
	text, err := json.Marshal(done)
	if err != nil {
		return nil, err
	}
	for { // whoever asks waits for it
		err := s.store.Answer(ctx, r.ID, string(text), failure)
		if err == nil {
			return nil, nil //nolint:nilnil // the answer is in the store
		}
		select {
		case <-time.After(answerAgain):
		case <-ctx.Done():
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), answerLast)
			defer stop()
			return nil, s.store.Answer(last, r.ID, string(text), failure)
		}
	}
}

// do does what a request asks for.
func (s *Service) do(ctx context.Context, r store.Request) (done any, err error) {
	switch r.What {
	case pollWhat:
		var recount bool
		if err := json.Unmarshal([]byte(r.Given), &recount); err != nil {
			return nil, fmt.Errorf("reading whether to begin a new ledger: %w", err)
		}
		return s.pollNow(ctx, recount)
	case eraseWhat:
		var e Erasure
		if err := json.Unmarshal([]byte(r.Given), &e); err != nil {
			return nil, fmt.Errorf("reading whom to erase: %w", err)
		}
		return s.Erase(ctx, e)
	default:
		return nil, fmt.Errorf("this version of yourturn cannot do %q: use a command of the same version", r.What)
	}
}

// StoppedError says that somebody who asked another process for something does not wait for
// it any more.
type StoppedError struct {
	Holder    storelock.Holder // who was asked
	Withdrawn bool             // nothing was done; else the other process goes on
	err       error
}

func (e *StoppedError) Error() string {
	if e.Withdrawn {
		return fmt.Sprintf("nothing was done: %s does not know of it any more", e.Holder)
	}
	return fmt.Sprintf("%s has begun with what it was asked for, and may go on", e.Holder)
}

// Unwrap returns the error of the context that ended.
func (e *StoppedError) Unwrap() error { return e.err }

// request asks for an errand by a request in the store. What was done is read into out, also
// where there is an error.
func (a *Asker) request(ctx context.Context, e errand, given, out any) (err error) {
	text, err := json.Marshal(given)
	if err != nil {
		return err
	}
	asker, err := json.Marshal(storelock.This(a.Command))
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, a.Config.Store.URL, store.Join)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	r := store.Request{ID: rand.Text(), What: e.what, Given: string(text), Asker: string(asker)}
	defer func() { err = errors.Join(err, e.tidy(ctx, st, r.ID)) }()
	if err := st.Ask(ctx, r); err != nil {
		return err
	}
	at, err := a.await(ctx, st, r.ID, e)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(at.Answer), out); err != nil {
		return fmt.Errorf("asking %s %s: %w", a.Holder, e.asked, err)
	}
	if at.Failure != "" {
		return fmt.Errorf("%s was asked %s: %s", a.Holder, e.asked, at.Failure)
	}
	return nil
}

// tidy takes away what the store still holds of a request.
func (e errand) tidy(ctx context.Context, st *store.Store, id string) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer stop()
	err := st.ForgetRequest(ctx, id)
	if !e.personal {
		return nil // the process that writes forgets it soon
	}
	if err == nil {
		err = st.CleanRequests(ctx)
	}
	if err != nil {
		return fmt.Errorf("the database may still hold the request, which names the person: erase again to clean it: %w", err)
	}
	return nil
}

// await returns a request when it is answered. Where the process that writes dies, the next
// one may take the request, if it was not taken; if it was, it is not done again.
func (a *Asker) await(ctx context.Context, st *store.Store, id string, e errand) (at store.Asked, err error) {
	patience := cmp.Or(a.Patience, askPatience)
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for heard := time.Now(); ; {
		now, err := st.Asked(ctx, id)
		if err == nil {
			if at = now; at.Holder != "" {
				a.Holder = storelock.HolderOf(at.Holder)
			}
		}
		switch {
		case ctx.Err() != nil:
			return at, a.stopped(ctx, st, id)
		case err != nil: // the database may come back
		case at.Answered:
			return at, nil
		case at.Gone:
			return at, a.unknown(e, "the database has lost the request")
		case at.Lost:
			return at, a.unknown(e, "the process that had taken the request ended, or was taken for dead")
		case at.Known && at.Holder != "":
			heard = time.Now() // it does it between two polls, or is doing it
		}
		if time.Since(heard) > patience {
			withdrawn, failed := st.Withdraw(ctx, id)
			switch {
			case failed != nil:
				return at, a.unknown(e, fmt.Sprintf("for %s the database could not be asked, or nobody answered: %s", patience, failed))
			case withdrawn:
				return at, a.nobody(e, at.Holder != "", patience)
			case at.Taken:
				return at, a.unknown(e, fmt.Sprintf("it has taken the request, and has not written to the store for %s", patience))
			}
			heard = time.Now() // it was taken just now
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// stopped withdraws a request for which ctx has ended.
func (a *Asker) stopped(ctx context.Context, st *store.Store, id string) error {
	leaving, stop := context.WithTimeout(context.WithoutCancel(ctx), answerLast)
	defer stop()
	withdrawn, err := st.Withdraw(leaving, id)
	return errors.Join(&StoppedError{a.Holder, withdrawn, ctx.Err()}, err)
}

// unknown says that nobody knows whether what was asked for was done.
func (a *Asker) unknown(e errand, why string) error {
	return fmt.Errorf("%s was asked %s, and it is not known whether it did: %s: %s", a.Holder, e.asked, why, e.again)
}

// nobody says that nobody took a request.
func (a *Asker) nobody(e errand, held bool, patience time.Duration) error {
	if !held {
		return fmt.Errorf("%s was asked %s, and writes to the store no more; nobody else took the request within %s: nothing was done; run this again", a.Holder, e.asked, patience)
	}
	return fmt.Errorf("%s was asked %s, and did not take the request within %s: nothing was done, and the request is withdrawn; "+
		"look at the log of that process, stop it so that another one takes over, and run this again", a.Holder, e.asked, patience)
}
