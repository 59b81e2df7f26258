package jiradata

import (
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// State is how far the synchronisation of a store has come. The zero value is of a
// store that was never synchronised.
type State struct {
	Flavor  Flavor `json:"flavor"`
	BaseURL string `json:"base_url"`
	SiteURL string `json:"site_url,omitempty"` // where people find it
	Account string `json:"account"`            // as whom Jira was read; what it may see is what the store holds

	FirstDone bool `json:"first_done"` // a full sync was completed
	// FirstComplete is the data timestamp of the first one; 0 in a store that
	// completed it before this was noted.
	FirstComplete latency.Instant `json:"first_complete,omitempty"`
	Fingerprint   string          `json:"fingerprint"` // of the scope of the last full sync, done or interrupted

	// Reading is the version of Reading with which the last full sync that was done
	// read the scope; 0: before versions were noted, which is 1.
	Reading int `json:"reading,omitempty"`

	// Complete are the ids of the projects that the last full sync that was done
	// was for, in order: of others the store may hold a part. None: JQL alone
	// was the scope, which is all projects that the account can see.
	Complete []string `json:"complete,omitempty"`

	// Of a full sync that is not done: when it began, in Jira's clock (0: none
	// is under way), and behind which page it goes on ("": from the start).
	// Rereading: it reads a scope once more that an older Reading had read.
	FullStarted latency.Instant `json:"full_started,omitempty"`
	Cursor      string          `json:"cursor,omitempty"`
	Rereading   bool            `json:"rereading,omitempty"`

	// Watermark is the start, in Jira's clock, of the last complete cycle: the
	// next one asks for what was updated since, and some minutes before.
	Watermark latency.Instant `json:"watermark"`
	// DataTimestamp is the instant as of which the store is complete.
	DataTimestamp latency.Instant `json:"data_timestamp"`

	// Canary is a story that every search must show: a search that does not show it
	// proves nothing. 0: none was chosen yet.
	Canary int64 `json:"canary,omitempty"`

	// The starts, in Jira's clock, of the last complete census, of the last reading
	// of the comments of open questions, and of the last reading of what no search
	// of the scope shows.
	Census        latency.Instant `json:"census,omitempty"`
	QuestionsRead latency.Instant `json:"relook,omitempty"`
	BesideSearch  latency.Instant `json:"aside,omitempty"`

	// LookedBack is the start of the last census that was not stopped, or of the
	// first sync before there was one. Since then there may be changes of stories
	// that could not be seen.
	LookedBack latency.Instant `json:"passed,omitempty"`

	// Skew is how far this machine's clock was ahead of Jira's when Jira's was believed
	// last, to the second; Clocked: that was noted.
	Skew    time.Duration `json:"skew,omitempty"`
	Clocked bool          `json:"clocked,omitempty"`

	// Lost is since when projects, by key, cannot be seen: what changed in them since
	// then was not read.
	Lost map[string]latency.Instant `json:"lost,omitempty"`
}
