package naive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// accepted feeds lines one by one, as a ledger that refuses what the contract
// rules out, and returns it with the number of lines that it took.
func accepted(t interface{ Fatal(...any) }, lines [][]byte) (*Ledger, int) {
	l, n := new(Ledger), 0
	for i, line := range lines {
		before := len(l.entries)
		if err := l.Add(uint64(i+1), line); err != nil {
			t.Fatal(err)
		}
		if l.problem() != "" {
			l.entries = l.entries[:before]
			continue
		}
		n++
	}
	return l, n
}

func TestHistoriesAreMostlyValidAndHaveEverything(t *testing.T) {
	const histories = 20
	lines, valid := 0, 0
	seen := map[string]int{}
	history := rapid.Custom(func(t *rapid.T) [][]byte { return History(t, 200) })
	for seed := range histories {
		h := history.Example(seed)
		_, n := accepted(t, h)
		lines, valid = lines+len(h), valid+n

		ids := map[string]bool{}
		for _, line := range h {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if e.ID == "" || ids[e.ID] {
				t.Fatalf("the id is not new: %s", line)
			}
			ids[e.ID] = true
			seen[e.Type]++
			if strings.HasPrefix(e.Data.Annuls, "e") && e.isAnnulment() && !ids[e.Data.Annuls] {
				t.Fatalf("annuls what was not there: %s", line)
			}
		}
	}
	if 10*valid < 8*lines {
		t.Errorf("%d of %d lines are valid, want four in five", valid, lines)
	}
	t.Logf("%d of %d lines are valid", valid, lines)
	all := []string{
		"member.entry_annulled", "organisation.entry_annulled", "village.entry_annulled",
	}
	for _, kinds := range []map[string]draw{memberKinds, organisationKinds, villageKinds} {
		all = append(all, sortedKeys(kinds)...)
	}
	for _, eventType := range all {
		if seen[eventType] == 0 {
			t.Errorf("no %s in %d histories", eventType, histories)
		}
	}
}

// What makes figures hard must come up, else the comparison is worth little.
func TestHistoriesAreHard(t *testing.T) {
	const histories = 40
	came := map[string]int{}
	history := rapid.Custom(func(t *rapid.T) [][]byte { return History(t, 200) })
	for seed := range histories {
		l, _ := accepted(t, history.Example(seed))
		entries := l.counting(endOfTime, Everything)

		for i, e := range entries[1:] {
			if previous := entries[i]; e.seq < previous.seq {
				came["late entry"]++
			}
		}
		for i, e := range entries {
			for _, other := range entries[:i] {
				if other.Subject == e.Subject && other.EffectiveOn == e.EffectiveOn {
					came["two entries of a subject on a day"]++
				}
			}
		}
		counting := map[string]bool{}
		for _, e := range entries {
			counting[e.ID] = true
		}
		for _, e := range l.entries {
			if e.isAnnulment() && !counting[e.ID] {
				came["annulled annulment"]++
			}
			if !counting[e.ID] && e.Type == "organisation.merged" {
				came["annulled merge"]++
			}
		}

		w := newWorld()
		for _, e := range entries {
			before := w.members[e.id()]
			changes, err := w.apply(e)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case e.Type == "organisation.merged":
				for _, c := range changes {
					came["merge of a "+c.before.status]++
				}
				for id, o := range w.organisations {
					if o.into == e.id() && id != e.id() {
						came["merge after a merge"]++
					}
				}
			case e.Type == "member.identified" && before.endedBy != "":
				came["readmission"]++
			case e.Type == "member.transferred_in" && before.endedBy != "":
				came["return"]++
			case e.Type == "member.restored":
				came["restored "+w.members[e.id()].status]++
			case e.Type == "organisation.moved" && len(w.organisations) > 0:
				came["move"]++
			}
		}
	}
	for _, what := range []string{
		"late entry", "two entries of a subject on a day", "annulled annulment", "annulled merge",
		"merge of a candidate", "merge of a provisional", "merge of a official", "merge of a ended",
		"merge after a merge", "readmission", "return", "restored provisional", "restored official", "move",
	} {
		if came[what] == 0 {
			t.Errorf("never: %s", what)
		}
		t.Logf("%s: %d times in %d histories", what, came[what], histories)
	}
}

