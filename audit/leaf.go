package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"

	"rollbook/eventstore"
)

// Hash is a node of the tree: SHA-256.
type Hash [sha256.Size]byte

// leafLabel begins every leaf entry, so that it cannot be taken for anything
// else that is hashed.
const leafLabel = "rollbook/leaf/v1\n"

// AppendEntry appends the leaf entry of a record to b: the bytes that stand for
// it in the tree. They show nothing of its data but length and hash.
//
//	"rollbook/leaf/v1\n"
//	u64 position   u64 store time, in nanoseconds since 1970
//	u16 length, subject
//	u16 number of headers, each: u16 length, name, u32 length, value
//	u32 length of the data   SHA-256 of the data
//
// Numbers are big-endian. Headers are sorted by the bytes of name and value.
func AppendEntry(b []byte, s eventstore.Stored) ([]byte, error) {
	if len(s.Subject) > math.MaxUint16 || len(s.Headers) > math.MaxUint16 || len(s.Data) > math.MaxUint32 {
		return b, fmt.Errorf("the record at position %d is too large for a leaf", s.Position)
	}
	b = append(b, leafLabel...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Position))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Time.UnixNano()))
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Subject)))
	b = append(b, s.Subject...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Headers)))
	for _, h := range s.Headers {
		if len(h[0]) > math.MaxUint16 || len(h[1]) > math.MaxUint32 {
			return b, fmt.Errorf("a header of the record at position %d is too large for a leaf", s.Position)
		}
		b = binary.BigEndian.AppendUint16(b, uint16(len(h[0])))
		b = append(b, h[0]...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(h[1])))
		b = append(b, h[1]...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Data)))
	sum := sha256.Sum256(s.Data)
	return append(b, sum[:]...), nil
}

// LeafHash returns the hash of a leaf entry, as RFC 6962 section 2.1 has it.
func LeafHash(entry []byte) Hash {
	h := sha256.New()
	_, _ = h.Write([]byte{0}) // a hash never fails to write
	_, _ = h.Write(entry)
	return Hash(h.Sum(nil))
}

// LeafOf returns the leaf hash of a record. buffer is reused.
func leafOf(s eventstore.Stored, buffer *[]byte) (Hash, error) {
	entry, err := AppendEntry(append((*buffer)[:0], 0), s)
	*buffer = entry
	return sha256.Sum256(entry), err
}

// node returns the hash of two nodes, as RFC 6962 section 2.1 has it.
func node(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}
