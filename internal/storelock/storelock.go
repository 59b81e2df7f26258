// Package storelock keeps a SQLite store to one writing process. The lock is
// one of the operating system on a file beside the store, so a process that
// dies, however it dies, leaves none. The file's content says who holds it, and
// how to reach the holder.
package storelock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// suffix is what the lock file's name has beyond the store's.
const suffix = ".lock"

// retry is how often a lock that is waited for is tried again.
const retry = 200 * time.Millisecond

// Holder is the process that holds a lock.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"` // serve, sync, ...

	// Address is where the holder serves, as host:port, and Secret lets another
	// process on this machine that may read the lock file ask it to poll. Both
	// are empty where the holder does not serve, and in a database.
	Address string `json:"address,omitempty"`
	Secret  string `json:"secret,omitempty"`

	// Requests says that the holder takes requests through the store, which is a database.
	Requests bool `json:"requests,omitempty"`
}

// Asked reports whether other processes can ask the holder to do something.
func (h Holder) Asked() bool { return h.Address != "" || h.Requests }

// String says who the holder is, without the secret.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("yourturn %s (process %d on %s, since %s)", h.Command, h.PID, h.Host, h.Since.UTC().Format(time.RFC3339))
}

// This returns this process as the holder of a lock for a command, from now on.
func This(command string) Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return Holder{PID: os.Getpid(), Host: host, Since: time.Now().Truncate(time.Second), Command: command}
}

// HolderOf reads who holds a lock from what the lock says, as JSON. Of what it cannot read
// it returns the zero value, which is named as an unknown process.
func HolderOf(text string) (h Holder) {
	json.Unmarshal([]byte(text), &h) //nolint:errcheck // as the comment says
	return h
}

// HeldError says that another process writes to a store.
type HeldError struct {
	Store  string
	Holder Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("store %s: %s writes to it, and a store has one writer: stop that process, or use another store (store.url)", e.Store, e.Holder)
}

// Lock is a held lock.
type Lock struct {
	store string
	file  *flock.Flock
}

// Acquire takes the lock of the store in a file for a command. It fails at once
// with a HeldError where another process holds it.
func Acquire(store, command string) (*Lock, error) {
	file := flock.New(store+suffix, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	held, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("store %s: its lock file cannot be used: %w: make the folder %s writable, or set store.url", store, err, filepath.Dir(store))
	}
	if !held {
		holder, _ := Read(store) //nolint:errcheck // an unknown holder is named as such
		return nil, &HeldError{Store: store, Holder: holder}
	}
	l := &Lock{store: store, file: file}
	if err := l.write(This(command)); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l, nil
}

// Wait is Acquire that waits for the holder to leave until ctx ends. waiting is
// called once, before the wait begins.
func Wait(ctx context.Context, store, command string, waiting func(Holder)) (*Lock, error) {
	l, err := Acquire(store, command)
	var held *HeldError
	if !errors.As(err, &held) {
		return l, err
	}
	waiting(held.Holder)
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, err
		case <-tick.C:
		}
		if l, err = Acquire(store, command); !errors.As(err, &held) {
			return l, err
		}
	}
}

// Read returns who holds the lock of a store, by the lock file. It says nothing
// of whether that process is still alive; Held does.
func Read(store string) (Holder, error) {
	var h Holder
	text, err := os.ReadFile(store + suffix)
	if err != nil {
		return h, err
	}
	return h, json.Unmarshal(text, &h)
}

// Held returns the process that holds the lock of a store now; ok is false
// where none does.
func Held(store string) (h Holder, ok bool, err error) {
	if _, err := os.Stat(store + suffix); errors.Is(err, os.ErrNotExist) {
		return h, false, nil
	}
	file := flock.New(store+suffix, flock.SetFlag(os.O_RDWR))
	free, err := file.TryLock()
	if err != nil {
		return h, false, fmt.Errorf("store %s: its lock file cannot be used: %w", store, err)
	}
	if free {
		return h, false, file.Unlock()
	}
	if h, err = Read(store); err != nil {
		return Holder{}, true, nil // it is being written
	}
	return h, true, nil
}

// Serve adds to the lock file where the holder serves, and the secret by which
// it can be asked to poll.
func (l *Lock) Serve(address, secret string) error {
	h, err := Read(l.store)
	if err != nil {
		return fmt.Errorf("store %s: reading its lock file: %w", l.store, err)
	}
	h.Address, h.Secret = address, secret
	return l.write(h)
}

// write replaces the content of the lock file, in place: another file would be
// another lock.
func (l *Lock) write(h Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("store %s: its lock file: %w", l.store, err)
	}
	// Whoever made the file may have made it readable to others.
	if err := os.Chmod(l.store+suffix, 0o600); err != nil {
		return fmt.Errorf("store %s: its lock file: %w", l.store, err)
	}
	f, err := os.OpenFile(l.store+suffix, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("store %s: its lock file: %w", l.store, err)
	}
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("store %s: writing its lock file: %w", l.store, err)
	}
	return nil
}

// Release gives the lock back. The file stays: removing it could take away the
// lock of who is about to take it.
func (l *Lock) Release() error {
	if err := errors.Join(os.Truncate(l.store+suffix, 0), l.file.Unlock()); err != nil {
		return fmt.Errorf("store %s: giving back its lock: %w", l.store, err)
	}
	return nil
}
