package ledger_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/ledger"
)

// open makes a ledger in an empty directory, which it returns too.
func open(t testing.TB) (*ledger.Ledger, string) {
	t.Helper()
	dir := t.TempDir()
	return reopen(t, dir), dir
}

// reopen opens the ledger of a directory and closes it when the test ends.
func reopen(t testing.TB, dir string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true, Name: "test"})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// importLines imports lines as one file.
func importLines(t testing.TB, l *ledger.Ledger, lines ...string) ledger.ImportResult {
	t.Helper()
	return importBytes(t, l, []byte(strings.Join(lines, "\n")+"\n"))
}

func importBytes(t testing.TB, l *ledger.Ledger, file []byte) ledger.ImportResult {
	t.Helper()
	r, err := l.Import(t.Context(), []ledger.File{{Name: "test.ndjson", Reader: bytes.NewReader(file)}}, ledger.ImportOptions{Language: "en"})
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	return r
}

// mustAccept imports lines and fails if one of them is rejected.
func mustAccept(t testing.TB, l *ledger.Ledger, lines ...string) {
	t.Helper()
	if r := importLines(t, l, lines...); r.Rejected > 0 {
		t.Fatalf("Import: %d rejected, first: %+v", r.Rejected, r.Rejections[0])
	}
}

func day(t testing.TB, s string) domain.Date {
	t.Helper()
	d, ok := domain.ParseDate(s)
	if !ok {
		t.Fatalf("%q is not a date", s)
	}
	return d
}

// event writes an event as a line.
func event(typ, subject, on, data string) string {
	return fmt.Sprintf(`{"type":%q,"subject":%q,"effectiveon":%q,"data":%s}`, typ, subject, on, data)
}

// countEvents returns how many events are in the log; it holds other records too.
func countEvents(t testing.TB, l *ledger.Ledger) (n int) {
	t.Helper()
	for _, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// fewHistories is true where so few are drawn that what is rare may not be among
// them: see race_test.go. Otherwise a property that has not met everything fails.
var fewHistories bool
