package domain_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"rollbook/domain"
)

func TestASealedPayloadIsReadBackWhole(t *testing.T) {
	for name, ex := range examples() {
		file := readGolden(t, name)
		for _, want := range []domain.Entry{fullEntry(ex.full), minimalEntry(ex.minimal)} {
			stored := file.Full.Sealed
			if want.Sequence == 0 {
				stored = file.Minimal.Sealed
			}
			got, err := domain.ParsePayload(name, domain.SchemaOf(want.Event), stored, unseal(domain.All))
			if err != nil {
				t.Errorf("ParsePayload(%s) = %v", stored, err)
				continue
			}
			if !got.Derived || got.Missing != 0 {
				t.Errorf("ParsePayload(%s): derived %v, missing %q", stored, got.Derived, got.Missing)
			}
			got.Derived = false
			got.ID, got.Subject, got.Actor, got.Sequence, got.Time = want.ID, want.Subject, want.Actor, want.Sequence, want.Time
			if !reflect.DeepEqual(got, want) {
				t.Errorf("ParsePayload(%s)\n got %+v\nwant %+v", stored, got, want)
			}
		}
	}
}

func TestWhatStaysClosedIsMissingAndNothingElse(t *testing.T) {
	for name, ex := range examples() {
		file := readGolden(t, name)
		for _, want := range []domain.Entry{fullEntry(ex.full), minimalEntry(ex.minimal)} {
			stored := file.Full.Sealed
			if want.Sequence == 0 {
				stored = file.Minimal.Sealed
			}
			var has domain.Part
			for _, s := range seal(want) {
				has |= s.Class
			}
			for _, classes := range []domain.Part{0, domain.Identity, domain.Sensitive} {
				open := unseal(classes)
				if classes == 0 {
					open = nil
				}
				got, err := domain.ParsePayload(name, domain.SchemaOf(want.Event), stored, open)
				if err != nil {
					t.Errorf("ParsePayload(%s) with %q open = %v", stored, classes, err)
					continue
				}
				if got.Missing != has&^classes {
					t.Errorf("ParsePayload(%s) with %q open: missing %q, want %q", stored, classes, got.Missing, has&^classes)
				}
				parts := domain.Open | classes
				if a, b := domain.AppendData(nil, got.Event, domain.All), domain.AppendData(nil, want.Event, parts); !bytes.Equal(a, b) {
					t.Errorf("%s with %q open\n got %s\nwant %s", name, classes, a, b)
				}
				if (got.Exception == nil) != (want.Exception == nil) || got.Exception != nil && got.Exception.Rule != want.Exception.Rule {
					t.Errorf("%s with %q open: exception %+v", name, classes, got.Exception)
				}
			}
		}
	}
}

// Whatever a sealed payload shows in clear, it is none of the personal texts.
func TestASealedPayloadShowsNothingPersonal(t *testing.T) {
	for name, ex := range examples() {
		e := fullEntry(ex.full)
		sealed := seal(e)
		for i := range sealed {
			sealed[i].Text = []byte("x")
		}
		payload := domain.AppendSealedPayload(nil, e, sealed)
		for _, secret := range personal {
			if bytes.Contains(payload, []byte(secret)) {
				t.Errorf("%s shows %s: %s", name, secret, payload)
			}
		}
	}
}

func TestAnEntryThatMissesPartsIsNotTakenForWhole(t *testing.T) {
	for name := range examples() {
		stored := readGolden(t, name).Full.Sealed
		e, err := domain.ParsePayload(name, "urn:rollbook:"+name+":1", stored, nil)
		if err != nil {
			t.Fatal(err)
		}
		e.ID, e.Subject = "x", domain.Subject(string(domain.KindOf(e.Event))+"/x")
		line := domain.AppendJSON(nil, e, goldenSource)
		_, err = codec.Parse(line)
		if r, ok := errors.AsType[*domain.Rejection](err); !ok || r.Code != domain.UnknownField || r.Field != "sealed" {
			t.Errorf("Parse(%s) = %v, want the attribute refused", line, err)
		}
		if !strings.Contains(string(line), `"sealed":"identity`) {
			t.Errorf("%s does not say what is missing", line)
		}
	}
}

