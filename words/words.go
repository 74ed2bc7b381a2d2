// Package words has the words that people read for the wire names of events,
// fields and figures, in both languages. Programs get the wire names.
package words

import (
	"strings"
	"unicode"

	"rollbook/domain"
)

// List has the words for wire names.
type List map[string]domain.Text

// In returns the word for a wire name in a language, "vi" or "en", and the wire
// name itself where there is none, with what does not print made visible.
func (l List) In(lang, name string) string {
	if t, ok := l[name]; ok {
		return t.In(lang)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, name)
}

// Dimensions are what a headcount is broken down by.
var Dimensions = List{
	"ethnicity":    {EN: "ethnic group", VI: "dân tộc"},
	"status":       {EN: "status", VI: "tình trạng"},
	"gender":       {EN: "gender", VI: "giới tính"},
	"religion":     {EN: "religion", VI: "tôn giáo"},
	"organisation": {EN: "organisation", VI: "tổ chức đảng"},

	// Of forms only.
	"source":             {EN: "source", VI: "nguồn"},
	"age":                {EN: "age", VI: "độ tuổi"},
	"education":          {EN: "education", VI: "trình độ"},
	"occupation":         {EN: "occupation", VI: "nghề nghiệp"},
	"measure":            {EN: "measure", VI: "hình thức kỷ luật"},
	"years":              {EN: "years of membership", VI: "số năm tuổi Đảng"},
	"member_grade":       {EN: "grade of members", VI: "xếp loại đảng viên"},
	"organisation_grade": {EN: "grade of grassroots organisations", VI: "xếp loại tổ chức cơ sở đảng"},
	"cell":               {EN: "villages by their cell", VI: "bản chia theo chi bộ"},
	"members":            {EN: "villages by members of their own cell", VI: "bản chia theo số đảng viên của chi bộ bản"},
}

// Statuses are those of a member.
var Statuses = List{
	"none":        {EN: "none", VI: "chưa có"},
	"candidate":   {EN: "candidate", VI: "quần chúng ưu tú"},
	"provisional": {EN: "provisional", VI: "dự bị"},
	"official":    {EN: "official", VI: "chính thức"},
	"ended":       {EN: "ended", VI: "đã kết thúc"},
}

// Genders are those of a person.
var Genders = List{
	"female": {EN: "female", VI: "nữ"},
	"male":   {EN: "male", VI: "nam"},
}

