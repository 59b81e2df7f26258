package app

import (
	"sync/atomic"

	"github.com/yourturn/yourturn/config"
)

// inForce holds the config in force, for all parts of a service. It is safe for concurrent
// use: who asks twice may get two configs, so a request asks once. While a cycle runs it
// stays the same.
type inForce struct{ config atomic.Pointer[config.Config] }

// cfg returns the config in force; nil before the first is put in force.
func (f *inForce) cfg() *config.Config { return f.config.Load() }

// put puts a config in force.
func (f *inForce) put(cfg *config.Config) { f.config.Store(cfg) }
