package domain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rollbook/domain"
)

func TestTextThatIsNoEventIsMalformed(t *testing.T) {
	died := `{"type":"member.died","subject":"member/m","effectiveon":"2021-06-01","data":{}}`
	if _, err := codec.Parse([]byte(died)); err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"nothing":                        "",
		"white space":                    " \t\r\n",
		"no object":                      `"member.died"`,
		"an array":                       `[` + died + `]`,
		"null":                           `null`,
		"a second object":                died + died,
		"a letter behind":                died + "x",
		"a comma behind":                 died + ",",
		"a byte-order mark":              "\ufeff" + died, // the reader of files takes it away
		"no closing brace":               strings.TrimSuffix(died, "}"),
		"a comma before the brace":       strings.TrimSuffix(died, "}") + ",}",
		"no comma":                       strings.Replace(died, `","subject"`, `" "subject"`, 1),
		"no colon":                       strings.Replace(died, `"data":`, `"data"`, 1),
		"a name without quotes":          strings.Replace(died, `"data"`, `data`, 1),
		"single quotes":                  strings.ReplaceAll(died, `"`, `'`),
		"a comment":                      strings.Replace(died, `{}`, `{} // `, 1),
		"a number with a leading zero":   strings.Replace(died, `{}`, `{"x":01}`, 1),
		"a number with a plus":           strings.Replace(died, `{}`, `{"x":+1}`, 1),
		"a number without digits":        strings.Replace(died, `{}`, `{"x":-}`, 1),
		"a number that ends in a point":  strings.Replace(died, `{}`, `{"x":1.}`, 1),
		"an exponent without digits":     strings.Replace(died, `{}`, `{"x":1e}`, 1),
		"no number":                      strings.Replace(died, `{}`, `{"x":NaN}`, 1),
		"a word in capitals":             strings.Replace(died, `{}`, `{"x":True}`, 1),
		"half a word":                    strings.Replace(died, `{}`, `{"x":nul`, 1),
		"an unknown escape":              strings.Replace(died, `{}`, `{"x":"\x41"}`, 1),
		"half an escape":                 strings.Replace(died, `{}`, `{"x":"\u00`, 1),
		"an escape of other letters":     strings.Replace(died, `{}`, `{"x":"\u00g0"}`, 1),
		"a string without an end":        strings.Replace(died, `{}`, `{"x":"y`, 1),
		"a line break in a string":       strings.Replace(died, `{}`, "{\"x\":\"\n\"}", 1),
		"a NUL in a string":              strings.Replace(died, `{}`, "{\"x\":\"\x00\"}", 1),
		"a NUL outside":                  died + "\x00",
		"bytes that are not UTF-8":       strings.Replace(died, `{}`, "{\"x\":\"\xff\xfe\"}", 1),
		"an overlong form":               strings.Replace(died, `{}`, "{\"x\":\"\xc0\xaf\"}", 1),
		"a surrogate as bytes":           strings.Replace(died, `{}`, "{\"x\":\"\xed\xa0\x80\"}", 1),
		"a name with a lone surrogate":   strings.Replace(died, `"data"`, `"\ud800":1,"data"`, 1),
		"VNI, not UTF-8":                 strings.Replace(died, `{}`, "{\"x\":\"Gi\xe0ng\"}", 1),
		"a vertical tab as white space":  strings.Replace(died, `"data"`, "\v\"data\"", 1),
		"a no-break space between":       strings.Replace(died, `"data"`, "\u00a0\"data\"", 1),
		"an object that ends in a array": strings.Replace(died, `{}`, `{]`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := codec.Parse([]byte(line))
			wantRejection(t, err, domain.Malformed, "")
		})
	}
}

func TestWhiteSpaceBetweenIsNoPartOfAnEvent(t *testing.T) {
	line := lines()["member.identified"]
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, line, "\r\n", "\t "); err != nil {
		t.Fatal(err)
	}
	a, errA := codec.Parse(line)
	b, errB := codec.Parse(spaced.Bytes())
	if errA != nil || errB != nil || !domain.Same(a, b) {
		t.Errorf("white space made another event: %v, %v", errA, errB)
	}
}

