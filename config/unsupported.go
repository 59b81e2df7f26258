package config

// Unsupported returns an error of type Problems with the keys that the file
// uses and that this version cannot act on; nil if there are none. Accepting and
// ignoring such a key would mislead whoever wrote it.
func (c *Config) Unsupported() error {
	p := report{file: c.file, lines: c.lines}
	for _, k := range unsupportedKeys() {
		if k.used(c) {
			p.on(k.key, "is not supported yet; %s", k.instead)
		}
	}
	return p.err()
}

// unsupportedKey is a key that the file may have and that this version cannot act on.
type unsupportedKey struct {
	key     string
	used    func(*Config) bool // reports whether its value asks for anything
	instead string             // what to do instead
}

func unsupportedKeys() []unsupportedKey {
	return []unsupportedKey{
		{"metrics.native_histograms", func(c *Config) bool { return c.Metrics.NativeHistograms }, "leave it off"},
	}
}
