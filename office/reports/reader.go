package reports

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"rollbook/domain"
	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// Reader is who a paper is for.
type Reader struct {
	// Lang is the language, "vi" or "en".
	Lang string
	// Names are those of organisations, by id.
	Names Names
	// Withheld, if given, says why small numbers are withheld from this reader and
	// others rounded, in their language. The answers are such already.
	Withheld string
}

// Names are the names of organisations by id.
type Names map[string]string

// Of returns the name of an organisation with its id, and the id alone where there
// is no other name.
func (n Names) Of(id string) string {
	if name := n[id]; name != "" && name != id {
		return name + " (" + id + ")"
	}
	return id
}

func (r Reader) say(en, vi string) string { return domain.Text{EN: en, VI: vi}.In(r.Lang) }

// number writes a number as people read it.
func (r Reader) number(n int) string {
	if n == projections.Withheld {
		return r.withheld()
	}
	return papers.Paper{Lang: r.Lang}.Number(n)
}

// withheld stands where a number is that the reader may not see.
func (r Reader) withheld() string { return r.say("hidden", "ẩn") }

// count is the cell of a number that may be withheld.
func (r Reader) count(n int) papers.Cell {
	if n == projections.Withheld {
		return papers.Text(r.withheld())
	}
	return papers.Number(n)
}

// change is the cell of what came in, or with sign −1 went out, likewise.
func (r Reader) change(n, sign int) papers.Cell {
	if n == projections.Withheld {
		return papers.Text(r.withheld())
	}
	return papers.Change(sign * n)
}

// itoa writes a number for programs: nothing for one that is withheld.
func itoa(n int) string {
	if n == projections.Withheld {
		return ""
	}
	return strconv.Itoa(n)
}

func (r Reader) percent(n, of int) string { return papers.Paper{Lang: r.Lang}.Percent(n, of) }

// scope says whom a report is about.
func (r Reader) scope(organisation *string) string {
	if organisation == nil {
		return r.say("The whole ledger", "Toàn sổ")
	}
	return r.Names.Of(*organisation)
}

func (r Reader) asOf(d domain.Date) string {
	return r.say("As of ", "Tính đến hết ngày ") + d.Vietnamese()
}

func (r Reader) period(from, to domain.Date) string {
	return fmt.Sprintf(r.say("From the end of %s to the end of %s", "Từ cuối ngày %s đến cuối ngày %s"), from.Vietnamese(), to.Vietnamese())
}

// paper begins a paper with what every report says of itself.
func (r Reader) paper(title, scope, days string, asOf domain.Date, s projections.Standing) papers.Paper {
	remarks := r.Remarks(s)
	if r.Withheld != "" {
		remarks = append(remarks, r.Withheld)
	}
	return papers.Paper{
		Lang: r.Lang, Title: title, Scope: scope, Days: days,
		Standing: papers.Standing{AsOf: asOf, KnownAt: uint64(s.KnownAt), Position: uint64(s.Position), Complete: s.Complete, Remarks: remarks},
	}
}

// Remarks says what keeps an answer from being whole, loudly.
func (r Reader) Remarks(s projections.Standing) (remarks []string) {
	if s.UnsafeSync {
		remarks = append(remarks, r.say(
			"UNSAFE: the log answers before facts are on the disk (--unsafe-sync); a power cut may lose the newest.",
			"KHÔNG AN TOÀN: nhật ký trả lời trước khi dữ liệu xuống đĩa (--unsafe-sync); mất điện có thể làm mất các mục mới nhất."))
	}
	if s.MissingKeys > 0 {
		remarks = append(remarks, fmt.Sprintf(r.say(
			"KEYS MISSING: ethnicity and religion of %d people are sealed and cannot be opened.\nThey count as unknown. If they were not erased, restore keys.db and the master key.",
			"THIẾU KHOÁ: dân tộc và tôn giáo của %d người đã niêm phong, không mở được.\nHọ được tính là không rõ. Nếu không phải do xoá dữ liệu, hãy khôi phục keys.db và khoá chính."), s.MissingKeys))
	}
	if s.Parked > 0 {
		remarks = append(remarks, fmt.Sprintf(r.say(
			"INCOMPLETE: %d subjects wait because a record of each was not understood.\nThey are missing from these figures. See `rollbook projections list`.",
			"CHƯA ĐẦY ĐỦ: %d đối tượng phải chờ vì có bản ghi không hiểu được.\nSố liệu dưới đây thiếu các đối tượng đó. Xem `rollbook projections list`."), s.Parked))
	}
	return remarks
}

// Value returns the word for a value of a dimension.
func (r Reader) Value(dimension, value string) string {
	if value == domain.Unknown {
		return r.say("unknown", "không rõ")
	}
	switch dimension {
	case "ethnicity":
		return codeName(domain.EthnicGroups(), value)
	case "religion":
		return codeName(domain.Religions(), value)
	case "status":
		return words.Statuses.In(r.Lang, value)
	case "gender":
		return words.Genders.In(r.Lang, value)
	}
	return r.Names.Of(value)
}

// codeName returns the name of a code in one of the official lists.
func codeName(list []domain.Listed, code string) string {
	for _, l := range list {
		if l.Code == code {
			return l.Name
		}
	}
	return printable(code)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// capital writes the first letter large.
func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
