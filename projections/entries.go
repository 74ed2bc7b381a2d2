package projections

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"rollbook/domain"
)

// The entries of a subject are kept as one string of bytes, one entry behind the
// other:
//
//	uvarint  sequence
//	varint   effective date
//	uvarint  twice the place of the type in [domain.Types]; 1 more if it was judged
//	         by the charter, or excepted from it: then come, each behind its uvarint
//	         length, the version of the policy and the rule of the exception
//	1 byte   0: the id is 16 bytes, written in hexadecimal; else its length
//	bytes    id
//	uvarint  length of the data
//	bytes    data, canonical, without what identifies a person
//
// Of a claim it is the type of its last record, a space, and what that holds.
//
// It is a cache of the log. A program with another catalogue or another form
// makes it anew: see [Version].

var errEntries = errors.New("the stored entries of a subject are damaged; rebuild the read models")

const packedID = 16

func encodeEntry(b []byte, e domain.Entry) []byte {
	b = binary.AppendUvarint(b, e.Sequence)
	b = binary.AppendVarint(b, int64(e.EffectiveOn))
	typ := 2 * uint64(domain.TypeNumber(e.Event))
	if e.Policy == "" && e.Exception == nil {
		b = binary.AppendUvarint(b, typ)
	} else {
		rule := ""
		if e.Exception != nil {
			rule = e.Exception.Rule
		}
		b = binary.AppendUvarint(b, typ+1)
		b = append(binary.AppendUvarint(b, uint64(len(e.Policy))), e.Policy...)
		b = append(binary.AppendUvarint(b, uint64(len(rule))), rule...)
	}
	var id [packedID]byte
	if packID(&id, e.ID) {
		b = append(append(b, 0), id[:]...)
	} else {
		b = append(append(b, byte(len(e.ID))), e.ID...)
	}
	data := domain.AppendData(make([]byte, 0, 256), e.Event, domain.Open|domain.Sensitive)
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}

// packID reports whether an id is 16 bytes in lower-case hexadecimal, as
// derived ids are, and unpacks it.
func packID(into *[packedID]byte, id string) bool {
	if len(id) != 2*packedID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	_, err := hex.Decode(into[:], []byte(id))
	return err == nil
}

// storedEntry is an entry in its stored form. The slices are parts of it.
type storedEntry struct {
	sequence uint64
	on       domain.Date
	typ      string
	policy   []byte
	rule     []byte // of the exception
	packed   bool
	id       []byte
	data     []byte
	end      int // where it ends among the bytes of all
}

func (s storedEntry) idString() string {
	if s.packed {
		return hex.EncodeToString(s.id)
	}
	return string(s.id)
}

func decodeEntries(subject domain.Subject, b []byte) ([]domain.Entry, error) {
	var entries []domain.Entry
	err := walkEntries(b, func(s storedEntry) error {
		event, err := domain.ParseData(s.typ, s.data)
		if err != nil {
			return fmt.Errorf("%w: position %d: %w", errEntries, s.sequence, err)
		}
		e := domain.Entry{
			Sequence: s.sequence, ID: s.idString(), Subject: subject, EffectiveOn: s.on, Event: event, Policy: string(s.policy),
		}
		if len(s.rule) > 0 {
			e.Exception = &domain.Exception{Rule: string(s.rule)} // the rest is sealed
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

func walkEntries(b []byte, f func(storedEntry) error) error {
	types := domain.Types()
	all := len(b)
	for len(b) > 0 {
		var s storedEntry
		var n int
		if s.sequence, n = binary.Uvarint(b); n <= 0 {
			return errEntries
		}
		b = b[n:]
		on, n1 := binary.Varint(b)
		if n1 <= 0 {
			return errEntries
		}
		b = b[n1:]
		typ, n2 := binary.Uvarint(b)
		if n2 <= 0 || typ/2 >= uint64(len(types)) {
			return errEntries
		}
		if b = b[n2:]; typ%2 == 1 {
			for _, text := range []*[]byte{&s.policy, &s.rule} {
				length, n := binary.Uvarint(b)
				if n <= 0 || length > uint64(len(b)-n) {
					return errEntries
				}
				*text, b = b[n:n+int(length)], b[n+int(length):]
			}
		}
		if len(b) == 0 {
			return errEntries
		}
		size := int(b[0])
		if s.packed = size == 0; s.packed {
			size = packedID
		}
		if b = b[1:]; len(b) < size {
			return errEntries
		}
		s.id, b = b[:size], b[size:]
		length, n3 := binary.Uvarint(b)
		if n3 <= 0 || length > uint64(len(b)-n3) {
			return errEntries
		}
		s.data, b = b[n3:n3+int(length)], b[n3+int(length):]
		s.on, s.typ, s.end = domain.Date(on), types[typ/2], all-len(b)
		if err := f(s); err != nil {
			return err
		}
	}
	return nil
}

// Timeline returns the entries of a subject as the read models have them,
// without what identifies a person. That of an unknown subject is empty.
func Timeline(ctx context.Context, r Reader, s domain.Subject) (domain.Timeline, error) {
	found, _, err := r.Subject(ctx, s)
	if err != nil {
		return domain.Timeline{}, err
	}
	entries, err := decodeEntries(s, found.Entries)
	return domain.NewTimeline(entries...), err
}
