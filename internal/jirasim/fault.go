package jirasim

import (
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Fault is a bad answer. With a Status it replaces the right answer; without
// one the right answer is given, late or in part.
type Fault struct {
	Status int
	Header http.Header
	Body   string
	// Delay passes before anything is answered.
	Delay time.Duration
	// Drip passes between one byte of the body and the next.
	Drip time.Duration
	// Reset breaks the connection instead of answering.
	Reset bool
	// Truncate breaks the connection after this many bytes of the body; 0: never.
	Truncate int
}

// apply answers with the fault; right is the right answer.
func (f *Fault) apply(w http.ResponseWriter, r *http.Request, right func() reply) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	if f.Reset {
		panic(http.ErrAbortHandler)
	}
	answer := reply{status: f.Status, header: http.Header{}, body: []byte(f.Body)}
	if f.Status == 0 {
		answer = right()
	}
	maps.Copy(answer.header, f.Header)
	if f.Truncate > 0 && f.Truncate < len(answer.body) {
		answer.header.Set("Content-Length", strconv.Itoa(len(answer.body)))
		answer.body = answer.body[:f.Truncate]
		answer.write(w)
		http.NewResponseController(w).Flush() //nolint:errcheck // what is buffered would be lost
		panic(http.ErrAbortHandler)
	}
	if f.Drip > 0 {
		answer.drip(w, r, f.Drip)
		return
	}
	answer.write(w)
}

// drip writes a reply byte by byte.
func (r reply) drip(w http.ResponseWriter, req *http.Request, pause time.Duration) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for i := range r.body {
		w.Write(r.body[i : i+1])              //nolint:errcheck // the reader went away
		http.NewResponseController(w).Flush() //nolint:errcheck // likewise
		select {
		case <-ticker.C:
		case <-req.Context().Done():
			return
		}
	}
}

// reply is an answer, ready to be written.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	w.Write(r.body) //nolint:errcheck // the reader went away
}
