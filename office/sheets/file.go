package sheets

import (
	"bufio"
	"errors"
	"io"

	"rollbook/ledger"
)

// File returns a file as [ledger.Ledger.Import] takes it: one of events as it is, a
// workbook or a CSV table as its rows, whatever its name says. A table that cannot
// be read is a *[FileError]; that a file is none of these is for the import to say.
func File(name string, in io.Reader, o Options) (ledger.File, error) {
	sampled := bufio.NewReaderSize(in, sampleBytes)
	sample, err := sampled.Peek(sampleBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return ledger.File{}, err
	}
	if Sniff(sample) == NotATable {
		return ledger.File{Name: name, Reader: sampled}, nil
	}
	book, err := Open(name, sampled, o)
	if err != nil {
		return ledger.File{}, err
	}
	return ledger.File{Name: name, Rows: book.Rows}, nil
}
