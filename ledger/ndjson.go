package ledger

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"rollbook/domain"
)

// line is a line of a file of events, or a row of a table.
type line struct {
	file   string
	number int // from 1
	text   []byte
	tooBig bool
	row    Row // nil for a line
}

// lines yields what is in a file, and an error as the last.
func (f File) lines(ctx context.Context) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		if f.Rows != nil {
			for row, err := range f.Rows(ctx) {
				at := line{file: f.Name, row: row}
				if err == nil {
					at.number = row.Place().Line
				}
				if !yield(at, err) || err != nil {
					return
				}
			}
			return
		}
		r, err := newLineReader(f.Name, f.Reader)
		if err != nil {
			yield(line{}, err)
			return
		}
		for {
			at, err := r.next()
			if errors.Is(err, io.EOF) || !yield(at, err) || err != nil {
				return
			}
		}
	}
}

// ErrFile means that a file as a whole is not one of events. Its text says why
// and what to do.
var ErrFile = errors.New("not a file of events")

// lineReader splits NDJSON into lines. It holds at most one line of
// [domain.MaxLine] bytes; of a longer one it keeps nothing.
type lineReader struct {
	r      *bufio.Reader
	file   string
	number int
}

func newLineReader(file string, r io.Reader) (*lineReader, error) {
	b := bufio.NewReaderSize(r, 256<<10)
	head, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	switch {
	case len(head) == 0:
		return nil, fmt.Errorf("%s: %w: it is empty", file, ErrFile)
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		_, _ = b.Discard(3) // peeked: it is there
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return nil, fmt.Errorf("%s: %w: it is written in UTF-16; save it as UTF-8", file, ErrFile)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, fmt.Errorf("%s: %w: it is a workbook or a zip archive, which this version does not read; export it as NDJSON", file, ErrFile)
	case bytes.IndexByte(head, 0) >= 0:
		return nil, fmt.Errorf("%s: %w: it is binary, or text in UTF-16; an event file is NDJSON in UTF-8", file, ErrFile)
	}
	return &lineReader{r: b, file: file}, nil
}

// next returns the next line that is not blank, or io.EOF. The text is the
// caller's to keep.
func (l *lineReader) next() (line, error) {
	for {
		text, tooBig, err := l.read()
		if err != nil {
			return line{}, err
		}
		l.number++
		if tooBig {
			return line{file: l.file, number: l.number, tooBig: true}, nil
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return line{file: l.file, number: l.number, text: bytes.Clone(text)}, nil
		}
	}
}

// read returns one line with its end, from the buffer if it fits there.
func (l *lineReader) read() (text []byte, tooBig bool, err error) {
	part, err := l.r.ReadSlice('\n')
	for size := len(part); errors.Is(err, bufio.ErrBufferFull); size += len(part) {
		tooBig = true
		part, err = l.r.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && (len(part) > 0 || tooBig) {
		err = nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: line %d: %w", l.file, l.number+1, err)
	}
	return part, tooBig || len(part) > domain.MaxLine+2, err
}

func tooLong() error {
	return &domain.Rejection{Code: domain.TooLarge, Message: domain.Text{
		EN: fmt.Sprintf("the line is longer than %d bytes; an event is a few hundred. Is a line break missing?", domain.MaxLine),
		VI: fmt.Sprintf("dòng dài hơn %d byte; một sự kiện thường chỉ vài trăm byte. Có thiếu dấu xuống dòng không?", domain.MaxLine),
	}}
}
