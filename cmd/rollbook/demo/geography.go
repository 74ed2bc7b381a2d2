package demo

import "time"

// commune is a commune (xã) and its villages (bản).
type commune struct {
	id, name string
	founded  day
	size     size
	villages []village
}

// size says which cells a commune has beside those of its villages.
type size int

const (
	small  size = iota // one school for both levels
	middle             // a school for each level, none of the health station
	large              // a school for each level, and the health station
)

// village is a village and the ethnic group that most of its people belong to.
type village struct{ name, people string }

// The village without a cell of its own, and the one whose cell its members
// meet with.
const (
	villageWithoutCell = "Huổi Khon 2"
	villageThatHosts   = "Huổi Khon 1"
)

// communes are the eleven communes of the district. Their villages are invented
// but for the two above.
var communes = []commune{
	{"xa-muong-nhe", "Mường Nhé", on(2002, time.March, 20), large, []village{
		{"Nà Khoang", thai},
		{"Nà Phiêng", thai},
		{"Co Mạ", thai},
		{"Huổi Bon", thai},
		{"Phiêng Vang", hmong},
		{"Tả Sình", hmong},
		{"Huổi Chá", hmong},
		{"Nậm Pó Hua", hmong},
		{"Phìn Lồng", hmong},
		{"Xì Na", haNhi},
		{"Mé Gừ", haNhi},
		{"Lồ Chải", hoa},
	}},
	{"chung-chai", "Chung Chải", on(2002, time.March, 20), large, []village{
		{"Xà Phì", haNhi},
		{"Mé Nhù", haNhi},
		{"Nậm Khừ", haNhi},
		{"Tả Hừ", haNhi},
		{"Nậm Sú", siLa},
		{"Phiêng Xó", thai},
		{"Cây Muồng", hmong},
		{"Huổi Pết", hmong},
		{"Đoàn Kết", hmong},
		{"Tà Cơ", hmong},
		{"Hua Nậm", hmong},
	}},
	{"sin-thau", "Sín Thầu", on(2002, time.March, 20), small, []village{
		{"Tá Sú", haNhi},
		{"Mé Xá", haNhi},
		{"A Chè", haNhi},
		{"Lò Gừ", haNhi},
		{"Pờ Nhù", haNhi},
		{"Tả Kho", haNhi},
		{"U Thàng", hoa},
	}},
	{"sen-thuong", "Sen Thượng", on(2009, time.June, 15), small, []village{
		{"Long Pờ", haNhi},
		{"Tả Lò Xa", haNhi},
		{"Chiếu Xì", haNhi},
		{"Phứ Ma", haNhi},
		{"Nhù Khò", haNhi},
		{"Xé Hừ", haNhi},
		{"Sen Phìn", haNhi},
		{"Pa Lùng", hmong},
	}},
	{"leng-su-sin", "Leng Su Sìn", on(2009, time.June, 15), small, []village{
		{"Su Khò", haNhi},
		{"Gia Chừ", haNhi},
		{"Phứ Xá", haNhi},
		{"Lèng Gừ", haNhi},
		{"Cà Nhù", haNhi},
		{"Suối Trắng", hmong},
		{"Phìn Hồ", hmong},
	}},
	{"nam-vi", "Nậm Vì", on(2012, time.November, 12), small, []village{
		{"Vang Hồ", hmong},
		{"Huổi Lúm", hmong},
		{"Nậm Hản", hmong},
		{"Háng Lìa", hmong},
		{"Phiêng Lừ", hmong},
		{"Cây Sặt", hmong},
		{"Tẩn Phìn", dao},
		{"Nậm Sài", dao},
		{"Nà Vì", thai},
	}},
	{"nam-ke", "Nậm Kè", on(2002, time.March, 20), middle, []village{
		{villageThatHosts, hmong},
		{villageWithoutCell, hmong},
		{"Huổi Hẹt", hmong},
		{"Phìn Chải", hmong},
		{"Háng Tơ", hmong},
		{"Chuyên Mạ", hmong},
		{"Nậm Bai", hmong},
		{"Tà Sáng", hmong},
		{"Huổi Thanh Hua", hmong},
		{"Pù Đao", hmong},
		{"Nà Kè", thai},
		{"Phiêng Kham", thai},
		{"Lả Nạ", cong},
		{"Chẻo Phìn", dao},
	}},
	{"muong-toong", "Mường Toong", on(2002, time.March, 20), large, []village{
		{"Ngã Ba Suối", hmong},
		{"Huổi Đá", hmong},
		{"Nậm Xả", hmong},
		{"Pá Lùng", hmong},
		{"Tổng Dế", hmong},
		{"Yên Sơn", hmong},
		{"Háng Chua", hmong},
		{"Huổi Cấu Hua", hmong},
		{"Nậm Pan", hmong},
		{"Toong Nưa", thai},
		{"Toong Tẩu", thai},
		{"Nà Toong", thai},
		{"Bản Phiêng", thai},
		{"Co Lót", thai},
		{"Phàn Tẩn", dao},
		{"Thàng Lồ", hoa},
		{"Nậm Mỳ", khang},
	}},
	{"huoi-lech", "Huổi Lếch", on(2012, time.November, 12), small, []village{
		{"Lếch Nưa", hmong},
		{"Lếch Tẩu", hmong},
		{"Pa Tết", hmong},
		{"Nậm Pan Hua", hmong},
		{"Cây Gạo", hmong},
		{"Huổi Quang", hmong},
		{"Tả Phình", hmong},
		{"Phìn Thào", hmong},
		{"Háng Sùng", hmong},
		{"Mẩy Chải", dao},
	}},
	{"pa-my", "Pá Mỳ", on(2009, time.June, 15), middle, []village{
		{"Pá Hua", hmong},
		{"Huổi Lụ Nưa", hmong},
		{"Huổi Lụ Tẩu", hmong},
		{"Tàng Phìn", hmong},
		{"Xà Quế", hmong},
		{"Phiêng Dế", hmong},
		{"Nậm Chố", hmong},
		{"Háng Giàng", hmong},
		{"Nà Mỳ", thai},
	}},
	{"quang-lam", "Quảng Lâm", on(2005, time.September, 8), middle, []village{
		{"Trạm Púng", hmong},
		{"Huổi Lắp", hmong},
		{"Đề Pua", hmong},
		{"Tảo La", hmong},
		{"Cống Háng", hmong},
		{"Nà Lâm", thai},
		{"Nà Hẳng", thai},
		{"Bản Lào Nưa", thai},
		{"Púng Bon", khang},
		{"Huổi Púng", khang},
		{"Co Xen", khoMu},
	}},
}
