package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/internal/naive"
	"rollbook/ledger"
)

const person = `{"full_name":"Giàng A Sử","birth_date":"1990-05-01","gender":"male","ethnicity":"08","religion":"00"}`

// numbered is the same person with a national number.
const numbered = `{"full_name":"Giàng A Sử","birth_date":"1990-05-01","gender":"male","ethnicity":"08","religion":"00","national_id":"011090000001"}`

// opening is a small ledger: a district, two communes, a member and a candidate.
func opening() []string {
	return []string{
		event("organisation.established", "organisation/d", "1990-01-01", `{"name":"Đảng bộ huyện","kind":"district_committee","parent":null}`),
		event("organisation.established", "organisation/a", "1990-01-01", `{"name":"Đảng bộ xã A","kind":"grassroots_committee","parent":"d","sector":"commune"}`),
		event("organisation.established", "organisation/b", "1990-01-01", `{"name":"Đảng bộ xã B","kind":"grassroots_committee","parent":"d","sector":"commune"}`),
		event("member.brought_forward", "member/m1", "2020-01-01", `{"person":`+person+`,"organisation":"a","status":"official","admitted_on":"2010-05-19"}`),
		event("member.identified", "member/c1", "2021-01-01", `{"person":`+person+`,"organisation":"a","source":"militia"}`),
	}
}

// Every rejection code that an import can give, with the line, the field, the
// reason and what to do, in both languages, while the lines around are stored.
func TestRejectionsNameLineFieldReasonAndCure(t *testing.T) {
	decision := `{"number":"112-QĐ/HU","date":"2021-05-10"}`
	given := strings.Replace(event("member.course_completed", "member/c1", "2021-02-01", `{"course":"party_awareness"}`), "{", `{"id":"given-1",`, 1)
	tests := []struct {
		name, line string
		code       domain.Code
		field      string
		english    string // a part of the message
		vietnamese string
	}{
		{"not JSON", `{"type":`, domain.Malformed, "", "not valid JSON", "không phải JSON hợp lệ"},
		{"not UTF-8", "{\"type\":\"x\xff\"}", domain.Malformed, "", "save the file as UTF-8", "bảng mã UTF-8"},
		{"the same name twice", `{"type":"member.died","type":"member.died"}`, domain.Malformed, "type", "stands twice", "xuất hiện hai lần"},
		{"nested 10,000 deep", `{"data":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, domain.TooLarge, "", "nested more than", "lồng nhau quá"},
		{"unknown type", event("member.admited", "member/c1", "2021-02-01", `{}`), domain.UnknownType, "type", "did you mean member.admitted", "member.admitted"},
		{"unknown field", event("member.died", "member/m1", "2021-02-01", `{"place":"x"}`), domain.UnknownField, "data.place", "correct the name or leave it out", "hãy sửa tên hoặc bỏ đi"},
		{"missing field", event("member.confirmed", "member/c1", "2021-02-01", `{"decision":{"number":"1"}}`), domain.MissingField, "data.decision.date", "is missing; give it", "còn thiếu"},
		{"bad value", event("member.rated", "member/m1", "2021-12-31", `{"year":2021,"grade":"best"}`), domain.BadValue, "data.grade", "one of: excellent, good", "một trong các giá trị"},
		{"a date that does not exist", event("member.died", "member/m1", "2023-02-29", `{}`), domain.BadValue, "effectiveon", "not a date that exists", "không phải là ngày có thật"},
		{"before the Party", event("member.died", "member/m1", "1930-02-02", `{}`), domain.BadValue, "effectiveon", "1930-02-03", "03/02/1930"},
		{"unknown organisation", event("member.transferred", "member/m1", "2021-02-01", `{"organisation":"zz","temporary":false}`), domain.UnknownEntity, "data.organisation", "establish it first or correct the id", "hãy lập tổ chức trước"},
		{"unknown mentor", event("member.mentor_assigned", "member/c1", "2021-02-01", `{"mentor":"zz","role":"mentor"}`), domain.UnknownEntity, "data.mentor", "correct the id", "hãy sửa mã"},
		{"same id, other content", strings.Replace(event("member.course_completed", "member/c1", "2021-02-02", `{"course":"party_awareness"}`), "{", `{"id":"given-1",`, 1), domain.DuplicateID, "id", "another id", "dùng mã khác"},
		{"impossible", event("member.confirmed", "member/c1", "2021-02-01", `{"decision":`+decision+`}`), domain.Invariant, "", "must be a provisional member", "phải là đảng viên dự bị"},
		{"a long line", event("member.expelled", "member/m1", "2021-02-01", `{"decision":`+decision+`,"grounds":"`+strings.Repeat("x", 70_000)+`"}`), domain.TooLarge, "", "longer than 65536 bytes", "dài hơn 65536 byte"},
		{"an invisible character", event("member.identified", "member/c2", "2021-02-01", `{"person":`+strings.Replace(numbered, "Giàng", "Gi\u202eàng", 1)+`,"organisation":"a","source":"militia"}`), domain.BadValue, "data.person.full_name", "U+202E", "U+202E"},
		{"a control character", event("member.identified", "member/c2", "2021-02-01", `{"person":`+strings.Replace(numbered, "Giàng", `Gi\u0007ang`, 1)+`,"organisation":"a","source":"militia"}`), domain.BadValue, "data.person.full_name", "U+0007", "U+0007"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, _ := open(t)
			mustAccept(t, l, append(opening(), given)...)
			before := event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`)
			after := event("member.badge_awarded", "member/m1", "2040-05-19", `{"years":30}`)
			for _, lang := range []string{"en", "vi"} {
				r, err := l.Import(t.Context(), []ledger.File{{Name: "xa-a.ndjson", Reader: strings.NewReader(before + "\n\n" + tt.line + "\r\n" + after)}}, ledger.ImportOptions{Language: lang})
				if err != nil {
					t.Fatal(err)
				}
				if r.Accepted+r.Unchanged != 2 || r.Rejected != 1 {
					t.Fatalf("Import = %+v, want the two good lines stored and one rejected", r)
				}
				got := r.Rejections[0]
				part := map[string]string{"en": tt.english, "vi": tt.vietnamese}[lang]
				if got.File != "xa-a.ndjson" || got.Line != 3 || got.Code != tt.code || got.Field != tt.field || !strings.Contains(got.Message, part) {
					t.Errorf("rejection = %+v\nwant line 3, %s, field %q, a message with %q", got, tt.code, tt.field, part)
				}
				if strings.Contains(got.Message, "Giàng") || strings.Contains(got.Message, "011090000001") {
					t.Errorf("the message repeats personal data: %s", got.Message)
				}
			}
		})
	}
}

