package sheets

import (
	"maps"
	"slices"

	"rollbook/domain"
)

// Kind is a kind of sheet.
type Kind struct {
	Name  string // for commands, mapping files and templates
	Title domain.Text
	// says are words of titles and names of sheets that speak for this kind.
	says    []string
	columns []column
	// marks are groups of columns; a sheet of this kind has one of each.
	marks [][]string
	// besides are the telling columns of other kinds that a sheet of this kind may
	// have too; see [telling].
	besides []string
	build   func(*reading)
	// example is what the example row of a template has, by column.
	example map[string]domain.Text
}

// column returns a column by its key.
func (k *Kind) column(key string) (column, bool) {
	i := slices.IndexFunc(k.columns, func(c column) bool { return c.key == key })
	if i < 0 {
		return column{}, false
	}
	return k.columns[i], true
}

// KindNamed returns the kind with a name.
func KindNamed(name string) (*Kind, bool) {
	i := slices.IndexFunc(kinds, func(k *Kind) bool { return k.Name == name })
	if i < 0 {
		return nil, false
	}
	return kinds[i], true
}

// Kinds returns all kinds of sheet, in the order in which an office begins with
// them.
func Kinds() []*Kind { return slices.Clone(kinds) }

func columns(lists ...[]column) []column { return slices.Concat(lists...) }

var (
	who      = []string{"member", "card", "national_id", "full_name"}
	decision = []string{"decision", "decision_number"}
)

// telling are the columns by which sheets are told apart: a sheet that has one is of
// no kind that does not know it.
var telling = []string{"full_name", "grade", "source", "to", "destination", "course", "mentor", "measure", "exit", "decision_number", "decision", "kind", "commune"}

func same(s string) domain.Text { return domain.Text{EN: s, VI: s} }

var examplePerson = map[string]domain.Text{
	"full_name": same("Lò Thị Hoa Ban"), "born": same("05/03/1990"), "gender": {EN: "female", VI: "Nữ"}, "ethnicity": same("03 Thái"),
	"religion": same("00 Không"), "national_id": same("011190000001"), "address": same("Bản A"), "phone": same("0912000000"),
	"education": same("12/12"), "occupation": {EN: "farmer", VI: "Nông dân"}, "organisation": {EN: "id or name", VI: "mã hoặc tên"},
	"member": same(""), "card": same("01234567"), "on": same("01/01/2024"), "admitted_on": same("19/05/2015"), "confirmed_on": same("19/05/2016"),
	"decision_number": same("112-QĐ/HU"), "decision_date": same("10/05/2024"), "issued_by": {EN: "District committee", VI: "Huyện uỷ"},
	"year": same("2024"),
}

