package sheets

import "rollbook/domain"

// form is how a column is read.
type form uint8

const (
	asText form = iota
	asDate
	asBirth  // a day, or the year alone
	asYear   // a calendar year
	asCount  // a whole number
	asDigits // a number of which leading zeros count
	asWord   // one of the column's words
	asEthnicity
	asReligion
	asOrganisation // by id or name
	asID
	asMark // anything that stands there means yes
	asDecision
	ignored
)

// word is one of the values of a column.
type word struct {
	value string
	text  domain.Text // as templates and people write it
	also  []string
}

// column is something that a sheet may say in each row.
type column struct {
	key   string
	field string // of the event, without "data."; more than one with commas
	form  form
	// head is the header in templates.
	head domain.Text
	also []string // other headers
	// needed is true for what no row can do without.
	needed bool
	words  []word
	help   domain.Text // for instructions
}

func (c column) with(change func(*column)) column {
	change(&c)
	return c
}

func needed(c column) column { return c.with(func(c *column) { c.needed = true }) }

// also gives a column more headers, and puts one of its own in front.
func headed(c column, en, vi string, also ...string) column {
	return c.with(func(c *column) {
		c.also = append(append([]string{c.head.EN, c.head.VI}, c.also...), also...)
		c.head = domain.Text{EN: en, VI: vi}
	})
}

// Columns that say who somebody is.
var (
	memberColumn = column{
		key: "member", field: "subject", form: asID, head: domain.Text{EN: "Id", VI: "Mã"},
		also: []string{"Mã đảng viên", "Mã ĐV", "Mã số", "Mã quần chúng", "member", "member id", "id"},
		help: domain.Text{EN: "the member's id in the ledger, if you know it; in a report it is the column Id", VI: "mã trong sổ, nếu đã biết; là cột Mã trong các báo cáo"},
	}
	cardColumn = column{
		key: "card", field: "card", form: asDigits, head: domain.Text{EN: "Party card", VI: "Số thẻ đảng viên"},
		also: []string{"Số thẻ", "Số thẻ ĐV", "Số TĐV", "Thẻ đảng viên", "card", "card number", "party card number"},
		help: domain.Text{EN: "a text, with its zeros", VI: "dạng văn bản, giữ đủ số 0"},
	}
	nationalIDColumn = column{
		key: "national_id", field: "person.national_id", form: asDigits, head: domain.Text{EN: "National id", VI: "Số CCCD"},
		also: []string{"CCCD", "CMND", "Số CMND", "CCCD/CMND", "CMND/CCCD", "Số CCCD/CMND", "Số CMND/CCCD", "Căn cước công dân", "Số căn cước công dân", "Số căn cước", "Số định danh", "Số định danh cá nhân", "Mã định danh", "national_id"},
		help: domain.Text{EN: "a text of 12 digits (or 9), with its zeros", VI: "dạng văn bản, 12 chữ số (hoặc 9), giữ đủ số 0"},
	}
	nameColumn = column{
		key: "full_name", field: "person.full_name", head: domain.Text{EN: "Full name", VI: "Họ và tên"},
		also: []string{"Họ tên", "Họ, tên", "Họ và tên đảng viên", "Họ tên đảng viên", "Họ và tên khai sinh", "Họ và tên quần chúng", "Họ tên quần chúng", "name", "full_name"},
	}
	bornColumn = column{
		key: "born", field: "person.birth_date,person.birth_year", form: asBirth, head: domain.Text{EN: "Born", VI: "Ngày sinh"},
		also: []string{"Ngày, tháng, năm sinh", "Năm sinh", "Sinh ngày", "Ngày tháng năm sinh", "NTNS", "born", "date of birth", "birth date", "birth_date", "birth year"},
		help: domain.Text{EN: "dd/mm/yyyy, or the year alone", VI: "ngày/tháng/năm, hoặc chỉ năm sinh"},
	}
	bornMaleColumn = column{
		key: "born_male", field: "person.birth_date,person.birth_year", form: asBirth,
		also: []string{"Ngày sinh Nam", "Năm sinh Nam", "Ngày tháng năm sinh Nam", "Ngày, tháng, năm sinh của Nam"},
	}
	bornFemaleColumn = column{
		key: "born_female", field: "person.birth_date,person.birth_year", form: asBirth,
		also: []string{"Ngày sinh Nữ", "Năm sinh Nữ", "Ngày tháng năm sinh Nữ", "Ngày, tháng, năm sinh của Nữ"},
	}
	genderColumn = column{
		key: "gender", field: "person.gender", form: asWord, head: domain.Text{EN: "Gender", VI: "Giới tính"},
		also: []string{"Giới", "Nam/Nữ", "Nam, nữ", "gender", "sex"},
		words: []word{
			{"female", domain.Text{EN: "female", VI: "Nữ"}, []string{"f", "woman"}},
			{"male", domain.Text{EN: "male", VI: "Nam"}, []string{"m", "man"}},
		},
	}
	isFemaleColumn  = column{key: "is_female", field: "person.gender", form: asMark, also: []string{"Nữ", "Giới tính Nữ"}}
	isMaleColumn    = column{key: "is_male", field: "person.gender", form: asMark, also: []string{"Nam", "Giới tính Nam"}}
	ethnicityColumn = column{
		key: "ethnicity", field: "person.ethnicity", form: asEthnicity, head: domain.Text{EN: "Ethnic group", VI: "Dân tộc"},
		also: []string{"ethnicity", "Thành phần dân tộc"},
		help: domain.Text{EN: "the code, or the name; a name with two meanings needs the code", VI: "mã hoặc tên; tên có hai nghĩa thì ghi mã"},
	}
	religionColumn = column{
		key: "religion", field: "person.religion", form: asReligion, head: domain.Text{EN: "Religion", VI: "Tôn giáo"},
		also: []string{"religion"}, help: domain.Text{EN: "none is 00", VI: "không theo tôn giáo ghi Không"},
	}
	addressColumn = column{
		key: "address", field: "person.address", head: domain.Text{EN: "Address", VI: "Nơi ở hiện nay"},
		also: []string{"Địa chỉ", "Chỗ ở", "Chỗ ở hiện nay", "Nơi cư trú", "Nơi thường trú", "Hộ khẩu thường trú", "address"},
	}
	phoneColumn = column{
		key: "phone", field: "person.phone", form: asDigits, head: domain.Text{EN: "Telephone", VI: "Số điện thoại"},
		also: []string{"Điện thoại", "SĐT", "Số ĐT", "phone"}, help: domain.Text{EN: "a text, with its zeros", VI: "dạng văn bản, giữ đủ số 0"},
	}
	educationColumn = column{
		key: "education", field: "person.education", head: domain.Text{EN: "Education", VI: "Trình độ"},
		also: []string{"Trình độ văn hóa", "Trình độ học vấn", "Học vấn", "Văn hóa", "Trình độ GDPT", "Trình độ chuyên môn", "education"},
	}
	occupationColumn = column{
		key: "occupation", field: "person.occupation", head: domain.Text{EN: "Occupation", VI: "Nghề nghiệp"},
		also: []string{"Nghề nghiệp hiện nay", "Công việc", "occupation"},
	}
	organisationColumn = column{
		key: "organisation", field: "organisation", form: asOrganisation, head: domain.Text{EN: "Organisation", VI: "Tổ chức đảng"},
		also: []string{"Chi bộ", "Chi bộ sinh hoạt", "Đang sinh hoạt tại", "Nơi sinh hoạt", "Sinh hoạt tại chi bộ", "Đơn vị", "Chi bộ, đảng bộ", "Tổ chức cơ sở đảng", "Đảng bộ, chi bộ", "organisation", "organization", "cell"},
		help: domain.Text{EN: "its id, or its name as it is in the ledger", VI: "mã, hoặc đúng tên trong sổ"},
	}
)

