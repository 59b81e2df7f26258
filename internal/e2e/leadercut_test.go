//go:build long

package e2e

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/yourturn/yourturn/cmd/yourturn/command"
	"github.com/yourturn/yourturn/internal/figures"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/team"
	"github.com/yourturn/yourturn/internal/stack"
	"github.com/yourturn/yourturn/internal/storelock"
	"github.com/yourturn/yourturn/internal/suite"
)

// What is done to the replica that leads, and while it does what.
const (
	killed     = "killed"
	frozen     = "frozen"
	cutOff     = "cut off"
	atAnyTime  = "at any time"
	inAPoll    = "in a poll"
	whileWrite = "in a write"
)

// replicas is how many there are.
const replicas = 3

// promised is within what time docs/postgresql.md says that another replica has the lease.
var promised = map[string]time.Duration{killed: 16 * time.Second, frozen: 31 * time.Second, cutOff: 31 * time.Second} //nolint:gochecknoglobals // it is a table

// TestLeaderIsCut serves a living team's Jira on a bad day from three replicas on one
// database. Again and again the one that leads is killed, frozen for longer than its lease,
// or cut off from the database, as often as YOURTURN_CUTS says, one each
// YOURTURN_CUT_INTERVAL, which is 60s if it is not set; and the server of the database crashes once, and is restarted once.
// Another replica takes over each time, the former one writes nothing more and does not ask
// Jira, no counter goes down, and in the end the store and the counters are as the ground
// truth says, as after a day of one process.
func TestLeaderIsCut(t *testing.T) {
	count := suite.Count(t, "YOURTURN_CUTS", 3, 30)
	every, err := time.ParseDuration(cmp.Or(os.Getenv("YOURTURN_CUT_INTERVAL"), "60s"))
	if err != nil {
		t.Fatalf("YOURTURN_CUT_INTERVAL: %v", err)
	}
	c := newLeaderCut(t, every*time.Duration(count+3))

	living, rest := context.WithCancel(t.Context())
	defer rest()
	var people, others sync.WaitGroup
	people.Go(func() { c.tm.Live(living, float64(liveSpeed)*3/10) }) //nolint:errcheck // it ends with its context
	post := c.postman()
	others.Go(func() { post.run(living) })
	others.Go(func() { c.scrapes(living) })

	// One replica alone says how much Jira is asked when there is nobody else.
	alone := time.Now()
	interval := time.NewTicker(every)
	defer interval.Stop()
	<-interval.C
	together := time.Now()
	for _, r := range c.replicas[1:] {
		c.start(r)
	}
	c.allUp()
	for i := range count {
		<-interval.C
		c.cut(i, []string{killed, frozen, cutOff}[i%3], []string{atAnyTime, inAPoll, whileWrite}[(i+i/3)%3])
		for sig, after := range map[syscall.Signal]int{syscall.SIGQUIT: count / 3, syscall.SIGINT: 2 * count / 3} {
			if i+1 == after {
				<-interval.C
				c.restarts(sig)
			}
		}
	}
	<-interval.C
	over := time.Now()
	c.length = over.Sub(alone)
	rest()
	people.Wait()
	others.Wait()
	c.tm.Settle(t.Context())
	c.tr.over.Store(true)

	served := c.settled()
	c.sameEverywhere(served)
	c.stopAll()
	c.oneAtATime()
	c.budget(alone, together, over)
	c.takeOvers()

	// What is left is compared as a soak's is, in a file.
	c.config("soaked")
	yourturn(t, 0, "store", "copy", "--from", c.url, "--to", "sqlite:"+c.db("soaked"))
	for _, r := range c.replicas {
		c.out.Write([]byte(r.log())) //nolint:errcheck // it keeps everything
	}
	c.holdsAll()
	c.tellsTheTruth()
	c.counts(served)
	c.showsOpen(served)
	c.troubled(post.count)
}

// leaderCut is a day on which the leader is cut.
type leaderCut struct {
	*soaking
	nets     *networks
	server   *stack.Postgres
	url      string  // of the store, here
	sql      *sql.DB // to it
	file     string  // the config of the replicas
	replicas []*replica
	taken    []takeOver
	fenced   int       // processes that ended because another one writes
	samples  int       // of counters, each compared with the one before
	behind   []float64 // by how many seconds the data of those that follow was older than the leader's, in samples

	mu       sync.Mutex
	requests []asking
	trap     func(from string)       // is called by the next request of a poll
	away     atomic.Pointer[replica] // that is cut just now
}

