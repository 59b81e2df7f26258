// Package kubernetes holds the manifests of docs/kubernetes to what they are for: its
// tests decode them strictly into the types of Kubernetes and of the Prometheus operator,
// build them as kubectl does, compare what must agree between objects, the config and the
// Dockerfile, and ask the service itself what the probes ask.
package kubernetes
