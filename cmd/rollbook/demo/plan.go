package demo

import (
	"fmt"
	"time"
)

// What the ledger shows on the day of the figures.
const (
	planMembers       = 2590
	planKinh          = 670
	planKinhVillagers = 30 // of the Kinh, those who belong to the cell of a village
	planTarget        = 300
	planAdmitted      = 329 // since the term began
	planConfirmed     = 434 // since the term began
	planCells         = 188
	planVillages      = 115
	planGrassroots    = 46
	planCandidates    = 412
	planWithMentor    = 367 // of the candidates

	leastSeats = 7 // of any cell
	anchors    = 5 // of them, official members who stay where they are throughout
)

var (
	opening   = on(2020, time.January, 1) // the ledger begins
	figureDay = on(2022, time.December, 31)
	lastDay   = on(2023, time.December, 31) // the last day that the ledger tells of

	term = span{on(2020, time.August, 1), on(2025, time.July, 31)}
)

// origin is how somebody came into the ledger.
type origin int

const (
	openingOfficial origin = iota
	openingProvisional
	admission
	arrival            // transferred in as an official member
	arrivalProvisional // transferred in on probation
)

// cohort is a number of people whose lives run alike up to the day of the
// figures.
type cohort struct {
	n      int
	origin origin
	since  span   // when they were admitted; for arrivals, when they came
	exit   string // what ended their membership by the day of the figures; "" when they stay

	// unconfirmed: still on probation on that day, or when they left.
	unconfirmed bool
}

// Spans of admission. A year of probation and the weeks that a cell takes to
// confirm keep the confirmations of each within one side of the term's first
// day and of the day of the figures.
var (
	longAgo        = span{on(1962, time.February, 3), on(2018, time.November, 20)}
	wellBefore     = span{on(1985, time.January, 7), on(2017, time.October, 31)}  // official for a year when the ledger begins
	early2019      = span{on(2019, time.January, 15), on(2019, time.June, 28)}    // confirmed before the term
	late2019       = span{on(2019, time.August, 5), on(2019, time.December, 20)}  // confirmed in the term, like the next two
	early2020      = span{on(2020, time.January, 10), on(2020, time.July, 24)}    // admitted before the term
	termSoFar      = span{on(2020, time.August, 20), on(2021, time.December, 3)}  // admitted in it
	termFirst      = span{termSoFar.first, on(2021, time.June, 30)}               // of these, those who left since
	thisYear       = span{on(2022, time.January, 5), on(2022, time.December, 26)} // on probation on the day of the figures
	arrivals       = span{on(2020, time.February, 10), on(2022, time.November, 25)}
	arrivalsToDue  = span{on(2020, time.November, 2), on(2021, time.August, 31)}
	arrivalsNotDue = span{on(2022, time.June, 1), on(2022, time.November, 25)}
)

// cohorts is everybody who was a member at some time before the day of the
// figures, but for those who were official members at the opening and stay:
// they are as many as the whole leaves over.
var cohorts = []cohort{
	{n: 106, origin: openingProvisional, since: early2019},
	{n: 4, origin: openingProvisional, since: early2019, exit: "transferred_out"},
	{n: 2, origin: openingProvisional, since: early2019, exit: "removed"},

	{n: 104, origin: openingProvisional, since: late2019},
	{n: 3, origin: openingProvisional, since: late2019, exit: "transferred_out"},
	{n: 1, origin: openingProvisional, since: late2019, exit: "died"},
	{n: 2, origin: openingProvisional, since: late2019, exit: "probation_failed", unconfirmed: true},
	{n: 1, origin: openingProvisional, since: late2019, exit: "died", unconfirmed: true},

	{n: 110, origin: admission, since: early2020},
	{n: 3, origin: admission, since: early2020, exit: "transferred_out"},
	{n: 1, origin: admission, since: early2020, exit: "resigned"},
	{n: 2, origin: admission, since: early2020, exit: "probation_failed", unconfirmed: true},
	{n: 1, origin: admission, since: early2020, exit: "resigned", unconfirmed: true},
	{n: 1, origin: admission, since: early2020, exit: "transferred_out", unconfirmed: true},

	{n: 200, origin: admission, since: termSoFar},
	{n: 4, origin: admission, since: termFirst, exit: "transferred_out"},
	{n: 1, origin: admission, since: termFirst, exit: "removed"},
	{n: 1, origin: admission, since: termFirst, exit: "expelled"},
	{n: 3, origin: admission, since: termFirst, exit: "probation_failed", unconfirmed: true},
	// Their confirmation is overdue: one of the breaches made on purpose.
	{n: 3, origin: admission, since: span{on(2021, time.August, 2), on(2021, time.October, 29)}, unconfirmed: true},

	{n: 115, origin: admission, since: thisYear, unconfirmed: true},
	{n: 1, origin: admission, since: span{on(2022, time.January, 5), on(2022, time.May, 31)}, exit: "transferred_out", unconfirmed: true},
	{n: 1, origin: admission, since: span{on(2022, time.January, 5), on(2022, time.May, 31)}, exit: "died", unconfirmed: true},

	{n: 140, origin: arrival, since: arrivals},
	{n: 8, origin: arrival, since: span{arrivals.first, on(2021, time.October, 29)}, exit: "transferred_out"},
	{n: 6, origin: arrivalProvisional, since: arrivalsToDue},
	{n: 4, origin: arrivalProvisional, since: arrivalsNotDue, unconfirmed: true},

	{n: 150, origin: openingOfficial, since: longAgo, exit: "transferred_out"},
	{n: 43, origin: openingOfficial, since: longAgo, exit: "died"},
	{n: 8, origin: openingOfficial, since: longAgo, exit: "expelled"},
	{n: 22, origin: openingOfficial, since: longAgo, exit: "removed"},
	{n: 6, origin: openingOfficial, since: longAgo, exit: "resigned"},
}

// Of the official members who stay: those who were away for a while.
const (
	planRestoredAfterExpulsion = 1
	planRestoredAfterRemoval   = 1
	planReturned               = 3 // transferred out and in again
)

// checkPlan reports a figure that the cohorts do not add up to.
func checkPlan() error {
	admitted, confirmed, villages := 0, 0, 0
	for _, c := range cohorts {
		if c.origin == admission && c.since.first >= term.first {
			admitted += c.n
		}
		if !c.unconfirmed && c.origin != openingOfficial && c.origin != arrival && c.since != early2019 {
			confirmed += c.n
		}
	}
	candidates, guided := 0, 0
	for _, c := range candidacies {
		if c.from.first <= figureDay && (c.ends.first == 0 || c.ends.first > figureDay) {
			candidates += c.n
			guided += c.guided
		}
	}
	for _, c := range communes {
		villages += len(c.villages)
	}
	for _, sum := range []struct {
		of        string
		got, want int
	}{
		{"admitted in the term", admitted, planAdmitted},
		{"confirmed in the term", confirmed, planConfirmed},
		{"candidates", candidates, planCandidates},
		{"candidates with a mentor", guided, planWithMentor},
		{"villages", villages, planVillages},
		{"grassroots organisations", len(communes) + len(agencyCommittees) + len(agencies), planGrassroots},
	} {
		if sum.got != sum.want {
			return fmt.Errorf("demo: the plan has %d %s, not %d", sum.got, sum.of, sum.want)
		}
	}
	return nil
}
