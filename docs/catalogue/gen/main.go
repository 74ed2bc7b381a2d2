// Command gen writes the event catalogue into the current directory, and the page
// of the charter beside it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"rollbook/domain"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// file is one that is generated, by its path in the catalogue.
type file struct {
	path string
	text []byte
}

// catalogue returns all files, always the same for the same types.
func catalogue() []file {
	all := domain.Describe()
	files := []file{
		{"README.md", page(all)},
		{"asyncapi.json", document(asyncAPI(all))},
		{"../charter.md", charterPage()},
	}
	for _, d := range all {
		files = append(files, file{schemaPath(d), document(schema(d))})
	}
	return files
}

func schemaPath(d domain.Description) string {
	return fmt.Sprintf("schemas/%s.v%d.json", d.Type, d.Version)
}

// write writes the files, and removes schemas that are none of them.
func write(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "schemas"), 0o755); err != nil {
		return err
	}
	current := map[string]bool{}
	for _, f := range catalogue() {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		current[path] = true
		if err := os.WriteFile(path, f.text, 0o644); err != nil {
			return err
		}
	}
	have, err := filepath.Glob(filepath.Join(dir, "schemas", "*"))
	if err != nil {
		return err
	}
	for _, path := range have {
		if !current[path] {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}
