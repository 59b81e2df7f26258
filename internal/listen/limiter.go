package listen

import (
	"container/list"
	"net"
	"sync"
)

// limiter is a listener with at most max connections at a time.
type limiter struct {
	net.Listener
	max int

	mu   sync.Mutex
	open int
	idle list.List // of connections without a request, the longest so first
}

// conn is a connection that a limiter accepted.
type conn struct {
	net.Conn
	limiter *limiter
	place   *list.Element // in limiter.idle; nil while a request is answered, and at the end
	closed  bool
}

// Accept implements net.Listener.
func (l *limiter) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.admit(accepted); c != nil {
			return c, nil
		}
		accepted.Close() //nolint:errcheck // it was never used
	}
}

// admit returns a connection as one of the limiter, in the place of the longest
// idle one if there is no other; nil if all of them are answered.
func (l *limiter) admit(accepted net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.max {
		oldest := l.idle.Front()
		if oldest == nil {
			return nil
		}
		l.leave(oldest.Value.(*conn)).Close() //nolint:errcheck // whoever has it sees the end
	}
	c := &conn{Conn: accepted, limiter: l}
	l.open++
	c.place = l.idle.PushBack(c)
	return c
}

// leave ends the counting of a connection, and returns what is below it.
func (l *limiter) leave(c *conn) net.Conn {
	if !c.closed {
		c.closed = true
		l.open--
	}
	if c.place != nil {
		l.idle.Remove(c.place)
		c.place = nil
	}
	return c.Conn
}

// begin records that a request is answered on a connection, and end that it was.
func (l *limiter) begin(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.place != nil {
		l.idle.Remove(c.place)
		c.place = nil
	}
}

func (l *limiter) end(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.closed && c.place == nil {
		c.place = l.idle.PushBack(c)
	}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.limiter.mu.Lock()
	below := c.limiter.leave(c)
	c.limiter.mu.Unlock()
	return below.Close()
}
