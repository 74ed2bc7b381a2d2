package domain

// What the catalogue says to people. A test holds that every type and every field
// has a text in both languages, and that every text is used.

// effects says what an event of a type does, by wire name.
var effects = map[string]Text{
	"organisation.established": {
		"An organisation begins, under its superior or at the top.",
		"Thành lập tổ chức, trực thuộc cấp trên hoặc là cấp cao nhất.",
	},
	"organisation.renamed": {"The organisation has another name from that day on.", "Tổ chức mang tên mới kể từ ngày đó."},
	"organisation.moved": {
		"The organisation stands under another superior, with its members and all below it.",
		"Tổ chức chuyển sang cấp trên khác, cùng đảng viên và các tổ chức trực thuộc.",
	},
	"organisation.merged": {
		"The organisation ends; every member and candidate of it belongs to another one from that day on. Its children must have been moved first.",
		"Tổ chức kết thúc do sáp nhập; đảng viên và quần chúng của tổ chức thuộc về tổ chức mới kể từ ngày đó. Các tổ chức trực thuộc phải được chuyển trước.",
	},
	"organisation.dissolved": {
		"The organisation ends. It must hold no member, candidate or child.",
		"Giải thể tổ chức; khi đó không còn đảng viên, quần chúng hay tổ chức trực thuộc.",
	},
	"organisation.rated": {
		"The organisation's grade for a year; a later one for the same year replaces it.",
		"Xếp loại tổ chức trong năm; lần sau của cùng năm thay lần trước.",
	},
	"organisation.quota_set": {
		"The number of admissions planned for a year; a later one for the same year replaces it.",
		"Chỉ tiêu kết nạp của năm; lần sau của cùng năm thay lần trước.",
	},
	"organisation.target_set": {
		"The number of admissions that a congress resolved for its term.",
		"Chỉ tiêu kết nạp của nhiệm kỳ theo nghị quyết đại hội.",
	},
	"organisation.commended": {"The organisation was given a title for a year.", "Khen thưởng tổ chức với một danh hiệu trong năm."},
	"organisation.policy_adopted": {
		"The organisation and all below it have charter rules of their own from that day on, as far as the rules are local.",
		"Tổ chức và các tổ chức trực thuộc áp dụng quy định riêng kể từ ngày đó, trong phạm vi các quy định địa phương.",
	},
	"organisation.entry_annulled": {
		"An entry of the organisation counts no more from this place in the log on. A reason is required.",
		"Một mục của tổ chức không còn hiệu lực kể từ vị trí này trong nhật ký. Phải nêu lý do.",
	},

	"village.registered": {"A village becomes known, as a part of a commune.", "Đăng ký một bản thuộc xã."},
	"village.cell_assigned": {
		"Members in the village belong to a cell: its own, or jointly that of a neighbour.",
		"Đảng viên của bản thuộc một chi bộ: chi bộ riêng hoặc sinh hoạt ghép.",
	},
	"village.retired": {"The village is one no longer.", "Bản không còn tồn tại."},
	"village.entry_annulled": {
		"An entry of the village counts no more from this place in the log on. A reason is required.",
		"Một mục của bản không còn hiệu lực kể từ vị trí này trong nhật ký. Phải nêu lý do.",
	},

	"member.identified": {"Somebody becomes a candidate.", "Xác định quần chúng ưu tú."},
	"member.mentor_assigned": {
		"An official member follows and helps a candidate or a provisional member, or introduces them.",
		"Phân công đảng viên chính thức theo dõi, giúp đỡ hoặc giới thiệu.",
	},
	"member.mentor_released": {"A mentor is one no longer.", "Thôi phân công theo dõi, giúp đỡ."},
	"member.course_completed": {
		"The awareness course, or the course for new members, was completed.",
		"Hoàn thành lớp bồi dưỡng nhận thức về Đảng hoặc lớp đảng viên mới.",
	},
	"member.candidacy_ended": {"A candidate is one no longer, without admission.", "Thôi là quần chúng ưu tú, không kết nạp."},
	"member.admitted":        {"A candidate becomes a provisional member.", "Kết nạp: quần chúng trở thành đảng viên dự bị."},
	"member.confirmed":       {"A provisional member becomes an official one.", "Công nhận đảng viên chính thức."},
	"member.rated": {
		"The member's grade for a year; a later one for the same year replaces it.",
		"Xếp loại đảng viên trong năm; lần sau của cùng năm thay lần trước.",
	},
	"member.transferred": {
		"A member or candidate moves within the ledger. A temporary transfer does not change where they count.",
		"Chuyển sinh hoạt đảng trong phạm vi sổ. Chuyển tạm thời không đổi nơi tính số liệu.",
	},
	"member.transferred_out": {"A member leaves the ledger's scope.", "Chuyển sinh hoạt ra ngoài phạm vi sổ."},
	"member.transferred_in":  {"A member enters from outside the ledger's scope.", "Chuyển sinh hoạt từ ngoài phạm vi sổ đến."},
	"member.brought_forward": {
		"Opening entry of somebody who was a member already when the ledger began.",
		"Số dư đầu kỳ: đã là đảng viên khi bắt đầu sổ.",
	},
	"member.disciplined": {"A measure short of expulsion.", "Kỷ luật dưới mức khai trừ."},
	"member.expelled":    {"Ends membership by expulsion.", "Khai trừ khỏi Đảng."},
	"member.removed":     {"Ends membership: the name is removed from the roll.", "Xoá tên khỏi danh sách đảng viên."},
	"member.resigned":    {"Ends membership at the member's own request.", "Xin ra khỏi Đảng."},
	"member.died":        {"Ends membership by death. A candidate's death is member.candidacy_ended.", "Từ trần. Quần chúng từ trần ghi bằng member.candidacy_ended."},
	"member.restored": {
		"Undoes an expulsion or removal: the member has the status held before.",
		"Khôi phục đảng tịch sau khai trừ hoặc xoá tên: trở lại tình trạng trước đó.",
	},
	"member.exempted":      {"Excused from work or meetings; counts as before.", "Miễn công tác, sinh hoạt; vẫn tính như trước."},
	"member.badge_awarded": {"The badge for years of membership.", "Tặng Huy hiệu Đảng theo số năm tuổi đảng."},
	"member.card_issued":   {"The party card.", "Cấp thẻ đảng viên."},
	"member.profile_changed": {
		"What is known of the person changes from that day on; a field that is not given stays.",
		"Thay đổi lý lịch kể từ ngày đó; trường không ghi thì giữ nguyên.",
	},
	"member.reviewed": {
		"The cell has considered a provisional member at the end of probation; the decision is the committee's.",
		"Chi bộ đã xét đảng viên dự bị khi hết thời gian dự bị; cấp uỷ có thẩm quyền quyết định.",
	},
	"member.received": {
		"Somebody who was transferred has presented themself to the new cell.",
		"Chi bộ nơi đến đã tiếp nhận người chuyển sinh hoạt.",
	},
	"member.entry_annulled": {
		"An entry of the member counts no more from this place in the log on. A reason is required.",
		"Một mục của đảng viên không còn hiệu lực kể từ vị trí này trong nhật ký. Phải nêu lý do.",
	},
}

