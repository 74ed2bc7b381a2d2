package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"rollbook/eventstore/jetstream"
	"rollbook/ledger"
)

// lines stops a subscriber after so many lines.
type lines struct {
	strings.Builder
	left int
	stop context.CancelFunc
}

func (l *lines) Write(b []byte) (int, error) {
	if l.left--; l.left == 0 {
		l.stop()
	}
	return l.Builder.Write(b)
}

// The example reads what a ledger publishes, by type and by organisation, and
// goes on where it left off.
func TestTheExampleFollowsALedger(t *testing.T) {
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
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "data"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var file strings.Builder
	for _, o := range []string{"o1", "o2"} {
		fmt.Fprintf(&file, `{"type":"organisation.established","subject":"organisation/%s","effectiveon":"2000-01-01","data":{"name":"O","kind":"grassroots_cell","parent":null}}`+"\n", o)
	}
	for i := range 10 {
		fmt.Fprintf(&file, `{"type":"member.identified","subject":"member/m%d","effectiveon":"2001-01-01","data":{"person":{"full_name":"Lò Văn Ẩn","birth_year":1980,"gender":"male","ethnicity":"03","religion":"00"},"organisation":"o%d","source":"other"}}`+"\n", i, i%2+1)
	}
	if r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: strings.NewReader(file.String())}}, ledger.ImportOptions{}); err != nil || r.Accepted != 12 {
		t.Fatalf("Import: %+v, %v", r, err)
	}
	if _, err := l.Publish(t.Context(), false, nil); err != nil {
		t.Fatal(err)
	}
	follow := func(name, filter string, n int) string {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		out := &lines{left: n, stop: stop}
		if err := run(ctx, server.URL(), "", "", name, strings.Split(filter, ","), out); err != nil {
			t.Fatalf("run: %v", err)
		}
		return out.String()
	}
	if got := follow("one", "ledger-feed.member.identified.o2", 3); got != "4 2001-01-01 member.identified member/m1 o2\n6 2001-01-01 member.identified member/m3 o2\n8 2001-01-01 member.identified member/m5 o2\n" {
		t.Errorf("the first three are\n%s", got)
	}
	if got := follow("one", "ledger-feed.member.identified.o2", 2); got != "10 2001-01-01 member.identified member/m7 o2\n12 2001-01-01 member.identified member/m9 o2\n" {
		t.Errorf("it goes on with\n%s", got)
	}
	if got := follow("two", "ledger-feed.organisation.established.*,ledger-feed.village.>", 2); got != "1 2000-01-01 organisation.established organisation/o1 o1\n2 2000-01-01 organisation.established organisation/o2 o2\n" {
		t.Errorf("organisations are\n%s", got)
	}
}
