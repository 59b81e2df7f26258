package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/yourturn/yourturn/internal/api/apitest"
	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/suite"
)

// apiClient asks the API of a service, and holds every answer to its document.
type apiClient struct {
	*testing.T
	base     string
	document *apitest.Document
	answers  int
}

// ask returns the answer to a path, and its status.
func (c *apiClient) ask(path string) (status int, out map[string]any) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodGet, c.base+path, http.NoBody)
	if err != nil {
		c.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		c.Fatal(err)
	}
	if wrong := c.document.Wrong(r, resp.StatusCode, resp.Header, text); len(wrong) > 0 {
		c.Errorf("%s: %d is not what the document says: %.2000q: %.500s", path, resp.StatusCode, wrong, text)
	}
	c.answers++
	return resp.StatusCode, out
}

// all returns the elements of a list, page by page.
func (c *apiClient) all(path, list string) (out []any) {
	c.Helper()
	cursor := ""
	for {
		status, page := c.ask(path + cursor)
		if status != http.StatusOK {
			c.Fatalf("%s%s: %d %v", path, cursor, status, page)
		}
		out = append(out, page[list].([]any)...)
		if page["next"] == nil {
			return out
		}
		cursor = map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "cursor=" + url.QueryEscape(page["next"].(string))
	}
}

// printed returns what a command prints as JSON.
func printed[T any](t *testing.T, args ...string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(yourturn(t, 0, args...)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// storyID is the id of the story of a wait.
func storyID(t *testing.T, wait any) int {
	t.Helper()
	id, err := strconv.Atoi(wait.(map[string]any)["story_id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestAPISaysWhatTheCommandsSay reads an organisation by the API, while the service holds
// the store, and compares it with what the commands print.
func TestAPISaysWhatTheCommandsSay(t *testing.T) {
	o := newOrganisation(t, 3, jirasim.Cloud)
	base, _ := serving(t, o)
	c := &apiClient{t, base, apitest.New(t), 0}

	waits := printed[[]any](t, "waits", "--config.file", o.config, "--format", "json")
	slices.SortStableFunc(waits, func(a, b any) int { return cmp.Compare(storyID(t, a), storyID(t, b)) })
	if diff := gocmp.Diff(waits, c.all("/api/v1/waits?limit=100", "waits")); diff != "" {
		t.Errorf("waits (-command +API):\n%.3000s", diff)
	}
	open := slices.DeleteFunc(slices.Clone(waits), func(w any) bool { return w.(map[string]any)["end"] != nil })
	if diff := gocmp.Diff(open, c.all("/api/v1/waits?open=true&limit=7", "waits")); diff != "" {
		t.Errorf("open waits (-command +API):\n%.3000s", diff)
	}
	stories := map[string][]any{}
	for _, w := range waits {
		key := w.(map[string]any)["story"].(string)
		stories[key] = append(stories[key], w)
	}
	asked := 0
	for key, want := range stories {
		if asked++; asked > 60 && !suite.Full() {
			break
		}
		if _, story := c.ask("/api/v1/stories/" + key + "?limit=100"); gocmp.Diff(want, story["waits"]) != "" {
			t.Errorf("%s (-command +API):\n%.2000s", key, gocmp.Diff(want, story["waits"]))
		}
	}
	waiting := c.all("/api/v1/waiting?limit=10", "waits")
	forgotten := c.all("/api/v1/waiting?limit=100&state=forgotten", "waits")
	if len(waiting) == 0 || len(waiting)+len(forgotten) > len(open) {
		t.Errorf("%d wait and %d are forgotten, of %d", len(waiting), len(forgotten), len(open))
	}
	for _, owner := range c.all("/api/v1/owners?limit=1", "owners") {
		label := owner.(map[string]any)["owner"].(string)
		if status, turn := c.ask("/api/v1/owners/" + url.PathEscape(label)); status != http.StatusOK || turn["owner"] != label {
			t.Errorf("the turn of %s: %d %v", label, status, turn)
		}
	}
	for _, project := range c.all("/api/v1/projects?limit=1", "projects") {
		if status, _ := c.ask("/api/v1/projects/" + project.(map[string]any)["project"].(string)); status != http.StatusOK {
			t.Errorf("%v: %d", project, status)
		}
	}
	c.all("/api/v1/data?limit=1", "quarantine")
	// The command lists findings in the order in which they happened, the API by story.
	findings := printed[[]any](t, "waits", "--audit", "--config.file", o.config, "--format", "json")
	byText := func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	for _, limit := range []string{"7", "100"} {
		listed := c.all("/api/v1/audit?limit="+limit, "findings")
		slices.SortFunc(findings, byText)
		slices.SortFunc(listed, byText)
		if diff := gocmp.Diff(findings, listed); diff != "" || len(findings) < 30 {
			t.Errorf("%d findings (-command +API):\n%.3000s", len(findings), diff)
		}
	}
	c.all("/api/v1/agreement?limit=1", "owners")

	report := awaitReport(c, "/api/v1/report?project=PAY")
	delete(report, "omitted")
	if diff := gocmp.Diff(printed[map[string]any](t, "report", "--config.file", o.config, "--project", "PAY", "--format", "json"), report); diff != "" {
		t.Errorf("report (-command +API):\n%.3000s", diff)
	}
	t.Logf("%d answers are as the document says", c.answers)
}

// awaitReport asks for a report until it is made.
func awaitReport(c *apiClient, path string) map[string]any {
	c.Helper()
	ctx, stop := context.WithTimeout(c.Context(), time.Minute)
	defer stop()
	for {
		switch status, report := c.ask(path); status {
		case http.StatusOK:
			return report
		case http.StatusServiceUnavailable:
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
				c.Fatal("the report is not made")
			}
		default:
			c.Fatalf("%s: %d %v", path, status, report)
		}
	}
}

// TestCurlOfTheDocs runs the lines of docs/api.md that ask, on an organisation.
func TestCurlOfTheDocs(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		suite.Lacks(t, "curl", "curl")
	}
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	o := newOrganisation(t, 1, jirasim.Cloud)
	base, _ := serving(t, o)
	lines := regexp.MustCompile(`(?m)^curl .*$`).FindAllString(string(text), -1)
	if len(lines) < 8 {
		t.Fatalf("docs/api.md has %d lines", len(lines))
	}
	for _, line := range lines {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.ReplaceAll(line, "http://127.0.0.1:9817", base)) //nolint:gosec // it is of our docs
		out, err := cmd.Output()
		right := json.Valid(out) && !bytes.HasPrefix(out, []byte(`{"type":"https`))
		if strings.Contains(line, "If-None-Match") {
			right = string(out) == "304\n"
		}
		if err != nil || !right {
			t.Errorf("%s: %v: %.500s", line, err, out)
		}
	}
}
