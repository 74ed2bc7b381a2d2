package domain

import (
	"slices"
	"strconv"
)

// PersonOf returns what an event says of a person: all of it, or, of a
// [ProfileChanged], what changed. It is nil if the event says nothing of one.
func PersonOf(e Event) *Person {
	switch e := e.(type) {
	case *Identified:
		return &e.Person
	case *BroughtForward:
		return &e.Person
	case *TransferredIn:
		return e.Person
	case *ProfileChanged:
		return &e.Person
	default:
		return nil
	}
}

// Name is what a person is called and when they were born, as far as it is known.
type Name struct {
	Full      string
	BirthDate Date // either this
	BirthYear int  // or this
}

// Born returns the day of birth, or the year alone, or "" if neither is known.
func (n Name) Born() string {
	switch {
	case n.BirthDate != 0:
		return n.BirthDate.String()
	case n.BirthYear != 0:
		return strconv.Itoa(n.BirthYear)
	default:
		return ""
	}
}

// NameOn returns what the subject of the timeline is called at the end of a day:
// of the entries that count, the latest that says so. Given holds the entries
// that were opened, by sequence; those of the timeline may lack what they say.
func (t Timeline) NameOn(day Date, given map[uint64]*Person) (n Name) {
	for _, e := range slices.Backward(t.counting()) {
		p := given[e.Sequence]
		if p == nil || e.EffectiveOn > day {
			continue
		}
		if n.Full == "" {
			n.Full = p.FullName
		}
		if n.BirthDate == 0 && n.BirthYear == 0 {
			n.BirthDate, n.BirthYear = p.BirthDate, p.BirthYear
		}
	}
	return n
}

// AgeOn returns the age in full years at the end of a day; where only the year of
// birth is known, the age that is reached in the year of that day. It reports
// false if neither is known, or the day lies before.
func (n Name) AgeOn(day Date) (years int, ok bool) {
	y, m, d := day.Civil()
	switch {
	case n.BirthDate != 0:
		by, bm, bd := n.BirthDate.Civil()
		if years = y - by; m < bm || m == bm && d < bd {
			years--
		}
	case n.BirthYear != 0:
		years = y - n.BirthYear
	default:
		return 0, false
	}
	return years, years >= 0
}

// EducationOn returns the education of the subject of the timeline at the end of a
// day, as it was written, likewise; "" if no entry that was opened gives any.
func (t Timeline) EducationOn(day Date, given map[uint64]*Person) string {
	for _, e := range slices.Backward(t.counting()) {
		if p := given[e.Sequence]; p != nil && e.EffectiveOn <= day && p.Education != "" {
			return p.Education
		}
	}
	return ""
}

// OccupationOn returns the occupation, likewise.
func (t Timeline) OccupationOn(day Date, given map[uint64]*Person) string {
	for _, e := range slices.Backward(t.counting()) {
		if p := given[e.Sequence]; p != nil && e.EffectiveOn <= day && p.Occupation != "" {
			return p.Occupation
		}
	}
	return ""
}

// Membership returns when the subject was last admitted and confirmed, as it
// stands at the end of a day; zero for what has not happened or is not known.
func (l Life) Membership(day Date) (admitted, confirmed Date) {
	for _, step := range l.Steps {
		on := step.Entry.EffectiveOn
		if on > day {
			break
		}
		switch e := step.Entry.Event.(type) {
		case *Admitted:
			admitted, confirmed = on, 0
		case *BroughtForward:
			admitted, confirmed = e.AdmittedOn, e.ConfirmedOn
		case *TransferredIn:
			admitted, confirmed = e.AdmittedOn, e.ConfirmedOn
		case *Confirmed:
			confirmed = on
		default:
		}
	}
	return admitted, confirmed
}

// PersonOn returns what is known of the subject's birth and education, as
// charter rules ask for it: the day or year of birth as the latest entry says
// that counts, on whatever day, for nobody is born twice; the education as it was
// at the end of a day. Given is as for [Timeline.NameOn]. What is not known is zero.
func (t Timeline) PersonOn(day Date, given map[uint64]*Person) (known Person) {
	for _, e := range slices.Backward(t.counting()) {
		p := given[e.Sequence]
		if p == nil {
			continue
		}
		if known.BirthDate == 0 && known.BirthYear == 0 {
			known.BirthDate, known.BirthYear = p.BirthDate, p.BirthYear
		}
		if known.Education == "" && e.EffectiveOn <= day {
			known.Education = p.Education
		}
	}
	return known
}
