package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestRelease holds .goreleaser.yaml to what the image is built with, and that what it
// takes into a release is there. `goreleaser check` knows its keys.
func TestRelease(t *testing.T) {
	var release struct {
		Version int
		Before  struct{ Hooks []string }
		Builds  []struct {
			Main         string
			Env          []string
			Flags        []string
			Ldflags      []string
			ModTimestamp string `yaml:"mod_timestamp"`
		}
		Archives []struct{ Files []struct{ Src string } }
		SBOMs    []struct {
			Artifacts, Cmd string
			Args           []string
		} `yaml:"sboms"`
		Checksum struct{ Algorithm string }
	}
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &release); err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(CGO_ENABLED=\d) go build (\S+) -ldflags="(.*?) -X `).FindStringSubmatch(string(image))
	if m == nil {
		t.Fatal("the Dockerfile builds in another way: mend the test")
	}
	if len(release.Builds) != 1 || len(release.Archives) != 1 || len(release.SBOMs) != 1 || release.Version != 2 {
		t.Fatalf("the release has %d builds, %d archives and %d bills of materials, in version %d", len(release.Builds), len(release.Archives), len(release.SBOMs), release.Version)
	}
	build := release.Builds[0]
	if !slices.Equal(build.Env, []string{m[1]}) || !slices.Equal(build.Flags, []string{m[2], "-buildvcs=true"}) || !slices.Equal(build.Ldflags, []string{m[3]}) {
		t.Errorf("a release is built with %v, %v and %v, and the image with %v", build.Env, build.Flags, build.Ldflags, m[1:])
	}
	if build.ModTimestamp != "{{ .CommitTimestamp }}" {
		t.Errorf("the binary has the time %q, so no two builds are the same", build.ModTimestamp)
	}
	if bill := release.SBOMs[0]; bill.Artifacts != "binary" || !strings.Contains(strings.Join(bill.Args, " "), "go run ./internal/supply sbom ") {
		t.Errorf("the bill of materials is %+v", bill)
	}
	if release.Checksum.Algorithm != "sha256" {
		t.Errorf("the checksums are %q", release.Checksum.Algorithm)
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	hooks := strings.Join(release.Before.Hooks, "\n")
	for _, f := range release.Archives[0].Files {
		if folder, made := strings.CutSuffix(f.Src, "/*"); made { // git must not see it, or the version is dirty
			if !strings.Contains(hooks, folder) || !strings.Contains("\n"+string(ignored), "\n/"+folder+"/\n") {
				t.Errorf("no hook makes %s, or git does not ignore it", folder)
			}
		} else if _, err := os.Stat(filepath.Join(root, f.Src)); err != nil {
			t.Error(err)
		}
	}
}
