// Package projections rebuilds read models from the log and answers questions
// from them.
//
// A [Projector] reads the log once and feeds every read model. For each record
// it folds the entry into the life of its member ([World]) and books the
// difference between the life before and after: postings, which carry one
// person from a cell of the roll to another, and marks, which change a number
// that indicators follow. Both are only ever added. A late or corrected entry
// reverses what it makes untrue and books anew, under its own place in the log;
// so a sum over the rows up to a sequence is what was known then, and a sum over
// the rows up to a day is what held then.
//
// Rows and checkpoint are written in one transaction, which fails if the
// checkpoint is not the one that the projector began with. A record that cannot
// be understood parks its subject: later records of that subject wait, all
// others go on, and every answer says that it is incomplete.
//
// The figures are in headcount.go, movements.go and indicators.go, and why one
// differs from another in the files explain*.go. They are
// pure functions of the rows, the day and the sequence. Where rows live is
// behind [Store]; package sqlite is the embedded home.
package projections
