package sheets

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"rollbook/domain"
	"rollbook/ledger"
)

// sheetRow is a row on its way into the ledger. It is a [ledger.Row].
type sheetRow struct {
	row
	sheet  *Sheet
	layout *layout // nil for what is said of a whole sheet
	skip   domain.Text
	notes  []domain.Text
}

// Place implements [ledger.Row].
func (r *sheetRow) Place() ledger.Place { return ledger.Place{Sheet: r.sheet.Name, Line: r.number} }

// Column implements [ledger.Row].
func (r *sheetRow) Column(field string) string {
	if r.layout == nil || field == "" {
		return ""
	}
	best := ""
	for _, c := range r.layout.kind.columns {
		for f := range strings.SplitSeq(c.field, ",") {
			if f != "" && (field == f || field == "data."+f) {
				if _, ok := r.layout.at[c.key]; ok {
					return r.layout.column(c.key)
				}
				if best == "" {
					best = r.layout.column(c.key)
				}
			}
		}
	}
	return best
}

// Draft implements [ledger.Row].
func (r *sheetRow) Draft(look *ledger.Lookup) (ledger.Draft, error) {
	d := ledger.Draft{Skip: r.skip, Notes: r.notes}
	if r.layout == nil || r.skip != (domain.Text{}) {
		return d, nil
	}
	read := &reading{sheetRow: r, look: look}
	if r.hidden {
		read.note("is hidden in the sheet and was taken in", "bị ẩn trong trang và vẫn được nhập")
	}
	r.layout.kind.build(read)
	d.Notes = append(d.Notes, read.notes...)
	if read.broken != nil {
		return d, read.broken
	}
	if read.err != nil {
		return d, read.err
	}
	d.Events, d.Same = read.events, read.same
	return d, nil
}

// reading is a row whose turn has come. The first thing that is wrong with it
// sticks, and reading goes on without effect.
type reading struct {
	*sheetRow
	look   *ledger.Lookup
	notes  []domain.Text
	events [][]byte
	same   bool
	err    *domain.Rejection
	broken error // of the ledger, which ends the import
}

func (r *reading) note(en, vi string, args ...any) { r.notes = append(r.notes, textf(en, vi, args...)) }

// refuse refuses the row for what stands in a column. The message repeats nothing
// of it.
func (r *reading) refuse(code domain.Code, key string, message domain.Text) {
	if r.err == nil {
		field := ""
		if c, ok := r.layout.kind.column(key); ok {
			field, _, _ = strings.Cut(c.field, ",")
			if field != "subject" && field != "effectiveon" && field != "" {
				field = "data." + field
			}
		}
		r.err = &domain.Rejection{Code: code, Field: field, Message: message}
	}
}

// has reports whether a row says something in a column.
func (r *reading) has(key string) bool { return r.value(key).content != blank }

// value returns the cell of a column, or the value that every row has.
func (r *reading) value(key string) cell {
	i, ok := r.layout.at[key]
	c := r.cell(i)
	if !ok {
		c = cell{}
	}
	if c.content == blank && !c.formula && r.layout.fixed[key] != "" {
		return cell{text: clean(r.layout.fixed[key]), content: words}
	}
	return c
}

// get returns the cell of a column, and whether anything stands there. What
// cannot be used refuses the row.
func (r *reading) get(key string) (cell, bool) {
	c := r.value(key)
	switch {
	case c.content == fault:
		r.refuse(domain.BadValue, key, textf("holds an error of the spreadsheet, such as #N/A; correct the formula or write the value", "có lỗi của bảng tính như #N/A; hãy sửa công thức hoặc ghi giá trị"))
		return c, false
	case c.formula && c.content == blank:
		r.refuse(domain.BadValue, key, textf("holds a formula without a value; open the workbook in Excel and save it, or write the value", "có công thức chưa được tính; hãy mở bằng Excel rồi lưu lại, hoặc ghi giá trị"))
		return c, false
	case c.content == truth && r.columnOf(key).form != asMark:
		r.refuse(domain.BadValue, key, textf("holds true or false; write the value as a text", "chứa giá trị đúng/sai; hãy ghi giá trị dạng văn bản"))
		return c, false
	case c.content == blank:
		if r.columnOf(key).needed {
			r.refuse(domain.MissingField, key, textf("is missing; give it", "còn thiếu; hãy ghi vào ô này"))
		}
		return c, false
	case c.formula:
		r.note("%[1]s: a formula, of which the last value was taken", "%[1]s: là công thức, đã lấy giá trị được tính lần cuối", r.layout.column(key))
	}
	return c, true
}

func (r *reading) columnOf(key string) column {
	c, _ := r.layout.kind.column(key)
	return c
}

// text reads what people wrote.
func (r *reading) text(key string) string {
	c, ok := r.get(key)
	if !ok {
		return ""
	}
	if c.content == serial {
		if d, ok := parseSerial(c.text); ok {
			return d.Vietnamese() // "12/12" of a school turned into a day by the spreadsheet is the clerk's to see
		}
	}
	return c.text
}

