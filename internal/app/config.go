package app

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/listen"
	"github.com/yourturn/yourturn/metrics"
)

// ConfigError is an error in the config. Nothing was done.
type ConfigError struct{ error }

func (e ConfigError) Unwrap() error { return e.error }

// inConfig returns err as an error in the file of a config.
func inConfig(cfg *config.Config, err error) error {
	return ConfigError{fmt.Errorf("%s: %w", cfg.File(), err)}
}

// LoadConfig reads the config in a file. Any error in it is a ConfigError, and so
// is a key that this version cannot act on.
func LoadConfig(path string) (*config.Config, error) { return loadConfig(config.Load(path)) }

// LoadDemo is LoadConfig for a config that this program wrote: its token is in a
// file, and the one in the environment is another Jira's.
func LoadDemo(path string) (*config.Config, error) { return loadConfig(config.LoadIn(path, nil)) }

func loadConfig(cfg *config.Config, err error) (*config.Config, error) {
	if err != nil {
		return nil, ConfigError{err}
	}
	if err := errors.Join(cfg.Unsupported(), checkFamilies(cfg)); err != nil {
		return nil, ConfigError{err}
	}
	return cfg, nil
}

// checkFamilies returns an error for each name in metrics.families of which no metric may
// be left out.
func checkFamilies(cfg *config.Config) error {
	var errs []error
	optional := metrics.Optional()
	for _, name := range slices.Sorted(maps.Keys(cfg.Metrics.Families)) {
		if slices.Contains(optional, name) {
			continue
		}
		key := "metrics.families." + name
		remedy := "docs/metrics.md lists those that may be left out"
		if near := config.Nearest(name, optional, 1); len(near) > 0 {
			remedy = "did you mean " + near[0] + "?"
		}
		errs = append(errs, fmt.Errorf("%s:%d: %s: is no family that may be left out; %s", cfg.File(), cfg.Line(key), key, remedy))
	}
	return errors.Join(errs...)
}

// CheckWeb returns what the config's web.config_file protects. An error in that
// file, or in those that it names, is a ConfigError.
func CheckWeb(cfg *config.Config) (listen.Protection, error) {
	p, err := listen.Check(cfg.Web.ConfigFile)
	if err != nil {
		err = inConfig(cfg, err)
	}
	return p, err
}
