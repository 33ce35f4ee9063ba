package dashboard

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:web/dist
var bundle embed.FS

//go:embed apidocs
var apidocs embed.FS

const noBundle = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Shouwang</title></head>
<body><h1>Shouwang 守望</h1>
<p>The page is not built into this binary: run <code>make web</code> and build again. The API works: see <a href="/docs">/docs</a>.</p>
<p>页面尚未构建：请运行 <code>make web</code> 后重新编译。接口可用，见 <a href="/docs">/docs</a>。</p>
</body></html>
`

func (d *Dashboard) servePage() error {
	files, err := fs.Sub(bundle, "web/dist")
	if err != nil {
		return fmt.Errorf("embedded page: %w", err)
	}
	if d.opts.page != nil {
		files = d.opts.page
	}
	d.mux.HandleFunc("GET /assets/", func(w http.ResponseWriter, r *http.Request) {
		// The names of assets hold a hash of what is in them.
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		if !serveFile(w, r, files, strings.TrimPrefix(path.Clean(r.URL.Path), "/")) {
			w.Header().Del("Cache-Control")
			http.NotFound(w, r)
		}
	})
	d.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			writeProblem(w, newProblem(http.StatusMethodNotAllowed, r.Method+": only GET is possible here"))
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		if name := strings.TrimPrefix(path.Clean(r.URL.Path), "/"); name != "" && !strings.HasPrefix(name, ".") && serveFile(w, r, files, name) {
			return
		}
		// The field page is small and works without a network: it is a page of its own.
		if path.Clean(r.URL.Path) == "/field" && serveFile(w, r, files, "field.html") {
			return
		}
		// Every other address is a view of the page; the page finds out which.
		if !serveFile(w, r, files, "index.html") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(noBundle))
		}
	})
	d.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, r *http.Request) {
		serveFile(w, r, apidocs, "apidocs/index.html")
	})
	d.mux.HandleFunc("GET /docs/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !serveFile(w, r, apidocs, "apidocs/"+path.Base(r.PathValue("file"))) {
			http.NotFound(w, r)
		}
	})
	d.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		doc, err := json.Marshal(d.api.OpenAPI())
		if err != nil {
			writeProblem(w, newProblem(http.StatusInternalServerError, "the document could not be made"))
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_, _ = w.Write(doc)
	})
	return nil
}

// serveFile answers with the file, or returns false when there is none.
func serveFile(w http.ResponseWriter, r *http.Request, files fs.FS, name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	info, err := fs.Stat(files, name)
	if err != nil || info.IsDir() {
		return false
	}
	data, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return false
	}
	var modified time.Time
	if info.ModTime().Unix() > 0 {
		modified = info.ModTime()
	}
	http.ServeContent(w, r, path.Base(name), modified, bytes.NewReader(data))
	return true
}