func (r *reading) date(key string) domain.Date {
	c, ok := r.get(key)
	if !ok {
		return 0
	}
	d, wrong := c.date()
	if wrong != (domain.Text{}) {
		r.refuse(domain.BadValue, key, wrong)
	}
	return d
}

func (r *reading) word(key string) string {
	c, ok := r.get(key)
	if !ok {
		return ""
	}
	column := r.columnOf(key)
	value, ok := column.wordIn(c.text)
	if !ok {
		en, vi := make([]string, len(column.words)), make([]string, len(column.words))
		for i, w := range column.words {
			en[i], vi[i] = w.text.EN, w.text.VI
		}
		r.refuse(domain.BadValue, key, textf("is not one of: %[1]s", "phải là một trong: %[2]s", strings.Join(en, ", "), strings.Join(vi, ", ")))
	}
	return value
}

// mark reads a column in which anything but no means yes.
func (r *reading) mark(key string) bool {
	c, ok := r.get(key)
	if !ok {
		return false
	}
	if c.content == truth {
		return c.text == "1" || strings.EqualFold(c.text, "true")
	}
	switch bare(c.text) {
	case "0", "khong", "no", "false", "k", "":
		return false
	case "x", "1", "co", "yes", "true", "v", "c":
		return true
	}
	if c.text == "✓" || c.text == "✔" {
		return true
	}
	r.refuse(domain.BadValue, key, textf("is neither x nor empty", "phải là x hoặc để trống"))
	return false
}

func (r *reading) year(key string) int {
	c, ok := r.get(key)
	if !ok {
		return 0
	}
	n, ok := c.whole()
	if !ok || n < 1930 || n > 2200 {
		r.refuse(domain.BadValue, key, textf("is not a year of four digits", "phải là năm gồm bốn chữ số"))
		return 0
	}
	return n
}

// code reads an ethnic group or a religion.
func (r *reading) code(key string, list *listing) string {
	c, ok := r.get(key)
	if !ok {
		return ""
	}
	code, wrong := list.code(c.text)
	if wrong != (domain.Text{}) {
		r.refuse(domain.BadValue, key, wrong)
	}
	return code
}

// digits reads a number of which leading zeros count. As the cell of a
// spreadsheet's number it has lost them; usual says of how many digits such a cell
// can be taken as it is.
func (r *reading) digits(key string, usual ...int) string {
	c, ok := r.get(key)
	if !ok {
		return ""
	}
	text := strings.Map(func(r rune) rune {
		if r == ' ' || r == '.' || r == '-' {
			return -1
		}
		return r
	}, strings.TrimPrefix(c.text, "'"))
	if strings.ContainsAny(text, "eE+") {
		r.refuse(domain.BadValue, key, textf("was shortened by the spreadsheet (as 1.2E+11) and has lost digits; show the column as text and write the number anew", "đã bị bảng tính rút gọn (dạng 1.2E+11) và mất chữ số; hãy định dạng cột kiểu văn bản rồi gõ lại số"))
		return ""
	}
	if c.content != words && !slices.Contains(usual, len(text)) {
		r.refuse(domain.BadValue, key, textf("is a number of the spreadsheet and may have lost zeros at its beginning; show the column as text and write the number with its zeros", "là ô kiểu số nên có thể đã mất số 0 ở đầu; hãy định dạng cột kiểu văn bản và gõ lại đủ số 0"))
		return ""
	}
	return text
}

// nationalID reads the number of an identity card. Zeros that a spreadsheet's
// number has lost are put back where that can be one number only: all numbers of
// 12 digits begin with the code of a province, 001 to 096, then say gender,
// century and year of birth.
func (r *reading) nationalID(p domain.Person) string {
	c, ok := r.get("national_id")
	if !ok {
		return ""
	}
	if c.content != number || len(c.text) != 11 && len(c.text) != 10 {
		return r.digits("national_id", 12, 9)
	}
	id := strings.Repeat("0", 12-len(c.text)) + c.text
	if !plausibleID(id, p) {
		return r.digits("national_id", 12, 9)
	}
	r.note("%[1]s: a zero that the spreadsheet had dropped was put back at its beginning", "%[1]s: đã thêm lại số 0 ở đầu bị bảng tính bỏ mất", r.layout.column("national_id"))
	return id
}

// plausibleID reports whether a number of 12 digits can be that of a person whose
// gender and birth are known (Thông tư 07/2016/TT-BCA, điều 7, with successors).
func plausibleID(id string, p domain.Person) bool {
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	year := p.BirthYear
	if p.BirthDate != 0 {
		year = p.BirthDate.Year()
	}
	if id[:3] < "001" || id[:3] > "096" || year < 1900 || p.Gender == "" {
		return false
	}
	first := byte('0' + 2*(year/100-19))
	if p.Gender == domain.Female {
		first++
	}
	return id[3] == first && id[4:6] == fmt.Sprintf("%02d", year%100)
}

// on reads the day on which the row counts, or takes fallback.
func (r *reading) on(fallback domain.Date) domain.Date {
	if c := r.value("on"); c.content == blank && !c.formula && fallback != 0 {
		return fallback
	}
	day := r.date("on")
	if day == 0 {
		r.refuse(domain.MissingField, "on", textf("is missing; give the day on which it counts", "còn thiếu; hãy ghi ngày có hiệu lực"))
	}
	return day
}

