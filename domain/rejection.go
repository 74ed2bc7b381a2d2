package domain

import (
	"fmt"
	"slices"
	"strings"
)

// Code says why an entry was refused. The codes are stable in every interface.
type Code string

// The rejection codes.
const (
	Malformed     Code = "malformed"      // not the form of an event at all
	UnknownType   Code = "unknown_type"   // no such event type
	UnknownField  Code = "unknown_field"  // a field that the type does not have
	MissingField  Code = "missing_field"  // a field that the type needs
	BadValue      Code = "bad_value"      // a field with an impossible value
	UnknownEntity Code = "unknown_entity" // names something the ledger has never heard of
	DuplicateID   Code = "duplicate_id"   // the id stands for other content
	Invariant     Code = "invariant"      // the timeline would be impossible
	CharterRule   Code = "charter_rule"   // departs from a rule of the charter
	Conflict      Code = "conflict"       // another writer was first
	Forbidden     Code = "forbidden"      // the caller may not
	TooLarge      Code = "too_large"      // beyond a limit
)

// Text is a message in the two languages that people here read.
type Text struct {
	EN, VI string
}

// In returns the message in a language, "vi" or "en"; English for any other.
func (t Text) In(lang string) string {
	if lang == "vi" && t.VI != "" {
		return t.VI
	}
	return t.EN
}

// Rejection is the answer to an entry that cannot be accepted. Nothing was
// stored, and sending the same again cannot help.
//
// Its texts name fields, rules and opaque ids and never repeat what stood in a
// field, because that may be personal.
type Rejection struct {
	Code Code
	// Field is the path of the field at fault, such as "data.person.gender".
	// Empty when no single field is.
	Field string
	// Rule is the charter rule's id, for [CharterRule].
	Rule string
	// Clash is the id of the recorded entry that stands in the way, for
	// [Invariant].
	Clash string
	// Message says what is wrong and what to do.
	Message Text

	at string // id of the entry that is impossible, where a timeline is judged
}

func (r *Rejection) Error() string {
	var b strings.Builder
	b.WriteString(string(r.Code))
	if r.Field != "" {
		b.WriteString(": " + r.Field)
	}
	b.WriteString(": " + r.Message.EN)
	return b.String()
}

func reject(code Code, field, en, vi string) *Rejection {
	return &Rejection{Code: code, Field: field, Message: Text{EN: en, VI: vi}}
}

func rejectf(code Code, field string, t Text, args ...any) *Rejection {
	return &Rejection{Code: code, Field: field, Message: t.with(args...)}
}

// with fills the verbs of a message, in each language with its own form of an
// argument that has one.
func (t Text) with(args ...any) Text {
	if len(args) == 0 {
		return t
	}
	en, vi := slices.Clone(args), slices.Clone(args)
	for i, a := range args {
		switch a := a.(type) {
		case Text:
			en[i], vi[i] = a.EN, a.VI
		case Date:
			vi[i] = a.Vietnamese()
		}
	}
	return Text{EN: fmt.Sprintf(t.EN, en...), VI: fmt.Sprintf(t.VI, vi...)}
}
