//go:build long

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/suite"
)

// testNetwork is a range that is nobody's on the internet: it is for measurements (RFC 2544).
const testNetwork = "198.18.0.0/15"

// networks are network namespaces of this machine, from each of which a process reaches a
// Jira and a database here, from one address for each. The way to the database can be cut.
type networks struct {
	*testing.T
	program        string // ip
	jira, database string // addresses here, on loopback
	list           []netns
}

// netns is a network of one process.
type netns struct {
	name, link    string // of the namespace, and of the link to it
	web, database string // the address where the process serves, and asks Jira from; and from which it asks the database
}

// newNetworks makes networks until the test ends. It takes root; the test skips without.
func newNetworks(t *testing.T, count int) *networks {
	t.Helper()
	n := &networks{T: t, program: stack.Program(t, "iproute2", "ip")}
	if os.Getuid() != 0 {
		suite.Skip(t, "only root makes network namespaces")
	}
	// A test that runs at the same time has other addresses.
	base, next := netip.MustParsePrefix(testNetwork).Addr().As4(), 1
	address := func() string {
		offset := (os.Getpid()&0x1fff)<<4 + next
		next++
		return netip.AddrFrom4([4]byte{base[0], base[1] + byte(offset>>16), byte(offset >> 8), byte(offset)}).String() //nolint:gosec // it is a byte
	}
	t.Cleanup(n.remove)
	n.jira, n.database = address(), address()
	n.run("address", "add", n.jira+"/32", "dev", "lo")
	n.run("address", "add", n.database+"/32", "dev", "lo")
	for i := range count {
		s := netns{name: fmt.Sprintf("yourturn-%d-%d", os.Getpid(), i), link: fmt.Sprintf("yt%d.%d", os.Getpid(), i), web: address(), database: address()}
		if out, err := n.command("netns", "add", s.name).CombinedOutput(); err != nil {
			suite.Skip(t, fmt.Sprintf("network namespaces cannot be made here: %v: %s", err, out))
		}
		n.list = append(n.list, s)
		n.run("link", "add", s.link, "type", "veth", "peer", "name", "eth0", "netns", s.name)
		n.run("link", "set", s.link, "up")
		n.run("-n", s.name, "link", "set", "lo", "up")
		n.run("-n", s.name, "link", "set", "eth0", "up")
		for _, way := range [][2]string{{s.web, n.jira}, {s.database, n.database}} {
			inside, here := way[0], way[1]
			n.run("-n", s.name, "address", "add", inside+"/32", "dev", "eth0")
			n.run("-n", s.name, "route", "add", here+"/32", "dev", "eth0", "src", inside)
			n.run("route", "add", inside+"/32", "dev", s.link, "src", here)
		}
	}
	return n
}

func (n *networks) command(args ...string) *exec.Cmd {
	return exec.CommandContext(context.WithoutCancel(n.Context()), n.program, args...) // the cleanup uses it too
}

func (n *networks) run(args ...string) {
	n.Helper()
	if out, err := n.command(args...).CombinedOutput(); err != nil {
		n.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// nobody is an address of Ethernet that no machine has.
const nobody = "02:00:00:00:00:01"

// cut has nothing of a network reach the database any more, nor the other way around: what is
// sent is lost, and nobody is told.
func (n *networks) cut(i int) {
	n.Helper()
	n.run("-n", n.list[i].name, "neighbour", "replace", n.database, "lladdr", nobody, "dev", "eth0", "nud", "permanent")
	n.run("neighbour", "replace", n.list[i].database, "lladdr", nobody, "dev", n.list[i].link, "nud", "permanent")
}

// mend undoes cut.
func (n *networks) mend(i int) {
	n.Helper()
	n.run("-n", n.list[i].name, "neighbour", "delete", n.database, "dev", "eth0")
	n.run("neighbour", "delete", n.list[i].database, "dev", n.list[i].link)
}

func (n *networks) remove() {
	for _, s := range n.list {
		n.command("link", "delete", s.link).Run()  //nolint:errcheck // it may not have been made
		n.command("netns", "delete", s.name).Run() //nolint:errcheck // nor this one
	}
	for _, address := range []string{n.jira, n.database} {
		n.command("address", "delete", address+"/32", "dev", "lo").Run() //nolint:errcheck // nor this one
	}
}

// replica is a serve in a network of its own, again and again.
type replica struct {
	n         int
	net       netns
	process   *serveProcess
	processes []*serveProcess // all that there have been
	pid       atomic.Int64    // of process
}

// replicaPort is where replicas serve, each at its own address.
const replicaPort = "9817"

func (r *replica) base() string { return "http://" + net.JoinHostPort(r.net.web, replicaPort) }

// startReplica starts the process of a replica, whose clock a file sets. It ends with the
// test.
func (n *networks) startReplica(r *replica, config, clock string) {
	n.Helper()
	cmd := process(n.Context(), "serve", "--config.file", config, "--web.listen-address", net.JoinHostPort(r.net.web, replicaPort))
	cmd.Env = append(cmd.Env, clockVariable+"="+clock)
	cmd.Path, cmd.Args = n.program, append([]string{n.program, "netns", "exec", r.net.name}, cmd.Args...)
	r.process = &serveProcess{T: n.T, cmd: cmd, ended: make(chan int, 1)}
	r.processes = append(r.processes, r.process)
	r.process.begin()
	r.pid.Store(int64(r.process.cmd.Process.Pid))
}

// log returns what all processes of a replica wrote.
func (r *replica) log() string {
	var b strings.Builder
	for _, p := range r.processes {
		b.WriteString(p.out.String())
	}
	return b.String()
}

// watching is SQL that makes a database note, beside the store, what its own statements do
// not say: who held the lease from when on, and who wrote while each lease lasted. What is
// refused is in the log of the server. A write waits for whoever has the advisory lock. Of
// webhooks, and of who looked at what, every process takes note.
const watching = `
CREATE SCHEMA watch;
CREATE TABLE watch.tenure (epoch BIGINT, client INET, at TIMESTAMPTZ);
CREATE TABLE watch.writer (epoch BIGINT, client INET, PRIMARY KEY (epoch, client));
CREATE FUNCTION watch.took() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO watch.tenure VALUES (NEW.epoch, inet_client_addr(), clock_timestamp());
	RETURN NULL;
END $$;
CREATE TRIGGER took AFTER UPDATE ON lease FOR EACH ROW WHEN (OLD.epoch <> NEW.epoch) EXECUTE FUNCTION watch.took();
CREATE FUNCTION watch.renewed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NOT EXISTS (SELECT FROM changed) AND position('epoch + 1' IN current_query()) = 0 THEN
		RAISE LOG 'refused a % of %', CASE WHEN position('revision + ' IN current_query()) > 0 THEN 'write' ELSE 'renewal' END, inet_client_addr();
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER renewed AFTER UPDATE ON lease REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION watch.renewed();
CREATE FUNCTION watch.wrote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	PERFORM pg_advisory_xact_lock_shared(1);
	INSERT INTO watch.writer SELECT epoch, inet_client_addr() FROM lease ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
DO $$ DECLARE name TEXT; BEGIN
	FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT IN ('lease', 'schema_version', 'schema_lock', 'wanted', 'look') LOOP
		EXECUTE format('CREATE TRIGGER wrote AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT EXECUTE FUNCTION watch.wrote()', name);
	END LOOP;
END $$`
