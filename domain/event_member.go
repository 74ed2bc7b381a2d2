package domain

// Person is who a member is. A field that was never given is zero; in
// [ProfileChanged] a zero field did not change.
type Person struct {
	FullName   string
	BirthDate  Date // either this
	BirthYear  int  // or this, for people whose birthday nobody knows
	Gender     Gender
	Ethnicity  Ethnicity
	Religion   Religion
	NationalID string // number of the identity card, 12 digits (or 9, before 2016)
	Address    string
	Phone      string
	Education  string
	Occupation string
}

// Identified makes somebody a candidate (quần chúng ưu tú).
type Identified struct {
	Person       Person
	Organisation string
	Source       Source
}

// MentorAssigned gives a candidate or a provisional member somebody who follows
// and helps (đảng viên theo dõi, giúp đỡ) or who introduces them (người giới thiệu).
type MentorAssigned struct {
	Mentor string // member id
	Role   Role
}

// MentorReleased ends a [MentorAssigned].
type MentorReleased struct{ Mentor string }

// CourseCompleted records the awareness course or the course for new members.
type CourseCompleted struct {
	Course      Course
	Certificate string
}

// CandidacyEnded says that a candidate is one no longer, without admission.
type CandidacyEnded struct{ Cause CandidacyEnd }

// Admitted makes a candidate a provisional member (kết nạp).
type Admitted struct {
	Decision     Decision
	Organisation string // "" for the candidate's own
}

// Confirmed makes a provisional member an official one (công nhận chính thức).
type Confirmed struct{ Decision Decision }

// Rated is a member's yearly grade (đánh giá, xếp loại hằng năm). A later one
// for the same year replaces it.
type Rated struct {
	Year  int
	Grade Grade
}

// Transferred moves a member or candidate within the ledger (chuyển sinh hoạt
// đảng). A temporary transfer does not change where they count.
type Transferred struct {
	Organisation string
	Temporary    bool
}

// TransferredOut takes a member out of the ledger's scope.
type TransferredOut struct{ Destination string }

// TransferredIn brings a member in from outside.
type TransferredIn struct {
	Person       *Person // nil when the ledger knows them already
	Organisation string
	Status       Status // Provisional or Official
	AdmittedOn   Date
	ConfirmedOn  Date // zero when not given
}

// BroughtForward is the opening entry of somebody who was a member already when
// the ledger began.
type BroughtForward struct {
	Person       Person
	Organisation string
	Status       Status // Provisional or Official
	AdmittedOn   Date
	ConfirmedOn  Date // zero when not given
}

// Disciplined records a measure short of expulsion (kỷ luật).
type Disciplined struct {
	Measure  Measure
	Decision Decision
}

// Expelled ends membership (khai trừ). Only [Restored] undoes it.
type Expelled struct {
	Decision Decision
	Grounds  string
}

// Removed strikes a member's name from the roll (xoá tên).
type Removed struct {
	Cause    RemovalCause
	Decision Decision
}

// Resigned ends membership at the member's own request (xin ra khỏi Đảng).
type Resigned struct{ Decision *Decision }

// Died ends membership (từ trần). A candidate's death is a [CandidacyEnded].
type Died struct{}

// Restored undoes a wrong expulsion or removal (khôi phục đảng tịch): the
// member has the status held before.
type Restored struct {
	Decision     Decision
	Organisation string // "" for the one before
}

// Exempted excuses a member from work or meetings (miễn công tác, sinh hoạt).
type Exempted struct {
	Kind  Exemption
	Until Date // last day; zero for good
}

// BadgeAwarded is the badge for years of membership (huy hiệu Đảng).
type BadgeAwarded struct{ Years int }

// CardIssued is the party card (thẻ đảng viên).
type CardIssued struct{ Card string }

// ProfileChanged changes what is known of a person, from its day on.
type ProfileChanged struct{ Person Person }

// Reviewed says that the cell has considered a provisional member whose twelve
// months are over (chi bộ xét công nhận). The committee's decision is a
// [Confirmed] or a [Removed].
type Reviewed struct{ Outcome ReviewOutcome }

// Received says that somebody who was transferred has presented themself to the
// new cell (tiếp nhận sinh hoạt đảng).
type Received struct{}

// MemberEntryAnnulled says that an earlier entry of the member counts no more.
type MemberEntryAnnulled struct{ Annuls string }

// whole reads a person of whom everything that is needed has to be there.
func (p *Person) whole(f *fields) { p.walk(f, required) }

// walk reads a person; must is required, or 0 where only changes are given.
func (p *Person) walk(f *fields, must flag) {
	f.text("full_name", &p.FullName, must|identity)
	f.date("birth_date", &p.BirthDate, identity)
	f.birthYear("birth_year", &p.BirthYear, identity)
	choice(f, "gender", &p.Gender, must, genders)
	choice(f, "ethnicity", &p.Ethnicity, must|sensitive, ethnicities())
	choice(f, "religion", &p.Religion, must|sensitive, religions())
	f.digits("national_id", &p.NationalID, identity, Text{"9 or 12", "9 hoặc 12"}, 9, 12)
	f.text("address", &p.Address, identity)
	f.phone("phone", &p.Phone, identity)
	f.text("education", &p.Education, identity)
	f.text("occupation", &p.Occupation, identity)
	f.tie(NotBoth, p.BirthDate == 0 || p.BirthYear == 0, "birth_date", "birth_year", "",
		"birth_date and birth_year exclude each other; give one", "birth_date và birth_year loại trừ nhau; chỉ ghi một")
	if must != 0 {
		f.either(p.BirthDate != 0 || p.BirthYear != 0, "birth_date", "birth_year", identity,
			"needed: the day of birth, or birth_year where only the year is known", "bắt buộc: ngày sinh, hoặc birth_year nếu chỉ biết năm sinh")
	}
}

