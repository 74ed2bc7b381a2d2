// Package ledger is the application: it takes facts in and answers questions.
//
// A fact goes one way. [Ledger.Record] and [Ledger.Import] parse it, decide on
// it against everything that is known, and append it to the log, which alone is
// the truth; nothing else in the program appends. Questions are answered from
// the read models, which are brought up to the end of the log first, and from
// the log itself where an entry has to be shown whole.
//
// Events that do not rest on each other are decided on and stored at the same
// time: desk.go keeps what decisions rest on, gate.go says who waits for whom.
//
// One Ledger has the data directory to itself; a second one is refused.
package ledger
