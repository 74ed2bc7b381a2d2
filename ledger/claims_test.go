package ledger_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/vault"
	"rollbook/ledger"
	"rollbook/projections"
)

const (
	nidA, nidB   = "011090000001", "011090000002"
	cardA, cardB = "77000001", "77000002"
)

// having is a member with a national number.
func having(id, nationalID string) string {
	return strings.Replace(newcomer(id, "2020-01-01"), `"full_name"`, `"national_id":"`+nationalID+`","full_name"`, 1)
}

func card(id, on, number string) string {
	return event("member.card_issued", "member/"+id, on, `{"card":"`+number+`"}`)
}

func renumbered(id, on, nationalID string) string {
	return event("member.profile_changed", "member/"+id, on, `{"person":{"national_id":"`+nationalID+`"}}`)
}

func called(id, line string) string { return strings.Replace(line, "{", `{"id":"`+id+`",`, 1) }

func annulling(id, target, subject, on string) string {
	return called(id, strings.Replace(event("member.entry_annulled", "member/"+subject, on, `{"annuls":"`+target+`"}`), "{", `{"reason":"nhầm",`, 1))
}

// refusal is the field for which a line is refused.
type refusal struct{ line, field string }

func TestANumberBelongsToOneMember(t *testing.T) {
	decision := `{"decision":{"number":"1","date":"2021-02-01"}}`
	ok := func(line string) refusal { return refusal{line: line} }
	id, crd := "data.person.national_id", "data.card"
	tests := []struct {
		name  string
		lines []refusal
		holds string // kind:number=holder for each claim in force
		moves int    // claims made and given up
	}{
		{"another member's national number is refused", []refusal{ok(having("m1", nidA)), {having("m2", nidA), id}}, "A=m1", 1},
		{"another member's card is refused", []refusal{ok(having("m1", nidA)), ok(having("m2", nidB)), ok(card("m1", "2021-01-01", cardA)), {card("m2", "2021-01-01", cardA), crd}}, "A=m1 B=m2 a=m1", 3},
		{"a card's number is no national number", []refusal{ok(having("m1", "011090001")), ok(newcomer("m2", "2020-01-01")), ok(card("m2", "2021-01-01", "011090001"))}, "", 2},
		{"nobody claims what is not given", []refusal{ok(newcomer("m1", "2020-01-01")), ok(newcomer("m2", "2020-01-01"))}, "", 0},
		{"the same member keeps it when they come back", []refusal{
			ok(having("m1", nidA)), ok(event("member.transferred_out", "member/m1", "2021-01-01", `{"destination":"x"}`)),
			ok(strings.ReplaceAll(strings.Replace(having("m1", nidA), "brought_forward", "transferred_in", 1), "2020-01-01", "2022-01-01")),
		}, "A=m1", 1},
		{"who has left or died keeps it", []refusal{
			ok(having("m1", nidA)), ok(event("member.expelled", "member/m1", "2021-01-01", decision)), ok(having("m2", nidB)), ok(event("member.died", "member/m2", "2021-01-01", `{}`)),
			{having("m3", nidA), id},
			{having("m3", nidB), id},
		}, "A=m1 B=m2", 2},
		{"another number frees the one before", []refusal{ok(having("m1", nidA)), ok(renumbered("m1", "2021-01-01", nidB)), ok(having("m2", nidA)), {having("m3", nidB), id}}, "A=m2 B=m1", 4},
		{"another card frees the one before", []refusal{ok(newcomer("m1", "2020-01-01")), ok(card("m1", "2021-01-01", cardA)), ok(card("m1", "2022-01-01", cardB)), ok(newcomer("m2", "2020-01-01")), ok(card("m2", "2022-01-01", cardA))}, "a=m2 b=m1", 4},
		{"nobody changes to another member's number", []refusal{ok(having("m1", nidA)), ok(having("m2", nidB)), {renumbered("m2", "2021-01-01", nidA), id}}, "A=m1 B=m2", 2},
		{"numbers are not exchanged at a stroke", []refusal{
			ok(having("m1", nidA)), ok(having("m2", nidB)),
			{renumbered("m1", "2021-01-01", nidB), id},
			ok(renumbered("m1", "2021-01-01", "011090000003")),
			ok(renumbered("m2", "2021-01-02", nidA)), ok(renumbered("m1", "2021-01-03", nidB)),
		}, "A=m2 B=m1", 8},
		{"a profile without a number changes nothing", []refusal{ok(having("m1", nidA)), ok(event("member.profile_changed", "member/m1", "2021-01-01", `{"person":{"phone":"0912345678"}}`)), {having("m2", nidA), id}}, "A=m1", 1},
		{"a late change is overtaken by the one that counts later", []refusal{ok(having("m1", nidA)), ok(renumbered("m1", "2022-01-01", nidB)), ok(renumbered("m1", "2021-01-01", "011090000003")), ok(having("m2", "011090000003"))}, "A= B=m1", 4},
		{"an annulment brings the number before it back", []refusal{
			ok(having("m1", nidA)), ok(called("x", renumbered("m1", "2021-01-01", nidB))), ok(annulling("y", "x", "m1", "2021-01-01")), ok(having("m2", nidB)), {having("m3", nidA), id},
		}, "A=m1 B=m2", 6},
		{"an annulment of the only one frees it", []refusal{
			ok(newcomer("m1", "2020-01-01")), ok(called("x", card("m1", "2021-01-01", cardA))), ok(annulling("y", "x", "m1", "2021-01-01")), ok(newcomer("m2", "2020-01-01")), ok(card("m2", "2021-01-01", cardA)),
		}, "a=m2", 3},
		{"an annulment cannot bring back what belongs to another by now", []refusal{
			ok(having("m1", nidA)), ok(called("x", renumbered("m1", "2021-01-01", nidB))), ok(having("m2", nidA)), {annulling("y", "x", "m1", "2021-01-01"), "data.annuls"},
		}, "A=m2 B=m1", 4},
		{"an annulment that is annulled", []refusal{
			ok(having("m1", nidA)), ok(called("x", renumbered("m1", "2021-01-01", nidB))), ok(annulling("y", "x", "m1", "2021-01-01")), ok(annulling("z", "y", "m1", "2021-01-01")), ok(having("m2", nidA)),
		}, "A=m2 B=m1", 8},
		{"an annulment of something else", []refusal{ok(having("m1", nidA)), ok(called("x", event("member.rated", "member/m1", "2021-12-20", `{"year":2021,"grade":"good"}`))), ok(annulling("y", "x", "m1", "2021-12-20"))}, "A=m1", 1},
		{"the same event twice", []refusal{ok(having("m1", nidA)), ok(having("m1", nidA))}, "A=m1", 1},
	}
	names := map[string]struct {
		kind   domain.NumberKind
		number string
	}{"A": {domain.NationalID, nidA}, "B": {domain.NationalID, nidB}, "a": {domain.PartyCard, cardA}, "b": {domain.PartyCard, cardB}}
	record := func(t *testing.T, l *ledger.Ledger, lines []refusal) {
		for _, line := range lines {
			_, err := l.Record(t.Context(), []byte(line.line))
			var r *domain.Rejection
			if errors.As(err, &r) != (line.field != "") || r != nil && (r.Code != domain.Invariant || r.Field != line.field || r.Clash != "") || r == nil && err != nil {
				t.Errorf("Record(%s) = %v, want it refused for %q", line.line, err, line.field)
			}
			if r != nil && (strings.Contains(r.Message.EN+r.Message.VI, "0110900") || strings.Contains(r.Message.EN, "m1")) {
				t.Errorf("the answer says too much: %v", r)
			}
		}
	}
	importAll := func(t *testing.T, l *ledger.Ledger, lines []refusal) {
		var file []string
		var want []string
		for i, line := range lines {
			file = append(file, line.line)
			if line.field != "" {
				want = append(want, fmt.Sprint(i+1, " ", line.field))
			}
		}
		var got []string
		for _, r := range importLines(t, l, file...).Rejections {
			got = append(got, fmt.Sprint(r.Line, " ", r.Field))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("Import refused %v, want %v", got, want)
		}
	}
	ways := map[string]func(*testing.T, *ledger.Ledger, []refusal){
		"recorded": record,
		"imported": importAll,
		"half and half": func(t *testing.T, l *ledger.Ledger, lines []refusal) {
			record(t, l, lines[:1])
			importLinesOneByOne(t, l, lines[1:], importAll)
		},
		"with no memory": func(t *testing.T, l *ledger.Ledger, lines []refusal) {
			importLinesOneByOne(t, l, lines, func(t *testing.T, l *ledger.Ledger, one []refusal) { l.Forget(); record(t, l, one) })
		},
	}
	for _, tt := range tests {
		for way, store := range ways {
			t.Run(tt.name+", "+way, func(t *testing.T) {
				t.Parallel()
				l, _ := open(t)
				mustAccept(t, l, opening()[:3]...)
				store(t, l, tt.lines)
				if err := l.Replay(t.Context()); err != nil {
					t.Fatal(err)
				}
				for pair := range strings.FieldsSeq(tt.holds) {
					name, want, _ := strings.Cut(pair, "=")
					if want != "" {
						want = "member/" + want
					}
					if got, err := l.HolderOf(t.Context(), names[name].kind, names[name].number); string(got) != want || err != nil {
						t.Errorf("%s is %q's, %v; want %q", name, got, err, want)
					}
				}
				if _, parked, err := l.Models(t.Context()); err != nil || len(parked) > 0 {
					t.Errorf("set aside: %+v, %v", parked, err)
				}
				moves := 0
				for rec, err := range l.Records().Replay(t.Context(), 0, 0) {
					if err != nil {
						t.Fatal(err)
					}
					if projections.System(rec) {
						moves++
					}
				}
				if moves != tt.moves {
					t.Errorf("%d records of claims, want %d", moves, tt.moves)
				}
			})
		}
	}
}

