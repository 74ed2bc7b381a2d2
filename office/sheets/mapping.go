package sheets

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"rollbook/domain"
)

// Mapping says what the headers of a sheet stand for, where they are not those
// that are known. It is a small JSON file:
//
//	{"kind": "register", "columns": {"Tên đầy đủ": "full_name"}, "defaults": {"religion": "00"}}
type Mapping struct {
	// Kind is that of the sheet; "" to recognise it.
	Kind string `json:"kind"`
	// Sheet is the name of the only sheet to read; "" for all.
	Sheet string `json:"sheet,omitempty"`
	// Columns has the key of a column for each header. The key "" is a column that
	// is not taken in.
	Columns map[string]string `json:"columns"`
	// Defaults have the values of cells that are empty, or whose column is not
	// there, by key. They are the clerk's word for every row.
	Defaults map[string]string `json:"defaults,omitempty"`
}

// MappingError says what is wrong with a mapping file.
type MappingError struct{ Text domain.Text }

func (e *MappingError) Error() string { return e.Text.EN }

// maxMapping is the size of a mapping file, in bytes.
const maxMapping = 1 << 20

// ReadMapping reads a mapping file. The error is a *[MappingError].
func ReadMapping(in io.Reader) (*Mapping, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxMapping))
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))))
	d.DisallowUnknownFields()
	var m Mapping
	if err := d.Decode(&m); err != nil {
		return nil, &MappingError{textf("it is not JSON as `rollbook template mapping KIND` prints it: %v", "không phải JSON như `rollbook template mapping LOẠI` in ra: %v", err)}
	}
	if _, ok := KindNamed(m.Kind); !ok && m.Kind != "" {
		return nil, &MappingError{textf("there is no kind of sheet %[1]q; there are: %[2]s", "không có loại biểu %[1]q; các loại: %[2]s", m.Kind, kindNames())}
	}
	for _, key := range slices.Concat(slices.Collect(maps.Values(m.Columns)), slices.Collect(maps.Keys(m.Defaults))) {
		if key != "" && !m.knows(key) {
			return nil, &MappingError{textf("there is no column %q; `rollbook template mapping KIND` prints those of a kind", "không có cột %q; `rollbook template mapping LOẠI` in các cột của một loại", key)}
		}
	}
	return &m, nil
}

func (m *Mapping) knows(key string) bool {
	return slices.ContainsFunc(kinds, func(k *Kind) bool {
		_, ok := k.column(key)
		return ok && (m.Kind == "" || m.Kind == k.Name)
	})
}

// find returns the key that the mapping has for a header.
func (m *Mapping) find(header string) (string, bool) {
	if m == nil {
		return "", false
	}
	for have, key := range m.Columns {
		if spelled(plainHeader(clean(have))) == spelled(header) {
			return key, true
		}
	}
	return "", false
}

// Mapping returns the mapping of the headers that are known for a kind.
func (k *Kind) Mapping() Mapping {
	m := Mapping{Kind: k.Name, Columns: map[string]string{}}
	for _, c := range k.columns {
		if c.form == ignored {
			continue
		}
		for _, head := range append([]string{c.head.VI, c.head.EN}, c.also...) {
			if head != "" {
				m.Columns[head] = c.key
			}
		}
	}
	return m
}

func kindNames() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}
