package app

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestBuild holds what a binary says that it was built from.
func TestBuild(t *testing.T) {
	info := func(version string, settings ...string) *debug.BuildInfo {
		b := &debug.BuildInfo{Main: debug.Module{Version: version}}
		for i := 0; i < len(settings); i += 2 {
			b.Settings = append(b.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return b
	}
	for _, tc := range []struct {
		name              string
		info              *debug.BuildInfo
		version, revision string // that the linker was told
		want              Build
	}{
		{"nothing is known", nil, "", "", Build{Version: "dev", Revision: "unknown"}},
		{"no checkout", info("(devel)"), "", "", Build{Version: "dev", Revision: "unknown"}},
		{"installed", info("v1.2.3"), "", "", Build{Version: "v1.2.3", Revision: "unknown"}},
		{"a checkout", info("v1.2.3", "vcs.revision", "abc", "vcs.modified", "false"), "", "", Build{Version: "v1.2.3", Revision: "abc"}},
		{"a checkout with changes", info("v1.2.3+dirty", "vcs.revision", "abc", "vcs.modified", "true"), "", "", Build{Version: "v1.2.3+dirty", Revision: "abc-dirty"}},
		{"the linker was told", info("(devel)", "vcs.revision", "abc", "vcs.modified", "true"), "v2", "def", Build{Version: "v2", Revision: "def"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.GoVersion = runtime.Version()
			if got := buildOf(tc.info, tc.version, tc.revision); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
