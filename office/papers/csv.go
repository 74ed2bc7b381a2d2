package papers

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
)

// CSV writes what a paper has for programs, in UTF-8. On what it stands is not
// among the rows: the caller says it elsewhere, or writes [Paper.CSVStanding].
func (p Paper) CSV(w io.Writer) error { return CSV(w, p.Data) }

// CSVStanding writes the same with four columns more, on the right: as_of,
// known_at, position and root of the paper's standing, in every row, so that a row
// keeps them when it is filtered, sorted or copied elsewhere. The root is in base64
// after "sha256:", because base64 may begin like a formula. Readers that find
// columns by name need not know of them.
func (p Paper) CSVStanding(w io.Writer) error {
	s := p.Standing
	standing := []string{s.AsOf.String(), strconv.FormatUint(s.KnownAt, 10), strconv.FormatUint(s.Position, 10), "sha256:" + s.Root}
	rows := make([][]string, len(p.Data))
	for i, row := range p.Data {
		if i == 0 {
			rows[i] = slices.Concat(row, []string{"as_of", "known_at", "position", "root"})
			continue
		}
		rows[i] = slices.Concat(row, standing)
	}
	return CSV(w, rows)
}

// CSV writes rows, the first of which has the names of columns. Texts that a
// spreadsheet program would take for formulas are made harmless (OWASP, "CSV
// Injection").
func CSV(w io.Writer, rows [][]string) error {
	out := csv.NewWriter(w)
	for _, r := range rows {
		safe := make([]string, len(r))
		for i := range r {
			safe[i] = harmless(r[i])
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet program from taking a text for a formula. A
// negative number is what it looks like.
func harmless(cell string) string {
	if n, err := strconv.Atoi(cell); err == nil && n < 0 {
		return cell
	}
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
