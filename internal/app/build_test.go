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
		name string
		info *debug.BuildInfo
		told Build // the linker was
		want Build
	}{
		{"nothing is known", nil, Build{}, Build{Version: "dev", Revision: "unknown"}},
		{"no checkout", info("(devel)"), Build{}, Build{Version: "dev", Revision: "unknown"}},
		{"installed", info("v1.2.3"), Build{}, Build{Version: "v1.2.3", Revision: "unknown"}},
		{"a checkout", info("v1.2.3", "vcs.revision", "abc", "vcs.time", "now", "vcs.modified", "false"), Build{}, Build{Version: "v1.2.3", Revision: "abc", Date: "now"}},
		{"a checkout with changes", info("v1.2.3+dirty", "vcs.revision", "abc", "vcs.modified", "true"), Build{}, Build{Version: "v1.2.3+dirty", Revision: "abc-dirty"}},
		{"the linker was told no date", info("(devel)", "vcs.revision", "abc", "vcs.time", "now"), Build{Version: "v2", Revision: "def"}, Build{Version: "v2", Revision: "def"}},
		{"the linker was told", info("(devel)", "vcs.revision", "abc", "vcs.time", "now", "vcs.modified", "true"), Build{Version: "v2", Revision: "def", Date: "then"}, Build{Version: "v2", Revision: "def", Date: "then"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.want.GoVersion = runtime.Version()
			if got := buildOf(tc.info, tc.told); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// TestBuildInALine holds what --version prints behind the name.
func TestBuildInALine(t *testing.T) {
	for want, b := range map[string]Build{
		"dev (revision unknown, go1)":   {Version: "dev", Revision: "unknown", GoVersion: "go1"},
		"v1 (revision abc of now, go1)": {Version: "v1", Revision: "abc", Date: "now", GoVersion: "go1"},
	} {
		if got := b.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
