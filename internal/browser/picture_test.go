package browser

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tallest is how high a picture is at most, by its width: what somebody sees without
// scrolling far.
func tallest(width int64) int {
	if width < 1000 {
		return 1500
	}
	return 1250
}

// TestPictures draws a page wide and narrow, light and dark. If YOURTURN_PICTURES names a
// folder, and YOURTURN_PAGES pages of a service that runs, each as NAME=ADDRESS, it draws
// these, and leaves the pictures there.
func TestPictures(t *testing.T) {
	folder, pages := os.Getenv("YOURTURN_PICTURES"), strings.Fields(os.Getenv("YOURTURN_PAGES"))
	if folder == "" || len(pages) == 0 {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "<!doctype html><title>t</title><p style='height: 3000px'>A page") //nolint:errcheck // the browser is gone
		}))
		t.Cleanup(srv.Close)
		folder, pages = t.TempDir(), []string{"page=" + srv.URL + "/"}
	}
	b := New(t)
	for _, page := range pages {
		name, address, ok := strings.Cut(page, "=")
		if !ok || strings.Contains(name, "/") {
			t.Fatalf("YOURTURN_PAGES: %s: write NAME=ADDRESS", page)
		}
		for _, look := range Looks() {
			text := clipped(t, b.Open(t, look, address).Picture(), tallest(look.Width))
			if size, err := png.DecodeConfig(bytes.NewReader(text)); err != nil || size.Width != int(look.Width) || size.Height > tallest(look.Width) {
				t.Errorf("%s, %s: a picture %d by %d (%v)", address, look, size.Width, size.Height, err)
			}
			file := filepath.Join(folder, name+"-"+strings.ReplaceAll(look.String(), " ", "-")+".png")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// clipped returns a picture without what is below a height.
func clipped(t *testing.T, picture []byte, height int) []byte {
	t.Helper()
	whole, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	size := whole.Bounds()
	size.Max.Y = min(size.Max.Y, size.Min.Y+height)
	out := image.NewRGBA(size)
	draw.Draw(out, size, whole, size.Min, draw.Src)
	var buf bytes.Buffer
	if err := png.Encode(&buf, out); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
