//go:build race

package e2e

func init() { underRace = true } //nolint:gochecknoinits // a build tag can do no more
