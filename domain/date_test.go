package domain_test

import (
	"testing"
	"time"

	"rollbook/domain"
)

func TestDatesAgreeWithTheStandardLibrary(t *testing.T) {
	day := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC)
	prev := domain.Date(0)
	for day.Year() < 2201 {
		y, m, d := day.Date()
		got, ok := domain.NewDate(y, int(m), d)
		if !ok || got.String() != day.Format(time.DateOnly) || got.Vietnamese() != day.Format("02/01/2006") {
			t.Fatalf("NewDate(%s) = %s, %t", day.Format(time.DateOnly), got, ok)
		}
		if prev != 0 && got != prev+1 {
			t.Fatalf("%s is not the day after %s", got, prev)
		}
		if back, ok := domain.ParseDate(got.String()); !ok || back != got {
			t.Fatalf("ParseDate(%q) = %v, %t", got, back, ok)
		}
		prev = got
		day = day.AddDate(0, 0, 1)
	}
}

func TestDatesThatDoNotExistAreRefused(t *testing.T) {
	for _, s := range []string{"2023-02-29", "2023-13-01", "2023-00-10", "2023-04-31", "1900-02-29", "2023-1-01", "20230101", "0000-01-01", "2023-01-01 ", "２０２３-01-01", "-023-01-01"} {
		if d, ok := domain.ParseDate(s); ok {
			t.Errorf("ParseDate(%q) = %v, want a refusal", s, d)
		}
	}
}

func TestBordersOfTime(t *testing.T) {
	if got := domain.FirstDay.String(); got != "1930-02-03" {
		t.Errorf("FirstDay = %s", got)
	}
	if got := domain.LastDay.String(); got != "2200-12-31" {
		t.Errorf("LastDay = %s", got)
	}
}

func TestAYearLaterIsTheSameDayOrTheFirstOfMarch(t *testing.T) {
	for in, want := range map[string]string{"2020-02-29": "2021-03-01", "2021-05-10": "2022-05-10", "2023-02-28": "2024-02-28", "2019-03-01": "2020-03-01"} {
		d, _ := domain.ParseDate(in)
		if got := d.AddYears(1).String(); got != want {
			t.Errorf("%s plus a year = %s, want %s", in, got, want)
		}
	}
	d, _ := domain.ParseDate("2020-02-29")
	if got := d.AddYears(4).String(); got != "2024-02-29" {
		t.Errorf("2020-02-29 plus four years = %s", got)
	}
}

func TestWorkingDaysAreMondayToFriday(t *testing.T) {
	for _, tt := range []struct {
		from string
		n    int
		want string
	}{
		{"2022-07-01", 0, "2022-07-01"}, // a Friday
		{"2022-07-01", 1, "2022-07-04"},
		{"2022-07-02", 1, "2022-07-04"}, // a Saturday
		{"2022-07-03", 1, "2022-07-04"}, // a Sunday
		{"2022-07-04", 4, "2022-07-08"},
		{"2022-07-04", 5, "2022-07-11"},
		{"2022-07-01", 30, "2022-08-12"},
		{"2024-02-28", 2, "2024-03-01"},
	} {
		d, _ := domain.ParseDate(tt.from)
		if got := d.AddWorkingDays(tt.n).String(); got != tt.want {
			t.Errorf("%s plus %d working days = %s, want %s", tt.from, tt.n, got, tt.want)
		}
	}
	// The standard library agrees on which days those are.
	d, _ := domain.ParseDate("1990-01-01")
	for day := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2031; day = day.AddDate(0, 0, 1) {
		next := day.AddDate(0, 0, 1)
		for next.Weekday() == time.Saturday || next.Weekday() == time.Sunday {
			next = next.AddDate(0, 0, 1)
		}
		if got := d.AddWorkingDays(1).String(); got != next.Format(time.DateOnly) {
			t.Fatalf("the working day after %s is %s, want %s", d, got, next.Format(time.DateOnly))
		}
		d++
	}
}
