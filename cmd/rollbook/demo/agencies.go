package demo

// agency is a grassroots cell (chi bộ cơ sở) of an agency or a unit of the
// public service, directly under the district.
type agency struct{ id, name, sector string }

// agencyCommittee is a grassroots committee of an agency, with its cells.
type agencyCommittee struct {
	id, name string
	class    class
	cells    []unit
}

// unit is a cell by the last part of its id and the last part of its name.
type unit struct{ id, name string }

var agencyCommittees = []agencyCommittee{
	{"cong-an-huyen", "Đảng bộ Công an huyện Mường Nhé", force, []unit{
		{"tham-muu", "Đội Tham mưu tổng hợp"},
		{"an-ninh", "Đội An ninh"},
		{"hinh-su", "Đội Cảnh sát hình sự"},
		{"giao-thong", "Đội Cảnh sát giao thông - trật tự"},
		{"quan-ly-hanh-chinh", "Đội Cảnh sát quản lý hành chính"},
		{"tam-giu", "Nhà tạm giữ"},
	}},
	{"quan-su-huyen", "Đảng bộ Quân sự huyện Mường Nhé", force, []unit{
		{"tham-muu", "Ban Tham mưu"},
		{"chinh-tri", "Ban Chính trị"},
		{"hau-can-ky-thuat", "Ban Hậu cần - Kỹ thuật"},
		{"trung-doi", "Trung đội bộ binh"},
	}},
	{"uy-ban-huyen", "Đảng bộ Cơ quan Ủy ban nhân dân huyện Mường Nhé", office, []unit{
		{"van-phong", "Văn phòng HĐND và UBND"},
		{"noi-vu", "Phòng Nội vụ"},
		{"tai-chinh", "Phòng Tài chính - Kế hoạch"},
		{"nong-nghiep", "Phòng Nông nghiệp và Phát triển nông thôn"},
		{"tai-nguyen", "Phòng Tài nguyên và Môi trường"},
		{"kinh-te-ha-tang", "Phòng Kinh tế và Hạ tầng"},
	}},
}

var agencies = []agency{
	{"van-phong-huyen-uy", "Văn phòng Huyện ủy", "agency"},
	{"ban-to-chuc", "Ban Tổ chức Huyện ủy", "agency"},
	{"ban-tuyen-giao", "Ban Tuyên giáo Huyện ủy", "agency"},
	{"ban-dan-van", "Ban Dân vận Huyện ủy", "agency"},
	{"uy-ban-kiem-tra", "Ủy ban Kiểm tra Huyện ủy", "agency"},
	{"mat-tran", "Mặt trận Tổ quốc huyện", "agency"},
	{"huyen-doan", "Huyện đoàn", "agency"},
	{"hoi-phu-nu", "Hội Liên hiệp Phụ nữ huyện", "agency"},
	{"hoi-nong-dan", "Hội Nông dân huyện", "agency"},
	{"hoi-cuu-chien-binh", "Hội Cựu chiến binh huyện", "agency"},
	{"lien-doan-lao-dong", "Liên đoàn Lao động huyện", "agency"},
	{"phong-giao-duc", "Phòng Giáo dục và Đào tạo", "agency"},
	{"phong-lao-dong", "Phòng Lao động - Thương binh và Xã hội", "agency"},
	{"phong-van-hoa", "Phòng Văn hóa và Thông tin", "agency"},
	{"phong-tu-phap", "Phòng Tư pháp", "agency"},
	{"phong-dan-toc", "Phòng Dân tộc", "agency"},
	{"thanh-tra", "Thanh tra huyện", "agency"},
	{"phong-y-te", "Phòng Y tế", "agency"},
	{"toa-an", "Tòa án nhân dân huyện", "agency"},
	{"vien-kiem-sat", "Viện Kiểm sát nhân dân huyện", "agency"},
	{"thi-hanh-an", "Chi cục Thi hành án dân sự huyện", "agency"},
	{"thue", "Chi cục Thuế huyện", "agency"},
	{"kho-bac", "Kho bạc Nhà nước huyện", "agency"},
	{"bao-hiem", "Bảo hiểm xã hội huyện", "agency"},
	{"kiem-lam", "Hạt Kiểm lâm huyện", "agency"},
	{"trung-tam-chinh-tri", "Trung tâm Chính trị huyện", "public_service"},
	{"trung-tam-y-te", "Trung tâm Y tế huyện", "public_service"},
	{"truong-thpt", "Trường THPT huyện", "public_service"},
	{"truong-noi-tru", "Trường PTDTNT THPT huyện", "public_service"},
	{"gdnn-gdtx", "Trung tâm GDNN - GDTX huyện", "public_service"},
	{"truyen-thanh", "Đài Truyền thanh - Truyền hình huyện", "public_service"},
	{"dich-vu-nong-nghiep", "Trung tâm Dịch vụ nông nghiệp huyện", "public_service"},
}