func importLinesOneByOne(t *testing.T, l *ledger.Ledger, lines []refusal, store func(*testing.T, *ledger.Ledger, []refusal)) {
	for i := range lines {
		store(t, l, lines[i:i+1])
	}
}

// Of writers that race for one number exactly one gets it, in one process and in
// two.
func TestOneOfManyGetsANumber(t *testing.T) {
	first, dir := open(t)
	mustAccept(t, first, opening()[:3]...)
	second, end, err := first.Beside(t.Context(), filepath.Join(dir, "second.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	}()
	for round := range 20 {
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			l := []*ledger.Ledger{first, second}[i%2]
			wg.Go(func() {
				_, errs[i] = l.Record(t.Context(), []byte(having(fmt.Sprintf("r%d-%d", round, i), fmt.Sprintf("0110%08d", round))))
			})
		}
		wg.Wait()
		winners := 0
		for i, err := range errs {
			var r *domain.Rejection
			switch {
			case err == nil:
				winners++
			case !errors.As(err, &r) || r.Code != domain.Invariant || r.Field != "data.person.national_id":
				t.Errorf("round %d, writer %d: %v", round, i, err)
			}
		}
		if winners != 1 {
			t.Errorf("round %d: %d writers have the number", round, winners)
		}
	}
	if err := first.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, parked, err := first.Models(t.Context()); err != nil || len(parked) > 0 {
		t.Errorf("set aside: %+v, %v", parked, err)
	}
}

// The limit of an atomic import counts what goes along with the events.
func TestAnAtomicImportCountsClaims(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	var lines []string
	for i := range eventstore.MaxBatch/2 + 1 {
		lines = append(lines, having(fmt.Sprint("m", i), fmt.Sprintf("0110%08d", i)))
	}
	run := func(lines []string) (ledger.ImportResult, error) {
		return l.Import(t.Context(), []ledger.File{{Name: "f", Reader: bytes.NewReader([]byte(strings.Join(lines, "\n")))}}, ledger.ImportOptions{Atomic: true})
	}
	if r, err := run(lines); !errors.Is(err, ledger.ErrAtomicTooLarge) || r.Accepted != 0 {
		t.Errorf("one too many: %+v, %v", r, err)
	}
	if r, err := run([]string{lines[0], having("twin", "011000000000")}); err != nil || r.Accepted != 0 || r.Rejected != 1 {
		t.Errorf("a number twice: %+v, %v; want nothing stored", r, err)
	}
	if last, err := l.Last(t.Context()); last != 3 || err != nil {
		t.Errorf("the log ends at %d, %v; want nothing stored", last, err)
	}
	if r, err := run(lines[1:]); err != nil || r.Accepted != eventstore.MaxBatch/2 || r.LastSequence != 3+eventstore.MaxBatch {
		t.Errorf("just as many as fit: %d accepted, last %d, %v", r.Accepted, r.LastSequence, err)
	}
}

// The name of a number's stream is part of the stored format. It is the same
// however the number is written, and says nothing without the key.
func TestClaimStreams(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("rollbook/claim/v1\nnational_id\n0110ab90000001"))
	want := "sys/national_id-" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	for _, written := range []string{"0110ab90000001", "0110 AB-90.000001", " 0110Ab9000 0001", "0110aB90–000001"} {
		if got := ledger.ClaimStream(key, domain.NationalID, written); got != want {
			t.Errorf("ClaimStream(%q) = %s, want %s", written, got, want)
		}
	}
	for _, other := range []string{
		ledger.ClaimStream(key, domain.PartyCard, "0110ab90000001"),
		ledger.ClaimStream(key, domain.NationalID, "0110ab90000002"),
		ledger.ClaimStream([]byte("another key of as many bytes ..."), domain.NationalID, "0110ab90000001"),
	} {
		if other == want {
			t.Errorf("two numbers have the stream %s", want)
		}
	}
}

