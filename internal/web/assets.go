package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"sync"
)

//go:embed assets
var files embed.FS

// assets serves what pages are made with. No page has a style or a script in itself.
func assets() http.Handler {
	dir, err := fs.Sub(files, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	served := http.StripPrefix("/assets/", http.FileServerFS(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/" { // there is no list of files
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "max-age=3600")
		served.ServeHTTP(w, r)
	})
}

// tagged are the addresses of the files, by name. Each bears what its file holds, so
// that after an update no browser makes a page with an old one.
var tagged = sync.OnceValue(func() map[string]string { //nolint:gochecknoglobals // of files that do not change
	out := map[string]string{}
	list, err := fs.ReadDir(files, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	for _, entry := range list {
		text, err := fs.ReadFile(files, "assets/"+entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(text)
		out[entry.Name()] = "/assets/" + entry.Name() + "?" + hex.EncodeToString(sum[:4])
	}
	return out
})

// asset returns the address of a file that pages are made with.
func asset(name string) string { return tagged()[name] }
