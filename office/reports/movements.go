package reports

import (
	"fmt"

	"rollbook/office/papers"
	"rollbook/projections"
	"rollbook/words"
)

// Movements puts the movements of a period on paper.
func (r Reader) Movements(m projections.Movements) papers.Paper {
	p := r.paper(r.say("Movements of members", "Biến động đảng viên"), r.scope(m.Organisation), r.period(m.From, m.To), m.To, m.Standing)
	in, out := r.say("in", "tăng"), r.say("out", "giảm")
	t := papers.Table{
		Columns: []papers.Column{{Head: r.say("Movement", "Biến động")}, {}, {Head: r.say("Members", "Đảng viên"), Right: true}},
		Rows: [][]papers.Cell{{
			papers.Text(fmt.Sprintf(r.say("Opening, %s", "Đầu kỳ, %s"), m.From.Vietnamese())), papers.Text(""), r.count(m.Opening),
		}},
		Total: []papers.Cell{
			papers.Text(fmt.Sprintf(r.say("Closing, %s", "Cuối kỳ, %s"), m.To.Vietnamese())), papers.Text(""), r.count(m.Closing),
		},
		Tail: []string{
			fmt.Sprintf(r.say("Confirmed within the period: %s (neither in nor out).", "Công nhận chính thức trong kỳ: %s (không tăng, không giảm)."), r.number(m.Confirmed)),
			r.reconciliation(m),
		},
	}
	head := []string{"organisation", "from", "to"}
	data := []string{orEmpty(m.Organisation), m.From.String(), m.To.String()}
	for _, line := range projections.MovementColumns() {
		head, data = append(head, line), append(data, itoa(m.Line(line)))
	}
	p.Data = [][]string{head, data}
	for _, line := range projections.MovementLines() {
		way := in
		sign := 1
		switch line {
		case "confirmed": // see Tail
			continue
		case "moved_out", "transferred_out", "expelled", "removed", "resigned", "died":
			way, sign = out, -1
		}
		t.Rows = append(t.Rows, []papers.Cell{papers.Text(words.Movements.In(r.Lang, line)), papers.Text(way), r.change(m.Line(line), sign)})
	}
	p.Tables = []papers.Table{t}
	return p
}

// reconciliation says whether the movements make the closing, which those that are
// withheld or rounded cannot be asked.
func (r Reader) reconciliation(m projections.Movements) string {
	if r.Withheld != "" {
		return r.say("Rounded numbers need not add up.", "Số đã làm tròn có thể không khớp khi cộng lại.")
	}
	sum := fmt.Sprintf("%s + %s − %s = %s", r.number(m.Opening), r.number(m.Ins()), r.number(m.Outs()), r.number(m.Opening+m.Ins()-m.Outs()))
	if m.Reconciles() {
		return r.say("Reconciles: ", "Khớp: ") + sum + "."
	}
	return fmt.Sprintf(r.say("!!! DOES NOT RECONCILE: %s, but the closing is %s. Run `rollbook projections rebuild` and report it.",
		"!!! KHÔNG KHỚP: %s, nhưng cuối kỳ là %s. Hãy chạy `rollbook projections rebuild` và báo lỗi."), sum, r.number(m.Closing))
}
