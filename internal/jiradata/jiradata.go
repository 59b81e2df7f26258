// Package jiradata holds the plain types that pass between a Jira, the
// collector and the store: stories, what describes them, and how far a
// synchronisation has come. It has no behaviour.
package jiradata

import (
	"errors"
	"time"

	"github.com/yourturn/yourturn/internal/latency"
)

// ErrIncomplete means that Jira gave less than it had said it would, so that
// nothing may be concluded from what is missing.
var ErrIncomplete = errors.New("incomplete answer")

// ErrRefused means that Jira does not accept a request, for instance a query
// that names an unknown project.
var ErrRefused = errors.New("request refused")

// ErrWithheld means that Jira does not give this account its boards or sprints;
// everything else it may give all the same.
var ErrWithheld = errors.New("jira does not give its sprints")

// Flavor is the kind of a Jira.
type Flavor string

// The two flavours: they differ in endpoints, in users and in limits.
const (
	Cloud      Flavor = "cloud"
	DataCenter Flavor = "datacenter"
)

// Identity is who Jira says that it answers, and when it said so.
type Identity struct {
	Account     string // account id (Cloud) or user key (Data Center)
	DisplayName string
	TimeZone    string // IANA name of the profile's zone
	Flavor      Flavor
	BaseURL     string          // where it is asked
	SiteURL     string          // where people find it: BaseURL, unless that is a gateway
	At          latency.Instant // Jira's clock as it began to answer, to the second
	DateAhead   time.Duration   // how far the Date of its replies is ahead of that clock
}
