package ledger_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/internal/naive"
	"rollbook/ledger"
)

// message is a message of the feed, as somebody outside reads it.
type message struct {
	Specversion, ID, Source, Type, Subject, Sequence, Time, Effectiveon string
	Organisation, Fromorganisation                                      string
	Data                                                                json.RawMessage
}

// onServer opens a ledger whose log and feed are on a server of their own.
func onServer(t testing.TB) (ledger.Options, *jetstream.Feed) {
	t.Helper()
	server, err := jetstream.Serve(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	o := ledger.Options{Create: true, Servers: ledger.Servers{URL: server.URL()}}
	if _, err := ledger.CreateLog(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := ledger.CreateFeed(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	feed, err := jetstream.OpenFeed(t.Context(), jetstream.Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = feed.Close() })
	return o, feed
}

func openWith(t testing.TB, dir string, o ledger.Options) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func publish(t testing.TB, l *ledger.Ledger) eventstore.Position {
	t.Helper()
	at, err := l.Publish(t.Context(), false, nil)
	if err != nil {
		t.Fatalf("Publish: %v", err)
	}
	return at
}

// read returns the subjects and messages of a feed.
func read(t testing.TB, feed *jetstream.Feed) (subjects []string, bodies [][]byte) {
	t.Helper()
	last, err := feed.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for at := eventstore.Position(1); at <= last; at++ {
		subject, body, err := feed.Get(t.Context(), at)
		if err != nil {
			t.Fatalf("message %d: %v", at, err)
		}
		subjects, bodies = append(subjects, subject), append(bodies, body)
	}
	return subjects, bodies
}

func TestFeedCarriesEveryRecord(t *testing.T) {
	dir := t.TempDir()
	l := openWith(t, dir, ledger.Options{Create: true, Name: "test"})
	mustAccept(t, l,
		`{"type":"organisation.established","subject":"organisation/o1","effectiveon":"2000-01-01","data":{"name":"Một","kind":"grassroots_committee","parent":null}}`,
		`{"type":"organisation.established","subject":"organisation/o2","effectiveon":"2000-01-01","data":{"name":"Hai","kind":"cell","parent":"o1"}}`,
		`{"type":"village.registered","subject":"village/v1","effectiveon":"2001-01-01","data":{"name":"Bản","commune":"o1"}}`,
		`{"type":"member.brought_forward","subject":"member/m1","effectiveon":"2020-01-01","actor":"thu","reason":"sổ cũ","data":{"person":{"full_name":"Vàng Thị Bí Mật","birth_year":1960,"gender":"female","ethnicity":"08","religion":"00"},"organisation":"o2","status":"official","admitted_on":"1994-05-19"}}`,
		`{"type":"member.transferred","subject":"member/m1","effectiveon":"2021-01-01","data":{"organisation":"o1","temporary":false}}`,
		`{"type":"member.died","subject":"member/m1","effectiveon":"2022-01-01","data":{},"exception":{"rule":"r1","reason":"vì","authority":"Huyện uỷ"}}`)
	if at := publish(t, l); at != 6 {
		t.Fatalf("Publish ended at %d; want 6", at)
	}
	if at := publish(t, l); at != 6 {
		t.Fatalf("Publish again ended at %d", at)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir + "/log"})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	feed, err := log.Feed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	subjects, bodies := read(t, feed)
	want := []string{
		"ledger-feed.organisation.established.o1", "ledger-feed.organisation.established.o2", "ledger-feed.village.registered.o1",
		"ledger-feed.member.brought_forward.o2", "ledger-feed.member.transferred.o1", "ledger-feed.member.died.o1",
	}
	if strings.Join(subjects, " ") != strings.Join(want, " ") {
		t.Errorf("subjects\n got %v\nwant %v", subjects, want)
	}
	for i, body := range bodies {
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatalf("message %d is not JSON: %v\n%s", i+1, err, body)
		}
		if m.Specversion != "1.0" || m.ID == "" || m.Source != "/rollbook/test" || m.Sequence != fmt.Sprint(i+1) || m.Time == "" || m.Effectiveon == "" {
			t.Errorf("message %d: %s", i+1, body)
		}
		for _, secret := range []string{"Vàng", "Bí Mật", "1960", "sổ cũ", "vì", `"08"`, "Huyện"} {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("message %d shows %q: %s", i+1, secret, body)
			}
		}
	}
	for i, part := range map[int]string{
		3: `"data":{"person":{"gender":"female"},"organisation":"o2","status":"official","admitted_on":"1994-05-19","sealed":[{"s":"member/m1","cl":"identity","kid":"`,
		4: `"organisation":"o1","fromorganisation":"o2","dataschema":"urn:rollbook:member.transferred:1","data":{"organisation":"o1","temporary":false}}`,
		5: `"data":{"exception":{"rule":"r1"},"sealed":[`,
	} {
		if !bytes.Contains(bodies[i], []byte(part)) {
			t.Errorf("message %d lacks %s\n%s", i+1, part, bodies[i])
		}
	}
}

