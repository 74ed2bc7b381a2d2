package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Codec reads events as people write them. The zero Codec works; it leaves
// texts as they are.
type Codec struct {
	// Normalise brings a text to Unicode NFC, so that "ề" is one character
	// however it was typed. Nil leaves texts alone.
	Normalise func(string) string
	// IDKey makes the ids that are derived from an event's content
	// unguessable, because that content is partly personal.
	IDKey []byte
}

// MaxLine is the longest event in bytes that a Codec reads.
const MaxLine = 64 << 10

// Parse reads an event like [Codec.Read] and gives one without an id that of
// [Codec.DerivedID].
func (c Codec) Parse(line []byte) (Entry, error) {
	e, err := c.Read(line)
	if err == nil && e.ID == "" {
		e.ID = c.DerivedID(e)
	}
	return e, err
}

// Read reads an event in the form of a CloudEvents 1.0 JSON object. The
// sequence and the time, which the ledger sets, are ignored. All errors are
// *[Rejection]; with one that concerns a field the entry holds what could be
// read of the subject and the id, so that the writer finds the line again.
func (c Codec) Read(line []byte) (Entry, error) {
	var e Entry
	if len(line) > MaxLine {
		return e, rejectf(TooLarge, "", Text{
			EN: "the event is longer than %d bytes; an event is a few hundred", VI: "sự kiện dài hơn %d byte; một sự kiện thường chỉ vài trăm byte",
		}, MaxLine)
	}
	in, err := parseObject(line, make([]member, 0, usualMembers))
	if err != nil {
		return e, err
	}
	f := fields{reading: true, in: in, norm: c.Normalise}
	h := head{entry: &e}
	h.walk(&f)
	f.finish(h.walk)

	t, known := typeNamed(h.typeName)
	if h.typeName != "" && !known {
		return e, rejectf(UnknownType, "type", Text{
			EN: "is not an event type; did you mean %s? The catalogue lists all", VI: "không phải loại sự kiện; có phải ý bạn là %s? Xem danh mục sự kiện",
		}, nearest(h.typeName))
	}
	if f.err != nil {
		return e, f.err
	}
	if t.kind != e.Subject.Kind() {
		return e, rejectf(BadValue, "subject", Text{
			EN: "%s is about a subject of the form %s/ID", VI: "%s phải có subject dạng %s/MÃ",
		}, t.name, t.kind)
	}
	event := t.make()
	f.require(h.schema == "" || h.schema == t.schema, "dataschema",
		"is not a form that this program knows; a newer one may", "chương trình này không biết dạng dữ liệu này; có thể cần bản mới hơn")
	f.object("data", required, event.fields)
	if f.err != nil {
		return e, f.err
	}
	e.Event = event
	if annuls(event) && e.Reason == "" {
		return e, reject(MissingField, "reason", "is missing; an annulment needs one", "còn thiếu; huỷ một mục phải nêu lý do")
	}
	return e, nil
}

// DerivedID returns the id of an event that came without one: a keyed hash of
// its type, subject, date and canonical data. The same fact, imported again,
// has the same id.
func (c Codec) DerivedID(e Entry) string {
	h := hmac.New(sha256.New, c.IDKey)
	b := make([]byte, 0, 1024)
	for _, part := range []string{"rollbook/id/v1", e.Type(), string(e.Subject), e.EffectiveOn.String()} {
		b = append(append(b, part...), '\n')
	}
	h.Write(AppendData(b, e.Event, All))
	return hex.EncodeToString(h.Sum(b[:0])[:16])
}

// Same reports whether two entries say the same thing: all but who recorded
// them, when, and in which place.
func Same(a, b Entry) bool {
	if a.ID != b.ID || a.Subject != b.Subject || a.EffectiveOn != b.EffectiveOn || a.Reason != b.Reason || a.Type() != b.Type() {
		return false
	}
	if (a.Exception == nil) != (b.Exception == nil) || a.Exception != nil && *a.Exception != *b.Exception {
		return false
	}
	return string(AppendData(nil, a.Event, All)) == string(AppendData(nil, b.Event, All))
}

// AppendData writes those parts of an event's data that are asked for, in
// canonical form: fields in the order of the catalogue, no white space, as few
// escapes as possible.
func AppendData(b []byte, e Event, parts Part) []byte {
	f := fields{out: append(b, '{'), parts: parts}
	e.fields(&f)
	return append(f.out, '}')
}

// AppendJSON writes an entry as the CloudEvents 1.0 JSON object that Parse
// reads, with what the ledger has set. Source is the ledger's name. One that
// misses parts says so in an attribute that Parse refuses, so that it cannot be
// taken for whole.
func AppendJSON(b []byte, e Entry, source string) []byte {
	t := typeOf(e.Event)
	b = append(b, `{"specversion":"1.0","id":`...)
	b = appendString(b, e.ID)
	b = append(b, `,"source":`...)
	b = appendString(b, source)
	b = append(b, `,"type":`...)
	b = appendString(b, t.name)
	b = append(b, `,"subject":`...)
	b = appendString(b, string(e.Subject))
	b = append(b, `,"effectiveon":"`...)
	b = e.EffectiveOn.append(b)
	b = append(b, '"')
	if !e.Time.IsZero() {
		b = append(b, `,"time":"`...)
		b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
		b = append(b, '"')
	}
	if e.Sequence != 0 {
		b = append(b, `,"sequence":"`...)
		b = strconv.AppendUint(b, e.Sequence, 10)
		b = append(b, '"')
	}
	if e.Actor != "" {
		b = append(b, `,"actor":`...)
		b = appendString(b, e.Actor)
	}
	if e.Policy != "" {
		b = append(b, `,"policy":`...)
		b = appendString(b, e.Policy)
	}
	f := fields{out: b, parts: All}
	f.envelope(&e)
	b = f.out
	if e.Missing != 0 {
		b = append(b, `,"sealed":`...)
		b = appendString(b, e.Missing.String())
	}
	b = append(b, `,"dataschema":"`...)
	b = append(append(b, t.schema...), '"')
	b = append(b, `,"data":`...)
	b = AppendData(b, e.Event, All)
	return append(b, '}')
}

// SchemaOf returns the name of the wire form that an event is written in.
func SchemaOf(e Event) string { return typeOf(e).schema }

// ParseData reads what [AppendData] wrote of an event of a type. Personal fields
// may be missing. The error is a *[Rejection].
func ParseData(typeName string, data []byte) (Event, error) {
	t, ok := typeNamed(typeName)
	if !ok {
		return nil, reject(UnknownType, "type", "is not an event type", "không phải loại sự kiện")
	}
	in, err := parseObject(data, make([]member, 0, usualMembers))
	if err != nil {
		return nil, err
	}
	event := t.make()
	f := fields{reading: true, in: in, partial: true}
	event.fields(&f)
	f.finish(event.fields)
	if f.err != nil {
		return nil, f.err
	}
	return event, nil
}

// nearest returns the wire name closest to what somebody wrote.
func nearest(name string) string {
	best, least := "", 1<<30
	if len(name) > 64 {
		name = name[:64]
	}
	for _, t := range eventTypes {
		if d := distance(name, t.name); d < least {
			best, least = t.name, d
		}
	}
	return best
}

// distance is the number of single-byte edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(b)]
}
