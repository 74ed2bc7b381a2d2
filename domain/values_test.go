package domain_test

import (
	"testing"

	"rollbook/domain"
)

func TestTheOfficialListsAreWhole(t *testing.T) {
	for name, list := range map[string]struct {
		entries []domain.Listed
		first   string
		last    string
		n       int
	}{
		"ethnic groups": {domain.EthnicGroups(), "01", "55", 55},
		"religions":     {domain.Religions(), "00", "99", len(domain.Religions())},
	} {
		if len(list.entries) != list.n || list.n < 10 || list.entries[0].Code != list.first || list.entries[len(list.entries)-1].Code != list.last {
			t.Errorf("%s: %d entries", name, len(list.entries))
		}
		last := ""
		for _, l := range list.entries {
			if len(l.Code) != 2 || l.Code <= last || l.Name == "" {
				t.Errorf("%s: entry %+v after %q", name, l, last)
			}
			last = l.Code
		}
	}
	for code, want := range map[string]string{"01": "Kinh", "03": "Thái", "08": "HMông", "77": "77"} {
		if got := domain.EthnicityName(code); got != want {
			t.Errorf("EthnicityName(%s) = %q, want %q", code, got, want)
		}
	}
	if got := domain.ReligionName("no such code"); got != "no such code" {
		t.Errorf("ReligionName of an unknown code = %q", got)
	}
}

func TestListsThatAreHandedOutAreCopies(t *testing.T) {
	grades := domain.Grades()
	grades[0] = "x"
	if domain.Grades()[0] != "excellent" {
		t.Errorf("whoever changes what Grades returned changes the grades")
	}
}

func TestTheFiguresOfAnOrganisationAreThoseThatWereSetByThen(t *testing.T) {
	w := founded(t).given(t,
		organisation("a", "2020-02-01", &domain.QuotaSet{Year: 2020, Admissions: 5}),
		organisation("a", "2020-06-01", &domain.QuotaSet{Year: 2020, Admissions: 7}),
		organisation("a", "2020-03-01", &domain.QuotaSet{Year: 2020, Admissions: 6}), // late
		organisation("a", "2020-12-31", &domain.OrganisationRated{Year: 2020, Grade: "good"}),
		organisation("a", "2021-01-31", &domain.OrganisationRated{Year: 2020, Grade: "excellent"}),
		organisation("a", "2020-08-01", &domain.TargetSet{From: day("2020-08-01"), To: day("2025-07-31"), Admissions: 30}),
		organisation("a", "2021-08-01", &domain.TargetSet{From: day("2020-08-01"), To: day("2025-07-31"), Admissions: 40}),
		organisation("a", "2025-07-01", &domain.TargetSet{From: day("2025-08-01"), To: day("2030-07-31"), Admissions: 50}),
		organisation("a", "2022-01-01", &domain.OrganisationRenamed{Name: "Đảng bộ xã Leng Su Sìn"}),
	)
	o := w.directory.Organisation("a")
	for on, want := range map[string]int{"2020-01-31": 0, "2020-02-01": 5, "2020-03-01": 6, "2020-06-01": 7, "2026-01-01": 7} {
		if got, ok := o.Quota(2020, day(on)); got != want || ok != (want != 0) {
			t.Errorf("Quota(2020, %s) = %d, %t, want %d", on, got, ok, want)
		}
	}
	if _, ok := o.Quota(2021, day("2026-01-01")); ok {
		t.Errorf("a quota of 2021 was never set")
	}
	for on, want := range map[string]domain.Grade{"2020-12-30": "", "2020-12-31": "good", "2021-01-31": "excellent"} {
		if got, ok := o.Rating(2020, day(on)); got != want || ok != (want != "") {
			t.Errorf("Rating(2020, %s) = %q, %t, want %q", on, got, ok, want)
		}
	}
	for on, want := range map[string]int{"2020-07-31": 0, "2020-08-01": 30, "2021-08-01": 40, "2025-07-31": 40, "2025-08-01": 50} {
		if got, ok := o.Target(day(on)); got.Admissions != want || ok != (want != 0) {
			t.Errorf("Target(%s) = %+v, %t, want %d admissions", on, got, ok, want)
		}
	}
	for on, want := range map[string]string{"1989-12-31": "Đảng bộ xã Pá Mỳ", "2021-12-31": "Đảng bộ xã Pá Mỳ", "2022-01-01": "Đảng bộ xã Leng Su Sìn"} {
		if got := o.Name(day(on)); got != want {
			t.Errorf("Name(%s) = %q, want %q", on, got, want)
		}
	}
}

func TestWhatAnOrganisationsLifespanIs(t *testing.T) {
	w := founded(t)
	line := w.lines["organisation/c"]
	end := named("end", organisation("c", "2020-01-01", merged("a")))
	end.Sequence = 100
	renamed := named("name", organisation("c", "2020-01-01", &domain.OrganisationRenamed{Name: "X"}))
	renamed.Sequence = 100
	dissolved := named("over", organisation("c", "2020-01-01", &domain.OrganisationDissolved{}))
	dissolved.Sequence = 100
	undone := annulment(line.Entries()[0])
	undone.ID, undone.Sequence = "undone", 100
	undo := annulment(end)
	undo.ID, undo.Sequence = "undo", 101
	for _, test := range []struct {
		name string
		line domain.Timeline
		want bool
	}{
		{"itself", line, false},
		{"renamed", line.With(renamed), false},
		{"merged", line.With(end), true},
		{"dissolved", line.With(dissolved), true},
		{"never established", line.With(undone), true},
		{"merged and not", line.With(end).With(undo), false},
	} {
		if got := domain.LifespanDiffers("c", line, test.line); got != test.want {
			t.Errorf("%s: LifespanDiffers = %t, want %t", test.name, got, test.want)
		}
	}
}

func TestADateIsReadBackAsItIsWritten(t *testing.T) {
	for _, want := range []domain.Date{0, domain.FirstDay, day("2024-02-29"), domain.LastDay} {
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		got := domain.FirstDay
		if err := got.UnmarshalText(text); err != nil || got != want || string(text) != want.String() {
			t.Errorf("%q is read back as %v, %v", text, got, err)
		}
	}
	d := domain.FirstDay
	if err := d.UnmarshalText([]byte("2023-02-29")); err == nil || d != domain.FirstDay {
		t.Errorf("UnmarshalText of a day that does not exist = %v, %v", d, err)
	}
	if y := day("1999-12-31").Year(); y != 1999 {
		t.Errorf("Year = %d", y)
	}
}
