package naive

import (
	"fmt"
	"io"
	"strconv"
)

// Bulk writes a large ledger as NDJSON in the order in which an office would
// record it, month by month over all members: a district, a committee for every
// 200 members, cells of about 15, then about eventsPerMember events of each
// member. Half of the members are brought forward in the first month; the
// others are found, led, admitted and confirmed over the years, and from then
// on everybody is rated every December. About one in seven changes the cell
// once, one in twenty leaves in the end.
//
// Every line is valid and has 300 to 500 bytes; none has an id. The same
// arguments give the same bytes. Names are invented.
func Bulk(w io.Writer, members, eventsPerMember int, seed uint64) error {
	if members < 1 || eventsPerMember < 1 || eventsPerMember > 1000 {
		return fmt.Errorf("bulk: %d members with %d events each: must be 1 or more, and 1 to 1000", members, eventsPerMember)
	}
	b := newBulk(w, members, eventsPerMember, seed)
	b.organisations()

	// due is the month in which a member's next event is recorded.
	due := make([]int32, members)
	next := make([]int16, members)
	for m := range members {
		due[m] = b.month(m, 0)
	}
	for month := range b.months {
		for m := range members {
			// At most one event of a member in a month.
			if due[m] != month || int(next[m]) == eventsPerMember {
				continue
			}
			b.event(m, int(next[m]), month)
			if len(b.line) > 1<<16 {
				if err := b.flush(); err != nil {
					return err
				}
			}
			next[m]++
			if int(next[m]) < eventsPerMember {
				due[m] = b.month(m, int(next[m]))
			}
		}
	}
	return b.flush()
}

// The steps of a member who is found by the office, each event in a month
// counted from the first. The rest of the events, and all but the first of a
// member brought forward, are yearly.
const (
	stepIdentified = iota
	stepMentor
	stepIntroducer
	stepCourse
	stepAdmitted
	stepConfirmed
	stepsToConfirmed
)

var monthOfStep = [stepsToConfirmed]int32{0, 1, 2, 4, 9, 21}

type bulk struct {
	w    io.Writer
	line []byte // lines not yet written

	members, events int
	seed            uint64
	cells           int
	committees      int

	firstYear int   // the year of month 0
	months    int32 // months in all
	perYear   int   // yearly events of a member
	spread    int32 // months over which candidates are found
}

func newBulk(w io.Writer, members, events int, seed uint64) *bulk {
	b := &bulk{w: w, members: members, events: events, seed: seed}
	b.cells = (members + 14) / 15
	b.committees = (members + 199) / 200
	b.perYear = min(1+max(events-stepsToConfirmed, 0)/20, 12)

	old := b.years(events - 1)
	young := b.years(events - stepsToConfirmed)
	b.spread = int32(max(12*(old-young-2)-12, 1))
	years := max(1+old, 2+int(b.spread)/12+3+young)
	b.months = int32(12 * years)
	b.firstYear = 2025 - years
	return b
}

// years is how long n yearly events take.
func (b *bulk) years(n int) int {
	return (max(n, 0) + b.perYear - 1) / b.perYear
}

func (b *bulk) flush() error {
	_, err := b.w.Write(b.line)
	b.line = b.line[:0]
	if err != nil {
		return fmt.Errorf("bulk: %w", err)
	}
	return nil
}

// chance is a number below n that depends on the member and the purpose only.
func (b *bulk) chance(m int, purpose uint64, n int) int {
	x := b.seed ^ uint64(m+1)*0x9e3779b97f4a7c15 ^ (purpose+1)*0xd6e8feb86659fd93 // splitmix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % uint64(n))
}

// The purposes of chance.
const (
	forRoad = iota
	forFirstMonth
	forDay
	forTransfer
	forCell
	forExit
	forGender
	forEthnicity
	forReligion
	forFamilyName
	forMiddleName
	forGivenName
	forBirth
	forPlace
	forEducation
	forClerk
	forSource
	forGrade
	forAdmitted
	forNumber
)

// A cell's first three members are brought forward, stay for ever and mentor
// the others.
func (b *bulk) cellOf(m int) int      { return m % b.cells }
func (b *bulk) placeInCell(m int) int { return m / b.cells }

