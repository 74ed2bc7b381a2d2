package domain

import (
	"strconv"
	"time"
)

// Places says where an entry happened, for readers who choose by it: the id of
// the organisation that it is of or brings somebody into, and of the one that
// it takes them from, where that is another. Both may be empty.
type Places struct{ Organisation, From string }

// AppendFeed writes an entry as the CloudEvents 1.0 JSON object that the feed
// carries. Nothing is opened: what is personal stands in data.sealed as the log
// holds it. An exception's rule, which is not personal, stands in data.exception,
// because CloudEvents has no attributes that are objects.
func AppendFeed(b []byte, e Entry, source string, at Places, sealed []Sealed) []byte {
	b = appendFeedHead(b, e.ID, source, e.Type(), string(e.Subject), e.Sequence, e.Time, e.Actor)
	b = append(b, `,"effectiveon":"`...)
	b = e.EffectiveOn.append(b)
	b = append(b, '"')
	if at.Organisation != "" {
		b = append(append(append(b, `,"organisation":"`...), at.Organisation...), '"')
	}
	if at.From != "" && at.From != at.Organisation {
		b = append(append(append(b, `,"fromorganisation":"`...), at.From...), '"')
	}
	if e.Policy != "" {
		b = appendString(append(b, `,"policy":`...), e.Policy)
	}
	b = append(append(append(b, `,"dataschema":"`...), SchemaOf(e.Event)...), `","data":`...)
	b = AppendData(b, e.Event, Open)
	b = b[:len(b)-1] // the brace
	start := len(b)
	f := fields{out: b, parts: Open}
	f.envelope(&e)
	b = appendSealedParts(f.out, sealed)
	if b[start-1] == '{' && len(b) > start && b[start] == ',' {
		b = append(b[:start], b[start+1:]...) // no comma before the first field
	}
	return append(b, "}}"...)
}

// AppendFeedRecord writes a record that is no entry of the roll, or that cannot
// be read, for the feed. Data is written if it is a JSON object, and null otherwise.
func AppendFeedRecord(b []byte, id, source, typeName, subject string, sequence uint64, stored time.Time, actor string, data []byte) []byte {
	b = appendFeedHead(b, id, source, typeName, subject, sequence, stored, actor)
	b = append(b, `,"data":`...)
	if _, err := parseObject(data, nil); err == nil {
		b = append(b, data...)
	} else {
		b = append(b, "null"...)
	}
	return append(b, '}')
}

func appendFeedHead(b []byte, id, source, typeName, subject string, sequence uint64, stored time.Time, actor string) []byte {
	b = append(b, `{"specversion":"1.0","id":`...)
	b = appendString(b, id)
	b = append(b, `,"source":`...)
	b = appendString(b, source)
	b = append(b, `,"type":`...)
	b = appendString(b, typeName)
	b = append(b, `,"subject":`...)
	b = appendString(b, subject)
	b = append(b, `,"time":"`...)
	b = stored.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","sequence":"`...)
	b = strconv.AppendUint(b, sequence, 10)
	b = append(b, `","datacontenttype":"application/json"`...)
	if actor != "" {
		b = append(b, `,"actor":`...)
		b = appendString(b, actor)
	}
	return b
}

// appendSealedParts writes the field of sealed parts, after another field.
func appendSealedParts(b []byte, sealed []Sealed) []byte {
	if len(sealed) == 0 {
		return b
	}
	b = append(b, `,"sealed":[`...)
	for i, s := range sealed {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"s":"`...), s.Subject...)
		b = append(append(b, `","cl":"`...), s.Class.String()...)
		b = append(append(b, `","kid":"`...), s.KID...)
		b = append(append(b, `","n":"`...), s.Nonce...)
		b = append(append(b, `","c":"`...), s.Text...)
		b = append(b, `"}`...)
	}
	return append(b, ']')
}
