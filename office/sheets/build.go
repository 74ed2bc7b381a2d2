package sheets

import (
	"strings"

	"rollbook/domain"
)

// What the rows of each kind of sheet come to.

func buildOrganisation(r *reading) {
	on := r.on(0)
	e := &domain.OrganisationEstablished{
		Name: r.text("name"), Kind: domain.OrganisationType(r.word("kind")), Sector: domain.Sector(r.word("sector")),
		Parent: r.organisation("parent", on),
	}
	r.record(domain.OrganisationSubject(r.id("id")), on, e)
}

func buildVillage(r *reading) {
	on := r.on(0)
	subject := domain.VillageSubject(r.id("id"))
	r.record(subject, on, &domain.VillageRegistered{Name: r.text("name"), Commune: r.organisation("commune", on)})
	if r.has("cell") {
		r.record(subject, on, &domain.CellAssigned{Cell: r.organisation("cell", on), Joint: r.mark("joint")})
	}
}

func buildRegister(r *reading) {
	p := r.person()
	on := r.opening()
	e := &domain.BroughtForward{Person: p, Organisation: r.organisation("organisation", on), AdmittedOn: r.date("admitted_on"), ConfirmedOn: r.date("confirmed_on")}
	e.Status = r.status(e.AdmittedOn, e.ConfirmedOn, on)
	id := r.newcomer(p, e.Organisation)
	if r.err != nil || r.broken != nil {
		return
	}
	subject := domain.MemberSubject(id)
	if r.same = r.standsAlready(subject, on, e); !r.same {
		if on == 0 {
			r.refuse(domain.MissingField, "on", textf("is missing: the sheet says of no day that it is the register of; give it with --effective-on, as a column, or above the table as \"As of dd/mm/yyyy\"",
				"còn thiếu: trang không ghi là danh sách của ngày nào; hãy thêm --effective-on, một cột, hoặc dòng \"Tính đến ngày dd/mm/yyyy\" phía trên bảng"))
			return
		}
		r.record(subject, on, e)
	}
	r.card(subject, on)
}

// opening reads the day of a register: that of the row, of the title or of the
// command.
func (r *reading) opening() domain.Date {
	fallback := r.layout.asOf
	if r.sheet.book.options.EffectiveOn != 0 {
		fallback = r.sheet.book.options.EffectiveOn
	}
	if !r.has("on") && fallback == 0 {
		return 0
	}
	return r.on(fallback)
}

// card gives somebody the party card of the row, if it is not theirs already.
func (r *reading) card(subject domain.Subject, on domain.Date) {
	card := r.digits("card", 8, 12)
	if card == "" || r.err != nil {
		return
	}
	e := &domain.CardIssued{Card: card}
	if have := r.holders(card, ""); len(have) == 1 && have[0] == subject.ID() && !r.recorded(subject, on, e) {
		return // since another day
	}
	if on == 0 {
		r.refuse(domain.MissingField, "on", textf("is missing: the ledger does not have this card, and the sheet does not say since when it holds; give the day with --effective-on", "còn thiếu: sổ chưa có số thẻ này và trang không ghi từ ngày nào; hãy thêm --effective-on"))
		return
	}
	r.record(subject, on, e)
}

// recorded reports whether an event is in the ledger as it is.
func (r *reading) recorded(subject domain.Subject, on domain.Date, e domain.Event) bool {
	yes, err := r.look.Recorded(domain.Entry{Subject: subject, EffectiveOn: on, Event: e})
	if err != nil {
		r.broken = err
	}
	return yes
}

// standsAlready reports whether the ledger says of a member what a register says,
// though by other events; then the row changes nothing. If it says something else
// of somebody who is on the roll, the row is refused, with the columns that
// differ.
func (r *reading) standsAlready(subject domain.Subject, on domain.Date, e *domain.BroughtForward) bool {
	if !r.known(subject.ID()) || on != 0 && r.recorded(subject, on, e) || r.broken != nil {
		return false
	}
	day := on
	if day == 0 {
		day = r.sheet.book.options.Today
	}
	have, err := r.look.Standing(subject.ID(), day)
	if err != nil {
		r.broken = err
		return false
	}
	if !have.Status.Member() {
		return false // the ledger decides
	}
	var differ []string
	compare := func(key string, same bool) {
		if r.has(key) && !same {
			differ = append(differ, r.layout.column(key))
		}
	}
	d, _ := r.look.Directory()
	compare("organisation", have.Organisation == d.Successor(e.Organisation, day))
	compare("status", have.Status == e.Status)
	compare("gender", have.Gender == e.Person.Gender)
	compare("ethnicity", have.Ethnicity == e.Person.Ethnicity)
	compare("religion", have.Religion == e.Person.Religion)
	compare("admitted_on", have.AdmittedOn == e.AdmittedOn)
	compare("confirmed_on", have.ConfirmedOn == e.ConfirmedOn)
	if have.Name.Full != "" {
		compare("full_name", spelled(have.Name.Full) == spelled(e.Person.FullName))
		given := domain.Name{BirthDate: e.Person.BirthDate, BirthYear: e.Person.BirthYear}
		compare("born", have.Name.Born() == given.Born())
	}
	if len(differ) == 0 {
		return true
	}
	r.refuse(domain.Invariant, "member", textf("is on the roll already, and the ledger says something else of: %s; correct the row, or record what changed by the sheet or event that it belongs to",
		"đã có trong danh sách, và sổ ghi khác ở: %s; hãy sửa dòng này, hoặc ghi thay đổi bằng biểu hay sự kiện tương ứng", strings.Join(differ, ", ")))
	return false
}

