// Package jetstream keeps a log on NATS JetStream, in a server inside this
// process.
//
// One JetStream stream is the log, one subject below its prefix is a stream of
// the log: "member/m1" is the subject "ledger.member.m1". A record is a
// message; its position is the message's sequence, and what the writer said
// about it stands in headers (see wire.go). No other package knows any of this.
//
// What the server promises was measured with nats-server 2.15.2, and some of it
// is less than it seems. Four facts shape the code:
//
//   - Only a positive, first-time acknowledgement means "stored". Every other
//     answer, or none, is settled by reading the streams again and comparing
//     record ids (append.go, settle.go).
//   - A guard with an empty value, or with its name in another case, is no
//     guard, and nobody says so. One function builds it (wire.go).
//   - A reader steps over a damaged record without an error. Every reader here
//     checks that positions follow each other (replay.go, read.go).
//   - A stream that is missing at the start may still be on the disk, and
//     creating it removes what is left. It is created only in a directory
//     without files, and only when asked to (log.go).
//
// An append is on the disk before it is answered: the server syncs each message
// (sync always), and an atomic batch once. A record of its own costs one fsync,
// a batch 4 to 5 ms and about 20 µs a record. So appends that are called at the
// same time are gathered into atomic batches while others are on their way, if
// enough of them wait; each keeps its guard and its answer (queue.go).
//
// While the log is open, the settings are compared every minute, the room on
// the disk is looked at before each append, and the server is asked whether it
// can write whenever it warns. What is wrong there stops appends before they
// are sent (watch.go):
//
//	what is wrong               found             appends         until
//	settings, sync mode         within a minute   ErrSettings     they are right again
//	disk nearly full            within 0.1 s      refused         there is room again
//	a write or fsync failed     at once           ErrStore        a restart
//	the server is silent        Config.Patience   those waiting   it answers
//
// An append that is on its way when a write fails is of unknown outcome, however
// the streams look: the server shows what it could not write.
//
// The code keeps the connection apart from the server, for the day when the
// server is another process. Then direct reads may be answered by a follower
// or a mirror that lags; that is why an append is settled through the leader.
// And then it must be asked over its system account whether it can write
// (noteStore); until that is done, a client sees time-outs only.
package jetstream
