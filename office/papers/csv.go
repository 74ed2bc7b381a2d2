package papers

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// CSV writes what a paper has for programs, in UTF-8. From where it was answered
// has no place among the rows: the caller says it elsewhere.
func (p Paper) CSV(w io.Writer) error { return CSV(w, p.Data) }

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
