package propose_test

import (
	"os"
	"testing"
	"time"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
	"github.com/yourturn/yourturn/internal/propose"
)

// TestRealProjectsWithoutAnOwner proposes for real issues of open-source
// projects, where nobody is a Product Owner: nothing is claimed with high
// confidence to wait for one.
func TestRealProjectsWithoutAnOwner(t *testing.T) {
	path := os.Getenv("YOURTURN_EXPORT")
	if path == "" {
		t.Skip("YOURTURN_EXPORT names no export of real issues")
	}
	site, err := jirasim.LoadExport(path, jirasim.DataCenter, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := propose.New(read(t, &orgs.Org{Site: site}, jirasim.DataCenter), "UTC")
	if err != nil {
		t.Fatal(err)
	}
	for _, pr := range p.Projects {
		t.Logf("%s, %d of %d stories finished: acceptance %v, %s: %s", pr.Key, pr.Finished, pr.Stories, pr.Acceptance.IDs, pr.Acceptance.Confidence, pr.Acceptance.Evidence)
		if pr.Source.Kind != "" {
			t.Logf("    owner by %s, %s: %s", pr.Source.Kind, pr.Source.Confidence, pr.Source.Evidence)
		}
		if len(pr.Acceptance.IDs) > 0 && pr.Acceptance.Confidence == propose.High {
			t.Errorf("%s has an acceptance status with high confidence", pr.Key)
		}
	}
}
