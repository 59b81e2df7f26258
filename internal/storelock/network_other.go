//go:build !linux

package storelock

// NetworkFilesystem returns "": on this system network file systems are not
// recognised.
func NetworkFilesystem(string) string { return "" }
