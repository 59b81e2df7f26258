package jirasim

import (
	"encoding/base64"
	"fmt"
)

// kinds of page tokens: one endpoint's are malformed to another.
const (
	searchToken    = "search"
	changelogToken = "changelog"
)

// badToken is what Cloud says of a page token that it has not given.
const badToken = "The provided next page token is invalid or expired."

// writeToken returns an opaque page token: the offset within a numbered list.
func writeToken(kind string, list, offset int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", kind, list, offset))
}

// readToken reads a page token; null and the empty one mean the first page.
func readToken(token *string, kind string) (list, offset int, ok bool) {
	if token == nil || *token == "" {
		return 0, 0, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil {
		return 0, 0, false
	}
	_, err = fmt.Sscanf(string(raw), kind+" %d %d", &list, &offset)
	return list, offset, err == nil && writeToken(kind, list, offset) == *token && offset >= 0
}
