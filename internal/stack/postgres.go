package stack

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // a driver
	_ "modernc.org/sqlite"             // another one

	"github.com/yourturn/yourturn/internal/suite"
)

// storeVariable says on which kind of database tests make their stores: "postgres", or a
// SQLite file by default.
const storeVariable = "YOURTURN_STORE"

// OnPostgres reports whether tests make their stores in PostgreSQL.
func OnPostgres() bool { return os.Getenv(storeVariable) == "postgres" }

// StoreURL returns the URL of a test's store: the SQLite file at path, or, in PostgreSQL, a
// database of its own for each path, which is removed after the test.
func StoreURL(t testing.TB, path string) string {
	t.Helper()
	if !OnPostgres() {
		return "sqlite:" + path
	}
	return StartPostgres(t).Database(t, path)
}

// OpenSQL opens the database behind the URL of a test's store, for what no store does.
func OpenSQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, name = "sqlite", path
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // what was written was committed
	return db
}

// NeedsFile skips a test of what is the SQLite file's own, where stores are in PostgreSQL.
func NeedsFile(t testing.TB) {
	t.Helper()
	if OnPostgres() {
		t.Skip("it is about the file of a store")
	}
}

// Postgres is a running server of PostgreSQL.
type Postgres struct {
	Dir, Address string
	bin          string
	owner        *syscall.Credential // as whom it runs; nil: as this process
	disk         string              // the size of the disk of its databases, as mount has it; "": they are beside its log
	cmd          *exec.Cmd
	alive        io.Closer // ends the server when it is closed

	mu   sync.Mutex
	made map[string]bool
}

// sharedServer is one that all tests of a package share.
type sharedServer struct {
	sync.Mutex
	server *Postgres
	err    error
}

var shared sharedServer //nolint:gochecknoglobals // as its name says

// Main runs a package's tests, and stops the server that they shared. Where stores are in
// PostgreSQL it starts the server before, because a test may have a clock of its own.
func Main(m *testing.M) {
	if OnPostgres() {
		shared.start() //nolint:errcheck // the first test that wants it says why it does not run
	}
	m.Run() // its code is that of the process
	shared.Lock()
	if shared.server != nil {
		shared.server.remove()
	}
	shared.Unlock()
}

// start starts the server, unless it was started.
func (s *sharedServer) start() (*Postgres, error) {
	s.Lock()
	defer s.Unlock()
	if s.server == nil && s.err == nil {
		s.server, s.err = newPostgres("")
	}
	return s.server, s.err
}

// StartPostgres returns a server that the tests of a package share; their TestMain is Main.
// Without the program the test skips, unless nothing may skip.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	p, err := shared.start()
	if errors.Is(err, exec.ErrNotFound) {
		suite.Lacks(t, "postgres", "postgresql")
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// OwnPostgres returns a server that a test has for itself, and may stop. It is removed after
// the test. Without the program the test skips, unless nothing may skip.
func OwnPostgres(t testing.TB) *Postgres {
	t.Helper()
	p, err := newPostgres("")
	if errors.Is(err, exec.ErrNotFound) {
		suite.Lacks(t, "postgres", "postgresql")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.remove)
	return p
}

// Trust has the server let everybody in who comes from a network, in the form of CIDR, from
// its next start on. Where it listens is a setting of Start.
func (p *Postgres) Trust(t testing.TB, network string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(p.data(), "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "host all all %s trust\n", network); err != nil {
		t.Fatal(err)
	}
}

// Log returns what the server has logged.
func (p *Postgres) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// postgresPrograms returns the folder of the newest server: Debian has it in no PATH.
func postgresPrograms() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.Max(found))
}

func newPostgres(disk string) (*Postgres, error) {
	bin := postgresPrograms()
	if bin == "" {
		return nil, exec.ErrNotFound
	}
	address, err := freeAddress(context.Background())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	p := &Postgres{Dir: dir, Address: address, bin: bin, disk: disk, made: map[string]bool{}}
	if os.Getuid() == 0 { // as whom it refuses to run
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32) //nolint:errcheck // it is a number
		gid, _ := strconv.ParseUint(u.Gid, 10, 32) //nolint:errcheck // it is a number
		p.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil { //nolint:gosec // it is a small number
			return nil, err
		}
	}
	if err := p.mounts(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Nothing of it outlives the tests, so it need not reach the disk.
	init := p.program("initdb", "-D", p.data(), "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return p, p.Start()
}

func (p *Postgres) data() string { return filepath.Join(p.Dir, "data") }

// program is a program of the server, in its folder and as its user.
func (p *Postgres) program(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(p.bin, name), args...) // Main stops it
	cmd.Dir = p.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.owner}
	return cmd
}

