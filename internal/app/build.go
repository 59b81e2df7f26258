package app

import (
	"runtime"
	"runtime/debug"
)

// version may be set by the linker; else it is the module's own.
var version = "" //nolint:gochecknoglobals // -ldflags -X needs a variable

// Build is what the binary was built from.
type Build struct{ Version, Revision, GoVersion string }

// BuildInfo returns what this binary was built from, as far as it knows.
func BuildInfo() Build {
	b := Build{Version: version, Revision: "unknown", GoVersion: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		if b.Version == "" {
			b.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				b.Revision = s.Value
			}
		}
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "dev"
	}
	return b
}
