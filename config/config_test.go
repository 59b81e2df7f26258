package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what bad files say into their .err files")

// noEnv is an environment without variables.
func noEnv(string) string { return "" }

// files returns the test files of a kind.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	return names
}

// TestBad has a small file for each rule and beside it exactly what it says.
func TestBad(t *testing.T) {
	for _, name := range files(t, "*.bad.yml") {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".bad.yml"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.ToSlash(name), data, noEnv)
			if err == nil {
				t.Fatal("the file is taken for a good one")
			}
			got := err.Error() + "\n"
			golden := strings.TrimSuffix(name, ".bad.yml") + ".err"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the error is another one (-want +got):\n%s", diff)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("the error tells a secret")
			}
		})
	}
}

func TestGood(t *testing.T) {
	t.Setenv(tokenVariable, "")
	for _, name := range files(t, "*.good.yml") {
		if _, err := Load(name); err != nil {
			t.Errorf("the file is taken for a bad one:\n%v", err)
		}
	}
}

// TestSame reads the same file twice, and another one.
func TestSame(t *testing.T) {
	a, b, other := load(t, "least.good.yml"), load(t, "least.good.yml"), load(t, "least.good.yml")
	other.Calendar.Holidays = []string{"DE"}
	if !a.Same(b) || a.Same(other) {
		t.Errorf("the same file is the same: %t; with other holidays: %t", a.Same(b), a.Same(other))
	}
}

func TestLoadAbsent(t *testing.T) {
	_, err := Load(filepath.Join("testdata", "absent.yml"))
	want := "testdata/absent.yml: the config cannot be read: no such file or directory; name another file with --config.file"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// load reads a test file. Its store is as it is written.
func load(t *testing.T, name string) *Config {
	t.Helper()
	path := filepath.Join("testdata", name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := Parse(path, data, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestDefaults(t *testing.T) {
	cfg := load(t, "least.good.yml")
	wantJira := Jira{
		URL: "https://jira.example.com/jira", Flavor: "auto", JQL: "project in (PAY)",
		PollInterval: time.Minute, Overlap: 10 * time.Minute, CensusInterval: 6 * time.Hour, CensusMaxRemoved: 0.05,
	}
	if diff := cmp.Diff(wantJira, cfg.Jira); diff != "" {
		t.Errorf("jira (-want +got):\n%s", diff)
	}
	want := Settings{
		AcceptanceStatuses: []string{"PO Review"}, PauseWhenAbsent: true, PauseWhileOwnerAsks: true,
		SlipWindow: 5 * time.Minute, MinDwell: 10 * time.Second,
		QuestionStatuses: []string{"Waiting for PO"}, QuestionLabels: []string{"po-question"},
		Question: QuestionSettings{
			Mention: true, Markers: []string{"Q:", "Question:", "#question"},
			AnsweredMarkers: []string{"#answered", "Answered:", "A:"}, LapseAfter: 240 * time.Hour,
		},
		OwnerField: "Product Owner", Targets: Targets{Acceptance: 8 * time.Hour, Question: 4 * time.Hour},
	}
	if diff := cmp.Diff(want, cfg.Project("PAY").Settings, cmp.AllowUnexported(Bound{})); diff != "" {
		t.Errorf("settings of a project that is not in the file (-want +got):\n%s", diff)
	}
	// Sections without a body are as if they were not there.
	empty := load(t, "empty-sections.good.yml")
	if diff := cmp.Diff(want, empty.Project("PAY").Settings, cmp.AllowUnexported(Bound{})); diff != "" {
		t.Errorf("settings of empty sections (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(cfg.Web, empty.Web, cmp.AllowUnexported(Identity{})); diff != "" {
		t.Errorf("web of empty sections (-want +got):\n%s", diff)
	}
}

func TestProjectOverridesDefaults(t *testing.T) {
	cfg := load(t, "spec.good.yml")
	pay, web := cfg.Project("PAY"), cfg.Project("WEB")
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"a list replaces the default", pay.AcceptanceStatuses, []string{"Ready for sign-off", "10100"}},
		{"a list that is left out is the default", web.AcceptanceStatuses, []string{"PO Review"}},
		{"question merges with the defaults", web.Question.Assignment, true},
		{"question merges with the project", web.Question.MentionAny, true},
		{"the project's question is its own", pay.Question.MentionAny, false},
		{"targets merge", web.Targets, Targets{Acceptance: 16 * time.Hour, Question: 2 * time.Hour}},
		{"stages merge", web.Stages, map[string][]string{"review": {"Code Review"}, "test": {}}},
		{"the project's stages are its own", pay.Stages, map[string][]string{"review": {"Code Review"}, "test": {"QA"}}},
		{"numbers are ids", cfg.Jira.IssueTypes, []string{"Story", "Task", "10004"}},
		{"one owner", len(pay.Owner), 1},
		{"two owners", web.Owner[1].Owner, "grace"},
		{"a component", pay.Components["Checkout"].Owner, "grace"},
		{"the URL ends without a slash", cfg.Jira.URL, "https://example.atlassian.net"},
		{"history", pay.HistoryFrom.String(), "2026-01-01"},
		{"given", cfg.Given("projects.PAY.acceptance_statuses"), true},
		{"not given", cfg.Given("projects.WEB.acceptance_statuses"), false},
		{"written where it is given", cfg.Written("projects.PAY.acceptance_statuses"), true},
		{"written under defaults", cfg.Written("projects.WEB.history_from"), true},
		{"written by another project alone", cfg.Written("projects.WEB.acceptance_statuses"), false},
		{"written nowhere", cfg.Written("defaults.owner_field"), false},
		{"line of a key", cfg.Line("projects.WEB.targets.question"), 20},
		{"line of a default", cfg.Line("projects.WEB.history_from"), 13},
		{"line of what is nowhere", cfg.Line("projects.WEB.owner_field"), 16},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestToken(t *testing.T) {
	const least = "jira: {url: https://jira.example.com, projects: [PAY]"
	variable := func(name string) string {
		if name == "YOURTURN_JIRA_TOKEN" {
			return " from-env\n"
		}
		return ""
	}
	for _, c := range []struct {
		name, text, want, wantErr string
		env                       func(string) string
	}{
		{name: "none", text: least + "}"},
		{name: "no environment", text: least + "}", env: nil},
		{name: "environment", text: least + "}", env: variable, want: "from-env"},
		{name: "file", text: least + ", token_file: token.txt}", env: noEnv, want: "hunter2"},
		{
			name: "both", text: least + ", token_file: token.txt}", env: variable,
			wantErr: "jira.token_file is given, and the environment has YOURTURN_JIRA_TOKEN too; keep one of them",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := Parse("testdata/x.yml", []byte(c.text), c.env)
			if err != nil {
				t.Fatal(err)
			}
			if c.wantErr != "" {
				if err := cfg.Jira.RequireToken(); err == nil || err.Error() != c.wantErr {
					t.Errorf("got error %v, want %s", err, c.wantErr)
				}
				return
			}
			if got := cfg.Jira.Token.Reveal(); got != c.want {
				t.Errorf("got token %q, want %q", got, c.want)
			}
			if err := cfg.Jira.RequireToken(); (err == nil) != (c.want != "") {
				t.Errorf("RequireToken: %v", err)
			}
		})
	}
}

// FuzzParse holds that no file panics, and that every problem is one line with a place.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yml", "config.example.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := Parse("x.yml", data, noEnv)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("config %v with error %v", cfg, err)
		}
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, "x.yml:") {
				t.Errorf("a line without a place: %q", line)
			}
		}
	})
}

