package domain

// head is what stands in a line beside an event's data.
type head struct {
	entry            *Entry
	typeName, schema string
}

func (h *head) walk(f *fields) {
	e := h.entry
	var version, subject string
	f.str("specversion", &version, 0)
	f.require(version == "" || version == specVersion, "specversion", `is not "1.0"`, `phải là "1.0"`)
	f.id("id", &e.ID, 0)
	f.ignored("source", TextForm)
	f.str("type", &h.typeName, required)
	f.str("subject", &subject, required)
	if s, ok := ParseSubject(subject); ok {
		e.Subject = s
	} else {
		f.require(subject == "", "subject", "is not member/ID, organisation/ID or village/ID, with an id of 1 to 64 of the characters A-Z a-z 0-9 _ -",
			"phải có dạng member/MÃ, organisation/MÃ hoặc village/MÃ, mã gồm 1 đến 64 ký tự A-Z a-z 0-9 _ -")
	}
	f.dateFrom("effectiveon", &e.EffectiveOn, required, FirstDay, &beforeFounding)
	f.ignored("time", InstantForm)
	f.ignored("sequence", PositionForm)
	f.str("dataschema", &h.schema, 0)
	f.actor("actor", &e.Actor)
	f.ignored("policy", TextForm)
	f.envelope(e)
	f.lookup("data", required)
}

// specVersion is the version of CloudEvents.
const specVersion = "1.0"

var beforeFounding = Text{
	"lies before 1930-02-03, the founding of the Party; check the year",
	"sớm hơn ngày thành lập Đảng 03/02/1930; hãy kiểm tra lại năm",
}

// ignored is a text that the ledger sets: it may stand in a line, and says
// nothing there.
func (f *fields) ignored(name string, form Form) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: form, Least: 1, ByLedger: true}, 0)
		return
	}
	var s string
	f.str(name, &s, 0)
}

// envelope reads or writes what people say of an entry beside its data.
func (f *fields) envelope(e *Entry) {
	f.text("reason", &e.Reason, identity|long)
	if !f.reading {
		if e.Exception != nil {
			f.object("exception", 0, e.Exception.walk)
		}
		return
	}
	var x Exception
	if f.object("exception", 0, x.walk) {
		e.Exception = &x
	}
}

// actor is a pseudonym, which also stands in a header: ASCII without spaces.
func (f *fields) actor(name string, p *string) {
	if f.sheet != nil {
		f.note(Field{Name: name, Form: WordForm, Pattern: actorPattern}, 0)
		return
	}
	if f.str(name, p, 0) {
		ok := len(*p) <= maxID
		for _, c := range []byte(*p) {
			ok = ok && c > ' ' && c < 0x7F && c != '@'
		}
		f.require(ok, name, "is not a pseudonym: up to 64 ASCII characters without spaces, not an address",
			"phải là bí danh: tối đa 64 ký tự ASCII, không dấu cách, không phải địa chỉ thư")
	}
}
