package browser

import (
	"bytes"
	"cmp"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPictures draws a page wide and narrow, light and dark. If YOURTURN_PICTURES names a
// folder, and YOURTURN_PAGES the addresses of pages of a service that runs, it draws
// these, and leaves the pictures there.
func TestPictures(t *testing.T) {
	folder, addresses := os.Getenv("YOURTURN_PICTURES"), strings.Fields(os.Getenv("YOURTURN_PAGES"))
	if folder == "" || len(addresses) == 0 {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<!doctype html><title>t</title><p>A page") //nolint:errcheck // the browser is gone
		}))
		t.Cleanup(srv.Close)
		folder, addresses = t.TempDir(), []string{srv.URL + "/"}
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
			picture := b.Open(t, look, address).Picture()
			if size, err := png.DecodeConfig(bytes.NewReader(picture)); err != nil || int64(size.Width) != look.Width {
				t.Errorf("%s, %s: a picture %d wide (%v)", address, look, size.Width, err)
			}
			file := filepath.Join(folder, name+"-"+strings.ReplaceAll(look.String(), " ", "-")+".png")
			if err := os.WriteFile(file, picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
