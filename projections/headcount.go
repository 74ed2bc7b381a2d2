package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rollbook/domain"
)

// Dimension is something that a headcount can be broken down by.
type Dimension string

// Dimensions returns what a headcount can be broken down by.
func Dimensions() []Dimension {
	return []Dimension{"ethnicity", "status", "gender", "religion", "organisation"}
}

func (d Dimension) of(c domain.Cell) string {
	switch d {
	case "ethnicity":
		return known(string(c.Ethnicity))
	case "status":
		return string(c.Status)
	case "gender":
		return string(c.Gender)
	case "religion":
		return known(string(c.Religion))
	case "organisation":
		return c.Organisation
	}
	return ""
}

// known names a value that is sealed and could not be opened.
func known(value string) string {
	if value == "" {
		return domain.Unknown
	}
	return value
}

// Headcount is how many members there are: provisional and official ones, in
// the organisation in which they count.
type Headcount struct {
	Report       string         `json:"report"` // "headcount"
	Organisation *string        `json:"organisation"`
	AsOf         domain.Date    `json:"as_of"`
	By           []Dimension    `json:"by"`
	Total        int            `json:"total"`
	Rows         []HeadcountRow `json:"rows"`
	Standing
}

// HeadcountRow is a cell of the table: the values of the dimensions asked for
// and how many members have them. Cells without members are left out.
type HeadcountRow struct {
	By      []Dimension
	Values  []string
	Members int
}

// MarshalJSON writes the dimensions as fields, in the order asked for.
func (r HeadcountRow) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, d := range r.By {
		value, err := json.Marshal(r.Values[i])
		if err != nil {
			return nil, err
		}
		b = fmt.Appendf(b, "%q:%s,", d, value)
	}
	return fmt.Appendf(b, `"members":%d}`, r.Members), nil
}

// Headcount counts the members, broken down by the dimensions given. Rows are
// sorted by their values, in the order of the dimensions.
func (f *Figures) Headcount(ctx context.Context, q Question, by []Dimension) (Headcount, error) {
	h := Headcount{Report: "headcount", Organisation: orNull(q.Organisation), AsOf: q.AsOf, By: by, Rows: []HeadcountRow{}}
	err := f.view(ctx, q, func(v view) error {
		h.Standing = v.Standing
		in := v.scope(q.Organisation, q.AsOf)
		sums := map[string]int{}
		for i, n := range v.balances(q.AsOf) {
			if n == 0 || !in[i] || !v.cells[i].Status.Member() {
				continue
			}
			h.Total += n
			values := make([]string, len(by))
			for j, d := range by {
				values[j] = d.of(v.cells[i])
			}
			sums[strings.Join(values, "\x00")] += n
		}
		if len(by) == 0 {
			return nil
		}
		for key, n := range sums {
			h.Rows = append(h.Rows, HeadcountRow{by, strings.Split(key, "\x00"), n})
		}
		slices.SortFunc(h.Rows, func(a, b HeadcountRow) int { return slices.Compare(a.Values, b.Values) })
		return nil
	})
	return h, err
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
