package store

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/latency"
)

// text draws strings, often ones that were drawn before.
func text() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"", "status", "10001", "In Review", "5b10ac8d82e05b22cc7d4ef5"}), rapid.String())
}

func valueOf() *rapid.Generator[latency.Value] {
	return rapid.Custom(func(t *rapid.T) latency.Value {
		return latency.Value{ID: text().Draw(t, "id"), Name: text().Draw(t, "name")}
	})
}

func eventOf() *rapid.Generator[latency.Event] {
	return rapid.Custom(func(t *rapid.T) latency.Event {
		ev := latency.Event{
			Actor: text().Draw(t, "actor"), ActorType: latency.AccountType(rapid.Uint8().Draw(t, "type")), Observed: rapid.Bool().Draw(t, "observed"),
		}
		if rapid.Bool().Draw(t, "comment") {
			ev.Comment = &comment.Facts{
				Question: rapid.Bool().Draw(t, "question"), Head: text().Draw(t, "head"),
				Asked: rapid.SliceOfN(text(), 0, 3).Draw(t, "asked"), Mentioned: rapid.SliceOfN(text(), 0, 3).Draw(t, "mentioned"),
			}
		}
		ev.Changes = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) latency.Change {
			return latency.Change{Field: text().Draw(t, "field"), From: valueOf().Draw(t, "from"), To: valueOf().Draw(t, "to")}
		}), 0, 4).Draw(t, "changes")
		return ev
	})
}

func entryOf() *rapid.Generator[latency.Entry] {
	return rapid.Custom(func(t *rapid.T) latency.Entry {
		return latency.Entry{
			ID:   latency.EntryID{At: latency.Instant(rapid.Int64().Draw(t, "identity"))},
			Type: latency.EntryType(text().Draw(t, "type")), Project: text().Draw(t, "project"), Owner: text().Draw(t, "owner"),
			Outcome: latency.Outcome(text().Draw(t, "outcome")), Responder: latency.Responder(text().Draw(t, "responder")),
			Working: latency.Milliseconds(rapid.Int64().Draw(t, "working")), Elapsed: latency.Milliseconds(rapid.Int64().Draw(t, "elapsed")), At: latency.Instant(rapid.Int64().Draw(t, "at")),
		}
	})
}

// TestBodiesComeBackAsTheyWere decodes many bodies into the lists of one
// decoder, as a story with many events does, and then looks at all of them.
func TestBodiesComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(eventOf(), 1, 8).Draw(t, "events")
		now := rapid.MapOf(text(), rapid.SliceOfN(valueOf(), 0, 3)).Draw(t, "now")
		dec := newDecoder()
		for range 2 { // the second time into lists that were used
			dec.reset()
			got := make([]latency.Event, len(events))
			for i := range events {
				if err := dec.event(appendEvent(nil, &events[i]), &got[i]); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(events, got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("events (-want +got):\n%s", d)
			}
			entry := entryOf().Draw(t, "entry")
			read := latency.Entry{ID: entry.ID}
			if err := dec.entry(appendEntry(nil, &entry), &read); err != nil || read != entry {
				t.Fatalf("entry %+v came back as %+v, %v", entry, read, err)
			}
			snapshot := latency.Snapshot{"left over": nil}
			if err := dec.snapshot(appendSnapshot(nil, now), snapshot); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(latency.Snapshot(now), snapshot, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("snapshot (-want +got):\n%s", d)
			}
		}
	})
}

func TestDamagedBodiesAreRefused(t *testing.T) {
	st := newGenerator().story(1)
	counted := entry(1, 100)
	bodies := [][]byte{appendSnapshot(nil, st.History.Now), appendEntry(nil, &counted)}
	for i := range st.History.Events {
		bodies = append(bodies, appendEvent(nil, &st.History.Events[i]))
	}
	for i, body := range bodies {
		read := func(b []byte) error {
			dec := newDecoder()
			switch i {
			case 0:
				return dec.snapshot(b, latency.Snapshot{})
			case 1:
				return dec.entry(b, &latency.Entry{})
			}
			return dec.event(b, &latency.Event{})
		}
		for n := range body {
			if err := read(body[:n]); err == nil {
				t.Errorf("body %d: the first %d of %d bytes were read as a whole", i, n, len(body))
			}
		}
		if err := read(append(body, 0)); err == nil {
			t.Errorf("body %d: a byte too many was not seen", i)
		}
		body[0] = 2
		if err := read(body); err == nil || !strings.Contains(err.Error(), "newer yourturn") {
			t.Errorf("body %d of a later form: %v", i, err)
		}
	}
}

// FuzzBody reads anything: what is accepted comes back from its own encoding,
// and nothing allocates beyond what the body can hold.
func FuzzBody(f *testing.F) {
	st := newGenerator().story(1)
	f.Add(appendSnapshot(nil, st.History.Now))
	for i := range st.History.Events {
		f.Add(appendEvent(nil, &st.History.Events[i]))
	}
	f.Add([]byte{bodyVersion, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		dec := newDecoder()
		var ev, again latency.Event
		if dec.event(body, &ev) == nil {
			if err := dec.event(appendEvent(nil, &ev), &again); err != nil || !cmp.Equal(ev, again, cmpopts.EquateEmpty()) {
				t.Errorf("event %+v came back as %+v, %v", ev, again, err)
			}
		}
		var counted, twice latency.Entry
		if dec.entry(body, &counted) == nil {
			if err := dec.entry(appendEntry(nil, &counted), &twice); err != nil || counted != twice {
				t.Errorf("entry %+v came back as %+v, %v", counted, twice, err)
			}
		}
		now, later := latency.Snapshot{}, latency.Snapshot{}
		if dec.snapshot(body, now) == nil {
			if err := dec.snapshot(appendSnapshot(nil, now), later); err != nil || !cmp.Equal(now, later, cmpopts.EquateEmpty()) {
				t.Errorf("snapshot %+v came back as %+v, %v", now, later, err)
			}
		}
		if n := len(dec.changes) + len(dec.accounts) + len(dec.values); n > 4*len(body) {
			t.Errorf("%d elements from %d bytes", n, len(body))
		}
	})
}
