package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed static
var static embed.FS

// assets are the files that pages refer to: scripts, styles, fonts, and the
// licences that they came with.
type assets struct {
	files map[string]*asset // by name
}

type asset struct {
	body    []byte
	version string // begins the hash of the body
	kind    string // media type
	packed  func() []byte
}

// mediaTypes are those of the files; fonts are packed already.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2",
}

func openAssets() (*assets, error) {
	a := &assets{files: map[string]*asset{}}
	root, err := fs.Sub(static, "static")
	if err != nil {
		return nil, err
	}
	return a, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, name)
		sum := sha256.Sum256(b)
		file := &asset{body: b, version: hex.EncodeToString(sum[:6]), kind: mediaTypes[path.Ext(name)]}
		file.packed = sync.OnceValue(func() []byte {
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			_, _ = w.Write(b) // into memory: it cannot fail
			_ = w.Close()
			return out.Bytes()
		})
		a.files[name] = file
		return err
	})
}

// url returns the address of a file with its version, under which it may be kept
// for ever.
func (a *assets) url(name string) string {
	file, ok := a.files[name]
	if !ok {
		return "/static/" + name
	}
	return "/static/" + name + "?v=" + file.version
}

// serve answers with a file.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	file, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("ETag", `"`+file.version+`"`)
	h.Set("Cache-Control", "public, max-age=86400")
	if r.URL.Query().Get("v") == file.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := file.body
	if !strings.HasSuffix(name, ".woff2") {
		h.Add("Vary", "Accept-Encoding")
		if h.Get("Content-Encoding") == "" && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", `"`+file.version+`-gz"`)
			body = file.packed()
		}
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

// licence is what others gave to the pages, and under which terms.
type licence struct {
	Name, Version, Licence string
	Files                  []link
}

func licences() []licence {
	file := func(names ...string) (list []link) {
		for _, name := range names {
			list = append(list, link{Label: strings.TrimSuffix(name, ".txt"), URL: "/static/licences/" + name})
		}
		return list
	}
	return []licence{
		{"htmx", "4.0.1", "0BSD", file("htmx.txt")},
		{"Apache ECharts", "6.1.0", "Apache-2.0", file("echarts.txt", "echarts-NOTICE.txt", "echarts-d3.txt")},
		{"Be Vietnam Pro", "5.3.0", "OFL-1.1", file("be-vietnam-pro.txt")},
	}
}
