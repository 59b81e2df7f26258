package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Digest identifies what the rules of a config read of the facts: all but what people
// are called in words and who is active, and when Jira was asked. Where two facts have
// one digest, the rules that a config makes of them read every history alike.
func (f Facts) Digest() string {
	f.Meta.At, f.Meta.Users = 0, nil
	type account struct{ ID, Name string }
	var accounts []account
	for _, u := range f.Users {
		if u.Name != "" && u.Name != u.ID { // else it is a person only where the config says so
			accounts = append(accounts, account{u.ID, u.Name})
		}
	}
	slices.SortFunc(accounts, func(a, b account) int { return cmp.Compare(a.ID, b.ID) })
	text, err := json.Marshal([]any{f.Meta, accounts, f.Leads, f.Resolved})
	if err != nil {
		panic(err) // plain values cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
