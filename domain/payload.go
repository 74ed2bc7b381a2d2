package domain

// Sealed is a part of an entry that the log holds sealed: the fields of one
// class that are about one subject. This package knows where it stands and what
// is inside, but nothing of how it is opened.
type Sealed struct {
	// Subject is whose key opens it. One event may be about two people, so each
	// part says whom it is about.
	Subject Subject
	// Class is Identity or Sensitive.
	Class Part
	// KID, Nonce and Text are in base64url without padding, as they stand in the
	// payload. They are parts of it when they were read.
	KID, Nonce, Text []byte
}

// Classes returns the parts of an entry that are personal.
func Classes() []Part { return []Part{Identity, Sensitive} }

// String returns the names of the parts, such as "identity,sensitive".
func (p Part) String() string {
	names := ""
	for _, one := range []struct {
		part Part
		name string
	}{{Open, "open"}, {Identity, "identity"}, {Sensitive, "sensitive"}} {
		if p&one.part != 0 {
			if names != "" {
				names += ","
			}
			names += one.name
		}
	}
	return names
}

// AppendPayload writes what a record of the log holds of an entry, beside what
// stands in the record's own fields (id, type, subject, actor), and in clear.
// Parts other than All leave personal fields out.
func AppendPayload(b []byte, e Entry, parts Part) []byte {
	b = append(b, `{"v":1,"effectiveon":"`...)
	b = e.EffectiveOn.append(b)
	b = append(b, '"')
	if e.Derived {
		b = append(b, `,"derived":true`...)
	}
	f := fields{out: b, parts: parts}
	f.str("policy", &e.Policy, 0)
	f.envelope(&e)
	b = append(f.out, `,"data":`...)
	b = AppendData(b, e.Event, parts)
	return append(b, '}')
}

// AppendSealedPayload writes a payload of which the personal parts are sealed.
func AppendSealedPayload(b []byte, e Entry, sealed []Sealed) []byte {
	b = AppendPayload(b, e, Open)
	if len(sealed) == 0 {
		return b
	}
	return append(appendSealedParts(b[:len(b)-1], sealed), '}')
}

// AppendPart writes the fields of one class, which are then sealed: a JSON
// object with the names that a payload has, as far as there are any. An entry
// without a field of the class adds nothing.
func AppendPart(b []byte, e Entry, class Part) []byte {
	start := len(b)
	f := fields{out: append(b, '{'), parts: class, sparse: true}
	f.envelope(&e)
	f.object("data", required, e.Event.fields)
	if len(f.out) == start+1 {
		return f.out[:start]
	}
	return append(f.out, '}')
}

// ParsePayload reads what AppendPayload or AppendSealedPayload wrote, for a
// type's wire name and schema. Personal fields may be missing. Open returns the
// plaintext of a sealed part, which joins the rest as if it had never been
// taken out, or false if it stays closed; nil leaves all closed. What stays
// closed is in the entry's Missing.
//
// Errors are *[Rejection]: the type is unknown, its version is, or the payload
// does not fit. They repeat nothing of what was sealed.
func ParsePayload(typeName, schema string, payload []byte, open func(Sealed) ([]byte, bool)) (Entry, error) {
	var e Entry
	t, ok := typeNamed(typeName)
	if !ok {
		return e, rejectf(UnknownType, "type", Text{
			EN: "is not an event type that this program knows; a newer one may", VI: "chương trình này không biết loại sự kiện này; có thể cần bản mới hơn",
		})
	}
	if schema != t.schema {
		return e, reject(UnknownType, "dataschema", "is not a form that this program knows; a newer one may", "chương trình này không biết dạng dữ liệu này; có thể cần bản mới hơn")
	}
	in, err := parseObject(payload, make([]member, 0, usualMembers))
	if err != nil {
		return e, err
	}
	event := t.make()
	f := fields{reading: true, in: in, partial: true}
	var version int
	f.integer("v", &version, required, 1, 1, true)
	f.date("effectiveon", &e.EffectiveOn, required)
	if raw := f.lookup("derived", 0); raw != nil {
		e.Derived = string(raw) == "true"
		f.require(e.Derived, "derived", "is not true; it is that or not there", "phải là true hoặc bỏ trống")
	}
	f.str("policy", &e.Policy, 0)
	f.unseal(&e, open)
	f.envelope(&e)
	f.object("data", required, event.fields)
	f.finish(listed("v, effectiveon, derived, policy, reason, exception, data, sealed"))
	if f.err != nil {
		return e, f.err
	}
	e.Event = event
	return e, nil
}

// unseal reads the sealed parts and lets what open makes of them join the
// fields that are read after it.
func (f *fields) unseal(e *Entry, open func(Sealed) ([]byte, bool)) {
	raw := f.lookup("sealed", 0)
	if raw == nil || f.err != nil {
		return
	}
	if raw[0] != '[' {
		f.fail(reject(BadValue, "sealed", "is not a list […]", "phải là một danh sách […]"))
		return
	}
	s := scanner{in: raw, pos: 1}
	var room [8]member
	var seen []Sealed
	for s.space(); !s.take(']'); s.space() {
		start := s.pos
		s.value(1)
		part, r := parseSealed(raw[start:s.pos], room[:0])
		for _, other := range seen {
			if r == nil && other.Subject == part.Subject && other.Class == part.Class {
				r = reject(Malformed, "sealed", "two parts are of one class and subject", "hai phần cùng loại, cùng đối tượng")
			}
		}
		if r != nil {
			f.fail(r)
			return
		}
		seen = append(seen, part)
		var text []byte
		opened := false
		if open != nil {
			text, opened = open(part)
		}
		if !opened {
			e.Missing |= part.Class
		} else if r := f.join(text, part.Class); r != nil {
			f.fail(r)
			return
		}
		s.space()
		s.take(',') // that they are in place was checked with the whole payload
	}
}

func parseSealed(raw []byte, room []member) (Sealed, *Rejection) {
	var part Sealed
	f := fields{reading: true, path: "sealed."}
	var err *Rejection
	if f.in, err = parseObject(raw, room); err != nil {
		err.Field = "sealed"
		return part, err
	}
	subject, ok := ParseSubject(string(f.bytes("s", required)))
	f.require(ok, "s", "is not a subject", "không phải là đối tượng")
	part.Subject = subject
	switch string(f.bytes("cl", required)) {
	case Identity.String():
		part.Class = Identity
	case Sensitive.String():
		part.Class = Sensitive
	default:
		f.require(false, "cl", "is not one of: identity, sensitive", "phải là identity hoặc sensitive")
	}
	part.KID, part.Nonce, part.Text = f.bytes("kid", required), f.bytes("n", required), f.bytes("c", required)
	f.finish(listed("s, cl, kid, n, c"))
	return part, f.err
}

// join takes in the members of a plaintext, as ones of a class.
func (f *fields) join(text []byte, class Part) *Rejection {
	more, err := parseObject(text, f.in[len(f.in):])
	if err != nil {
		err.Field = "sealed" // the name could be personal
		return err
	}
	return f.add(more, class)
}

func (f *fields) add(more []member, class Part) *Rejection {
	for i := range more {
		more[i].from = class
	}
	if f.in = append(f.in, more...); len(f.in) > maxMembers {
		return reject(TooLarge, "sealed", "holds too many names", "có quá nhiều trường")
	}
	return nil
}

// listed lists the names of an object without a walk of its own, for a message.
func listed(names string) func(*fields) {
	return func(f *fields) { f.note(Field{Name: names}, 0) }
}