// Events are the types of events.
var Events = List{
	"organisation.established":    {EN: "established", VI: "thành lập"},
	"organisation.renamed":        {EN: "renamed", VI: "đổi tên"},
	"organisation.moved":          {EN: "moved", VI: "chuyển cấp trên"},
	"organisation.merged":         {EN: "merged", VI: "sáp nhập"},
	"organisation.dissolved":      {EN: "dissolved", VI: "giải thể"},
	"organisation.rated":          {EN: "rated", VI: "xếp loại"},
	"organisation.quota_set":      {EN: "quota set", VI: "giao chỉ tiêu"},
	"organisation.target_set":     {EN: "target set", VI: "chỉ tiêu nhiệm kỳ"},
	"organisation.commended":      {EN: "commended", VI: "khen thưởng"},
	"organisation.policy_adopted": {EN: "rules of its own adopted", VI: "ban hành quy định riêng"},
	"organisation.entry_annulled": {EN: "entry annulled", VI: "huỷ mục ghi sai"},

	"village.registered":     {EN: "registered", VI: "đăng ký bản"},
	"village.cell_assigned":  {EN: "cell assigned", VI: "gắn với chi bộ"},
	"village.retired":        {EN: "retired", VI: "thôi tồn tại"},
	"village.entry_annulled": {EN: "entry annulled", VI: "huỷ mục ghi sai"},

	"member.identified":       {EN: "identified as candidate", VI: "quần chúng ưu tú"},
	"member.mentor_assigned":  {EN: "mentor assigned", VI: "phân công giúp đỡ"},
	"member.mentor_released":  {EN: "mentor released", VI: "thôi phân công giúp đỡ"},
	"member.course_completed": {EN: "course completed", VI: "học xong lớp bồi dưỡng"},
	"member.candidacy_ended":  {EN: "candidacy ended", VI: "thôi diện bồi dưỡng"},
	"member.admitted":         {EN: "admitted", VI: "kết nạp"},
	"member.confirmed":        {EN: "confirmed", VI: "công nhận chính thức"},
	"member.rated":            {EN: "rated", VI: "xếp loại"},
	"member.transferred":      {EN: "transferred", VI: "chuyển sinh hoạt"},
	"member.transferred_out":  {EN: "transferred out", VI: "chuyển đi"},
	"member.transferred_in":   {EN: "transferred in", VI: "chuyển đến"},
	"member.brought_forward":  {EN: "brought forward", VI: "số dư đầu kỳ"},
	"member.disciplined":      {EN: "disciplined", VI: "kỷ luật"},
	"member.expelled":         {EN: "expelled", VI: "khai trừ"},
	"member.removed":          {EN: "removed", VI: "xoá tên"},
	"member.resigned":         {EN: "resigned", VI: "xin ra"},
	"member.died":             {EN: "died", VI: "từ trần"},
	"member.restored":         {EN: "restored", VI: "khôi phục đảng tịch"},
	"member.exempted":         {EN: "exempted", VI: "miễn công tác, sinh hoạt"},
	"member.badge_awarded":    {EN: "badge awarded", VI: "tặng Huy hiệu Đảng"},
	"member.card_issued":      {EN: "card issued", VI: "cấp thẻ đảng viên"},
	"member.profile_changed":  {EN: "profile changed", VI: "thay đổi lý lịch"},
	"member.reviewed":         {EN: "reviewed by the cell", VI: "chi bộ xét công nhận"},
	"member.received":         {EN: "received", VI: "tiếp nhận sinh hoạt"},
	"member.entry_annulled":   {EN: "entry annulled", VI: "huỷ mục ghi sai"},
}

// Grades are those of members and organisations.
var Grades = List{
	"excellent":      {EN: "excellent", VI: "hoàn thành xuất sắc"},
	"good":           {EN: "good", VI: "hoàn thành tốt"},
	"satisfactory":   {EN: "satisfactory", VI: "hoàn thành"},
	"unsatisfactory": {EN: "unsatisfactory", VI: "không hoàn thành"},
}

// Indicators are titles, and so begin with a capital.
var Indicators = List{
	"members":                           {EN: "Members", VI: "Đảng viên"},
	"official":                          {EN: "Official members", VI: "Đảng viên chính thức"},
	"provisional":                       {EN: "Provisional members", VI: "Đảng viên dự bị"},
	"candidates":                        {EN: "Candidates", VI: "Quần chúng ưu tú"},
	"ethnic_minority_share":             {EN: "Members of ethnic minorities", VI: "Đảng viên người dân tộc thiểu số"},
	"women_share":                       {EN: "Women among members", VI: "Đảng viên nữ"},
	"religious_share":                   {EN: "Members with a religion", VI: "Đảng viên theo tôn giáo"},
	"admission_quota_rate":              {EN: "Admitted, of the year's quota", VI: "Kết nạp so với chỉ tiêu năm"},
	"term_target_rate":                  {EN: "Admitted, of the term's target", VI: "Kết nạp so với chỉ tiêu nhiệm kỳ"},
	"confirmed":                         {EN: "Confirmed in the year", VI: "Công nhận chính thức trong năm"},
	"confirmation_overdue":              {EN: "Confirmation overdue, of provisional", VI: "Quá hạn công nhận chính thức"},
	"candidates_with_mentor_share":      {EN: "Candidates with a mentor", VI: "Quần chúng có người giúp đỡ"},
	"rated_share":                       {EN: "Members rated for the year", VI: "Đảng viên đã xếp loại"},
	"member_grade_excellent":            {EN: "Members rated excellent", VI: "Đảng viên hoàn thành xuất sắc"},
	"member_grade_good":                 {EN: "Members rated good", VI: "Đảng viên hoàn thành tốt"},
	"member_grade_satisfactory":         {EN: "Members rated satisfactory", VI: "Đảng viên hoàn thành"},
	"member_grade_unsatisfactory":       {EN: "Members rated unsatisfactory", VI: "Đảng viên không hoàn thành"},
	"organisation_grade_excellent":      {EN: "Grassroots organisations rated excellent", VI: "Tổ chức cơ sở hoàn thành xuất sắc"},
	"organisation_grade_good":           {EN: "Grassroots organisations rated good", VI: "Tổ chức cơ sở hoàn thành tốt"},
	"organisation_grade_satisfactory":   {EN: "Grassroots organisations rated satisfactory", VI: "Tổ chức cơ sở hoàn thành"},
	"organisation_grade_unsatisfactory": {EN: "Grassroots organisations rated unsatisfactory", VI: "Tổ chức cơ sở không hoàn thành"},
	"villages_with_cell":                {EN: "Villages with a cell of their own", VI: "Bản có chi bộ riêng"},
	"exits_expelled":                    {EN: "Expelled in the year", VI: "Khai trừ trong năm"},
	"exits_removed":                     {EN: "Removed in the year", VI: "Xoá tên trong năm"},
	"exits_resigned":                    {EN: "Resigned in the year", VI: "Xin ra trong năm"},
	"exits_died":                        {EN: "Died in the year", VI: "Từ trần trong năm"},
	"exits_transferred_out":             {EN: "Transferred out in the year", VI: "Chuyển đi trong năm"},
}

