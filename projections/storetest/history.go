package storetest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/memory"
	"rollbook/internal/naive"
	"rollbook/projections"
)

// history is a log and the ids in it.
type history struct {
	log    *memory.Log
	ids    []string
	world  *projections.World
	parked map[domain.Subject]bool
	// careless is true when now and then somebody writes what no decision was
	// made on, such as the end of an organisation with members in it.
	careless bool
}

func newHistory() *history {
	return &history{log: memory.New(), world: projections.NewWorld(nothing{}, 1), parked: map[domain.Subject]bool{}}
}

// nothing is what a world knows that has seen everything itself.
type nothing struct{}

func (nothing) Subject(domain.Subject) (s projections.Subject, ok bool, err error) {
	return s, false, nil
}
func (nothing) MembersOf(string) ([]domain.Subject, error) { return nil, nil }

// add stores events as a ledger does that decides on each. Of some, the
// sensitive part is sealed under a key that nobody has; and now and then
// somebody else writes what cannot be understood, and more behind it.
func (h *history) add(ctx context.Context, r *rand.Rand, lines [][]byte) error {
	for _, line := range lines {
		e, err := domain.Codec{IDKey: make([]byte, 32)}.Parse(line)
		if err != nil {
			continue // the ledger refuses it
		}
		last, err := h.log.Last(ctx)
		if err != nil {
			return err
		}
		e.Sequence = uint64(last) + 1
		data := domain.AppendPayload(nil, e, domain.All)
		if r.IntN(5) == 0 && len(domain.AppendPart(nil, e, domain.Sensitive)) > 0 {
			sealed := []domain.Sealed{{
				Subject: e.Subject, Class: domain.Sensitive, KID: []byte("a2lk"), Nonce: []byte("bm9uY2U"), Text: []byte("dGV4dA"),
			}}
			if len(domain.AppendPart(nil, e, domain.Identity)) > 0 {
				sealed = append(sealed, sealed[0])
				sealed[1].Class = domain.Identity
			}
			data = domain.AppendSealedPayload(nil, e, sealed)
		}
		rec := eventstore.Record{ID: e.ID, Type: e.Type(), Schema: domain.SchemaOf(e.Event), Data: data}
		if !h.parked[e.Subject] {
			// What is recorded is what the projector will see of it.
			seen, err := projections.Decode(eventstore.Record{
				Position: last + 1, Stream: string(e.Subject), ID: rec.ID, Type: rec.Type, Schema: rec.Schema, Data: data,
			}, func(domain.Sealed) ([]byte, bool) { return nil, false })
			if err != nil {
				return err
			}
			byHand := h.careless && r.IntN(10) == 0
			if domain.Decide(h.world, seen) != nil && !byHand {
				continue // refused
			}
			if _, err := h.world.Apply(seen); err != nil {
				if !byHand || h.world.Err() != nil {
					return err
				}
				h.parked[e.Subject] = true
			}
		}
		if err := h.append(ctx, string(e.Subject), rec); err != nil {
			continue // an id that is there
		}
		h.ids = append(h.ids, e.ID)
		if r.IntN(60) == 0 && e.Subject.Kind() == domain.MemberKind && !h.parked[e.Subject] {
			h.parked[e.Subject] = true
			poison := eventstore.Record{ID: fmt.Sprint("poison-", e.Sequence), Type: "member.knighted", Schema: "urn:rollbook:member.knighted:1", Data: []byte(`{"v":1}`)}
			if err := h.append(ctx, string(e.Subject), poison); err != nil {
				return err
			}
			h.ids = append(h.ids, poison.ID)
		}
	}
	return h.world.Err()
}

func (h *history) append(ctx context.Context, stream string, rec eventstore.Record) error {
	head, err := h.log.Head(ctx, stream)
	if err != nil {
		return err
	}
	_, err = h.log.Append(ctx, eventstore.Write{Stream: stream, Expected: head, Records: []eventstore.Record{rec}})
	return err
}

// drawn returns the lines of a random history that a seed stands for.
func drawn(seed, size int) [][]byte {
	return rapid.Custom(func(t *rapid.T) [][]byte { return naive.History(t, size) }).Example(seed)
}

// plain returns the history of an office with some members: what a
// demonstration or an import looks like.
func plain(ctx context.Context, members int, seed uint64) (*history, error) {
	var file bytes.Buffer
	if err := naive.Bulk(&file, members, 10, seed); err != nil {
		return nil, err
	}
	h := newHistory()
	err := h.add(ctx, rand.New(rand.NewPCG(seed, 1)), bytes.Split(bytes.TrimSpace(file.Bytes()), []byte("\n")))
	return h, err
}

