package storelock

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// NetworkFilesystem returns what kind of network file system a file is on, such
// as NFS; "" if it is on none that is known. SQLite's journal needs memory that
// all readers share, and locks of such file systems are not always true.
func NetworkFilesystem(path string) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil && unix.Statfs(filepath.Dir(path), &st) != nil {
		return ""
	}
	switch uint32(st.Type) { //nolint:gosec // a magic number of 32 bits, whatever the type of the field
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.AFS_FS_MAGIC, unix.AFS_SUPER_MAGIC:
		return "AFS"
	case unix.CEPH_SUPER_MAGIC:
		return "CephFS"
	}
	return ""
}
