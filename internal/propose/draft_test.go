package propose_test

import (
	"testing"

	"github.com/yourturn/yourturn/internal/jirasim"
	"github.com/yourturn/yourturn/internal/jirasim/orgs"
	"github.com/yourturn/yourturn/internal/propose"
)

// TestDraftsAreConfigs writes the proposal of every organisation, with all that
// is sure and with all there is, and replays it.
func TestDraftsAreConfigs(t *testing.T) {
	for _, name := range orgs.Names() {
		t.Run(name, func(t *testing.T) {
			org, err := orgs.New(name, orgs.Options{Flavor: jirasim.Cloud, Seed: 1, Now: noon})
			if err != nil {
				t.Fatal(err)
			}
			s := read(t, org, jirasim.Cloud)
			p, err := propose.New(s, "UTC")
			if err != nil {
				t.Fatal(err)
			}
			for _, least := range []propose.Confidence{propose.High, propose.Medium, propose.Low} {
				d := propose.NewDraft(p, s, least, "UTC")
				d.URL, d.Email = "https://example.atlassian.net", "bot@example.com"
				r, err := propose.NewReplay(s, "draft.yml", d.YAML())
				if err != nil {
					t.Fatalf("%v\n%s", err, d.YAML())
				}
				d.Targets(r, least)
				if r, err = propose.NewReplay(s, "draft.yml", d.YAML()); err != nil {
					t.Fatalf("with targets: %v\n%s", err, d.YAML())
				}
				if least == propose.Medium {
					t.Logf("%s", d.YAML())
					for k, m := range r {
						t.Logf("%s %+v", k, *m)
					}
				}
			}
		})
	}
}
