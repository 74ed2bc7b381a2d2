package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"rollbook/eventstore"
)

// Bundle is the whole history of one member, or the proof that there is none, in
// one file that needs nothing but a policy to be verified: the records as they
// are stored, what is sealed stays sealed; the index root that says how many they
// are; and proofs for all of it under one signed checkpoint.
type Bundle struct {
	Member string
	// Note is the signed checkpoint.
	Note []byte
	// Records are all of the member's, in order.
	Records []ProvenRecord
	// Index is the record of an index root, and Proof what that says of the member.
	Index ProvenRecord
	Proof IndexProof
	// Earlier are older signed checkpoints that the tree goes on from. They bound
	// from above when a record was stored. May be empty.
	Earlier []EarlierCheckpoint
}

// ProvenRecord is a record with the proof that it is in the tree.
type ProvenRecord struct {
	eventstore.Stored
	// Index is the record's position less one.
	Index  uint64
	Hashes []Hash
}

// EarlierCheckpoint is a signed checkpoint with the proof that the tree of a
// bundle goes on from it.
type EarlierCheckpoint struct {
	Note        []byte
	Consistency []Hash
}

// Limits of a bundle. A member has some dozens of records; these bound what a
// hostile file can cost.
const (
	bundleFormat     = "rollbook-bundle/v1"
	maxBundleBytes   = 32 << 20
	maxBundleRecords = 10_000
	maxBundleEarlier = 100
	maxBundleHeaders = 32 // of one record
	maxHeaderBytes   = 4 << 10
)

// BundleSource is what a bundle is made from.
type BundleSource struct {
	// Tiles are those of the log's tree; they may be of a later one.
	Tiles  *Tiles
	Signed SignedCheckpoint
	Member string
	// Records are all of the member's that the checkpoint has, in order.
	Records []eventstore.Stored
	// IndexRecord is the newest index root that the checkpoint has, and Index the
	// index that it is the root of.
	IndexRecord eventstore.Stored
	Index       *IndexTree
	// Earlier are older checkpoints to prove as well.
	Earlier []SignedCheckpoint
}

// ErrBundle means that no bundle can be made from what was given.
var ErrBundle = errors.New("no bundle can be made")

