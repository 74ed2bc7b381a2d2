// Package jetstream keeps a log on NATS JetStream: in a server inside this
// process, or on servers of their own, one or a cluster of three.
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
// # Servers of their own
//
// With Config.URL the log is elsewhere, and the rest is the same. What differs:
//
//   - Only [Create], or Config.Create, makes the stream, with a login that may.
//     It has three replicas where the server that answers is one of a cluster.
//   - A call whose connection is cut is not answered any more, and is settled
//     like any other. Nothing is kept to be sent later. An append of which
//     nothing was sent, because there is no connection or the log has no leader,
//     is [rollbook/eventstore.ErrUnavailable].
//   - When a leader dies the others choose another in 4 to 9 seconds. Appends
//     wait for that as long as Config.Patience and Config.Timeout let them.
//   - The servers are asked over their system account how they sync and whether
//     they can write, each for itself. One that holds the log and does not sync
//     always, or nobody who tells, is a reason to refuse ([ErrSettings], or an
//     error of Open) without Config.UnsafeSync. ErrStore means that the only
//     server, or two of three, cannot write. It is found within a minute, and
//     on one server also when an append is not answered. The room on their
//     disks is not watched.
//
// A cluster shows less than the truth for a moment after each change: a server
// that was the leader and was paused answers as if it still were, and refuses
// what the true leader stores (measured). What it shows is stored for good; what
// it does not show may be stored all the same. So a conflict is only told when
// another record stands in the place, or when a leader that has heard from a
// majority since then says where the stream ends (leader.go). The same goes for
// an id that is used elsewhere, and for a gap.
//
// Head, Last, At and, at its end, Load ask the leader, so they show what the
// caller was told is stored. In that moment they may show less; the guard of the
// append finds out. Replay and Follow read through a consumer on one of the
// servers, and take from the leader what its copy lacks.
//
// # What the login of a program must be allowed
//
// With N for Config.Name and P for Config.Prefix, it publishes to
//
//	P.*.*                            records
//	$JS.API.STREAM.INFO.N            settings, end, leader
//	$JS.API.STREAM.MSG.GET.N         what the leader has
//	$JS.API.DIRECT.GET.N             reading
//	$JS.API.CONSUMER.CREATE.N.*      Replay and Follow
//	$JS.API.CONSUMER.MSG.NEXT.N.*
//	$JS.API.CONSUMER.DELETE.N.*
//	$SYS.REQ.SERVER.PING.JSZ         how the servers sync
//	$SYS.REQ.SERVER.PING.HEALTHZ     whether they can write
//
// and subscribes to
//
//	_INBOX.K.>
//
// where K is the public key of its nkey, and _INBOX.> if it has none. A program
// that only reads does without the first line. The two services of the system
// account have to be exported from it with response type stream, and imported
// under their own names by the log's account. [Create] publishes to STREAM.INFO
// and to
//
//	$JS.API.STREAM.CREATE.N
//
// and to nothing else. The tests run with these rights (node_test.go).
package jetstream