// asking is a request of a replica to Jira.
type asking struct {
	at   time.Time
	from string // its address
	path string
}

// takeOver is what came of a cut: how much later another replica had the lease, and had
// completed a poll.
type takeOver struct {
	what, while   string
	lease, polled time.Duration
}

// newLeaderCut serves a team's Jira, and has one replica read it first.
func newLeaderCut(t *testing.T, length time.Duration) *leaderCut {
	tr := &trouble{rng: rand.New(rand.NewPCG(1, 0)), count: map[string]int{}, shown: map[int64]time.Time{}, skew: 7 * time.Minute} //nolint:gosec // no secret
	c := &leaderCut{soaking: &soaking{T: t, tr: tr, length: length, dir: t.TempDir()}, nets: newNetworks(t, replicas), server: stack.OwnPostgres(t)}
	var err error
	if c.tm, err = team.New(team.Options{Seed: 1, Flavor: jirasim.Cloud, Now: tr.now, SlipWindow: liveSlip, MinStories: 5000}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.tm.Close)
	for _, w := range c.tm.Truth() {
		tr.newest = max(tr.newest, w.StoryID)
	}
	tr.server = jirasim.NewServer(c.tm.Site(), jirasim.Options{Token: "t0k3n", Email: "bot@example.com", Fault: tr.fault, IndexLagOf: tr.lag, Unindexed: tr.forgets, Garbled: tr.garbles})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked(r)
		w.Header().Set("Date", tr.now().UTC().Format(http.TimeFormat)) // by the same clock
		tr.server.ServeHTTP(w, r)
	}))
	srv.Listener.Close() //nolint:errcheck // it is replaced
	if srv.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(c.nets.jira, "0")); err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c.jira = srv.URL

	c.server.Trust(t, testNetwork)
	c.url = c.server.Database(t, t.Name())
	c.restart(syscall.SIGINT)
	c.sql = stack.OpenSQL(t, c.url)
	write(t, filepath.Join(c.dir, "token"), "t0k3n\n")
	write(t, filepath.Join(c.dir, "hook"), "hush\n")
	c.file = c.config("replicas")
	text, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(c.server.Address)
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(c.url, c.server.Address, net.JoinHostPort(c.nets.database, port), 1)
	write(t, c.file, storeLine.ReplaceAllLiteralString(string(text), fmt.Sprintf("store: {url: %q}", url)))

	for i, n := range c.nets.list {
		c.replicas = append(c.replicas, &replica{n: i, net: n})
	}
	t.Cleanup(func() {
		for _, r := range c.replicas {
			if t.Failed() {
				t.Logf("replica %d warned at last:\n%s", r.n, warnings(r.log()))
			}
		}
	})
	tr.first.Store(true)
	c.began = tr.now()
	c.start(c.replicas[0])
	awaitFor(t, 5*time.Minute, c.replicas[0].base()+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
	tr.first.Store(false)
	if _, err := c.sql.ExecContext(t.Context(), watching); err != nil {
		t.Fatal(err)
	}
	if _, err := c.sql.ExecContext(t.Context(), `INSERT INTO watch.tenure SELECT epoch, $1::INET, '-infinity' FROM lease`, c.replicas[0].net.database); err != nil {
		t.Fatal(err)
	}
	tr.mu.Lock()
	for at := length / 4; length >= 5*time.Minute && at < length; at += length / 3 {
		tr.hangs = append(tr.hangs, time.Now().Add(at))
	}
	tr.mu.Unlock()
	return c
}

func (c *leaderCut) start(r *replica) { c.nets.startReplica(r, c.file, c.clock()) }

// restart stops the server of the database with a signal, and starts it again. What it has
// committed outlives a crash, as on every server by default.
func (c *leaderCut) restart(sig syscall.Signal) {
	c.Helper()
	if err := c.server.Stop(sig); err != nil {
		c.Fatal(err)
	}
	if err := c.server.Start("listen_addresses=127.0.0.1,"+c.nets.database, "synchronous_commit=on"); err != nil {
		c.Fatal(err)
	}
}

