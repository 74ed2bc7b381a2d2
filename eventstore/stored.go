package eventstore

import (
	"fmt"
	"time"
)

// Stored is a record as the log keeps it, with nothing interpreted: what proofs
// are made of. Two logs that hold the same records have the same Stored.
type Stored struct {
	Position Position
	// Time is when the log stored it.
	Time time.Time
	// Subject is the log's own name for the record's stream.
	Subject string
	// Headers are pairs of name and value, sorted by the bytes of both. Those
	// that belong to the way into the log, and not to the record, are left out.
	Headers [][2]string
	Data    []byte
}

// Shape is what a log says of itself.
type Shape struct {
	// First and Last are the positions of its records; Last is 0 when there are
	// none.
	First, Last Position
	// Missing is the first position between them that has no record, 0 if there
	// is none. A damaged record may be missing and not be counted here.
	Missing Position
	// Created is when the log was made; one that was made anew has another time.
	Created time.Time
}

// ForbiddenHeaderError reports a record with a header that no writer of a log
// sends and no log of ours adds: somebody else wrote it.
type ForbiddenHeaderError struct {
	Position Position
	Name     string
}

func (e *ForbiddenHeaderError) Error() string {
	return fmt.Sprintf("the record at position %d has the header %q, which no record may have", e.Position, e.Name)
}