// changes reads a person of whom only what changed is given.
func (p *Person) changes(f *fields) {
	p.walk(f, 0)
	f.noteRule(Rule{Kind: NotEmpty})
}

func (e *Identified) fields(f *fields) {
	f.person("person", &e.Person)
	f.id("organisation", &e.Organisation, required)
	choice(f, "source", &e.Source, required, sources)
}

func (e *MentorAssigned) fields(f *fields) {
	f.id("mentor", &e.Mentor, required)
	choice(f, "role", &e.Role, required, roles)
}
func (e *MentorReleased) fields(f *fields) { f.id("mentor", &e.Mentor, required) }

func (e *CourseCompleted) fields(f *fields) {
	choice(f, "course", &e.Course, required, courses)
	f.text("certificate", &e.Certificate, identity)
}
func (e *CandidacyEnded) fields(f *fields) { choice(f, "cause", &e.Cause, required, candidacyEnds) }

func (e *Admitted) fields(f *fields) {
	f.decision("decision", &e.Decision)
	f.id("organisation", &e.Organisation, 0)
}
func (e *Confirmed) fields(f *fields) { f.decision("decision", &e.Decision) }

func (e *Rated) fields(f *fields) {
	f.year("year", &e.Year)
	choice(f, "grade", &e.Grade, required, grades)
}

func (e *Transferred) fields(f *fields) {
	f.id("organisation", &e.Organisation, required)
	f.flag("temporary", &e.Temporary)
}

func (e *TransferredOut) fields(f *fields) { f.text("destination", &e.Destination, required|identity) }

func (e *TransferredIn) fields(f *fields) {
	f.optionalPerson("person", &e.Person)
	f.id("organisation", &e.Organisation, required)
	choice(f, "status", &e.Status, required, membershipStatuses)
	f.date("admitted_on", &e.AdmittedOn, required)
	f.date("confirmed_on", &e.ConfirmedOn, 0)
	membershipDates(f, e.Status, e.AdmittedOn, e.ConfirmedOn)
}

func (e *BroughtForward) fields(f *fields) {
	f.person("person", &e.Person)
	f.id("organisation", &e.Organisation, required)
	choice(f, "status", &e.Status, required, membershipStatuses)
	f.date("admitted_on", &e.AdmittedOn, required)
	f.date("confirmed_on", &e.ConfirmedOn, 0)
	membershipDates(f, e.Status, e.AdmittedOn, e.ConfirmedOn)
}

func membershipDates(f *fields, status Status, admitted, confirmed Date) {
	f.tie(InOrder, confirmed == 0 || admitted <= confirmed, "admitted_on", "confirmed_on", "",
		"lies before admitted_on; correct one of the dates", "sớm hơn admitted_on; hãy sửa một trong hai ngày")
	f.tie(NotWith, confirmed == 0 || status != Provisional, "status", "confirmed_on", string(Provisional),
		"a provisional member has not been confirmed; leave it out or set status official",
		"đảng viên dự bị chưa được công nhận chính thức; hãy bỏ trường này hoặc ghi status official")
}

func (e *Disciplined) fields(f *fields) {
	choice(f, "measure", &e.Measure, required, measures)
	f.decision("decision", &e.Decision)
}

func (e *Expelled) fields(f *fields) {
	f.decision("decision", &e.Decision)
	f.text("grounds", &e.Grounds, identity|long)
}

func (e *Removed) fields(f *fields) {
	choice(f, "cause", &e.Cause, required, removalCauses)
	f.decision("decision", &e.Decision)
}
func (e *Resigned) fields(f *fields) { f.optionalDecision("decision", &e.Decision) }
func (e *Died) fields(_ *fields)     {}

func (e *Restored) fields(f *fields) {
	f.decision("decision", &e.Decision)
	f.id("organisation", &e.Organisation, 0)
}

func (e *Exempted) fields(f *fields) {
	choice(f, "kind", &e.Kind, required, exemptions)
	f.date("until", &e.Until, 0)
}
func (e *BadgeAwarded) fields(f *fields) { f.badge("years", &e.Years) }
func (e *CardIssued) fields(f *fields) {
	f.digits("card", &e.Card, required|identity, Text{"6 to 12", "6 đến 12"}, 6, 7, 8, 9, 10, 11, 12)
}

func (e *ProfileChanged) fields(f *fields) { f.personChange("person", &e.Person) }

func (e *Reviewed) fields(f *fields) { choice(f, "outcome", &e.Outcome, required, reviewOutcomes) }
func (e *Received) fields(_ *fields) {}

func (e *MemberEntryAnnulled) fields(f *fields) { f.id("annuls", &e.Annuls, required) }
