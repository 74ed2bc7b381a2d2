package domain_test

import (
	"testing"

	"rollbook/domain"
)

func TestBadgesCountTheYearsInTheParty(t *testing.T) {
	date := func(s string) domain.Date {
		d, ok := domain.ParseDate(s)
		if !ok {
			t.Fatalf("%q is no date", s)
		}
		return d
	}
	step := func(on string, e domain.Event) domain.Step {
		return domain.Step{Entry: domain.Entry{EffectiveOn: date(on), Event: e}}
	}
	opening := step("2020-01-01", &domain.BroughtForward{Status: domain.Official, AdmittedOn: date("1984-02-03")})
	tests := []struct {
		name  string
		steps []domain.Step
		by    string
		years int // 0: none is due
		full  string
	}{
		{"a day before the border", []domain.Step{opening}, "2014-02-02", 0, ""},
		{"nothing before the entry counts", []domain.Step{opening}, "2019-12-31", 0, ""},
		{"on the border", []domain.Step{opening}, "2024-02-03", 40, "2024-02-03"},
		{"full before they came into the ledger", []domain.Step{opening}, "2024-02-02", 0, ""},
		{"awarded", []domain.Step{opening, step("2024-02-03", &domain.BadgeAwarded{Years: 40})}, "2024-12-31", 0, ""},
		{"a higher one was awarded", []domain.Step{opening, step("2020-02-03", &domain.BadgeAwarded{Years: 45})}, "2024-12-31", 0, ""},
		{
			"ten days out of the Party",
			[]domain.Step{opening, step("2021-03-01", &domain.Expelled{}), step("2021-03-11", &domain.Restored{})},
			"2024-02-20", 40, "2024-02-13",
		},
		{
			"away in another district counts",
			[]domain.Step{opening, step("2021-03-01", &domain.TransferredOut{}), step("2022-03-01", &domain.TransferredIn{AdmittedOn: date("1984-02-03")})},
			"2024-02-20", 40, "2024-02-03",
		},
		{
			"admitted again",
			[]domain.Step{step("1990-01-01", &domain.Admitted{}), step("1995-01-01", &domain.Resigned{}), step("2000-01-01", &domain.Identified{}), step("2001-01-01", &domain.Admitted{})},
			"2026-12-31", 30, "2026-01-02", // 2,192 days out, one more than six years
		},
		{"never a member", []domain.Step{step("1950-01-01", &domain.Identified{})}, "2026-12-31", 0, ""},
		{"admitted on 29 February", []domain.Step{step("1996-02-29", &domain.Admitted{})}, "2026-12-31", 30, "2026-03-01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			by := date(tt.by)
			years, full, ok := domain.Life{Steps: tt.steps}.Tenure(by).BadgeDue(by)
			if ok != (tt.years != 0) || years != tt.years || full.String() != tt.full {
				t.Errorf("BadgeDue(%s) = %d on %s, %t; want %d on %s", tt.by, years, full, ok, tt.years, tt.full)
			}
		})
	}
}
