package browser

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPictures draws pages of a service that runs, each wide and narrow, light and dark,
// if YOURTURN_PICTURES names a folder for them and YOURTURN_PAGES their addresses.
func TestPictures(t *testing.T) {
	folder, addresses := os.Getenv("YOURTURN_PICTURES"), strings.Fields(os.Getenv("YOURTURN_PAGES"))
	if folder == "" || len(addresses) == 0 {
		t.Skip("YOURTURN_PICTURES and YOURTURN_PAGES are not set")
	}
	b := New(t)
	for _, address := range addresses {
		_, path, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(address, "http://"), "https://"), "/")
		name := cmp.Or(strings.Trim(strings.Map(func(r rune) rune {
			if strings.ContainsRune("/?=&.", r) {
				return '-'
			}
			return r
		}, path), "-"), "home")
		for _, look := range Looks() {
			file := filepath.Join(folder, name+"-"+strings.ReplaceAll(look.String(), " ", "-")+".png")
			if err := os.WriteFile(file, b.Open(t, look, address).Picture(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