func (b *bulk) stays(m int) bool          { return b.placeInCell(m) < 3 }
func (b *bulk) broughtForward(m int) bool { return b.stays(m) || b.chance(m, forRoad, 100) < 40 }
func (b *bulk) leaves(m int) bool         { return !b.stays(m) && b.chance(m, forExit, 1000) < 65 }
func (b *bulk) transfers(m int) bool      { return !b.stays(m) && b.chance(m, forTransfer, 100) < 18 }

// firstMonth is when a member's first event is recorded.
func (b *bulk) firstMonth(m int) int32 {
	if b.broughtForward(m) {
		return 0
	}
	return 12 + int32(b.chance(m, forFirstMonth, int(b.spread)))
}

// firstYearly is the number of a member's first yearly event.
func (b *bulk) firstYearly(m int) int {
	if b.broughtForward(m) {
		return 1
	}
	return stepsToConfirmed
}

// month is when a member's k-th event is recorded, and counts.
func (b *bulk) month(m, k int) int32 {
	first, yearly := b.firstMonth(m), b.firstYearly(m)
	if k < yearly {
		return first + monthOfStep[k]
	}
	before := first + monthOfStep[yearly-1]
	year := before/12 + 1 // the year after
	k -= yearly
	// The last of a year's events is in December, the others in the months before.
	return (year+int32(k/b.perYear))*12 + 11 - int32(b.perYear-1-k%b.perYear)
}

// day is the day of the month of a member's k-th event: the same for all, but
// for the confirmation, which comes a few days after the twelve months.
func (b *bulk) day(m, k int) int {
	day := 1 + b.chance(m, forDay, 24)
	if k == stepConfirmed && !b.broughtForward(m) {
		day += b.chance(m, forDay, 4)
	}
	return day
}

// organisations appends the structure, all of the first day.
func (b *bulk) organisations() {
	const district = "nam-hua"
	b.organisation(district, "Đảng bộ huyện Nậm Hua", "district_committee", `null`, "other")
	for c := range b.committees {
		id := string(number(nil, "db", c, 5))
		b.organisation(id, fmt.Sprintf("Đảng bộ xã %s %d", places[c%len(places)], c+1),
			"grassroots_committee", `"`+district+`"`, "commune")
	}
	for c := range b.cells {
		id := string(number(nil, "cb", c, 6))
		parent := string(number(nil, "db", c%b.committees, 5))
		b.organisation(id, fmt.Sprintf("Chi bộ bản %s %d", places[c%len(places)], c+1), "cell", `"`+parent+`"`, "commune")
	}
}

func (b *bulk) organisation(id, name, kind, parent, sector string) {
	b.head("organisation.established")
	b.add(`organisation/`, id)
	b.subjectEnds(b.firstYear, 1, 1, 0)
	b.add(`"name":"`, name, `","kind":"`, kind, `","parent":`, parent, `,"sector":"`, sector, `"`)
	b.close("Mở sổ theo danh sách tổ chức đảng của huyện, ban tổ chức huyện ủy đã đối chiếu.")
}

