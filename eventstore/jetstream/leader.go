package jetstream

import (
	"context"
	"fmt"
	"time"

	"rollbook/eventstore"
)

// In a cluster a read is not the last word. A server that was the stream's
// leader, and was paused or cut off, answers for a moment as if it still were,
// and what was stored meanwhile is not in its answer. What is in its answer is
// stored for good, because no server shows a record before a majority has it.
// So "it is there" holds whoever says it, and "it is not there" is asked again
// by what follows where anything depends on it.

// leaderPause is the time between two looks for a leader that can be trusted.
const leaderPause = 20 * time.Millisecond

// confirmed returns what the stream's leader says after it has heard from a
// majority, later than the call began: then nobody else was the leader when it
// began, and all that was stored by then is in the answer. With a subject, the
// answer tells how many messages that has. It takes up to a second when nobody
// appends, which is how often servers write to each other.
func (l *Log) confirmed(ctx context.Context, subject string) (streamInfo, error) {
	begin, leader := time.Now(), ""
	for {
		asked := time.Since(begin)
		info, err := l.infoOf(ctx, subject)
		if err != nil {
			return streamInfo{}, err
		}
		if l.replicas == 1 {
			return info, nil
		}
		if !info.Cluster.heard(asked) {
			leader = ""
		} else if leader == info.Cluster.Leader {
			return info, nil
		} else {
			// What it heard may have been that it is deposed. Then it is no
			// leader any more when it is asked again.
			leader = info.Cluster.Leader
		}
		if !wait(ctx, leaderPause) {
			return streamInfo{}, fmt.Errorf("no leader of the log has heard from the others: %w", ctx.Err())
		}
	}
}

// sureHead is leaderHead of a stream that is no older than the call. An embedded
// server has no other, so that its first answer is sure.
func (l *Log) sureHead(ctx context.Context, stream string) (eventstore.Head, error) {
	for {
		if l.replicas == 1 {
			return l.leaderHead(ctx, stream)
		}
		info, err := l.confirmed(ctx, l.subject(stream))
		if err != nil {
			return eventstore.Head{}, err
		}
		// Another server may answer this, but not with as many records if it
		// does not know the last.
		head, err := l.leaderHead(ctx, stream)
		if err != nil || head.Count >= info.State.Subjects[l.subject(stream)] || head.Count == 0 && head.Position > 0 {
			return head, err
		}
		if !wait(ctx, leaderPause) {
			return eventstore.Head{}, fmt.Errorf("the leader of the log does not show stream %s whole: %w", stream, ctx.Err())
		}
	}
}

// surelyGone reports whether the log goes on after a position, or ends at it,
// and has no record there. It looks several times, because it is a serious thing
// to say.
func (l *Log) surelyGone(ctx context.Context, at eventstore.Position) (bool, error) {
	looks := 1
	if l.replicas > 1 {
		looks = 3
	}
	for look := range looks {
		info, err := l.confirmed(ctx, "")
		if err != nil {
			return false, err
		}
		if eventstore.Position(info.State.LastSeq) < at {
			return false, nil
		}
		if _, ok, err := l.leaderGet(ctx, messageGet{Seq: uint64(at)}); err != nil || ok {
			return false, err
		}
		if look < looks-1 && !wait(ctx, notFoundPause/2) {
			return false, ctx.Err()
		}
	}
	return true, nil
}
