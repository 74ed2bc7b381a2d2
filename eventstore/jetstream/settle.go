package jetstream

import (
	"context"
	"fmt"

	"rollbook/eventstore"
)

// settle finds out what became of an append that was not acknowledged, from
// what stands after the expected head of each of its streams. It returns
//
//   - the position of its last record, if all of them stand there,
//   - a [*eventstore.VersionError], if another record stands in the place of
//     one: whenever the server gets to see the append, the guard refuses it,
//   - zero, if the streams are as the append expects them as far as the leader
//     shows,
//   - any other error, if the streams could not be read.
//
// It asks the stream's leader: a direct read may be answered by a copy that
// lags. A record of ours in some streams and not in others is no proof that
// somebody else wrote them as long as a commit may be passing by, so that is
// looked at again; and in a cluster, until a leader says it that surely is one.
func (l *Log) settle(ctx context.Context, writes []eventstore.Write) (eventstore.Position, error) {
	for looks := 1; ; looks++ {
		var (
			last    eventstore.Position
			found   eventstore.Write
			missing []eventstore.Write
		)
		for _, w := range writes {
			at, err := l.find(ctx, w)
			switch {
			case err != nil:
				return 0, err
			case at == 0:
				missing = append(missing, w)
			default:
				last, found = max(last, at), w
			}
		}
		switch {
		case len(missing) == 0:
			return last, nil
		case len(missing) == len(writes):
			return 0, nil
		case looks < 3:
			continue
		}
		absent, err := l.surelyAbsent(ctx, missing)
		if err != nil {
			return 0, err
		}
		if absent {
			actual, err := l.leaderHead(ctx, found.Stream)
			if err != nil {
				return 0, err
			}
			return 0, &eventstore.VersionError{Stream: found.Stream, Expected: found.Expected, Actual: actual}
		}
	}
}

// surelyAbsent reports whether one of the streams surely ends where the append
// expects it, so that nothing of the append is stored there.
func (l *Log) surelyAbsent(ctx context.Context, writes []eventstore.Write) (bool, error) {
	for _, w := range writes {
		head, err := l.sureHead(ctx, w.Stream)
		if err != nil {
			return false, err
		}
		if head.Position == w.Expected.Position {
			return true, nil
		}
	}
	return false, nil
}

// find returns the position of w's last record if its records are those after
// w.Expected, zero if the stream ends at w.Expected as far as the leader shows,
// and otherwise a [*eventstore.VersionError].
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
		if err != nil {
			return 0, err
		}
		if !ok && (actual.Position < at || actual.Position == at && found > 0) {
			// It ends before the place that is looked for: the writer is wrong,
			// or who answers is behind.
			if actual, err = l.sureHead(ctx, w.Stream); err != nil {
				return 0, err
			}
		}
		switch {
		case !ok && actual.Position > at:
			// Stored between the two reads, perhaps by this very append.
			if l.replicas == 1 && looks > 2*len(w.Records)+10 {
				return 0, &eventstore.GapError{Want: actual.Position}
			}
			if l.replicas > 1 && !wait(ctx, leaderPause) {
				return 0, fmt.Errorf("the leader of the log does not show stream %s whole: %w", w.Stream, ctx.Err())
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
