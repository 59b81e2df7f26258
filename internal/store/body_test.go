package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/yourturn/yourturn/internal/comment"
	"github.com/yourturn/yourturn/internal/jiradata"
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
				if err := dec.event(appendEvent(nil, &events[i], jiradata.Reading), &got[i]); err != nil {
					t.Fatal(err)
				}
				if want := map[bool]int{true: jiradata.Reading}[events[i].Comment != nil]; dec.reading != want {
					t.Fatalf("event %+v is of reading %d, want %d", events[i], dec.reading, want)
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
		bodies = append(bodies, appendEvent(nil, &st.History.Events[i], jiradata.Reading))
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
		body[0] = 3
		if err := read(body); !errors.Is(err, ErrNewer) || errors.Is(err, ErrDamaged) {
			t.Errorf("body %d of a later form: %v", i, err)
		}
		body[0] = 0
		if err := read(body); !errors.Is(err, ErrDamaged) {
			t.Errorf("body %d of no form: %v", i, err)
		}
	}
}

// firstForm returns the body of an event in form 1, as version 0.1 wrote all of
// them.
func firstForm(ev *latency.Event) []byte {
	body := appendEvent(nil, ev, 0)
	if ev.Comment == nil {
		return body
	}
	head := 2 + len(ev.Actor) + 1 // behind form, flags and an actor with a length of a byte
	return append([]byte{1}, append(body[1:head:head], body[head+1:]...)...)
}

// TestBodiesOfTheFirstFormAreRead holds the bytes of form 1.
func TestBodiesOfTheFirstFormAreRead(t *testing.T) {
	want := latency.Event{Actor: "ada", ActorType: latency.App, Observed: true, Comment: &comment.Facts{
		Question: true, Head: "ok?", Asked: []string{"po"}, Mentioned: []string{"po", "x"},
	}}
	body := []byte("\x01\x0f\x03ada\x03ok?\x01\x02po\x02\x02po\x01x\x00")
	if diff := cmp.Diff(body, firstForm(&want)); diff != "" {
		t.Fatalf("the tests write another form 1 (-want +got):\n%s", diff)
	}
	dec := newDecoder()
	var got latency.Event
	if err := dec.event(body, &got); err != nil || dec.reading != 1 {
		t.Fatalf("reading %d, error %v; want reading 1", dec.reading, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// FuzzBody reads anything: what is accepted comes back from its own encoding,
// and nothing allocates beyond what the body can hold.
func FuzzBody(f *testing.F) {
	st := newGenerator().story(1)
	f.Add(appendSnapshot(nil, st.History.Now))
	for i := range st.History.Events {
		f.Add(appendEvent(nil, &st.History.Events[i], jiradata.Reading))
	}
	f.Add([]byte{eventForm, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		dec := newDecoder()
		var ev, again latency.Event
		if dec.event(body, &ev) == nil {
			if err := dec.event(appendEvent(nil, &ev, jiradata.Reading), &again); err != nil || !cmp.Equal(ev, again, cmpopts.EquateEmpty()) {
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
