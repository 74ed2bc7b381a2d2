package main

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/xuri/excelize/v2"
)

// What is no text is not written to a terminal. A file or a pipe takes it.
func TestWorkbooksAreNotWrittenToATerminal(t *testing.T) {
	for _, form := range []string{"xlsx", "pdf"} {
		a := &app{out: &output{terminal: true}, lang: "en"}
		d := delivery{form: form}
		if p := explain(d.settle(a)); p.exit != exitUsage || !strings.Contains(p.text.EN, "name a file with --output") || !strings.Contains(p.text.VI, "--output") {
			t.Errorf("%s to a terminal: %+v", form, p)
		}
		d = delivery{form: form, output: filepath.Join(t.TempDir(), "x")}
		if err := d.settle(a); err != nil || string(d.format) != form {
			t.Errorf("%s to a file: %v, as %s", form, err, d.format)
		}
		a.out.terminal = false
		d = delivery{form: form}
		if err := d.settle(a); err != nil {
			t.Errorf("%s to a pipe: %v", form, err)
		}
	}
}

// Every report and explanation comes in every form, in both languages, with the
// root in it.
func TestEveryReportComesInEveryForm(t *testing.T) {
	data := office(t)
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			walk(c)
		}
		path := pathOf(cmd)
		if cmd.HasSubCommands() || !strings.HasPrefix(path, "report ") && !strings.HasPrefix(path, "explain ") {
			return
		}
		args := append(strings.Fields(path), examples[path]...)
		for i, form := range formats {
			a := rollbook(t, nil, append(args, "--data", data, "--format", form, "--lang", []string{"vi", "en"}[i%2])...)
			if a.exit != exitDone {
				t.Errorf("%s as %s: %+v", path, form, a)
				continue
			}
			switch format(form) {
			case asTable:
				if !roots.MatchString(a.stdout) {
					t.Errorf("%s: no root at the foot of\n%s", path, a.stdout)
				}
			case asCSV:
				if !strings.Contains(a.stderr, `"root":"`) || !strings.Contains(a.stdout, ",") && !strings.Contains(a.stdout, "members") {
					t.Errorf("%s as csv: %+v", path, a)
				}
				file := filepath.Join(t.TempDir(), "report.csv")
				if b := rollbook(t, nil, append(args, "--data", data, "--output", file)...); b.exit != exitDone {
					t.Errorf("%s to a file: %+v", path, b)
				}
				mustStandInEachRow(t, path, file, a.stdout)
			case asXLSX:
				f, err := excelize.OpenReader(bytes.NewReader([]byte(a.stdout)))
				if err != nil {
					t.Errorf("%s as xlsx: %v", path, err)
					continue
				}
				list := f.GetSheetList()
				rows, err := f.GetRows(list[len(list)-1])
				if err != nil || len(rows) < 9 || len(rows[6]) != 2 || len(rows[6][1]) != 44 {
					t.Errorf("%s as xlsx: the standing is %q, %v", path, rows, err)
				}
				_ = f.Close() // of a reader in memory
			case asPDF:
				if !strings.HasPrefix(a.stdout, "%PDF-") || !strings.Contains(a.stdout, "%%EOF") {
					t.Errorf("%s as pdf: %d bytes", path, len(a.stdout))
				}
			case asJSON:
				mustBeOneDocument(t, a.stdout)
			}
		}
	}
	walk(commandTree())
}

var csvRoots = regexp.MustCompile(`^sha256:[0-9A-Za-z+/]{43}=$`)

// mustStandInEachRow fails unless a file has the rows of a report as CSV, and on
// what they stand behind each.
func mustStandInEachRow(t *testing.T, path, file, plain string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var without strings.Builder
	w := csv.NewWriter(&without)
	for i, row := range rows {
		standing := row[len(row)-4:]
		if i == 0 && !slices.Equal(standing, []string{"as_of", "known_at", "position", "root"}) ||
			i > 0 && (len(standing[0]) != len("2021-12-31") || standing[1] == "" || standing[2] == "" || !csvRoots.MatchString(standing[3])) {
			t.Errorf("%s: row %d stands on %q", path, i, standing)
		}
		if err := w.Write(row[:len(row)-4]); err != nil {
			t.Fatal(err)
		}
	}
	if w.Flush(); without.String() != plain {
		t.Errorf("%s: the file has\n%s\nand standard output\n%s", path, without.String(), plain)
	}
}
