package postgres

// What the tests of this package need and nobody else.

var (
	WholeNumber = wholeNumber
	ErrTooWide  = errTooWide
)

// Encode returns an integer as COPY has it, without its length.
func Encode(column string, v int64) ([]byte, error) {
	var b buffer
	if err := b.integer(column, v); err != nil {
		return nil, err
	}
	return b.b[4:], nil
}