// status reads the status of a member, or takes it from the dates where they leave
// no doubt.
func (r *reading) status(admitted, confirmed, on domain.Date) domain.Status {
	if r.has("status") {
		return domain.Status(r.word("status"))
	}
	const longest = 2 // years: nobody is provisional for longer
	_, told := r.layout.at["confirmed_on"]
	switch {
	case confirmed != 0:
		return domain.Official
	case told && admitted != 0 && on != 0 && admitted.AddYears(longest) > on:
		return domain.Provisional
	}
	r.refuse(domain.MissingField, "status", textf("is missing, and the dates leave it open; write official or provisional", "còn thiếu, mà các ngày chưa đủ để biết; hãy ghi Chính thức hoặc Dự bị"))
	return ""
}

func buildCandidate(r *reading) {
	p := r.person()
	on := r.on(0)
	e := &domain.Identified{Person: p, Organisation: r.organisation("organisation", on), Source: domain.Source(r.word("source"))}
	r.record(domain.MemberSubject(r.newcomer(p, e.Organisation)), on, e)
}

func buildAdmission(r *reading) {
	on := r.on(0)
	e := &domain.Admitted{Decision: r.mustDecide(), Organisation: r.organisation("organisation", on)}
	r.record(domain.MemberSubject(r.member()), on, e)
}

func buildConfirmation(r *reading) {
	r.record(domain.MemberSubject(r.member()), r.on(0), &domain.Confirmed{Decision: r.mustDecide()})
}

// rated reads the year and the grade of a rating, and the day on which it counts:
// the last of the year if the sheet says none.
func (r *reading) rated() (year int, grade domain.Grade, on domain.Date) {
	if year = r.layout.year; r.has("year") || year == 0 {
		year = r.year("year")
	}
	last, _ := domain.NewDate(max(year, 1), 12, 31) // a year that is wrong is refused already
	return year, domain.Grade(r.word("grade")), r.on(last)
}

func buildMemberRating(r *reading) {
	year, grade, on := r.rated()
	r.record(domain.MemberSubject(r.member()), on, &domain.Rated{Year: year, Grade: grade})
}

func buildOrganisationRating(r *reading) {
	year, grade, on := r.rated()
	r.record(domain.OrganisationSubject(r.organisation("organisation", on)), on, &domain.OrganisationRated{Year: year, Grade: grade})
}

func buildTransfer(r *reading) {
	on := r.on(0)
	e := &domain.Transferred{Organisation: r.organisation("to", on), Temporary: r.mark("temporary")}
	r.record(domain.MemberSubject(r.member()), on, e)
}

func buildTransferIn(r *reading) {
	p := r.person()
	on := r.on(0)
	e := &domain.TransferredIn{Organisation: r.organisation("organisation", on), AdmittedOn: r.date("admitted_on"), ConfirmedOn: r.date("confirmed_on")}
	e.Status = r.status(e.AdmittedOn, e.ConfirmedOn, on)
	id := r.newcomer(p, e.Organisation)
	subject := domain.MemberSubject(id)
	e.Person = &p
	if r.err == nil && r.known(id) && !r.recorded(subject, on, e) {
		e.Person = nil // somebody who comes back
	}
	r.record(subject, on, e)
	r.card(subject, on)
}

func buildTransferOut(r *reading) {
	r.record(domain.MemberSubject(r.member()), r.on(0), &domain.TransferredOut{Destination: r.text("destination")})
}

func buildCourse(r *reading) {
	e := &domain.CourseCompleted{Course: domain.Course(r.word("course")), Certificate: r.text("certificate")}
	r.record(domain.MemberSubject(r.member()), r.on(0), e)
}

func buildMentor(r *reading) {
	mentor := ""
	if c, ok := r.get("mentor"); ok {
		if mentor = c.text; !domain.ValidID(mentor) || !r.known(mentor) {
			ids := r.holders(r.digits("mentor", 8, 12), "")
			if len(ids) != 1 {
				r.refuse(domain.UnknownEntity, "mentor", textf("is neither the id nor the party card of a member; nobody is found by name alone", "không phải mã hay số thẻ của đảng viên nào; chương trình không tìm người chỉ theo họ tên"))
				return
			}
			mentor = ids[0]
		}
	}
	r.record(domain.MemberSubject(r.member()), r.on(0), &domain.MentorAssigned{Mentor: mentor, Role: domain.Role(r.word("role"))})
}

func buildDiscipline(r *reading) {
	on, measure := r.on(0), r.word("measure")
	var e domain.Event = &domain.Disciplined{Measure: domain.Measure(measure), Decision: r.mustDecide()}
	if measure == "expelled" {
		e = &domain.Expelled{Decision: r.mustDecide(), Grounds: r.text("grounds")}
	}
	r.record(domain.MemberSubject(r.member()), on, e)
}

func buildExit(r *reading) {
	on, exit := r.on(0), r.word("exit")
	var e domain.Event
	switch exit {
	case "died":
		e = &domain.Died{}
	case "resigned":
		e = &domain.Resigned{Decision: r.decision()}
	case "expelled":
		e = &domain.Expelled{Decision: r.mustDecide()}
	default:
		e = &domain.Removed{Cause: domain.RemovalCause(exit), Decision: r.mustDecide()}
	}
	r.record(domain.MemberSubject(r.member()), on, e)
}
