package listen

import (
	"fmt"
	"net"
	"os"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"github.com/yourturn/yourturn/config"
)

// Protection is what a config file of exporter-toolkit asks of a client.
type Protection struct {
	TLS, BasicAuth, ClientCertificate bool
}

// file is the part of exporter-toolkit's config file that Protection is made from.
type file struct {
	TLS struct {
		Cert       string `yaml:"cert"`
		CertFile   string `yaml:"cert_file"`
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
	Users map[string]string `yaml:"basic_auth_users"`
}

// read reads a config file that exporter-toolkit accepts.
func read(name string) (file, error) {
	var f file
	data, err := os.ReadFile(name)
	if err == nil {
		err = yaml.Unmarshal(data, &f)
	}
	return f, err
}

// Check returns what a config file of exporter-toolkit protects. The error says
// what is wrong with the file, or with those that it names. "" protects nothing.
func Check(name string) (Protection, error) {
	if name == "" {
		return Protection{}, nil
	}
	if err := toolkit.Validate(name); err != nil {
		return Protection{}, fmt.Errorf("web.config_file: %s: %w; it is a file of exporter-toolkit, see docs/access.md", name, err)
	}
	f, err := read(name)
	if err != nil {
		return Protection{}, fmt.Errorf("web.config_file: %s: %w", name, err)
	}
	return Protection{
		TLS: f.TLS.Cert+f.TLS.CertFile != "", BasicAuth: len(f.Users) > 0,
		ClientCertificate: f.TLS.ClientAuth == "RequireAndVerifyClientCert",
	}, nil
}

// HasUser reports whether a config file asks for a user name, and knows this one:
// then a request with it has given the password too.
func HasUser(name, user string) bool {
	f, err := read(name)
	_, known := f.Users[user]
	return err == nil && known
}

// Loopback reports whether an address is reached from this machine alone.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && config.Loopback(host)
}

// Exposed says in sentences what of a config is open to everybody who reaches
// this machine, and what to do. address is where the pages are served.
func Exposed(w config.Web, address string, p Protection) []string {
	var out []string
	protected := w.Identity.Configured() || p.BasicAuth || p.ClientCertificate
	switch {
	case Loopback(address):
	case !protected:
		out = append(out, fmt.Sprintf("pages, metrics and reload are open to everybody who reaches %s, names and waits included: "+
			"set web.config_file or web.identity (docs/access.md), or listen on 127.0.0.1", address))
	case p.BasicAuth && !p.TLS:
		out = append(out, fmt.Sprintf("passwords reach %s unencrypted: add tls_server_config to %s, or listen on 127.0.0.1 behind a proxy with TLS", address, w.ConfigFile))
	}
	if w.ProbeMetrics && w.ProbeAddress != "" && !Loopback(w.ProbeAddress) {
		out = append(out, fmt.Sprintf("metrics are open to everybody who reaches %s, names and waits included: "+
			"let only Prometheus reach it, or set web.probe_metrics to false", w.ProbeAddress))
	}
	return out
}
