package rules

import (
	"reflect"

	"github.com/yourturn/yourturn/internal/latency"
)

// SameReading reports whether two sets of rules read every history alike: they
// differ at most in the names of people, in who is active, and in new accounts
// that belong to no owner. What was derived by a then holds by b.
func SameReading(a, b *latency.Rules) bool {
	for account, person := range a.People {
		if b.People[account] != person {
			return false
		}
	}
	for account, person := range b.People {
		if _, known := a.People[account]; !known && b.Owners[person] != nil {
			return false
		}
	}
	x, y := *a, *b
	x.Names, y.Names = nil, nil
	x.Inactive, y.Inactive = nil, nil
	x.People, y.People = nil, nil
	return reflect.DeepEqual(x, y)
}
