package sheets_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"rollbook/ledger"
	"rollbook/office/sheets"
	"rollbook/projections"
)

// archive writes a zip of parts, by name.
func archive(t testing.TB, parts ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p[0])
		if err == nil {
			_, err = w.Write([]byte(p[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// raw writes the least workbook around the XML of a sheet.
func raw(t testing.TB, sheet string, more ...[2]string) []byte {
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	return archive(t, append([][2]string{
		{"_rels/.rels", `<Relationships><Relationship Id="r1" Type="` + rel + `officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="` + rel + `worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", sheet},
	}, more...)...)
}

func TestHostileFilesAreRefusedBeforeAnythingIsStored(t *testing.T) {
	good := register(t, pao)
	wide := `<worksheet><sheetData><row r="1"><c r="ZZ1"><v>1</v></c></row></sheetData></worksheet>`
	for name, tt := range map[string]struct {
		file []byte
		says string
	}{
		"a zip bomb":              {raw(t, strings.Repeat(" ", 60<<20)), "unpacks to much more"},
		"many parts":              {archive(t, many(300)...), "more than 200 parts"},
		"a part named twice":      {archive(t, [2]string{"a", ""}, [2]string{"a", ""}), "named twice"},
		"a part outside":          {archive(t, [2]string{"../../etc/passwd", ""}), "named twice or wrongly"},
		"an entity bomb":          {raw(t, `<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>`), "document type"},
		"an unknown entity":       {raw(t, `<worksheet>&b;</worksheet>`), "damaged"},
		"nested without end":      {raw(t, strings.Repeat("<a>", 100)), "damaged"},
		"many columns":            {raw(t, wide), "more than 100 columns"},
		"cut in the middle":       {good[:len(good)/2], "damaged"},
		"old Excel":               {append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 2000)...), "save it as Excel Workbook (.xlsx)"},
		"a password":              {append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), utf16bytes("EncryptedPackage")...), "protected with a password"},
		"a web page as a table":   {[]byte("<html><body><table><tr><td>x</td></tr></table></body></html>"), "web page"},
		"OpenDocument":            {archive(t, [2]string{"mimetype", "x"}, [2]string{"content.xml", "<a/>"}), ".ods"},
		"an archive":              {archive(t, [2]string{"a.txt", "x"}), "not a workbook"},
		"no headers":              {book(t, "X", []any{"a", "b"}), "headers of a sheet that is known"},
		"a common text not there": {raw(t, `<worksheet><sheetData><row><c t="s"><v>7</v></c></row></sheetData></worksheet>`), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sheets.Open("f", bytes.NewReader(tt.file), sheets.Options{})
			if !errors.Is(err, ledger.ErrFile) || !strings.Contains(fmt.Sprint(err), tt.says) {
				t.Errorf("Open = %v, want an error with %q", err, tt.says)
			}
			if f, ok := errors.AsType[*sheets.FileError](err); ok && f.In("vi") == f.In("en") {
				t.Errorf("there is no Vietnamese for %v", f)
			}
		})
	}
}

func many(n int) (parts [][2]string) {
	for i := range n {
		parts = append(parts, [2]string{fmt.Sprint(i), ""})
	}
	return parts
}

func utf16bytes(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

func TestTooManyRowsAndWrongQuotesAreNamedByTheirRow(t *testing.T) {
	l := open(t)
	_, err := try(t.Context(), l, register(t, pao, mai), sheets.Options{Limits: sheets.Limits{Rows: 7}}, ledger.ImportOptions{})
	if err == nil || !strings.Contains(err.Error(), "more than 7 rows") {
		t.Errorf("too many rows: %v", err)
	}
	for _, text := range []string{"member,year,grade\nm1,2021,\"go\"od\"\n", "member,year,grade\nm1,2021,\"" + strings.Repeat("x,\n", 1<<19)} {
		_, err = try(t.Context(), l, []byte(text), sheets.Options{}, ledger.ImportOptions{})
		if f, ok := errors.AsType[*sheets.FileError](err); !ok || !strings.Contains(f.Error(), "quotation mark") || strings.Contains(f.Error(), "x,") {
			t.Errorf("wrong quotes: %v", err)
		}
	}
}

// Texts before Unicode: by the font of the cell, and in CSV by what reads as
// Vietnamese.
func TestOldEncodingsAreDecoded(t *testing.T) {
	const name = "Giàng Thị Mường Khương"
	t.Run("TCVN3 in a workbook", func(t *testing.T) {
		f := excelize.NewFile()
		rows := append(registerHead[:0:0], registerHead...)
		for i, r := range append(rows, []any{1, "Giµng ThÞ M\u00adêng Kh\u00ad¬ng", nil, "1985", "Th¸i", "Không", nil, "huoi-hoa", "01/06/2010", "01/06/2011"}) {
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
				t.Fatal(err)
			}
		}
		style, _ := f.NewStyle(&excelize.Style{Font: &excelize.Font{Family: ".VnTime"}})
		_ = f.SetCellStyle("Sheet1", "B7", "E7", style)
		wantName(t, written(t, f), name)
	})
	const head, row = "member;Họ và tên;Ngày sinh;Giới tính;Dân tộc;Tôn giáo;Tổ chức đảng;Tình trạng;Ngày vào Đảng\n", "m9;" + name + ";05/03/1985;Nữ;Thái;Không;huoi-hoa;Chính thức;01/06/2010\n"
	t.Run("UTF-16", func(t *testing.T) { wantName(t, append([]byte("\xFF\xFE"), utf16bytes(head+row)...), name) })
	t.Run("a byte-order mark and tabs", func(t *testing.T) {
		wantName(t, []byte("\uFEFF"+strings.ReplaceAll(head+row, ";", "\t")), name)
	})
	t.Run("Windows-1258", func(t *testing.T) { wantName(t, windows1258(t, head+row), name) })
	t.Run("VNI", func(t *testing.T) {
		text := strings.NewReplacer(name, "Giaøng Thò Möôøng Khöông", "Họ và tên", "Hoï vaø teân", "Ngày sinh", "Ngaøy sinh", "Giới tính", "Giôùi tính", "Dân tộc", "Daân toäc",
			"Tôn giáo", "Toân giaùo", "Tổ chức đảng", "Toå chöùc ñaûng", "Tình trạng", "Tình traïng", "Ngày vào Đảng", "Ngaøy vaøo Ñaûng", "Nữ", "Nöõ", "Thái", "Thaùi", "Không", "Khoâng", "Chính thức", "Chính thöùc").Replace(head + row)
		text = strings.NewReplacer("tính", "tính", "Tình", "Tình").Replace(text)
		b, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		wantName(t, b, name)
	})
	t.Run("TCVN3, as iconv writes it", func(t *testing.T) {
		if _, err := exec.LookPath("iconv"); err != nil {
			t.Log("iconv is not here; the golden texts above have to do")
			return
		}
		c := exec.CommandContext(t.Context(), "iconv", "-f", "UTF-8", "-t", "TCVN")
		c.Stdin, c.Stderr = strings.NewReader(head+row), os.Stderr
		b, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		wantName(t, b, name)
	})
}

// windows1258 writes a text as that code page has it: tones are letters of their
// own.
func windows1258(t *testing.T, s string) []byte {
	t.Helper()
	var out []byte
	for _, r := range norm.NFC.String(s) {
		if b, err := charmap.Windows1258.NewEncoder().String(string(r)); err == nil {
			out = append(out, b...)
			continue
		}
		for _, part := range shifted(r) {
			b, err := charmap.Windows1258.NewEncoder().String(string(part))
			if err != nil {
				t.Fatalf("%q: %v", r, err)
			}
			out = append(out, b...)
		}
	}
	return out
}

// shifted parts a letter into one without its tone, and the tone.
func shifted(r rune) []rune {
	var letter, tone []rune
	for _, m := range norm.NFD.String(string(r)) {
		if strings.ContainsRune("\u0300\u0301\u0303\u0309\u0323", m) {
			tone = append(tone, m)
		} else {
			letter = append(letter, m)
		}
	}
	return append([]rune(norm.NFC.String(string(letter))), tone...)
}

func wantName(t *testing.T, file []byte, name string) {
	t.Helper()
	l := open(t)
	got := take(t, l, file, sheets.Options{EffectiveOn: day("2022-12-31")})
	if got.Accepted == 0 || got.Rejected > 0 {
		t.Fatalf("import = %+v", got.ImportResult)
	}
	r, err := l.Register(t.Context(), ledger.RegisterQuestion{Question: projections.Question{AsOf: day("2022-12-31")}})
	if err != nil || len(r.Rows) != 1 || r.Rows[0].Name == nil || *r.Rows[0].Name != name {
		t.Errorf("register = %+v, %v; want %s", r.Rows, err, name)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(register(f, pao, mai))
	f.Add([]byte("member;year;grade\nm1;2021;good\n"))
	f.Add([]byte("\xFF\xFEm\x00"))
	f.Add(raw(f, `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><r><rPr><rFont val=".VnTime"/></rPr><t>_x000D_</t></r></is></c></row></sheetData></worksheet>`))
	f.Fuzz(func(t *testing.T, file []byte) { readThrough(t, file) })
}

func FuzzCSV(f *testing.F) {
	f.Add("member;year;grade\nm1;2021;good\n")
	f.Add("member,year,grade\n\"m1\",\"20\"21,good\n")
	f.Add("Mã\tNăm\tXếp loại\nm1\t2021\tTốt\nTổng cộng\t1\t\n")
	f.Fuzz(func(t *testing.T, text string) { readThrough(t, []byte(text)) })
}

// readThrough reads a file to its end: an error has to be one that names the file.
func readThrough(t *testing.T, file []byte) {
	b, err := sheets.Open("f", bytes.NewReader(file), sheets.Options{Limits: sheets.Limits{Unpacked: 4 << 20}})
	if err == nil {
		for row, e := range b.Rows(t.Context()) {
			if err = e; e == nil {
				row.Place()
			}
		}
	}
	if err != nil && !errors.Is(err, ledger.ErrFile) {
		t.Errorf("%v is no FileError", err)
	}
}
