// Package latency is the domain: from the events of a story to the waits of a
// team on its Product Owner, and from waits to statistics.
//
// It is pure. It reads no clock, does no I/O, logs nothing and knows neither
// Jira's REST nor SQL nor Prometheus: a derivation is a function of (events,
// rules, as-of) and of nothing else, so a restart, a re-sync, a changed
// config and a replay of the past all yield what the live service yields.
// What it cannot explain it returns as findings; its callers log and count.
package latency