func TestFilesThatAreNotEventsAreRefusedWhole(t *testing.T) {
	for name, tt := range map[string]struct{ content, says string }{
		"empty":      {"", "empty"},
		"UTF-16":     {"\xff\xfe{\x00", "UTF-16"},
		"a workbook": {"PK\x03\x04rest", "workbook"},
		"binary":     {"\x00\x01\x02\x03", "binary"},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := open(t)
			_, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: strings.NewReader(tt.content)}}, ledger.ImportOptions{})
			if !errors.Is(err, ledger.ErrFile) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Import = %v, want %v with %q", err, ledger.ErrFile, tt.says)
			}
		})
	}
}

func TestAByteOrderMarkCRLFAndBlankLinesAreTolerated(t *testing.T) {
	l, _ := open(t)
	r := importBytes(t, l, []byte("\xef\xbb\xbf"+strings.Join(opening(), "\r\n\r\n  \r\n")))
	if r.Accepted != 5 || r.Rejected != 0 {
		t.Errorf("Import = %+v, want 5 accepted", r)
	}
}

func TestImportingTwiceChangesNothing(t *testing.T) {
	l, dir := open(t)
	first := importLines(t, l, opening()...)
	again := importLines(t, l, append(opening(), opening()...)...)
	if first.Accepted != 5 || again.Accepted != 0 || again.Unchanged != 10 || again.LastSequence != first.LastSequence {
		t.Errorf("first %+v, again %+v", first, again)
	}
	// Also for what was exported, whose events carry their ids, here and in
	// another ledger.
	var exported bytes.Buffer
	for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		exported.Write(append(domain.AppendJSON(nil, e, l.Source()), '\n'))
	}
	if r := importBytes(t, l, exported.Bytes()); r.Unchanged != 5 || r.Rejected+r.Accepted > 0 {
		t.Errorf("its own export: %+v, want 5 unchanged", r)
	}
	_ = dir
	other, _ := open(t)
	if r := importBytes(t, other, exported.Bytes()); r.Accepted != 5 {
		t.Errorf("an export into another ledger: %+v, want 5 accepted", r)
	}
	if r := importBytes(t, other, exported.Bytes()); r.Unchanged != 5 {
		t.Errorf("the same once more: %+v, want 5 unchanged", r)
	}
}

