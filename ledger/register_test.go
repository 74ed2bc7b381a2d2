package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/internal/naive"
	"rollbook/ledger"
	"rollbook/projections"
)

// namedMember is a member with a name.
func namedMember(id, name string) string {
	return event("member.brought_forward", "member/"+id, "2020-01-01",
		`{"person":{"full_name":`+quoted(name)+`,"birth_year":1980,"gender":"male","ethnicity":"08","religion":"00"},"organisation":"a","status":"official","admitted_on":"2010-05-19","confirmed_on":"2011-05-19"}`)
}

func register(t testing.TB, l *ledger.Ledger, q ledger.RegisterQuestion) ledger.Register {
	t.Helper()
	if q.AsOf == 0 {
		q.AsOf = day(t, "2022-12-31")
	}
	r, err := l.Register(t.Context(), q)
	if err != nil {
		t.Fatalf("Register(%+v): %v", q, err)
	}
	return r
}

func names(r ledger.Register) (list []string) {
	for _, row := range r.Rows {
		if row.Name == nil {
			list = append(list, "?"+row.Member)
			continue
		}
		list = append(list, *row.Name)
	}
	return list
}

func TestTheRegisterIsSortedByGivenName(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	want := []string{"Lò Văn Án", "Sùng A Ba", "Giàng Thị Cúc", "Hoàng Văn Dự", "Bùi Thị Đào", "Lò Thị Hà", "Vàng A Hà", "Lò Văn Hạ", "Nguyễn Văn Ơn", "Cà Thị Ư"}
	mixed := slices.Clone(want)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	for i, name := range mixed {
		mustAccept(t, l, namedMember(fmt.Sprint("n", i), norm.NFD.String(name)))
	}
	r := register(t, l, ledger.RegisterQuestion{})
	if got := names(r); !slices.Equal(got, want) || r.Total != len(want) || r.Next != nil || !r.Complete {
		t.Errorf("the register is %q, want %q (%+v)", got, want, r.Standing)
	}
	row := r.Rows[0]
	if row.Born != "1980" || row.Status != domain.Official || row.Organisation != "a" || row.Gender != domain.Male || row.Ethnicity != "08" ||
		row.AdmittedOn == nil || row.AdmittedOn.String() != "2010-05-19" || row.ConfirmedOn == nil || row.ConfirmedOn.String() != "2011-05-19" {
		t.Errorf("the first row is %+v", row)
	}
	// In pages it is the same.
	var paged []string
	for after := ""; ; {
		r := register(t, l, ledger.RegisterQuestion{Limit: 3, After: after})
		paged = append(paged, names(r)...)
		if r.Total != len(want) || len(r.Rows) > 3 {
			t.Errorf("a page of %d of %d", len(r.Rows), r.Total)
		}
		if r.Next == nil {
			break
		}
		after = *r.Next
	}
	if !slices.Equal(paged, want) {
		t.Errorf("in pages it is %q, want %q", paged, want)
	}
	if _, err := l.Register(t.Context(), ledger.RegisterQuestion{After: "nobody", Question: projections.Question{AsOf: day(t, "2022-12-31")}}); !errors.Is(err, ledger.ErrCursor) {
		t.Errorf("Register after nobody = %v, want %v", err, ledger.ErrCursor)
	}
}

func TestTheRegisterIsSearchedWithoutMarks(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, append(opening()[:3], namedMember("a", "Đặng Thị Mỷ"), namedMember("b", "Vàng  A Đế"), namedMember("c", "Lò Văn Đăng"), namedMember("d", "Dương Mỹ Ánh"))...)
	for search, want := range map[string][]string{
		"":                    {"Dương Mỹ Ánh", "Lò Văn Đăng", "Vàng  A Đế", "Đặng Thị Mỷ"},
		"my":                  {"Dương Mỹ Ánh", "Đặng Thị Mỷ"},
		"  MY  dang ":         {"Đặng Thị Mỷ"},
		"dang":                {"Lò Văn Đăng", "Đặng Thị Mỷ"},
		"đặng":                {"Lò Văn Đăng", "Đặng Thị Mỷ"},
		norm.NFD.String("Đế"): {"Vàng  A Đế"},
		"a de":                {"Vàng  A Đế"},
		"van":                 {"Lò Văn Đăng", "Vàng  A Đế"},
		"ang":                 {},
		"dang xa":             {},
		"100%":                {},
	} {
		r := register(t, l, ledger.RegisterQuestion{Search: search})
		if got := names(r); !slices.Equal(got, want) && len(got)+len(want) > 0 || r.Total != len(want) {
			t.Errorf("search %q finds %q, want %q", search, got, want)
		}
	}
}

