package memory

import (
	"fmt"
	"regexp"

	"rollbook/eventstore"
)

// The rules of an append once more, as patterns, apart from the code of the
// real log: the suite in storetest holds the two against each other.
var (
	streamName = regexp.MustCompile(`^[a-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}$`)
	recordID   = regexp.MustCompile(`^[!-~]{1,64}$`)
	label      = regexp.MustCompile(`^([!-~]([ -~]{0,126}[!-~])?)?$`) // at most 128, no space at the ends
)

func valid(writes []eventstore.Write) error {
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", eventstore.ErrInvalid, fmt.Sprintf(format, args...))
	}
	streams, ids := map[string]bool{}, map[string]bool{}
	for _, w := range writes {
		e := w.Expected
		switch {
		case !streamName.MatchString(w.Stream):
			return invalid("stream name %q", w.Stream)
		case len(w.Records) == 0:
			return invalid("nothing for stream %s", w.Stream)
		case !streams[w.Stream] && ((e.Position == 0) != (e.Count == 0) || e.Count > uint64(e.Position)):
			return invalid("no stream ends at position %d with %d records", e.Position, e.Count)
		}
		streams[w.Stream] = true
		for _, r := range w.Records {
			switch {
			case !recordID.MatchString(r.ID):
				return invalid("record id %q", r.ID)
			case ids[r.ID]:
				return invalid("id %s twice", r.ID)
			case !label.MatchString(r.Type), !label.MatchString(r.Schema), !label.MatchString(r.Actor):
				return invalid("type, schema or actor of %s", r.ID)
			case len(r.Data) > eventstore.MaxDataBytes:
				return invalid("%d bytes of data in %s", len(r.Data), r.ID)
			}
			ids[r.ID] = true
		}
	}
	if len(ids) == 0 || len(ids) > eventstore.MaxBatch {
		return invalid("%d records", len(ids))
	}
	return nil
}
