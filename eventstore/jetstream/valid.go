package jetstream

import (
	"fmt"
	"strings"

	"rollbook/eventstore"
)

const (
	maxNameBytes  = 64  // of a record's ID and of each half of a stream's name
	maxLabelBytes = 128 // of Type, Schema and Actor
)

// validate returns an error that wraps [eventstore.ErrInvalid] if the writes
// break a rule of the package eventstore.
func validate(writes []eventstore.Write) error {
	count := 0
	for _, w := range writes {
		count += len(w.Records)
	}
	if count == 0 {
		return invalid("no records")
	}
	if count > eventstore.MaxBatch {
		return invalid("%d records; at most %d", count, eventstore.MaxBatch)
	}
	streams := make(map[string]struct{}, len(writes))
	ids := make(map[string]struct{}, count)
	for _, w := range writes {
		if err := validateStream(w.Stream); err != nil {
			return err
		}
		if len(w.Records) == 0 {
			return invalid("no records for stream %s", w.Stream)
		}
		_, later := streams[w.Stream]
		streams[w.Stream] = struct{}{}
		if e := w.Expected; !later && ((e.Position == 0) != (e.Count == 0) || e.Count > uint64(e.Position)) {
			return invalid("stream %s: no stream ends at position %d with %d records", w.Stream, e.Position, e.Count)
		}
		for i := range w.Records {
			rec := &w.Records[i]
			if err := validateRecord(rec); err != nil {
				return err
			}
			if _, ok := ids[rec.ID]; ok {
				return invalid("id %s is there twice", rec.ID)
			}
			ids[rec.ID] = struct{}{}
		}
	}
	return nil
}

func validateRecord(rec *eventstore.Record) error {
	if rec.ID == "" || len(rec.ID) > maxNameBytes || !printable(rec.ID) || strings.Contains(rec.ID, " ") {
		return invalid("id %q is not 1 to %d printable ASCII characters without spaces", rec.ID, maxNameBytes)
	}
	for _, label := range [...]string{rec.Type, rec.Schema, rec.Actor} {
		// The server trims a header's value, so it would not come back as it was.
		if len(label) > maxLabelBytes || !printable(label) || strings.TrimSpace(label) != label {
			return invalid("record %s: %q is not printable ASCII, at most %d long, without spaces at the ends", rec.ID, label, maxLabelBytes)
		}
	}
	if len(rec.Data) > eventstore.MaxDataBytes {
		return invalid("record %s has %d bytes of data; at most %d", rec.ID, len(rec.Data), eventstore.MaxDataBytes)
	}
	return nil
}

// validateStream accepts exactly the names whose subject leads back to them. A
// name with a dot or a wildcard would be guarded by nothing, or by others.
func validateStream(name string) error {
	kind, id, ok := strings.Cut(name, "/")
	if !ok || !token(kind, false) || !token(id, true) {
		return invalid("%q is not a stream's name, such as member/m1", name)
	}
	return nil
}

func token(s string, upper bool) bool {
	if s == "" || len(s) > maxNameBytes {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '-':
		case upper && 'A' <= c && c <= 'Z':
		default:
			return false
		}
	}
	return true
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", eventstore.ErrInvalid, fmt.Sprintf(format, args...))
}
