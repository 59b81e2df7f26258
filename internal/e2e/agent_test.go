package e2e

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/yourturn/yourturn/internal/api/apitest"
	"github.com/yourturn/yourturn/internal/jirasim"
)

// unmarked returns an answer of the agent's server without its marks.
func unmarked(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["untrusted_text"]; ok && len(v) == 1 {
			return text
		}
		for key, inner := range v {
			v[key] = unmarked(inner)
		}
	case []any:
		for i := range v {
			v[i] = unmarked(v[i])
		}
	}
	return v
}

// TestAgentAsksAProcess asks the three questions of an agent over the standard input and
// output of a process, beside a running service, and compares the answers with the commands.
func TestAgentAsksAProcess(t *testing.T) {
	o := newOrganisation(t, 1, jirasim.Cloud)
	base, _ := serving(t, o)
	cmd := process(t.Context(), "mcp", "--config.file", o.config)
	var said bytes.Buffer
	cmd.Stderr = &said
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: cmd}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	call := func(tool string, args map[string]any) (out map[string]any) {
		t.Helper()
		res, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
		if err != nil || res.IsError {
			t.Fatalf("%s: %v %+v\n%s", tool, err, res, &said)
		}
		text := res.Content[0].(*mcp.TextContent).Text
		t.Logf("%s %v\n%.1500s", tool, args, text)
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		return unmarked(out).(map[string]any)
	}
	c := &apiClient{t, base, apitest.New(t), 0}
	waits := printed[[]any](t, "waits", "--config.file", o.config, "--format", "json", "--open")
	expected := 0
	for i, w := range waits {
		if i > 15 && expected > 0 {
			break
		}
		wait := w.(map[string]any)
		key := wait["story"].(string)
		decides, why, when := call("who_decides", map[string]any{"story": key}), call("why_waiting", map[string]any{"story": key}), call("when_answered", map[string]any{"story": key})
		if decides["waiting"] != true || why["story"] != key || when["waiting"] != true {
			t.Errorf("%s: %v, %v, %v", key, decides, why["story"], when)
		}
		// What is waited for is what the explanation of the API says, and the waits are the command's.
		_, story := c.ask("/api/v1/stories/" + key)
		if diff := gocmp.Diff(story["open"], why["open"]); diff != "" {
			t.Errorf("%s (-API +agent):\n%s", key, diff)
		}
		if diff := gocmp.Diff(story["decides"], any(decides)); diff != "" {
			t.Errorf("%s (-API +agent):\n%s", key, diff)
		}
		if !slices.ContainsFunc(why["waits"].([]any), func(other any) bool { return gocmp.Diff(w, other) == "" }) {
			t.Errorf("%s: the agent is not told of %v, but of %v", key, w, why["waits"])
		}
		for _, one := range when["answers"].([]any) {
			a := one.(map[string]any)
			if a["expected"] != nil {
				expected++
			}
			answered := 0.0
			_, turn := c.ask("/api/v1/owners/" + a["owner"].(map[string]any)["label"].(string))
			for _, p := range turn["parts"].([]any) {
				if part := p.(map[string]any); part["kind"] == a["kind"] {
					answered += part["last_90_days"].(map[string]any)["answered"].(float64)
				}
			}
			if a["ended"] != answered {
				t.Errorf("%s: an answer is expected by %v waits, want %v", key, a["ended"], answered)
			}
			if a["basis"] == "" || when["caution"] == "" {
				t.Errorf("%s: %v", key, when)
			}
		}
	}
	if expected == 0 {
		t.Error("no answer is expected: the organisation shows too little")
	}
	listed := call("list_waits", map[string]any{"limit": 5})
	if _, page := c.ask("/api/v1/waiting?limit=5"); gocmp.Diff(page["waits"], listed["waits"]) != "" {
		t.Errorf("what waits (-API +agent):\n%s", gocmp.Diff(page["waits"], listed["waits"]))
	}
	report := call("retrospective", map[string]any{"project": "PAY"})
	if diff := gocmp.Diff(printed[map[string]any](t, "report", "--config.file", o.config, "--project", "PAY", "--format", "json"), report); diff != "" {
		t.Errorf("report (-command +agent):\n%.3000s", diff)
	}
	if err := session.Close(); err != nil {
		t.Errorf("it does not end with its agent: %v\n%s", err, &said)
	}
	if said.Len() > 0 {
		t.Errorf("it says: %s", &said)
	}
}
