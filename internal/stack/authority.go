package stack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates for tests, in files of a folder.
type Authority struct {
	Dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns an authority whose own certificate is ca.crt in a folder.
func NewAuthority(t testing.TB, dir string) *Authority {
	t.Helper()
	a := &Authority{Dir: dir}
	a.cert, a.key = a.sign(t, "ca", 1)
	return a
}

// Sign writes a certificate of a name and a serial number, and its key: NAME.crt and
// NAME.key. It is good for servers and clients on this machine.
func (a *Authority) Sign(t testing.TB, name string, serial int64) {
	t.Helper()
	a.sign(t, name, serial)
}

func (a *Authority) sign(t testing.TB, name string, serial int64) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost", "yourturn.example.com"}, BasicConstraintsValid: true, IsCA: a.cert == nil,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(a.Dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// Client returns a client that trusts the authority, and has the certificate of a
// name unless that is "". Each of its requests has a connection of its own.
func (a *Authority) Client(t testing.TB, name string) *http.Client {
	t.Helper()
	trusted := &tls.Config{RootCAs: x509.NewCertPool()} //nolint:gosec // the oldest version is the default's
	trusted.RootCAs.AddCert(a.cert)
	if name != "" {
		own, err := tls.LoadX509KeyPair(filepath.Join(a.Dir, name+".crt"), filepath.Join(a.Dir, name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		trusted.Certificates = []tls.Certificate{own}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: trusted, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
}
