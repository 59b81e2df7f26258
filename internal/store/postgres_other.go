//go:build !linux

package store

import "syscall"

// giveUp leaves it to the system when a connection is given up whose other end is silent.
func giveUp(_, _ string, _ syscall.RawConn) error { return nil }
