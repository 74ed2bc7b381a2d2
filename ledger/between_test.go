package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"rollbook/ledger"
)

// pausing is a reader that goes on only when it is told to.
type pausing struct {
	io.Reader
	paused chan struct{} // closed when it waits
	resume chan struct{}
	end    io.Reader
	once   sync.Once
}

func (p *pausing) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if errors.Is(err, io.EOF) {
		p.once.Do(func() {
			close(p.paused)
			<-p.resume
			p.Reader = p.end
		})
		if n == 0 {
			return p.Reader.Read(b)
		}
		return n, nil
	}
	return n, err
}

// An import that waits for the rest of its file keeps nobody waiting, and both
// see what the other has stored.
func TestRecordGetsInBetween(t *testing.T) {
	l, _ := open(t)
	mustAccept(t, l, opening()...)
	var first, rest bytes.Buffer
	for i := range 600 {
		fmt.Fprintln(&first, newcomer(fmt.Sprint("p", i), "2020-01-01"))
		fmt.Fprintln(&rest, event("member.died", fmt.Sprint("member/p", i), "2022-01-01", `{}`))
	}
	file := &pausing{Reader: &first, paused: make(chan struct{}), resume: make(chan struct{}), end: &rest}
	done, decided := make(chan ledger.ImportResult), make(chan struct{})
	go func() {
		defer close(done)
		r, err := l.Import(t.Context(), []ledger.File{{Name: "f", Reader: file}}, ledger.ImportOptions{
			Language: "en",
			Progress: func(lines, _ int64) {
				if lines == 512 { // two blocks; the rest of the third is to come
					close(decided)
				}
			},
		})
		if err != nil {
			t.Errorf("Import: %v", err)
		}
		done <- r
	}()
	<-file.paused
	<-decided
	for _, line := range []string{
		event("member.died", "member/m1", "2021-03-01", `{}`),
		event("member.rated", "member/p7", "2021-12-20", `{"year":2021,"grade":"good"}`), // whom the import has brought
		event("member.died", "member/p8", "2021-06-01", `{}`),                            // so the import cannot
	} {
		if out, err := l.Record(t.Context(), []byte(line)); err != nil || out.Status != "accepted" {
			t.Errorf("Record(%s) = %+v, %v", line, out, err)
		}
	}
	close(file.resume)
	if r := <-done; r.Accepted != 1199 || r.Rejected != 1 || r.Rejections[0].Subject != "member/p8" {
		t.Errorf("Import = %d accepted, %d rejected %+v; want 1199, and p8 rejected", r.Accepted, r.Rejected, r.Rejections)
	}
}

// What is remembered for decisions is bounded, and forgetting changes nothing.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	defer ledger.SetRoom(64 << 10)()
	l, _ := open(t)
	mustAccept(t, l, opening()[:3]...)
	var wg sync.WaitGroup
	most := 0
	var mu sync.Mutex
	for c := range 8 {
		wg.Go(func() {
			for n := range 60 {
				id := fmt.Sprintf("k%d-%d", c, n)
				for _, line := range []string{
					newcomer(id, "2020-01-01"),
					event("member.rated", "member/"+id, "2021-12-20", `{"year":2021,"grade":"good"}`),
				} {
					if out, err := l.Record(t.Context(), []byte(line)); err != nil || out.Status != "accepted" {
						t.Errorf("Record(%s) = %+v, %v", line, out, err)
					}
				}
				bytes, _ := l.Remembered()
				mu.Lock()
				most = max(most, bytes)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	_, reads := l.Remembered()
	t.Logf("at most %d bytes, read %d times", most, reads)
	if reads < 3 {
		t.Errorf("the world was read %d times; want it to begin anew", reads)
	}
	if r, err := l.Rebuild(t.Context(), ledger.Rebuilding{}, nil); err != nil || r.Position != 3+8*60*2 || !r.Models[0].Same {
		t.Errorf("Rebuild = %+v, %v", r, err)
	}
}
