package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"rollbook/eventstore"
)

// A segment, with numbers big-endian and checksums CRC-32C:
//
//	"rollbook-seg/v1\n"   u64 first position   u32 checksum of those
//	frames: u32 length of the body, u32 its checksum, body
//	body: u64 position   u64 store time, in nanoseconds since 1970
//	      u16 length, subject
//	      u16 number of headers, each: u16 length, name, u32 length, value
//	      u32 length, data
//
// A sealed one goes on with
//
//	u32 0
//	footer: u32 number of frames, the length of each body as uvarint
//	        u32 number of subjects, sorted, each: u16 length, subject,
//	        uvarint number of its records, of each as uvarint how far it is from the one before, the first from the segment's first
//	u32 length of the footer   u32 its checksum   "rollbook-end/v1\n"
const (
	beginMagic = "rollbook-seg/v1\n"
	endMagic   = "rollbook-end/v1\n"
	headBytes  = len(beginMagic) + 8 + 4
	frameBytes = 4 + 4
	tailBytes  = 4 + 4 + len(endMagic)

	// maxBody bounds what is believed of a frame's length: a record's data, and as
	// much again for what is beside it.
	maxBody = 2 * eventstore.MaxDataBytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// errFrame is what is wrong with bytes that are no frame.
var errFrame = errors.New("it is not what was written")

func appendHead(b []byte, first eventstore.Position) []byte {
	begin := len(b)
	b = binary.BigEndian.AppendUint64(append(b, beginMagic...), uint64(first))
	return binary.BigEndian.AppendUint32(b, checksum(b[begin:]))
}

// readHead returns the first position of a segment.
func readHead(b []byte) (eventstore.Position, error) {
	if len(b) < headBytes || string(b[:len(beginMagic)]) != beginMagic || checksum(b[:headBytes-4]) != binary.BigEndian.Uint32(b[headBytes-4:]) {
		return 0, fmt.Errorf("its head: %w", errFrame)
	}
	return eventstore.Position(binary.BigEndian.Uint64(b[len(beginMagic):])), nil
}

// appendFrame appends the frame of a record.
func appendFrame(b []byte, s eventstore.Stored) ([]byte, error) {
	begin := len(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Position))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Time.UnixNano()))
	if len(s.Subject) > math.MaxUint16 || len(s.Headers) > math.MaxUint16 {
		return b[:begin], fmt.Errorf("the record at position %d is too large for a frame", s.Position)
	}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(s.Subject))), s.Subject...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Headers)))
	for _, h := range s.Headers {
		if len(h[0]) > math.MaxUint16 || len(h[1]) > maxBody {
			return b[:begin], fmt.Errorf("a header of the record at position %d is too large for a frame", s.Position)
		}
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(h[0]))), h[0]...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(h[1]))), h[1]...)
	}
	if len(s.Data) > maxBody {
		return b[:begin], fmt.Errorf("the record at position %d is too large for a frame", s.Position)
	}
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(s.Data))), s.Data...)
	body := b[begin+frameBytes:]
	if len(body) > maxBody {
		return b[:begin], fmt.Errorf("the record at position %d is too large for a frame", s.Position)
	}
	binary.BigEndian.PutUint32(b[begin:], uint32(len(body)))
	binary.BigEndian.PutUint32(b[begin+4:], checksum(body))
	return b, nil
}

// readFrame reads the frame at the beginning of b and returns what follows it. The
// record shares the memory of b but for its headers' list. A length of zero, at the
// end of the frames, gives ok false.
func readFrame(b []byte) (s eventstore.Stored, rest []byte, ok bool, err error) {
	if len(b) < 4 {
		return s, b, false, errFrame
	}
	length := int(binary.BigEndian.Uint32(b))
	if length == 0 {
		return s, b, false, nil
	}
	if length > maxBody || len(b) < frameBytes+length {
		return s, b, false, errFrame
	}
	body, rest := b[frameBytes:frameBytes+length], b[frameBytes+length:]
	if checksum(body) != binary.BigEndian.Uint32(b[4:]) {
		return s, b, false, errFrame
	}
	s, err = readBody(body)
	return s, rest, err == nil, err
}

// cutter takes a body apart.
type cutter struct {
	b   []byte
	bad bool
}

func (c *cutter) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad = true
		return make([]byte, min(max(n, 0), 8))
	}
	out := c.b[:n:n]
	c.b = c.b[n:]
	return out
}

func (c *cutter) u16() int    { return int(binary.BigEndian.Uint16(c.take(2))) }
func (c *cutter) u32() int    { return int(binary.BigEndian.Uint32(c.take(4))) }
func (c *cutter) u64() uint64 { return binary.BigEndian.Uint64(c.take(8)) }

func (c *cutter) uvarint() uint64 {
	n, size := binary.Uvarint(c.b)
	if size <= 0 {
		c.bad = true
		return 0
	}
	c.b = c.b[size:]
	return n
}

