// Package archive keeps a local copy of a log in plain files: each record as it is
// stored, framed, in immutable segments with an index by position and by subject.
//
// A consumer reads a log at some hundred thousand records a second, an archive is
// read at some millions: rebuilds, verifications, exports and old histories take
// what it has, and only the tail from the log. It is derived: what is missing or
// damaged is named, and written again from the log, to the same bytes. Whoever
// takes the directory away can verify it without the log, with nothing but
// checkpoints.
package archive