// asked notes a request to Jira.
func (c *leaderCut) asked(r *http.Request) {
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		panic(err) // of TCP it is one
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, asking{time.Now(), from, r.URL.Path})
	if c.trap != nil && !strings.HasSuffix(r.URL.Path, "/myself") {
		c.trap(from)
	}
}

// postman brings webhooks to whichever replica, but for one that does not answer.
func (c *leaderCut) postman() *postman {
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // no secret
	p := &postman{secret: "hush", queue: make(chan int64, 100), now: c.tr.now, spares: c.tr.hides, rng: rng, count: map[string]int{}, url: func() string {
		r := c.replicas[rng.IntN(len(c.replicas))]
		if r == c.away.Load() {
			r = c.replicas[(r.n+1)%len(c.replicas)]
		}
		return r.base() + "/webhook/jira"
	}}
	c.tm.Site().Update(func() { c.tm.Site().OnChange = p.change })
	return p
}

// lease returns which lease there is, and the replica that has it; nil: none that is known.
func (c *leaderCut) lease(ctx context.Context) (epoch int64, r *replica, err error) {
	var holder string
	if err := c.sql.QueryRowContext(ctx, `SELECT epoch, holder FROM lease`).Scan(&epoch, &holder); err != nil {
		return 0, nil, err
	}
	pid := int64(storelock.HolderOf(holder).PID)
	for _, r := range c.replicas {
		if pid != 0 && r.pid.Load() == pid {
			return epoch, r, nil
		}
	}
	return epoch, nil, nil
}

// eventually waits until done reports true.
func (c *leaderCut) eventually(what string, done func(ctx context.Context) bool) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			c.Fatalf("gave up waiting: %s", what)
		case <-tick.C:
		}
	}
}

// polls returns how many polls a replica has completed.
func (c *leaderCut) polls(ctx context.Context, r *replica) int {
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := scraped(asking, r.base()+"/metrics")
	if err != nil {
		return 0
	}
	return cycles(body)
}

// allUp waits until every replica is ready, and fails if one has ended.
func (c *leaderCut) allUp() {
	c.Helper()
	for _, r := range c.replicas {
		awaitFor(c.T, 3*time.Minute, r.base()+"/-/ready", func(status int, _ string) bool { return status == http.StatusOK })
		select {
		case code := <-r.process.ended:
			c.Fatalf("replica %d ended by itself with %d:\n%s", r.n, code, warnings(r.log()))
		default:
		}
	}
}

// leader returns the lease that there is, and the replica that has it.
func (c *leaderCut) leader() (epoch int64, r *replica) {
	c.Helper()
	c.eventually("a replica has the lease", func(ctx context.Context) bool {
		var err error
		epoch, r, err = c.lease(ctx)
		return err == nil && r != nil
	})
	return epoch, r
}

// cut does something to the leader, waits until another one has taken over, and has the
// former one be a replica again.
func (c *leaderCut) cut(i int, what, while string) {
	c.Helper()
	epoch, r := c.leader()
	before := make([]int, len(c.replicas))
	for i, other := range c.replicas {
		before[i] = c.polls(c.Context(), other)
	}
	var begun time.Time
	c.away.Store(r)
	c.when(while, r, func() {
		begun = time.Now()
		switch what {
		case killed:
			r.process.signal(syscall.SIGKILL)
		case frozen:
			if err := r.process.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				c.Error(err)
			}
		case cutOff:
			c.nets.cut(r.n)
		}
	})
	if what == killed {
		c.start(r)
		before[r.n] = 0
	}
	t := takeOver{what: what, while: while}
	var next *replica
	c.eventually("another replica takes over", func(ctx context.Context) bool {
		now, holder, err := c.lease(ctx)
		next = holder
		return err == nil && now > epoch && next != nil
	})
	var at time.Time
	if err := c.sql.QueryRowContext(c.Context(), `SELECT at FROM watch.tenure WHERE epoch = $1`, epoch+1).Scan(&at); err != nil {
		c.Fatal(err)
	}
	t.lease = at.Sub(begun)
	c.eventually("a poll of the one that took over is complete", func(ctx context.Context) bool { return c.polls(ctx, next) > before[next.n] })
	t.polled = time.Since(begun)
	undone := time.Now()
	switch what {
	case frozen:
		if err := r.process.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			c.Fatal(err)
		}
	case cutOff:
		c.nets.mend(r.n)
	}
	former := r.process
	if what != killed {
		c.isFenced(r)
	}
	c.away.Store(nil)
	c.taken = append(c.taken, t)
	c.Logf("%s: cut %d: replica %d %s %s: replica %d has the lease after %.1f s, and has completed a poll after %.1f s; %.1f s later the former one is started again",
		begun.UTC().Format("15:04:05"), i+1, r.n, what, while, next.n, t.lease.Seconds(), t.polled.Seconds(), time.Since(undone).Seconds())
	if i < 3 {
		_, last, _ := strings.Cut(former.out.String(), "\nyourturn: ") // an error, which has no time
		c.Logf("what they wrote:\n%sand the former one at last: %s", c.between(begun.Add(-2*time.Second), time.Now()), last)
	}
	c.allUp()
}

