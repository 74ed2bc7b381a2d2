package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/eventstore/vault"
	"rollbook/ledger"
	"rollbook/projections"
)

// hill is a ledger of three members of two ethnic groups, and a candidate.
func hill() []string {
	member := func(id, name, ethnicity, religion string) string {
		return event("member.brought_forward", "member/"+id, "2020-01-01", `{"person":{"full_name":"`+name+`","birth_year":1980,"gender":"female","ethnicity":"`+
			ethnicity+`","religion":"`+religion+`"},"organisation":"b","status":"official","admitted_on":"2010-05-19"}`)
	}
	return append(opening(),
		member("m2", "Lò Thị Hoa", "03", "00"), member("m3", "Trần Thị Lan", "01", "02"),
		strings.Replace(event("member.rated", "member/m2", "2021-12-20", `{"year":2021,"grade":"good"}`), "{", `{"id":"given-1","reason":"họp chi bộ",`, 1),
		strings.Replace(event("organisation.commended", "organisation/a", "2022-01-01", `{"year":2021,"title":"Tiên tiến"}`), "{", `{"reason":"ông Sùng đề nghị",`, 1),
	)
}

// answers are what a ledger says of the hill, in one text.
func answers(t *testing.T, l *ledger.Ledger) (text string, standing projections.Standing) {
	t.Helper()
	figures, err := l.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	q := projections.Question{AsOf: day(t, "2022-12-31")}
	for _, d := range projections.Dimensions() {
		h, err := figures.Headcount(t.Context(), q, []projections.Dimension{d})
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(string(d) + ":")
		for _, r := range h.Rows {
			n, _ := json.Marshal(r)
			b.Write(n)
		}
		b.WriteString("\n")
		standing = h.Standing
	}
	m, err := figures.Movements(t.Context(), q, day(t, "2019-12-31"))
	if err != nil {
		t.Fatal(err)
	}
	i, err := figures.Indicators(t.Context(), q, 2022, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{m.BroughtForward, m.Closing} {
		n, _ := json.Marshal(v)
		b.Write(append(n, ' '))
	}
	for _, code := range []string{"members", "women_share", "ethnic_minority_share", "religious_share"} {
		n, _ := json.Marshal(i.Rows[0].Indicators[code])
		b.WriteString(code + string(n))
	}
	return b.String(), standing
}

// closing opens a ledger in a directory, uses it and closes it.
func closing(t *testing.T, dir string, o ledger.Options, use func(l *ledger.Ledger)) {
	t.Helper()
	l, err := ledger.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	use(l)
	if err := l.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func TestWithoutItsKeysTheLogIsReadAsFarAsItCan(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	var whole string
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
		mustAccept(t, l, hill()...)
		var standing projections.Standing
		if whole, standing = answers(t, l); standing.MissingKeys != 0 || !standing.Complete {
			t.Fatalf("with all keys: %+v", standing)
		}
	})
	for _, gone := range []string{"master.key", "keys.db"} {
		t.Run(gone, func(t *testing.T) {
			if err := os.Rename(filepath.Join(dir, gone), filepath.Join(kept, gone)); err != nil {
				t.Fatal(err)
			}
			forget := func() {
				for _, name := range []string{"models.db", "models.db-wal", "models.db-shm"} {
					_ = os.Remove(filepath.Join(dir, name))
				}
			}
			forget()
			closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) {
				if _, err := os.Stat(filepath.Join(dir, gone)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s was made anew beside a log that needs the one that is gone", gone)
				}
				got, standing := answers(t, l)
				want := `ethnicity:{"ethnicity":"unknown","members":3}` + "\n" +
					`status:{"status":"official","members":3}` + "\n" +
					`gender:{"gender":"female","members":2}{"gender":"male","members":1}` + "\n" +
					`religion:{"religion":"unknown","members":3}` + "\n" +
					`organisation:{"organisation":"a","members":1}{"organisation":"b","members":2}` + "\n" +
					`3 3 members{"value":3}women_share{"numerator":2,"denominator":3,"value":0.666667}` +
					`ethnic_minority_share{"numerator":0,"denominator":0,"value":null}religious_share{"numerator":0,"denominator":0,"value":null}`
				if got != want {
					t.Errorf("figures:\n%s\nwant:\n%s", got, want)
				}
				if standing.MissingKeys != 4 || standing.Complete || standing.Parked != 0 {
					t.Errorf("standing = %+v, want 4 missing keys and nothing parked", standing)
				}
				line := event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`)
				if _, err := l.Record(t.Context(), []byte(line)); !errors.Is(err, ledger.ErrNoKeys) || !strings.Contains(err.Error(), gone) {
					t.Errorf("Record = %v, want %v, naming %s", err, ledger.ErrNoKeys, gone)
				}
				file := func() []ledger.File { return []ledger.File{{Name: "f", Reader: strings.NewReader(line)}} }
				if r, err := l.Import(t.Context(), file(), ledger.ImportOptions{}); !errors.Is(err, ledger.ErrNoKeys) || r.Accepted > 0 {
					t.Errorf("Import = %+v, %v, want %v", r, err, ledger.ErrNoKeys)
				}
				if r, err := l.Import(t.Context(), file(), ledger.ImportOptions{DryRun: true}); err != nil || r.Accepted != 1 {
					t.Errorf("a dry run = %+v, %v", r, err)
				}
				h, err := l.History(t.Context(), "member/m2", 0, day(t, "2026-01-01"), 0)
				if err != nil || len(h.Entries) != 2 || h.State.Status != domain.Official {
					t.Fatalf("History = %+v, %v", h, err)
				}
				closed := []ledger.Closed{{Subject: "member/m2", Class: "identity", Code: "KEYRING_MISSING"}, {Subject: "member/m2", Class: "sensitive", Code: "KEYRING_MISSING"}}
				if !slices.Equal(h.Entries[0].Closed, closed) || !slices.Equal(h.Entries[1].Closed, closed[:1]) || h.Entries[1].Reason != "" {
					t.Errorf("History says of what is closed: %v, %v", h.Entries[0].Closed, h.Entries[1].Closed)
				}
				said := 0
				for e, err := range l.Events(t.Context(), ledger.EventFilter{}) {
					if err != nil {
						t.Fatal(err)
					}
					if strings.Contains(string(domain.AppendJSON(nil, e, "x")), `"sealed":"identity`) {
						said++
					}
				}
				if said != 6 {
					t.Errorf("%d exported events say that something is sealed, want 6", said)
				}
			})
			// When it is there again, nothing has to be done.
			if err := os.Rename(filepath.Join(kept, gone), filepath.Join(dir, gone)); err != nil {
				t.Fatal(err)
			}
			closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
				if got, standing := answers(t, l); got != whole || !standing.Complete {
					t.Errorf("with the keys again:\n%s\nwant\n%s\n%+v", got, whole, standing)
				}
			})
		})
	}
}

