package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/projections"
)

// canaries hands out values that look like what people write, and that occur
// nowhere else.
type canaries struct {
	values []string
	stored int // those among them that are in lines that are accepted
}

func (c *canaries) text(kind string) string {
	c.values = append(c.values, fmt.Sprintf("%s Chim Yến số %d hót", kind, 7001+len(c.values)))
	return c.values[len(c.values)-1]
}

func (c *canaries) digits(prefix string) string {
	c.values = append(c.values, fmt.Sprintf("%s90817263%02d", prefix, len(c.values)))
	return c.values[len(c.values)-1]
}

func (c *canaries) date() string {
	n := len(c.values)
	c.values = append(c.values, fmt.Sprintf("19%02d-%02d-19", 31+n%60, 1+n%12))
	return c.values[len(c.values)-1]
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// person is somebody of whom everything is a canary.
func (c *canaries) person() string {
	return `{"full_name":` + quoted(c.text("Họ tên")) + `,"birth_date":"` + c.date() + `","gender":"male","ethnicity":"08","religion":"00","national_id":"` + c.digits("01") +
		`","address":` + quoted(c.text("Bản")) + `,"phone":"` + c.digits("+84 ") + `","education":` + quoted(c.text("Học vấn")) + `,"occupation":` + quoted(c.text("Nghề")) + `}`
}

func with(line, attributes string) string { return strings.Replace(line, "{", "{"+attributes+",", 1) }

func (c *canaries) reason() string { return `"reason":` + quoted(c.text("Lý do")) }

func (c *canaries) exception() string {
	return `"exception":{"rule":"age_limit","reason":` + quoted(c.text("Ngoại lệ")) + `,"authority":` + quoted(c.text("Thẩm quyền")) + `}`
}

// good are lines that a ledger with the opening accepts.
func (c *canaries) good() []string {
	decision := `"decision":{"number":"112-QĐ/HU","date":"2021-05-10"}`
	lines := []string{
		with(event("member.brought_forward", "member/x1", "2020-01-01", `{"person":`+c.person()+`,"organisation":"a","status":"official","admitted_on":"2010-05-19"}`), c.reason()),
		with(event("member.identified", "member/x2", "2021-01-01", `{"person":`+c.person()+`,"organisation":"a","source":"militia"}`), c.exception()),
		event("member.course_completed", "member/x2", "2021-02-01", `{"course":"party_awareness","certificate":`+quoted(c.text("Chứng nhận"))+`}`),
		with(with(event("member.admitted", "member/x2", "2021-06-01", `{`+decision+`}`), c.exception()), c.reason()),
		event("member.card_issued", "member/x1", "2021-03-01", `{"card":"`+c.digits("")+`"}`),
		with(event("member.profile_changed", "member/x1", "2021-04-01", `{"person":{"phone":"`+c.digits("0")+`","address":`+quoted(c.text("Phố"))+`,"full_name":`+quoted(c.text("Tên mới"))+`}}`), `"id":"changed-1"`),
		with(event("member.entry_annulled", "member/x1", "2021-04-01", `{"annuls":"changed-1"}`), c.reason()),
		event("member.transferred_out", "member/x2", "2022-01-01", `{"destination":`+quoted(c.text("Nơi đến"))+`}`),
		event("member.transferred_in", "member/x3", "2022-01-01", `{"person":`+c.person()+`,"organisation":"b","status":"official","admitted_on":"2010-05-19"}`),
		with(event("member.expelled", "member/x1", "2022-06-01", `{`+decision+`,"grounds":`+quoted(c.text("Vi phạm")+"\n"+c.text("Kết án"))+`}`), c.reason()),
		with(event("organisation.commended", "organisation/a", "2022-01-01", `{"year":2021,"title":"Tiên tiến"}`), c.reason()),
		with(event("village.registered", "village/v1", "2022-01-01", `{"name":"Bản Một","commune":"a"}`), c.reason()),
	}
	c.stored = len(c.values)
	return lines
}

// bad are lines that are rejected, for every reason that there is.
func (c *canaries) bad() []string {
	good := func() string {
		return event("member.identified", "member/y1", "2021-01-01", `{"person":`+c.person()+`,"organisation":"a","source":"militia"}`)
	}
	return []string{
		good()[:200], // cut off
		strings.Replace(good(), `"gender":"male"`, `"gender":`+quoted(c.text("Giới")), 1),
		strings.Replace(good(), `"gender":"male"`, `"gender":"male","note":`+quoted(c.text("Ghi chú")), 1),
		strings.Replace(good(), `"ethnicity":"08"`, `"ethnicity":"08","ethnicity":`+quoted(c.text("Dân tộc")), 1),
		strings.Replace(good(), `"organisation":"a"`, `"organisation":`+quoted(c.text("Chi bộ")), 1),
		strings.Replace(good(), `"effectiveon":"2021-01-01"`, `"effectiveon":`+quoted(c.text("Ngày")), 1),
		strings.Replace(good(), `"type":"member.identified"`, `"type":`+quoted(c.text("Loại")), 1),
		strings.Replace(good(), `"subject":"member/y1"`, `"subject":`+quoted("member/"+c.text("Mã")), 1),
		with(good(), `"id":`+quoted(c.text("Mã số"))),
		with(good(), `"actor":`+quoted(c.text("Cán bộ"))),
		with(good(), `"reason":`+quoted("\u202e"+c.text("Lý do"))),
		with(event("member.expelled", "member/c1", "2022-06-01", `{"decision":{"number":"1","date":"2021-05-10"},"grounds":`+quoted(c.text("Không thể"))+`}`), c.reason()),
		event("member.card_issued", "member/m1", "2021-03-01", `{"card":`+quoted(c.text("Thẻ"))+`}`),
		with(event("member.profile_changed", "member/x1", "2021-04-02", `{"person":{"phone":"`+c.digits("0")+`"}}`), `"id":"changed-1"`), // the id of another
		with(event("member.expelled", "member/m1", "2022-06-01", `{"decision":{"number":"1","date":"2021-05-10"},"grounds":`+quoted(strings.Repeat(c.text("Dài"), 4000))+`}`), c.reason()),
	}
}

// What people are called, where they live and what is said of them is found
// nowhere but under seal: in no file of the store, in no log line, no error, no
// metric, no trace, no answer of an import.
func TestCanariesAreFoundNowhere(t *testing.T) {
	var c canaries
	good, bad := c.good(), c.bad()
	if len(c.values) < 50 {
		t.Fatalf("only %d values are planted", len(c.values))
	}
	t.Logf("%d values are planted, %d of them in lines that are accepted", len(c.values), c.stored)
	dir := t.TempDir()
	var said bytes.Buffer // logs, errors, answers
	logger := slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	traces := tracetest.NewInMemoryExporter()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true, Logger: logger, Traces: sdktrace.NewTracerProvider(sdktrace.WithSyncer(traces))})
	if err != nil {
		t.Fatal(err)
	}
	mustAccept(t, l, opening()...)

	lines := append(append(append([]string{}, bad...), good...), bad...)
	file := func(lines []string) []ledger.File {
		return []ledger.File{{Name: "xa-a.ndjson", Reader: strings.NewReader(strings.Join(lines, "\n"))}}
	}
	for _, o := range []ledger.ImportOptions{
		{DryRun: true, Language: "vi"}, {Atomic: true, Language: "en"}, {Language: "vi"}, {Language: "en"}, // the last changes nothing
	} {
		r, err := l.Import(t.Context(), file(lines), o)
		if err != nil {
			t.Fatalf("Import: %v", err)
		}
		if r.Rejected != 2*len(bad) || r.Accepted+r.Unchanged != len(good) && !o.Atomic {
			t.Fatalf("Import(%+v) = %+v, want %d accepted and %d rejected", o, r, len(good), 2*len(bad))
		}
		answer, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(answer)
	}
	for _, line := range lines {
		out, err := l.Record(t.Context(), []byte(line))
		fmt.Fprintf(&said, "%+v %v\n", out, err)
	}
	figures, err := l.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := figures.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	models, parked, err := l.Models(t.Context())
	fmt.Fprintf(&said, "%+v %+v %v\n", models, parked, err)
	if _, err := l.Publish(t.Context(), false, nil); err != nil {
		t.Fatal(err)
	}
	families, err := l.Registry().Gather()
	if err != nil || len(families) < 30 {
		t.Fatalf("metrics: %v, %v", families, err)
	}
	for _, f := range families {
		fmt.Fprintln(&said, f)
	}

	// They are there, for whoever has the keys.
	var shown bytes.Buffer
	for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(domain.AppendJSON(nil, e, l.Source()))
	}
	for _, v := range c.values[:c.stored] {
		if !bytes.Contains(shown.Bytes(), []byte(v)) {
			t.Errorf("%q was accepted, and is not exported", v)
		}
	}

	// Whose a number is stands in the log, under names that tell nothing.
	claims := 0
	for rec, err := range l.Records().Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if projections.System(rec) {
			claims++
			fmt.Fprintf(&said, "%s %s %s %s\n", rec.Stream, rec.ID, rec.Type, rec.Data)
		}
	}
	if claims < 4 {
		t.Errorf("%d claims of numbers are in the log, want those of three people and a card", claims)
	}

	scan := func(when string) {
		open := 0
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(dir, path)
			findCanaries(t, when+" in "+name, append(b, path...), c.values)
			open += bytes.Count(b, []byte("112-QĐ/HU"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			t.Errorf("%s: what stands open is not found either, so the search proves nothing", when)
		}
	}
	scan("while the ledger is open")

	// Somebody's keys are destroyed, the keyring and a record are damaged: what
	// is said of it tells nothing.
	if _, err := l.Vault().Destroy(t.Context(), "member/x3"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&said, l.Replay(t.Context()))
	if err := l.CloseKeyring(); err != nil {
		t.Fatal(err)
	}
	out, err := l.Record(t.Context(), []byte(strings.Replace(good[0], "member/x1", "member/x9", 1)))
	if err == nil {
		t.Errorf("recorded without a keyring: %+v", out)
	}
	fmt.Fprintf(&said, "%+v %v\n", out, err)
	fmt.Fprintln(&said, l.Close())
	spans := traces.GetSpans()
	if len(spans) < 20 {
		t.Errorf("only %d spans were seen", len(spans))
	}
	fmt.Fprintf(&said, "%+v\n", spans)
	scan("after it was closed")
	findCanaries(t, "in logs, errors and answers", said.Bytes(), c.values)
	if !bytes.Contains(said.Bytes(), []byte("duplicate_id")) || !bytes.Contains(said.Bytes(), []byte("invariant")) || !bytes.Contains(said.Bytes(), []byte("master key was made")) {
		t.Errorf("the captured text lacks what must be in it:\n%s", said.Bytes())
	}
}

