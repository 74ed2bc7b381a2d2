package demo_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollbook/cmd/rollbook/demo"
)

const figureDay = "2022-12-31"

// written returns the ledger, which is written once for all tests.
func written(t *testing.T) []byte {
	t.Helper()
	ledger, err := once()
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	return ledger
}

var once = sync.OnceValues(write)

func write() ([]byte, error) {
	var b bytes.Buffer
	err := demo.Write(&b)
	return b.Bytes(), err
}

func TestTheSameFileComesOutEveryTime(t *testing.T) {
	t.Parallel()
	again, err := write()
	if err != nil {
		t.Fatalf("Write: %v", err)
	}
	if !bytes.Equal(written(t), again) {
		t.Error("Write wrote two different files")
	}
}

func TestFailureToWriteIsReported(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	r.Close()
	if err := demo.Write(w); err == nil {
		t.Error("Write to a closed pipe: no error")
	}
}

func TestEveryLineIsAcceptedInOrder(t *testing.T) {
	t.Parallel()
	m := replay(t, written(t))
	if n := len(m.all); n < 20_000 {
		t.Errorf("%d events, want a ledger of some size", n)
	}
	for kind := range required {
		if !slices.ContainsFunc(m.all, func(e *event) bool { return e.Type == kind }) {
			t.Errorf("no event of type %s", kind)
		}
	}
}

// The figures of the first user hold whoever the people are.
func TestFiguresOfTheFirstUser(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, ledger []byte) {
		m := replay(t, ledger)
		got := m.figures(figureDay)
		for name, want := range map[string]int{
			"district_committee":        1,
			"grassroots of district":    46,
			"grassroots_committee":      14,
			"of communes":               11,
			"of agencies":               3,
			"grassroots_cell":           32,
			"cell":                      188,
			"villages":                  115,
			"villages with cell":        114,
			"joint":                     1,
			"members":                   2590,
			"kinh":                      670,
			"not kinh":                  1920,
			"candidates":                412,
			"candidates with mentor":    367,
			"overdue":                   3,
			"target":                    300,
			"admitted in term":          329,
			"confirmed in term":         434,
			"excellent":                 9,
			"good":                      36,
			"satisfactory":              1,
			"commended":                 35,
			"cells with 3 official":     220,
			"committees of 30 official": 14,
		} {
			if got[name] != want {
				t.Errorf("%s on %s: got %d, want %d", name, figureDay, got[name], want)
			}
		}
		if got["expelled in term"] == 0 {
			t.Error("nobody was expelled")
		}
		if later := m.figures("2023-12-31"); later["members"] == got["members"] {
			t.Error("nothing changes in 2023")
		}
		if v := m.villages["nam-ke-huoi-khon-2"]; v.cell != "nam-ke-huoi-khon-1" || !v.joint {
			t.Errorf("Huổi Khon 2 meets with %q, joint %v", v.cell, v.joint)
		}
	}
	check(t, written(t))
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed+100), func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			if err := demo.WriteSeeded(&b, seed+100); err != nil {
				t.Fatal(err)
			}
			check(t, b.Bytes())
		})
	}
}

func TestWhatIsKnownLaterChangesTheFigures(t *testing.T) {
	t.Parallel()
	m := replay(t, written(t))
	if m.corrections < 12 {
		t.Errorf("%d corrections, want a dozen", m.corrections)
	}
	// What was known when the first entry of 2023 was recorded.
	known := slices.IndexFunc(m.all, func(e *event) bool { return e.EffectiveOn > figureDay })
	late := 0
	for _, e := range m.all[known:] {
		if e.EffectiveOn <= figureDay {
			late++
		}
	}
	if late < 10 {
		t.Errorf("%d entries of 2022 and before were recorded later, want some", late)
	}
	then := replayLines(t, m.all[:known])
	if got := then.figures(figureDay)["members"]; got == 2590 {
		t.Error("the headcount known at the end of 2022 is already the right one")
	}
}

// Departures from charter rules are the few that are made on purpose.
func TestHardlyAnyCharterRuleIsBroken(t *testing.T) {
	t.Parallel()
	m := replay(t, written(t))
	breaches := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(m.members)) {
		entries := counting(m.members[id])
		var born, admitted, course string
		introducers := 0
		for _, e := range entries {
			if p := e.Data.Person; p != nil && p.BirthDate != "" {
				born = p.BirthDate
			}
			switch e.Type {
			case "member.brought_forward", "member.transferred_in":
				admitted = e.Data.AdmittedOn
			case "member.course_completed":
				if e.Data.Course == "party_awareness" {
					course = e.EffectiveOn
				}
			case "member.mentor_assigned":
				if !m.mayGuide(e) {
					breaches["mentor"]++
				}
				if e.Data.Role == "introducer" {
					introducers++
				}
			case "member.admitted":
				admitted = e.EffectiveOn
				if born != "" && plusYears(born, 18) > admitted {
					breaches["too young"]++
				}
				if born != "" && plusYears(born, 61) <= admitted {
					t.Errorf("%s admitted at the age of 61", id)
				}
				if born != "" && plusYears(born, 60) <= admitted {
					breaches["too old"]++
				}
				if course == "" || plusYears(course, 5) < admitted {
					breaches["course"]++
				}
				if introducers < 2 {
					breaches["introducers"]++
				}
			case "member.confirmed":
				if e.EffectiveOn < plusYears(admitted, 1) {
					breaches["confirmed early"]++
				}
				if e.EffectiveOn > plusDays(plusYears(admitted, 1), 30) {
					breaches["confirmed late"]++
				}
			case "member.badge_awarded":
				if e.EffectiveOn < plusYears(admitted, e.Data.Years) {
					breaches["badge"]++
				}
			}
		}
	}
	want := map[string]int{
		"mentor": 1, "too young": 1, "too old": 1, "course": 1, "confirmed early": 2, "confirmed late": 3,
	}
	if !maps.Equal(breaches, want) {
		t.Errorf("breaches: got %v, want %v", breaches, want)
	}

	type place struct {
		cell string
		year int
	}
	best, good := map[place]int{}, map[place]int{}
	for id, entries := range m.members {
		for _, e := range counting(entries) {
			at := place{m.stateOf(id, e.EffectiveOn).organisation, e.Data.Year}
			switch {
			case e.Type == "member.rated" && e.Data.Grade == "excellent":
				best[at]++
			case e.Type == "member.rated" && e.Data.Grade == "good":
				good[at]++
			}
		}
	}
	over := 0
	for at, n := range best {
		if 5*n > good[at] {
			over++
		}
	}
	if over != 1 {
		t.Errorf("more than a fifth excellent in %d cells and years, want 1", over)
	}
}

func TestTextsAreComposedVietnamese(t *testing.T) {
	t.Parallel()
	ledger := written(t)
	if i := bytes.IndexFunc(ledger, func(r rune) bool { return r >= 0x300 && r < 0x370 || r == 0xfffd }); i >= 0 {
		t.Errorf("combining character at byte %d", i)
	}
	name := regexp.MustCompile(`"full_name":"([^"]*)"`)
	for _, m := range name.FindAllSubmatch(ledger, -1) {
		if words := strings.Fields(string(m[1])); len(words) < 3 || len(words) > 4 {
			t.Errorf("name %q: want three or four words", m[1])
		}
	}
}

func date(s string) time.Time {
	d, _ := time.Parse(time.DateOnly, s)
	return d
}

func plusYears(s string, n int) string { return date(s).AddDate(n, 0, 0).Format(time.DateOnly) }
func plusDays(s string, n int) string  { return date(s).AddDate(0, 0, n).Format(time.DateOnly) }