func readBody(b []byte) (s eventstore.Stored, err error) {
	c := cutter{b: b}
	s.Position = eventstore.Position(c.u64())
	s.Time = time.Unix(0, int64(c.u64())).UTC()
	// What is text is made one string, which the others are parts of.
	text := string(b[:textEnd(b)])
	part := func(n int) string {
		begin := len(b) - len(c.b)
		if c.take(n); c.bad || begin+n > len(text) {
			c.bad = true
			return ""
		}
		return text[begin : begin+n]
	}
	s.Subject = part(c.u16())
	n := c.u16()
	if c.bad || n > len(c.b)/6 { // a header has six bytes at least
		return s, errFrame
	}
	s.Headers = make([][2]string, n)
	for i := range s.Headers {
		s.Headers[i][0] = part(c.u16())
		s.Headers[i][1] = part(c.u32())
	}
	s.Data = c.take(c.u32())
	if c.bad || len(c.b) > 0 {
		return s, errFrame
	}
	return s, nil
}

// textEnd returns where the data of a body begins, or its end if it has none.
func textEnd(b []byte) int {
	c := cutter{b: b}
	c.take(16)
	c.take(c.u16())
	for n := c.u16(); n > 0 && !c.bad; n-- {
		c.take(c.u16())
		c.take(c.u32())
	}
	return len(b) - len(c.b)
}

// index says where the records of a segment are.
type index struct {
	first    eventstore.Position
	lengths  []int // of the frames' bodies
	subjects map[string][]eventstore.Position
}

func newIndex(first eventstore.Position) *index {
	return &index{first: first, subjects: map[string][]eventstore.Position{}}
}

func (x *index) add(s eventstore.Stored, body int) {
	x.lengths = append(x.lengths, body)
	x.subjects[s.Subject] = append(x.subjects[s.Subject], s.Position)
}

func (x *index) last() eventstore.Position { return x.first + eventstore.Position(len(x.lengths)) - 1 }

// appendEnd appends what a sealed segment has behind its frames.
func (x *index) appendEnd(b []byte) []byte {
	b = append(b, 0, 0, 0, 0)
	begin := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(x.lengths)))
	for _, n := range x.lengths {
		b = binary.AppendUvarint(b, uint64(n))
	}
	names := make([]string, 0, len(x.subjects))
	for name := range x.subjects {
		names = append(names, name)
	}
	slices.Sort(names)
	b = binary.BigEndian.AppendUint32(b, uint32(len(names)))
	for _, name := range names {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(name))), name...)
		positions := x.subjects[name]
		b = binary.AppendUvarint(b, uint64(len(positions)))
		before := x.first
		for _, at := range positions {
			b = binary.AppendUvarint(b, uint64(at-before))
			before = at
		}
	}
	footer := b[begin:]
	b = binary.BigEndian.AppendUint32(b, uint32(len(footer)))
	b = binary.BigEndian.AppendUint32(b, checksum(footer))
	return append(b, endMagic...)
}

// readFooter reads the footer of a sealed segment. keep says of which subjects the
// positions are wanted, nil of all.
func readFooter(first eventstore.Position, footer []byte, keep func(subject []byte) bool) (*index, error) {
	bad := fmt.Errorf("its index: %w", errFrame)
	c := cutter{b: footer}
	x := newIndex(first)
	frames := c.u32()
	if c.bad || frames == 0 || frames > len(c.b) {
		return nil, bad
	}
	for range frames {
		n := c.uvarint()
		if n == 0 || n > maxBody {
			return nil, bad
		}
		x.lengths = append(x.lengths, int(n))
	}
	subjects, named := c.u32(), uint64(0)
	var before []byte
	for i := range subjects {
		name := c.take(c.u16())
		n := c.uvarint()
		if c.bad || n == 0 || n > uint64(frames) || i > 0 && bytes.Compare(before, name) >= 0 {
			return nil, bad
		}
		at := first
		wanted := keep == nil || keep(name)
		var positions []eventstore.Position
		if wanted {
			positions = make([]eventstore.Position, 0, n)
		}
		for j := range n {
			step := c.uvarint()
			at += eventstore.Position(step)
			if c.bad || step > uint64(frames) || j > 0 && step == 0 || at > x.last() {
				return nil, bad
			}
			if wanted {
				positions = append(positions, at)
			}
		}
		if wanted {
			x.subjects[string(name)] = positions
		}
		named, before = named+n, name
	}
	if c.bad || len(c.b) > 0 || named != uint64(frames) {
		return nil, bad
	}
	return x, nil
}

// offset returns where the frame of a position begins.
func (x *index) offset(at eventstore.Position) int64 {
	offset := int64(headBytes)
	for _, n := range x.lengths[:at-x.first] {
		offset += int64(frameBytes + n)
	}
	return offset
}