// Same feeds the same histories to two kinds of store, bit by bit and anew, and
// compares all that they hold. open functions are as in [Stores].
func Same(t *testing.T, openA, openB func(testing.TB) projections.Home) {
	seeds, members, size := 4, 60, 120
	if Long() {
		seeds, members, size = 200, 1000, 400
	}
	first := rand.IntN(1 << 30)
	var all strings.Builder
	for n := range seeds {
		seed := first + n
		t.Run(fmt.Sprint("random history ", seed), func(t *testing.T) {
			all.WriteString(same(t, newHistory(), rand.New(rand.NewPCG(uint64(seed), 0)), drawn(seed, size), openA(t), openB(t)))
		})
	}
	for n := range 2 * seeds {
		seed := first + n
		t.Run(fmt.Sprint("history of somebody who decides on nothing ", seed), func(t *testing.T) {
			h := newHistory()
			h.careless = true
			same(t, h, rand.New(rand.NewPCG(uint64(seed), 1)), drawn(seed, size), openA(t), openB(t))
			if len(h.parked) == 0 {
				t.Log("nothing was impossible")
			}
		})
	}
	t.Run("the history of an office", func(t *testing.T) {
		h, err := plain(t.Context(), members, uint64(first))
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(same(t, h, rand.New(rand.NewPCG(1, 1)), nil, openA(t), openB(t)))
	})
	for _, line := range []string{"headcount 50 ", "movements 50 ", "indicators 50 ", "missing key ", "parked ", "sealed ", "cell 20 ", "members of ", "id "} {
		if !t.Failed() && !strings.Contains(all.String(), "\n"+line) {
			t.Errorf("the histories say too little: there is no %q in what they came to", line)
		}
	}
}

// same returns what the stores came to.
func same(t *testing.T, h *history, r *rand.Rand, lines [][]byte, a, b projections.Home) string {
	for first := true; first || len(lines) > 0; first = false {
		some := min(len(lines), 1+r.IntN(len(lines)/2+1))
		if err := h.add(t.Context(), r, lines[:some]); err != nil {
			t.Fatal(err)
		}
		lines = lines[some:]
		for _, s := range []projections.Home{a, b} {
			if err := (&projections.Projector{Log: h.log, Store: s}).CatchUp(t.Context()); err != nil {
				t.Fatalf("CatchUp: %v", err)
			}
		}
		mustEqual(t, dump(t, a), dump(t, b), "the stores")
	}
	mustEqual(t, dump(t, a, h.ids...), dump(t, b, h.ids...), "the stores")
	grown := dump(t, a, h.ids...)
	for _, s := range []projections.Home{a, b} {
		if err := (&projections.Projector{Log: h.log}).Rebuild(t.Context(), s); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		mustEqual(t, dump(t, s, h.ids...), grown, "a store that was made anew and one that grew")
	}
	return grown
}

// strange is a log in which somebody has written records by hand.
type strange struct {
	*memory.Log
	records map[eventstore.Position]eventstore.Record
}

func (s strange) Replay(ctx context.Context, after, to eventstore.Position) iter.Seq2[eventstore.Record, error] {
	return func(yield func(eventstore.Record, error) bool) {
		for rec, err := range s.Log.Replay(ctx, after, to) {
			if other, ok := s.records[rec.Position]; ok {
				other.Position, other.Previous = rec.Position, rec.Previous
				rec = other
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func poison(t *testing.T, s projections.Home) {
	h, err := plain(t.Context(), 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	last, err := h.log.Last(t.Context())
	if err != nil || last < 20 {
		t.Fatal(last, err)
	}
	odd := "\xff\x00'\"\u2028"
	by := strange{h.log, map[eventstore.Position]eventstore.Record{
		last - 4: {Stream: "member/" + odd, ID: "1", Type: "member.died", Schema: "urn:rollbook:member.died:1", Data: []byte(`{}`)},
		last - 3: {Stream: "member/a", ID: odd, Type: odd, Schema: odd, Data: []byte(odd)},
		last - 2: {Stream: odd, ID: odd, Type: "member.died", Schema: "urn:rollbook:member.died:1", Data: []byte(`{"v":1,"effectiveon":"2021-01-01","data":{}}`)},
		last - 1: {Stream: "organisation/x", ID: odd, Type: "organisation.established", Schema: "urn:rollbook:organisation.established:1", Data: []byte(odd)},
		last:     {Stream: "member/b", ID: "", Type: "", Schema: "", Data: nil},
	}}
	for range 2 {
		if err := (&projections.Projector{Log: by}).Rebuild(t.Context(), s); err != nil {
			t.Fatalf("Rebuild: %v", err)
		}
		parked := 0
		read(t, s, func(r projections.Reader) error {
			list, err := r.Parked(t.Context())
			for _, p := range list {
				if by.records[p.Position].Stream == string(p.Subject) {
					parked++
				}
			}
			return err
		})
		if parked != len(by.records) {
			t.Errorf("%d of %d are parked:\n%s", parked, len(by.records), dump(t, s))
		}
	}
}
