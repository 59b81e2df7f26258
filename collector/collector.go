// Package collector keeps a store up to date with a Jira: one full reading,
// then what changed, cycle by cycle. It knows neither how Jira is spoken to
// nor how things are stored.
package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/yourturn/yourturn/internal/idset"
	"github.com/yourturn/yourturn/internal/jiradata"
	"github.com/yourturn/yourturn/internal/latency"
)

// metaInterval is how often statuses, fields and leads are read again.
const metaInterval = time.Hour

// ErrBlind means that Jira shows none of the stories that it showed before,
// though it accepts the token: a permission was lost, or it is another Jira.
var ErrBlind = errors.New("jira shows none of the stories it showed before")

// ErrOtherAccount means that the token is of another account than the one the
// store was filled as, which may see more or less.
var ErrOtherAccount = errors.New("jira answers another account than the one the store was filled as")

// ErrUnknownProject means that Jira does not know a project of the scope, or
// that the account may not see it.
var ErrUnknownProject = errors.New("no such project can be seen")

// UnknownProjects returns the error of projects with these keys.
func UnknownProjects(keys []string) error {
	return fmt.Errorf("%w: %s: check the spelling of the key in jira.projects, and that the account may browse the project", ErrUnknownProject, strings.Join(keys, ", "))
}

// Options say what to collect, from where and into what.
type Options struct {
	Source   Source
	Store    Store
	Projects []string      // keys; none: JQL alone is the scope
	JQL      string        // narrows the scope; without ORDER BY
	Overlap  time.Duration // how far before the last cycle a cycle reads, because Jira's index lags
	// CensusInterval is how often the ids of all stories are compared with
	// those stored; 0: after a full sync only.
	CensusInterval time.Duration
	// CensusMaxRemoved is the share of the stories that a census may remove; one
	// that would remove more removes none.
	CensusMaxRemoved float64
	// OpenQuestions, which may be nil, returns the stories with an open question.
	// Their comments are read again every hour, because an edit or a deletion of a
	// comment need not move the story's update, by which polls find stories.
	OpenQuestions func(ctx context.Context) ([]int64, error)
	// Titles: titles of stories are kept. OpenWaits, which may be nil, returns the
	// stories with an open wait, whose titles are read first where the store lacks them.
	Titles    bool
	OpenWaits func(ctx context.Context) ([]int64, error)
	Logger    *zap.Logger // may be nil
	Progress  func(Progress)
	// Now is this machine's clock; nil: time.Now.
	Now func() time.Time
}

// Progress is how far a cycle has come.
type Progress struct {
	Full    bool
	Stories int // read so far
}

// Result is what a complete cycle did: one field for each fact that the log,
// the metrics and the page about the synchronisation show.
type Result struct {
	AsOf     latency.Instant // the start of the cycle, in Jira's clock: what is stored is complete as of then
	Duration time.Duration   // by the local clock
	Full     bool            // it read the whole scope

	Stories   int // read, changed or not
	Unchanged int // found as they are stored, and not read again
	Records   int // of the histories of those read
	Comments  int // of theirs
	Events    int // new in the store
	Mended    int // events stored before of which Jira, or a newer jiradata.Reading, gives more

	Changed  []int64         // stories with a new event or another snapshot since the last complete cycle, in order
	Missing  []int64         // stories asked for by id that do not exist or that the account may not see
	Late     []time.Duration // how long after a change the search first showed it, where the cycle before should have seen it
	Warnings []string        // of Jira about the searches, each once

	Zoned     bool          // Jira does not understand instants in queries, and was asked in the account's zone
	Skew      time.Duration // how far the local clock is ahead of Jira's, to the second
	DateAhead time.Duration // how far the Date of Jira's replies is ahead of Jira's clock

	Census *CensusResult // nil: none was due, or it failed
	Checks Checks
}

// Checks is how the checks of a cycle ended: a census, another reading of open
// questions, and the reading of parents and titles. They find what searches do not show,
// and a cycle is complete without them.
type Checks struct {
	Done bool  // every check that was due was made, and none is put off after a failure
	Err  error // why one failed
}