// decisionPattern is a number and a day in one cell.
var decisionPattern = regexp.MustCompile(`(?i)^(?:số\s+)?(.+?)[,;:\s]+ngày\s+(.+)$`)

// decision reads a decision. It is nil if the row names none.
func (r *reading) decision() *domain.Decision {
	d := domain.Decision{Number: r.text("decision_number"), Date: r.date("decision_date"), IssuedBy: r.text("issued_by")}
	if d.Number == "" && d.Date == 0 && r.has("decision") {
		ok := false
		if m := decisionPattern.FindStringSubmatch(r.text("decision")); m != nil {
			d.Number = m[1]
			d.Date, ok = parseDay(m[2])
		}
		if !ok {
			r.refuse(domain.BadValue, "decision", textf("does not read as a number and a day; write it as 112-QĐ/HU ngày 10/05/2021, or in two columns", "không đọc được số và ngày; hãy ghi dạng 112-QĐ/HU ngày 10/05/2021, hoặc tách hai cột"))
		}
	}
	if d == (domain.Decision{}) {
		return nil
	}
	return &d
}

func (r *reading) mustDecide() domain.Decision {
	d := r.decision()
	if d == nil {
		key := "decision_number"
		if _, ok := r.layout.at["decision"]; ok {
			key = "decision"
		}
		r.refuse(domain.MissingField, key, textf("is missing; give number and date of the decision", "còn thiếu; hãy ghi số và ngày quyết định"))
		return domain.Decision{}
	}
	return *d
}

// person reads who somebody is.
func (r *reading) person() domain.Person {
	p := domain.Person{
		FullName: r.text("full_name"), Gender: domain.Gender(r.word("gender")),
		Address: r.text("address"), Phone: r.digitsOrText("phone"), Education: r.text("education"), Occupation: r.text("occupation"),
	}
	born := "born"
	switch {
	case r.has("born_female"):
		born, p.Gender = "born_female", domain.Female
	case r.has("born_male"):
		born, p.Gender = "born_male", domain.Male
	}
	if r.has("born_female") && r.has("born_male") {
		r.refuse(domain.BadValue, "born_male", textf("is there beside that of a woman; leave one of the two empty", "có cả ngày sinh ở cột Nam và cột Nữ; hãy bỏ một"))
	}
	p.BirthDate, p.BirthYear = r.birth(born)
	if p.Gender == "" {
		female, male := r.mark("is_female"), r.mark("is_male")
		switch {
		case female && male:
			r.refuse(domain.BadValue, "is_male", textf("is marked beside female; keep one of the two", "đánh dấu cả Nam và Nữ; hãy giữ một"))
		case female:
			p.Gender = domain.Female
		case male:
			p.Gender = domain.Male
		case r.columnOnly("is_female"):
			p.Gender = domain.Male // the sheet marks women and leaves men empty
		default:
			r.refuse(domain.MissingField, "gender", textf("is missing; give it", "còn thiếu; hãy ghi vào ô này"))
		}
	}
	p.Ethnicity = domain.Ethnicity(r.code("ethnicity", ethnicGroups()))
	p.Religion = domain.Religion(r.code("religion", religions()))
	p.NationalID = r.nationalID(p)
	return p
}

// columnOnly reports whether a sheet has a column of women and none of gender or
// of men.
func (r *reading) columnOnly(key string) bool {
	_, female := r.layout.at[key]
	_, male := r.layout.at["is_male"]
	_, gender := r.layout.at["gender"]
	return female && !male && !gender
}

func (r *reading) digitsOrText(key string) string {
	if c := r.value(key); c.content == number && len(c.text) == 9 {
		r.note("%[1]s: a zero that the spreadsheet had dropped was put back at its beginning", "%[1]s: đã thêm lại số 0 ở đầu bị bảng tính bỏ mất", r.layout.column(key))
		return "0" + c.text // numbers of 10 digits, all of which begin with it
	}
	return r.text(key)
}

func (r *reading) birth(key string) (on domain.Date, year int) {
	c, ok := r.get(key)
	if !ok {
		r.refuse(domain.MissingField, key, textf("is missing; give the day of birth, or the year alone", "còn thiếu; hãy ghi ngày sinh, hoặc chỉ năm sinh"))
		return 0, 0
	}
	on, year, wrong := c.birth()
	if wrong != (domain.Text{}) {
		r.refuse(domain.BadValue, key, wrong)
	}
	return on, year
}

// record adds an event, unless something is wrong with the row.
func (r *reading) record(subject domain.Subject, on domain.Date, e domain.Event) {
	if r.err != nil || r.broken != nil {
		return
	}
	line := fmt.Appendf(nil, `{"type":%q,"subject":`, domain.TypeOf(e))
	quoted, err := json.Marshal(string(subject))
	if err != nil {
		r.broken = err
		return
	}
	line = append(append(line, quoted...), fmt.Sprintf(`,"effectiveon":%q,"data":`, on)...)
	r.events = append(r.events, append(domain.AppendData(line, e, domain.All), '}'))
}