func TestBulkIsValid(t *testing.T) {
	for _, size := range []struct{ members, events int }{{1, 1}, {2, 3}, {16, 6}, {60, 10}, {45, 40}} {
		var out bytes.Buffer
		if err := Bulk(&out, size.members, size.events, 1); err != nil {
			t.Fatal(err)
		}
		l := new(Ledger)
		perMember := map[string]int{}
		content := map[string]bool{}
		lines := bufio.NewScanner(&out)
		for lines.Scan() {
			// A line names only known attributes, no id, and is no copy of another.
			line := lines.Bytes()
			decoder := json.NewDecoder(bytes.NewReader(line))
			decoder.DisallowUnknownFields()
			var event struct {
				SpecVersion, Type, Subject, EffectiveOn, Actor, Reason string
				Data                                                   map[string]any
			}
			if err := decoder.Decode(&event); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			if content[string(line)] {
				t.Fatalf("twice: %s", line)
			}
			content[string(line)] = true
			if day := date(event.EffectiveOn); day.Before(date("1930-02-03")) {
				t.Fatalf("too early: %s", line)
			}
			if len(line) < 280 || len(line) > 500 {
				t.Errorf("%d bytes: %s", len(line), line)
			}
			if err := l.Add(uint64(len(l.entries)+1), line); err != nil {
				t.Fatal(err)
			}
			perMember[event.Subject]++
		}
		if why := l.problem(); why != "" {
			t.Errorf("Bulk(%d, %d): %s", size.members, size.events, why)
		}
		members := l.Members()
		if len(members) != size.members {
			t.Errorf("Bulk(%d, %d) has %d members", size.members, size.events, len(members))
		}
		for _, id := range members {
			if n := perMember["member/"+id]; n != size.events {
				t.Errorf("Bulk(%d, %d) has %d events of member %s", size.members, size.events, n, id)
			}
		}
	}
	if err := Bulk(io.Discard, 0, 10, 1); err == nil {
		t.Error("Bulk of no members succeeded")
	}
}

// As an office records: month by month, not member by member.
func TestBulkIsInterleaved(t *testing.T) {
	var out bytes.Buffer
	if err := Bulk(&out, 3000, 10, 1); err != nil {
		t.Fatal(err)
	}
	var months []string
	types := map[string]int{}
	persons := map[any]bool{}
	for line := range bytes.Lines(out.Bytes()) {
		var e struct {
			Type        string
			EffectiveOn string
			Data        struct {
				Person *struct {
					NationalID string `json:"national_id"`
				}
			}
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		months = append(months, e.EffectiveOn[:len("2020-01")])
		types[e.Type]++
		if p := e.Data.Person; p != nil && p.NationalID != "" {
			if persons[p.NationalID] || len(p.NationalID) != 12 {
				t.Fatalf("national id %q", p.NationalID)
			}
			persons[p.NationalID] = true
		}
	}
	if !slices.IsSorted(months) {
		t.Error("Bulk goes back to an earlier month")
	}
	exits := types["member.died"] + types["member.expelled"] + types["member.removed"] + types["member.resigned"] +
		types["member.transferred_out"]
	if exits < 3000*4/100 || exits > 3000*6/100 {
		t.Errorf("%d of 3000 members leave, want one in twenty", exits)
	}
	if len(persons) != 3000 {
		t.Errorf("%d persons, want 3000", len(persons))
	}
	if types["organisation.established"] != 1+15+200 {
		t.Errorf("%d organisations, want 216", types["organisation.established"])
	}
}

func TestBulkIsReproducible(t *testing.T) {
	bulk := func(seed uint64) []byte {
		var out bytes.Buffer
		if err := Bulk(&out, 100, 10, seed); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if !bytes.Equal(bulk(1), bulk(1)) {
		t.Error("the same seed gives other lines")
	}
	if bytes.Equal(bulk(1), bulk(2)) {
		t.Error("another seed gives the same lines")
	}
}

func BenchmarkBulk(b *testing.B) {
	const members, events = 10_000, 10
	start := time.Now()
	for b.Loop() {
		if err := Bulk(io.Discard, members, events, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*members*events/time.Since(start).Seconds(), "events/s")
}
