package demo

// Codes of ethnic groups, as in the official list.
const (
	kinh   = "01"
	tay    = "02"
	thai   = "03"
	hoa    = "04" // here the Xạ Phang
	muong  = "06"
	nung   = "07"
	hmong  = "08"
	dao    = "09"
	giay   = "25"
	khoMu  = "29"
	khang  = "33"
	xinhMu = "34"
	haNhi  = "35"
	lao    = "37"
	lu     = "42"
	cong   = "48"
	siLa   = "50"
)

// share is a part of a mix of ethnic groups.
type share struct {
	people string
	weight float64
}

// officials is the mix, beside the Kinh, among those who work in offices and
// schools of the district.
var officials = []share{
	{thai, 40},
	{hmong, 27},
	{haNhi, 12},
	{tay, 6},
	{muong, 5},
	{dao, 3},
	{nung, 2},
	{khoMu, 1.5},
	{siLa, 1},
	{cong, 1},
	{giay, 0.5},
	{lao, 0.5},
	{lu, 0.5},
	{xinhMu, 0.3},
}

// villagers is the mix, beside the Kinh, of a village where one group lives.
func villagers(people string) []share {
	mix := []share{{people, 92}}
	for _, s := range []share{{hmong, 3}, {thai, 3}, {haNhi, 1}, {dao, 0.5}, {khoMu, 0.5}} {
		if s.people != people {
			mix = append(mix, s)
		}
	}
	return mix
}

// naming is how the names of an ethnic group are made: a family name, a middle
// name, a given name.
type naming struct {
	families                  []string
	maleMiddle, maleGiven     []string
	femaleMiddle, femaleGiven []string
}

var (
	van = []string{"Văn"}
	thi = []string{"Thị"}

	thaiMen   = []string{"Thiên", "Hặc", "Pọm", "Ún", "Ngoan", "Thoan", "Pánh", "Dơn", "Hương", "Phong", "Xuân", "Bình", "Inh", "Chung", "Tươi", "Thương", "Diên", "Sơn", "Quyết", "Tiến", "Hoan", "Toản", "Bóng", "Panh", "Hịa", "Muôn", "Nọi", "Phương"}
	thaiWomen = []string{"Hoa", "Pâng", "Ín", "Xuân", "Lả", "Thiêm", "Hương", "Panh", "Nga", "Thoa", "Dung", "Inh", "Chiêm", "Phượng", "Hiên", "Nhung", "Loan", "Biên", "Quyên", "Yên", "Diện", "Hạnh", "Mai", "Thắm"}

	kinhMen   = []string{"Hùng", "Dũng", "Tuấn", "Nam", "Sơn", "Hải", "Long", "Thắng", "Hưng", "Quân", "Trung", "Thành", "Đạt", "Hiếu", "Kiên", "Cường", "Toàn", "Bình", "Khánh", "Việt", "Huy", "Phúc", "Tùng", "Vinh", "Lâm", "Duy", "Hòa", "Chiến", "Luân", "Quyết"}
	kinhWomen = []string{"Hương", "Lan", "Hà", "Thảo", "Trang", "Nga", "Hạnh", "Huyền", "Linh", "Thu", "Yến", "Oanh", "Phương", "Hiền", "Nhung", "Dung", "Loan", "Tâm", "Vân", "Mai", "Hằng", "Ngân", "Thúy", "Liên", "Xuân", "Hồng", "Nguyệt", "Duyên"}

	haNhiSyllables = []string{"Xè", "Phạ", "Hừ", "Chừ", "Sú", "Po", "Gó", "Lòng", "Khò", "Xú", "Sân", "Chóng", "Pố", "Giá", "Dần", "Phì", "Ché", "Nhù", "Hà", "Tư", "Xá", "Lò", "Phu", "Cà", "Gừ"}
	hoaSyllables   = []string{"Sín", "Chín", "Pao", "Sèng", "Sủi", "Phủ", "Lìn", "Sáng", "Dìn", "Vảng", "Khái", "Phà", "Tờ", "Quáng", "Mìn"}
)

