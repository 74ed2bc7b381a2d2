package domain_test

import (
	"testing"

	"rollbook/domain"
)

func TestBirthIsTimelessAndEducationIsOfADay(t *testing.T) {
	changed := func(on string, sequence uint64, id string) domain.Entry {
		e := member("m", on, &domain.ProfileChanged{Person: domain.Person{Occupation: "giáo viên"}})
		e.Sequence, e.ID = sequence, id
		return e
	}
	entries := []domain.Entry{
		changed("2010-01-01", 1, "first"), changed("2020-01-01", 2, "later"), changed("2015-01-01", 3, "late"), changed("2021-01-01", 4, "wrong"),
		{Sequence: 5, ID: "annulment", Subject: "member/m", EffectiveOn: day("2021-01-01"), Event: annul("wrong")},
	}
	given := map[uint64]*domain.Person{
		1: {FullName: "Vàng Thị Mỷ", BirthYear: 1990, Education: "5/12"},
		2: {BirthDate: day("1991-03-04")},
		3: {Education: "9/12"},
		4: {BirthDate: day("1950-01-01"), Education: "12/12"},
	}
	for _, tt := range []struct{ on, education string }{
		{"2009-12-31", ""}, {"2010-01-01", "5/12"}, {"2014-12-31", "5/12"}, {"2015-01-01", "9/12"}, {"2022-01-01", "9/12"},
	} {
		want := domain.Person{BirthDate: day("1991-03-04"), Education: tt.education}
		if got := domain.NewTimeline(entries...).PersonOn(day(tt.on), given); got != want {
			t.Errorf("PersonOn(%s) = %+v, want %+v", tt.on, got, want)
		}
	}
	if got := domain.NewTimeline(entries[:1]...).PersonOn(day("2022-01-01"), given); got.BirthYear != 1990 || got.BirthDate != 0 {
		t.Errorf("before the correction: %+v", got)
	}
	if got := domain.NewTimeline(entries...).PersonOn(day("2022-01-01"), nil); got != (domain.Person{}) {
		t.Errorf("of closed entries: %+v", got)
	}
}
