package demo

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
)

// Members is how many members the ledger has at the end of the year of its
// figures.
const Members = planMembers

var (
	memberLine = []byte(`"subject":"member/`)
	ids        = regexp.MustCompile(`\b[me]-[2-9a-z]{6}\b`)
	numbers    = regexp.MustCompile(`"(?:national_id|card)":"[0-9]+",?`)
	comma      = []byte(`,}`)
)

// WriteCopies writes the ledger with each member copies times, for measurements.
// The organisations are there once. A copy has ids of its own, and no national or
// card number, which only one member may have.
func WriteCopies(w io.Writer, copies int) error {
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(Write(pw)) }()
	defer pr.Close()
	lines := bufio.NewReader(pr)
	out := bufio.NewWriter(w)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
		if !bytes.Contains(line, memberLine) {
			continue
		}
		line = bytes.ReplaceAll(numbers.ReplaceAll(line, nil), comma, comma[1:])
		if bytes.Contains(line, []byte(`"data":{}`)) || bytes.Contains(line, []byte(`"person":{}`)) {
			if !bytes.Contains(line, []byte(`"type":"member.died"`)) {
				continue // it said nothing but a number
			}
		}
		for n := 2; n <= copies; n++ {
			if _, err := out.Write(ids.ReplaceAll(line, fmt.Appendf(nil, "${0}-%d", n))); err != nil {
				return err
			}
		}
	}
}
