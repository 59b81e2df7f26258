package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Exists returns an error unless there is a file at path.
func Exists(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("store %s: %w: run `yourturn sync` or `yourturn serve` first, or set store.url", path, err)
	}
	return nil
}

// Folder returns an error unless the folder of a file exists.
func Folder(path string) error {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: there is no folder %s: create it", path, dir)
	}
	return nil
}

// Writable returns why no database can be written at path; SQLite's own error
// says less.
func Writable(path string) error {
	if err := Folder(path); err != nil {
		return fmt.Errorf("store %w, or set store.url", err)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("store %s: it is a folder: set store.url to a file in it, such as sqlite:%s", path, filepath.Join(path, "yourturn.db"))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store %s: %w: make the file and its folder writable, or set store.url", path, err)
	}
	return f.Close()
}

// others are the bits of a mode that let in every user but a file's owner and its group.
const others = fs.FileMode(0o007)

// OpenToAll returns the mode of the store at path, and whether it lets every user of
// this machine in. A store holds names, and who waits for whom.
func OpenToAll(path string) (mode fs.FileMode, open bool) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" { // whose modes say nothing about other users
		return 0, false
	}
	return info.Mode().Perm(), info.Mode()&others != 0
}

// Narrow closes the files of the store at path to all users but their owner and their
// group. It reports whether one was open. New files of the database get the mode of the
// first.
func Narrow(path string) (narrowed bool, err error) {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if mode, open := OpenToAll(name); open {
			narrowed, err = true, errors.Join(err, os.Chmod(name, mode&^others))
		}
	}
	return narrowed, err
}
