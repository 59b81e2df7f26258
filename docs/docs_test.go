// Package docs holds the documentation to the code: every metric and every reason
// of the audit is in it, and none that does not exist. The config's keys are held
// by the tests of package config.
package docs_test

import (
	"cmp"
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/app"
	"github.com/yourturn/yourturn/internal/latency"
	"github.com/yourturn/yourturn/internal/measure"
	"github.com/yourturn/yourturn/internal/query"
	"github.com/yourturn/yourturn/internal/store"
	"github.com/yourturn/yourturn/metrics"
)

// update writes the tables of the docs instead of comparing them.
var update = flag.Bool("update", false, "write the tables of metrics and reasons into the docs")

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tables are what the code says: by the heading that is before each table.
type tables map[string]string

// hold compares the table below each heading of a file with the code's, or writes it.
func (ts tables) hold(t *testing.T, name string) {
	t.Helper()
	text := read(t, name)
	for heading, want := range ts {
		at := regexp.MustCompile(`(?ms)^## ` + regexp.QuoteMeta(heading) + `\n.*?\n((?:\|.*?\n)+)`).FindStringSubmatchIndex(text)
		if at == nil {
			t.Errorf("%s has no table below %q", name, heading)
			continue
		}
		if got := text[at[2]:at[3]]; got != want && !*update {
			t.Errorf("%s, %q is not what the code says; run go test ./docs -update (-code +docs):\n%s", name, heading, gocmp.Diff(want, got))
		}
		text = text[:at[2]] + want + text[at[3]:]
	}
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// all returns the definitions of all metrics, in the order of their names.
func all() []metrics.Definition {
	list := append(metrics.Definitions(), app.PollMetrics()...)
	slices.SortFunc(list, func(a, b metrics.Definition) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// TestMetrics holds that every metric is in the docs as it is registered.
func TestMetrics(t *testing.T) {
	table := func(prefix string) string {
		var b strings.Builder
		b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
		for _, d := range all() {
			if strings.HasPrefix(d.Name, prefix) {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Kind, cmp.Or(strings.Join(d.Labels, ", "), "–"), d.Help)
			}
		}
		return b.String()
	}
	tables{"Waits, owners, projects": table("po_"), "The service": table("yourturn_")}.hold(t, "metrics.md")
}

// TestAuditReasons holds that every reason of the audit is in the docs.
func TestAuditReasons(t *testing.T) {
	var b strings.Builder
	b.WriteString("| reason | what was found | may make numbers wrong | what to do |\n|---|---|---|---|\n")
	var zero []string
	for _, r := range measure.Reasons() {
		doubtful := "no"
		if r.Doubtful {
			doubtful = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Code, r.Meaning, doubtful, r.Remedy)
		if r.Zero {
			zero = append(zero, "`"+r.Code+"`")
		}
	}
	const name = "how-it-is-measured.md"
	tables{"What is odd": b.String()}.hold(t, name)
	sentence := regexp.MustCompile(`(?s)also shows a 0 for\s([^.]*)\.`).FindStringSubmatch(read(t, name))
	if sentence == nil {
		t.Fatalf("%s does not say which reasons have a 0", name)
	}
	got := regexp.MustCompile("`[a-z_]+`").FindAllString(sentence[1], -1)
	slices.Sort(got)
	slices.Sort(zero)
	if diff := gocmp.Diff(zero, got); diff != "" {
		t.Errorf("reasons with a 0 (-code +%s):\n%s", name, diff)
	}
}

// TestDocsNameWhatExists holds that no page names a metric, or a reason of
// po_audit_findings, that does not exist.
func TestDocsNameWhatExists(t *testing.T) {
	metric, reason := map[string]bool{}, map[string]bool{}
	for _, d := range all() {
		metric[d.Name] = true
		if d.Kind == metrics.Histogram {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				metric[d.Name+suffix] = true
			}
		}
	}
	for _, r := range measure.Reasons() {
		reason[r.Code] = true
	}
	pages, err := filepath.Glob("*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("the docs are not there: %v, %v", pages, err)
	}
	rules, err := filepath.Glob("../dashboards/prometheus/*/*.yml")
	if err != nil || len(rules) < 5 {
		t.Fatalf("the rules are not there: %v, %v", rules, err)
	}
	named := 0
	for _, page := range slices.Concat(pages, rules, []string{"../README.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md", "../SECURITY.md", "../CHANGELOG.md", "../dashboards/README.md"}) {
		text := read(t, page)
		for _, at := range regexp.MustCompile(`\b(po|yourturn)_[a-z0-9_]*[a-z0-9]\b`).FindAllStringIndex(text, -1) {
			name, after := text[at[0]:at[1]], text[at[1]:]
			if strings.HasPrefix(after, "_") || strings.HasPrefix(after, "*") || strings.HasPrefix(after, "…") {
				continue // the beginning of several
			}
			named++
			if !metric[name] {
				t.Errorf("%s names the metric %s, which does not exist", page, name)
			}
		}
		for _, m := range regexp.MustCompile(`po_audit_findings(?: offset \w+)?\{[^}]*reason=~?"([^"]+)"`).FindAllStringSubmatch(text, -1) {
			for code := range strings.SplitSeq(m[1], "|") {
				if !reason[code] {
					t.Errorf("%s names the reason %s, which does not exist", page, code)
				}
			}
		}
	}
	if named < 200 {
		t.Errorf("only %d metrics are named: mend the test", named)
	}
}

// TestDefaultResolutions holds that the page about the config lists the resolutions
// that withdraw a story if the config names none.
func TestDefaultResolutions(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `defaults.withdrawn_resolutions` .*if none are given, with (.*) \\|$").FindStringSubmatch(read(t, "config.md"))
	if row == nil {
		t.Fatal("config.md does not list the default resolutions")
	}
	got := regexp.MustCompile(`, | or `).Split(row[1], -1)
	if diff := gocmp.Diff(latency.DefaultWithdrawnResolutions(), got); diff != "" {
		t.Errorf("(-code +config.md):\n%s", diff)
	}
}

// TestEveryFieldIsExplained holds that docs/privacy.md says of every column of every
// table what it is for, and of no other.
func TestEveryFieldIsExplained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store.db")
	st, err := store.Open(t.Context(), "sqlite:"+file, store.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is only read
	rows, err := db.QueryContext(t.Context(), `SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // it is only read
	columns := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		columns[name] = true
	}
	if err := rows.Err(); err != nil || len(columns) < 40 {
		t.Fatalf("only %d columns were found: %v", len(columns), err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_]+)` \\| [^|]+ \\| [^|]+ \\| [^|]+ \\|$").FindAllStringSubmatch(read(t, "privacy.md"), -1) {
		if !columns[m[1]] {
			t.Errorf("privacy.md explains %s, which is no column, or explains it twice", m[1])
		}
		delete(columns, m[1])
	}
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		t.Errorf("privacy.md does not say what %s holds, what for, and until when", name)
	}
}

