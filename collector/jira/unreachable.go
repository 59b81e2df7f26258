package jira

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// hopeless reports whether a request got no answer for a reason that no other try
// changes: there is no such host, its certificate is refused, or one side speaks
// HTTP and the other HTTPS.
func hopeless(err error) bool {
	var name *net.DNSError
	var cert *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &name) && name.IsNotFound && !name.IsTemporary ||
		errors.As(err, &cert) || errors.As(err, &header) || errors.As(err, &alert) ||
		errors.Is(err, http.ErrSchemeMismatch) || spokeTLS(err)
}

// unconnected reports whether a request was not sent because no connection was made.
func unconnected(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// spokeTLS reports whether the answer to an HTTP request is an alert of TLS.
func spokeTLS(err error) bool {
	return strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`)
}

// wantsTLS is what servers answer, with status 400, to HTTP at a port of HTTPS: those
// of Go, nginx, Apache and Tomcat.
var wantsTLS = regexp.MustCompile(`HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled|requires TLS`)

// unreachable returns why no answer came from the Jira at an address, and what to
// do about it: in the words of the network where there are no better ones.
func unreachable(base string, err error) (detail, remedy string) {
	host := base
	u, parseErr := url.Parse(base)
	if parseErr == nil {
		host = u.Host
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect") {
		return err.Error(), "check the proxy: jira.proxy_url, or HTTPS_PROXY, HTTP_PROXY and NO_PROXY in the environment"
	}
	var name *net.DNSError
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	var invalid x509.CertificateInvalidError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return fmt.Sprintf("there is no host %s", name.Name), "check the spelling of jira.url, and that this machine can look the name up"
	case errors.As(err, &unknown):
		return err.Error(), "name a file with the certificate of the authority that signed it in jira.ca_file"
	case errors.As(err, &other), errors.As(err, &invalid):
		return err.Error(), "check the host in jira.url, the clock of this machine, and the certificate of " + host
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &header):
		return fmt.Sprintf("%s does not speak HTTPS", host), "write http:// in jira.url, or the port of HTTPS"
	case spokeTLS(err):
		return fmt.Sprintf("%s speaks HTTPS", host), "write https:// in jira.url"
	case errors.Is(err, errForeignRedirect) && redirectsToTLS(base, err):
		return err.Error(), "write https:// in jira.url"
	case unconnected(err):
		return err.Error(), fmt.Sprintf("check the host and the port in jira.url, that this machine reaches %s, whether it needs jira.proxy_url, and whether Jira is up", host)
	}
	return err.Error(), ""
}

// redirectsToTLS reports whether the address that a foreign redirect leads to is
// the same host with HTTPS.
func redirectsToTLS(base string, err error) bool {
	_, host, ok := strings.Cut(base, "http://")
	host, _, _ = strings.Cut(host, "/")
	name, _, splitErr := net.SplitHostPort(host)
	if splitErr != nil {
		name = host
	}
	return ok && (strings.HasSuffix(err.Error(), "https://"+host) || strings.HasSuffix(err.Error(), "https://"+name))
}
