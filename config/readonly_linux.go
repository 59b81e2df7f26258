package config

import "golang.org/x/sys/unix"

// onReadOnly reports whether a file is on a file system that is mounted read-only.
func onReadOnly(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Flags&unix.ST_RDONLY != 0
}
