package measure

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// Why what is kept of a derivation is not used. An ErrOther is an ErrDoubt.
var (
	ErrDoubt = errors.New("what is kept is not used")
	ErrOther = fmt.Errorf("it is of another build, config or description of Jira: %w", ErrDoubt)
)

const (
	keptForm      = 3
	keptBatch     = 10_000 // stories that are written at once
	keptSinceMost = 2_000  // entries that are counted before the totals are written again
)

// The flags of what is kept of a story. Of one that is unsettled no trace is: a start
// derives it anew.
const (
	keptUnsettled = 1 << iota
	keptUnconfirmed
)

// keeper holds what is still to be kept of an engine's derivations. It is written in
// the transactions in which the ledger is.
type keeper struct {
	identity string // of what a derivation depends on beside the stories; "": nothing is kept
	on       bool   // something is being kept
	reset    bool   // what was kept before is still to be dropped
	stories  map[int64][]byte
	derived  []int64
	names    int    // how many are kept
	since    int    // entries since the totals were written
	headText []byte // the head that is kept, without its instant; nil: none is yet
}

// head is all that is kept and is neither a story's nor a total.
type head struct {
	Form     int             `json:"form"`
	Identity string          `json:"identity"`
	AsOf     latency.Instant `json:"as_of"` // of a derivation; what is kept is so as of later ones too
	Waited   map[string]*ranking
	Peopled  map[string]*ranking
	Unseen   []string
}

// KeepAs makes Load, Refresh and Restore keep what they come to, so that Restore can
// begin with it. The identity is of everything that a derivation depends on beside the
// stories, the ledger and the instant: the program, the config, what Jira says of
// itself. It may change before each of them.
func (e *Engine) KeepAs(identity string) { e.kept.identity = identity }

// begin makes k keep a derivation of everything.
func (k *keeper) begin() {
	*k = keeper{identity: k.identity, on: k.identity != "", reset: true, stories: map[int64][]byte{}}
}

// noteDerived notes that what is kept of stories will be as they are written now.
func (k *keeper) noteDerived(ids ...int64) {
	if k.on {
		k.derived = append(k.derived, ids...)
	}
}

// keepStory notes what is to be kept of a story.
func (e *Engine) keepStory(id int64) {
	k := &e.kept
	if !k.on {
		return
	}
	body := e.bodyOf(id)
	if st, ok := e.unsettled[id]; ok {
		if st.kept != "" && st.kept == string(body) {
			return // it is derived at every poll
		}
		st.kept = string(body)
		e.unsettled[id] = st
	}
	k.stories[id] = body
}

// bodyOf returns what is kept of a story, or nil for nothing: flags, the numbers of the
// names of its findings and then of its former keys, each after how many there are, and its
// trace.
func (e *Engine) bodyOf(id int64) []byte {
	_, unsettled := e.unsettled[id]
	findings, trace := e.findings.of(id), e.traces.packed[id]
	if unsettled {
		trace = ""
	}
	if !unsettled && !e.unconfirmed[id] && findings == "" && trace == "" && len(e.formerKeys[id]) == 0 {
		return nil
	}
	var flags byte
	if unsettled {
		flags |= keptUnsettled
	}
	if e.unconfirmed[id] {
		flags |= keptUnconfirmed
	}
	body := []byte{flags}
	body = binary.AppendUvarint(body, uint64(strings.Count(findings, "\n"))) //nolint:gosec // it counts
	for line := range strings.Lines(findings) {
		body = binary.AppendUvarint(body, e.traces.names.of(line))
	}
	body = binary.AppendUvarint(body, uint64(len(e.formerKeys[id])))
	for _, key := range e.formerKeys[id] {
		body = binary.AppendUvarint(body, uint64(len(key)))
		body = append(body, key...)
	}
	return append(body, trace...)
}

// take returns what is to be kept now; nil if nothing is. complete says that all
// stories were derived. Before that only the first derivation writes stories: a state
// that is complete stays the one before, and the stories that it does not hold as they
// are remain noted as changed.
func (e *Engine) take(asOf latency.Instant, complete bool) (*jiradata.Kept, error) {
	k := &e.kept
	switch {
	case !k.on:
		return nil, nil
	case !complete && k.headText != nil:
		return &jiradata.Kept{}, nil
	}
	out := &jiradata.Kept{Reset: k.reset, Stories: k.stories, Derived: k.derived, Names: e.traces.names.list[k.names:]}
	if complete {
		if err := e.takeHead(out, asOf); err != nil {
			return nil, err
		}
	}
	k.reset, k.stories, k.derived = false, map[int64][]byte{}, nil
	k.names += len(out.Names)
	return out, nil
}

// takeHead adds the head if anything is other than before, and the totals where it is time.
func (e *Engine) takeHead(out *jiradata.Kept, asOf latency.Instant) error {
	k := &e.kept
	h := e.head()
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	first := k.headText == nil
	if len(out.Stories) > 0 || !bytes.Equal(text, k.headText) {
		k.headText = text
		h.AsOf = asOf
		if out.Head, err = json.Marshal(h); err != nil {
			return err
		}
	}
	if first || k.since >= keptSinceMost {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(e.totals); err != nil {
			return err
		}
		out.Totals, k.since = b.Bytes(), 0
	}
	return nil
}

// head returns the head of what is known now, without the instant.
func (e *Engine) head() head {
	return head{Form: keptForm, Identity: e.kept.identity, Waited: e.waited.projects, Peopled: e.peopled.projects, Unseen: slices.Sorted(maps.Keys(e.unseen))}
}