// Columns of what is recorded.
var (
	onColumn = column{
		key: "on", field: "effectiveon", form: asDate, head: domain.Text{EN: "Effective on", VI: "Ngày hiệu lực"},
		also: []string{"Ngày có hiệu lực", "Có hiệu lực từ", "effectiveon", "effective_on", "Hiệu lực từ ngày"},
		help: domain.Text{EN: "dd/mm/yyyy: the day on which it counts", VI: "ngày/tháng/năm bắt đầu có hiệu lực"},
	}
	decisionColumn = column{
		key: "decision", field: "decision", form: asDecision,
		also: []string{"Quyết định", "Số, ngày quyết định", "Số quyết định, ngày, tháng, năm", "Quyết định số, ngày", "Số QĐ, ngày QĐ", "decision"},
	}
	decisionNumberColumn = column{
		key: "decision_number", field: "decision.number", head: domain.Text{EN: "Decision number", VI: "Số quyết định"},
		also: []string{"Số QĐ", "Quyết định số", "QĐ số", "Quyết định Số", "Số quyết định kết nạp", "Số QĐ kết nạp", "Số QĐ công nhận", "decision_number"},
	}
	decisionDateColumn = column{
		key: "decision_date", field: "decision.date", form: asDate, head: domain.Text{EN: "Decision date", VI: "Ngày quyết định"},
		also: []string{"Ngày QĐ", "Ngày ký", "Ngày ký quyết định", "Ngày ra quyết định", "Quyết định Ngày", "decision_date"},
	}
	issuedByColumn = column{
		key: "issued_by", field: "decision.issued_by", head: domain.Text{EN: "Issued by", VI: "Cấp ra quyết định"},
		also: []string{"Cơ quan ra quyết định", "Cơ quan ban hành", "Cấp quyết định", "Nơi ra quyết định", "issued_by"},
	}
	statusColumn = column{
		key: "status", field: "status", form: asWord, head: domain.Text{EN: "Status", VI: "Tình trạng"},
		also: []string{"Trạng thái", "Loại đảng viên", "status"},
		words: []word{
			{"official", domain.Text{EN: "official", VI: "Chính thức"}, []string{"Đảng viên chính thức", "ĐVCT", "CT"}},
			{"provisional", domain.Text{EN: "provisional", VI: "Dự bị"}, []string{"Đảng viên dự bị", "ĐVDB", "DB"}},
		},
	}
	admittedOnColumn = column{
		key: "admitted_on", field: "admitted_on", form: asDate, head: domain.Text{EN: "Admitted on", VI: "Ngày vào Đảng"},
		also: []string{"Ngày kết nạp", "Ngày kết nạp Đảng", "Ngày vào ĐCSVN", "Ngày vào Đảng CSVN", "Ngày vào Đảng Dự bị", "Ngày vào Đảng Kết nạp", "Kết nạp", "admitted_on", "admitted"},
	}
	confirmedOnColumn = column{
		key: "confirmed_on", field: "confirmed_on", form: asDate, head: domain.Text{EN: "Confirmed on", VI: "Ngày chính thức"},
		also: []string{"Ngày công nhận chính thức", "Ngày vào Đảng chính thức", "Ngày vào Đảng Chính thức", "Chính thức", "Ngày CNCT", "Ngày công nhận ĐV chính thức", "Ngày công nhận đảng viên chính thức", "confirmed_on", "confirmed"},
	}
	yearColumn = column{
		key: "year", field: "year", form: asYear, head: domain.Text{EN: "Year", VI: "Năm"},
		also: []string{"Năm đánh giá", "Năm xếp loại", "year"},
	}
	gradeColumn = column{
		key: "grade", field: "grade", form: asWord, head: domain.Text{EN: "Grade", VI: "Xếp loại"},
		also: []string{"Mức xếp loại", "Kết quả xếp loại", "Kết quả đánh giá", "Mức chất lượng", "Xếp loại chất lượng", "Xếp loại đảng viên", "Kết quả đánh giá, xếp loại", "grade"},
		words: []word{
			{"excellent", domain.Text{EN: "excellent", VI: "Hoàn thành xuất sắc nhiệm vụ"}, []string{"Hoàn thành xuất sắc", "Xuất sắc", "HTXSNV", "HTXS"}},
			{"good", domain.Text{EN: "good", VI: "Hoàn thành tốt nhiệm vụ"}, []string{"Hoàn thành tốt", "Tốt", "HTTNV", "HTT"}},
			{"satisfactory", domain.Text{EN: "satisfactory", VI: "Hoàn thành nhiệm vụ"}, []string{"Hoàn thành", "HTNV"}},
			{"unsatisfactory", domain.Text{EN: "unsatisfactory", VI: "Không hoàn thành nhiệm vụ"}, []string{"Không hoàn thành", "KHTNV"}},
		},
	}
)

