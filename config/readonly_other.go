//go:build !linux

package config

// onReadOnly returns false: on this system it is not known how a file system is mounted.
func onReadOnly(string) bool { return false }