// Restore begins with what is kept of the last derivation, and derives what was written
// since, and what time alone can change, as of asOf. It returns an ErrDoubt where that
// cannot be told to come to what Load does; then Load must follow. What the program before
// had not confirmed, or not even derived, is confirmed before it is counted, by either.
func (e *Engine) Restore(ctx context.Context, rules *latency.Rules, fingerprint string, asOf latency.Instant) (*latency.Report, error) {
	e.rules, e.fingerprint = rules, fingerprint
	if err := e.noteUnread(ctx); err != nil {
		return nil, err
	}
	ledger, err := e.store.Ledger(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading where the ledger stands: %w", err)
	}
	e.since = ledger.AsOf
	changed, again, err := e.restore(ctx, asOf)
	if err != nil {
		return nil, err
	}
	if e.haveChildren(changed) {
		return nil, fmt.Errorf("a parent of stories has changed since: %w", ErrDoubt)
	}
	e.kept.noteDerived(changed...)
	if err := e.derive(ctx, slices.Concat(changed, again), asOf, allStories); err != nil {
		return nil, err
	}
	if e.unseenGrew {
		return nil, fmt.Errorf("a story has a parent that no story had: %w", ErrDoubt)
	}
	return e.finish(ctx, asOf, e.count)
}

// noteUnread notes the stories of which something may be counted only after a reading by
// id: those that are kept as such, and those that were written and not derived. They may
// be of long ago, which the instant of the ledger does not tell.
func (e *Engine) noteUnread(ctx context.Context) error {
	touched, err := e.store.Touched(ctx)
	if err != nil {
		return fmt.Errorf("reading which stories were written since: %w", err)
	}
	for _, id := range touched {
		e.unconfirmed[id] = true
	}
	// Where what is kept is damaged, too much is confirmed at most: restore says so.
	_ = e.store.EachKept(ctx, func(id int64, body []byte) error {
		if len(body) > 0 && body[0]&keptUnconfirmed != 0 {
			e.unconfirmed[id] = true
		}
		return nil
	})
	return ctx.Err()
}

// restore reads what is kept, and returns the stories that were written since, and those
// that are to be derived again though they were not.
func (e *Engine) restore(ctx context.Context, asOf latency.Instant) (changed, again []int64, err error) {
	if e.kept.identity == "" {
		return nil, nil, fmt.Errorf("nothing is kept by this program: %w", ErrDoubt)
	}
	ancestors, err := Ancestors(ctx, e.store)
	if err != nil {
		return nil, nil, err
	}
	e.begin(ancestors, asOf)
	k := &e.kept
	state, err := e.store.Kept(ctx, func(totals []byte, since []latency.Entry) error {
		if err := gob.NewDecoder(bytes.NewReader(totals)).Decode(e.totals); err != nil {
			return err
		}
		for i := range since {
			e.totals.Add(since[i])
		}
		k.since = len(since)
		return nil
	})
	if err != nil {
		return nil, nil, doubtful(ctx, err)
	}
	var h head
	if err := json.Unmarshal(state.Head, &h); err != nil {
		return nil, nil, doubtful(ctx, err)
	}
	switch {
	case h.Form != keptForm || h.Identity != k.identity:
		return nil, nil, ErrOther
	case h.AsOf > asOf:
		return nil, nil, fmt.Errorf("it is as of %s, which is later: %w", h.AsOf.Time(), ErrDoubt)
	}
	for _, name := range state.Names {
		e.traces.names.of(name)
	}
	if k.names = len(state.Names); len(e.traces.names.list) != k.names {
		return nil, nil, fmt.Errorf("a name is kept twice: %w", ErrDoubt)
	}
	bodies := map[int64]string{}
	if err := e.store.EachKept(ctx, func(id int64, body []byte) error {
		bodies[id] = string(body)
		return nil
	}); err != nil {
		return nil, nil, doubtful(ctx, err)
	}
	for id, body := range bodies { // they are as they were written
		if e.restoreStory(id, body, asOf) {
			again = append(again, id)
		}
	}
	e.waited.restore(h.Waited)
	e.peopled.restore(h.Peopled)
	for _, id := range h.Unseen {
		e.unseen[id] = true
	}
	k.on, k.reset = true, false
	if k.headText, err = json.Marshal(e.head()); err != nil {
		return nil, nil, err
	}
	return state.Changed, again, nil
}

// restoreStory takes in what is kept of a story. It reports whether the story is to be
// derived anew.
func (e *Engine) restoreStory(id int64, body string, asOf latency.Instant) (again bool) {
	r := unpacker{in: body[1:], names: e.traces.names}
	flags := body[0]
	var findings strings.Builder
	for range r.unsigned() {
		findings.WriteString(r.name())
	}
	e.findings.restore(id, findings.String())
	if n := r.unsigned(); n > 0 {
		keys := make([]string, n)
		for i := range keys {
			size := r.unsigned()
			keys[i] = strings.Clone(r.in[:size])
			r.in = r.in[size:]
		}
		e.formerlyCalled(id, keys)
	}
	if flags&keptUnsettled != 0 {
		e.unsettled[id] = unsettled{kept: body}
	}
	if r.in != "" {
		e.traces.packed[id] = strings.Clone(r.in)
		if t := e.traces.Trace(id); t.Until() > asOf.Add(-latency.LongestWindow) {
			e.rolling.Replace(id, nil, t)
		} else {
			e.traces.Drop(id)
		}
	}
	return flags != 0
}

// doubtful returns an error of reading what is kept as an ErrDoubt, unless the caller
// has gone away.
func doubtful(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", err, ErrDoubt)
}
