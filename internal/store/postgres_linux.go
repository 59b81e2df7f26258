package store

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// giveUp has the system give a connection up whose other end takes nothing for too long.
func giveUp(_, _ string, c syscall.RawConn) (err error) {
	if controlErr := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
	}); controlErr != nil {
		return controlErr
	}
	return err
}
