package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Answers returns nil if the server at an address takes connections and does anything
// with a request: it answers, refuses it, as one that wants TLS does, or ends the
// connection, as one does that has all the connections that it may have. The error says
// that it is not there, or did nothing until ctx ended.
func Answers(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("asking the web server at %s: %w", address, err)
	}
	defer conn.Close()                                      //nolint:errcheck // it is asked one thing
	defer context.AfterFunc(ctx, func() { conn.Close() })() //nolint:errcheck // as above
	if _, err = io.WriteString(conn, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("the web server at %s does not answer: %w", address, context.Cause(ctx))
	}
	return fmt.Errorf("asking the web server at %s: %w", address, err)
}
