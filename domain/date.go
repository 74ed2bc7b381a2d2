package domain

import "fmt"

// Date is a calendar date in the organisation's own time zone, without a time:
// the number of days since 0000-12-31 in the proleptic Gregorian calendar, so
// that 1 is 0001-01-01 and dates compare and subtract as numbers. The zero Date
// means that there is none.
type Date int32

// FirstDay is the earliest day on which an entry may count: 3 February 1930,
// when the Party was founded.
const FirstDay Date = 704586

// LastDay bounds every date, so that a slip of the keyboard is noticed.
const LastDay Date = 803533 // 2200-12-31

// NewDate returns the date of a day that exists, and whether it does.
func NewDate(year, month, day int) (Date, bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return civil(year, month, day), true
}

// ParseDate reads the form YYYY-MM-DD of a date that exists.
func ParseDate(s string) (Date, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	var n [3]int
	for i, part := range [3]string{s[:4], s[5:7], s[8:]} {
		for _, c := range []byte(part) {
			if c < '0' || c > '9' {
				return 0, false
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	return NewDate(n[0], n[1], n[2])
}

// Civil returns the year, month and day.
func (d Date) Civil() (year, month, day int) {
	// Days are counted in eras of 400 years that begin on 1 March; see
	// "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant.
	z := int(d) + 305
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// Year returns the calendar year.
func (d Date) Year() int {
	y, _, _ := d.Civil()
	return y
}

// AddYears returns the same day n years later, or 1 March where that year has
// no 29 February.
func (d Date) AddYears(n int) Date {
	y, m, day := d.Civil()
	y += n
	if m == 2 && day == 29 && daysIn(y, 2) == 28 {
		return civil(y, 3, 1)
	}
	return civil(y, m, day)
}

// AddWorkingDays returns the n-th working day after d, n ≥ 0: working days are
// Monday to Friday. Public holidays are not known here, so that a deadline over
// one of them comes out a few days early, never late.
func (d Date) AddWorkingDays(n int) Date {
	for n > 0 {
		d++
		if (d-1)%7 < 5 { // 0001-01-01 was a Monday
			n--
		}
	}
	return d
}

// AddMonths returns the same day n months later, or the first day of the month
// after where that month has no such day, as AddYears does for 29 February.
func (d Date) AddMonths(n int) Date {
	y, m, day := d.Civil()
	m += n - 1
	y += m / 12
	if m %= 12; m < 0 {
		y, m = y-1, m+12
	}
	m++
	if day > daysIn(y, m) {
		return civil(y, m, daysIn(y, m)) + 1
	}
	return civil(y, m, day)
}

// String returns YYYY-MM-DD, and "" for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return string(d.append(make([]byte, 0, 10)))
}

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = 0
		return nil
	}
	v, ok := ParseDate(string(b))
	if !ok {
		return fmt.Errorf("not a date of the form YYYY-MM-DD")
	}
	*d = v
	return nil
}

func (d Date) append(b []byte) []byte {
	y, m, day := d.Civil()
	return append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// Vietnamese returns dd/mm/yyyy, as people read it.
func (d Date) Vietnamese() string {
	if d == 0 {
		return ""
	}
	y, m, day := d.Civil()
	return fmt.Sprintf("%02d/%02d/%04d", day, m, y)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func civil(y, m, d int) Date {
	if m <= 2 {
		y--
	}
	era := y / 400
	yoe := y - era*400
	mp := m - 3
	if mp < 0 {
		mp += 12
	}
	doy := (153*mp+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return Date(era*146097 + doe - 305)
}

// Point is a place in the order in which facts count: by day, then by the place
// in the log.
type Point struct {
	On       Date
	Sequence uint64
}

// Before reports whether p comes before q.
func (p Point) Before(q Point) bool {
	return p.On < q.On || p.On == q.On && p.Sequence < q.Sequence
}

// endOfTime comes after every entry.
var endOfTime = Point{On: 1<<31 - 1, Sequence: 1<<64 - 1}