// A feed that was published bit by bit, with restarts between, is the same byte
// for byte as one that is made anew from the whole log.
func TestFeedIsAFunctionOfTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		history := naive.History(rt, rapid.IntRange(10, 150).Draw(rt, "size"))
		dir := t.TempDir()
		session := func(f func(*ledger.Ledger)) {
			l, err := ledger.Open(t.Context(), dir, ledger.Options{Create: true})
			if err != nil {
				rt.Fatal(err)
			}
			f(l)
			if err := l.Close(); err != nil {
				rt.Fatal(err)
			}
		}
		for len(history) > 0 {
			n := rapid.IntRange(max(1, len(history)/3), len(history)).Draw(rt, "part")
			session(func(l *ledger.Ledger) {
				if _, err := l.Import(t.Context(), []ledger.File{{Name: "h", Reader: bytes.NewReader(bytes.Join(history[:n], []byte("\n")))}}, ledger.ImportOptions{}); err != nil {
					rt.Fatal(err)
				}
				if rapid.Bool().Draw(rt, "publish") {
					if _, err := l.Publish(t.Context(), false, nil); err != nil {
						rt.Fatal(err)
					}
				}
			})
			history = history[n:]
		}
		var subjects [2][]string
		var bodies [2][][]byte
		for i := range 2 {
			session(func(l *ledger.Ledger) {
				if _, err := l.Publish(t.Context(), false, nil); err != nil {
					rt.Fatal(err)
				}
			})
			log, err := jetstream.Open(t.Context(), jetstream.Config{Dir: dir + "/log"})
			if err != nil {
				rt.Fatal(err)
			}
			feed, err := log.Feed(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			subjects[i], bodies[i] = read(t, feed)
			last, err := log.Last(t.Context())
			if err != nil || int(last) != len(subjects[i]) {
				rt.Fatalf("the feed has %d messages, the log %d records, %v", len(subjects[i]), last, err)
			}
			if err := feed.Delete(t.Context()); err != nil {
				rt.Fatal(err)
			}
			_, _ = feed.Close(), log.Close()
		}
		for i := range bodies[0] {
			if subjects[0][i] != subjects[1][i] || !bytes.Equal(bodies[0][i], bodies[1][i]) {
				rt.Fatalf("message %d:\n bit by bit %s %s\nat once     %s %s", i+1, subjects[0][i], bodies[0][i], subjects[1][i], bodies[1][i])
			}
		}
	})
}

// Two publishers at once, and one that comes back, publish each message once.
func TestFeedPublishersDoNotDouble(t *testing.T) {
	o, feed := onServer(t)
	dir := t.TempDir()
	l := openWith(t, dir, o)
	mustAccept(t, l, `{"type":"organisation.established","subject":"organisation/o1","effectiveon":"2000-01-01","data":{"name":"Một","kind":"grassroots_cell","parent":null}}`)
	var lines []string
	for i := range 3000 {
		lines = append(lines, fmt.Sprintf(`{"type":"member.identified","subject":"member/m%d","effectiveon":"2001-01-01","data":{"person":{"full_name":"A","birth_year":1980,"gender":"male","ethnicity":"03","religion":"00"},"organisation":"o1","source":"other"}}`, i))
	}
	mustAccept(t, l, lines...)
	done := make(chan error, 4)
	for range cap(done) {
		go func() {
			_, err := l.Publish(t.Context(), false, nil)
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Errorf("Publish: %v", err)
		}
	}
	subjects, bodies := read(t, feed)
	if len(subjects) != 3001 {
		t.Fatalf("%d messages", len(subjects))
	}
	for i, body := range bodies {
		if !bytes.Contains(body, fmt.Appendf(nil, `"sequence":"%d"`, i+1)) {
			t.Fatalf("message %d is %s", i+1, body)
		}
	}
}

// A feed that is not the log's is never gone on with.
func TestFeedOfAnotherLogIsRefused(t *testing.T) {
	o, feed := onServer(t)
	one := `{"type":"organisation.established","subject":"organisation/o1","effectiveon":"2000-01-01","data":{"name":"Một","kind":"grassroots_cell","parent":null}}`
	l := openWith(t, t.TempDir(), o)
	mustAccept(t, l, one)
	if err := feed.Publish(t.Context(), 0, []jetstream.FeedMessage{{Type: "organisation.established", Place: "o1", Data: []byte(`{}`)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), false, nil); err == nil || !strings.Contains(err.Error(), jetstream.ErrFeed.Error()) {
		t.Errorf("Publish over another message = %v", err)
	}
	if err := feed.Publish(t.Context(), 1, []jetstream.FeedMessage{{Type: "a.b", Place: "c", Data: []byte(`{}`)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context(), false, nil); err == nil || !strings.Contains(err.Error(), ledger.ErrFeedAhead.Error()) {
		t.Errorf("Publish behind a longer feed = %v", err)
	}
}

func BenchmarkPublish(b *testing.B) {
	dir := b.TempDir()
	l, err := ledger.Open(b.Context(), dir, ledger.Options{Create: true, Name: "test"})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	const n = 50_000
	var file bytes.Buffer
	if err := naive.Bulk(&file, n/10, 10, 1); err != nil {
		b.Fatal(err)
	}
	importBytes(b, l, file.Bytes())
	if err := l.CatchUp(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	published := 0
	for b.Loop() {
		at, err := l.Publish(b.Context(), false, nil)
		if err != nil {
			b.Fatal(err)
		}
		published += int(at)
		b.StopTimer()
		if err := l.DeleteFeed(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(published)/b.Elapsed().Seconds(), "messages/s")
}
