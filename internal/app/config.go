package app

import (
	"fmt"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/listen"
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
	if err := cfg.Unsupported(); err != nil {
		return nil, ConfigError{err}
	}
	return cfg, nil
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
