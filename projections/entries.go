package projections

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"rollbook/domain"
)

// The entries of a subject are kept as one string of bytes: for each entry the
// sequence (uvarint), then id, type and payload, each behind its length
// (uvarint). The payload is that of the log without what identifies a person.
// It is a cache of the log: a newer program that wants another form rebuilds.

var errEntries = errors.New("the stored entries of a subject are damaged; rebuild the read models")

func encodeEntry(b []byte, e domain.Entry) []byte {
	b = binary.AppendUvarint(b, e.Sequence)
	b = appendBytes(b, e.ID)
	b = appendBytes(b, e.Type())
	payload := domain.AppendPayload(nil, e, domain.Open|domain.Sensitive)
	b = binary.AppendUvarint(b, uint64(len(payload)))
	return append(b, payload...)
}

func appendBytes(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func decodeEntries(s domain.Subject, b []byte) ([]domain.Entry, error) {
	var entries []domain.Entry
	err := walkEntries(b, func(sequence uint64, id, typ, payload []byte) error {
		e, err := domain.ParsePayload(string(typ), domain.SchemaNamed(string(typ)), payload)
		if err != nil {
			return fmt.Errorf("%w: position %d: %w", errEntries, sequence, err)
		}
		e.Sequence, e.ID, e.Subject = sequence, string(id), s
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// Timeline returns the entries of a subject as the read models have them,
// without what identifies a person. That of an unknown subject is empty.
func Timeline(ctx context.Context, r Reader, s domain.Subject) (domain.Timeline, error) {
	found, _, err := r.Subject(ctx, s)
	if err != nil {
		return domain.Timeline{}, err
	}
	entries, err := decodeEntries(s, found.Entries)
	return domain.NewTimeline(entries...), err
}

func walkEntries(b []byte, f func(sequence uint64, id, typ, payload []byte) error) error {
	for len(b) > 0 {
		sequence, n := binary.Uvarint(b)
		if n <= 0 {
			return errEntries
		}
		b = b[n:]
		var parts [3][]byte
		for i := range parts {
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return errEntries
			}
			parts[i], b = b[n:n+int(size)], b[n+int(size):]
		}
		if err := f(sequence, parts[0], parts[1], parts[2]); err != nil {
			return err
		}
	}
	return nil
}