// Causes are why a figure of one report is not that of another.
var Causes = List{
	"new_fact":       {EN: "new fact", VI: "sự kiện mới"},
	"late_fact":      {EN: "recorded late", VI: "ghi muộn"},
	"correction":     {EN: "correction", VI: "sửa mục ghi sai"},
	"reorganisation": {EN: "reorganisation", VI: "thay đổi tổ chức"},
	"rule_change":    {EN: "rule change", VI: "thay đổi quy định"},
	"elapsed":        {EN: "time passed", VI: "hết thời hạn"},
}

// Work is what falls due.
var Work = List{
	"review":              {EN: "review by the cell", VI: "chi bộ xét đảng viên dự bị"},
	"confirmation":        {EN: "confirmation", VI: "xét công nhận chính thức"},
	"rating":              {EN: "rating", VI: "xếp loại năm"},
	"organisation_rating": {EN: "rating of the organisation", VI: "xếp loại tổ chức đảng năm"},
	"badge":               {EN: "badge", VI: "Huy hiệu Đảng"},
	"reception":           {EN: "reception after a transfer", VI: "tiếp nhận sinh hoạt đảng"},
	"mentor":              {EN: "mentor for a candidate", VI: "phân công người giúp đỡ"},
	"quota":               {EN: "quota", VI: "chỉ tiêu kết nạp năm"},
	"target":              {EN: "target of the term", VI: "chỉ tiêu kết nạp nhiệm kỳ"},
	"village_cell":        {EN: "village without a cell of its own", VI: "bản chưa có chi bộ riêng"},
	"village_members":     {EN: "village without members", VI: "bản chưa có đảng viên"},
}

// Movements are the lines of the movements.
var Movements = List{
	"opening":         {EN: "Opening", VI: "Đầu kỳ"},
	"admitted":        {EN: "Admitted", VI: "Kết nạp"},
	"transferred_in":  {EN: "Transferred in from outside", VI: "Chuyển đến từ ngoài"},
	"restored":        {EN: "Restored", VI: "Khôi phục đảng tịch"},
	"brought_forward": {EN: "Brought forward", VI: "Số dư ghi đầu kỳ"},
	"moved_in":        {EN: "Moved in within the ledger", VI: "Chuyển đến trong nội bộ"},
	"moved_out":       {EN: "Moved out within the ledger", VI: "Chuyển đi trong nội bộ"},
	"transferred_out": {EN: "Transferred out", VI: "Chuyển đi ngoài"},
	"expelled":        {EN: "Expelled", VI: "Khai trừ"},
	"removed":         {EN: "Removed", VI: "Xoá tên"},
	"resigned":        {EN: "Resigned", VI: "Xin ra"},
	"died":            {EN: "Died", VI: "Từ trần"},
	"confirmed":       {EN: "Confirmed", VI: "Công nhận chính thức"},
	"closing":         {EN: "Closing", VI: "Cuối kỳ"},
}