func TestPartsThatDoNotBelongTogetherAreRefused(t *testing.T) {
	const typ = "member.identified"
	const open = `"organisation":"pa-my","source":"militia"`
	text := func(plain string) string { return base64.RawURLEncoding.EncodeToString([]byte(plain)) }
	block := func(class, plain string) string {
		return `{"s":"member/m","cl":"` + class + `","kid":"k","n":"n","c":"` + text(plain) + `"}`
	}
	payload := func(person string, blocks ...string) string {
		return `{"v":1,"effectiveon":"2021-06-01","data":{"person":{` + person + `},` + open + `},"sealed":[` + strings.Join(blocks, ",") + `]}`
	}
	good := payload(`"gender":"male"`, block("identity", `{"reason":"Bí mật 7","data":{"person":{"full_name":"Bí mật 8"}}}`), block("sensitive", `{"data":{"person":{"ethnicity":"08"}}}`))
	e, err := domain.ParsePayload(typ, "urn:rollbook:"+typ+":1", []byte(good), unseal(domain.All))
	if err != nil || e.Reason != "Bí mật 7" || e.Event.(*domain.Identified).Person.Ethnicity != "08" || e.Event.(*domain.Identified).Person.FullName != "Bí mật 8" {
		t.Fatalf("ParsePayload(%s) = %+v, %v", good, e, err)
	}
	for _, test := range []struct {
		name, payload string
		code          domain.Code
		field         string
	}{
		{"a field twice, open and sealed", payload(`"gender":"male","ethnicity":"01"`, block("sensitive", `{"data":{"person":{"ethnicity":"08"}}}`)), domain.UnknownField, "sealed"},
		{"a field twice within a part", payload(`"gender":"male"`, block("identity", `{"data":{"person":{"full_name":"Bí mật 1","full_name":"Bí mật 2"}}}`)), domain.Malformed, "sealed"},
		{"a part twice", payload(`"gender":"male"`, block("identity", `{"reason":"Bí mật 3"}`), block("identity", `{"data":{}}`)), domain.Malformed, "sealed"},
		{"an open field in a part", payload(``, block("identity", `{"data":{"person":{"gender":"male"}}}`)), domain.UnknownField, "sealed"},
		{"a field in the part of another class", payload(`"gender":"male"`, block("sensitive", `{"data":{"person":{"full_name":"Bí mật 4"}}}`)), domain.UnknownField, "sealed"},
		{"an unknown field in a part", payload(`"gender":"male"`, block("identity", `{"data":{"person":{"Bí mật 5":"x"}}}`)), domain.UnknownField, "sealed"},
		{"an unknown object in a part", payload(`"gender":"male"`, block("identity", `{"data":{"Bí mật 5":{}}}`)), domain.UnknownField, "sealed"},
		{"the payload's own names in a part", payload(`"gender":"male"`, block("identity", `{"v":1}`)), domain.UnknownField, "sealed"},
		{"a part within a part", payload(`"gender":"male"`, block("identity", `{"sealed":[]}`)), domain.UnknownField, "sealed"},
		{"an object that is open nowhere", payload(`"gender":"male"`, block("identity", `{"exception":{"reason":"Bí mật 6"}}`)), domain.UnknownField, "sealed"},
		{"a value where an object belongs", payload(`"gender":"male"`, block("identity", `{"data":"Bí mật 6"}`)), domain.BadValue, "sealed"},
		{"no JSON in a part", payload(`"gender":"male"`, block("identity", `Bí mật 9`)), domain.Malformed, "sealed"},
		{"a class of tomorrow", payload(`"gender":"male"`, block("document", `{}`)), domain.BadValue, "sealed.cl"},
		{"no subject", payload(`"gender":"male"`, `{"cl":"identity","kid":"k","n":"n","c":"c"}`), domain.MissingField, "sealed.s"},
		{"a subject that is none", payload(`"gender":"male"`, `{"s":"x","cl":"identity","kid":"k","n":"n","c":"c"}`), domain.BadValue, "sealed.s"},
		{"no key", payload(`"gender":"male"`, `{"s":"member/m","cl":"identity","n":"n","c":"c"}`), domain.MissingField, "sealed.kid"},
		{"a field beside the block", payload(`"gender":"male"`, `{"s":"member/m","cl":"identity","kid":"k","n":"n","c":"c","x":1}`), domain.UnknownField, "sealed.x"},
		{"no block", payload(`"gender":"male"`, `7`), domain.Malformed, "sealed"},
		{"no list", `{"v":1,"effectiveon":"2021-06-01","data":{"person":{"gender":"male"},` + open + `},"sealed":{}}`, domain.BadValue, "sealed"},
		{"derived, but not", `{"v":1,"effectiveon":"2021-06-01","derived":false,"data":{"person":{"gender":"male"},` + open + `}}`, domain.BadValue, "derived"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := domain.ParsePayload(typ, "urn:rollbook:"+typ+":1", []byte(test.payload), unseal(domain.All))
			wantRejection(t, err, test.code, test.field)
			if strings.Contains(err.Error(), "Bí mật") || strings.Contains(err.Error(), text("Bí mật")) {
				t.Errorf("the error tells what was sealed: %v", err)
			}
		})
	}
}
