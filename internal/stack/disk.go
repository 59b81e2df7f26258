package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/yourturn/yourturn/internal/suite"
)

// smallSpace is the tablespace of a server whose databases have a disk of their own.
const smallSpace = "small"

// errNoMount means that no disk can be mounted on this machine.
var errNoMount = errors.New("no small disk can be mounted here")

// SmallPostgres returns a server whose databases have a disk of their own, of a size as
// mount has it. What else the server writes, such as its write-ahead log, has room: without
// that it would stop. A test has it for itself, and must not start it again: the disk ends
// with the server. Without the program, or where no disk can be mounted, the test skips,
// unless nothing may skip.
func SmallPostgres(t testing.TB, size string) *Postgres {
	t.Helper()
	p, err := newPostgres(size)
	switch {
	case errors.Is(err, errNoMount): // perhaps for a program that is not found
		suite.Skip(t, err.Error())
	case errors.Is(err, exec.ErrNotFound):
		suite.Lacks(t, "postgres", "postgresql")
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(p.remove)
	p.Exec(t, "postgres", fmt.Sprintf("CREATE TABLESPACE %s LOCATION '%s'", smallSpace, p.mountpoint()))
	return p
}

// mountpoint is the folder on which the disk is mounted, for the server alone.
func (p *Postgres) mountpoint() string { return filepath.Join(p.Dir, "disk") }

// space is where a database is made.
func (p *Postgres) space() string {
	if p.disk == "" {
		return ""
	}
	return " TABLESPACE " + smallSpace
}

// onDisk has a program of the server run where its disk is mounted. The disk is in a
// namespace of the program, and goes when that ends. Only root may mount there, and as root
// no server runs: so the program is in a second namespace, in which it is who it was.
func (p *Postgres) onDisk(cmd *exec.Cmd) *exec.Cmd {
	if p.disk == "" {
		return cmd
	}
	uid, gid := os.Getuid(), os.Getgid()
	if p.owner != nil {
		uid, gid = int(p.owner.Uid), int(p.owner.Gid)
	}
	script := fmt.Sprintf(`mount -t tmpfs -o size=%s none "$0" && exec unshare --user --map-user=%d --map-group=%d "$@"`, p.disk, uid, gid)
	cmd.Args = slices.Concat([]string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, p.mountpoint(), cmd.Path}, cmd.Args[1:])
	return cmd
}

// mounts makes the folder of the disk, where there is to be one, and fails with errNoMount
// if nothing can be mounted on it.
func (p *Postgres) mounts() error {
	if p.disk == "" {
		return nil
	}
	if err := os.Mkdir(p.mountpoint(), 0o700); err != nil {
		return err
	}
	if p.owner != nil {
		if err := os.Chown(p.mountpoint(), int(p.owner.Uid), int(p.owner.Gid)); err != nil {
			return err
		}
	}
	path, err := exec.LookPath("unshare")
	if err != nil {
		return fmt.Errorf("%w: %w", errNoMount, err)
	}
	tried := p.onDisk(p.program("postgres", "--version"))
	tried.Path = path
	if out, err := tried.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %w\n%s", errNoMount, err, out)
	}
	return nil
}

// Fill takes all room on the disk of the databases, and returns what gives it back, in
// pages of 8 KiB: so many of them first, and so on, and in the end all.
func (p *Postgres) Fill(t testing.TB, pages ...int) (release []func()) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it was used
	const perPage = 4     // rows of a table on a page
	for i, n := range append(slices.Clone(pages), 0) {
		table := "filler" + strconv.Itoa(i)
		// It is not logged, for the log need not grow; and nobody may make it smaller.
		p.Exec(t, "postgres", "CREATE UNLOGGED TABLE "+table+" (text TEXT) WITH (autovacuum_enabled = false)"+p.space())
		insert := func(rows int) error {
			_, err := conn.Exec(ctx, "INSERT INTO "+table+" SELECT repeat('x', 1900) FROM generate_series(1, $1)", rows)
			return err
		}
		if n > 0 {
			if err := insert(n * perPage); err != nil {
				t.Fatalf("filling %d pages: %v", n, err)
			}
		} else {
			// What fails keeps the pages that it has got.
			var full *pgconn.PgError
			for _, rows := range []int{4096, 1} {
				for err = nil; err == nil; err = insert(rows) {
				}
				if !errors.As(err, &full) || full.Code != "53100" {
					t.Fatalf("filling the disk ended with: %v", err)
				}
			}
		}
		release = append(release, func() { t.Helper(); p.Exec(t, "postgres", "DROP TABLE "+table) })
	}
	return release
}