// Bundle makes a bundle. Everything is proven as it is put in: a record that is
// not the one in the tree is an [*EvidenceError] with [InclusionInvalid], and an
// index with another root than the recorded one one with [IndexRootMismatch].
func (s BundleSource) Bundle() (Bundle, error) {
	b := Bundle{Member: s.Member, Note: s.Signed.Note}
	if !validMember(s.Member) {
		return Bundle{}, fmt.Errorf("%w: it is no member's name", ErrBundle)
	}
	if len(s.Records) > maxBundleRecords || len(s.Earlier) > maxBundleEarlier {
		return Bundle{}, fmt.Errorf("%w: %d records and %d earlier checkpoints are too many", ErrBundle, len(s.Records), len(s.Earlier))
	}
	claimed, is, err := IndexRootOf(s.IndexRecord)
	if !is || s.Index == nil {
		err = ErrIndexRoot
	}
	if err != nil {
		return Bundle{}, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	if have := s.Index.IndexRoot(); have != claimed {
		return Bundle{}, evidence(IndexRootMismatch, s.Signed.Size, "the index over %d records is not that of the record at position %d", have.Size, s.IndexRecord.Position)
	}
	b.Proof = s.Index.Prove(s.Member)
	if b.Index, err = s.prove(s.IndexRecord); err != nil {
		return Bundle{}, err
	}
	b.Records = make([]ProvenRecord, len(s.Records))
	for i, record := range s.Records {
		if id, ok := MemberOf(record.Subject); !ok || id != s.Member {
			return Bundle{}, fmt.Errorf("%w: the record at position %d is not this member's", ErrBundle, record.Position)
		}
		if b.Records[i], err = s.prove(record); err != nil {
			return Bundle{}, err
		}
	}
	for _, older := range s.Earlier {
		proof, err := s.Tiles.Consistency(older.Size, s.Signed.Size)
		if err != nil {
			return Bundle{}, err
		}
		if err := CheckConsistency(older.Checkpoint, s.Signed.Checkpoint, proof); err != nil {
			return Bundle{}, err
		}
		b.Earlier = append(b.Earlier, EarlierCheckpoint{older.Note, proof})
	}
	return b, nil
}

func (s BundleSource) prove(record eventstore.Stored) (ProvenRecord, error) {
	proof, err := s.Tiles.Proof(record, s.Signed)
	return ProvenRecord{record, proof.Index, proof.Hashes}, err
}

// Marshal returns the bundle as it is written to a file. It fails with
// [ErrBundle] if a record has what no record of ours has: headers that are not
// text, or a time before 1970.
func (b Bundle) Marshal() ([]byte, error) {
	out := appendJSON([]byte(`{"format":"`+bundleFormat+`","member":`), b.Member)
	out = appendJSON(append(out, ",\n\"checkpoint\":"...), string(b.Note))
	out = append(out, ",\n\"events\":["...)
	var err error
	for i, record := range b.Records {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = record.appendTo(append(out, '\n')); err != nil {
			return nil, err
		}
	}
	if out, err = b.Index.appendTo(append(out, "],\n\"index\":{\"event\":"...)); err != nil {
		return nil, err
	}
	if p := b.Proof.Member; p != nil {
		out = p.appendTo(append(out, ",\n"...))
	}
	for _, neighbour := range []struct {
		name  string
		entry *ProvenEntry
	}{{"before", b.Proof.Before}, {"after", b.Proof.After}} {
		if neighbour.entry != nil {
			out = append(out, ",\n\""+neighbour.name+"\":{\"member\":"...)
			out = append(neighbour.entry.appendTo(append(appendJSON(out, neighbour.entry.Member), ',')), '}')
		}
	}
	out = append(out, '}')
	if len(b.Earlier) > 0 {
		out = append(out, ",\n\"earlier\":["...)
		for i, e := range b.Earlier {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(append(out, "\n{\"checkpoint\":"...), string(e.Note))
			out = append(appendHashes(append(out, `,"consistency":`...), e.Consistency), '}')
		}
		out = append(out, ']')
	}
	if out = append(out, "}\n"...); len(out) > maxBundleBytes {
		return nil, fmt.Errorf("%w: it would have %d bytes", ErrBundle, len(out))
	}
	return out, nil
}

func (p ProvenRecord) appendTo(b []byte) ([]byte, error) {
	at := p.Time.UnixNano()
	if at < 0 || !speakable(p.Subject) || len(p.Headers) > maxBundleHeaders {
		return nil, fmt.Errorf("%w: the record at position %d is not one of ours", ErrBundle, p.Position)
	}
	b = strconv.AppendUint(append(b, `{"index":`...), p.Index, 10)
	b = strconv.AppendUint(append(b, `,"seq":`...), uint64(p.Position), 10)
	b = strconv.AppendInt(append(b, `,"ts":`...), at, 10)
	b = appendJSON(append(b, `,"subject":`...), p.Subject)
	b = append(b, `,"headers":[`...)
	for i, h := range p.Headers {
		if !speakable(h[0]) || !speakable(h[1]) || len(h[0]) > maxHeaderBytes || len(h[1]) > maxHeaderBytes {
			return nil, fmt.Errorf("%w: the record at position %d has a header that is no text", ErrBundle, p.Position)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(append(appendJSON(append(b, '['), h[0]), ','), h[1])
		b = append(b, ']')
	}
	b = append(b, `],"payload":"`...)
	b = base64.RawURLEncoding.AppendEncode(b, p.Data)
	return append(appendHashes(append(b, `","proof":`...), p.Hashes), '}'), nil
}

func (p *ProvenEntry) appendTo(b []byte) []byte {
	b = strconv.AppendUint(append(b, `"position":`...), p.Place, 10)
	b = strconv.AppendUint(append(b, `,"entry":{"version":`...), uint64(p.Version), 10)
	b = strconv.AppendUint(append(b, `,"last_seq":`...), uint64(p.Last), 10)
	b = appendHash(append(b, `,"last_leaf":`...), p.Leaf)
	return appendHashes(append(b, `},"proof":`...), p.Hashes)
}

// ParseBundle reads a bundle: what Marshal writes, or the same JSON with other
// white space, escapes and order of names. Nothing is verified. What is wrong is
// an [*EvidenceError] with [BundleMalformed].
func ParseBundle(b []byte) (Bundle, error) {
	if len(b) > maxBundleBytes {
		return Bundle{}, evidence(BundleMalformed, 0, "it has more than %d bytes", maxBundleBytes)
	}
	var out Bundle
	r := newJSONReader(b)
	r.object(func(name string) bool {
		switch name {
		case "format":
			if r.text(64) != bundleFormat {
				r.fail("it must be %s", bundleFormat)
			}
		case "member":
			out.Member = r.member()
		case "checkpoint":
			out.Note = r.note()
		case "events":
			r.array(maxBundleRecords, func() { out.Records = append(out.Records, r.record()) })
		case "index":
			out.Index, out.Proof = r.index()
		case "earlier":
			r.array(maxBundleEarlier, func() {
				var e EarlierCheckpoint
				r.object(func(name string) bool {
					switch name {
					case "checkpoint":
						e.Note = r.note()
					case "consistency":
						e.Consistency = r.hashes()
					default:
						return false
					}
					return true
				}, "checkpoint", "consistency")
				out.Earlier = append(out.Earlier, e)
			})
		default:
			return false
		}
		return true
	}, "format", "member", "checkpoint", "events", "index")
	r.end()
	if r.err != nil {
		return Bundle{}, evidence(BundleMalformed, 0, "%v", r.err)
	}
	if out.Proof.Member != nil {
		out.Proof.Member.Member = out.Member
	}
	return out, nil
}

func (r *jsonReader) member() string {
	id := r.text(maxMemberBytes)
	if !validMember(id) {
		r.fail("it is no member's name")
	}
	return id
}

// note reads a signed checkpoint, unverified.
func (r *jsonReader) note() []byte {
	note := []byte(r.lines(maxCheckpointBytes))
	if r.err != nil {
		return nil
	}
	body, ok := canonicalNote(note)
	if _, err := ParseCheckpoint(body); !ok || err != nil {
		r.fail("it is no signed checkpoint")
	}
	return note
}

func (r *jsonReader) record() ProvenRecord {
	var p ProvenRecord
	r.object(func(name string) bool {
		switch name {
		case "index":
			p.Index = r.size()
		case "seq":
			p.Position = eventstore.Position(r.size())
		case "ts":
			at := r.number()
			if at > math.MaxInt64 {
				r.fail("a time is too large")
			}
			p.Time = time.Unix(0, int64(at)).UTC()
		case "subject":
			p.Subject = r.text(maxHeaderBytes)
		case "headers":
			r.array(maxBundleHeaders, func() {
				var pair [2]string
				r.want('[')
				pair[0] = r.text(maxHeaderBytes)
				r.want(',')
				pair[1] = r.text(maxHeaderBytes)
				r.want(']')
				p.Headers = append(p.Headers, pair)
			})
		case "payload":
			p.Data = r.bytes(eventstore.MaxDataBytes)
		case "proof":
			p.Hashes = r.hashes()
		default:
			return false
		}
		return true
	}, "index", "seq", "ts", "subject", "headers", "payload", "proof")
	return p
}

func (r *jsonReader) index() (record ProvenRecord, proof IndexProof) {
	var own ProvenEntry
	var names int // of the entry, which stands in the object itself
	r.object(func(name string) bool {
		switch name {
		case "event":
			record = r.record()
		case "before":
			proof.Before = r.neighbour()
		case "after":
			proof.After = r.neighbour()
		default:
			names++
			return r.entry(&own, name)
		}
		return true
	}, "event")
	switch names {
	case 0:
	case 3:
		proof.Member = &own
	default:
		r.fail("the entry is not whole")
	}
	return record, proof
}

func (r *jsonReader) neighbour() *ProvenEntry {
	var p ProvenEntry
	r.object(func(name string) bool {
		if name == "member" {
			p.Member = r.member()
			return true
		}
		return r.entry(&p, name)
	}, "member", "position", "entry", "proof")
	return &p
}

// entry reads a value of an entry.
func (r *jsonReader) entry(p *ProvenEntry, name string) bool {
	switch name {
	case "position":
		p.Place = r.size()
	case "entry":
		r.object(func(name string) bool {
			switch name {
			case "version":
				p.Version = r.number32()
			case "last_seq":
				p.Last = eventstore.Position(r.size())
			case "last_leaf":
				p.Leaf = r.hash()
			default:
				return false
			}
			return true
		}, "version", "last_seq", "last_leaf")
	case "proof":
		p.Hashes = r.hashes()
	default:
		return false
	}
	return true
}
