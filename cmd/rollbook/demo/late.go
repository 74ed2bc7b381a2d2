package demo

import (
	"fmt"
	"time"
)

// lateness is a number of entries that were recorded long after their day.
type lateness struct {
	n      int
	of     string
	from   span // of their days
	delay  span // in days
	reason string
}

var latenesses = []lateness{
	{3, "member.died", span{on(2022, time.March, 1), on(2022, time.December, 25)}, span{290, 360}, "Chi bộ báo cáo chậm"},
	{3, "member.transferred_out", span{on(2022, time.June, 1), on(2022, time.December, 25)}, span{220, 300}, "Giấy giới thiệu trả về chậm"},
	{4, "member.transferred", span{on(2022, time.February, 1), on(2022, time.December, 20)}, span{60, 330}, "Chi bộ nơi đến báo cáo chậm"},
	{3, "member.confirmed", span{on(2021, time.March, 1), on(2022, time.October, 31)}, span{90, 260}, "Quyết định gửi về chậm"},
	{2, "member.candidacy_ended", span{on(2021, time.January, 5), on(2022, time.November, 30)}, span{60, 130}, "Chi bộ báo cáo chậm"},
	{2, "member.profile_changed", span{on(2020, time.June, 1), on(2022, time.October, 31)}, span{100, 300}, "Bổ sung hồ sơ"},
	{3, "member.transferred_out", span{on(2023, time.August, 1), on(2023, time.December, 22)}, span{170, 200}, "Giấy giới thiệu trả về chậm"},
	{1, "member.died", span{on(2023, time.February, 1), on(2023, time.December, 22)}, span{340, 360}, "Chi bộ báo cáo chậm"},
}

// tellLate postpones some entries: they count on their day, but the ledger
// learns of them later.
func (g *generator) tellLate() error {
	for _, late := range latenesses {
		for range late.n {
			e := g.find(func(e *entry) bool { return e.kind == late.of && late.from.has(e.effective) })
			if e == nil {
				return fmt.Errorf("demo: no %s can be late", late.of)
			}
			e.reason = late.reason
			e.life.troubled = true
			g.postpone(e, e.effective+late.delay.pick(g.r))
		}
	}

	// A whole cell sends its grades of 2022 after the end of the year.
	cell := g.organisationNamed("nam-ke-thcs")
	for _, e := range g.entries {
		if e.kind == "member.rated" && e.life != nil && e.effective.year() == 2022 && e.life.in(e.effective) == cell && !e.life.troubled {
			e.reason = "Chi bộ gửi kết quả chậm"
			g.postpone(e, on(2023, time.February, 20))
		}
	}
	return nil
}
