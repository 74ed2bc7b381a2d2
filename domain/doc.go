// Package domain is what a membership roll is: the facts that may be recorded,
// the order they stand in, what makes one possible, and what they add up to.
//
// A fact is an [Event]; with its envelope it is an [Entry]. The entries of one
// member, organisation or village form a [Timeline], ordered by the day on
// which they count and then by the order in which they were recorded, because
// facts arrive late. [Decide] accepts a new entry only if the whole timeline
// with it is possible. The fold of a member's timeline is a [Life]: the state
// after each entry, and the postings that carry the member from one cell of the
// roll to the next. Figures are sums of postings and of nothing else.
//
// Everything here is a pure function of its arguments: no clock, no
// randomness, no input or output, nothing outside the standard library. A
// replay years later comes to the same result.
package domain
