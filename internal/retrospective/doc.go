// Package retrospective compares what a team waited for in one range of time, a sprint
// or some days, with the ranges before it, and says what follows from that: what waited
// and how long, what became of it, what stand-ins changed, what targets would save, and
// what to talk about.
//
// It is pure: every wait is derived by package latency as of the end of its range, and
// every estimate is package survival's. The same histories, rules and range give the
// same report.
package retrospective
