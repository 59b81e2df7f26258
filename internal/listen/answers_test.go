package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/yourturn/yourturn/internal/stack"
)

// TestAnswers asks servers of all kinds whether they do anything.
func TestAnswers(t *testing.T) {
	a := stack.NewAuthority(t, t.TempDir())
	a.Sign(t, "server", 7)
	hash, err := bcrypt.GenerateFromPassword([]byte("s3cret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"open":                "",
		"passwords":           fmt.Sprintf("basic_auth_users: {prometheus: %q}\n", hash),
		"TLS":                 "tls_server_config: {cert_file: server.crt, key_file: server.key}\n",
		"client certificates": "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert}\n",
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Connections: 1}
			if text != "" {
				o.ConfigFile = written(t, a, "web.yml", text)
			}
			if err := Answers(t.Context(), begin(t, http.NotFoundHandler(), o)); err != nil {
				t.Error(err)
			}
		})
	}

	t.Run("it has all connections that it may have", func(t *testing.T) {
		reached, release := make(chan struct{}), make(chan struct{})
		address := begin(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(reached)
			<-release
		}), Options{Connections: 1})
		t.Cleanup(func() { close(release) })
		fmt.Fprint(dial(t, address), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		<-reached
		if err := Answers(t.Context(), address); err != nil {
			t.Error(err)
		}
	})
	t.Run("its handlers hang", func(t *testing.T) {
		release := make(chan struct{})
		address := begin(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }), Options{Connections: 2})
		t.Cleanup(func() { close(release) })
		ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if err := Answers(ctx, address); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("there is none", func(t *testing.T) {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close() //nolint:errcheck // nothing was sent
		if err := Answers(t.Context(), l.Addr().String()); err == nil {
			t.Error("it answers")
		}
	})
}