// event appends the line of a member's k-th event.
func (b *bulk) event(m, k int, month int32) {
	year, monthOfYear, day := b.firstYear+int(month/12), int(month%12)+1, b.day(m, k)
	begin := func(eventType string) {
		b.head(eventType)
		b.line = number(append(b.line, `member/`...), "m", m, 7)
		b.subjectEnds(year, monthOfYear, day, 1+b.chance(m, forClerk, 8))
	}
	decision := func(issuer string) {
		b.add(`"decision":{"number":"`)
		b.line = strconv.AppendInt(b.line, int64(1+b.chance(m, forNumber, 900)), 10)
		b.add(`-QĐ/HU","date":"`)
		b.date(year, monthOfYear, day)
		b.add(`","issued_by":"`, issuer, `"}`)
	}

	j := k - b.firstYearly(m) // which yearly event, negative before
	switch {
	case j < 0 && b.broughtForward(m):
		admitted := b.firstYear - 1 - b.chance(m, forAdmitted, 15)
		begin("member.brought_forward")
		b.person(m, admitted-19-b.chance(m, forBirth, 15))
		b.add(`,"organisation":"`)
		b.cell(b.cellOf(m))
		b.add(`","status":"official","admitted_on":"`)
		b.date(admitted-1, monthOfYear, day)
		b.add(`","confirmed_on":"`)
		b.date(admitted, monthOfYear, day)
		b.add(`"`)
		b.close("")

	case j < 0 && k == stepIdentified:
		begin("member.identified")
		b.person(m, year-19-b.chance(m, forBirth, 15))
		b.add(`,"organisation":"`)
		b.cell(b.cellOf(m))
		b.add(`","source":"`, sources[b.chance(m, forSource, len(sources))], `"`)
		b.close("")

	case j < 0 && (k == stepMentor || k == stepIntroducer):
		role, place := "mentor", b.placeInCell(m)%3
		if k == stepIntroducer {
			role, place = "introducer", (place+1)%3
		}
		begin("member.mentor_assigned")
		b.add(`"mentor":"`)
		b.line = number(b.line, "m", b.cellOf(m)+place*b.cells, 7)
		b.add(`","role":"`, role, `"`)
		b.close("Nghị quyết họp chi bộ thường kỳ; phân công đảng viên chính thức theo dõi, giúp đỡ.")

	case j < 0 && k == stepCourse:
		begin("member.course_completed")
		b.add(`"course":"party_awareness","certificate":"`)
		b.line = number(b.line, "CN", m, 7)
		b.add(`"`)
		b.close("Theo danh sách cấp giấy chứng nhận của trung tâm chính trị huyện, lớp mở trong năm.")

	case j < 0 && k == stepAdmitted:
		begin("member.admitted")
		decision("nam-hua")
		b.close("Lễ kết nạp tại chi bộ; hồ sơ đủ theo hướng dẫn của ban tổ chức.")

	case j < 0: // stepConfirmed
		begin("member.confirmed")
		decision("nam-hua")
		b.close("Hết mười hai tháng dự bị; chi bộ đã xét, cấp ủy cơ sở đề nghị.")

	case k == b.events-1 && b.leaves(m):
		switch b.chance(m, forNumber, 6) {
		case 0:
			begin("member.expelled")
			decision("nam-hua")
		case 1:
			begin("member.removed")
			b.add(`"cause":"lapsed",`)
			decision("nam-hua")
		case 2:
			begin("member.resigned")
		case 3:
			begin("member.died")
		default:
			begin("member.transferred_out")
			b.add(`"destination":"Đảng bộ phường `, places[b.chance(m, forPlace, len(places))], `, thành phố Nậm Hua"`)
		}
		b.close("Ghi theo báo cáo của chi bộ trong tháng, cấp ủy cơ sở đã xác nhận; giấy tờ kèm theo lưu tại hồ sơ đảng viên.")

	case j == 1 && b.transfers(m) && b.cells > 1:
		begin("member.transferred")
		b.add(`"organisation":"`)
		b.cell((b.cellOf(m) + 1 + b.chance(m, forCell, b.cells-1)) % b.cells)
		b.add(`","temporary":false`)
		b.close("Thay đổi nơi công tác; giấy giới thiệu sinh hoạt đảng đã nộp nơi nhận trong hạn.")

	case j%b.perYear == b.perYear-1: // December
		begin("member.rated")
		grade := "good"
		if b.placeInCell(m) == year%15 {
			grade = "excellent" // one in a cell
		} else if n := b.chance(m, forGrade+uint64(k)<<8, 100); n < 2 {
			grade = "unsatisfactory"
		} else if n < 15 {
			grade = "satisfactory"
		}
		b.add(`"year":`)
		b.line = strconv.AppendInt(b.line, int64(year), 10)
		b.add(`,"grade":"`, grade, `"`)
		b.close("Kết quả đánh giá, xếp loại cuối năm; biên bản họp chi bộ và phiếu kín đã lưu hồ sơ, có thông báo.")

	default:
		begin("member.profile_changed")
		b.add(`"person":{"phone":"`)
		b.line = number(b.line, "09", (m+k*7919)%100_000_000, 8)
		b.add(`"}`)
		b.close("Đảng viên tự khai bổ sung lý lịch hằng năm; chi ủy đã đối chiếu với bản gốc và xác nhận.")
	}
}