// Counts are the counts that indicators are made of, where the indicator's
// own words would say something else.
var Counts = List{
	"ethnic_minority":        {EN: "Members of ethnic minorities", VI: "Đảng viên người dân tộc thiểu số"},
	"ethnicity_known":        {EN: "Members whose ethnic group is known", VI: "Đảng viên rõ dân tộc"},
	"women":                  {EN: "Women among members", VI: "Đảng viên nữ"},
	"religious":              {EN: "Members with a religion", VI: "Đảng viên theo tôn giáo"},
	"religion_known":         {EN: "Members whose religion is known", VI: "Đảng viên rõ tôn giáo"},
	"admitted":               {EN: "Admitted in the year", VI: "Kết nạp trong năm"},
	"admitted_in_term":       {EN: "Admitted in the term", VI: "Kết nạp trong nhiệm kỳ"},
	"quota":                  {EN: "Quota of the year", VI: "Chỉ tiêu kết nạp năm"},
	"target":                 {EN: "Target of the term", VI: "Chỉ tiêu kết nạp nhiệm kỳ"},
	"candidates_with_mentor": {EN: "Candidates with a mentor", VI: "Quần chúng có người giúp đỡ"},
	"rated":                  {EN: "Members rated for the year", VI: "Đảng viên đã xếp loại"},
	"organisations_rated":    {EN: "Grassroots organisations rated for the year", VI: "Tổ chức cơ sở đã xếp loại"},
	"villages":               {EN: "Villages", VI: "Bản"},
	"villages_with_cell":     {EN: "Villages with a cell of their own", VI: "Bản có chi bộ riêng"},
	"confirmation_overdue":   {EN: "Confirmations overdue", VI: "Quá hạn công nhận chính thức"},
}

// Fields are those of events' data.
var Fields = List{
	"name":         {EN: "name", VI: "tên"},
	"kind":         {EN: "kind", VI: "loại"},
	"parent":       {EN: "superior", VI: "cấp trên"},
	"sector":       {EN: "sector", VI: "lĩnh vực"},
	"into":         {EN: "into", VI: "vào"},
	"year":         {EN: "year", VI: "năm"},
	"grade":        {EN: "grade", VI: "mức"},
	"admissions":   {EN: "admissions", VI: "số kết nạp"},
	"from":         {EN: "from", VI: "từ"},
	"to":           {EN: "to", VI: "đến"},
	"title":        {EN: "title", VI: "danh hiệu"},
	"commune":      {EN: "commune", VI: "xã"},
	"cell":         {EN: "cell", VI: "chi bộ"},
	"joint":        {EN: "joint", VI: "sinh hoạt ghép"},
	"full_name":    {EN: "name", VI: "họ tên"},
	"birth_date":   {EN: "born", VI: "sinh ngày"},
	"birth_year":   {EN: "born in", VI: "sinh năm"},
	"gender":       {EN: "gender", VI: "giới tính"},
	"ethnicity":    {EN: "ethnic group", VI: "dân tộc"},
	"religion":     {EN: "religion", VI: "tôn giáo"},
	"national_id":  {EN: "national id", VI: "số định danh"},
	"address":      {EN: "address", VI: "địa chỉ"},
	"phone":        {EN: "phone", VI: "điện thoại"},
	"education":    {EN: "education", VI: "trình độ"},
	"occupation":   {EN: "occupation", VI: "nghề nghiệp"},
	"organisation": {EN: "organisation", VI: "tổ chức"},
	"source":       {EN: "source", VI: "nguồn"},
	"mentor":       {EN: "mentor", VI: "người giúp đỡ"},
	"role":         {EN: "role", VI: "vai trò"},
	"course":       {EN: "course", VI: "lớp"},
	"certificate":  {EN: "certificate", VI: "giấy chứng nhận"},
	"cause":        {EN: "cause", VI: "lý do"},
	"number":       {EN: "decision", VI: "quyết định"},
	"date":         {EN: "of", VI: "ngày"},
	"issued_by":    {EN: "issued by", VI: "của"},
	"temporary":    {EN: "temporary", VI: "tạm thời"},
	"destination":  {EN: "to", VI: "nơi đến"},
	"status":       {EN: "status", VI: "tình trạng"},
	"admitted_on":  {EN: "admitted on", VI: "kết nạp ngày"},
	"confirmed_on": {EN: "confirmed on", VI: "chính thức ngày"},
	"outcome":      {EN: "outcome", VI: "kết quả"},
	"measure":      {EN: "measure", VI: "hình thức"},
	"grounds":      {EN: "grounds", VI: "căn cứ"},
	"until":        {EN: "until", VI: "đến"},
	"years":        {EN: "years", VI: "số năm"},
	"card":         {EN: "card", VI: "số thẻ"},
	"annuls":       {EN: "annuls", VI: "huỷ mục"},
}

