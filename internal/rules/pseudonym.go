package rules

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/yourturn/yourturn/config"
	"github.com/yourturn/yourturn/internal/latency"
)

// hashed is how many bytes of a hash a pseudonym shows: enough for millions of people
// to have different ones.
const hashed = 8

// keyed are pseudonyms by a key: HMAC-SHA-256 (RFC 2104). The same key gives the same
// ones, at every start and on every machine. Without the key nobody can tell whose a
// pseudonym is, not even by trying all accounts there are.
type keyed struct{ key string }

// Of implements latency.Pseudonyms.
func (k keyed) Of(person string) string { return "p-" + k.hash("person", person) }

func (k keyed) hash(of, text string) string {
	mac := hmac.New(sha256.New, []byte(k.key))
	mac.Write([]byte(of + "\x00" + text))
	return hex.EncodeToString(mac.Sum(nil)[:hashed])
}

// Pseudonyms returns the pseudonyms of a config; nil if it wants none.
func Pseudonyms(p config.Privacy) latency.Pseudonyms {
	if !p.Pseudonyms {
		return nil
	}
	return keyed{p.Key.Reveal()}
}

// Naming identifies what people are called in what leaves the service; "" is what
// they are called by themselves. It does not tell the key.
func Naming(cfg *config.Config) string {
	switch {
	case !cfg.Privacy.PerOwner:
		return "together"
	case cfg.Privacy.Pseudonyms:
		return "pseudonyms " + keyed{cfg.Privacy.Key.Reveal()}.hash("naming", "")
	}
	return ""
}

// Markers lists the texts that rules of a config look for at the beginning of
// comments.
func Markers(cfg *config.Config) []string {
	out := []string{latency.WithdrawnMarker}
	settings := []config.QuestionSettings{cfg.Defaults.Question}
	for _, p := range cfg.Projects {
		settings = append(settings, p.Question)
	}
	for _, q := range settings {
		out = append(append(out, q.Markers...), q.AnsweredMarkers...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
