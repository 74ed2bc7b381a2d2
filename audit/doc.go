// Package audit proves that a log was not altered.
//
// Every record is a leaf of an RFC 6962 Merkle tree: leaf n is the record at
// position n+1, with its store time, subject, headers and the hash of its data
// (leaf.go). [Tree] follows a log and writes the leaves as C2SP tiles, 32 bytes
// a record (tiles.go), and a checkpoint: the size of the tree and its root, the
// one number that stands for every byte of the log up to there.
//
// The tree lies outside the log's own directory. At each start [Tree.Check]
// compares the two, because a log can lose its tail, or be replaced, without
// noticing: JetStream cuts a damaged log silently and gives old positions to new
// records. What differs is named by a code and the first position that is wrong.
//
// A [Publisher] brings checkpoints before the world: a [Signer] signs them, each
// [Witness] cosigns them, both only if the log grew from what they remember; a
// [History] keeps them, here and outside. A [Policy] says whom to believe.
// [Tiles] prove single records, and that one tree goes on from another. What does
// not hold is an [EvidenceError] with a code.
//
// Proofs of records never show that one was left out. For that there is the
// member [Index], whose root is recorded in the log: with it a [Bundle] proves
// the whole history of one member, or that there is none, offline. [IndexRoots]
// makes sure of the index itself, as only who reads every record can. An
// [Attestation] signs what a report came to, so that it can be computed again.
//
// The package reads stored bytes only. It knows neither events nor databases, so
// that an auditor can read all of it.
package audit
