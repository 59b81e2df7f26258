package config

import (
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
)

// shortestSecret is how many bytes a webhook secret needs at least. Whoever has seen
// one signed webhook can try secrets as fast as they can hash.
const shortestSecret = 16

// Exposure is a way for others to get at a secret of the config, or at what it protects.
type Exposure struct {
	Key    string // of the config, such as jira.token_file
	Text   string // what is exposed; it never holds the secret
	Remedy string
}

func (e Exposure) String() string { return e.Key + ": " + e.Text + "; " + e.Remedy }

// Exposures returns what of the config is open to others: files of secrets that
// every user of this machine may read, a webhook secret that can be guessed, and a
// token that crosses a network unencrypted. It looks at the files as they are now.
func (c *Config) Exposures() []Exposure {
	var out []Exposure
	if u, err := url.Parse(c.Jira.URL); err == nil && u.Scheme == "http" && !Loopback(u.Hostname()) {
		out = append(out, Exposure{"jira.url", "http:// sends the token to " + u.Hostname() + " unencrypted", "write https://"})
	}
	for _, f := range []struct{ key, name string }{
		{"jira.token_file", c.Jira.TokenFile},
		{"webhook.secret_file", c.Webhook.SecretFile},
		{"privacy.key_file", c.Privacy.KeyFile},
	} {
		if f.name == "" {
			continue
		}
		if mode, open := openToAll(f.name, onReadOnly); open {
			out = append(out, Exposure{f.key, fmt.Sprintf("%s is open to every user of this machine (mode %04o)", f.name, mode), "run chmod 600 on it"})
		}
	}
	if n := len(c.Webhook.Secret.Reveal()); n > 0 && n < shortestSecret {
		out = append(out, Exposure{
			"webhook.secret_file", fmt.Sprintf("the secret has %d characters and can be guessed", n),
			fmt.Sprintf("write a random one of %d characters or more, at both ends", shortestSecret),
		})
	}
	return out
}

// Loopback reports whether a host, a name or an IP address, is this machine alone.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// openToAll returns the mode of a file, and whether every user of this machine can
// read or write it: that takes the file's mode and those of the folders on the way.
// A file on a read-only file system counts as closed: there a secret is mounted into
// a container, whose only user reads it, and its mode cannot be changed.
func openToAll(name string, mountedReadOnly func(path string) bool) (mode fs.FileMode, open bool) {
	const read, write, search = 0o004, 0o002, 0o001
	if runtime.GOOS == "windows" { // its modes say nothing about other users
		return 0, false
	}
	path, err := filepath.EvalSymlinks(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return 0, false
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode()&(read|write) == 0 || mountedReadOnly(path) {
		return 0, false
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if folder, err := os.Stat(dir); err != nil || folder.Mode()&search == 0 {
			return 0, false
		}
		if dir == filepath.Dir(dir) {
			return info.Mode().Perm(), true
		}
	}
}