func TestADryRunStoresNothingAndSaysWhatWouldBe(t *testing.T) {
	l, _ := open(t)
	lines := append(opening(), event("member.died", "member/zz", "2021-01-01", `{}`))
	r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: strings.NewReader(strings.Join(lines, "\n"))}}, ledger.ImportOptions{DryRun: true})
	if err != nil || r.Accepted != 5 || r.Rejected != 1 {
		t.Fatalf("dry run = %+v, %v", r, err)
	}
	if last, err := l.Last(t.Context()); last != 0 || err != nil {
		t.Errorf("the log ends at %d after a dry run, %v", last, err)
	}
	if r := importLines(t, l, lines...); r.Accepted != 5 || r.Rejected != 1 {
		t.Errorf("the import after the dry run = %+v", r)
	}
}

func TestAnAtomicImportStoresAllOrNothing(t *testing.T) {
	l, _ := open(t)
	run := func(lines []string) (ledger.ImportResult, error) {
		return l.Import(t.Context(), []ledger.File{{Name: "f", Reader: strings.NewReader(strings.Join(lines, "\n"))}}, ledger.ImportOptions{Atomic: true})
	}
	if r, err := run(append(opening(), "{")); err != nil || r.Accepted != 0 || r.Rejected != 1 {
		t.Errorf("with a bad line: %+v, %v; want nothing accepted", r, err)
	}
	many := opening()
	for i := range eventstore.MaxBatch {
		many = append(many, event("village.registered", fmt.Sprintf("village/v%d", i), "2022-01-01", `{"name":"Bản","commune":"a"}`))
	}
	if r, err := run(many); !errors.Is(err, ledger.ErrAtomicTooLarge) || r.Accepted != 0 {
		t.Errorf("too many: %+v, %v; want %v", r, err, ledger.ErrAtomicTooLarge)
	}
	if last, _ := l.Last(t.Context()); last != 0 {
		t.Errorf("the log ends at %d, want nothing stored", last)
	}
	if r, err := run(many[:eventstore.MaxBatch]); err != nil || r.Accepted != eventstore.MaxBatch {
		t.Errorf("just as many as fit: %+v, %v", r, err)
	}
}

// An import that is interrupted keeps what it says it accepted, and goes on
// when it is repeated.
func TestAnInterruptedImportCanBeRepeated(t *testing.T) {
	l, _ := open(t)
	var file bytes.Buffer
	if err := naive.Bulk(&file, 500, 10, 7); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(file.Bytes(), []byte("\n"))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := l.Import(ctx, []ledger.File{{Name: "f", Reader: bytes.NewReader(file.Bytes())}}, ledger.ImportOptions{
		Progress: func(done, _ int64) {
			if done > 2000 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Import = %+v, %v; want it cancelled", r, err)
	}
	if stored := countEvents(t, l); stored != r.Accepted || r.Accepted == 0 || r.Accepted == lines {
		t.Fatalf("accepted %d of %d, and %d are in the log", r.Accepted, lines, stored)
	}
	again := importBytes(t, l, file.Bytes())
	if again.Unchanged != r.Accepted || again.Accepted != lines-r.Accepted || again.Rejected != 0 {
		t.Errorf("repeated: %+v after %+v, of %d lines", again, r, lines)
	}
}

// What an import remembers is bounded: it lets the read models catch up and
// goes on from them, with the same result.
func TestAnImportThatSpillsComesToTheSame(t *testing.T) {
	defer ledger.SetSpill(100 << 10)()
	spilling, _ := open(t)
	var file bytes.Buffer
	if err := naive.Bulk(&file, 300, 10, 7); err != nil {
		t.Fatal(err)
	}
	a := importBytes(t, spilling, file.Bytes())
	undo := ledger.SetSpill(1 << 30)
	defer undo()
	plain, _ := open(t)
	b := importBytes(t, plain, file.Bytes())
	if a.Accepted != b.Accepted || a.Rejected != 0 || b.Rejected != 0 {
		t.Fatalf("spilling %+v, plain %+v", a, b)
	}
	for i, l := range []*ledger.Ledger{spilling, plain} {
		if err := l.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(i, err)
		}
	}
	got, _, err := spilling.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := plain.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if got[i].Digest != want[i].Digest || got[i].Rows != want[i].Rows {
			t.Errorf("%s: %+v with spills, %+v without", want[i].Name, got[i], want[i])
		}
	}
}