// meanings says what a field holds: by type and path, by path, or by name. The
// first that is there wins.
var meanings = map[string]Text{
	"specversion": {"version of CloudEvents", "phiên bản CloudEvents"},
	"id":          {"unique for ever; without it one is made from the content", "mã duy nhất mãi mãi; nếu không ghi thì được tạo từ nội dung"},
	"source":      {"the ledger's name, such as /rollbook/muong-nhe", "tên sổ, ví dụ /rollbook/muong-nhe"},
	"type":        {"the event type", "loại sự kiện"},
	"subject":     {"what the event is about: kind and opaque id", "đối tượng của sự kiện: loại và mã"},
	"effectiveon": {"local calendar date on which it counts; may lie in the future", "ngày có hiệu lực; có thể ở tương lai"},
	"time":        {"when it was recorded", "thời điểm ghi"},
	"sequence":    {"place in the log, from 1 without gaps", "vị trí trong nhật ký, từ 1, không đứt quãng"},
	"dataschema":  {"name of the wire form of the data", "tên dạng dữ liệu của data"},
	"actor":       {"pseudonym of who recorded it", "bí danh của người ghi"},
	"policy":      {"version of the charter's rules that it was judged by", "phiên bản quy định đã dùng để xét"},
	"reason":      {"why; free text", "lý do; ghi tự do"},
	"exception":   {"the authority's decision to depart from a charter rule", "quyết định của cấp có thẩm quyền cho phép khác quy định"},
	"data":        {"the fact", "nội dung sự kiện"},

	"exception.rule":      {"id of the rule, or of several with commas between", "mã quy định; nhiều mã thì cách nhau bằng dấu phẩy"},
	"exception.reason":    {"why it is departed from", "lý do áp dụng ngoại lệ"},
	"exception.authority": {"who gave leave", "cấp cho phép"},

	"name": {"name", "tên"},
	"organisation.established data.kind": {
		"district_committee (đảng bộ huyện and its like), grassroots_committee (đảng bộ cơ sở), grassroots_cell (chi bộ cơ sở), sectional_committee (đảng bộ bộ phận) or cell (chi bộ trực thuộc)",
		"đảng bộ huyện và tương đương, đảng bộ cơ sở, chi bộ cơ sở, đảng bộ bộ phận hoặc chi bộ trực thuộc",
	},
	"parent":                                 {"id of the superior; null at the top", "mã cấp trên; null nếu là cấp cao nhất"},
	"sector":                                 {"what kind of place it is in", "lĩnh vực, loại hình"},
	"into":                                   {"id of the organisation that takes its place", "mã tổ chức nhận sáp nhập"},
	"year":                                   {"the year that it is about", "năm được xét"},
	"grade":                                  {"grade, excellent best", "mức xếp loại, cao nhất là excellent"},
	"admissions":                             {"number of admissions", "số đảng viên kết nạp"},
	"from":                                   {"first day of the term", "ngày đầu nhiệm kỳ"},
	"to":                                     {"last day of the term", "ngày cuối nhiệm kỳ"},
	"title":                                  {"title, such as Tập thể Lao động tiên tiến", "danh hiệu, ví dụ Tập thể Lao động tiên tiến"},
	"organisation.policy_adopted data.title": {"what the version is called", "tên phiên bản"},
	"title_en":                               {"the same in English", "tên tiếng Anh"},
	"version":                                {"id of the version, new in the organisation", "mã phiên bản, chưa dùng trong tổ chức"},
	"data.rules.admission":                   {"rules of admission", "quy định về kết nạp"},
	"data.rules.confirmation":                {"rules of confirmation", "quy định về công nhận chính thức"},
	"rules":                                  {"the rules that change, by id; the others stay as they were", "các quy định thay đổi, theo mã; các quy định khác giữ nguyên"},
	"on":                                     {"whether the rule is in force; without it as before", "quy định có hiệu lực hay không; nếu không ghi thì như trước"},
	"regulation":                             {"the paper that says so", "văn bản quy định"},
	"article":                                {"the place in it", "điều, khoản"},
	"checked":                                {"whether the rule was compared with the paper", "đã đối chiếu với văn bản hay chưa"},
	"parameters":                             {"the numbers that change", "các con số thay đổi"},
	"annuls":                                 {"id of the entry that counts no more", "mã của mục bị huỷ"},
	"commune":                                {"id of the commune's organisation", "mã tổ chức đảng của xã"},
	"cell":                                   {"id of the cell", "mã chi bộ"},
	"joint":                                  {"whether the village has no cell of its own and meets with a neighbour", "sinh hoạt ghép, bản chưa có chi bộ riêng"},

	"person":                  {"who it is", "lý lịch"},
	"data.person.full_name":   {"family, middle and given name", "họ, chữ đệm và tên"},
	"data.person.birth_date":  {"day of birth", "ngày sinh"},
	"data.person.birth_year":  {"year of birth, where only that is known", "năm sinh, nếu chỉ biết năm"},
	"data.person.gender":      {"gender", "giới tính"},
	"data.person.ethnicity":   {"code of the ethnic group", "mã dân tộc"},
	"data.person.religion":    {"code of the religion, 00 for none", "mã tôn giáo, 00 là không"},
	"data.person.national_id": {"number of the identity card", "số định danh cá nhân hoặc chứng minh nhân dân"},
	"data.person.address":     {"address", "địa chỉ"},
	"data.person.phone":       {"telephone number", "số điện thoại"},
	"data.person.education":   {"schooling", "trình độ học vấn"},
	"data.person.occupation":  {"occupation", "nghề nghiệp"},

	"organisation":                      {"id of the organisation", "mã tổ chức"},
	"member.admitted data.organisation": {"id of the organisation; without it the candidate's own", "mã tổ chức; nếu không ghi là tổ chức của quần chúng"},
	"member.restored data.organisation": {"id of the organisation; without it the one before", "mã tổ chức; nếu không ghi là tổ chức trước đó"},

	"member.identified data.source":      {"where the candidate comes from", "nguồn giới thiệu"},
	"mentor":                             {"member id of the mentor", "mã đảng viên được phân công"},
	"role":                               {"follows and helps, or introduces", "theo dõi, giúp đỡ hoặc giới thiệu"},
	"course":                             {"which course", "lớp bồi dưỡng"},
	"certificate":                        {"number of the certificate", "số giấy chứng nhận"},
	"cause":                              {"why", "lý do"},
	"decision":                           {"the written decision that it rests on", "quyết định làm căn cứ"},
	"data.decision.number":               {"its number, such as 112-QĐ/HU", "số quyết định, ví dụ 112-QĐ/HU"},
	"data.decision.date":                 {"day of signature", "ngày ký"},
	"data.decision.issued_by":            {"id or name of the committee that issued it", "mã hoặc tên cấp uỷ ban hành"},
	"temporary":                          {"whether they count where they did before", "chuyển tạm thời, vẫn tính ở nơi cũ"},
	"destination":                        {"where the member goes", "nơi chuyển đến"},
	"status":                             {"status on entry", "tình trạng khi vào sổ"},
	"admitted_on":                        {"day of admission", "ngày kết nạp"},
	"confirmed_on":                       {"day of confirmation", "ngày công nhận chính thức"},
	"member.transferred_in data.person":  {"who it is; required if the ledger does not know the member", "lý lịch; bắt buộc nếu sổ chưa biết đảng viên"},
	"member.profile_changed data.person": {"only what changes", "chỉ ghi phần thay đổi"},
	"measure":                            {"measure", "hình thức kỷ luật"},
	"grounds":                            {"what the member is expelled for", "căn cứ khai trừ"},
	"member.exempted data.kind":          {"from work, or from meetings", "miễn công tác hoặc miễn sinh hoạt"},
	"outcome":                            {"whether the cell recommends confirmation", "chi bộ đề nghị hay chưa đề nghị công nhận"},
	"until":                              {"last day; without it for good", "ngày cuối; nếu không ghi là không thời hạn"},
	"years":                              {"years of membership", "số năm tuổi đảng"},
	"card":                               {"number of the card", "số thẻ"},
}