func TestSomebodyErasedIsCountedAndNothingMore(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, hill()...)
	if _, err := l.Vault().Destroy(t.Context(), "member/m2"); err != nil {
		t.Fatal(err)
	}
	if err := l.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, standing := answers(t, l)
	for _, want := range []string{
		`{"ethnicity":"01","members":1}{"ethnicity":"08","members":1}{"ethnicity":"unknown","members":1}`,
		`{"organisation":"b","members":2}`, `ethnic_minority_share{"numerator":1,"denominator":2,`, `women_share{"numerator":2,"denominator":3,`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("figures:\n%s\nwant in it: %s", got, want)
		}
	}
	if standing.MissingKeys != 1 || standing.Complete || standing.Parked != 0 {
		t.Errorf("standing = %+v, want one missing key", standing)
	}
	h, err := l.History(t.Context(), "member/m2", 0, day(t, "2026-01-01"), 0)
	if err != nil || h.Entries[0].Closed[0].Code != "KEY_DESTROYED" || strings.Contains(string(h.Entries[0].Data), "Lò Thị Hoa") {
		t.Errorf("History = %+v, %v", h, err)
	}
	// Nothing new is recorded, and no new key is made. What is there already is
	// known by its id, though its content is gone.
	_, err = l.Record(t.Context(), []byte(event("member.card_issued", "member/m2", "2021-03-01", `{"card":"01234567"}`)))
	if r, ok := errors.AsType[*domain.Rejection](err); !ok || r.Code != domain.Forbidden {
		t.Errorf("Record of somebody erased = %v, want %s", err, domain.Forbidden)
	}
	r := importLines(t, l, append(hill(), event("member.died", "member/m2", "2022-03-01", `{}`))...)
	if r.Accepted != 0 || r.Unchanged != 8 || r.Rejected != 2 || r.Rejections[0].Code != domain.Forbidden || r.Rejections[0].ID != "given-1" {
		t.Errorf("Import again = %+v, want 8 unchanged, and the given id and the new fact refused", r)
	}
	if err := l.Vault().Ensure(t.Context(), []vault.Owner{{Subject: "member/m2", Class: "identity"}}, func(vault.Owner) bool { return true }); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("Ensure = %v, want %v", err, vault.ErrDestroyed)
	}
}

