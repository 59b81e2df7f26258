// Package docs holds those of the documents from which pages of the service are made, so
// that nothing is written twice.
package docs

import _ "embed"

// HowItIsMeasured says in Markdown by which rules everything is measured. Each rule has an
// anchor.
//
//go:embed how-it-is-measured.md
var HowItIsMeasured string