func TestWhatIsBeyondALimitIsTooLarge(t *testing.T) {
	line := lines()["member.identified"]
	deep := func(n int, open, end string) []byte {
		return bytes.Replace(line, []byte(`"data":{`), []byte(`"data":{"x":`+strings.Repeat(open, n)+`1`+strings.Repeat(end, n)+`,`), 1)
	}
	many := make([]string, 65)
	for i := range many {
		many[i] = fmt.Sprintf(`"n%d":1`, i)
	}
	for _, test := range []struct {
		name, field string
		line        []byte
	}{
		{"a name of 301 characters", "data.person.full_name", edit(t, line, "data.person.full_name", set(strings.Repeat("ễ", 301)))},
		{"a reason of 4,001 characters", "reason", edit(t, line, "reason", set(strings.Repeat("ễ", 4001)))},
		{"a line of 64 KiB and a byte", "", append(bytes.Repeat([]byte(" "), domain.MaxLine+1-len(line)), line...)},
		{"a line of 10 MB", "", bytes.Repeat([]byte("["), 10<<20)},
		{"10,000 arrays in each other", "", deep(10_000, "[", "]")},
		{"10,000 objects in each other", "", deep(8_000, `{"x":`, "}")},
		{"65 names in an object", "", []byte(`{` + strings.Join(many, ",") + `}`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := codec.Parse(test.line)
			wantRejection(t, err, domain.TooLarge, test.field)
		})
	}
	longest := append(bytes.Repeat([]byte(" "), domain.MaxLine-len(line)), line...)
	if _, err := codec.Parse(longest); err != nil {
		t.Errorf("a line of 64 KiB: %v", err)
	}
}

func TestTextsHoldOnlyWhatCanBeSeen(t *testing.T) {
	bad := map[string]string{
		"a NUL":                                "a\u0000b",
		"an escape":                            "a\u001b[31mb",
		"a delete":                             "a\u007fb",
		"a C1 control":                         "a\u0085b",
		"a tab":                                "a\tb",
		"a carriage return":                    "a\rb",
		"a right-to-left override":             "a\u202eb",
		"a left-to-right isolate":              "a\u2066b",
		"a right-to-left mark":                 "a\u200fb",
		"a zero-width space":                   "a\u200bb",
		"a zero-width joiner":                  "a\u200db",
		"a byte-order mark":                    "\ufeffab",
		"a soft hyphen":                        "a\u00adb",
		"a no-break space":                     "a\u00a0b",
		"a line separator":                     "a\u2028b",
		"a private character":                  "a\ue000b",
		"a character that nobody has assigned": "a\u0378b",
		"a tag":                                "a\U000e0041b",
		"U+FFFD":                               "a\ufffdb",
		"a leading space":                      " ab",
		"a trailing space":                     "ab ",
		"nothing but a space":                  " ",
	}
	all := lines()
	for name, text := range bad {
		for _, place := range []struct{ typ, path string }{
			{"member.identified", "data.person.full_name"},
			{"member.identified", "data.person.address"},
			{"member.identified", "data.person.education"},
			{"member.identified", "data.person.occupation"},
			{"member.identified", "reason"},
			{"member.identified", "exception.rule"},
			{"member.identified", "exception.reason"},
			{"member.identified", "exception.authority"},
			{"member.admitted", "data.decision.number"},
			{"member.admitted", "data.decision.issued_by"},
			{"member.expelled", "data.grounds"},
			{"member.transferred_out", "data.destination"},
			{"member.course_completed", "data.certificate"},
			{"organisation.established", "data.name"},
			{"organisation.renamed", "data.name"},
			{"organisation.commended", "data.title"},
			{"organisation.policy_adopted", "data.title"},
			{"village.registered", "data.name"},
		} {
			t.Run(name+" in "+place.path+" of "+place.typ, func(t *testing.T) {
				_, err := codec.Parse(edit(t, all[place.typ], place.path, set(text)))
				wantRejection(t, err, domain.BadValue, place.path)
			})
		}
	}
	_, err := codec.Parse(edit(t, all["organisation.renamed"], "data.name", set("Đảng bộ\nxã")))
	wantRejection(t, err, domain.BadValue, "data.name") // a line break is for long texts
}

func TestHalfACharacterIsMalformed(t *testing.T) {
	line := string(lines()["organisation.renamed"])
	for name, text := range map[string]string{
		"a high surrogate":               `\ud83d`,
		"a high surrogate before a text": `\ud83dabcdef`,
		"a low surrogate":                `\ude00`,
		"two high surrogates":            `\ud83d\ud83d`,
		"the two the wrong way round":    `\ude00\ud83d`,
		"a character that is no half":    `\ud83d\ue000`,
		"half an escape after it":        `\ud83d\n0000`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := codec.Parse([]byte(strings.Replace(line, "Đảng bộ xã Mường Nhé", "a"+text+"b", 1)))
			wantRejection(t, err, domain.Malformed, "data.name")
		})
	}
}

