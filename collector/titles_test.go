package collector_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/yourturn/yourturn/collector"
	"github.com/yourturn/yourturn/collector/jira"
)

// withTitles makes the collector keep titles, first those of some stories. It returns
// what is logged.
func (w *world) withTitles(open ...int64) *observer.ObservedLogs {
	w.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	client := w.newClient(w.url, nil, func(o *jira.Options) { o.Titles, o.Logger = true, zap.New(core) })
	w.restart(func(o *collector.Options) {
		o.Source, o.Titles, o.Logger = client, true, zap.New(core)
		o.OpenWaits = func(context.Context) ([]int64, error) { return open, nil }
	})
	return logs
}

// name gives a story a title.
func (w *world) name(id int64, title string) { w.site.Rename(w.now(), w.dev, id, title) }

// titles fails unless the store has these titles.
func (w *world) titles(when string, want map[int64]string) {
	w.Helper()
	got, err := w.store.Titles(w.Context(), w.live())
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s: titles (-want +got):\n%s", when, diff)
	}
}

// TestTitles holds what is kept of titles: what Jira calls stories now, and nothing of
// a story that has a security level or is hidden.
func TestTitles(t *testing.T) {
	each(t, func(w *world) {
		logs := w.withTitles()
		plain, secret, later, hidden := w.create(w.pay), w.create(w.pay), w.create(w.pay), w.create(w.pay)
		long := w.create(w.pay)
		w.name(plain, "  Pay by <b>bill</b>\n ")
		w.name(secret, "Buy the rival")
		w.site.Secure(w.now(), w.dev, secret, "Board")
		w.name(later, "Merge the teams")
		w.name(hidden, "Close an office")
		w.name(long, strings.Repeat("ö", 300))
		epic := w.under(plain)
		w.name(epic, "An epic of another project")
		w.later(time.Hour)
		w.sync()
		all := map[int64]string{plain: "Pay by <b>bill</b>", later: "Merge the teams", hidden: "Close an office", long: strings.Repeat("ö", 255)}
		w.titles("at first", all)

		w.later(time.Minute)
		w.name(plain, "Pay by bill")
		w.site.Secure(w.now(), w.dev, later, "Board")
		w.later(time.Minute)
		w.sync()
		all[plain] = "Pay by bill"
		delete(all, later)
		w.titles("renamed and secured", all)

		w.site.Secure(w.now(), w.dev, secret, "")
		w.site.Hide(hidden, true)
		w.later(7 * time.Hour)
		w.sync()
		all[secret] = "Buy the rival"
		delete(all, hidden)
		got, err := w.store.Titles(w.Context(), []int64{hidden})
		if err != nil || len(got) > 0 {
			w.Errorf("a hidden story is called %v (%v)", got, err)
		}
		w.titles("with the level off, and hidden", all)
		if got, err := w.store.Titles(w.Context(), []int64{epic}); err != nil || len(got) > 0 {
			w.Errorf("a parent alone is called %v (%v)", got, err)
		}
		for _, e := range logs.All() {
			for _, word := range []string{"rival", "bill", "office", "teams", "öö"} {
				if strings.Contains(fmt.Sprint(e.Message, e.ContextMap()), word) {
					w.Errorf("the log tells a title: %s %v", e.Message, e.ContextMap())
				}
			}
		}
	})
}

// TestTitlesOfAnOlderStore holds that titles that the store lacks are read: those of
// open waits in the next cycle, the others with the census, each once, and around
// stories that are gone.
func TestTitlesOfAnOlderStore(t *testing.T) {
	each(t, func(w *world) {
		const n = 1100
		var ids []int64
		for range n {
			id := w.create(w.pay)
			ids = append(ids, id)
			w.name(id, fmt.Sprintf("Story %d", id))
		}
		w.site.Secure(w.now(), w.dev, ids[1], "Board")
		w.later(time.Hour)
		w.sync()
		w.titles("without titles", map[int64]string{})
		w.withTitles(ids[0], ids[1], ids[2], 1<<40)
		w.site.DeleteIssue(ids[2])
		w.site.DeleteIssue(ids[700])
		w.later(time.Minute)
		w.sync()
		w.titles("at once", map[int64]string{ids[0]: fmt.Sprintf("Story %d", ids[0])})
		w.later(time.Minute)
		poll := w.requests(func() { w.sync() })
		w.titles("a poll later", map[int64]string{ids[0]: fmt.Sprintf("Story %d", ids[0])})

		w.later(7 * time.Hour)
		w.sync()
		want := map[int64]string{}
		for i, id := range ids {
			if !slices.Contains([]int{1, 2, 700}, i) {
				want[id] = fmt.Sprintf("Story %d", id)
			}
		}
		w.titles("after the census", want)
		w.later(time.Minute)
		if got := w.requests(func() { w.sync() }); got != poll {
			w.Errorf("a poll after all titles were read makes %d requests, want %d", got, poll)
		}
	})
}
