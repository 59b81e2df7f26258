package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/yourturn/yourturn/internal/jirasim"
)

// TestFamiliesThatAreLeftOut leaves metric families out by the config: a reload suffices,
// check names what shows less, and a name that is none is an error in its line.
func TestFamiliesThatAreLeftOut(t *testing.T) {
	t.Parallel()
	p := newRig(t, jirasim.Cloud, jirasim.Options{}, "")
	p.move(p.dev, p.create(p.pay), "1", "2")
	p.fine()
	open, paused := `po_waits_open{kind="acceptance",owner="po",project="PAY"}`, `po_waits_paused{kind="acceptance",owner="po",project="PAY"}`
	p.shows(open, 1)
	p.shows(paused, 0)
	file := p.svc.Config().File()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := p.serve()
	await(t, r.base+"/metrics", func(status int, _ string) bool { return status == http.StatusOK })
	status, answer := p.reload(r, string(text)+"metrics: {families: {po_waits_pausd: false}}\n")
	if want := "metrics.families.po_waits_pausd: is no family that may be left out; did you mean po_waits_paused?"; status != http.StatusInternalServerError || !strings.Contains(answer, want) {
		t.Errorf("a name that is none: %d %s", status, answer)
	}
	if status, answer := p.reload(r, string(text)+"metrics:\n  families: {po_waits_paused: false, po_slips_total: false, po_waits_open: true}\n"); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	p.shows(open, 1)
	p.shows(paused, -1)
	p.shows(`po_slips_total{project="PAY"}`, -1)
	says := strings.Join(strings.Fields(yourturn(t, 0, "check", "--config.file", file)), " ")
	if want := "metrics.families leaves out po_waits_paused, so less is shown by the dashboard Who waits on whom, now"; !strings.Contains(says, want) || strings.Contains(says, "po_slips_total") {
		t.Errorf("check does not say %q, or names what nothing needs: %s", want, says)
	}
	p.stopped(r)
}
