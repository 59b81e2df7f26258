package rules

import (
	"reflect"

	"github.com/yourturn/yourturn/internal/latency"
)

// SameReading tells whether two sets of rules read every history alike: they
// differ at most in the names of people, in who is active, and in accounts
// newly seen that are no owner's. What was derived by one holds by the other.
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
