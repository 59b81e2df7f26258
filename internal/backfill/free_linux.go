package backfill

import "golang.org/x/sys/unix"

// free returns how many bytes may still be written to a folder.
func free(dir string) (bytes int64, known bool) {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return 0, false
	}
	return int64(st.Bavail) * st.Bsize, true //nolint:gosec // no disk has so many blocks
}
