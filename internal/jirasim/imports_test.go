package jirasim_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The simulated Jira must not share a defect with what is tested against it.
func TestImportsNothingOfTheProduct(t *testing.T) {
	const product, own = "github.com/yourturn/yourturn", "github.com/yourturn/yourturn/internal/jirasim"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(path, product) && path != own && !strings.HasPrefix(path, own+"/") {
			t.Errorf("the package imports %s", path)
		}
	}
}
