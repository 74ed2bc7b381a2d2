package sheets

import (
	"bytes"
	"strings"

	unicodes "golang.org/x/text/encoding/unicode"
)

// Form is what a file is, judging by its content.
type Form int

// The forms.
const (
	NotATable Form = iota // events, or nothing that is known here
	Workbook              // XLSX, or what a message explains how to save as one
	CSV                   // text with cells
)

// Sniff tells what a file is by its beginning; its name means nothing. What
// begins with a brace is events.
func Sniff(sample []byte) Form {
	switch {
	case bytes.HasPrefix(sample, []byte("PK\x03\x04")), bytes.HasPrefix(sample, []byte("PK\x05\x06")), isCompound(sample):
		return Workbook
	}
	text := sample
	switch {
	case bytes.HasPrefix(sample, []byte("\xEF\xBB\xBF")):
		text = sample[3:]
	case bytes.HasPrefix(sample, []byte("\xFF\xFE")), bytes.HasPrefix(sample, []byte("\xFE\xFF")):
		text, _ = unicodes.UTF16(unicodes.LittleEndian, unicodes.UseBOM).NewDecoder().Bytes(sample)
	case bytes.IndexByte(sample[:min(len(sample), 512)], 0) >= 0:
		return NotATable
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] == '{' || text[0] == '[' {
		return NotATable
	}
	if lower := bytes.ToLower(text[:min(len(text), 512)]); text[0] == '<' && (bytes.Contains(lower, []byte("<html")) || bytes.Contains(lower, []byte("<table")) || bytes.Contains(lower, []byte("mso-application"))) {
		return Workbook // as other programs write ".xls"
	}
	lines := strings.SplitN(string(text), "\n", 40)
	if len(lines) == 40 {
		lines = lines[:39]
	}
	cells := 0
	for _, line := range lines {
		if strings.ContainsAny(line, ",;\t") && !strings.HasPrefix(strings.TrimSpace(line), "{") {
			cells++
		}
	}
	if 2*cells > len(lines) {
		return CSV
	}
	return NotATable
}

// isCompound reports whether a file is an OLE compound file: a workbook of Excel
// 97 to 2003, or an encrypted one of today.
func isCompound(file []byte) bool {
	return bytes.HasPrefix(file, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"))
}

// checkWorkbook refuses what is called a workbook and is none of today's.
func checkWorkbook(file []byte) error {
	switch {
	case isCompound(file) && bytes.Contains(file, utf16le("EncryptedPackage")):
		return refuse("is protected with a password; open it, take the password off (File, Info, Protect Workbook) and save it",
			"được bảo vệ bằng mật khẩu; hãy mở tệp, bỏ mật khẩu (Tệp, Thông tin, Bảo vệ sổ làm việc) rồi lưu lại")
	case isCompound(file):
		return refuse("is a workbook of Excel 97 to 2003 (.xls); open it and save it as Excel Workbook (.xlsx)",
			"là sổ tính Excel 97-2003 (.xls); hãy mở tệp và lưu thành Excel Workbook (.xlsx)")
	case !bytes.HasPrefix(file, []byte("PK")):
		return refuse("is a web page or XML under the name of a workbook; open it in Excel and save it as Excel Workbook (.xlsx)",
			"là trang web hoặc XML mang tên sổ tính; hãy mở bằng Excel và lưu thành Excel Workbook (.xlsx)")
	}
	return nil
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}
