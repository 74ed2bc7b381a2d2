package sheets_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"rollbook/office/sheets"
)

// Another program wrote the workbooks and another reader reads them: both find the
// same cells. Workbooks are of several sheets, with gaps, hidden rows, common and
// inline texts, numbers, days and truths.
func TestOurReaderFindsWhatExcelizeFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := excelize.NewFile()
		defer f.Close()
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		do(err)
		texts := rapid.OneOf(
			rapid.SampledFrom([]string{"Sùng A Páo", "  khoảng trắng ", "<&>\"'", "dòng 1\ndòng 2", "0123", "=1+1", "_x000D_", "nguye\u0302\u0303n", "\u00a0"}),
			rapid.StringOfN(rapid.RuneFrom([]rune("aĂđ ộ<&]>\"'\n0_x")), 0, 12, -1))
		value := rapid.Custom(func(t *rapid.T) any {
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				return rapid.IntRange(-1<<40, 1<<40).Draw(t, "int")
			case 1:
				return float64(rapid.IntRange(-1_000_000, 1_000_000).Draw(t, "thousandths")) / 1000
			case 2:
				return rapid.Bool().Draw(t, "bool")
			case 3:
				return time.Date(1930, 2, 3, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 40_000).Draw(t, "days"))
			default:
				return texts.Draw(t, "text")
			}
		})
		days := map[string]bool{}
		for n := range rapid.IntRange(1, 3).Draw(t, "sheets") {
			name := fmt.Sprintf("Sheet%d", n+1)
			_, err := f.NewSheet(name)
			do(err)
			grid := rapid.SliceOfN(rapid.SliceOfN(rapid.Ptr(value, true), 0, 6), 0, 8).Draw(t, "rows")
			var stream *excelize.StreamWriter // of inline texts
			if rapid.Bool().Draw(t, "streamed") {
				stream, err = f.NewStreamWriter(name)
				do(err)
			}
			for y, row := range grid {
				cells := make([]any, len(row))
				for x, v := range row {
					if v == nil {
						continue
					}
					at, err := excelize.CoordinatesToCellName(x+1, y+1)
					do(err)
					cells[x] = *v
					_, isDay := (*v).(time.Time)
					days[fmt.Sprintf("%s!%d,%d", name, y+1, x+1)] = isDay
					switch {
					case stream != nil && isDay:
						cells[x] = excelize.Cell{StyleID: day, Value: *v}
					case stream == nil:
						do(f.SetCellValue(name, at, *v))
						if isDay {
							do(f.SetCellStyle(name, at, at, day))
						}
					}
				}
				if stream != nil {
					do(stream.SetRow(fmt.Sprintf("A%d", y+1), cells))
				} else if rapid.Bool().Draw(t, "hidden") {
					do(f.SetRowVisible(name, y+1, false))
				}
			}
			if stream != nil {
				do(stream.Flush())
			}
		}
		buffer, err := f.WriteToBuffer()
		do(err)
		ours, err := sheets.Cells(buffer.Bytes())
		do(err)
		theirs, err := excelize.OpenReader(buffer)
		do(err)
		defer theirs.Close()
		found := 0
		for _, name := range theirs.GetSheetList() {
			rows, err := theirs.GetRows(name, excelize.Options{RawCellValue: true})
			do(err)
			for y, row := range rows {
				for x, raw := range row {
					at := fmt.Sprintf("%s!%d,%d", name, y+1, x+1)
					c, ok := ours[at]
					if sheets.Clean(raw) == "" {
						if ok {
							t.Fatalf("%s: we find %+v, they nothing", at, c)
						}
						continue
					}
					found++
					if want := sheets.Clean(raw); c.Text != want && (!c.Number || !sameNumber(c.Text, want)) {
						t.Fatalf("%s: we find %q, they %q", at, c.Text, want)
					}
					if c.Day != days[at] {
						t.Fatalf("%s: %+v, but it was written as a day: %t", at, c, days[at])
					}
					visible, err := theirs.GetRowVisible(name, y+1)
					if do(err); c.Hidden == visible {
						t.Fatalf("%s: %+v, they see the row: %t", at, c, visible)
					}
				}
			}
		}
		if found != len(ours) {
			t.Fatalf("we find %d cells, they %d", len(ours), found)
		}
	})
}

// sameNumber reports whether two numbers are the same as far as a spreadsheet
// counts.
func sameNumber(a, b string) bool {
	x, err := strconv.ParseFloat(a, 64)
	y, other := strconv.ParseFloat(b, 64)
	return err == nil && other == nil && math.Abs(x-y) <= 1e-9*math.Max(1, math.Abs(x))
}
