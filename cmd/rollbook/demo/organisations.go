package demo

import (
	"fmt"
	"strings"
	"time"
)

// class is what kind of people belong to a cell.
type class int

const (
	villageCell class = iota
	office            // of a commune or an agency
	school
	kindergarten
	health
	force // police and military
)

const districtID = "muong-nhe"

// organisation is a Party organisation as the generator sees it.
type organisation struct {
	id, name, kind, sector string
	parent                 *organisation
	founded                day
	class                  class
	place                  string // village or commune, for addresses
	mix                    []share

	closes day           // when it ends; never while it lives
	into   *organisation // where it merges then; nil when it is dissolved

	seats, kinhSeats int // on the day of the figures
}

// grassroots returns the grassroots organisation that o is or belongs to.
func (o *organisation) grassroots() *organisation {
	if o.kind == "cell" {
		return o.parent
	}
	return o
}

func (o *organisation) subject() string { return "organisation/" + o.id }

// organise draws the organisations and villages and records them as they were
// at the opening.
func (g *generator) organise() {
	g.district = g.establish(&organisation{
		id: districtID, name: "Đảng bộ huyện Mường Nhé", kind: "district_committee",
		founded: on(2002, time.February, 27),
	})
	for _, c := range communes {
		g.organiseCommune(c)
	}
	for _, c := range agencyCommittees {
		sector := "agency"
		committee := g.establish(&organisation{
			id: c.id, name: c.name, kind: "grassroots_committee", sector: sector,
			parent: g.district, founded: on(2002, time.April, 15),
		})
		for _, u := range c.cells {
			if c.class == force {
				sector = "armed_forces"
			}
			g.establishCell(committee, u, sector, c.class)
		}
	}
	for _, a := range agencies {
		c := office
		switch a.id {
		case "trung-tam-y-te", "phong-y-te":
			c = health
		case "truong-thpt", "truong-noi-tru", "gdnn-gdtx":
			c = school
		}
		o := g.establish(&organisation{
			id: a.id, name: "Chi bộ " + a.name, kind: "grassroots_cell", sector: a.sector,
			parent: g.district, founded: g.foundedAfter(on(2002, time.April, 15)),
			class: c, place: "xã Mường Nhé", mix: officials,
		})
		g.cells = append(g.cells, o)
	}
}

func (g *generator) organiseCommune(c commune) {
	committee := g.establish(&organisation{
		id: c.id, name: "Đảng bộ xã " + c.name, kind: "grassroots_committee", sector: "commune",
		parent: g.district, founded: c.founded, place: "xã " + c.name,
	})
	g.establishCell(committee, unit{"co-quan", "Cơ quan xã " + c.name}, "commune", office)
	g.establishCell(committee, unit{"cong-an-quan-su", "Công an - Quân sự xã " + c.name}, "armed_forces", force)
	g.establishCell(committee, unit{"mam-non", "Trường Mầm non " + c.name}, "public_service", kindergarten)
	if c.size == small {
		g.establishCell(committee, unit{"th-thcs", "Trường PTDTBT Tiểu học và THCS " + c.name}, "public_service", school)
	} else {
		g.establishCell(committee, unit{"tieu-hoc", "Trường PTDTBT Tiểu học " + c.name}, "public_service", school)
		g.establishCell(committee, unit{"thcs", "Trường PTDTBT THCS " + c.name}, "public_service", school)
	}
	if c.size != middle {
		g.establishCell(committee, unit{"tram-y-te", "Trạm Y tế xã " + c.name}, "public_service", health)
	}

	cells := map[string]*organisation{}
	for _, v := range c.villages {
		if v.name == villageWithoutCell {
			continue
		}
		o := g.establishCell(committee, unit{slug(v.name), "bản " + v.name}, "commune", villageCell)
		o.place = "bản " + v.name + ", xã " + c.name
		o.mix = villagers(v.people)
		cells[v.name] = o
	}
	for _, v := range c.villages {
		subject := "village/" + c.id + "-" + slug(v.name)
		g.record(subject, villageRegistered("Bản "+v.name, c.id), c.founded)
		if v.name == villageWithoutCell {
			host := cells[villageThatHosts]
			g.jointVillage = g.record(subject, cellAssigned(host.id, true), host.founded)
			continue
		}
		g.record(subject, cellAssigned(cells[v.name].id, false), cells[v.name].founded)
	}
}

func (g *generator) establishCell(committee *organisation, u unit, sector string, c class) *organisation {
	o := g.establish(&organisation{
		id: committee.id + "-" + u.id, name: "Chi bộ " + u.name, kind: "cell", sector: sector,
		parent: committee, founded: g.foundedAfter(committee.founded),
		class: c, place: committee.place, mix: officials,
	})
	if o.place == "" {
		o.place = "xã Mường Nhé"
	}
	g.cells = append(g.cells, o)
	return o
}

// establish adds an organisation and records it.
func (g *generator) establish(o *organisation) *organisation {
	o.closes = never
	g.organisations = append(g.organisations, o)
	g.record(o.subject(), organisationEstablished(o), o.founded)
	if o.kind == "grassroots_committee" || o.kind == "grassroots_cell" {
		g.grassroots = append(g.grassroots, o)
	}
	return o
}

// foundedAfter returns a day on which an organisation began, after its superior
// and well before the ledger.
func (g *generator) foundedAfter(d day) day {
	return span{d + 30, on(2017, time.December, 29)}.pick(g.r)
}

// organisationNamed returns an organisation by its id. The ids asked for are
// those of this package's own lists.
func (g *generator) organisationNamed(id string) *organisation {
	for _, o := range g.organisations {
		if o.id == id {
			return o
		}
	}
	panic(fmt.Sprintf("demo: no organisation %s", id))
}

// slug makes the ASCII part of an id from a name.
func slug(name string) string {
	folded := map[rune]string{}
	for ascii, letters := range map[string]string{
		"a": "àáảãạăằắẳẵặâầấẩẫậ", "d": "đ", "e": "èéẻẽẹêềếểễệ", "i": "ìíỉĩị",
		"o": "òóỏõọôồốổỗộơờớởỡợ", "u": "ùúủũụưừứửữự", "y": "ỳýỷỹỵ", "-": " ",
	} {
		for _, l := range letters {
			folded[l] = ascii
		}
	}
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		if ascii, ok := folded[c]; ok {
			b.WriteString(ascii)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}
