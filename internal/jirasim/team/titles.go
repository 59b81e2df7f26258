package team

import (
	"fmt"
	"hash/fnv"
)

// phrases are what stories of a project are about.
type phrases struct {
	epics  []string
	wishes []string // what a story lets somebody do
	where  []string // for whom or where; put behind a wish
	faults []string // what a bug is
	chores []string // what a sub-task is
}

// phrasesOf returns the phrases of the project with a key.
func phrasesOf(key string) phrases {
	general := []string{"Write the release note", "Extend the end-to-end test", "Clean up the feature flag", "Measure it before and after", "Show the team at the review"}
	switch key {
	case "PAY":
		return phrases{
			epics: []string{"Instalments", "One ledger for all countries", "Refunds without support", "Direct debit"},
			wishes: []string{
				"Pay by invoice", "Pay in three instalments", "Refund a part of a payment", "Split a payment between two cards", "Store a card for later", "Pay by direct debit",
				"See why a payment failed", "Export the ledger of a month", "Confirm a payment in the bank's app", "Change the payment method of an order", "Cancel a standing order", "Match a bank transfer to its invoice",
			},
			where: []string{"", "for business customers", "in Swiss francs", "without a second sign-in", "from the account page", "after the order has shipped", "for subscriptions", "with a voucher"},
			faults: []string{
				"VAT is rounded twice on invoices of several lines", "A refund shows the date of the payment", "The IBAN check refuses spaces", "A card that expired this month is refused",
				"Payments at midnight are booked a day late", "The receipt lacks the order number", "An aborted payment blocks the voucher", "Negative amounts have two minus signs in the export",
			},
			chores: general,
		}
	case "WEB":
		return phrases{
			epics: []string{"A faster checkout", "Search that finds", "Shop for several countries", "Accessible by keyboard"},
			wishes: []string{
				"Filter by size and colour", "Keep the basket over devices", "Order without an account", "See when it arrives before ordering", "Compare three products", "Save a search", "Sort by delivery date",
				"Write a review with pictures", "Track a parcel", "Return an item by a printed label", "Ask to be told when it is back", "Choose a pick-up point",
			},
			where: []string{"", "on the phone", "as a guest", "from the product page", "in the outlet", "for gift cards", "on the Austrian site", "with a screen reader"},
			faults: []string{
				"The basket loses the last item on a slow connection", "Prices jump while the page loads", "The back button skips the filter", "Search finds nothing for words with an umlaut",
				"The delivery date is a day early after 18:00", "The menu covers the button on small phones", "Two clicks order twice", "The cookie notice cannot be closed by keyboard",
			},
			chores: general,
		}
	case "OPS":
		return phrases{
			epics: []string{"Backups that were restored", "Fewer alerts at night", "One way to deploy", "Costs by team"},
			wishes: []string{
				"Deploy by a label", "Restore a backup into a scratch database", "See the cost of a service by team", "Rotate certificates without a restart", "Roll back with one command", "Silence an alert for a deployment",
				"Give read access for a day", "Find which release broke a metric", "Drain a node", "Keep logs for 90 days",
			},
			where: []string{"", "in the staging cluster", "for the night shift", "in both regions", "from the chat", "without a ticket", "for batch jobs"},
			faults: []string{
				"The disk alert fires during the nightly copy", "A deployment hangs when a node is full", "Clock drift breaks sign-in on one host", "The backup job ends green with no backup",
				"Metrics of restarted pods are counted twice", "The proxy drops requests over 8 kB",
			},
			chores: general,
		}
	case "APP":
		return phrases{
			epics: []string{"Offline first", "Watch and phone together", "Onboarding in a minute", "Notifications that matter"},
			wishes: []string{
				"Read the timetable offline", "Sign in by fingerprint", "Start a route from the watch", "Share a trip with friends", "Mute notifications at night", "Use the app in large type", "Scan a ticket",
				"Plan with two stops", "See how full the train is", "Pay for a ride with one tap", "Follow a line", "Report a broken lift",
			},
			where: []string{"", "on the watch", "on tablets", "without a signal", "in dark mode", "for families", "from the widget", "in landscape"},
			faults: []string{
				"The app forgets the language after an update", "The map drains the battery in the background", "A notification opens the wrong trip", "Large type cuts the departure time",
				"Scanning fails in bright light", "The watch shows yesterday's line", "Swiping back closes the app",
			},
			chores: general,
		}
	}
	return phrases{epics: []string{"Ideas"}, wishes: []string{"Try a new idea"}, where: []string{""}, faults: []string{"An experiment fails"}, chores: general}
}

// chosen returns a number below n that depends on the team's seed and on what it is
// for alone, so that no title changes what happens in a history.
func (t *Team) chosen(n int, what string, story int) int {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s/%d", t.opts.Seed, what, story)
	return int(h.Sum64() % uint64(n)) //nolint:gosec // below n
}

// title returns what a new story is called, of a type in the project with a key.
func (t *Team) title(key, typ string, story int) string {
	p := phrasesOf(key)
	switch typ {
	case typeBug:
		return p.faults[t.chosen(len(p.faults), "fault", story)]
	case typeSubtask:
		return p.chores[t.chosen(len(p.chores), "chore", story)]
	}
	wish := p.wishes[t.chosen(len(p.wishes), "wish", story)]
	if where := p.where[t.chosen(len(p.where), "where", story)]; where != "" {
		wish += " " + where
	}
	return wish
}

// epicTitle returns what an epic of the project with a key is called.
func epicTitle(key string, n int) string {
	p := phrasesOf(key)
	return p.epics[n%len(p.epics)]
}

// confidential reports whether a new story has a security level, which the account of
// the collector is in. An ordinary organisation has none.
func (t *Team) confidential(story int) bool {
	return !t.opts.Ordinary && t.chosen(40, "security", story) == 0
}
