package domain

// This file holds what makes an entry impossible. These are invariants: nobody
// is confirmed who was not admitted. Rules of the charter, which can be broken
// and then are findings, are not here.

// check reports why an entry is impossible for somebody in this state.
func (s State) check(e Entry) *Rejection {
	switch v := e.Event.(type) {
	case *Identified:
		if s.dead {
			return s.impossible(e, "has died", "đã từ trần")
		}
		if s.Status != None && s.Status != Ended {
			return s.wrong(e)
		}
	case *BroughtForward:
		if s.dead {
			return s.impossible(e, "has died", "đã từ trần")
		}
		if s.Status != None {
			return s.impossible(e, "is in the ledger already; an opening entry comes first of all", "đã có trong sổ; mục chuyển số dư phải là mục đầu tiên")
		}
	case *TransferredIn:
		switch {
		case s.dead:
			return s.impossible(e, "has died", "đã từ trần")
		case s.Status != None && (s.Status != Ended || s.endedBy != "member.transferred_out"):
			return s.impossible(e, "has not been transferred out; use member.transferred within the ledger, member.restored or member.identified after another end",
				"chưa chuyển đi khỏi phạm vi sổ; dùng member.transferred trong nội bộ, member.restored hoặc member.identified sau khi đã kết thúc")
		case !s.known && v.Person == nil:
			return reject(MissingField, "data.person", "is missing; the ledger does not know this person yet", "còn thiếu; sổ chưa có thông tin về người này")
		}
	case *MentorAssigned:
		if s.Status != Candidate && s.Status != Provisional {
			return s.wrong(e)
		}
		if e.Subject.ID() == v.Mentor {
			return fieldClash(e, "data.mentor", "nobody is their own mentor", "không ai tự theo dõi, giúp đỡ chính mình")
		}
		if s.followedBy(v.Mentor) {
			return fieldClash(e, "data.mentor", "this mentor or introducer is assigned already", "người này đã được phân công trước đó")
		}
	case *MentorReleased:
		if !s.followedBy(v.Mentor) {
			return fieldClash(e, "data.mentor", "this mentor or introducer is not assigned on that day", "người này không được phân công vào ngày đó")
		}
	case *CourseCompleted:
		if s.Status != Candidate && !s.Status.Member() {
			return s.wrong(e)
		}
	case *CandidacyEnded, *Admitted:
		if s.Status != Candidate {
			return s.wrong(e)
		}
	case *Confirmed, *Reviewed:
		if s.Status != Provisional {
			return s.wrong(e)
		}
	case *Received:
		if s.Status != Candidate && !s.Status.Member() {
			return s.wrong(e)
		}
	case *Transferred:
		if s.Status != Candidate && !s.Status.Member() {
			return s.wrong(e)
		}
		if !v.Temporary && v.Organisation == s.Organisation && s.Temporarily == "" {
			return fieldClash(e, "data.organisation", "they are in this organisation already", "người này đang sinh hoạt tại chính tổ chức này")
		}
	case *Rated, *TransferredOut, *Disciplined, *Expelled, *Removed, *Resigned, *Died, *Exempted, *BadgeAwarded, *CardIssued:
		if !s.Status.Member() {
			return s.wrong(e)
		}
	case *Restored:
		if s.Status != Ended || s.endedBy != "member.expelled" && s.endedBy != "member.removed" {
			return s.impossible(e, "was neither expelled nor removed", "không bị khai trừ hay xoá tên")
		}
	case *ProfileChanged:
		if !s.known {
			return s.wrong(e)
		}
	case *MemberEntryAnnulled:
	default:
		return clash(e, Text{EN: "is not about a member", VI: "không nói về đảng viên"})
	}
	return nil
}

// wrong says that the standing does not allow an entry.
func (s State) wrong(e Entry) *Rejection {
	needs := map[string]Text{
		"member.identified":       {"neither a candidate nor a member", "chưa là quần chúng ưu tú hay đảng viên"},
		"member.mentor_assigned":  {"a candidate or a provisional member", "quần chúng ưu tú hoặc đảng viên dự bị"},
		"member.course_completed": {"a candidate or a member", "quần chúng ưu tú hoặc đảng viên"},
		"member.candidacy_ended":  {"a candidate", "quần chúng ưu tú"},
		"member.admitted":         {"a candidate", "quần chúng ưu tú"},
		"member.confirmed":        {"a provisional member", "đảng viên dự bị"},
		"member.transferred":      {"a candidate or a member", "quần chúng ưu tú hoặc đảng viên"},
		"member.profile_changed":  {"known to the ledger", "đã có trong sổ"},
		"member.reviewed":         {"a provisional member", "đảng viên dự bị"},
		"member.received":         {"a candidate or a member", "quần chúng ưu tú hoặc đảng viên"},
	}
	need, ok := needs[e.Type()]
	if !ok {
		need = Text{"a member", "đảng viên"}
	}
	is := standing(s)
	return clash(e, Text{
		EN: "%s on %s: the person must be %s, and on that day is %s; check the date and the entries before it",
		VI: "%s ngày %s: người này phải là %s, nhưng vào ngày đó %s; hãy kiểm tra ngày và các mục trước đó",
	}.with(e.Type(), e.EffectiveOn, need, is))
}

func standing(s State) Text {
	switch s.Status {
	case Candidate:
		return Text{"a candidate", "là quần chúng ưu tú"}
	case Provisional:
		return Text{"a provisional member", "là đảng viên dự bị"}
	case Official:
		return Text{"an official member", "là đảng viên chính thức"}
	case Ended:
		return Text{"no longer a member", "không còn là đảng viên"}
	case None:
	}
	return Text{"not in the roll", "chưa có trong sổ"}
}

func (s State) impossible(e Entry, en, vi string) *Rejection {
	return clash(e, Text{
		EN: "%s on %s: the person %s", VI: "%s ngày %s: người này %s",
	}.with(e.Type(), e.EffectiveOn, Text{en, vi}))
}

func fieldClash(e Entry, field, en, vi string) *Rejection {
	r := clash(e, Text{EN: en, VI: vi})
	r.Field = field
	return r
}