// A line of a gigabyte costs a buffer, not a gigabyte.
func TestAHugeLineIsRefusedInBoundedMemory(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	huge := io.MultiReader(
		strings.NewReader(`{"type":"`), io.LimitReader(endless('x'), 1<<30),
		strings.NewReader("\n"+event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`)),
	)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: huge}}, ledger.ImportOptions{})
	runtime.ReadMemStats(&after)
	if err != nil || r.Accepted != 1 || r.Rejected != 1 || r.Rejections[0].Code != domain.TooLarge {
		t.Fatalf("Import = %+v, %v", r, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("the import allocated %d MB", grown>>20)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func FuzzLines(f *testing.F) {
	f.Add([]byte(strings.Join(opening(), "\n")))
	f.Add([]byte("\xef\xbb\xbf{}\r\n\n{"))
	f.Add([]byte("a\x00b"))
	f.Fuzz(func(t *testing.T, file []byte) {
		lines, tooBig, most, err := ledger.Lines(bytes.NewReader(file))
		if most > domain.MaxLine || tooBig > lines || lines > bytes.Count(file, []byte("\n"))+1 {
			t.Errorf("Lines(%q) = %d, %d, %d, %v", file, lines, tooBig, most, err)
		}
	})
}

func FuzzImport(f *testing.F) {
	for _, line := range opening() {
		f.Add([]byte(line))
	}
	f.Add([]byte(strings.Join(opening(), "\n")))
	f.Fuzz(func(t *testing.T, file []byte) {
		events, rejections, err := ledger.Parse(bytes.NewReader(file))
		if err != nil && !errors.Is(err, ledger.ErrFile) {
			t.Fatalf("Parse(%q): %v", file, err)
		}
		if lines := bytes.Count(file, []byte("\n")) + 1; events+len(rejections) > lines {
			t.Errorf("Parse(%q) = %d events and %d rejections from %d lines", file, events, len(rejections), lines)
		}
		for _, err := range rejections {
			r, ok := errors.AsType[*domain.Rejection](err)
			if !ok || r.Code == "" || r.Message.EN == "" || r.Message.VI == "" {
				t.Errorf("Parse(%q): %v says too little", file, err)
			}
		}
	})
}

// The next batch of an import is sealed while the one before is, and may be faster.
// It may rest on keys all the same that the one before makes.
func TestABatchThatOvertakesFindsTheKeys(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, event("organisation.established", "organisation/a", "1990-01-01", `{"name":"A","kind":"grassroots_cell","parent":null}`))
	var first []string
	for i := range 900 {
		first = append(first, event("member.brought_forward", fmt.Sprint("member/m", i), "2020-01-01", `{"person":`+person+`,"organisation":"a","status":"official","admitted_on":"2010-05-19"}`))
	}
	second := []string{event("member.profile_changed", "member/m899", "2021-01-01", `{"person":{"full_name":"Giàng A Sử Một"}}`)}
	errs, err := l.SendBackwards(t.Context(), first, second)
	if err != nil || errors.Join(errs...) != nil {
		t.Fatalf("SendBackwards = %v, %v", errs, err)
	}
	if n := countEvents(t, l); n != 902 {
		t.Errorf("%d events are stored, want 902", n)
	}
}