// Collector brings a store up to date. It is safe for concurrent use; cycles
// take turns.
type Collector struct {
	source   Source
	store    Store
	projects []string
	jql      string
	overlap  time.Duration
	options  Options
	log      *zap.Logger
	progress func(Progress)
	now      func() time.Time

	mu         sync.Mutex
	metaReadAt time.Time                   // by the local clock; zero: not yet
	keys       []string                    // of the projects in scope, in order; none if JQL alone is the scope
	visible    map[string]jiradata.Project // the projects that can be seen, of the scope if it names any, by key
	standing   *standingNotes              // nil: not read yet
	// changed are the stories that cycles wrote which then failed. The next complete
	// cycle returns them, so that their numbers are derived.
	changed      idset.Set
	sprints      sprintSchedule
	unknown      unknownWanted
	clock        lastClock // zero: Jira's clock was not believed yet
	checksFailed time.Time // by the local clock; zero: the last checks did not fail

	titlesRead bool // titles that the store lacked were read, as far as that is due

	// parentsRead: every parent of a story is stored or unreadable. Unreadable ones
	// are tried again when what describes stories is read again.
	parentsRead       bool
	unreadableParents map[int64]bool
	unreadable        map[jiradata.Quarantined]bool // issues that were logged as such
}

var orderBy = regexp.MustCompile(`(?i)\border\s+by\b`)

