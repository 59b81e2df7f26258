//go:build !linux

package app

// monotonic returns nothing: systemd is Linux's.
func monotonic() []string { return nil }
