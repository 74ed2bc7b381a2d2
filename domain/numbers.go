package domain

import "slices"

// NumberKind is a kind of number that belongs to one person at a time. Two people
// with one number are one person recorded twice, or a slip of the pen.
type NumberKind string

// The kinds of number. Their names are part of the stored format.
const (
	NationalID NumberKind = "national_id" // of the identity card
	PartyCard  NumberKind = "card"        // of the party card
)

// NumberKinds returns all kinds.
func NumberKinds() []NumberKind { return []NumberKind{NationalID, PartyCard} }

// Field returns the path of the field that holds a number of this kind.
func (k NumberKind) Field() string {
	if k == PartyCard {
		return "data.card"
	}
	return "data.person.national_id"
}

// In returns the number of this kind that an event gives, "" for none.
func (k NumberKind) In(e Event) string {
	number, _ := k.find(e)
	return number
}

// MayBeIn reports whether events of this type can give a number of this kind. It
// is sealed, so that an entry that was not opened may have given one.
func (k NumberKind) MayBeIn(e Event) bool {
	_, may := k.find(e)
	return may
}

func (k NumberKind) find(e Event) (number string, may bool) {
	if card, ok := e.(*CardIssued); ok {
		if k == PartyCard {
			return card.Card, true
		}
		return "", false
	}
	if k != NationalID {
		return "", false
	}
	switch e := e.(type) {
	case *Identified:
		return e.Person.NationalID, true
	case *BroughtForward:
		return e.Person.NationalID, true
	case *TransferredIn:
		if e.Person != nil {
			return e.Person.NationalID, true
		}
		return "", false
	case *ProfileChanged:
		return e.Person.NationalID, true
	default:
		return "", false
	}
}

// Giving returns the entries that count and may give a number of a kind. The
// first of them that does gives the one that holds.
func (t Timeline) Giving(k NumberKind) []Entry {
	var giving []Entry
	for _, e := range slices.Backward(t.counting()) {
		if k.MayBeIn(e.Event) {
			giving = append(giving, e)
		}
	}
	return giving
}

// Changes reports whether an entry that is added to the timeline may change which
// number of a kind holds: it gives one, or annuls what may have given one.
func (k NumberKind) Changes(t Timeline, e Entry) bool {
	if k.In(e.Event) != "" {
		return true
	}
	target, ok := t.Find(annulled(e.Event))
	return ok && (k.MayBeIn(target.Event) || annulled(target.Event) != "")
}

// Annuls reports whether an event takes back an earlier entry.
func Annuls(e Event) bool { return annulled(e) != "" }
