package demo

import (
	"math/rand/v2"
	"time"
)

// day is a calendar date, as the number of days since 1970-01-01.
type day int

// never is after every day that the ledger speaks of.
const never day = 1 << 30

func on(year int, month time.Month, dayOfMonth int) day {
	return dayOf(time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC))
}

func dayOf(t time.Time) day { return day(t.Unix() / (24 * 60 * 60)) }

func (d day) time() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

func (d day) String() string { return d.time().Format(time.DateOnly) }

// MarshalText makes a day in the data of an event an ISO date.
func (d day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d day) year() int { return d.time().Year() }

// addMonths returns the same day of a later month; where that does not exist,
// the first one after it, so 29 February becomes 1 March.
func (d day) addMonths(n int) day { return dayOf(d.time().AddDate(0, n, 0)) }

// span is the days from the first to the last, both included.
type span struct{ first, last day }

func (s span) has(d day) bool { return s.first <= d && d <= s.last }

// pick returns a working day of the span; any day when it has none.
func (s span) pick(r *rand.Rand) day {
	last := max(s.first, s.last)
	for range 20 {
		d := s.first + day(r.IntN(int(last-s.first)+1))
		if w := d.time().Weekday(); w != time.Saturday && w != time.Sunday {
			return d
		}
	}
	return s.first
}
