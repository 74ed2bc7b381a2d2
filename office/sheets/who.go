package sheets

import (
	"slices"
	"strconv"
	"strings"

	"rollbook/domain"
)

// holders returns the members whom the numbers of a row belong to, each once.
func (r *reading) holders(card, nationalID string) (ids []string) {
	for _, n := range []struct {
		kind   domain.NumberKind
		number string
	}{{domain.PartyCard, card}, {domain.NationalID, nationalID}} {
		if n.number == "" || r.broken != nil {
			continue
		}
		id, err := r.look.Holder(n.kind, n.number)
		if err != nil {
			r.broken = err
		}
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (r *reading) known(id string) bool {
	ok, err := r.look.Known(domain.MemberSubject(id))
	if err != nil {
		r.broken = err
	}
	return ok
}

// id reads the column that names a member by id, "" if it is empty.
func (r *reading) id(key string) string {
	c, ok := r.get(key)
	if !ok {
		return ""
	}
	id := c.text
	for _, kind := range []domain.Kind{domain.MemberKind, domain.OrganisationKind, domain.VillageKind} {
		id = strings.TrimPrefix(id, string(kind)+"/")
	}
	if !domain.ValidID(id) {
		r.refuse(domain.BadValue, key, textf("is not an id: 1 to 64 of the characters A-Z a-z 0-9 _ -", "không phải mã: 1 đến 64 ký tự A-Z a-z 0-9 _ -"))
		return ""
	}
	return id
}

// byName returns the id that somebody was given who came without a national
// number, "" if name and day of birth are not both there. A year of birth is too
// little to find anybody by.
func (r *reading) byName(name string, born domain.Date) string {
	if name == "" || born == 0 {
		return ""
	}
	return r.look.NewMember("name", spelled(name), born.String())
}

// newcomer returns the id of somebody whom the row says everything of: their own
// if the ledger knows them, or else one that is always the same for them.
func (r *reading) newcomer(p domain.Person, organisation string) string {
	card := r.digits("card", 8, 12)
	id := r.id("member")
	if r.err != nil || r.broken != nil {
		return ""
	}
	if id != "" {
		return id // whose the numbers are, the ledger checks
	}
	ids := r.holders(card, p.NationalID)
	byName := r.byName(p.FullName, p.BirthDate)
	if byName != "" && !slices.Contains(ids, byName) && r.known(byName) {
		ids = append(ids, byName)
	}
	switch {
	case len(ids) > 1:
		r.several()
		return ""
	case len(ids) == 1:
		return ids[0]
	case p.NationalID != "":
		return r.look.NewMember("national_id", p.NationalID)
	case byName != "":
		return byName
	default:
		return r.look.NewMember("name", spelled(p.FullName), strconv.Itoa(p.BirthYear), organisation)
	}
}

func (r *reading) several() {
	r.refuse(domain.Invariant, "member", textf("is missing, and what the row says fits several members of the ledger; write the id of the one who is meant",
		"còn thiếu, trong khi các số và tên ở dòng này khớp với nhiều người trong sổ; hãy ghi mã của đúng người"))
}

// member finds somebody whom the ledger knows: by id, by party card or by national
// number; who came without a number, by name and day of birth together. Nobody is
// found by name alone.
func (r *reading) member() string {
	card, nationalID := r.digits("card", 8, 12), r.digits("national_id", 12, 9)
	id := r.id("member")
	if r.err != nil || r.broken != nil {
		return ""
	}
	ids := r.holders(card, nationalID)
	if id != "" && !slices.Contains(ids, id) {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		if name := r.byName(r.text("full_name"), r.bornOn()); name != "" && r.known(name) {
			ids = []string{name}
		}
	}
	switch {
	case len(ids) > 1:
		r.several()
	case len(ids) == 0 && card+nationalID == "":
		r.refuse(domain.UnknownEntity, "member", textf("is missing; write the member's id, party card or national number: nobody is found by name alone",
			"còn thiếu; hãy ghi mã, số thẻ đảng viên hoặc số CCCD: chương trình không tìm người chỉ theo họ tên"))
	case len(ids) == 0:
		key := "card"
		if card == "" {
			key = "national_id"
		}
		r.refuse(domain.UnknownEntity, key, textf("is nobody's in this ledger; check the number, write the id, or import the register or the candidates first",
			"không thuộc về ai trong sổ; hãy kiểm tra lại số, ghi mã, hoặc nhập danh sách đảng viên hay quần chúng trước"))
	default:
		r.sameName(ids[0])
		return ids[0]
	}
	return ""
}

// bornOn reads the day of birth of a row that need not have one.
func (r *reading) bornOn() domain.Date {
	for _, key := range []string{"born", "born_female", "born_male"} {
		if c := r.value(key); c.content != blank {
			on, _, _ := c.birth() // it only helps to find somebody
			return on
		}
	}
	return 0
}

// sameName refuses a row that gives somebody another name than the ledger: then
// the number is likely to be of another row.
func (r *reading) sameName(id string) {
	name := r.value("full_name")
	if name.content != words || r.err != nil || r.broken != nil {
		return
	}
	have, err := r.look.Standing(id, domain.LastDay)
	if err != nil {
		r.broken = err
		return
	}
	if have.Name.Full != "" && bare(have.Name.Full) != bare(name.text) {
		r.refuse(domain.Invariant, "full_name", textf("is another name than the ledger has for this id or number; check whether the row is shifted, or record the new name first",
			"khác họ tên trong sổ của mã hoặc số này; hãy kiểm tra dòng có bị lệch không, hoặc ghi đổi tên trước"))
	}
}

// organisationIndex finds organisations by name.
type organisationIndex struct {
	directory   *domain.Directory
	version     int
	exact, bare map[string][]string // ids
	names       []string            // as people are shown them
	ids         map[string]string   // by such a name
}

func (x *organisationIndex) refresh(d *domain.Directory, version int) {
	if x.directory == d && x.version == version {
		return
	}
	*x = organisationIndex{d, version, map[string][]string{}, map[string][]string{}, nil, map[string]string{}}
	for _, id := range d.Organisations() {
		name := d.Organisation(id).Name(domain.LastDay)
		x.exact[spelled(name)] = append(x.exact[spelled(name)], id)
		x.bare[bare(name)] = append(x.bare[bare(name)], id)
		x.names = append(x.names, name)
		x.ids[name] = id
	}
}

// withID takes apart a name with an id behind it, as reports write organisations.
func withID(text string) (name, id string, ok bool) {
	at := strings.LastIndex(text, " (") // a name may have brackets of its own
	if at < 0 {
		return "", "", false
	}
	id, closed := strings.CutSuffix(text[at+len(" ("):], ")")
	return text[:at], id, closed && domain.ValidID(id)
}

// organisation reads an organisation: its id, its name as it is today or was on a
// day, or both as reports write them.
func (r *reading) organisation(key string, day domain.Date) string {
	c, ok := r.get(key)
	if !ok || r.err != nil {
		return ""
	}
	d, version := r.look.Directory()
	x := &r.sheet.book.organisations
	x.refresh(d, version)
	if id := strings.TrimPrefix(c.text, string(domain.OrganisationKind)+"/"); domain.ValidID(id) && d.Organisation(id) != nil {
		return id
	}
	if name, id, ok := withID(c.text); ok {
		if o := d.Organisation(id); o != nil && (spelled(o.Name(day)) == spelled(name) || spelled(o.Name(domain.LastDay)) == spelled(name)) {
			return id
		}
	}
	ids := x.exact[spelled(c.text)]
	if len(ids) == 0 && ascii(c.text) {
		ids = x.bare[bare(c.text)]
	}
	if len(ids) == 0 {
		for _, id := range d.Organisations() {
			if day != 0 && spelled(d.Organisation(id).Name(day)) == spelled(c.text) {
				ids = append(ids, id)
			}
		}
	}
	if alive := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !d.Organisation(id).Alive(day) }); len(ids) > 1 && len(alive) > 0 {
		ids = alive
	}
	switch len(ids) {
	case 1:
		return ids[0]
	case 0:
		var near []string
		for _, name := range nearest(c.text, x.names) {
			near = append(near, name+" ("+x.ids[name]+")")
		}
		if list := strings.Join(near, ", "); list != "" {
			r.refuse(domain.UnknownEntity, key, textf("is no organisation of the ledger; did you mean %s? Write the id or the exact name", "không phải tổ chức có trong sổ; có phải ý bạn là %s? Hãy ghi mã hoặc đúng tên", list))
			break
		}
		r.refuse(domain.UnknownEntity, key, textf("is no organisation of the ledger; write the id or the exact name, or import the organisations first", "không phải tổ chức có trong sổ; hãy ghi mã hoặc đúng tên, hoặc nhập danh sách tổ chức trước"))
	default:
		r.refuse(domain.BadValue, key, textf("is the name of several organisations: %s; write the id", "là tên của nhiều tổ chức: %s; hãy ghi mã", strings.Join(ids[:min(len(ids), 5)], ", ")))
	}
	return ""
}
