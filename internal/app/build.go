package app

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// version, revision and date may be set by the linker, where the build has no checkout
// to look at, as that of the image; else they are what the go command noted in the binary.
var version, revision, date string //nolint:gochecknoglobals // -ldflags -X needs variables

// Build is what the binary was built from.
type Build struct {
	Version   string // of the module; dev if it has none
	Revision  string // of the checkout, with -dirty behind it where files were changed; unknown if there was none
	Date      string // when that was committed, in RFC 3339; "" if it is not known
	GoVersion string
}

// String returns b in a line, as --version prints it.
func (b Build) String() string {
	of := ""
	if b.Date != "" {
		of = " of " + b.Date
	}
	return fmt.Sprintf("%s (revision %s%s, %s)", b.Version, b.Revision, of, b.GoVersion)
}

// BuildInfo returns what this binary was built from, as far as it knows.
func BuildInfo() Build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info, Build{Version: version, Revision: revision, Date: date})
}

// buildOf returns what a binary was built from, by what the go command noted in
// it, nil if nothing, and by what the linker was told, which wins.
func buildOf(info *debug.BuildInfo, told Build) Build {
	b := told
	b.GoVersion = runtime.Version()
	if info != nil {
		noted := map[string]string{}
		for _, s := range info.Settings {
			noted[s.Key] = s.Value
		}
		if told.Revision == "" { // the date is that of the revision
			b.Date = cmp.Or(b.Date, noted["vcs.time"])
		}
		if b.Revision == "" && noted["vcs.revision"] != "" {
			b.Revision = noted["vcs.revision"]
			if noted["vcs.modified"] == "true" {
				b.Revision += "-dirty"
			}
		}
		if b.Version == "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
	}
	b.Version, b.Revision = cmp.Or(b.Version, "dev"), cmp.Or(b.Revision, "unknown")
	return b
}

// binary returns the hash of the program's file, by which one build is told from
// another even where neither has a version; "" if the file cannot be read.
var binary = sync.OnceValue(func() string { //nolint:gochecknoglobals // it is a constant of the process
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
})
