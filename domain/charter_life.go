package domain

import (
	"slices"
	"strings"
)

// The rules of the way into the Party: mentors, admission, confirmation.

var (
	mentorChecks = []check{
		{"mentor.official", mentorOfficial},
		{"mentor.together", mentorTogether},
	}
	admissionChecks = []check{
		{"admission.age_max", admissionAgeMax},
		{"admission.age_min", admissionAgeMin},
		{"admission.awareness_course", admissionCourse},
		{"admission.ceremony", admissionCeremony},
		{"admission.education", admissionEducation},
		{"admission.extra_confirmation", admissionExtraConfirmation},
		{"admission.introducers", admissionIntroducers},
		{"admission.quota", admissionQuota},
		{"readmission.once", readmissionOnce},
		{"readmission.waiting", readmissionWaiting},
	}
	confirmationChecks = []check{
		{"confirmation.deadline", confirmationDeadline},
		{"confirmation.new_member_course", confirmationCourse},
		{"confirmation.probation", confirmationProbation},
	}
)

// mentorOn returns where the mentor of the entry stands on its day.
func (h *hearing) mentorOn() stay {
	return h.career(mentorIn(h.entry.Event)).on(h.entry.EffectiveOn)
}

func mentorOfficial(h *hearing, _ PolicyRule) opinion {
	return departs(h.mentorOn().status != Official, nil)
}

func mentorTogether(h *hearing, r PolicyRule) opinion {
	return opinion{answer: together(h.mentorOn(), h.after.Organisation, h.entry.EffectiveOn, r)}
}

// together says whether a mentor has been an official member in an organisation
// long enough on a day. One who is not official departs from another rule.
func together(mentor stay, organisation string, on Date, r PolicyRule) answer {
	if mentor.organisation != organisation {
		return departed
	}
	a := mentor.since.over(r.Parameter("months"), on)
	if mentor.status == Official {
		a = worse(a, mentor.official.over(r.Parameter("official_months"), on))
	}
	return a
}

// worse returns the answer that decides of two that must both be kept.
func worse(a, b answer) answer {
	if a == departed || b == departed {
		return departed
	}
	return max(a, b)
}

// admissionIntroducers asks for enough mentors and introducers who may still be
// ones on the day of admission.
func admissionIntroducers(h *hearing, r PolicyRule) opinion {
	needed := r.Parameter("number")
	for _, step := range h.past() {
		e, ok := step.Entry.Event.(*Identified)
		if !ok {
			continue
		}
		needed = r.Parameter("number")
		if e.Source == "youth_union" && r.Parameter("youth_union") != 0 || e.Source == "trade_union" && r.Parameter("trade_union") != 0 {
			needed--
		}
	}
	_, mustBeOfficial := h.policy.Rule("mentor.official")
	rule, mustBeTogether := h.policy.Rule("mentor.together")
	have, perhaps := 0, 0
	for i, m := range h.before.mentors {
		if slices.ContainsFunc(h.before.mentors[:i], func(other Mentor) bool { return other.Member == m.Member }) {
			continue
		}
		s := h.career(m.Member).on(h.entry.EffectiveOn)
		a := kept
		if mustBeOfficial && s.status != Official {
			a = departed
		}
		if mustBeTogether {
			a = worse(a, together(s, h.before.Organisation, h.entry.EffectiveOn, rule))
		}
		switch a {
		case kept:
			have++
		case unsure:
			perhaps++
		case departed:
		}
	}
	if have < needed && have+perhaps >= needed {
		return opinion{answer: unsure}
	}
	return departs(have < needed, facts{"have": have, "needed": needed})
}

func admissionAgeMin(h *hearing, r PolicyRule) opinion {
	return h.age(func(birth Date) bool { return h.entry.EffectiveOn < birth.AddYears(r.Parameter("years")) })
}

// admissionAgeMax asks for no more than so many years: to the birthday, or to the
// end of its month.
func admissionAgeMax(h *hearing, r PolicyRule) opinion {
	return h.age(func(birth Date) bool {
		last := birth.AddYears(r.Parameter("years"))
		if r.Parameter("whole_month") != 0 {
			y, m, _ := last.Civil()
			last = civil(y, m, daysIn(y, m))
		}
		return h.entry.EffectiveOn > last
	})
}

// age returns an opinion on the age of the subject, where broken says of a birth
// date whether it departs. Where only the year is known, it must be so of its first
// day and of its last.
func (h *hearing) age(broken func(birth Date) bool) opinion {
	p, _ := h.person()
	first, last := p.BirthDate, p.BirthDate
	if p.BirthYear != 0 {
		first, last = civil(p.BirthYear, 1, 1), civil(p.BirthYear, 12, 31)
	}
	if first == 0 {
		return opinion{answer: unsure}
	}
	a, b := broken(first), broken(last)
	if a != b {
		return opinion{answer: unsure}
	}
	return departs(a, nil)
}

func admissionEducation(h *hearing, r PolicyRule) opinion {
	p, _ := h.person()
	have, ok := Schooling(p.Education)
	if !ok {
		return opinion{answer: unsure}
	}
	most, least := r.Parameter("classes"), r.Parameter("classes_minority")
	switch h.before.Ethnicity {
	case Kinh:
		least = most
	case "": // sealed
	default:
		most = least
	}
	if (have < most) != (have < least) {
		return opinion{answer: unsure}
	}
	return departs(have < most, facts{"needed": most})
}