// namings says how names are made, by ethnic group.
var namings = map[string]naming{
	kinh: {
		[]string{"Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Trần", "Lê", "Lê", "Phạm", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Đinh", "Lương", "Phan", "Trịnh", "Đoàn", "Mai", "Tạ", "Cao", "Hà"},
		[]string{"Văn", "Văn", "Đức", "Quang", "Minh", "Xuân", "Trọng", "Mạnh", "Hữu", "Đình", "Ngọc", "Công"},
		kinhMen,
		[]string{"Thị", "Thị", "Thị", "Thị Thu", "Thị Thanh", "Thị Ngọc", "Thị Bích", "Thu", "Thị Minh", "Thị Kim"},
		kinhWomen,
	},
	hmong: {
		[]string{"Giàng", "Giàng", "Vàng", "Vàng", "Sùng", "Sùng", "Thào", "Thào", "Lý", "Mùa", "Hạng", "Hờ", "Lầu", "Cứ", "Vừ", "Mua", "Ma", "Phàng", "Cháng", "Tráng", "Ly", "Chá", "Khoàng"},
		[]string{"A", "A", "A", "A", "A", "A", "A", "Chờ", "Nhè", "Dúng"},
		[]string{"Dình", "Chống", "Páo", "Sử", "Tủa", "Lử", "Vàng", "Chu", "Dế", "Của", "Sình", "Phình", "Lồng", "Khứ", "Mang", "Nhè", "Pó", "Sùng", "Tỉnh", "Vảng", "Sáu", "Thái", "Hồng", "Chinh", "Dơ", "Nủ", "Súa", "Chía", "Thành", "Giống", "Hù", "Lềnh", "Dua", "Chớ"},
		thi,
		[]string{"Mỷ", "Dợ", "Sua", "Mai", "Dinh", "Ka", "Pàng", "Chở", "Máy", "Xua", "Cở", "Nhia", "Chứ", "Sinh", "Say", "Dua", "Mỵ", "Pà", "Chá", "Sông", "Lía", "Ia", "Bầu"},
	},
	thai: {
		[]string{"Lò", "Lò", "Lò", "Quàng", "Quàng", "Cà", "Lường", "Tòng", "Vì", "Điêu", "Bạc", "Cầm", "Lèo", "Mào", "Hoàng"},
		van, thaiMen, thi, thaiWomen,
	},
	haNhi: {
		[]string{"Pờ", "Pờ", "Lỳ", "Lỳ", "Chang", "Khoàng", "Sừng", "Chu", "Toán", "Vù", "Phùy", "Giàng"},
		haNhiSyllables, haNhiSyllables,
		[]string{"Mỳ", "Mý", "Hừ", "Gó", "Mì", "Thị"},
		[]string{"Lế", "Xó", "Nu", "Xa", "De", "Nụ", "Sơ", "Pứ", "Gié", "Hoa", "Mai", "Xuân", "Bứ", "Né"},
	},
	dao: {
		[]string{"Tẩn", "Tẩn", "Phàn", "Phàn", "Chẻo", "Lý", "Triệu", "Lò"},
		[]string{"A", "Sài", "Phù", "Láo", "Chỉn", "Kiềm", "Vần"},
		[]string{"Quang", "Siệu", "Phú", "San", "Phin", "Lụa", "Nái", "Sinh", "Tá", "Mềnh", "Phấu", "Lở"},
		[]string{"Mỹ", "Lở", "Tả", "Thị"},
		[]string{"Mẩy", "Mán", "Sính", "Pham", "Liều", "Nải", "Chiêm", "Ghển"},
	},
	siLa: {
		[]string{"Hù", "Hù", "Pờ", "Lỳ", "Giàng"},
		[]string{"Chà"},
		[]string{"Thái", "Nọi", "Hùng", "Sân", "Pha", "Long", "Khoa", "Lai", "Thắng"},
		[]string{"Cố"},
		[]string{"Xuân", "Hoa", "Mai", "Phương", "Lé", "Duyên", "Nhung"},
	},
	cong:   {[]string{"Lò", "Nạ", "Chang", "Lùng", "Ly"}, van, thaiMen, thi, thaiWomen},
	khang:  {[]string{"Lò", "Quàng", "Lừ", "Hoàng", "Bun"}, van, thaiMen, thi, thaiWomen},
	khoMu:  {[]string{"Quàng", "Lò", "Lường", "Cà", "Tòng"}, van, thaiMen, thi, thaiWomen},
	lao:    {[]string{"Lò", "Lường", "Vì", "Vi"}, van, thaiMen, thi, thaiWomen},
	lu:     {[]string{"Tao", "Lò", "Vàng"}, van, thaiMen, thi, thaiWomen},
	xinhMu: {[]string{"Vì", "Lò", "Cút"}, van, thaiMen, thi, thaiWomen},
	hoa: {
		[]string{"Lồ", "Lồ", "Thàng", "Tằng", "Sần", "Lục", "Ngải"},
		hoaSyllables, hoaSyllables,
		[]string{"Thị", "Mù", "Sẻo"},
		[]string{"Chẩn", "Phà", "Mỷ", "Sẩu", "Hoa", "Phương", "Dín"},
	},
	muong: {[]string{"Bùi", "Bùi", "Đinh", "Quách", "Hà", "Xa", "Phùng"}, van, kinhMen, thi, kinhWomen},
	tay:   {[]string{"Hoàng", "Nông", "Ma", "Hà", "La", "Lương", "Bế"}, []string{"Văn", "Đức", "Thế"}, kinhMen, thi, kinhWomen},
	nung:  {[]string{"Nông", "Hoàng", "Lương", "Vi", "Lù", "Sầm"}, van, kinhMen, thi, kinhWomen},
	giay:  {[]string{"Vàng", "Lù", "Lò", "Hoàng"}, van, kinhMen, thi, kinhWomen},
}
