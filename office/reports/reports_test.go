package reports_test

import (
	"strings"
	"testing"

	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
)

// drawn returns a paper as a terminal shows it.
func drawn(t *testing.T, p papers.Paper) string {
	t.Helper()
	var b strings.Builder
	if err := p.Table(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An answer that leaves somebody out says so where nobody can miss it.
func TestIncompleteFiguresSayIt(t *testing.T) {
	h := projections.Headcount{By: []projections.Dimension{"gender"}, Standing: projections.Standing{KnownAt: 7, Position: 9, Parked: 2}}
	for lang, want := range map[string]string{"en": "!!! INCOMPLETE: 2 subjects", "vi": "!!! CHƯA ĐẦY ĐỦ: 2 đối tượng"} {
		p := reports.Reader{Lang: lang}.Headcount(h)
		if got := drawn(t, p); !strings.Contains(got, want) || p.Standing.Complete {
			t.Errorf("%s: no %q in\n%s", lang, want, got)
		}
	}
}

func TestMovementsThatDoNotReconcileSayIt(t *testing.T) {
	m := projections.Movements{Opening: 10, Admitted: 2, Died: 1, Closing: 12, Standing: projections.Standing{Complete: true}}
	got := drawn(t, reports.Reader{Lang: "en"}.Movements(m))
	if !strings.Contains(got, "!!! DOES NOT RECONCILE: 10 + 2 − 1 = 11, but the closing is 12.") {
		t.Errorf("got\n%s", got)
	}
}
