//go:build race

package main

func init() { underRace = true } //nolint:gochecknoinits // a build tag can do no more
