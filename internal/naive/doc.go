// Package naive is a second opinion on the figures: a model written only from
// the contract (docs, section "Figures"), slow and plain, with which tests
// compare the real read models. Only tests import it.
//
// It promises one thing, that a reader can check it against the contract by
// eye. A [Ledger] keeps every entry in a slice and answers each question from
// the first entry on: it takes the entries that count, puts them in order of
// (effective date, sequence), applies them one by one to an empty world, and
// counts. Nothing is kept between two questions.
//
// The life of a member is guarded: an entry that cannot happen in the state it
// meets (a confirmation of somebody who was never admitted) is ignored, so that
// opening + ins - outs = closing whatever is fed. Everything else is taken as it
// comes; whether a reference is alive is the real ledger's business.
//
// The package also makes input: [History] draws random histories for property
// tests, [Bulk] writes large plain ones for benchmarks.
//
// Where to look:
//
//	ledger.go      entries, annulments, which entries count
//	world.go       what one entry does to organisations, villages, members
//	figures.go     headcount and movements
//	indicators.go  the indicators of a year
//	plausible.go   what the drawing of histories takes for impossible
//	history.go     random histories
//	draws.go       what one event of each kind may say
//	bulk.go        large histories
package naive
