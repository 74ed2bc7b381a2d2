package sheets_test

import (
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/office/sheets"
)

// registerHead is the header of a register as offices write it: two rows, with
// merged cells, line breaks and marks left out here and there.
var registerHead = [][]any{
	{"ĐẢNG BỘ HUYỆN"},
	{"DANH SÁCH ĐẢNG VIÊN"},
	{"(Tính đến ngày 31/12/2022)"},
	{"STT", "Họ và\ntên", "Ngày, tháng, năm sinh", nil, "Dân tộc", "Tôn giáo", "Số CCCD", "Chi bộ", "Ngày vào Đảng", "Ngày chính thức", "Số thẻ ĐV", "Ghi chú"},
	{nil, nil, "Nam", "Nữ"},
	{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
}

func register(t testing.TB, rows ...[]any) []byte {
	return book(t, "Danh sách", append(slices.Clone(registerHead), rows...)...)
}

var (
	pao = []any{1, "Sùng A Páo", "05/03/1970", nil, "Mông", "Không", "011070000001", "Chi bộ bản Huổi Khon", "3/2/1995", "03/02/1996", "01234567"}
	mai = []any{2, "Lò Thị Mai", nil, "1985", "Thái", "Không", "011185000002", "huoi-hoa", "01/06/2021", nil, nil}
)

func TestARegisterIsRecognisedAndImportingItTwiceChangesNothing(t *testing.T) {
	l := open(t)
	file := register(t, pao, mai, []any{"Tổng cộng", 2}, []any{nil, nil, nil, nil, nil, nil, nil, "NGƯỜI LẬP BIỂU"})
	got := take(t, l, file, sheets.Options{})
	if got.Accepted != 3 || got.Rejected != 0 || got.Skipped != 2 {
		t.Fatalf("import = %+v\n%s", got.ImportResult, got.statuses())
	}
	var types []string
	for _, e := range events(t, l)[4:] {
		types = append(types, e.Type())
		if on := e.EffectiveOn.String(); on != "2022-12-31" {
			t.Errorf("%s counts on %s, want the day of the title", e.Type(), on)
		}
		if b, ok := e.Event.(*domain.BroughtForward); ok && b.Person.FullName == "Lò Thị Mai" {
			if b.Person.Gender != domain.Female || b.Person.BirthYear != 1985 || b.Status != domain.Provisional || b.Organisation != "huoi-hoa" {
				t.Errorf("Mai = %+v", b)
			}
		}
	}
	if want := "member.brought_forward member.card_issued member.brought_forward"; strings.Join(types, " ") != want {
		t.Errorf("events: %v, want %s", types, want)
	}
	again := take(t, l, file, sheets.Options{})
	if again.Accepted != 0 || again.Unchanged != 3 || again.Rejected != 0 {
		t.Errorf("again = %+v", again.ImportResult)
	}
}
