package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"io"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// sbom writes the bill of materials of a binary: the modules that the linker found in
// it, with their licences, and the standard library. It bears no time and no serial
// number, so the same binary has the same bill.
func sbom(ctx context.Context, binary string, w io.Writer) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("%s: %w: give a binary that the go command built", binary, err)
	}
	known, err := modules(ctx)
	if err != nil {
		return err
	}
	component := func(kind cyclonedx.ComponentType, path, version string, names []string) cyclonedx.Component {
		c := cyclonedx.Component{Type: kind, Name: path, Version: version, PackageURL: "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")}
		c.BOMRef = c.PackageURL
		var list cyclonedx.Licenses
		for _, name := range names {
			list = append(list, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: name}})
		}
		c.Licenses = &list
		return c
	}
	product := component(cyclonedx.ComponentTypeApplication, info.Main.Path, info.Main.Version, []string{"Apache-2.0"})
	parts := []cyclonedx.Component{component(cyclonedx.ComponentTypeLibrary, "std", strings.TrimPrefix(info.GoVersion, "go"), []string{"BSD-3-Clause"})}
	for _, m := range info.Deps {
		at := known[m.Path]
		if at.Version != m.Version {
			return fmt.Errorf("%s has %s %s, and this checkout has %q: build the binary from this checkout", binary, m.Path, m.Version, at.Version)
		}
		names, err := licences(at.Dir)
		if err != nil {
			return err
		}
		parts = append(parts, component(cyclonedx.ComponentTypeLibrary, m.Path, m.Version, names))
	}
	refs := make([]string, len(parts))
	for i, p := range parts {
		refs[i] = p.BOMRef
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &product}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: product.BOMRef, Dependencies: &refs}}
	return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}
