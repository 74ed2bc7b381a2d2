package main

import (
	"context"
	"fmt"
	"strings"

	"rollbook/office/reports"
	"rollbook/projections"
)

// tellDemo shows what the demo came to. It fails if the figures do not
// reconcile.
func (a *app) tellDemo(ctx context.Context, f *projections.Figures, d demonstration) error {
	if a.json {
		a.out.document(d)
	} else {
		names, err := a.organisationNames(ctx, f, projections.Question{AsOf: yearEnd(demoYear)})
		if err != nil {
			return err
		}
		a.tellRejections(d.Import)
		a.out.line(a.say("1. Import", "1. Nhập sổ"))
		a.out.line(fmt.Sprintf(a.say("Ledger %q in %s, people invented: %s", "Sổ %q tại %s, nhân thân hư cấu: %s"), d.Ledger, show(a.dir), a.importSummary(d.Import)))
		a.out.line("")
		a.out.printf("2. ")
		reader := reports.Reader{Lang: a.lang, Names: reports.Names(names)}
		if err := reader.Headcount(d.Headcount).Table(a.out); err != nil {
			return err
		}
		a.out.line("")
		a.out.printf("3. ")
		if err := reader.Indicators(d.Indicators).Table(a.out); err != nil {
			return err
		}
		a.out.line("")
		a.tellReconciliation(d.Reconciliation)
		a.out.line("")
		a.out.line(a.say("5. Where to look next", "5. Xem tiếp"))
		for _, command := range d.Next {
			a.out.line("  " + command)
		}
	}
	if n := len(d.Reconciliation.Differences); n > 0 {
		return &problem{name: "verification_failed", exit: exitEvidence, told: a.json, text: textf(
			"%d figures do not reconcile; this is a defect of the program, please report it", "%d số liệu không khớp; đây là lỗi của chương trình, xin báo lại", n)}
	}
	if d.Import.Rejected > 0 {
		return &problem{name: "rejected", exit: exitRejected, told: true, text: textf("%d lines rejected", "%d dòng bị từ chối", d.Import.Rejected)}
	}
	return nil
}

func (a *app) tellReconciliation(r reconciliation) {
	a.out.line(a.say("4. Verification", "4. Kiểm tra"))
	a.out.line(fmt.Sprintf(a.say(
		"Opening + ins − outs = closing, and closing = headcount, for the whole ledger and each of %s organisations\nin each of %d years, %d to %d: %s checks, %s differences.",
		"Đầu kỳ + tăng − giảm = cuối kỳ, và cuối kỳ = số đảng viên, với toàn sổ và từng tổ chức trong %s tổ chức,\ntừng năm trong %d năm, %d đến %d: %s phép kiểm tra, %s chỗ không khớp."),
		a.number(r.Organisations), r.Years, demoFirst, demoLast, a.number(r.Checks), a.number(len(r.Differences))))
	for _, d := range r.Differences {
		a.out.line(fmt.Sprintf("  %s %d: %d, %d, %d", d.Organisation, d.Year, d.Sum, d.Closing, d.Headcount))
	}
}

// shellWord writes a word so that a shell takes it as it is.
func shellWord(s string) string {
	plain := strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == ""
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