// A keyring that was restored from too old a copy gives nobody a second key.
func TestAKeyringOlderThanTheLogIsNoticed(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(t.TempDir(), "keys.db")
	path := filepath.Join(dir, "keys.db")
	closing(t, dir, ledger.Options{Create: true}, func(l *ledger.Ledger) { mustAccept(t, l, opening()...) })
	copyFile(t, path, old)
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) { mustAccept(t, l, hill()...) })
	copyFile(t, old, path)
	closing(t, dir, ledger.Options{}, func(l *ledger.Ledger) {
		_, err := l.Record(t.Context(), []byte(event("member.card_issued", "member/m2", "2021-03-01", `{"card":"01234567"}`)))
		if !errors.Is(err, ledger.ErrNoKeys) || !strings.Contains(err.Error(), "older than the log") {
			t.Errorf("Record = %v, want %v", err, ledger.ErrNoKeys)
		}
		if out, err := l.Record(t.Context(), []byte(event("member.card_issued", "member/m1", "2021-03-01", `{"card":"01234567"}`))); err != nil || out.Status != "accepted" {
			t.Errorf("Record of somebody whose key is there = %+v, %v", out, err)
		}
		h, err := l.History(t.Context(), "member/m2", 0, day(t, "2026-01-01"), 0)
		if err != nil || h.Entries[0].Closed[0].Code != "KEY_MISSING" {
			t.Errorf("History = %+v, %v", h, err)
		}
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheMasterKeyIsWhereItIsSaidToBe(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "rollbook.key")
	o := ledger.Options{Create: true, MasterKey: outside}
	closing(t, dir, o, func(l *ledger.Ledger) { mustAccept(t, l, hill()...) })
	if _, err := os.Stat(filepath.Join(dir, "master.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a master key in the data directory too")
	}
	if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v, want mode 600", info, err)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if _, err := vault.CreateMaster(other); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(t.Context(), dir, ledger.Options{MasterKey: other}); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("Open with another master key = %v, want %v", err, vault.ErrMasterKey)
	}
	if err := os.Chmod(outside, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(t.Context(), dir, o); !errors.Is(err, vault.ErrMasterFile) {
		t.Errorf("Open with a master key that others can read = %v, want %v", err, vault.ErrMasterFile)
	}
	// One that was put there beforehand is used, also in the data directory.
	ready := t.TempDir()
	made, err := vault.CreateMaster(filepath.Join(ready, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, ready, ledger.Options{Create: true}, func(l *ledger.Ledger) { mustAccept(t, l, hill()...) })
	if read, err := vault.ReadMaster(filepath.Join(ready, "master.key")); err != nil || read.ID() != made.ID() {
		t.Errorf("the master key that was there was not used: %v", err)
	}
	// A keyring says that there was a ledger.
	if err := os.Remove(filepath.Join(ready, "ledger.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(ready, "log")); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Open(t.Context(), ready, ledger.Options{Create: true}); !errors.Is(err, ledger.ErrIdentity) {
		t.Errorf("Open of a keyring without its ledger = %v, want %v", err, ledger.ErrIdentity)
	}
	// Where it cannot be made, no ledger is begun.
	if _, err := ledger.Open(t.Context(), t.TempDir(), ledger.Options{Create: true, MasterKey: filepath.Join(t.TempDir(), "no", "such", "key")}); err == nil {
		t.Errorf("a ledger was made without a master key")
	}
}

// The key of an event is on disk before the event is.
func TestAnEventWhoseKeyCannotBeKeptIsNotStored(t *testing.T) {
	dir := t.TempDir()
	l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	mustAccept(t, l, opening()...)
	if err := l.CloseKeyring(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Record(t.Context(), []byte(hill()[5])); err == nil {
		t.Errorf("Record without a keyring succeeded")
	}
	r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: strings.NewReader(strings.Join(hill(), "\n"))}}, ledger.ImportOptions{})
	if err == nil || r.Accepted != 0 {
		t.Errorf("Import without a keyring = %+v, %v", r, err)
	}
	if last, err := l.Last(t.Context()); last != 5 || err != nil {
		t.Errorf("the log ends at %d, %v, want 5", last, err)
	}
	_ = l.Close() // the keyring is closed already
}

// A sealed part that was moved to another event is not understood there.
func TestAPartThatWasMovedIsParked(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, hill()...)
	var m2, m3 eventstore.Record
	for rec, err := range l.Records().Replay(t.Context(), 0, 9) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(rec.Data, []byte("Lò Thị Hoa")) {
			t.Fatalf("the log holds a name: %s", rec.Data)
		}
		switch rec.Position {
		case 6:
			m2 = rec
		case 7:
			m3 = rec
		}
	}
	_, parts, _ := bytes.Cut(m2.Data, []byte(`"sealed":`))
	data, _, _ := bytes.Cut(m3.Data, []byte(`"sealed":`))
	forged := eventstore.Record{ID: "forged-1", Type: m2.Type, Schema: m2.Schema, Data: append(append(bytes.Clone(data), `"sealed":`...), parts...)}
	if _, err := l.Records().Append(t.Context(), eventstore.Write{Stream: "member/m4", Records: []eventstore.Record{forged}}); err != nil {
		t.Fatal(err)
	}
	_, standing := answers(t, l)
	if standing.Parked != 1 || standing.Complete {
		t.Errorf("standing = %+v, want the forged event parked", standing)
	}
	_, parked, err := l.Models(t.Context())
	if err != nil || len(parked) != 1 || parked[0].Subject != "member/m4" || !strings.Contains(parked[0].Reason, "SEAL_INVALID") {
		t.Errorf("parked: %+v, %v", parked, err)
	}
}

// An id that was derived needs no place among those that were given, also when
// the content that it comes from cannot be read any more.
func TestGivenIDsAreFoundAlsoWithoutTheKeys(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, hill()...)
	for _, subject := range []string{"member/m1", "member/m2", "member/m3"} {
		if _, err := l.Vault().Destroy(t.Context(), subject); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(event("member.rated", "member/c1", "2021-12-20", `{"year":2021,"grade":"good"}`), "{", `{"id":"given-1",`, 1)
	if r := importLines(t, l, other); r.Rejected != 1 || r.Rejections[0].Code != domain.DuplicateID {
		t.Errorf("a given id, used again: %+v, want %s", r, domain.DuplicateID)
	}
}