// The vector of docs/format.md.
func TestClaimsHaveTheirPublishedNames(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	stream := ledger.ClaimStream(key, domain.NationalID, nidA)
	if want := "sys/national_id-IhyPaizX3tPG3JWMEh0KcUKg_FABlCDhoWxgJb1-Bog"; stream != want {
		t.Errorf("stream %s, want %s", stream, want)
	}
	id := ledger.ClaimID(key, domain.Subject(stream), "ledger.number_claimed", "9592edb05772f737f9dae1b53855b8a2")
	if want := "f3ae2ce837ca61551aef0c3d8936e1be"; id != want {
		t.Errorf("id %s, want %s", id, want)
	}
	claim := projections.AppendClaim(nil, projections.Claim{Kind: domain.NationalID, Holder: "member/m-7f3k2a"})
	if want := `{"v":1,"kind":"national_id","holder":"member/m-7f3k2a"}`; string(claim) != want {
		t.Errorf("claim %s, want %s", claim, want)
	}
}

// Who is erased gives up all numbers that hold, and no others.
func TestWhoIsErasedGivesUpTheirNumbers(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, append(opening()[:3], having("m1", nidA), card("m1", "2021-01-01", cardA), renumbered("m1", "2021-01-01", nidB), having("m2", nidA))...)
	records, err := l.Surrender(t.Context(), "member/m1", "erasure-1")
	if err != nil || len(records) != 2 {
		t.Fatalf("Surrender = %v, %v; want two numbers given up", records, err)
	}
	for stream, rec := range records {
		head := eventstore.Head{}
		before, err := l.Records().Load(t.Context(), stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(before) > 0 {
			head = before[len(before)-1].Head()
		}
		if _, err := l.Records().Append(t.Context(), eventstore.Write{Stream: stream, Expected: head, Records: []eventstore.Record{rec}}); err != nil {
			t.Fatal(err)
		}
	}
	for number, want := range map[string]domain.Subject{nidA: "member/m2", nidB: ""} {
		if got, err := l.HolderOf(t.Context(), domain.NationalID, number); got != want || err != nil {
			t.Errorf("%s is %q's, %v; want %q", number, got, err, want)
		}
	}
	if got, err := l.HolderOf(t.Context(), domain.PartyCard, cardA); got != "" || err != nil {
		t.Errorf("the card is %q's, %v", got, err)
	}
}