// TestWaitsFields holds that docs/waits.md explains every key of a wait in JSON, and no
// other.
func TestWaitsFields(t *testing.T) {
	keys := map[string]bool{}
	for f := range reflect.TypeFor[query.Part]().Fields() {
		keys[f.Tag.Get("json")] = true
	}
	_, table, _ := strings.Cut(read(t, "waits.md"), "## As JSON")
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|").FindAllStringSubmatch(table, -1) {
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[1], -1) {
			if !keys[m[1]] {
				t.Errorf("waits.md explains %s, which is no key, or explains it twice", m[1])
			}
			delete(keys, m[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		t.Errorf("waits.md does not explain %s", name)
	}
}

// anchors returns what a link into a page may name: its headings, as GitHub writes
// them, and the anchors that it sets itself.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		heading := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		out[strings.ReplaceAll(heading, " ", "-")] = true
	}
	for _, m := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllStringSubmatch(text, -1) {
		out[m[1]] = true
	}
	return out
}

// TestLinks holds that every link from a page of this repository to another leads
// to a file and, if it names one, to a heading or an anchor there.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for _, page := range append(pages, "../README.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md", "../SECURITY.md", "../CHANGELOG.md", "../dashboards/README.md") {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			name, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if name != "" {
				target = filepath.Join(filepath.Dir(page), name)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, m[1])
				continue
			}
			if anchor != "" && !anchors(read(t, target))[anchor] {
				t.Errorf("%s links to %s, and there is no such heading", page, m[1])
			}
		}
	}
	if links < 30 {
		t.Errorf("only %d links were found: mend the test", links)
	}
}
