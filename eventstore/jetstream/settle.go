package jetstream

import (
	"context"

	"rollbook/eventstore"
)

// settle finds out what became of an append that was not acknowledged, from
// what stands after the expected head of each of its streams. It returns
//
//   - the position of its last record, if all of them stand there,
//   - a [*eventstore.VersionError], if another record stands in the place of
//     one: whenever the server gets to see the append, the guard refuses it,
//   - zero, if the streams are as the append expects them,
//   - any other error, if the streams could not be read.
//
// It asks the stream's leader: a direct read may be answered by a copy that
// lags. A record of ours in some streams and not in others is no proof that
// somebody else wrote them as long as a commit may be passing by, so that is
// looked at again.
func (l *Log) settle(ctx context.Context, writes []eventstore.Write) (eventstore.Position, error) {
	var partly *eventstore.VersionError
	for range 3 {
		var (
			last   eventstore.Position
			absent int
		)
		partly = nil
		for _, w := range writes {
			at, err := l.find(ctx, w)
			if err != nil {
				return 0, err
			}
			if at == 0 {
				absent++
				continue
			}
			last = max(last, at)
			if partly == nil {
				actual, err := l.leaderHead(ctx, w.Stream)
				if err != nil {
					return 0, err
				}
				partly = &eventstore.VersionError{Stream: w.Stream, Expected: w.Expected, Actual: actual}
			}
		}
		switch absent {
		case 0:
			return last, nil
		case len(writes):
			return 0, nil
		}
	}
	return 0, partly
}

// find returns the position of w's last record if its records are those after
// w.Expected, zero if the stream ends at w.Expected, and otherwise a
// [*eventstore.VersionError].
func (l *Log) find(ctx context.Context, w eventstore.Write) (eventstore.Position, error) {
	at := w.Expected.Position
	for looks, found := 0, 0; found < len(w.Records); looks++ {
		stored, ok, err := l.leaderGet(ctx, messageGet{Seq: uint64(at) + 1, Next: l.subject(w.Stream)})
		if err != nil {
			return 0, err
		}
		if ok && stored.ID == w.Records[found].ID {
			at = stored.Position
			found++
			continue
		}
		actual, err := l.leaderHead(ctx, w.Stream)
		switch {
		case err != nil:
			return 0, err
		case !ok && actual.Position > at:
			// Stored between the two reads, perhaps by this very append.
			if looks > 2*len(w.Records)+10 {
				return 0, &eventstore.GapError{Want: actual.Position}
			}
			continue
		case found == 0 && actual.Position == w.Expected.Position:
			return 0, nil
		}
		return 0, &eventstore.VersionError{Stream: w.Stream, Expected: w.Expected, Actual: actual}
	}
	return at, nil
}

// leaderHead is Head, asked of the stream's leader. Of a stream that ends with a
// record that is not ours it knows the position only: the writer is told that it
// was not first, and Load tells it the rest.
func (l *Log) leaderHead(ctx context.Context, stream string) (eventstore.Head, error) {
	rec, ok, err := l.leaderGet(ctx, messageGet{Last: l.subject(stream)})
	switch {
	case err != nil || !ok:
		return eventstore.Head{}, err
	case foreign(rec):
		return eventstore.Head{Position: rec.Position}, nil
	}
	return rec.Head(), nil
}