// Values are the words for the closed sets of values that have no labels of
// their own.
var Values = List{
	"district_committee":   {EN: "district committee", VI: "đảng bộ huyện"},
	"grassroots_committee": {EN: "grassroots committee", VI: "đảng bộ cơ sở"},
	"grassroots_cell":      {EN: "grassroots cell", VI: "chi bộ cơ sở"},
	"sectional_committee":  {EN: "sectional committee", VI: "đảng bộ bộ phận"},
	"cell":                 {EN: "cell", VI: "chi bộ trực thuộc"},
	"commune":              {EN: "commune", VI: "xã"},
	"agency":               {EN: "agency", VI: "cơ quan"},
	"public_service":       {EN: "public service", VI: "đơn vị sự nghiệp"},
	"enterprise":           {EN: "enterprise", VI: "doanh nghiệp"},
	"armed_forces":         {EN: "armed forces", VI: "lực lượng vũ trang"},
	"youth_union":          {EN: "youth union", VI: "Đoàn Thanh niên"},
	"student":              {EN: "student", VI: "học sinh, sinh viên"},
	"militia":              {EN: "militia", VI: "dân quân"},
	"women_union":          {EN: "women's union", VI: "Hội Phụ nữ"},
	"farmers_association":  {EN: "farmers' association", VI: "Hội Nông dân"},
	"veterans_association": {EN: "veterans' association", VI: "Hội Cựu chiến binh"},
	"trade_union":          {EN: "trade union", VI: "Công đoàn"},
	"fatherland_front":     {EN: "Fatherland Front", VI: "Mặt trận Tổ quốc"},
	"other":                {EN: "other", VI: "khác"},
	"mentor":               {EN: "mentor", VI: "theo dõi, giúp đỡ"},
	"introducer":           {EN: "introducer", VI: "giới thiệu"},
	"party_awareness":      {EN: "party awareness", VI: "nhận thức về Đảng"},
	"new_member":           {EN: "new member", VI: "đảng viên mới"},
	"withdrawn":            {EN: "withdrawn", VI: "tự rút"},
	"unsuitable":           {EN: "unsuitable", VI: "không phù hợp"},
	"moved":                {EN: "moved away", VI: "chuyển nơi ở"},
	"died":                 {EN: "died", VI: "từ trần"},
	"reprimand":            {EN: "reprimand", VI: "khiển trách"},
	"warning":              {EN: "warning", VI: "cảnh cáo"},
	"dismissal":            {EN: "dismissal", VI: "cách chức"},
	"probation_failed":     {EN: "probation failed", VI: "không đủ tư cách dự bị"},
	"lapsed":               {EN: "lapsed", VI: "bỏ sinh hoạt, không đóng đảng phí"},
	"unqualified":          {EN: "unqualified", VI: "không đủ tư cách"},
	"recommended":          {EN: "recommended", VI: "đề nghị công nhận"},
	"not_recommended":      {EN: "not recommended", VI: "chưa đề nghị công nhận"},
	"work":                 {EN: "from work", VI: "miễn công tác"},
	"activity":             {EN: "from meetings", VI: "miễn sinh hoạt"},
	"true":                 {EN: "yes", VI: "có"},
	"false":                {EN: "no", VI: "không"},
}