// isFenced waits until a replica that was away for longer than its lease has ended, and
// starts it again as a supervisor does.
func (c *leaderCut) isFenced(r *replica) {
	c.Helper()
	select {
	case code := <-r.process.ended:
		if code == command.ExitFine || !strings.Contains(r.process.out.String(), "another process writes to the store by now") {
			c.Errorf("replica %d, whose lease was over, ended with %d:\n%s", r.n, code, warnings(r.process.out.String()))
		}
		c.fenced++
	case <-time.After(3 * time.Minute):
		c.Fatalf("replica %d goes on though its lease is over:\n%s", r.n, warnings(r.process.out.String()))
	}
	c.start(r)
}

// when does something while a replica is in the middle of something.
func (c *leaderCut) when(while string, r *replica, do func()) {
	c.Helper()
	switch while {
	case atAnyTime:
		do()
	case inAPoll:
		done := make(chan struct{})
		c.mu.Lock()
		c.trap = func(from string) {
			if from == r.net.web {
				do()
				c.trap = nil
				close(done)
			}
		}
		c.mu.Unlock()
		c.eventually("the leader asks Jira", func(context.Context) bool {
			select {
			case <-done:
				return true
			default:
				return false
			}
		})
	case whileWrite:
		// A write of the leader waits for this lock.
		conn, err := c.sql.Conn(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // it was used
		if _, err := conn.ExecContext(c.Context(), `SELECT pg_advisory_lock(1)`); err != nil {
			c.Fatal(err)
		}
		c.eventually("the leader writes", func(ctx context.Context) (waits bool) {
			err := c.sql.QueryRowContext(ctx, `SELECT EXISTS(SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)`).Scan(&waits)
			return err == nil && waits
		})
		do()
		if _, err := conn.ExecContext(c.Context(), `SELECT pg_advisory_unlock(1)`); err != nil {
			c.Fatal(err)
		}
	}
}

// restarts ends the server of the database with a signal, starts it again, and waits for
// polls.
func (c *leaderCut) restarts(sig syscall.Signal) {
	c.Helper()
	epoch, r := c.leader()
	begun := time.Now()
	c.restart(sig)
	answers := time.Since(begun)
	before := c.polls(c.Context(), r)
	c.eventually("polls go on", func(ctx context.Context) bool {
		var err error
		var now int64
		if now, r, err = c.lease(ctx); err != nil || r == nil {
			return false
		}
		if now != epoch {
			epoch, before = now, 0
		}
		return c.polls(ctx, r) > before
	})
	figures.Note(c.T, "%s: the server of the database got %v, and answers again after %.1f s; replica %d has completed a poll after %.1f s",
		begun.UTC().Format("15:04:05"), sig, answers.Seconds(), r.n, time.Since(begun).Seconds())
	c.allUp()
}

// stopAll ends all replicas as an operator does, the leader last.
func (c *leaderCut) stopAll() {
	c.Helper()
	_, leader := c.leader()
	for _, r := range append(slices.DeleteFunc(slices.Clone(c.replicas), func(r *replica) bool { return r == leader }), leader) {
		if code := r.process.signal(syscall.SIGTERM); code != command.ExitFine {
			c.Errorf("replica %d ended with %d:\n%s", r.n, code, warnings(r.log()))
		}
	}
}