// person appends an invented person.
func (b *bulk) person(m, birthYear int) {
	female := b.chance(m, forGender, 100) < 32
	gender, middle, century := "male", maleMiddles, 0
	if female {
		gender, middle, century = "female", femaleMiddles, 1
	}
	if birthYear >= 2000 {
		century += 2
	}
	b.add(`"person":{"full_name":"`, families[b.chance(m, forFamilyName, len(families))], ` `,
		middle[b.chance(m, forMiddleName, len(middle))], ` `, givens[b.chance(m, forGivenName, len(givens))],
		`","birth_date":"`)
	b.date(birthYear, 1+b.chance(m, forBirth, 12), 1+b.chance(m, forDay, 28))
	b.add(`","gender":"`, gender, `","ethnicity":"`, ethnicities[b.chance(m, forEthnicity, len(ethnicities))])
	if b.chance(m, forReligion, 100) < 94 {
		b.add(`","religion":"00","national_id":"`)
	} else {
		b.add(`","religion":"08","national_id":"`)
	}
	// Province, century and gender, year of birth, number: 12 digits.
	b.line = number(b.line, "", 11+m/1_000_000-1, 3)
	b.line = append(b.line, '0'+byte(century), '0'+byte(birthYear/10%10), '0'+byte(birthYear%10))
	b.line = number(b.line, "", m%1_000_000-1, 6)
	b.add(`","address":"Bản `, places[b.chance(m, forPlace, len(places))], `","education":"`,
		educations[b.chance(m, forEducation, len(educations))], `"}`)
}

// head appends the beginning of a line, up to the subject.
func (b *bulk) head(eventType string) {
	b.add(`{"specversion":"1.0","type":"`, eventType, `","subject":"`)
}

// subjectEnds appends what follows the subject, up to the first field of data.
func (b *bulk) subjectEnds(year, month, day, clerk int) {
	b.add(`","effectiveon":"`)
	b.date(year, month, day)
	b.add(`","actor":"van-phong-`)
	b.line = append(b.line, '0'+byte(clerk))
	b.add(`","data":{`)
}

// close appends the end of a line, with a reason if there is one.
func (b *bulk) close(reason string) {
	if reason == "" {
		b.add("}}\n")
		return
	}
	b.add(`},"reason":"`, reason, "\"}\n")
}

func (b *bulk) add(parts ...string) {
	for _, s := range parts {
		b.line = append(b.line, s...)
	}
}

func (b *bulk) cell(c int) { b.line = number(b.line, "cb", c, 6) }

func (b *bulk) date(year, month, day int) {
	b.line = append(b.line,
		'0'+byte(year/1000), '0'+byte(year/100%10), '0'+byte(year/10%10), '0'+byte(year%10), '-',
		'0'+byte(month/10), '0'+byte(month%10), '-',
		'0'+byte(day/10), '0'+byte(day%10))
}

// number appends prefix and n, counted from 1, with at least so many digits.
func number(line []byte, prefix string, n, digits int) []byte {
	line = append(line, prefix...)
	n++
	for limit := 10; digits > 1; digits-- {
		if n < limit {
			line = append(line, '0')
		}
		limit *= 10
	}
	return strconv.AppendInt(line, int64(n), 10)
}

var (
	families      = []string{"Lò", "Giàng", "Vàng", "Sùng", "Thào", "Lường", "Quàng", "Tòng", "Chang", "Pờ", "Nguyễn", "Trần", "Lê", "Phạm"}
	maleMiddles   = []string{"Văn", "A", "Seo", "Đức", "Minh", "Xuân", "Quang"}
	femaleMiddles = []string{"Thị", "Thị Thu", "Thị Ngọc", "Thanh", "Mai"}
	givens        = []string{"Dơ", "Páo", "Chứ", "Hoa", "Lan", "Hùng", "Sơn", "Thắng", "Dung", "Phương", "Inh", "Tủa", "Hừ", "Bình", "Châu", "Khánh"}
	places        = []string{"Huổi Lụ", "Nậm Pan", "Pá Hốc", "Tả Ló", "Xà Quế", "Nà Mường", "Phìn Hồ", "Sen Cúng", "Huổi Đáp", "Nậm Chua", "Pa Tết", "Co Lót"}
	ethnicities   = []string{"08", "08", "08", "08", "03", "03", "03", "35", "35", "01", "01", "01", "09", "50", "48", "33"}
	educations    = []string{"12/12", "9/12", "12/12", "đại học", "cao đẳng"}
	sources       = []string{"youth_union", "youth_union", "militia", "women_union", "farmers_association", "veterans_association", "trade_union", "fatherland_front"}
)