// Of numbers that were recorded before there were claims nobody knows whose they
// are, until the next event that gives them.
func TestNumbersFromBeforeThereWereClaims(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	for _, id := range []string{"m1", "m2"} {
		owners := []vault.Owner{{Subject: "member/" + id, Class: "identity"}, {Subject: "member/" + id, Class: "sensitive"}}
		if err := l.Vault().Ensure(t.Context(), owners, func(vault.Owner) bool { return true }); err != nil {
			t.Fatal(err)
		}
		e, err := domain.Codec{}.Parse([]byte(having(id, map[string]string{"m1": nidA, "m2": nidB}[id])))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Records().Append(t.Context(), eventstore.Write{Stream: "member/" + id, Records: []eventstore.Record{
			{ID: e.ID, Type: e.Type(), Schema: domain.SchemaOf(e.Event), Data: domain.AppendPayload(nil, e, domain.All)},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	l.Forget()
	if r := importLines(t, l, having("m3", nidB), renumbered("m2", "2021-01-01", "011090000003")); r.Accepted != 2 {
		t.Errorf("Import = %+v, want a number that nobody has claimed to be free, and one of another's not to be given up", r)
	}
	for _, step := range []struct {
		number string
		holder domain.Subject
	}{{nidA, ""}, {nidB, "member/m3"}, {"011090000003", "member/m2"}} {
		if got, err := l.HolderOf(t.Context(), domain.NationalID, step.number); got != step.holder || err != nil {
			t.Errorf("%s is %q's, %v; want %q", step.number, got, err, step.holder)
		}
	}
}