// Schooling returns how many classes of general education somebody has completed
// who wrote of it as people do: "9/12", "7/10" in the system of ten classes, "THPT",
// "Đại học". It reports false for what it does not understand.
func Schooling(text string) (classes int, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if done, of, cut := strings.Cut(text, "/"); cut {
		return classesOf(strings.TrimSpace(done), strings.TrimSpace(of))
	}
	for _, no := range []string{"chưa", "không", "not ", "no "} {
		if strings.Contains(text, no) {
			return 0, false
		}
	}
	for _, level := range schoolings {
		for _, word := range level.words {
			if strings.Contains(text, word) {
				return level.classes, true
			}
		}
	}
	return 0, false
}

var schoolings = []struct {
	classes int
	words   []string
}{
	{12, []string{
		"đại học", "cao đẳng", "trung cấp", "thạc sĩ", "thạc sỹ", "tiến sĩ", "tiến sỹ", "cử nhân", "kỹ sư", "bác sĩ", "bác sỹ",
		"thpt", "trung học phổ thông", "university", "college", "upper secondary", "high school",
	}},
	{9, []string{"thcs", "trung học cơ sở", "lower secondary"}},
	{5, []string{"tiểu học", "primary"}},
}

// classesOf reads "9" of "12". In the system of ten classes, which ended between
// 1981 and 1989, the fourth ended primary and the seventh lower secondary school.
func classesOf(done, of string) (int, bool) {
	n, ok := parseInt([]byte(done))
	switch {
	case !ok || n < 0:
		return 0, false
	case of == "12" && n <= 12:
		return n, true
	case of == "10" && n == 10:
		return 12, true
	case of == "10" && n >= 7 && n < 10:
		return n + 2, true
	case of == "10" && n >= 4 && n < 7:
		return n + 1, true
	case of == "10" && n < 4:
		return n, true
	}
	return 0, false
}

func admissionCourse(h *hearing, r PolicyRule) opinion {
	for _, step := range h.sameDay() {
		c, ok := step.Entry.Event.(*CourseCompleted)
		if ok && c.Course == "party_awareness" && step.Entry.EffectiveOn.AddMonths(r.Parameter("months")) >= h.entry.EffectiveOn {
			return opinion{answer: kept}
		}
	}
	return opinion{answer: departed}
}

// sameDay returns the steps up to the end of the entry's day.
func (h *hearing) sameDay() []Step {
	steps := h.steps()
	n := h.at + 1
	for n < len(steps) && steps[n].Entry.EffectiveOn == h.entry.EffectiveOn {
		n++
	}
	return steps[:n]
}

// admissionCeremony counts the days from Monday to Friday after the decision. Which
// of them were holidays is not in the ledger, so as many as may be are let pass.
func admissionCeremony(h *hearing, r PolicyRule) opinion {
	decided := h.entry.Event.(*Admitted).Decision.Date
	days := r.Parameter("working_days") + r.Parameter("holidays")
	return departs(weekdays(decided, h.entry.EffectiveOn) > days, nil)
}

// weekdays returns the number of days from Monday to Friday after one day, up to
// another.
func weekdays(after, to Date) int {
	upTo := func(d Date) int { return int(d)/7*5 + min(int(d)%7, 5) } // 0001-01-01 was a Monday
	return max(upTo(to)-upTo(after), 0)
}

// admissionExtraConfirmation asks, for those who need it, that the decision is not
// one of the grassroots. Where data.decision names no organisation of the ledger,
// it cannot be judged.
func admissionExtraConfirmation(h *hearing, _ PolicyRule) opinion {
	switch h.before.Religion {
	case NoReligion:
		return opinion{answer: kept}
	case "":
		return opinion{answer: unsure}
	}
	o := h.world.Directory().Organisation(h.entry.Event.(*Admitted).Decision.IssuedBy)
	if o == nil {
		return opinion{answer: unsure}
	}
	return departs(o.Type != DistrictCommittee, nil)
}

// readmissions returns how often the subject was admitted again before, and when
// they last were expelled or removed; zero if this is no readmission.
func (h *hearing) readmissions() (before int, out Date) {
	for _, step := range h.past() {
		switch step.Entry.Event.(type) {
		case *Expelled, *Removed:
			out = step.Entry.EffectiveOn
		case *Restored:
			out = 0
		case *Admitted:
			if out != 0 {
				before++
			}
			out = 0
		default:
		}
	}
	return before, out
}

func readmissionWaiting(h *hearing, r PolicyRule) opinion {
	_, out := h.readmissions()
	if out == 0 {
		return opinion{answer: kept}
	}
	due := out.AddMonths(r.Parameter("months"))
	return departs(h.entry.EffectiveOn < due, facts{"due": due})
}

func readmissionOnce(h *hearing, r PolicyRule) opinion {
	before, out := h.readmissions()
	return departs(out != 0 && before >= r.Parameter("times"), nil)
}

func confirmationProbation(h *hearing, r PolicyRule) opinion {
	due := h.before.ProbationFrom().AddMonths(r.Parameter("months"))
	return departs(h.entry.EffectiveOn < due, facts{"due": due})
}

func confirmationDeadline(h *hearing, r PolicyRule) opinion {
	probation, ok := h.policy.Rule("confirmation.probation")
	if !ok {
		return opinion{answer: kept} // it is not said when probation ends
	}
	due := h.before.ProbationFrom().AddMonths(probation.Parameter("months")) + Date(r.Parameter("days"))
	return departs(h.entry.EffectiveOn > due, facts{"due": due})
}

// confirmationCourse asks for the course since the admission. Of who came into the
// ledger during probation it is not known what they did before.
func confirmationCourse(h *hearing, _ PolicyRule) opinion {
	a := departed
	for _, step := range h.sameDay() {
		switch e := step.Entry.Event.(type) {
		case *Admitted:
			a = departed
		case *BroughtForward, *TransferredIn:
			a = unsure
		case *CourseCompleted:
			if e.Course == "new_member" && step.State.Status.Member() {
				a = kept
			}
		default:
		}
	}
	return opinion{answer: a}
}