// findCanaries fails if a value is in a text, plain or in an encoding in which
// it could have got there.
func findCanaries(t *testing.T, where string, text []byte, values []string) {
	t.Helper()
	for _, v := range values {
		escaped := strings.Trim(fmt.Sprintf("%+q", v), `"`)
		forms := map[string][]byte{"plain": []byte(v), "escaped": []byte(escaped), "hexadecimal": []byte(hex.EncodeToString([]byte(v)))}
		// A number has few digits: its hash without a key is as good as itself.
		sum := sha256.Sum256([]byte(v))
		forms["hash, hexadecimal"] = []byte(hex.EncodeToString(sum[:]))
		forms["hash, base64"] = []byte(base64.RawURLEncoding.EncodeToString(sum[:]))
		for skip := range 3 { // base64 of a text in which the value stands anywhere
			inner := []byte(v)[skip:]
			inner = inner[:len(inner)/3*3]
			forms[fmt.Sprint("base64 ", skip)] = []byte(base64.RawURLEncoding.EncodeToString(inner))
			forms[fmt.Sprint("standard base64 ", skip)] = []byte(base64.RawStdEncoding.EncodeToString(inner))
		}
		for form, b := range forms {
			if i := bytes.Index(text, b); i >= 0 {
				t.Errorf("%s: %q is found (%s) at byte %d", where, v, form, i)
			}
		}
	}
}
