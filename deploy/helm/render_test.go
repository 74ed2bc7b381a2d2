package helm

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// render does what `helm template rollbook ./rollbook -n ledger` does with a chart, as
// far as this one goes: Helm's own engine needs all of client-go, two minutes to
// compile, and gives the same to the byte for both sets of values.
func render(chart string, values map[string]any) (map[string]string, error) {
	// Templates know the fields by names that begin with a capital.
	var about struct{ APIVersion, Name, Description, Type, Version, AppVersion, KubeVersion string }
	if err := readYAML(filepath.Join(chart, "Chart.yaml"), &about); err != nil {
		return nil, err
	}
	files, err := fs.Glob(os.DirFS(chart), "templates/*")
	if err != nil {
		return nil, err
	}
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(sprig.TxtFuncMap()).Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var b strings.Builder
			err := all.ExecuteTemplate(&b, name, data)
			return b.String(), err
		},
		"toYaml": func(v any) (string, error) {
			b, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(b), "\n"), err
		},
		"fail": func(why string) (string, error) { return "", errors.New(why) },
	})
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(chart, name))
		if err != nil {
			return nil, err
		}
		if _, err := all.New(name).Parse(string(b)); err != nil {
			return nil, err
		}
	}
	out := map[string]string{}
	for _, name := range files {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		var b strings.Builder
		if err := all.ExecuteTemplate(&b, name, map[string]any{
			"Values":  values,
			"Chart":   about,
			"Release": map[string]any{"Name": "rollbook", "Namespace": "ledger", "Service": "Helm"},
		}); err != nil {
			return nil, err
		}
		if strings.TrimSpace(b.String()) != "" {
			out[name] = b.String()
		}
	}
	return out, nil
}

// joined is the objects of a chart in one document, as `helm template` writes it.
func joined(rendered map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(rendered)) {
		if strings.HasSuffix(name, ".yaml") {
			fmt.Fprintf(&b, "---\n# Source: rollbook/%s\n%s\n", name, strings.TrimSpace(rendered[name]))
		}
	}
	return b.String()
}

// merged returns values with others laid over them, as Helm does it: maps are
// merged, everything else is replaced.
func merged(values, over map[string]any) map[string]any {
	out := maps.Clone(values)
	for name, v := range over {
		inner, isMap := v.(map[string]any)
		if below, ok := out[name].(map[string]any); ok && isMap {
			v = merged(below, inner)
		}
		out[name] = v
	}
	return out
}

func readYAML(name string, into any) error {
	b, err := os.ReadFile(name)
	if err == nil {
		err = yaml.UnmarshalStrict(b, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
