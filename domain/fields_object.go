package domain

// object reads or writes a nested object by walk.
func (f *fields) object(name string, l flag, walk func(*fields)) (read bool) {
	if f.sheet != nil {
		f.note(objectField(name, walk), l)
		return false
	}
	if !f.reading {
		// Whether the object is written does not depend on the parts asked for,
		// because its fields may belong to any.
		before := len(f.out)
		f.name(name)
		f.out = append(f.out, '{')
		inside := len(f.out)
		walk(f)
		if f.sparse && len(f.out) == inside {
			f.out = f.out[:before]
			return false
		}
		f.out = append(f.out, '}')
		return false
	}
	raw := f.lookup(name, l)
	if raw == nil || f.err != nil && f.err.Code != MissingField {
		return false
	}
	in, err := f.open(name, raw)
	if err == nil {
		in, err = f.openSealed(name, in)
	}
	if err != nil {
		f.fail(err)
		return false
	}
	outer := *f
	f.in, f.used, f.path, f.err = in, 0, f.path+name+".", nil
	walk(f)
	f.finish(walk)
	err, *f = f.err, outer
	if err != nil {
		f.fail(err)
	}
	return true
}

func (f *fields) open(name string, raw []byte) ([]member, *Rejection) {
	if raw[0] != '{' {
		return nil, reject(BadValue, f.path+name, "is not an object {…}", "phải là một đối tượng {…}")
	}
	in, err := parseObject(raw, f.in[len(f.in):])
	if err != nil && err.Field != "" {
		err.Field = f.path + name + "." + err.Field
	}
	return in, err
}

// openSealed adds to the members of an object those that stand under its name
// in what was sealed.
func (f *fields) openSealed(name string, in []member) ([]member, *Rejection) {
	for i, m := range f.in {
		if m.from == 0 || string(m.name) != name {
			continue
		}
		f.used |= 1 << i
		if m.raw[0] != '{' {
			return nil, reject(BadValue, "sealed", "holds a value where an object belongs", "có giá trị ở nơi phải là đối tượng")
		}
		joined := fields{in: in}
		if err := joined.join(m.raw, m.from); err != nil {
			return nil, err
		}
		in = joined.in
	}
	return in, nil
}

func (f *fields) decision(name string, d *Decision) { f.object(name, required, d.walk) }

func (f *fields) optionalDecision(name string, d **Decision) {
	if !f.reading && *d == nil {
		return
	}
	have := *d
	if have == nil {
		have = new(Decision)
	}
	if f.object(name, 0, have.walk) {
		*d = have
	}
}

func (f *fields) person(name string, p *Person) { f.object(name, required, p.whole) }

func (f *fields) optionalPerson(name string, p **Person) {
	if !f.reading && *p == nil {
		return
	}
	have := *p
	if have == nil {
		have = new(Person)
	}
	if f.object(name, 0, have.whole) {
		*p = have
	}
}

func (f *fields) personChange(name string, p *Person) {
	f.object(name, required, p.changes)
	f.need(*p != Person{}, name, identity, "names no field that changed", "không có trường nào thay đổi")
}
