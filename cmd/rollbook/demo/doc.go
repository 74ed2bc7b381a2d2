// Package demo writes the ledger of the first user with invented people: the
// Party organisation of a highland district, from its opening entries of
// 1 January 2020 to the end of 2023.
//
// Structure and totals are those of a newspaper report, as of 31 December 2022;
// plan.go holds them. Everybody in it, every number and nearly every village is
// invented. The same file comes out on every run, byte for byte.
//
// The lives are drawn first and told afterwards. First comes the roll of the
// day that the figures are about: so many seats in each cell, so many of them
// Kinh. Each seat gets a life that leads there. Then come the lives that ended
// before that day, the candidates, and what 2023 brings. Only when all dates
// stand are they written as events, in the order in which an office would have
// recorded them: some late, some wrong at first. So the totals hold by
// construction, for any seed.
//
// Where to look:
//
//	plan.go           the figures and the cohorts that add up to them
//	organisations.go  the tree of organisations, from geography.go and agencies.go
//	peoples.go        ethnic groups: their names and where they live
//	people.go         drawing one person
//	roll.go           the seats of 2022-12-31 and the lives of the cohorts
//	candidates.go     those who were not admitted by then
//	future.go         what 2023 brings
//	transfers.go      moves within the district
//	careers.go        a life as events
//	guidance.go       mentors and introducers
//	ratings.go        grades, quotas and commendations of each year
//	files.go          cards, badges, discipline, changes of personal data
//	breaches.go       departures from charter rules, on purpose
//	corrections.go    entries that were wrong at first
//	late.go           entries that were recorded late
//	events.go         one constructor for each type of event
//	record.go         entries, their order, the file
package demo