// Forms are the statistical forms.
var Forms = List{
	"structure":     {EN: "Structure of the membership", VI: "Cơ cấu đội ngũ đảng viên"},
	"admissions":    {EN: "Admissions", VI: "Kết nạp đảng viên"},
	"ratings":       {EN: "Ratings of organisations and members", VI: "Đánh giá, xếp loại tổ chức đảng và đảng viên"},
	"villages":      {EN: "Villages, their cells and members", VI: "Bản, chi bộ và đảng viên ở bản"},
	"discipline":    {EN: "Discipline of members", VI: "Thi hành kỷ luật đảng viên"},
	"confirmations": {EN: "Confirmations due and done", VI: "Công nhận đảng viên chính thức"},
	"badges":        {EN: "Party badges awarded", VI: "Tặng Huy hiệu Đảng"},
}

// Figures are what forms count.
var Figures = List{
	"members":             {EN: "Members", VI: "Đảng viên"},
	"admitted":            {EN: "Admitted", VI: "Kết nạp"},
	"members_rated":       {EN: "Members rated", VI: "Đảng viên đã xếp loại"},
	"organisations":       {EN: "Grassroots organisations", VI: "Tổ chức cơ sở đảng"},
	"organisations_rated": {EN: "Organisations rated", VI: "Tổ chức đã xếp loại"},
	"villages":            {EN: "Villages", VI: "Bản"},
	"own":                 {EN: "with a cell of their own", VI: "có chi bộ riêng"},
	"joint":               {EN: "with a joint cell", VI: "sinh hoạt ghép"},
	"none":                {EN: "without a cell", VI: "chưa có chi bộ"},
	"without_members":     {EN: "without members", VI: "chưa có đảng viên"},
	"1_or_2":              {EN: "with 1 or 2", VI: "có 1 đến 2 đảng viên"},
	"3_or_more":           {EN: "with 3 or more", VI: "có từ 3 đảng viên"},
	"not_told_apart":      {EN: "in a joint cell, not told apart", VI: "ở chi bộ ghép, không tách được"},
	"disciplined":         {EN: "Measures", VI: "Lượt kỷ luật"},
	"expelled":            {EN: "Expelled", VI: "Khai trừ"},
	"confirmed":           {EN: "Confirmed", VI: "Đã công nhận"},
	"in_time":             {EN: "of them in time", VI: "trong đó đúng hạn"},
	"late":                {EN: "of them late", VI: "trong đó quá hạn"},
	"open":                {EN: "Probation over, not decided", VI: "Hết dự bị, chưa xét"},
	"overdue":             {EN: "of them overdue", VI: "trong đó đã quá hạn"},
	"awarded":             {EN: "Badges", VI: "Huy hiệu"},
	"not_rated":           {EN: "not rated", VI: "chưa xếp loại"},
	"not_given":           {EN: "not given", VI: "chưa ghi"},
}

// Ages are bands of age.
var Ages = List{
	"under_18": {EN: "under 18", VI: "dưới 18"},
	"18_30":    {EN: "18–30", VI: "18–30"},
	"31_35":    {EN: "31–35", VI: "31–35"},
	"36_40":    {EN: "36–40", VI: "36–40"},
	"41_45":    {EN: "41–45", VI: "41–45"},
	"46_50":    {EN: "46–50", VI: "46–50"},
	"51_55":    {EN: "51–55", VI: "51–55"},
	"56_60":    {EN: "56–60", VI: "56–60"},
	"over_60":  {EN: "over 60", VI: "trên 60"},
}