// New returns a collector. It makes no request: errors are about the options.
func New(o Options) (*Collector, error) {
	if len(o.Projects) == 0 && strings.TrimSpace(o.JQL) == "" {
		return nil, errors.New("nothing to collect: set jira.projects or jira.jql")
	}
	if orderBy.MatchString(o.JQL) {
		return nil, errors.New("jira.jql holds an ORDER BY: leave it out, the order is the poller's")
	}
	if o.Overlap < 0 {
		return nil, fmt.Errorf("jira.overlap %s is negative: some minutes are right", o.Overlap)
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Collector{
		now: o.Now, source: o.Source, store: o.Store, projects: slices.Sorted(slices.Values(o.Projects)), jql: strings.TrimSpace(o.JQL),
		overlap: o.Overlap, options: o, log: o.Logger, progress: o.Progress, unreadableParents: map[int64]bool{}, unreadable: map[jiradata.Quarantined]bool{},
	}, nil
}

// Sync runs one cycle: a full sync if there was none yet of this scope and by
// this jiradata.Reading (one that was interrupted goes on), else what changed
// since the last cycle. A cycle that fails leaves the state as it was, except for
// the cursor of a full sync. Nothing is taken for deleted because a cycle did not
// find it.
func (c *Collector) Sync(ctx context.Context) (Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	res, err := c.sync(ctx)
	if errors.Is(err, jiradata.ErrRefused) || errors.Is(err, ErrBlind) {
		c.metaReadAt = time.Time{} // a project may have been lost: the next cycle finds out
	}
	err = c.noteOutcome(ctx, res, err)
	if err != nil {
		for _, id := range res.Changed { // the caller of a cycle that failed does not use its result
			c.changed.Add(id)
		}
	}
	return res, err
}

func (c *Collector) sync(ctx context.Context) (Result, error) {
	begin := time.Now()
	cy, err := c.startCycle(ctx)
	if err != nil {
		return Result{}, err
	}
	fingerprint := c.fingerprint()
	resumed := false
	switch st := &cy.state; {
	case st.FullStarted != 0 && st.Fingerprint == fingerprint:
		resumed = true
		err = cy.full(ctx)
	case !st.FirstDone || st.Fingerprint != fingerprint || st.Reading < jiradata.Reading:
		st.Rereading = st.FirstDone && st.Fingerprint == fingerprint
		st.Fingerprint, st.FullStarted, st.Cursor = fingerprint, cy.id.At, ""
		if st.Rereading {
			c.log.Info("this version reads more of each story than the one that filled the store: every story is read once more")
		}
		err = cy.full(ctx)
	default:
		err = cy.incremental(ctx)
	}
	if err == nil && resumed {
		// What was read before the interruption may have changed since.
		err = cy.incremental(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	if err := cy.runChecks(ctx); err != nil {
		if ctx.Err() != nil {
			return Result{}, err
		}
		// What changed is complete without them; a later cycle tries again.
		cy.result.Checks.Err = err
		c.log.Warn("a check of what polls cannot see failed; it is made again in some minutes", zap.Error(err))
	}
	if err := cy.readSprints(ctx); err != nil {
		return Result{}, err
	}
	cy.result.Duration = time.Since(begin)
	return c.finishCycle(cy), nil
}

// Reread reads stories by id, past Jira's search index, before what they show
// is counted, and returns those that changed, in order. Jira must have proved
// in this cycle who it answers.
func (c *Collector) Reread(ctx context.Context, ids []int64) (changed []int64, err error) {
	r, err := c.FetchStories(ctx, ids)
	return r.Changed, err
}

// FetchStories reads stories by id, past Jira's search index, and writes them.
// The state stays as it is.
func (c *Collector) FetchStories(ctx context.Context, ids []int64) (Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	begin := time.Now()
	cy, err := c.startCycle(ctx)
	if err != nil {
		return Result{}, err
	}
	missing, err := cy.reread(ctx, ids, byID)
	if err != nil {
		return Result{}, err
	}
	if cy.state.FullStarted == 0 { // else the full sync may find them as stories
		if err := cy.readMissingParents(ctx); err != nil {
			return Result{}, err
		}
	}
	cy.result.Missing = missing
	cy.result.Duration = time.Since(begin)
	return c.finishCycle(cy), nil
}

// finishCycle returns the result of a complete cycle.
func (c *Collector) finishCycle(cy *cycle) Result {
	cy.result.AsOf = cy.id.At
	cy.result.Changed = slices.Collect(c.changed.All())
	c.changed.Clear()
	return cy.result
}

// CheckAccount returns an ErrOtherAccount unless a store of that state may be
// filled as whom Jira answers.
func CheckAccount(st jiradata.State, id jiradata.Identity) error {
	if st.Account != "" && st.Account != id.Account {
		return fmt.Errorf("%w: it was %s and is %s: use a token of the former account, or an empty store (store.url)", ErrOtherAccount, st.Account, id.Account)
	}
	return nil
}

// startCycle proves authentication, reads the state of the store and, when that
// is due, what describes stories.
func (c *Collector) startCycle(ctx context.Context) (*cycle, error) {
	id, err := c.source.Myself(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking Jira who we are: %w", err)
	}
	state, err := c.store.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the sync state: %w", err)
	}
	if err := CheckAccount(state, id); err != nil {
		return nil, err
	}
	if err := c.checkClock(&state, id); err != nil {
		return nil, err
	}
	c.forgetFuture(&state, id.At)
	if state.BaseURL != "" && state.BaseURL != id.BaseURL {
		c.log.Info("Jira has another address than before; its content is taken to be the same", zap.String("before", state.BaseURL), zap.String("now", id.BaseURL))
	}
	state.Account, state.Flavor, state.BaseURL, state.SiteURL = id.Account, id.Flavor, id.BaseURL, id.SiteURL
	if err := c.loadNotes(ctx); err != nil {
		return nil, err
	}
	due := c.metaReadAt.IsZero() || time.Since(c.metaReadAt) >= metaInterval
	if due {
		if err := c.readMeta(ctx, id, &state); err != nil {
			return nil, err
		}
	}
	return &cycle{c: c, result: Result{Skew: state.Skew, DateAhead: id.DateAhead}, metaRead: due, id: id, state: state}, nil
}

// readMeta reads and stores what describes stories, and notes in the state which
// projects cannot be seen any more.
func (c *Collector) readMeta(ctx context.Context, id jiradata.Identity, state *jiradata.State) error {
	m, err := c.source.Meta(ctx, c.projects)
	if err != nil {
		return fmt.Errorf("reading projects, statuses and fields: %w", err)
	}
	if len(m.Projects) == 0 {
		return fmt.Errorf("the account %s sees no project: give it the permission Browse projects", id.Account)
	}
	// A project that was read once has been lost, as one that was archived is; any
	// other was never there.
	if len(m.Missing) > 0 && !c.Covers(*state) && (!state.Rereading || state.Fingerprint != c.fingerprint()) {
		return UnknownProjects(m.Missing)
	}
	c.visible = make(map[string]jiradata.Project, len(m.Projects))
	for _, p := range m.Projects {
		c.visible[p.Key] = p
	}
	c.keys = nil
	if len(c.projects) > 0 {
		c.keys = slices.Sorted(maps.Keys(c.visible))
	}
	if err := c.noteLostProjects(ctx, &m, id.At, state); err != nil {
		return err
	}
	m.At = id.At
	if err := c.store.SaveMeta(ctx, m); err != nil {
		return fmt.Errorf("storing projects, statuses and fields: %w", err)
	}
	clear(c.unreadableParents)
	c.parentsRead = false
	c.metaReadAt = time.Now()
	return nil
}