var kinds = []*Kind{
	{
		Name: "organisations", Title: domain.Text{EN: "Organisations", VI: "Danh sách tổ chức đảng"},
		says: []string{"danh sách tổ chức đảng", "tổ chức cơ sở đảng", "organisations"},
		columns: []column{
			needed(column{key: "id", field: "subject", form: asID, head: domain.Text{EN: "Id", VI: "Mã"}, also: []string{"Mã tổ chức", "Mã chi bộ", "organisation", "id"}, help: domain.Text{EN: "1 to 64 of A-Z a-z 0-9 _ -, for ever", VI: "1 đến 64 ký tự A-Z a-z 0-9 _ -, không đổi về sau"}}),
			needed(column{key: "name", field: "name", head: domain.Text{EN: "Name", VI: "Tên tổ chức đảng"}, also: []string{"Tên tổ chức", "Tên", "Tên chi bộ", "Tên chi bộ, đảng bộ", "name"}}),
			needed(column{
				key: "kind", field: "kind", form: asWord, head: domain.Text{EN: "Kind", VI: "Loại hình"}, also: []string{"Loại", "Loại tổ chức", "Loại hình tổ chức", "kind"},
				words: []word{
					{"district_committee", domain.Text{EN: "district committee", VI: "Đảng bộ huyện"}, []string{"Đảng bộ cấp trên cơ sở", "Đảng bộ cấp trên trực tiếp cơ sở"}},
					{"grassroots_committee", domain.Text{EN: "grassroots committee", VI: "Đảng bộ cơ sở"}, []string{"Đảng bộ xã"}},
					{"grassroots_cell", domain.Text{EN: "grassroots cell", VI: "Chi bộ cơ sở"}, nil},
					{"sectional_committee", domain.Text{EN: "sectional committee", VI: "Đảng bộ bộ phận"}, nil},
					{"cell", domain.Text{EN: "cell", VI: "Chi bộ trực thuộc"}, nil},
				},
			}),
			{key: "parent", field: "parent", form: asOrganisation, head: domain.Text{EN: "Superior", VI: "Trực thuộc"}, also: []string{"Cấp trên", "Đảng bộ cấp trên", "Cấp trên trực tiếp", "parent"}, help: domain.Text{EN: "empty for the top; stands above in the sheet, or in the ledger", VI: "trống nếu là cấp cao nhất; phải đứng trước trong trang hoặc đã có trong sổ"}},
			{key: "sector", field: "sector", form: asWord, head: domain.Text{EN: "Sector", VI: "Lĩnh vực"}, also: []string{"sector", "Khối"}, words: []word{
				{"commune", domain.Text{EN: "commune", VI: "Xã"}, []string{"Xã, thị trấn", "Thị trấn"}},
				{"agency", domain.Text{EN: "agency", VI: "Cơ quan"}, nil},
				{"public_service", domain.Text{EN: "public service", VI: "Đơn vị sự nghiệp"}, []string{"Sự nghiệp"}},
				{"enterprise", domain.Text{EN: "enterprise", VI: "Doanh nghiệp"}, nil},
				{"armed_forces", domain.Text{EN: "armed forces", VI: "Lực lượng vũ trang"}, []string{"LLVT"}},
				{"other", domain.Text{EN: "other", VI: "Khác"}, nil},
			}},
			needed(headed(onColumn, "Established on", "Ngày thành lập", "established_on")), nothing,
		},
		besides: []string{"decision_number", "decision"}, marks: [][]string{{"id"}, {"name"}, {"kind"}}, build: buildOrganisation,
		example: map[string]domain.Text{"id": same("nam-ke"), "name": same("Đảng bộ xã Nậm Kè"), "kind": {EN: "grassroots committee", VI: "Đảng bộ cơ sở"}, "parent": same("huyen"), "sector": {EN: "commune", VI: "Xã"}, "on": same("01/03/2002")},
	},
	{
		Name: "villages", Title: domain.Text{EN: "Villages", VI: "Danh sách bản"},
		says: []string{"danh sách bản", "danh sách thôn bản", "villages"},
		columns: []column{
			needed(column{key: "id", field: "subject", form: asID, head: domain.Text{EN: "Id", VI: "Mã"}, also: []string{"Mã bản", "Mã thôn", "id"}, help: domain.Text{EN: "1 to 64 of A-Z a-z 0-9 _ -, for ever", VI: "1 đến 64 ký tự A-Z a-z 0-9 _ -, không đổi về sau"}}),
			needed(column{key: "name", field: "name", head: domain.Text{EN: "Village", VI: "Tên bản"}, also: []string{"Bản", "Thôn", "Tên thôn", "Thôn, bản", "Tên thôn, bản", "name"}}),
			needed(column{key: "commune", field: "commune", form: asOrganisation, head: domain.Text{EN: "Commune's committee", VI: "Đảng bộ xã"}, also: []string{"Xã", "commune"}}),
			{key: "cell", field: "cell", form: asOrganisation, head: domain.Text{EN: "Cell", VI: "Chi bộ"}, also: []string{"cell"}},
			{key: "joint", field: "joint", form: asMark, head: domain.Text{EN: "Joint cell", VI: "Sinh hoạt ghép"}, also: []string{"Ghép", "joint"}, help: domain.Text{EN: "x where the cell is a neighbour's", VI: "ghi x nếu sinh hoạt ghép với bản khác"}},
			needed(headed(onColumn, "Registered on", "Ngày đăng ký", "Ngày thành lập", "registered_on")), nothing,
		},
		besides: []string{"decision_number", "decision"}, marks: [][]string{{"id"}, {"name"}, {"commune"}}, build: buildVillage,
		example: map[string]domain.Text{"id": same("huoi-khon-1"), "name": same("Huổi Khon 1"), "commune": same("nam-ke"), "cell": same("huoi-khon"), "joint": same(""), "on": same("01/01/2005")},
	},
	{
		Name: "register", Title: domain.Text{EN: "Register of members (opening)", VI: "Danh sách đảng viên"},
		says:    []string{"danh sách đảng viên", "danh sách trích ngang đảng viên", "register"},
		columns: columns(personColumns, []column{needed(organisationColumn), statusColumn, needed(admittedOnColumn), confirmedOnColumn, cardColumn, onColumn, nothing}),
		marks:   [][]string{{"full_name"}, {"admitted_on"}, {"organisation"}, {"ethnicity"}}, besides: []string{"mentor"}, build: buildRegister, example: examplePerson,
	},
	{
		Name: "candidates", Title: domain.Text{EN: "Candidates", VI: "Danh sách quần chúng ưu tú"},
		says: []string{"quần chúng ưu tú", "danh sách quần chúng", "nguồn kết nạp", "candidates"},
		columns: columns(personColumns, []column{
			needed(organisationColumn),
			needed(column{key: "source", field: "source", form: asWord, head: domain.Text{EN: "Source", VI: "Nguồn giới thiệu"}, also: []string{"Nguồn", "Đoàn thể", "Đoàn thể giới thiệu", "Tổ chức giới thiệu", "source"}, words: []word{
				{"youth_union", domain.Text{EN: "youth union", VI: "Đoàn Thanh niên"}, []string{"Đoàn TN", "ĐTN", "Đoàn TNCS Hồ Chí Minh", "Đoàn viên"}},
				{"student", domain.Text{EN: "student", VI: "Học sinh, sinh viên"}, []string{"Học sinh", "Sinh viên"}},
				{"militia", domain.Text{EN: "militia", VI: "Dân quân"}, []string{"Dân quân tự vệ"}},
				{"women_union", domain.Text{EN: "women's union", VI: "Hội Phụ nữ"}, []string{"HPN", "Hội LHPN", "Phụ nữ"}},
				{"farmers_association", domain.Text{EN: "farmers' association", VI: "Hội Nông dân"}, []string{"HND"}},
				{"veterans_association", domain.Text{EN: "veterans' association", VI: "Hội Cựu chiến binh"}, []string{"HCCB", "Cựu chiến binh"}},
				{"trade_union", domain.Text{EN: "trade union", VI: "Công đoàn"}, nil},
				{"fatherland_front", domain.Text{EN: "Fatherland Front", VI: "Mặt trận Tổ quốc"}, []string{"MTTQ", "Mặt trận"}},
				{"other", domain.Text{EN: "other", VI: "Khác"}, nil},
			}}),
			needed(headed(onColumn, "Identified on", "Ngày đưa vào nguồn", "Ngày giới thiệu", "Ngày vào nguồn", "Ngày công nhận quần chúng ưu tú", "Ngày xác định", "identified_on")), nothing,
		}),
		besides: []string{"mentor", "course"}, marks: [][]string{{"full_name"}, {"source"}, {"organisation"}}, build: buildCandidate,
		example: with(examplePerson, map[string]domain.Text{"source": {EN: "youth union", VI: "Đoàn Thanh niên"}}),
	},
	{
		Name: "admissions", Title: domain.Text{EN: "Admissions", VI: "Danh sách kết nạp đảng viên"},
		says:    []string{"kết nạp", "admissions"},
		columns: columns(whoColumns, decisionColumns, []column{needed(headed(onColumn, "Admitted on", "Ngày kết nạp", "Ngày vào Đảng", "Ngày tổ chức kết nạp", "Ngày tổ chức lễ kết nạp", "admitted_on")), organisationColumn, nothing}),
		besides: []string{"source", "mentor"}, marks: [][]string{who, decision, {"on"}}, build: buildAdmission, example: with(examplePerson, map[string]domain.Text{"organisation": same("")}),
	},
	{
		Name: "confirmations", Title: domain.Text{EN: "Confirmations", VI: "Danh sách công nhận đảng viên chính thức"},
		says:    []string{"công nhận chính thức", "công nhận đảng viên chính thức", "chuyển đảng chính thức", "confirmations"},
		columns: columns(whoColumns, decisionColumns, []column{needed(headed(onColumn, "Confirmed on", "Ngày công nhận chính thức", "Ngày chính thức", "Ngày công nhận", "Ngày công nhận đảng viên chính thức", "Chính thức từ ngày", "confirmed_on")), {key: "", form: ignored, also: []string{"Ngày kết nạp", "Ngày vào Đảng"}}, nothing}),
		besides: []string{"source", "mentor"}, marks: [][]string{who, decision, {"on"}}, build: buildConfirmation, example: examplePerson,
	},
	{
		Name: "member_ratings", Title: domain.Text{EN: "Ratings of members", VI: "Xếp loại đảng viên"},
		says:    []string{"xếp loại đảng viên", "xếp loại chất lượng đảng viên", "đánh giá đảng viên", "ratings of members"},
		columns: columns(whoColumns, []column{needed(yearColumn), needed(gradeColumn), headed(onColumn, "Rated on", "Ngày đánh giá", "rated_on", "Ngày xếp loại"), nothing}),
		besides: []string{"decision_number", "decision"}, marks: [][]string{who, {"grade"}}, build: buildMemberRating, example: with(examplePerson, map[string]domain.Text{"grade": gradeColumn.words[1].text, "on": same("31/12/2024")}),
	},
	{
		Name: "organisation_ratings", Title: domain.Text{EN: "Ratings of organisations", VI: "Xếp loại tổ chức đảng"},
		says:    []string{"xếp loại tổ chức đảng", "xếp loại tổ chức cơ sở đảng", "xếp loại chi bộ", "ratings of organisations"},
		columns: []column{needed(headed(organisationColumn, "Organisation", "Tổ chức đảng", "Tên tổ chức đảng", "Tên tổ chức", "Tên chi bộ", "Mã tổ chức")).with(func(c *column) { c.field = "subject" }), needed(yearColumn), needed(gradeColumn), headed(onColumn, "Rated on", "Ngày đánh giá", "rated_on", "Ngày xếp loại"), nothing},
		besides: []string{"decision_number", "decision", "kind"}, marks: [][]string{{"organisation"}, {"grade"}}, build: buildOrganisationRating,
		example: map[string]domain.Text{"organisation": examplePerson["organisation"], "year": same("2024"), "grade": gradeColumn.words[0].text, "on": same("31/12/2024")},
	},
	{
		Name: "transfers", Title: domain.Text{EN: "Transfers within", VI: "Chuyển sinh hoạt trong đảng bộ"},
		says: []string{"chuyển sinh hoạt nội bộ", "chuyển sinh hoạt trong đảng bộ", "transfers within"},
		columns: columns(whoColumns, []column{
			needed(column{
				key: "to", field: "organisation", form: asOrganisation, head: domain.Text{EN: "To organisation", VI: "Chuyển đến tổ chức đảng"}, help: organisationColumn.help,
				also: []string{"Chi bộ chuyển đến", "Nơi chuyển đến", "Chuyển đến chi bộ", "Tổ chức đảng nơi đến", "Tổ chức đảng chuyển đến", "to_organisation"},
			}),
			{key: "temporary", field: "temporary", form: asMark, head: domain.Text{EN: "Temporary", VI: "Tạm thời"}, also: []string{"Sinh hoạt tạm thời", "Chuyển tạm thời", "temporary"}, help: domain.Text{EN: "x for a temporary transfer", VI: "ghi x nếu chuyển sinh hoạt tạm thời"}},
			needed(headed(onColumn, "Transferred on", "Ngày chuyển", "Ngày chuyển sinh hoạt", "transferred_on")),
			{key: "", form: ignored, also: []string{"Chi bộ", "Tổ chức đảng", "Chi bộ chuyển đi", "Nơi chuyển đi"}},
			nothing,
		}),
		besides: []string{"decision_number", "decision"}, marks: [][]string{who, {"to"}, {"on"}}, build: buildTransfer, example: with(examplePerson, map[string]domain.Text{"to": examplePerson["organisation"], "temporary": same("")}),
	},
	{
		Name: "transfers_in", Title: domain.Text{EN: "Transfers in", VI: "Đảng viên chuyển đến"},
		says: []string{"chuyển đến", "transfers in"},
		columns: columns(personColumns, []column{
			needed(organisationColumn), statusColumn, needed(admittedOnColumn), confirmedOnColumn, cardColumn,
			needed(headed(onColumn, "Transferred in on", "Ngày chuyển đến", "Ngày tiếp nhận", "transferred_in_on")),
			{key: "", form: ignored, also: []string{"Nơi chuyển đi", "Chuyển từ", "Đảng bộ chuyển đi"}},
			nothing,
		}),
		besides: []string{"decision_number", "decision"}, marks: [][]string{{"full_name"}, {"admitted_on"}, {"organisation"}, {"on"}, {"ethnicity"}}, build: buildTransferIn, example: examplePerson,
	},
	{
		Name: "transfers_out", Title: domain.Text{EN: "Transfers out", VI: "Đảng viên chuyển đi"},
		says: []string{"chuyển đi", "transfers out"},
		columns: columns(whoColumns, []column{
			needed(column{key: "destination", field: "destination", head: domain.Text{EN: "Destination", VI: "Nơi đến ngoài đảng bộ"}, also: []string{"Đảng bộ nơi đến", "Chuyển đi đâu", "Nơi đến", "Chuyển ra ngoài đến", "destination"}}),
			needed(headed(onColumn, "Transferred out on", "Ngày chuyển đi", "Ngày chuyển", "transferred_out_on")), nothing,
		}),
		besides: []string{"decision_number", "decision"}, marks: [][]string{who, {"destination"}, {"on"}}, build: buildTransferOut, example: with(examplePerson, map[string]domain.Text{"destination": same("Đảng bộ tỉnh B")}),
	},
	{
		Name: "courses", Title: domain.Text{EN: "Courses", VI: "Học lớp bồi dưỡng"},
		says: []string{"lớp bồi dưỡng", "nhận thức về đảng", "lớp đảng viên mới", "courses"},
		columns: columns(whoColumns, []column{
			needed(column{key: "course", field: "course", form: asWord, head: domain.Text{EN: "Course", VI: "Lớp"}, also: []string{"Tên lớp", "Lớp bồi dưỡng", "course"}, words: []word{
				{"party_awareness", domain.Text{EN: "party awareness", VI: "Nhận thức về Đảng"}, []string{"Cảm tình Đảng", "Bồi dưỡng nhận thức về Đảng"}},
				{"new_member", domain.Text{EN: "new member", VI: "Đảng viên mới"}, []string{"Bồi dưỡng đảng viên mới"}},
			}}),
			{key: "certificate", field: "certificate", head: domain.Text{EN: "Certificate", VI: "Giấy chứng nhận"}, also: []string{"Số giấy chứng nhận", "Số GCN", "certificate"}},
			needed(headed(onColumn, "Completed on", "Ngày hoàn thành", "Ngày cấp", "Ngày bế giảng", "completed_on")), nothing,
		}),
		besides: []string{"decision_number", "decision"}, marks: [][]string{who, {"course"}, {"on"}}, build: buildCourse, example: with(examplePerson, map[string]domain.Text{"course": {EN: "party awareness", VI: "Nhận thức về Đảng"}, "certificate": same("15/GCN")}),
	},
	{
		Name: "mentors", Title: domain.Text{EN: "Mentors and introducers", VI: "Phân công giúp đỡ, giới thiệu"},
		says: []string{"phân công giúp đỡ", "người giới thiệu", "mentors"},
		columns: columns(whoColumns, []column{
			needed(column{key: "mentor", field: "mentor", form: asDigits, head: domain.Text{EN: "Mentor", VI: "Mã hoặc số thẻ người giúp đỡ"}, also: []string{"Đảng viên giúp đỡ", "Mã người giúp đỡ", "Số thẻ người giúp đỡ", "Người giúp đỡ", "Người giới thiệu", "mentor"}, help: domain.Text{EN: "their id or party card", VI: "mã hoặc số thẻ đảng viên"}}),
			needed(column{key: "role", field: "role", form: asWord, head: domain.Text{EN: "Role", VI: "Vai trò"}, also: []string{"role"}, words: []word{
				{"mentor", domain.Text{EN: "mentor", VI: "Theo dõi, giúp đỡ"}, []string{"Giúp đỡ"}},
				{"introducer", domain.Text{EN: "introducer", VI: "Giới thiệu"}, []string{"Người giới thiệu"}},
			}}),
			needed(headed(onColumn, "Assigned on", "Ngày phân công", "assigned_on")), nothing,
		}),
		besides: []string{"decision_number", "decision"}, marks: [][]string{who, {"mentor"}, {"on"}}, build: buildMentor, example: with(examplePerson, map[string]domain.Text{"mentor": same("01234568"), "role": {EN: "mentor", VI: "Theo dõi, giúp đỡ"}}),
	},
	{
		Name: "disciplines", Title: domain.Text{EN: "Discipline", VI: "Kỷ luật đảng viên"},
		says: []string{"kỷ luật", "discipline"},
		columns: columns(whoColumns, []column{
			needed(column{key: "measure", field: "measure", form: asWord, head: domain.Text{EN: "Measure", VI: "Hình thức kỷ luật"}, also: []string{"Hình thức", "measure"}, words: []word{
				{"reprimand", domain.Text{EN: "reprimand", VI: "Khiển trách"}, nil},
				{"warning", domain.Text{EN: "warning", VI: "Cảnh cáo"}, nil},
				{"dismissal", domain.Text{EN: "dismissal", VI: "Cách chức"}, nil},
				{"expelled", domain.Text{EN: "expulsion", VI: "Khai trừ"}, []string{"expelled"}},
			}}),
			{key: "grounds", field: "grounds", head: domain.Text{EN: "Grounds", VI: "Lý do"}, also: []string{"Vi phạm", "Nội dung vi phạm", "grounds"}, help: domain.Text{EN: "of an expulsion; kept for no other measure", VI: "của khai trừ; các hình thức khác không lưu"}},
		}, decisionColumns, []column{needed(onColumn), nothing}),
		marks: [][]string{who, {"measure"}, decision}, build: buildDiscipline, example: with(examplePerson, map[string]domain.Text{"measure": {EN: "warning", VI: "Cảnh cáo"}, "grounds": same("")}),
	},
	{
		Name: "exits", Title: domain.Text{EN: "Exits", VI: "Đảng viên ra khỏi Đảng, từ trần"},
		says: []string{"ra khỏi đảng", "xóa tên", "từ trần", "giảm đảng viên", "exits"},
		columns: columns(whoColumns, []column{
			needed(column{key: "exit", field: "cause", form: asWord, head: domain.Text{EN: "Exit", VI: "Hình thức ra khỏi Đảng"}, also: []string{"Lý do giảm", "Hình thức giảm", "Lý do ra khỏi Đảng", "exit"}, words: []word{
				{"died", domain.Text{EN: "died", VI: "Từ trần"}, []string{"Chết", "Mất"}},
				{"resigned", domain.Text{EN: "resigned", VI: "Xin ra khỏi Đảng"}, []string{"Xin ra"}},
				{"probation_failed", domain.Text{EN: "removed: probation failed", VI: "Xoá tên: không đủ tư cách dự bị"}, nil},
				{"lapsed", domain.Text{EN: "removed: lapsed", VI: "Xoá tên: bỏ sinh hoạt, không đóng đảng phí"}, []string{"Xóa tên: bỏ sinh hoạt"}},
				{"unqualified", domain.Text{EN: "removed: unqualified", VI: "Xoá tên: không đủ tư cách"}, nil},
				{"other", domain.Text{EN: "removed: other", VI: "Xoá tên: lý do khác"}, nil},
				{"expelled", domain.Text{EN: "expelled", VI: "Khai trừ"}, nil},
			}}),
		}, decisionColumns, []column{needed(headed(onColumn, "Effective on", "Ngày hiệu lực", "Ngày ra khỏi Đảng", "Ngày mất", "Ngày từ trần", "Ngày giảm")), nothing}),
		marks: [][]string{who, {"exit"}, {"on"}}, build: buildExit, example: with(examplePerson, map[string]domain.Text{"exit": {EN: "resigned", VI: "Xin ra khỏi Đảng"}}),
	},
}

// with returns a map with some entries replaced.
func with(all, more map[string]domain.Text) map[string]domain.Text {
	out := map[string]domain.Text{}
	for _, m := range []map[string]domain.Text{all, more} {
		maps.Copy(out, m)
	}
	return out
}