// nothing are columns that say nothing to the ledger, and are not reported.
var nothing = column{
	key: "", form: ignored,
	also: []string{
		"STT", "TT", "Số TT", "Số thứ tự", "No", "No.", "Ghi chú", "Notes", "Note",
		resultHeads[0].EN, resultHeads[0].VI, resultHeads[1].EN, resultHeads[1].VI, resultHeads[2].EN, resultHeads[2].VI,
	},
}

// resultHeads are the columns that a result workbook has beside a sheet's own.
var resultHeads = [3]domain.Text{{EN: "Result", VI: "Kết quả nhập"}, {EN: "Reason", VI: "Lý do nhập"}, {EN: "What to do", VI: "Cách xử lý"}}

var whoColumns = []column{memberColumn, cardColumn, nationalIDColumn, nameColumn, bornColumn, bornMaleColumn, bornFemaleColumn}

var personColumns = []column{
	memberColumn, needed(nameColumn), bornColumn, bornMaleColumn, bornFemaleColumn, genderColumn, isFemaleColumn, isMaleColumn,
	needed(ethnicityColumn), needed(religionColumn), nationalIDColumn, addressColumn, phoneColumn, educationColumn, occupationColumn,
}

var decisionColumns = []column{decisionNumberColumn, decisionDateColumn, issuedByColumn, decisionColumn}