// Start starts the server, again after Stop, and waits until it answers.
func (p *Postgres) Start(settings ...string) error {
	_, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		return err
	}
	args := []string{
		"-D", p.data(), "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "synchronous_commit=off",
		"-c", "full_page_writes=off", "-c", "max_connections=1000",
	}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	p.cmd = p.onDisk(p.program("postgres", args...))
	// The shell ends it when this process, which holds the other end of its input, is gone.
	p.cmd.Path, p.cmd.Args = "/bin/sh", slices.Concat([]string{"sh", "-c", `"$@" & cat >/dev/null; kill -INT $!; wait`, "sh"}, p.cmd.Args)
	if p.alive, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(p.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	var last error
	for range 600 {
		conn, err := pgx.Connect(context.Background(), p.URL("postgres"))
		if err == nil {
			return conn.Close(context.Background())
		}
		last = err
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(filepath.Join(p.Dir, "log")) //nolint:errcheck // it is shown if it is there
	return fmt.Errorf("postgres does not answer: %w\n%s", last, text)
}

// Secure starts the server again: it takes connections over TLS, by a certificate that the
// authority that it returns has signed, and then by a password, which every user but
// postgres needs.
func (p *Postgres) Secure(t testing.TB) *Authority {
	t.Helper()
	if err := p.Stop(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	a := NewAuthority(t, p.Dir)
	a.Sign(t, "server", 2)
	const rules = "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
	if err := os.WriteFile(filepath.Join(p.Dir, "hba"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := []string{"ssl=on"}
	for setting, name := range map[string]string{"ssl_cert_file": "server.crt", "ssl_key_file": "server.key", "hba_file": "hba"} {
		file := filepath.Join(p.Dir, name)
		settings = append(settings, setting+"="+file)
		if p.owner == nil {
			continue
		}
		if err := os.Chown(file, int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Start(settings...); err != nil {
		t.Fatal(err)
	}
	return a
}

// Stop ends the server with a signal, and waits for it: SIGINT breaks connections off,
// SIGQUIT is a crash.
func (p *Postgres) Stop(sig syscall.Signal) error {
	text, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		return err
	}
	if err := errors.Join(syscall.Kill(pid, sig), p.alive.Close()); err != nil {
		return err
	}
	p.cmd.Wait() //nolint:errcheck // a crash is an error too
	return nil
}

func (p *Postgres) remove() {
	p.Stop(syscall.SIGINT) //nolint:errcheck // the tests are over
	os.RemoveAll(p.Dir)    //nolint:errcheck // it is temporary
}

// URL returns the URL of a database.
func (p *Postgres) URL(database string) string {
	return "postgres://postgres@" + p.Address + "/" + database + "?sslmode=disable"
}

// Environ returns an environment in which the programs of PostgreSQL are found, and ask the
// server as its superuser.
func (p *Postgres) Environ() []string {
	host, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		panic(err) // it was listened on
	}
	return append(os.Environ(), "PATH="+p.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "PGHOST="+host, "PGPORT="+port, "PGUSER=postgres", "PGSSLMODE=disable")
}

// Database returns the URL of the database that goes by a name, and makes it where a test
// asks for it first.
func (p *Postgres) Database(t testing.TB, name string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	database := "y" + hex.EncodeToString(sum[:10])
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.made[database] {
		p.made[database] = true
		p.Exec(t, "postgres", "CREATE DATABASE "+database+p.space())
		t.Cleanup(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.made, database)
			p.Exec(t, "postgres", "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
		})
	}
	return p.URL(database)
}

// Exec runs a statement in a database.
func (p *Postgres) Exec(t testing.TB, database, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, p.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it was used
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// flushes is how often a server was asked to write all it has.
var flushes atomic.Int64 //nolint:gochecknoglobals // names are used once by all tests

// Bytes returns what the files of a database hold, once the server has written all of it.
func (p *Postgres) Bytes(t testing.TB, database string) string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, p.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it was used
	var oid int64
	if err := conn.QueryRow(ctx, `SELECT oid::bigint FROM pg_database WHERE datname = current_database()`).Scan(&oid); err != nil {
		t.Fatal(err)
	}
	// CHECKPOINT writes no unlogged table. What makes a database by a copy of files does.
	name := fmt.Sprintf("flush_%d_%d", oid, flushes.Add(1))
	for _, text := range []string{`CREATE DATABASE ` + name + ` TEMPLATE template0 STRATEGY file_copy`, `DROP DATABASE ` + name} {
		if _, err := conn.Exec(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(p.data(), "base", strconv.FormatInt(oid, 10), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the database %s has %d files: %v", database, len(files), err)
	}
	var all strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // it is a table's that was just rewritten
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// StartPooler starts pgbouncer, which gives a connection for a transaction, before the
// database at a URL, and returns the URL of that database through it.
func StartPooler(t testing.TB, program string, server *Postgres, database string) string {
	t.Helper()
	name := strings.TrimSuffix(database[strings.LastIndexByte(database, '/')+1:], "?sslmode=disable")
	address := Free(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	serverHost, serverPort, err := net.SplitHostPort(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pgbouncer") //nolint:usetesting // another user must reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // it is temporary
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
%s = host=%s port=%s user=postgres dbname=%s
[pgbouncer]
listen_addr = %s
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
`, name, serverHost, serverPort, name, host, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil { //nolint:gosec // another user reads it
		t.Fatal(err)
	}
	if server.owner != nil {
		if err := os.Chown(dir, int(server.owner.Uid), int(server.owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, config) // the cleanup stops it
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: server.owner}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
		cmd.Wait()                          //nolint:errcheck // after the signal any exit code is fine
	})
	url := "postgres://postgres@" + address + "/" + name + "?sslmode=disable"
	Eventually(t, "pgbouncer answers", func(ctx context.Context) bool {
		conn, err := pgx.Connect(ctx, url+"&default_query_exec_mode=exec")
		return err == nil && conn.Close(ctx) == nil
	})
	return url
}