// A name is that of the day and of the moment of knowledge that are asked for.
func TestANameIsThatOfItsTime(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, append(opening()[:3], namedMember("a", "Lò Văn Một"))...) // 4
	mustAccept(t, l,
		event("member.profile_changed", "member/a", "2021-06-01", `{"person":{"full_name":"Lò Văn Hai"}}`),                      // 5
		event("member.profile_changed", "member/a", "2021-03-01", `{"person":{"phone":"0900000001"}}`),                          // 6
		with(event("member.profile_changed", "member/a", "2022-01-01", `{"person":{"full_name":"Lò Văn Sai"}}`), `"id":"slip"`), // 7
		with(event("member.entry_annulled", "member/a", "2022-01-01", `{"annuls":"slip"}`), `"reason":"ghi nhầm"`))              // 8
	for _, tt := range []struct {
		asOf  string
		known eventstore.Position
		want  string
	}{
		{"2021-05-31", 0, "Lò Văn Một"},
		{"2021-06-01", 0, "Lò Văn Hai"},
		{"2022-12-31", 0, "Lò Văn Hai"},
		{"2022-12-31", 7, "Lò Văn Sai"},
		{"2022-12-31", 4, "Lò Văn Một"},
	} {
		q := ledger.RegisterQuestion{Question: projections.Question{AsOf: day(t, tt.asOf), KnownAt: tt.known}}
		if got := names(register(t, l, q)); len(got) != 1 || got[0] != tt.want {
			t.Errorf("as of %s, known at %d: %q, want %s", tt.asOf, tt.known, got, tt.want)
		}
	}
	if r := register(t, l, ledger.RegisterQuestion{Question: projections.Question{AsOf: day(t, "2019-12-31")}}); r.Total != 0 {
		t.Errorf("before they came there are %q", names(r))
	}
	mustAccept(t, l, event("member.died", "member/a", "2022-06-01", `{}`))
	if r := register(t, l, ledger.RegisterQuestion{}); r.Total != 0 {
		t.Errorf("after they left there are %q", names(r))
	}
}

// The register counts whom the headcount counts, on any day, in any subtree.
func TestTheRegisterAgreesWithTheHeadcount(t *testing.T) {
	l, _ := open(t)
	last := importBulk(t, l, 200)
	figures, err := l.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	organisations, err := figures.Organisations(t.Context(), projections.Question{AsOf: day(t, "2024-01-01")})
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		q := projections.Question{AsOf: day(t, "2015-01-01") + domain.Date(rand.IntN(4000))}
		q.KnownAt = 1 + eventstore.Position(rand.Uint64N(uint64(last)))
		if rand.IntN(2) == 0 {
			q.Organisation = organisations[rand.IntN(len(organisations))].ID
		}
		h, err := figures.Headcount(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		reg := register(t, l, ledger.RegisterQuestion{Question: q})
		if reg.Total != h.Total || len(reg.Rows) != h.Total || reg.Closed != 0 || reg.KnownAt != h.KnownAt {
			t.Errorf("%+v: the register has %d (%d closed), the headcount %d", q, reg.Total, reg.Closed, h.Total)
		}
	}
}

// importBulk fills a ledger with the history of an office, and returns where the
// log ends.
func importBulk(t testing.TB, l *ledger.Ledger, members int) eventstore.Position {
	t.Helper()
	var file bytes.Buffer
	if err := naive.Bulk(&file, members, 10, 1); err != nil {
		t.Fatal(err)
	}
	if r := importBytes(t, l, file.Bytes()); r.Rejected > 0 {
		t.Fatalf("Import: %+v", r.Rejections[0])
	}
	last, err := l.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return last
}

// Without keys the register says how many names are closed, and no name is in
// clear in any file.
func TestNamesAreInNoFile(t *testing.T) {
	dir := t.TempDir()
	l := start(t, dir)
	mustAccept(t, l, append(opening()[:3], namedMember("a", "Lò Văn Chim Yến"), namedMember("b", "Vàng Thị Sáo Sậu"))...)
	if got := names(register(t, l, ledger.RegisterQuestion{})); len(got) != 2 {
		t.Fatalf("the register is %q", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, s := range []string{"Chim Yến", "Sáo Sậu", "chim yen", "sao sau"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%q is in %s", s, path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys.db", "keys.db-wal", "keys.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	l = start(t, dir)
	defer func() { _ = l.Close() }()
	r := register(t, l, ledger.RegisterQuestion{})
	if got := names(r); r.Closed != 2 || r.Total != 2 || !strings.HasPrefix(got[0], "?") {
		t.Errorf("without keys: %q, %+v", got, r)
	}
	if r := register(t, l, ledger.RegisterQuestion{Search: "chim"}); r.Total != 0 || r.Closed != 2 {
		t.Errorf("a search without keys: %+v", r)
	}
}
