package access

import (
	"sync"
	"time"
)

// How many tries to sign in there may be within a while: for one login, and from
// one address, behind which a whole office may sit.
const (
	triesWithin  = 15 * time.Minute
	loginTries   = 10
	addressTries = 50
	mostTried    = 100_000 // logins and addresses that are remembered
)

// tries counts tries to sign in. The zero value is ready.
type tries struct {
	mu    sync.Mutex
	since map[string]*count
}

type count struct {
	from time.Time
	n    int
}

// begin counts a try, or refuses it. One that is refused does not count, so that
// waiting helps.
func (t *tries) begin(now time.Time, login, address string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since == nil {
		t.since = map[string]*count{}
	}
	if len(t.since) > mostTried {
		for key, c := range t.since {
			if now.Sub(c.from) > triesWithin {
				delete(t.since, key)
			}
		}
		if len(t.since) > mostTried {
			return &TooManyError{triesWithin}
		}
	}
	keys := map[string]int{"login " + login: loginTries, "address " + address: addressTries}
	for key, most := range keys {
		c := t.since[key]
		if c == nil || now.Sub(c.from) > triesWithin {
			t.since[key] = &count{from: now}
			continue
		}
		if c.n >= most {
			return &TooManyError{c.from.Add(triesWithin).Sub(now)}
		}
	}
	for key := range keys {
		t.since[key].n++
	}
	return nil
}

// forget forgets the tries of who has signed in.
func (t *tries) forget(login, address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.since, "login "+login)
	if c := t.since["address "+address]; c != nil && c.n > 0 {
		c.n--
	}
}
