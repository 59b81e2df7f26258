package jirasim

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxLine bounds a line of an export: an issue of thousands of records is long.
const maxLine = 256 << 20

// LoadExport returns a Site with the issues of an export: a .jsonl or
// .jsonl.gz file, or a folder of them, an issue a line as GET
// issue?expand=changelog answers it, with all its records and comments.
//
// Ids and instants are kept, and fields are served as they were. Users,
// projects, statuses, types and fields are collected from the issues and their
// histories; projects have no lead, and a status that no issue is in any more
// counts as in progress. When the export is of the other flavour, its users get
// the ids of this one, in fields and in mentions.
//
// An error names the file and the line, and what would be right.
func LoadExport(path string, flavor Flavor, now func() time.Time) (*Site, error) {
	files, err := exportFiles(path)
	if err != nil {
		return nil, err
	}
	l := newImporter(NewSite(flavor, now))
	for _, f := range files {
		if err := l.file(f); err != nil {
			return nil, err
		}
	}
	if len(l.site.issues) == 0 {
		return nil, fmt.Errorf("export %s holds no issue: each line must be an issue as GET issue?expand=changelog answers it", path)
	}
	l.finish()
	return l.site, nil
}

// exportFiles returns the files of an export, by name.
func exportFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("export: %w: give a .jsonl or .jsonl.gz file, or a folder of them", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	var files []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".jsonl") || strings.HasSuffix(e.Name(), ".jsonl.gz") {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("export: the folder %s holds no .jsonl or .jsonl.gz file", path)
	}
	return files, nil
}

// file reads one file.
func (l *importer) file(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("export %s: %w: a .gz file must be compressed by gzip", path, err)
		}
	}
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 1<<20), maxLine)
	n := 0
	for scan.Scan() {
		n++
		l.place = fmt.Sprintf("%s:%d", path, n)
		if strings.TrimSpace(scan.Text()) == "" {
			continue
		}
		if err := l.issue(scan.Bytes()); err != nil {
			return fmt.Errorf("export %s: %w", l.place, err)
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("export %s:%d: %w: is the file cut off?", path, n+1, err)
	}
	return nil
}
