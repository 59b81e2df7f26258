package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// stalled is a reader that takes nothing until its deadline is set.
type stalled struct {
	*httptest.ResponseRecorder
	cut chan struct{}
}

func (s stalled) SetReadDeadline(time.Time) error { return nil }

func (s stalled) SetWriteDeadline(time.Time) error {
	close(s.cut)
	return nil
}

// TestALaneCutsItsSlowestReader fills a lane with readers that take nothing.
func TestALaneCutsItsSlowestReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, patient := range []bool{false, true} {
			l := newLane(2, patient)
			serve := func(w http.ResponseWriter, until <-chan struct{}) bool {
				leave, ok := l.enter(t.Context(), w)
				if ok {
					<-until
					leave()
				}
				return ok
			}
			quick := make(chan struct{})
			close(quick)
			readers := []stalled{{httptest.NewRecorder(), make(chan struct{})}, {httptest.NewRecorder(), make(chan struct{})}}
			release := make(chan struct{})
			for i, r := range readers {
				until := r.cut
				if patient {
					until = release
				}
				go serve(r, until)
				synctest.Wait()
				time.Sleep(time.Duration(1-i) * time.Second)
			}
			if serve(httptest.NewRecorder(), quick) { // the oldest has been there for a second
				t.Error("there is a place in a lane that is full")
			}
			time.Sleep(slowAfter)
			if got := serve(httptest.NewRecorder(), quick); got == patient {
				t.Errorf("patient %t: a slow reader makes room: %t", patient, got)
			}
			for i, r := range readers {
				select {
				case <-r.cut:
					if patient || i == 1 {
						t.Errorf("patient %t: reader %d is cut off", patient, i)
					}
				default:
				}
			}
			if patient {
				close(release)
			} else {
				close(readers[1].cut)
			}
			synctest.Wait()
			if !serve(httptest.NewRecorder(), quick) || l.inside.Len() != 0 || len(l.places) != 0 {
				t.Error("places are lost")
			}
		}
	})
}