// TestStorePath holds that a store is relative to the config's folder, and that
// one in the working directory, where it was looked for before, is not abandoned.
func TestStorePath(t *testing.T) {
	for _, tc := range []struct {
		name, url     string
		files         []string // that are there; the config is in etc
		want, warning string
	}{
		{"the default", "", nil, "etc/yourturn.db", ""},
		{"a relative path", "sqlite:data/store.db", nil, "etc/data/store.db", ""},
		{"an absolute path", "sqlite:/var/lib/store.db", []string{"store.db"}, "/var/lib/store.db", ""},
		{"one in the config's folder", "sqlite:store.db", []string{"etc/store.db"}, "etc/store.db", ""},
		{"one in the working directory", "sqlite:store.db", []string{"store.db"}, "store.db", "the store store.db in the working directory is used"},
		{"one in each", "sqlite:store.db", []string{"store.db", "etc/store.db"}, "etc/store.db", "the store etc/store.db is used, and another one"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir("etc", 0o700); err != nil {
				t.Fatal(err)
			}
			text := "jira: {url: https://jira.example.com, projects: [PAY]}\n"
			if tc.url != "" {
				text += "store: {url: " + tc.url + "}\n"
			}
			if err := os.WriteFile("etc/yourturn.yml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, name := range tc.files {
				if err := os.WriteFile(name, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cfg, err := Load("etc/yourturn.yml")
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.Store.URL; got != "sqlite:"+tc.want {
				t.Errorf("the store is %s, want %s", got, tc.want)
			}
			if got := strings.Join(cfg.Warnings(), "\n"); !strings.HasPrefix(got, tc.warning) || tc.warning == "" && got != "" {
				t.Errorf("it warns of %q, want %q", got, tc.warning)
			}
		})
	}
}
