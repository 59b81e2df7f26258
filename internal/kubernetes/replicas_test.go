package kubernetes

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/yourturn/yourturn/internal/stack"
)

// password is that of the database's user. A file of passwords has two of its characters
// otherwise.
const password = `s3cr:t\pg`

// pgpass returns the file of passwords that the page has, with a password.
func pgpass(t *testing.T, password string) string {
	t.Helper()
	line := regexp.MustCompile("`([^`]*:PASSWORD)`").FindStringSubmatch(page(t))
	if line == nil {
		t.Fatal("the page does not say what pgpass holds")
	}
	return strings.Replace(line[1], "PASSWORD", strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(password), 1)
}

// secured has the server that the tests share ask for a password, over TLS. authority is the
// certificate of who signed the server's.
var (
	secured   sync.Once //nolint:gochecknoglobals // as its name says
	authority string    //nolint:gochecknoglobals // it is the server's
)

// database makes the database that the config of an installation names, empty, on a server
// that lets in nobody but its user, over TLS, with the password. It returns the Secrets, and
// where the server is instead. For a store in a file there is none.
func database(t *testing.T, in installation) (secrets map[string]string, changes []string) {
	t.Helper()
	secrets = fixed(t)
	if runs(t, in).set != nil {
		return secrets, nil
	}
	server := stack.StartPostgres(t)
	secured.Do(func() {
		a := server.Secure(t)
		authority = string(read(t, a.Dir, "ca.crt"))
		server.Exec(t, "postgres", "CREATE ROLE yourturn LOGIN PASSWORD '"+password+"'")
	})
	server.Exec(t, "postgres", "DROP DATABASE IF EXISTS yourturn WITH (FORCE)")
	server.Exec(t, "postgres", "CREATE DATABASE yourturn OWNER yourturn ENCODING 'UTF8' TEMPLATE template0")
	secrets["ca.crt"] = authority
	return secrets, []string{"db.example.com:5432", server.Address}
}

// numbers returns the lines of a scrape that are about waits, and the revision that they are
// of.
func numbers(body string) (lines []string, revision string) {
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "po_") {
			lines = append(lines, line)
		}
		if n, ok := strings.CutPrefix(line, "yourturn_replica_revision "); ok {
			revision = n
		}
	}
	return lines, revision
}

// TestPodsShareADatabase runs two pods at once, as they are mounted, on a database that is
// empty. Neither is ready before Jira answers; then both are, and scrapes of both have the
// same numbers. Of the one that polls the other takes over, and stays ready.
func TestPodsShareADatabase(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "")
	in := installations(t, "replicas")["replicas"]
	secrets, changes := database(t, in)
	opened := make(chan struct{})
	changes = append(changes, "https://example.atlassian.net", jira(t, opened))
	container := product(t, in)
	var pods []*served
	var at []string
	for range 2 {
		probes := stack.Free(t)
		_, file := mounts(t, in, secrets, slices.Concat(changes, []string{"127.0.0.1:9817", stack.Free(t), ":9819", probes})...)
		at = append(at, "http://"+probes)
		pods = append(pods, serve(t, append(slices.Clone(container.Args), "--config.file", file)))
	}
	ok := func(status int, _ string) bool { return status == http.StatusOK }
	ready := container.ReadinessProbe.HTTPGet.Path
	for i, s := range pods {
		for _, p := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe} {
			s.await(at[i]+p.HTTPGet.Path, ok)
		}
		if status, body := asked(t.Context(), at[i]+ready, nil); status != http.StatusServiceUnavailable {
			t.Errorf("before Jira answers readiness is %d: %s", status, body)
		}
	}
	close(opened)
	for i, s := range pods {
		s.await(at[i]+ready, ok)
	}
	var polls int
	compared := false
	pods[0].await(at[0]+"/metrics", func(_ int, first string) bool {
		_, second := asked(t.Context(), at[1]+"/metrics", nil)
		one, before := numbers(first)
		other, after := numbers(second)
		if before == "" || before != after {
			return false // one of them has not seen the last poll yet
		}
		compared = true
		if diff := gocmp.Diff(one, other); diff != "" || !slices.Contains(one, `po_waits_open{kind="acceptance",owner="ada",project="PAY"} 1`+"\n") {
			t.Errorf("at the same revision the pods have other numbers (-first +second), or none of the wait:\n%s\n%s", diff, strings.Join(one, ""))
		}
		if polls = 0; strings.Contains(second, "\nyourturn_replica_writes 1\n") {
			polls = 1
		}
		if writes := strings.Count(first+second, "\nyourturn_replica_writes 1\n"); writes != 1 {
			t.Errorf("%d pods poll Jira", writes)
		}
		return true
	})
	if !compared {
		t.Fatal("no scrapes were compared")
	}
	pods[polls].stop()
	if code := <-pods[polls].ended; code != 0 {
		t.Errorf("stopped, the pod that polls ended with %d:\n%s", code, &pods[polls].said)
	}
	other := pods[1-polls]
	other.await(at[1-polls]+"/metrics", func(_ int, body string) bool { return strings.Contains(body, "\nyourturn_replica_writes 1\n") })
	if status, body := asked(t.Context(), at[1-polls]+ready, nil); status != http.StatusOK {
		t.Errorf("the pod that took over answers readiness with %d: %s", status, body)
	}
	other.stop()
	if code := <-other.ended; code != 0 {
		t.Errorf("stopped, the other pod ended with %d:\n%s", code, &other.said)
	}
}

// TestAWrongSecret holds what the page quotes of a pod that the database does not let in, and
// of one that does not trust it.
func TestAWrongSecret(t *testing.T) {
	t.Setenv("YOURTURN_JIRA_TOKEN", "")
	in := installations(t, "replicas")["replicas"]
	text := page(t)
	for _, tc := range []struct{ name, key, held, said string }{
		{"another password", "pgpass", pgpass(t, "another"), "password authentication failed"},
		{"no password", "pgpass", "", "password authentication failed"},
		{"another authority", "ca.crt", string(read(t, stack.NewAuthority(t, t.TempDir()).Dir, "ca.crt")), "certificate signed by unknown authority"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			secrets, changes := database(t, in)
			secrets[tc.key] = tc.held
			mounts(t, in, secrets, append(changes, "127.0.0.1:9817", stack.Free(t), ":9819", stack.Free(t))...)
			s := serve(t, product(t, in).Args)
			code := <-s.ended
			if said := s.said.String(); code != 1 || !strings.Contains(said, tc.said) || !strings.Contains(text, tc.said) || strings.Contains(said, password) {
				t.Errorf("it ended with %d, and it or the page does not say %q:\n%s", code, tc.said, said)
			}
		})
	}
}