func TestEscapesAreTheTextTheyStandFor(t *testing.T) {
	line := string(lines()["organisation.renamed"])
	for in, want := range map[string]string{
		`\u0110\u1ea3ng b\u1ed9`: "Đảng bộ",
		`\"x\" \\ \/`:            `"x" \ /`,
		`\ud840\udc00`:           "𠀀",
		`a\ud83d\ude00`:          "a😀",
	} {
		e, err := codec.Parse([]byte(strings.Replace(line, "Đảng bộ xã Mường Nhé", in, 1)))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := e.Event.(*domain.OrganisationRenamed).Name; got != want {
			t.Errorf("%s is read as %q, want %q", in, got, want)
		}
	}
}

// compose brings to NFC what the test below needs, so that the test needs no
// tables of Unicode.
var compose = strings.NewReplacer("e\u0302\u0300", "ề", "ê\u0300", "ề", "a\u0301", "á", "u\u031b", "ư").Replace

func TestTextsAreNormalisedBeforeAnythingLooksAtThem(t *testing.T) {
	line := lines()["member.identified"]
	decomposed := edit(t, line, "data.person.full_name", set("Lê\u0300n Ba\u0301"))
	composed := edit(t, line, "data.person.full_name", set("Lền Bá"))
	c := domain.Codec{Normalise: compose, IDKey: codec.IDKey}
	var ids []string
	for _, l := range [][]byte{edit(t, decomposed, "id", remove), edit(t, composed, "id", remove)} {
		e, err := c.Parse(l)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Event.(*domain.Identified).Person.FullName; got != "Lền Bá" {
			t.Errorf("the name is %q, want it composed", got)
		}
		ids = append(ids, e.ID)
	}
	if ids[0] != ids[1] {
		t.Errorf("two ways to type a name gave two ids")
	}
	// 300 characters are counted as people count them, composed.
	if _, err := c.Parse(edit(t, line, "data.person.full_name", set(strings.Repeat("a\u0301", 300)))); err != nil {
		t.Errorf("300 decomposed characters: %v", err)
	}
	for _, path := range []string{"reason", "exception.authority", "data.person.address"} {
		e, err := c.Parse(edit(t, line, path, set("Ba\u0301")))
		if err != nil {
			t.Fatal(err)
		}
		if got := paths(t, domain.AppendJSON(nil, e, ""))[path]; got != "Bá" {
			t.Errorf("%s is %q, want it composed", path, got)
		}
	}
	e, err := domain.Codec{}.Parse(decomposed)
	if err != nil || e.Event.(*domain.Identified).Person.FullName != "Lê\u0300n Ba\u0301" {
		t.Errorf("the zero Codec changed a text: %+v, %v", e.Event, err)
	}
}

// TestNoMessageRepeatsWhatStoodInAField plants a word in every text and then
// breaks the line in every way that the other tests know.
func TestNoMessageRepeatsWhatStoodInAField(t *testing.T) {
	const canary = "Hoàng-Yến-7391"
	rejections := 0
	look := func(what string, line []byte) {
		_, err := codec.Parse(line)
		r, ok := errors.AsType[*domain.Rejection](err)
		if !ok {
			return
		}
		rejections++
		for _, text := range []string{r.Error(), r.Message.EN, r.Message.VI, r.Field, r.Clash, fmt.Sprintf("%v", r)} {
			for _, piece := range []string{"Hoàng", "Yến", "7391"} {
				if strings.Contains(text, piece) {
					t.Errorf("%s: %q repeats %q", what, text, piece)
				}
			}
		}
	}
	for name, line := range lines() {
		all := paths(t, line)
		// Every text that takes any word now holds the canary.
		for path := range all {
			if planted := edit(t, line, path, set(canary)); parses(planted) {
				line = planted
			}
		}
		for path := range all {
			for _, value := range []any{
				canary, canary + "\u202e", canary + "\ufffd", " " + canary, strings.Repeat(canary, 400), json.Number("7391"), json.Number("7391e3"),
				[]any{canary},
				map[string]any{"x": canary},
				nil, true,
			} {
				look(name+" "+path, edit(t, line, path, set(value)))
			}
			look(name+" without "+path, edit(t, line, path, remove))
			look(name+" misspelt "+path, edit(t, line, path, rename("misspelt")))
		}
		for i := range line { // cut anywhere
			look(name+" cut", line[:i])
		}
		look(name+" twice", bytes.Replace(line, []byte(`{`), []byte(`{"data":"`+canary+`",`), 1))
		look(name+" surrogate", bytes.ReplaceAll(line, []byte("7391"), []byte(`7391\ud800`)))
	}
	if rejections < 1000 {
		t.Errorf("only %d rejections were looked at", rejections)
	}
}

func parses(line []byte) bool {
	_, err := codec.Parse(line)
	return err == nil
}
